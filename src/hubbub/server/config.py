"""Settings: what there is to set, with the defaults, and what each must be. Read once (see `sources`), validated, frozen."""

import ipaddress
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from hubbub.domain.files import FileLimits
from hubbub.server.addresses import BadAddress, check, several
from hubbub.server.http.origins import canonical
from hubbub.server.people.outside.reachable import Reachable
from hubbub.server.stores import registry
from hubbub.server.stores.base import Durability
from hubbub.server.stores.registry import DEFAULT, kind_of

DEFAULT_BYTE_RATE = 1_048_576
FORMATS = ("text", "json")
HTTP = ("http", "https")
NATS = ("nats", "tls")
LEVELS = ("debug", "info", "warning", "error")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


class BadSettings(Exception):
    """Invalid settings. The message says which, where they come from, and what is valid."""


def default_data_directory() -> Path:
    """Return the default data directory (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "hubbub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings. Sizes are in bytes. `message_rate` is per person and second; 0 means no limit."""

    host: str = "localhost"  # the loopback addresses of IPv4 and IPv6
    port: int = 8181
    data: Path = field(default_factory=default_data_directory)
    store: str = DEFAULT  # sqlite (in the data directory) or postgres://…
    broker: str = ""  # nats://…, for nodes that share a store
    workers: int = 1  # processes on this machine that share the port
    worker_port: int = 0  # first of the workers' own ports on loopback, one each; 0: none
    drain_seconds: float = 0.0  # seconds between a signal to stop and closing connections
    durability: Durability = "full"
    message_rate: float = 1000.0
    byte_rate: int = 0  # per person and second; 0: 1 MiB, or no limit if `message_rate` is 0
    max_message_bytes: int = 65_536
    echo: bool = False  # whether /echo also answers other machines
    echo_max_bytes: int = 65_536
    compress: bool = False  # permessage-deflate, for clients that offer it
    max_connections: int = 0  # 0: from the limit on open files
    max_anonymous: int = 0  # connections without a token; 0: three quarters, or all if `is_local`
    max_per_address: int = 0  # of these, from one address; 0: 256, or no limit if `is_local`
    max_per_principal: int = 0  # of one token or user; 0: half, or all if `is_local`
    request_timeout: float = 10.0  # seconds for a request's head to arrive, and again for its body
    allow_origin: tuple[str, ...] = ()
    public_url: str = ""  # URL at which clients reach the server, if not by host and port
    trusted_proxy: tuple[str, ...] = ()  # networks of proxies whose X-Forwarded-For is trusted
    tls_cert: Path | None = None  # PEM, with the chain; SIGHUP reloads it
    tls_key: Path | None = None
    insecure_http: bool = False  # whether other machines may connect without TLS
    metrics: str = "loopback"  # who may read /metrics: loopback, on (everyone) or off
    log_format: str = "text"  # text or json
    log_level: str = "info"  # debug, info, warning or error
    guests: str = "auto"  # people without a token: on, off, or auto (only if `is_local`)
    invites: str = "admins"  # who may make invites: admins, or members as well
    emoji: str = "admins"  # likewise, who may add emoji
    edits: str = "all"  # which texts of an edited message are kept: all, or the last
    search: str = "made"  # whose messages can be searched: of rooms that people made, all, or none
    link_previews: str = "none"  # where links are previewed: as `search`. The server fetches them
    sign_up: str = "invited"  # who may make an account: invited, or open (anyone)
    jwt_secret_file: Path | None = None  # HS256
    jwt_public_key_file: Path | None = None  # RS256, ES256 or EdDSA
    jwt_jwks_url: str = ""  # URL of a key set (JWKS)
    jwt_issuer: str = ""  # claim `iss`; empty: any
    jwt_audience: str = ""
    jwt_accounts: bool = False  # whether whoever has a JWT acts as an account, created on first use
    oidc_issuer: str = ""  # URL of the provider that people sign in at; empty: none
    oidc_client_id: str = ""  # client ID that the provider gave this server
    oidc_client_secret_file: Path | None = None  # None: a public client
    oidc_allow: str = "invited"  # who gets an account: invited, anyone, or domains of verified mail
    oidc_link_by_mail: bool = False  # whether a verified mail address decides whose account it is
    outgoing_network: tuple[str, ...] = ()  # where others may send requests besides the internet
    outgoing_port: tuple[str, ...] = ()  # likewise, besides 80 and 443
    push_wait: float = 5.0  # seconds in which a message can be read before anyone is notified of it
    files_dir: Path | None = None  # where files are kept; None: `files` in the data directory
    files_origin: str = ""  # origin from which browsers show files; empty: the page's
    max_file_size: int = 104_857_600
    files_per_person: int = 10_737_418_240  # bytes of the files of one account
    files_in_all: int = 0  # bytes of all files; 0: no limit but the disk's
    keep_events: int = 0  # newest events to keep in each room; 0: all
    keep_days: float = 0.0  # days to keep events; 0: forever

    def __post_init__(self) -> None:
        for name, (is_valid, wanted) in _VALID.items():
            self._require(name, is_valid(getattr(self, name)), wanted)
        self._require_addresses()
        if self.workers > 1:
            self._require_shared_store("More than one worker")
        for origin in self.allow_origin:
            if canonical(origin.rstrip("/")) is None or urlsplit(origin).path not in ("", "/"):
                raise BadSettings(
                    f"Invalid allow_origin {origin!r}: use an origin without wildcards or a path,"
                    " such as https://app.example.org"
                )
        self._require_files_origin()
        self._require_sign_in()
        has_keys = self.jwt_secret_file or self.jwt_public_key_file or self.jwt_jwks_url
        if self.jwt_accounts and not (self.jwt_issuer and has_keys):
            raise BadSettings(
                "jwt_accounts needs to know whose JWTs these are: set jwt_issuer, and one of"
                " jwt_secret_file, jwt_public_key_file and jwt_jwks_url"
            )
        if (self.tls_cert is None) != (self.tls_key is None):
            raise BadSettings("Set both tls_cert and tls_key, or neither")
        if not (is_loopback(self.host) or self.tls_cert or self.insecure_http):
            raise BadSettings(
                f"Host {self.host} without TLS would let anyone on the network read and change all traffic;"
                " set tls_cert and tls_key, or listen on 127.0.0.1 behind a proxy that terminates TLS,"
                " or accept the risk with --insecure-http"
            )

    @property
    def reach(self) -> Reachable:
        """Where requests may go that others than the settings name."""
        return Reachable.of(self.outgoing_network, map(int, self.outgoing_port))

    @property
    def files(self) -> Path:
        """The directory of the files that people upload."""
        return self.files_dir or self.data / "files"

    @property
    def file_limits(self) -> FileLimits:
        """How many bytes files may take where admins have set nothing else."""
        return FileLimits(self.max_file_size, self.files_per_person, self.files_in_all)

    @property
    def bytes_per_s(self) -> int:
        """How many bytes a person may send per second; 0 means no limit."""
        return self.byte_rate or (DEFAULT_BYTE_RATE if self.message_rate else 0)

    @property
    def has_guests(self) -> bool:
        """Whether people may connect without a token."""
        return self.guests == "on" or (self.guests == "auto" and self.is_local)

    @property
    def has_echo(self) -> bool:
        """Whether /echo, which needs no token, sends messages back."""
        return self.echo or self.is_local

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server, as far as the settings tell."""
        return is_loopback(self.host) and not (self.public_url or self.trusted_proxy)

    def _require_addresses(self) -> None:
        """Check the addresses of store, broker and keys. Errors don't show them: they may hold passwords."""
        try:
            kind_of(self.store).check(self.store)
        except BadAddress as error:
            what = f"Invalid store: use {' or '.join(kind.form for kind in registry.KINDS)}"
            raise BadSettings(f"{what}; {error}") from None
        if self.broker:
            self._require_shared_store("A broker")
        try:
            for address in several(self.broker) if self.broker else ():
                check(address, NATS, needs_host=True)
        except BadAddress as error:
            what = "Invalid broker: use nats://HOST, or several separated by commas"
            raise BadSettings(f"{what}; {error}") from None
        try:
            if self.jwt_jwks_url:
                check(self.jwt_jwks_url, HTTP, needs_host=True)
        except BadAddress as error:
            raise BadSettings(f"Invalid jwt_jwks_url: use https://HOST/PATH; {error}") from None

    def _require_files_origin(self) -> None:
        """Check the origin of files: a page of the same host would share its cookies with it, whatever the port."""
        if not self.files_origin:
            return
        parts = urlsplit(self.files_origin)
        host = parts.hostname or ""
        is_safe = parts.scheme == "https" or is_loopback(host) or host.endswith(".localhost")
        if not (is_safe and _is_url_or_empty(self.files_origin)):
            raise BadSettings(
                f"Invalid files_origin {self.files_origin!r}: use an https origin without a path,"
                " such as https://files.example.org"
            )
        if not self.public_url:
            raise BadSettings("files_origin needs public_url, the address of the page")
        pages = (self.public_url, *self.allow_origin)
        if host in {urlsplit(page.lower()).hostname for page in pages}:
            raise BadSettings(
                f"Invalid files_origin {self.files_origin!r}: use another host than those of public_url and allow_origin"
            )

    def _require_sign_in(self) -> None:
        """Check what belongs together for sign-ins at a provider."""
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            raise BadSettings("Set both oidc_issuer and oidc_client_id, or neither")
        if self.oidc_client_secret_file and not self.oidc_issuer:
            raise BadSettings("oidc_client_secret_file needs oidc_issuer and oidc_client_id")
        if not self.oidc_issuer:
            return
        parts = urlsplit(self.oidc_issuer)
        is_safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
        try:
            check(self.oidc_issuer, HTTP, needs_host=True)
        except BadAddress as error:
            raise BadSettings(f"Invalid oidc_issuer: use https://HOST/PATH; {error}") from None
        if not is_safe or parts.username or parts.query or parts.fragment:
            raise BadSettings(
                "Invalid oidc_issuer: use https://HOST/PATH, exactly as the provider calls itself"
            )

    def _require_shared_store(self, what: str) -> None:
        if not kind_of(self.store).is_shared:
            names = " or ".join(kind.name for kind in registry.shared())
            forms = " or ".join(kind.form for kind in registry.shared())
            raise BadSettings(f"{what} needs {names}: set --store {forms}")

    def _require(self, name: str, is_met: bool, what_would_do: str) -> None:
        if not is_met:
            raise BadSettings(f"Invalid {name} {getattr(self, name)!r}: use {what_would_do}")


def _are_networks(networks: Sequence[str]) -> bool:
    try:
        return all(ipaddress.ip_network(network) is not None for network in networks)
    except ValueError:
        return False


def _are_ports(ports: Sequence[str]) -> bool:
    return all(each.isascii() and each.isdigit() and 0 < int(each[:6]) < 65_536 for each in ports)


def _is_url_or_empty(url: str) -> bool:
    parts = urlsplit(url)
    is_bare = not (parts.query or parts.fragment or parts.username) and parts.path in ("", "/")
    is_web = parts.scheme in ("http", "https") and canonical(url.rstrip("/")) is not None
    return not url or (is_web and is_bare)


def is_loopback(host: str) -> bool:
    """Whether an address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _are_allowed(who: str) -> bool:
    if who in ("invited", "anyone"):
        return True
    domains = [each.strip().lower() for each in who.split(",")]
    return all(_DOMAIN.fullmatch(each) for each in domains)


def _at_least_0(value: float) -> bool:
    return value >= 0


def _between(low: float, high: float) -> Callable[[float], bool]:
    return lambda value: low <= value <= high


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value in words


# What each setting must be, and how to say so.
_VALID: dict[str, tuple[Callable[[Any], bool], str]] = {
    "port": (_between(0, 65_535), "0 to 65535"),
    "workers": (_between(1, 64), "1 to 64"),
    "worker_port": (_between(0, 65_000), "0 (none) to 65000"),
    "drain_seconds": (_between(0, 3600), "0 to 3600"),
    "durability": (_one_of(*get_args(Durability)), "full or normal"),
    "message_rate": (_at_least_0, "0 (no limit) or more"),
    "byte_rate": (_at_least_0, "0 (the default) or more"),
    "max_message_bytes": (_between(256, 2**20), "256 to 1048576"),
    "echo_max_bytes": (_between(256, 2**26), "256 to 67108864"),
    "max_connections": (_at_least_0, "0 (from the limit on open files) or more"),
    "max_anonymous": (_at_least_0, "0 (from --max-connections) or more"),
    "max_per_address": (_at_least_0, "0 (from --max-connections) or more"),
    "max_per_principal": (_at_least_0, "0 (from --max-connections) or more"),
    "request_timeout": (lambda s: 0 < s <= 3600, "more than 0 and at most 3600 seconds"),
    "metrics": (_one_of("loopback", "on", "off"), "loopback, on or off"),
    "log_format": (_one_of(*FORMATS), "text or json"),
    "log_level": (_one_of(*LEVELS), "debug, info, warning or error"),
    "guests": (_one_of("auto", "on", "off"), "auto, on or off"),
    "oidc_allow": (_are_allowed, "invited, anyone, or mail domains such as example.org"),
    "invites": (_one_of("admins", "members"), "admins or members"),
    "emoji": (_one_of("admins", "members"), "admins or members"),
    "edits": (_one_of("all", "last"), "all or last"),
    "search": (_one_of("made", "all", "none"), "made, all or none"),
    "link_previews": (_one_of("none", "made", "all"), "none, made or all"),
    "sign_up": (_one_of("invited", "open"), "invited or open"),
    "keep_events": (_at_least_0, "0 (keep all) or more"),
    "keep_days": (_between(0, 100_000), "0 (keep forever) to 100000"),
    "public_url": (_is_url_or_empty, "a URL without a path, such as https://a.example"),
    "trusted_proxy": (_are_networks, "an address or network, such as 10.0.0.0/8"),
    "outgoing_network": (_are_networks, "an address or network, such as 10.0.0.0/8"),
    "outgoing_port": (_are_ports, "ports, such as 8443"),
    "push_wait": (_between(0, 600), "0 to 600 seconds"),
    "max_file_size": (_between(0, 2**40), "0 (no files) to 1099511627776"),
    "files_per_person": (_at_least_0, "0 (no files) or more"),
    "files_in_all": (_at_least_0, "0 (no limit) or more"),
}
