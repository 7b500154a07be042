"""The command line: parses, and calls one function."""

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
  0    done; for send: every message is acknowledged
  {FAILED}    failed, for instance the port is in use, or the output can't be written
  {USAGE}    bad usage, bad settings, or bad input
  {REFUSED}    the server refused
  {UNREACHABLE}    the server can't be reached, or did not answer in time
  129  ended by a hangup
  {INTERRUPTED}  interrupted by Ctrl-C (a second one ends at once)
  {READER_GONE}  nobody reads what is written any more"""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Without `words`, the process is ours: see `streams.secure`."""
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
        if not _is_unicode(word):  # nothing could keep or send it
            return fail(USAGE, f"not valid UTF-8: {word!r}")
    chosen = parser().parse_args(words)
    command: Subcommand = chosen.command
    before = os.umask(0o077)  # whatever it makes belongs to its user alone
    try:
        return command(chosen)
    finally:
        os.umask(before)


def _is_unicode(word: str) -> bool:
    """Bytes that are not UTF-8 become surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in word)


def parser() -> Parser:
    """What parses the command line, with a parser for each command."""
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
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show it and end")
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
        "show the settings, and where each comes from",
    ),
    "token": (
        arguments.token,
        commands.token,
        "give out tokens for scripts and apps, list and revoke them",
    ),
    "backup": (
        arguments.backup,
        commands.backup,
        "copy the database to a file, while the server runs",
    ),
    "restore": (arguments.restore, commands.restore, "put a copy in the place of the database"),
    "db": (arguments.db, commands.db, "move everything from SQLite to PostgreSQL, or back"),
    "doctor": (
        arguments.doctor,
        commands.doctor,
        "look for what is wrong here, or on the way to a server",
    ),
    "chat": (arguments.chat, commands.chat, "talk in a room, line by line"),
    "send": (arguments.send, commands.send, "post messages and wait until they are acknowledged"),
    "tail": (arguments.tail, commands.tail, "show what happens in a room, as it happens"),
}
