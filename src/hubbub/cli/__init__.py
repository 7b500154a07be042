"""The command line: parses the arguments and calls one function."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from hubbub import streams
from hubbub.cli import arguments, commands
from hubbub.cli.commands import FAILED, REFUSED, UNREACHABLE, Subcommand, fail
from hubbub.cli.parsing import USAGE, IntermixedParser, Parser, ShowVersion

INTERRUPTED, READER_GONE = 130, 141  # as a shell shows SIGINT and SIGPIPE

EXIT_CODES = f"""exit codes:
  0    success; for send: all messages were acknowledged
  {FAILED}    failure, such as a port in use or an output that can't be written
  {USAGE}    invalid usage, settings or input
  {REFUSED}    the server refused the request
  {UNREACHABLE}    the server can't be reached or did not answer in time
  129  ended by a hangup (SIGHUP)
  {INTERRUPTED}  interrupted by Ctrl-C (press it twice to exit at once)
  {READER_GONE}  the program that reads the output has exited"""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Without `words`, take over the process: see `streams.secure`."""
    if words is None:
        streams.secure()
        words = sys.argv[1:]
    try:
        try:
            return _run(words)
        finally:
            sys.stdout.flush()
    except streams.CannotWrite as error:
        return fail(FAILED, error)
    except BrokenPipeError:
        return READER_GONE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(words: Sequence[str]) -> int:
    for word in words:
        if not _is_unicode(word):  # no store could keep it, no frame could carry it
            return fail(USAGE, f"Invalid argument {word!r}: not valid UTF-8")
    chosen = parser().parse_args(words)
    command: Subcommand = chosen.command
    before = os.umask(0o077)  # only the user may read the files that a command creates
    try:
        return command(chosen)
    finally:
        os.umask(before)


def _is_unicode(word: str) -> bool:
    """Whether the word was valid UTF-8. Python turns invalid bytes into surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in word)


def parser() -> Parser:
    """Return the parser of the command line, with a parser for each command."""
    parser = Parser(
        prog="hubbub",
        description="An instant messenger and real-time engine.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.examples = """\
  hubbub serve                          # run a server on http://127.0.0.1:8181
  hubbub chat --name ada                # chat in the room lobby
  echo "done" | hubbub send builds      # post from a script and wait for the acknowledgement
  hubbub tail lobby --json              # follow a room, one JSON object per line"""
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show the version and exit")
    subparsers = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=IntermixedParser
    )
    for name, (add, run, summary) in _COMMANDS.items():
        command: Parser = subparsers.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(command=run)
        add(command)
    return parser


_COMMANDS: dict[str, tuple[Callable[[Parser], None], Subcommand, str]] = {
    "serve": (arguments.serve, commands.serve, "run a server"),
    "config": (
        arguments.config,
        commands.config,
        "show the settings and where each comes from",
    ),
    "token": (
        arguments.token,
        commands.token,
        "create, list and revoke tokens for scripts and apps",
    ),
    "backup": (
        arguments.backup,
        commands.backup,
        "copy the database to a file, even while the server runs",
    ),
    "restore": (arguments.restore, commands.restore, "replace the database with a backup"),
    "db": (arguments.db, commands.db, "copy all data between SQLite and PostgreSQL"),
    "doctor": (
        arguments.doctor,
        commands.doctor,
        "diagnose this machine or the connection to a server",
    ),
    "chat": (arguments.chat, commands.chat, "chat in a room, line by line"),
    "send": (arguments.send, commands.send, "post messages and wait for their acknowledgements"),
    "tail": (arguments.tail, commands.tail, "follow a room and print its events as they happen"),
}
