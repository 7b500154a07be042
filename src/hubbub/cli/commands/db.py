"""`hubbub db`."""

import argparse

from hubbub.cli.exits import FAILED, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_data, reading_settings, settings_of_data

SUMMARY = "copy all data between SQLite and PostgreSQL, or rebuild the search index"
EXAMPLES = """\
  hubbub db copy sqlite:hubbub-data postgres://hubbub@db.example/hubbub
  hubbub db copy postgres://hubbub@db.example/hubbub sqlite:hubbub-data
  hubbub db reindex                  # with no server running"""


def add_options(parser: Parser) -> None:
    """Add the action."""
    actions = parser.add_actions()
    copy = actions.add_parser(
        "copy",
        help="copy one store to another; run it again to copy what is new",
        examples="\n".join(EXAMPLES.splitlines()[:2]),
    )
    address = "sqlite:DIRECTORY or postgres://… (with the password in it or in PGPASSWORD)"
    copy.add_argument("source", metavar="FROM", help=f"{address}; a server may be using it")
    copy.set_defaults(action=_copy)
    copy.add_argument("target", metavar="TO", help=f"{address}; must be empty or an earlier copy")

    reindex = actions.add_parser(
        "reindex",
        help="empty the search index; the server rebuilds it when it next runs",
        examples="  hubbub db reindex",
    )
    reindex.set_defaults(action=_reindex)
    add_data(reindex)


@reading_settings
def run(chosen: argparse.Namespace) -> int:
    """Do what was asked for."""
    code: int = chosen.action(chosen)
    return code


def _copy(chosen: argparse.Namespace) -> int:
    from hubbub.server.admin.copying import CannotCopy, copy

    try:
        copy(chosen.source, chosen.target)
    except CannotCopy as error:
        return fail(FAILED, error)
    return 0


def _reindex(chosen: argparse.Namespace) -> int:
    from hubbub.server.admin.index import make_again
    from hubbub.server.stores.base import StoreFailed

    try:
        make_again(settings_of_data(chosen))
    except StoreFailed as error:
        return fail(FAILED, error)
    print("The search index is empty: the server rebuilds it when it next runs")
    return 0
