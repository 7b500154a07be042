"""The command line: parses, and calls one function. What that function needs is imported only then."""

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from hubbub.client import Client
    from hubbub.server.config import Settings

FAILED, USAGE, REFUSED, UNREACHABLE = 1, 2, 3, 4
DEFAULT_URL = "http://127.0.0.1:8181"
START_SECONDS = 10.0
INTERRUPTED, READER_GONE = 130, 141  # as a shell shows SIGINT and SIGPIPE

EXIT_CODES = f"""exit codes:
  0    done; for send: every message is acknowledged
  {FAILED}    failed, for instance the port is in use
  {USAGE}    bad usage or bad settings
  {REFUSED}    the server refused
  {UNREACHABLE}    the server can't be reached, or did not answer in time
  {INTERRUPTED}  interrupted by Ctrl-C (a second one ends at once)
  {READER_GONE}  nobody reads what is written any more"""

Command = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """Help begins with examples, and a mistake is answered with what would be right."""

    examples = ""

    def format_help(self) -> str:
        """The examples, and then what argparse has to say."""
        return f"examples:\n{self.examples}\n\n{super().format_help()}"

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        first_example = self.examples.strip().splitlines()[0].partition("#")[0].strip()
        sys.stderr.write(
            f"{self.prog}: {message}\n"
            f"right would be, for instance: {first_example}\n"
            f"all about it: {self.prog} --help\n"
        )
        raise SystemExit(USAGE)


class IntermixedParser(Parser):
    """Takes options between the arguments, too: `send ROOM --name ada TEXT`."""

    _is_inside = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As argparse's, which calls this one again for each of its two passes."""
        if self._is_inside or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._is_inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_inside = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    try:
        try:
            return _run(sys.argv[1:] if arguments is None else arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more when it ends; that must find somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: Sequence[str]) -> int:
    parser = _parser()
    _check_command(parser, arguments)
    chosen = parser.parse_args(arguments)
    command: Command = chosen.command
    return command(chosen)


def _with_settings(run: Command) -> Command:
    """A command that reads settings: bad ones are bad usage."""

    def command(chosen: argparse.Namespace) -> int:
        from hubbub.server.config import BadSettings

        try:
            return run(chosen)
        except BadSettings as error:
            return _fail(USAGE, error)

    return command


def _serve(chosen: argparse.Namespace) -> int:
    from hubbub.server.app import CannotStart
    from hubbub.server.config import load
    from hubbub.server.serving import serve

    try:
        serve(load(_flags(chosen), os.environ, _settings_file(chosen.config)))
    except CannotStart as error:
        return _fail(FAILED, error)
    return 0


def _config(chosen: argparse.Namespace) -> int:
    from hubbub.server.showing import show

    file = _settings_file(chosen.config)
    show(_flags(chosen), os.environ, file, with_origin=chosen.origin)
    return 0


def _flags(chosen: argparse.Namespace) -> dict[str, object]:
    lists_and_truths = {"allow_origin", "trusted_proxy", "insecure_http", "compress"}
    return {n: value for n, value in vars(chosen).items() if n in {*_SETTINGS, *lists_and_truths}}


def _token(chosen: argparse.Namespace) -> int:
    from hubbub.server.issuing import CannotIssue, create, revoke, show

    settings = _settings(chosen)
    try:
        match chosen.action:
            case "create":
                create(settings, chosen.name, chosen.can, chosen.rooms, chosen.expires_in)
            case "list":
                show(settings, as_json=chosen.json)
            case _:
                revoke(settings, chosen.token)
    except CannotIssue as error:
        return _fail(FAILED, error)
    return 0


def _backup(chosen: argparse.Namespace) -> int:
    from hubbub.server.copying import CannotCopy, back_up

    try:
        back_up(_settings(chosen), chosen.file)
    except CannotCopy as error:
        return _fail(FAILED, error)
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    from hubbub.server.copying import CannotCopy, restore

    try:
        restore(_settings(chosen), chosen.file)
    except CannotCopy as error:
        return _fail(FAILED, error)
    return 0


def _db(chosen: argparse.Namespace) -> int:
    from hubbub.server.copying import CannotCopy, copy

    try:
        copy(chosen.source, chosen.target)
    except CannotCopy as error:
        return _fail(FAILED, error)
    return 0


def _settings(chosen: argparse.Namespace) -> "Settings":
    from hubbub.server.config import load

    return load({"data": chosen.data}, os.environ, _settings_file(chosen.config))


def _doctor(chosen: argparse.Namespace) -> int:
    from hubbub.doctor import examine

    token, file = os.environ.get("HUBBUB_TOKEN"), _settings_file(chosen.config)
    return 0 if examine(chosen.url, token, os.environ, file) else FAILED


def _chat(chosen: argparse.Namespace) -> int:
    from hubbub.terminal.chat import chat
    from hubbub.terminal.screen import is_terminal

    # Who sits there sees what is tried, and can end it.
    client = _client(chosen, None if is_terminal() else START_SECONDS)
    chat(client, chosen.room, quiet=chosen.quiet)
    return 0


def _send(chosen: argparse.Namespace) -> int:
    from hubbub.terminal.send import send

    if chosen.client_message_id is not None and not chosen.text:
        return _fail(USAGE, "--client-message-id names one message: give its TEXT as an argument")
    timeout: float = chosen.timeout
    send(
        _client(chosen, timeout),
        chosen.room,
        [" ".join(chosen.text)] if chosen.text else None,
        client_message_id=chosen.client_message_id,
        timeout=timeout,
        as_json=chosen.json,
        quiet=chosen.quiet,
    )
    return 0


def _tail(chosen: argparse.Namespace) -> int:
    from hubbub.terminal.tail import tail

    if chosen.epoch is not None and chosen.since is None:
        return _fail(USAGE, "--epoch says of which log --since is: give both")
    tail(
        _client(chosen, START_SECONDS),
        chosen.room,
        since=chosen.since,
        epoch=chosen.epoch,
        last=chosen.last,
        as_json=chosen.json,
        quiet=chosen.quiet,
    )
    return 0


def _client(chosen: argparse.Namespace, open_timeout: float | None) -> "Client":
    from hubbub.client import connect

    url = chosen.url or os.environ.get("HUBBUB_URL") or DEFAULT_URL
    try:
        token = os.environ.get("HUBBUB_TOKEN")  # not a flag: others on the machine can read those
        return connect(url, name=chosen.name, token=token, open_timeout=open_timeout)
    except ValueError as error:
        raise SystemExit(_fail(USAGE, error)) from None


def _with_sdk(run: Command) -> Command:
    """A command that uses the SDK: what that raises becomes an exit code."""

    def command(chosen: argparse.Namespace) -> int:
        from hubbub.client import Closed, Refused, Unknown, Unreachable

        try:
            return run(chosen)
        except Refused as error:
            hint = "; choose another with --name" if error.code == "name_taken" else ""
            return _fail(REFUSED, f"refused: {error.message} ({error.code}){hint}")
        except (Unreachable, Closed, Unknown) as error:
            return _fail(UNREACHABLE, error)

    return command


def _fail(code: int, message: object) -> int:
    print(f"hubbub: {message}", file=sys.stderr)
    return code


def _settings_file(named: Path | None) -> Path | None:
    """The file that was named, else `hubbub.toml` in the working directory, if there is one."""
    default = Path("hubbub.toml")
    return named or (default if default.exists() else None)


def _check_command(parser: Parser, arguments: Sequence[str]) -> None:
    """Suggest what an unknown command may have been meant to be."""
    if not arguments or arguments[0].startswith("-") or arguments[0] in _COMMANDS:
        return
    close = difflib.get_close_matches(arguments[0], _COMMANDS, 1)
    meant = f"do you mean {close[0]!r}?" if close else f"there are {', '.join(_COMMANDS)}"
    parser.error(f"there is no command {arguments[0]!r}; {meant}")


def _parser() -> Parser:
    parser = Parser(
        prog="hubbub",
        description="An instant messenger, and the real-time engine under it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.examples = """\
  hubbub serve                          # a server on http://127.0.0.1:8181
  hubbub chat --name ada                # talk in the room lobby
  echo "done" | hubbub send builds      # post from a script; waits for the acknowledgement
  hubbub tail lobby --json              # follow a room, one JSON object a line"""
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show it and end")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=IntermixedParser
    )
    for name, (add, run, summary) in _COMMANDS.items():
        command: Parser = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(command=run)
        add(command)
    return parser


class _ShowVersion(argparse.Action):
    """The version is looked up only when asked for: that takes longer than all the rest."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import hubbub

        print(f"hubbub {hubbub.__version__}")
        parser.exit()


def _add_serve(parser: Parser) -> None:
    parser.examples = """\
  hubbub serve
  hubbub serve --port 9000 --data ./data
  HUBBUB_PORT=9000 hubbub serve         # each option can come from the environment, too
  hubbub serve --config hubbub.toml     # or from a file: port = 9000"""
    _add_settings(parser)


def _add_config(parser: Parser) -> None:
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
    for name, (metavar, text) in _SETTINGS.items():
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
_SETTINGS = {
    "host": ("ADDRESS", "listen here (default localhost: 127.0.0.1 and ::1)"),
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
    "max_message_bytes": ("N", "the largest message (default 65536)"),
    "echo_max_bytes": ("N", "the largest message that /echo sends back (default 65536)"),
    "max_connections": (
        "N",
        "connections at once (default: as many as the process may open files, but for 96)",
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


def _add_doctor(parser: Parser) -> None:
    parser.examples = """\
  hubbub doctor                         # settings, data directory, database, limits
  hubbub doctor https://chat.example.org  # the way there: TLS, proxies, each transport"""
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="a server (default: look at what is here)"
    )
    parser.add_argument(
        "--config", metavar="FILE", type=Path, help="settings in TOML, as for serve"
    )


def _add_token(parser: Parser) -> None:
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


def _add_backup(parser: Parser) -> None:
    parser.examples = "  hubbub backup monday.db           # while the server runs, too"
    parser.add_argument("file", metavar="FILE", type=Path, help="a new file")
    _add_data(parser)


def _add_restore(parser: Parser) -> None:
    parser.examples = "  hubbub restore monday.db          # what was there is kept beside it"
    parser.add_argument("file", metavar="FILE", type=Path, help="what `hubbub backup` wrote")
    _add_data(parser)


def _add_db(parser: Parser) -> None:
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


def _add_chat(parser: Parser) -> None:
    parser.examples = """\
  hubbub chat --name ada
  hubbub chat http://localhost:9000 --room kitchen
  printf 'hello\\nworld\\n' | hubbub chat    # lines from a pipe; ends when all are acknowledged"""
    parser.add_argument("url", nargs="?", metavar="URL", help=_URL_HELP)
    parser.add_argument("--name", help="how to be called (default: the server makes one up)")
    parser.add_argument("--room", default="lobby", help="which room (default lobby)")
    _add_quiet(parser)


def _add_send(parser: Parser) -> None:
    parser.examples = """\
  hubbub send lobby hello, everyone
  echo hi | hubbub send lobby           # each line that is not empty is a message
  hubbub send builds "42 is green" --client-message-id build-42     # again and again, posted once"""
    parser.add_argument("room", metavar="ROOM", help="which room")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="the message (default: from stdin)")
    _add_common(parser)
    parser.add_argument(
        "--client-message-id", metavar="ID", help="the same ID again is not posted again"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="give up on a message after so long, reconnects included (default 10)",
    )
    parser.add_argument(
        "--json", action="store_true", help="write each answer as JSON, not just its seq"
    )


def _add_tail(parser: Parser) -> None:
    parser.examples = """\
  hubbub tail lobby
  hubbub tail lobby -n 100 --json | jq -r .text
  hubbub tail lobby --since 0           # from the beginning of the log"""
    parser.add_argument("room", metavar="ROOM", help="which room")
    _add_common(parser)
    parser.add_argument("--json", action="store_true", help="one event a line, as on the wire")
    parser.add_argument("--since", type=_count, metavar="SEQ", help="start after this event")
    parser.add_argument("--epoch", metavar="EPOCH", help="the log that --since is of")
    parser.add_argument(
        "-n",
        dest="last",
        type=_count,
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


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, such as 10 or 0.5")
    return seconds


_COMMANDS: dict[str, tuple[Callable[[Parser], None], Command, str]] = {
    "serve": (_add_serve, _with_settings(_serve), "run a server"),
    "config": (
        _add_config,
        _with_settings(_config),
        "show the settings, and where each comes from",
    ),
    "token": (
        _add_token,
        _with_settings(_token),
        "give out tokens for scripts and apps, list and revoke them",
    ),
    "backup": (
        _add_backup,
        _with_settings(_backup),
        "copy the database to a file, while the server runs",
    ),
    "restore": (_add_restore, _with_settings(_restore), "put a copy in the place of the database"),
    "db": (_add_db, _db, "move everything from SQLite to PostgreSQL, or back"),
    "doctor": (_add_doctor, _doctor, "look for what is wrong here, or on the way to a server"),
    "chat": (_add_chat, _with_sdk(_chat), "talk in a room, line by line"),
    "send": (_add_send, _with_sdk(_send), "post messages and wait until they are acknowledged"),
    "tail": (_add_tail, _with_sdk(_tail), "show what happens in a room, as it happens"),
}
