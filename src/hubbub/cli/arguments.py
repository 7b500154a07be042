"""What each command takes, and its help; knows not what it does."""

from pathlib import Path

from hubbub.cli.parsing import Parser, count, seconds

DEFAULT_URL = "http://127.0.0.1:8181"


def serve(parser: Parser) -> None:
    """What `hubbub serve` takes."""
    parser.examples = """\
  hubbub serve
  hubbub serve --port 9000 --data ./data
  HUBBUB_PORT=9000 hubbub serve         # each option can come from the environment, too
  hubbub serve --config hubbub.toml     # or from a file: port = 9000"""
    _add_settings(parser)


def config(parser: Parser) -> None:
    """What `hubbub config` takes."""
    parser.examples = """\
  hubbub config show --origin           # and where each comes from
  hubbub config show --port 9000        # as `hubbub serve --port 9000` would have them"""
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", required=True, parser_class=Parser
    )
    show: Parser = actions.add_parser("show", help="show every setting, as a server would have it")
    show.examples = "  hubbub config show --origin"
    show.add_argument("--origin", action="store_true", help="say where each comes from, too")
    _add_settings(show)


def _add_settings(parser: Parser) -> None:
    for name, (metavar, text) in SETTINGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, help=text)
    parser.add_argument(
        "--allow-origin",
        action="append",
        metavar="ORIGIN",
        help="pages of this origin may connect, too, such as https://example.org; may be repeated",
    )
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        metavar="NETWORK",
        help="believe X-Forwarded-For of proxies there, such as 127.0.0.1 or 10.0.0.0/8; may be repeated",
    )
    parser.add_argument(
        "--insecure-http",
        action="store_true",
        default=None,
        help="let others on the network in although there is no TLS",
    )
    parser.add_argument(
        "--echo",
        action="store_true",
        default=None,
        help="serve /echo to other machines, too: it sends messages back, and needs no token",
    )
    parser.add_argument(
        "--compress",
        action="store_true",
        default=None,
        help="compress messages on WebSockets whose client offers permessage-deflate",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="settings in TOML (default: hubbub.toml, if it is there); flags and HUBBUB_* go before it",
    )


# As the fields of hubbub.server.config.Settings, which has the defaults and checks the values.
SETTINGS = {
    "host": (
        "ADDRESS",
        "listen here (default localhost: 127.0.0.1 and ::1); :: is every address, of IPv4, too",
    ),
    "port": ("NUMBER", "listen on this port; 0 takes a free one (default 8181)"),
    "data": ("DIR", "keep everything in here (default ~/.local/share/hubbub)"),
    "store": ("STORE", "sqlite (default), or postgres://USER:PASSWORD@HOST/DATABASE"),
    "workers": (
        "N",
        "so many processes on the port, if the store is PostgreSQL (default 1)",
    ),
    "worker_port": (
        "PORT",
        "the first of the workers' own ports on loopback, one after the other (default: none)",
    ),
    "drain_seconds": (
        "SECONDS",
        "when asked to stop: serve on for so long while /readyz says no (default 0)",
    ),
    "broker": ("URL", "nats://HOST: carries hints between nodes that share a store"),
    "durability": (
        "HOW",
        "full: an acknowledged message survives a power cut; "
        "normal: faster, and the last second may be lost in one (default full)",
    ),
    "message_rate": ("N", "messages a second from one person; 0: no limit (default 1000)"),
    "byte_rate": (
        "N",
        "bytes a second from one person (default 1048576; no limit with --message-rate 0)",
    ),
    "max_message_bytes": ("N", "the largest message (default 65536)"),
    "echo_max_bytes": ("N", "the largest message that /echo sends back (default 65536)"),
    "max_connections": (
        "N",
        "connections at once (default: as many as the process may open files, but for 96)",
    ),
    "max_anonymous": (
        "N",
        "connections and sessions without a token (default: 3/4 of all; no limit if only this machine reaches it)",
    ),
    "max_per_address": (
        "N",
        "of these from one address, or IPv6 /64, but loopback (default 256; no limit if only this machine reaches it)",
    ),
    "max_per_principal": (
        "N",
        "connections and sessions of one token or user (default: half of all; no limit if only this machine reaches it)",
    ),
    "request_timeout": ("SECONDS", "for a request's head, and its body, to arrive (default 10)"),
    "public_url": ("URL", "how it is reached from outside, such as https://chat.example.org"),
    "tls_cert": (
        "FILE",
        "certificate with its chain in PEM: https:// and wss://; SIGHUP reads it again",
    ),
    "tls_key": ("FILE", "the certificate's key in PEM"),
    "metrics": ("WHO", "who may look at /metrics: loopback (default), on: everyone, or off"),
    "log_format": ("HOW", "text, or json: one object a line (default text)"),
    "log_level": ("LEVEL", "debug, info, warning or error (default info)"),
    "guests": (
        "WHO",
        "may people come in without a token: on, off, or auto: if only this machine reaches it (default)",
    ),
    "jwt_secret_file": ("FILE", "take JWTs signed with the secret in FILE (HS256)"),
    "jwt_public_key_file": ("FILE", "take JWTs signed for this public key (PEM; RS256, EdDSA)"),
    "jwt_jwks_url": ("URL", "take JWTs signed with the keys that are published there (JWKS)"),
    "jwt_issuer": ("ISS", "only those of this issuer (claim iss)"),
    "jwt_audience": ("AUD", "only those for this audience (claim aud)"),
    "keep_events": ("N", "keep only the newest N events of each room (default: all)"),
    "keep_days": ("N", "keep events for N days (default: for ever)"),
}
ALL_SETTINGS = {*SETTINGS, "allow_origin", "trusted_proxy", "insecure_http", "compress", "echo"}


def doctor(parser: Parser) -> None:
    """What `hubbub doctor` takes."""
    parser.examples = """\
  hubbub doctor                         # settings, data directory, database, limits
  hubbub doctor --data ./data           # the same, as for `hubbub serve --data ./data`
  hubbub doctor https://chat.example.org  # the way there: TLS, proxies, each transport"""
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="a server (default: what `hubbub serve` would have here)",
    )
    _add_settings(parser)


def token(parser: Parser) -> None:
    """What `hubbub token` takes."""
    parser.examples = """\
  hubbub token create --name ci --rooms 'build-*' --can read,post
  hubbub token list
  hubbub token revoke ci"""
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", required=True, parser_class=Parser
    )
    create: Parser = actions.add_parser("create", help="give out a token, and print it, this once")
    create.examples = "  hubbub token create --name ci --rooms 'build-*' --can read,post"
    create.add_argument("--name", required=True, help="what its holder is called")
    create.add_argument(
        "--rooms",
        default="*",
        metavar="PATTERNS",
        help="rooms it is for, with commas between; * stands for any letters (default: all)",
    )
    create.add_argument(
        "--can",
        default="read,post",
        metavar="RIGHTS",
        help="of read, post, patch, moderate; with commas between (default read,post)",
    )
    create.add_argument(
        "--expires-in", metavar="TIME", help="such as 90d, 12h or 30m (default: never)"
    )
    listing: Parser = actions.add_parser("list", help="show the tokens that were given out")
    listing.examples = "  hubbub token list --json"
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    revoke: Parser = actions.add_parser(
        "revoke", help="make tokens invalid, also where they are in use"
    )
    revoke.examples = "  hubbub token revoke ci"
    revoke.add_argument("token", metavar="NAME", help="name or id of the token")
    for action, name in ((create, "create"), (listing, "list"), (revoke, "revoke")):
        action.set_defaults(action=name)
        _add_data(action)


def backup(parser: Parser) -> None:
    """What `hubbub backup` takes."""
    parser.examples = "  hubbub backup monday.db           # while the server runs, too"
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file")
    _add_data(parser)


def restore(parser: Parser) -> None:
    """What `hubbub restore` takes."""
    parser.examples = "  hubbub restore monday.db          # what was there is kept beside it"
    parser.add_argument("file", metavar="FILE", type=Path, help="what `hubbub backup` wrote")
    _add_data(parser)


def db(parser: Parser) -> None:
    """What `hubbub db` takes."""
    parser.examples = """\
  hubbub db copy sqlite:hubbub-data postgres://hubbub@db.example/hubbub
  hubbub db copy postgres://hubbub@db.example/hubbub sqlite:hubbub-data"""
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", required=True, parser_class=Parser
    )
    copy: Parser = actions.add_parser("copy", help="bring another store up to one; again and again")
    copy.examples = parser.examples
    address = "sqlite:DIRECTORY or postgres://… (the password may be in PGPASSWORD)"
    copy.add_argument("source", metavar="FROM", help=f"{address}; a server may be using it")
    copy.add_argument("target", metavar="TO", help=f"{address}; empty, or an earlier copy")


def _add_data(parser: Parser) -> None:
    parser.add_argument("--data", metavar="DIR", help="data directory, as for serve")
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="settings in TOML, as for serve"
    )


def chat(parser: Parser) -> None:
    """What `hubbub chat` takes."""
    parser.examples = """\
  hubbub chat --name ada
  hubbub chat http://localhost:9000 --room kitchen
  printf 'hello\\nworld\\n' | hubbub chat    # lines from a pipe; ends when all are acknowledged"""
    parser.add_argument("url", nargs="?", metavar="URL", help=_URL_HELP)
    parser.add_argument("--name", help="how to be called (default: the server makes one up)")
    parser.add_argument("--room", default="lobby", help="which room (default lobby)")
    _add_quiet(parser)


def send(parser: Parser) -> None:
    """What `hubbub send` takes."""
    parser.examples = """\
  hubbub send lobby hello, everyone
  echo hi | hubbub send lobby           # each line that is not empty is a message
  hubbub send builds "42 is green" --client-message-id build-42     # again and again, posted once
  hubbub send lobby --idempotency import-7 < lines.txt    # run it again after a failure: none is posted twice"""
    parser.add_argument("room", metavar="ROOM", help="which room")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="the message (default: from stdin)")
    _add_common(parser)
    parser.add_argument(
        "--client-message-id", metavar="ID", help="the same ID again is not posted again"
    )
    parser.add_argument(
        "--idempotency",
        metavar="PREFIX",
        help="for lines of stdin: the same input with the same PREFIX again is not posted again",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        metavar="SECONDS",
        help="give up on a message after this time, reconnects included (default: 10 for a TEXT; "
        "lines of stdin wait as long as it takes)",
    )
    parser.add_argument(
        "--json", action="store_true", help="write each answer as JSON, not just its seq"
    )


def tail(parser: Parser) -> None:
    """What `hubbub tail` takes."""
    parser.examples = """\
  hubbub tail lobby
  hubbub tail lobby -n 100 --json | jq -r .text
  hubbub tail lobby --since 0           # from the beginning of the log"""
    parser.add_argument("room", metavar="ROOM", help="which room")
    _add_common(parser)
    parser.add_argument("--json", action="store_true", help="one event a line, as on the wire")
    parser.add_argument("--since", type=count, metavar="SEQ", help="start after this event")
    parser.add_argument("--epoch", metavar="EPOCH", help="the log that --since is of")
    parser.add_argument(
        "-n",
        dest="last",
        type=count,
        default=10,
        metavar="LAST",
        help="without --since: start with the last so many messages (default 10)",
    )


_URL_HELP = (
    f"the server: http(s)://…, ws(s)://… or host:port (default HUBBUB_URL, else {DEFAULT_URL})"
)


def _add_common(parser: Parser) -> None:
    parser.add_argument("--url", help=_URL_HELP)
    parser.add_argument("--name", help="how to be called (default: the server makes one up)")
    _add_quiet(parser)


def _add_quiet(parser: Parser) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="only data and errors")
