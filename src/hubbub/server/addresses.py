"""Addresses of services that a server uses: parsed strictly, and shown without their secrets."""

import re
from collections.abc import Sequence

_PARTS = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<user>[^/?#@]*)@)?(?P<hosts>[^/?#@]*)"
    r"(?P<path>/[^?#@]*)?(?:\?(?P<query>[^#@]*))?"
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]\s]*)(?::([0-9]{1,5}))?")
MAX_PORT = 65_535


class BadAddress(ValueError):
    """The message says what is wrong, but never shows the address."""


def check(address: str, schemes: Sequence[str], *, needs_host: bool) -> None:
    """Raise BadAddress if it isn't `SCHEME://[USER[:PASSWORD]@]HOST[:PORT][/PATH][?QUERY]`.

    If no host is needed there may be several, as in PostgreSQL's addresses. Parsing is strict because
    part of a password that is not encoded could be taken for something else, and shown.
    """
    if address.partition("://")[0] not in schemes:
        raise BadAddress("it must begin with " + " or ".join(f"{each}://" for each in schemes))
    parts = _PARTS.fullmatch(address)
    if parts is None:
        raise BadAddress("in the user, password and path, write / ? # @ as %2F %3F %23 %40")
    hosts = parts["hosts"].split(",")
    found = [_HOST.fullmatch(host) for host in hosts]
    if any(host and int(host[2] or 0) > MAX_PORT for host in found):
        raise BadAddress(f"the port must be at most {MAX_PORT}")
    is_one = len(found) == 1 and found[0] is not None and bool(found[0][1])
    if not all(found) or (needs_host and not is_one):
        raise BadAddress("write the host and port as HOST:PORT")


def several(addresses: str) -> list[str]:
    """Split addresses at commas."""
    return re.split(r"\s*,\s*(?=[a-z]+://)", addresses.strip())


def without_secrets(addresses: str) -> str:
    """Return the addresses without users, passwords and queries."""
    return ",".join(map(_without_secrets, several(addresses)))


def _without_secrets(address: str) -> str:
    parts = _PARTS.fullmatch(address)
    if parts is None:
        return "***"
    user = "***@" if parts["user"] is not None else ""
    query = "?***" if parts["query"] is not None else ""
    return f"{parts['scheme']}://{user}{parts['hosts']}{parts['path'] or ''}{query}"
