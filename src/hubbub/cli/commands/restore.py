"""`hubbub restore`."""

import argparse
from pathlib import Path

from hubbub.cli.exits import FAILED, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_data, reading_settings, settings_of_data

SUMMARY = "replace the database with a backup"
EXAMPLES = "  hubbub restore monday.db          # keeps the old database beside the new one"


def add_options(parser: Parser) -> None:
    """Add the file, and which data."""
    parser.add_argument("file", metavar="FILE", type=Path, help="backup written by `hubbub backup`")
    add_data(parser)


@reading_settings
def run(chosen: argparse.Namespace) -> int:
    """Replace the database with a backup."""
    from hubbub.server.admin.copying import CannotCopy, restore

    try:
        restore(settings_of_data(chosen), chosen.file)
    except CannotCopy as error:
        return fail(FAILED, error)
    return 0
