"""`hubbub db`."""

import argparse

from hubbub.cli.exits import FAILED, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import reading_settings

SUMMARY = "copy all data between SQLite and PostgreSQL"
EXAMPLES = """\
  hubbub db copy sqlite:hubbub-data postgres://hubbub@db.example/hubbub
  hubbub db copy postgres://hubbub@db.example/hubbub sqlite:hubbub-data"""


def add_options(parser: Parser) -> None:
    """Add the action."""
    actions = parser.add_actions()
    copy = actions.add_parser(
        "copy",
        help="copy one store to another; run it again to copy what is new",
        examples=EXAMPLES,
    )
    address = "sqlite:DIRECTORY or postgres://… (with the password in it or in PGPASSWORD)"
    copy.add_argument("source", metavar="FROM", help=f"{address}; a server may be using it")
    copy.add_argument("target", metavar="TO", help=f"{address}; must be empty or an earlier copy")


@reading_settings
def run(chosen: argparse.Namespace) -> int:
    """Copy one store to another."""
    from hubbub.server.admin.copying import CannotCopy, copy

    try:
        copy(chosen.source, chosen.target)
    except CannotCopy as error:
        return fail(FAILED, error)
    return 0
