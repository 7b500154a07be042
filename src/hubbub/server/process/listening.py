"""The sockets that a server listens on: on every address of its host, or on none."""

import errno
import logging
import os
import socket
from contextlib import suppress

LOOPBACK = "127.0.0.1"
BOTH = {
    "localhost": (LOOPBACK, "::1"),
    "::": ("0.0.0.0", "::"),
}  # IPv4, and IPv6 if the machine has it
NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
TRIES = 20  # for a port that is free on both

log = logging.getLogger(__name__)


class CannotListen(Exception):
    """The server can't listen. The message names the address and says why."""


def bound(host: str, port: int, *, is_shared: bool = False) -> list[socket.socket]:
    """Bind a socket on each address of a host, all on one port, or on a free one if it is 0. Raises CannotListen.

    If `is_shared`, others that share may bind the same port. On a machine without IPv6, IPv4 is enough.
    """
    addresses = _addresses(host)
    for _ in range(TRIES if port == 0 and len(addresses) > 1 else 0):
        with suppress(CannotListen):
            return _all_bound(addresses, port, is_shared=is_shared)
    return _all_bound(addresses, port, is_shared=is_shared)


def reserved(host: str, port: int) -> list[socket.socket]:
    """Bind shared sockets that nobody else has bound, not even shared. Raises CannotListen."""
    probes = bound(host, port)
    found = port_of(probes)
    close(probes)
    return bound(host, found, is_shared=True)


def port_of(sockets: list[socket.socket]) -> int:
    """Return the port of the sockets."""
    port: int = sockets[0].getsockname()[1]
    return port


def close(sockets: list[socket.socket]) -> None:
    """Close the sockets."""
    for each in sockets:
        each.close()


def _addresses(host: str) -> tuple[str, ...]:
    if host in BOTH:
        return BOTH[host]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"Can't listen on {host}: {_words(error)}") from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def _all_bound(addresses: tuple[str, ...], port: int, *, is_shared: bool) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for address in addresses:
        try:
            sockets.append(_bound(address, port, is_shared=is_shared))
        except OSError as error:
            if sockets and addresses in BOTH.values() and error.errno in NO_IPV6:
                log.info("Not listening on %s: this machine has no IPv6", address)
                continue
            close(sockets)
            raise CannotListen(
                f"Can't listen on {address} port {port} ({_words(error)})"
            ) from error
        port = port_of(sockets)
    return sockets


def _bound(address: str, port: int, *, is_shared: bool) -> socket.socket:
    is_ipv6 = ":" in address
    made = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET)
    try:
        # Allow ports that another process has just stopped using.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if is_ipv6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
    except OSError:
        made.close()
        raise
    return made


def _words(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number and number > 0 else str(error)
