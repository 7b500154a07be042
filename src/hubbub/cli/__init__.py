"""The command line: parses the arguments and runs one command. Knows no command by name."""

import argparse
import os
import sys
from collections.abc import Sequence

from hubbub import streams
from hubbub.cli.exits import EXIT_CODES, FAILED, INTERRUPTED, READER_GONE, USAGE, Run, fail
from hubbub.cli.parsing import IntermixedParser, Parser, ShowVersion
from hubbub.cli.registry import registered


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
    chosen = parser(words).parse_args(words)
    run: Run = chosen.run
    before = os.umask(0o077)  # only the user may read the files that a command creates
    try:
        return run(chosen)
    finally:
        os.umask(before)


def _is_unicode(word: str) -> bool:
    """Whether the word was valid UTF-8. Python turns invalid bytes into surrogates."""
    return not any("\ud800" <= c <= "\udfff" for c in word)


EXAMPLES = """\
  hubbub serve                          # run a server on http://127.0.0.1:8181
  hubbub chat --name ada                # chat in the room lobby
  echo "done" | hubbub send builds      # post from a script and wait for the acknowledgement
  hubbub tail lobby --json              # follow a room, one JSON object per line"""


def parser(words: Sequence[str] = ()) -> Parser:
    """Return the parser of the command line, with a parser for each command.

    For words that begin with a command, only that command's parser is made: all together take as long as a short command.
    """
    parser = Parser(
        prog="hubbub",
        description="An instant messenger and real-time engine.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        examples=EXAMPLES,
    )
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show the version and exit")
    subparsers = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, parser_class=IntermixedParser
    )
    for name, command in registered(*words[:1]):
        summary = command.SUMMARY
        subparser: Parser = subparsers.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            examples=command.EXAMPLES,
        )
        subparser.set_defaults(run=command.run)
        command.add_options(subparser)
    return parser
