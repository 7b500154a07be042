"""The options and arguments of each command, and their help. Doesn't know what the commands do."""

from pathlib import Path

from hubbub.cli.parsing import Parser, count, seconds

DEFAULT_URL = "http://127.0.0.1:8181"


def serve(parser: Parser) -> None:
    """Add the options of `hubbub serve`."""
    parser.examples = """\
  hubbub serve
  hubbub serve --port 9000 --data ./data
  HUBBUB_PORT=9000 hubbub serve         # options can also come from the environment
  hubbub serve --config hubbub.toml     # or from a file, with a line port = 9000"""
    _add_settings(parser)


def config(parser: Parser) -> None:
    """Add the arguments of `hubbub config`."""
    parser.examples = """\
  hubbub config show --origin           # also show where each setting comes from
  hubbub config show --port 9000        # the settings of `hubbub serve --port 9000`"""
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", required=True, parser_class=Parser
    )
    show: Parser = actions.add_parser("show", help="show every setting that a server would use")
    show.examples = "  hubbub config show --origin"
    show.add_argument(
        "--origin", action="store_true", help="also show where each setting comes from"
    )
    _add_settings(show)


def _add_settings(parser: Parser) -> None:
    for name, (metavar, text) in SETTINGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, help=text)
    parser.add_argument(
        "--allow-origin",
        action="append",
        metavar="ORIGIN",
        help="let pages of this origin connect, such as https://example.org; can be repeated",
    )
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        metavar="NETWORK",
        help="trust X-Forwarded-For from proxies in this network, such as 127.0.0.1 or 10.0.0.0/8; can be repeated",
    )
    parser.add_argument(
        "--insecure-http",
        action="store_true",
        default=None,
        help="accept connections from other machines without TLS",
    )
    parser.add_argument(
        "--echo",
        action="store_true",
        default=None,
        help="serve /echo to other machines too; it sends messages back and needs no token",
    )
    parser.add_argument(
        "--compress",
        action="store_true",
        default=None,
        help="compress WebSocket messages if the client offers permessage-deflate",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="TOML file with settings (default: hubbub.toml, if it exists); options and HUBBUB_* variables override it",
    )


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
    "jwt_secret_file": ("FILE", "accept JWTs signed with the secret in FILE (HS256)"),
    "jwt_public_key_file": (
        "FILE",
        "accept JWTs that this public key verifies (PEM; RS256, EdDSA)",
    ),
    "jwt_jwks_url": ("URL", "accept JWTs signed with the keys published at URL (JWKS)"),
    "jwt_issuer": ("ISS", "accept only JWTs from this issuer (claim iss)"),
    "jwt_audience": ("AUD", "accept only JWTs for this audience (claim aud)"),
    "keep_events": ("N", "keep only the newest N events of each room (default: keep all)"),
    "keep_days": ("N", "delete events after N days (default: keep all)"),
}
ALL_SETTINGS = {*SETTINGS, "allow_origin", "trusted_proxy", "insecure_http", "compress", "echo"}


def doctor(parser: Parser) -> None:
    """Add the arguments of `hubbub doctor`."""
    parser.examples = """\
  hubbub doctor                         # check settings, data directory, database and limits
  hubbub doctor --data ./data           # the same for `hubbub serve --data ./data`
  hubbub doctor https://chat.example.org  # check the connection: TLS, proxies, each transport"""
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="server to check (default: what `hubbub serve` would use on this machine)",
    )
    _add_settings(parser)


def token(parser: Parser) -> None:
    """Add the arguments of `hubbub token`."""
    parser.examples = """\
  hubbub token create --name ci --rooms 'build-*' --can read,post
  hubbub token list
  hubbub token revoke ci"""
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", required=True, parser_class=Parser
    )
    create: Parser = actions.add_parser("create", help="create a token and print it, once")
    create.examples = "  hubbub token create --name ci --rooms 'build-*' --can read,post"
    create.add_argument(
        "--name", required=True, help="name under which the holder of the token posts"
    )
    create.add_argument(
        "--rooms",
        default="*",
        metavar="PATTERNS",
        help="rooms that the token is for, separated by commas; * matches any characters (default: all rooms)",
    )
    create.add_argument(
        "--can",
        default="read,post",
        metavar="RIGHTS",
        help="read, post, patch or moderate, separated by commas (default: read,post)",
    )
    create.add_argument(
        "--expires-in",
        metavar="TIME",
        help="lifetime, such as 90d, 12h or 30m (default: unlimited)",
    )
    listing: Parser = actions.add_parser("list", help="list the tokens")
    listing.examples = "  hubbub token list --json"
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    revoke: Parser = actions.add_parser(
        "revoke", help="revoke tokens and end the connections that use them"
    )
    revoke.examples = "  hubbub token revoke ci"
    revoke.add_argument("token", metavar="NAME", help="name or ID of the token")
    for action, name in ((create, "create"), (listing, "list"), (revoke, "revoke")):
        action.set_defaults(action=name)
        _add_data(action)


def backup(parser: Parser) -> None:
    """Add the arguments of `hubbub backup`."""
    parser.examples = "  hubbub backup monday.db           # works while the server runs"
    parser.add_argument("file", metavar="FILE", type=Path, help="file to create")
    _add_data(parser)


def restore(parser: Parser) -> None:
    """Add the arguments of `hubbub restore`."""
    parser.examples = (
        "  hubbub restore monday.db          # keeps the old database beside the new one"
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="backup written by `hubbub backup`")
    _add_data(parser)


def db(parser: Parser) -> None:
    """Add the arguments of `hubbub db`."""
    parser.examples = """\
  hubbub db copy sqlite:hubbub-data postgres://hubbub@db.example/hubbub
  hubbub db copy postgres://hubbub@db.example/hubbub sqlite:hubbub-data"""
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", required=True, parser_class=Parser
    )
    copy: Parser = actions.add_parser(
        "copy", help="copy one store to another; run it again to copy what is new"
    )
    copy.examples = parser.examples
    address = "sqlite:DIRECTORY or postgres://… (with the password in it or in PGPASSWORD)"
    copy.add_argument("source", metavar="FROM", help=f"{address}; a server may be using it")
    copy.add_argument("target", metavar="TO", help=f"{address}; must be empty or an earlier copy")


def _add_data(parser: Parser) -> None:
    parser.add_argument("--data", metavar="DIR", help="data directory, as for `hubbub serve`")
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="TOML file with settings, as for `hubbub serve`"
    )


def chat(parser: Parser) -> None:
    """Add the arguments of `hubbub chat`."""
    parser.examples = """\
  hubbub chat --name ada
  hubbub chat http://localhost:9000 --room kitchen
  printf 'hello\\nworld\\n' | hubbub chat    # post lines from a pipe; exit when all are acknowledged"""
    parser.add_argument("url", nargs="?", metavar="URL", help=_URL_HELP)
    parser.add_argument("--name", help="your name (default: the server picks one)")
    parser.add_argument("--room", default="lobby", help="room to join (default: lobby)")
    _add_quiet(parser)


def send(parser: Parser) -> None:
    """Add the arguments of `hubbub send`."""
    parser.examples = """\
  hubbub send lobby hello, everyone
  echo hi | hubbub send lobby           # each non-empty line is a message
  hubbub send builds "42 is green" --client-message-id build-42     # posted once, however often you run it
  hubbub send lobby --idempotency import-7 < lines.txt    # safe to run again after a failure"""
    parser.add_argument("room", metavar="ROOM", help="room to post to")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="message (default: lines of stdin)")
    _add_common(parser)
    parser.add_argument(
        "--client-message-id",
        metavar="ID",
        help="post only if no message with this ID was posted before",
    )
    parser.add_argument(
        "--idempotency",
        metavar="PREFIX",
        help="give the lines of stdin IDs that begin with PREFIX; the same input with the same PREFIX is posted only once",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="give up on a message after this time, reconnects included (default: 10 for a TEXT; "
        "no limit for lines of stdin)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print each acknowledgement as JSON, not only its seq"
    )


def tail(parser: Parser) -> None:
    """Add the arguments of `hubbub tail`."""
    parser.examples = """\
  hubbub tail lobby
  hubbub tail lobby -n 100 --json | jq -r .text
  hubbub tail lobby --since 0           # from the beginning of the log"""
    parser.add_argument("room", metavar="ROOM", help="room to follow")
    _add_common(parser)
    parser.add_argument(
        "--json", action="store_true", help="print one event per line as JSON, as on the wire"
    )
    parser.add_argument(
        "--since", type=count, metavar="SEQ", help="start after the event with this number"
    )
    parser.add_argument("--epoch", metavar="EPOCH", help="epoch of the log that --since refers to")
    parser.add_argument(
        "-n",
        dest="last",
        type=count,
        default=10,
        metavar="LAST",
        help="without --since, start with the last LAST messages (default: 10)",
    )


_URL_HELP = f"server: http(s)://…, ws(s)://… or host:port (default: HUBBUB_URL, else {DEFAULT_URL})"


def _add_common(parser: Parser) -> None:
    parser.add_argument("--url", help=_URL_HELP)
    parser.add_argument("--name", help="your name (default: the server picks one)")
    _add_quiet(parser)


def _add_quiet(parser: Parser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="print only data and errors")
