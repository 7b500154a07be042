"""A command of the command line, as small as one can be."""

import argparse

from hubbub.cli.parsing import Parser, count

SUMMARY = "end with the exit code of your choice"
EXAMPLES = "  hubbub toy --code 7                   # end with exit code 7"


def add_options(parser: Parser) -> None:
    parser.add_argument("--code", type=count, default=0, metavar="N", help="exit code (default: 0)")


def run(chosen: argparse.Namespace) -> int:
    code: int = chosen.code
    return code
