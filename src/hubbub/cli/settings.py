"""The settings of a server as options, for the commands that run, show or check one or work on its data."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from hubbub.cli.exits import FAILED, USAGE, Run, fail
from hubbub.cli.parsing import Parser

if TYPE_CHECKING:
    from hubbub.server.config import Settings

# The fields of hubbub.server.config.Settings, which defines the defaults and checks the values.
SETTINGS = {
    "host": (
        "ADDRESS",
        "address to listen on (default: localhost, which is 127.0.0.1 and ::1); :: means all IPv4 and IPv6 addresses",
    ),
    "port": ("NUMBER", "port to listen on; 0 picks a free one (default: 8181)"),
    "data": ("DIR", "data directory (default: ~/.local/share/hubbub)"),
    "store": ("STORE", "sqlite or postgres://USER:PASSWORD@HOST/DATABASE (default: sqlite)"),
    "workers": (
        "N",
        "number of processes that share the port; more than 1 needs PostgreSQL (default: 1)",
    ),
    "worker_port": (
        "PORT",
        "first of the workers' own consecutive ports on loopback (default: none)",
    ),
    "drain_seconds": (
        "SECONDS",
        "before stopping, keep serving for this time while /readyz reports not ready (default: 0)",
    ),
    "broker": (
        "URL",
        "NATS server that carries hints between nodes that share a store: nats://HOST",
    ),
    "durability": (
        "HOW",
        "full: acknowledged messages survive a power cut; "
        "normal: faster, but a power cut may lose the last second (default: full)",
    ),
    "message_rate": (
        "N",
        "maximum messages per second from one person; 0 means no limit (default: 1000)",
    ),
    "byte_rate": (
        "N",
        "maximum bytes per second from one person (default: 1048576; no limit with --message-rate 0)",
    ),
    "max_message_bytes": ("N", "maximum size of a message (default: 65536)"),
    "echo_max_bytes": ("N", "maximum size of a message to /echo (default: 65536)"),
    "max_connections": (
        "N",
        "maximum number of connections (default: the limit on open files minus 96)",
    ),
    "max_anonymous": (
        "N",
        "maximum number of connections and sessions without a token (default: 3/4 of --max-connections; no limit if only this machine can reach the server)",
    ),
    "max_per_address": (
        "N",
        "of these, the maximum from one address or IPv6 /64, loopback excepted (default: 256; no limit if only this machine can reach the server)",
    ),
    "max_per_principal": (
        "N",
        "maximum number of connections and sessions of one token or user (default: half of --max-connections; no limit if only this machine can reach the server)",
    ),
    "request_timeout": (
        "SECONDS",
        "time for the head of a request to arrive, and again for its body (default: 10)",
    ),
    "public_url": (
        "URL",
        "URL at which clients reach the server, such as https://chat.example.org",
    ),
    "tls_cert": (
        "FILE",
        "certificate chain (PEM), for https:// and wss://; SIGHUP reloads it",
    ),
    "tls_key": ("FILE", "private key of the certificate (PEM)"),
    "metrics": ("WHO", "who may read /metrics: loopback, on (everyone) or off (default: loopback)"),
    "log_format": ("HOW", "text, or json with one object per line (default: text)"),
    "log_level": ("LEVEL", "debug, info, warning or error (default: info)"),
    "guests": (
        "WHO",
        "whether people may join without a token: on, off or auto, which means only if no other machine can reach the server (default: auto)",
    ),
    "invites": (
        "WHO",
        "who may make invites to this server: admins, or members as well (default: admins)",
    ),
    "emoji": (
        "WHO",
        "who may add emoji to this server: admins, or members as well (default: admins)",
    ),
    "edits": (
        "WHICH",
        "which texts of an edited message are kept: all, or only the last (default: all)",
    ),
    "search": (
        "ROOMS",
        "in which rooms messages can be searched: made (by people), all (free rooms as well) or none (default: made)",
    ),
    "link_previews": (
        "ROOMS",
        "rooms in which the server fetches posted links to show previews: none, made (rooms made by people) or all (free rooms as well) (default: none)",
    ),
    "sign_up": (
        "WHO",
        "who may make an account on this server: invited, which means with an invite, or open, which means anyone (default: invited)",
    ),
    "jwt_secret_file": ("FILE", "accept JWTs signed with the secret in FILE (HS256)"),
    "jwt_public_key_file": (
        "FILE",
        "accept JWTs that this public key verifies (PEM; RS256, ES256, EdDSA)",
    ),
    "jwt_jwks_url": ("URL", "accept JWTs signed with the keys published at URL (JWKS)"),
    "jwt_issuer": ("ISS", "accept only JWTs from this issuer (claim iss)"),
    "jwt_audience": ("AUD", "accept only JWTs for this audience (claim aud)"),
    "oidc_issuer": ("URL", "let people sign in with this OpenID Connect provider"),
    "oidc_client_id": ("ID", "client ID that the provider gave this server"),
    "oidc_client_secret_file": ("FILE", "secret that the provider gave this server"),
    "oidc_allow": (
        "WHO",
        "who gets an account by signing in: invited (only by an invite), anyone, or people with a verified address "
        "at one of these mail domains, separated by commas (default: invited)",
    ),
    "push_wait": (
        "SECONDS",
        "time in which a message can be read before anyone is notified of it by Web Push (default: 5)",
    ),
    "files_dir": (
        "DIR",
        "directory for files that people upload; nodes must share it (default: files in the data directory)",
    ),
    "files_origin": (
        "URL",
        "separate origin from which browsers show files, such as https://files.example.org; its host must lead to this server (default: the page's origin)",
    ),
    "max_file_size": ("BYTES", "maximum size of a file (default: 104857600, 100 MiB)"),
    "files_per_person": (
        "BYTES",
        "maximum size of all files of one account (default: 10737418240, 10 GiB)",
    ),
    "files_in_all": (
        "BYTES",
        "maximum size of all files (default: as much as the disk holds)",
    ),
    "keep_events": ("N", "keep only the newest N events of each room (default: keep all)"),
    "keep_days": ("N", "delete events after N days (default: keep all)"),
}
SWITCHES = {
    "insecure_http": "accept connections from other machines without TLS",
    "echo": "serve /echo to other machines too; it sends messages back and needs no token",
    "compress": "compress WebSocket messages if the client offers permessage-deflate",
    "jwt_accounts": "let whoever has a JWT of --jwt-issuer act as an account, which is created on first use",
    "oidc_link_by_mail": "let a verified mail address decide whose account it is, for example after a change of provider",
}
LISTS = {
    "allow_origin": (
        "ORIGIN",
        "let pages of this origin connect, such as https://example.org; can be repeated",
    ),
    "trusted_proxy": (
        "NETWORK",
        "trust X-Forwarded-For from proxies in this network, such as 127.0.0.1 or 10.0.0.0/8; can be repeated",
    ),
    "outgoing_network": (
        "NETWORK",
        "let browsers and sign-in providers name servers in this network, such as 10.0.0.0/8, and not only public ones; can be repeated",
    ),
    "outgoing_port": (
        "PORT",
        "let them name this port, and not only 80 and 443; can be repeated",
    ),
}
ALL_SETTINGS = {*SETTINGS, *SWITCHES, *LISTS}


def add_settings(parser: Parser) -> None:
    """Add an option for each setting, and one for the file with settings."""
    for name, (metavar, text) in SETTINGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, help=text)
    for name, (metavar, text) in LISTS.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, action="append", metavar=metavar, help=text)
    for name, text in SWITCHES.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", action="store_true", default=None, help=text
        )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="TOML file with settings (default: hubbub.toml, if it exists); options and HUBBUB_* variables override it",
    )


def add_data(parser: Parser) -> None:
    """Add the options that say which data a command for operators works on."""
    parser.add_argument("--data", metavar="DIR", help="data directory, as for `hubbub serve`")
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="TOML file with settings, as for `hubbub serve`"
    )


def reading_settings(run: Run) -> Run:
    """Wrap a command that reads settings: invalid settings count as invalid usage."""

    def command(chosen: argparse.Namespace) -> int:
        from hubbub.server.config import BadSettings

        try:
            return run(chosen)
        except BadSettings as error:
            return fail(USAGE, error)

    return command


def managing(run: Run) -> Run:
    """Wrap a command that works in the operator's office: what can't be done there becomes an exit code."""

    @reading_settings
    def command(chosen: argparse.Namespace) -> int:
        from hubbub.server.admin.managing import CannotManage
        from hubbub.terminal.asking import CannotAsk, NotConfirmed

        try:
            return run(chosen)
        except CannotAsk as error:
            return fail(USAGE, error)
        except (CannotManage, NotConfirmed) as error:
            return fail(FAILED, error)

    return command


def add_yes(action: Parser) -> None:
    """Add the option that confirms what can't be undone."""
    action.add_argument(
        "-y", "--yes", action="store_true", help="don't ask; needed where nobody can be asked"
    )


def flags(chosen: argparse.Namespace) -> dict[str, object]:
    """The settings given as options."""
    return {name: value for name, value in vars(chosen).items() if name in ALL_SETTINGS}


def settings_of_data(chosen: argparse.Namespace) -> "Settings":
    """The settings that the options of `add_data` stand for. Raises BadSettings."""
    from hubbub.server.sources import load

    return load({"data": chosen.data}, os.environ, settings_file(chosen))


def settings_file(chosen: argparse.Namespace) -> Path | None:
    """The named file, else `hubbub.toml` in the working directory if it exists."""
    named: Path | None = chosen.config
    default = Path("hubbub.toml")
    return named or (default if default.exists() else None)


def mistake_in_environment() -> str | None:
    """The mistake in the environment, if there is one. Clients read no settings, which would find it."""
    from hubbub.server.variables import mistake_in

    return mistake_in(os.environ, ALL_SETTINGS)
