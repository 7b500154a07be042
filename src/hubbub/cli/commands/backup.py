"""`hubbub backup`."""

import argparse
from pathlib import Path

from hubbub.cli.exits import FAILED, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_data, reading_settings, settings_of_data

SUMMARY = "copy the database to a file, even while the server runs"
EXAMPLES = "  hubbub backup monday.db           # works while the server runs"


def add_options(parser: Parser) -> None:
    """Add the file, and which data."""
    parser.add_argument("file", metavar="FILE", type=Path, help="file to create")
    add_data(parser)


@reading_settings
def run(chosen: argparse.Namespace) -> int:
    """Copy the database to a file."""
    from hubbub.server.admin.copying import CannotCopy, back_up

    try:
        back_up(settings_of_data(chosen), chosen.file)
    except CannotCopy as error:
        return fail(FAILED, error)
    return 0
