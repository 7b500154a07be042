"""`hubbub verify`."""

import argparse

from hubbub.cli.exits import FAILED, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_data, reading_settings, settings_of_data

SUMMARY = "check the audit log, the files that people uploaded, and the search index"
EXAMPLES = "  hubbub verify                     # works while the server runs"


def add_options(parser: Parser) -> None:
    """Add which data."""
    add_data(parser)


@reading_settings
def run(chosen: argparse.Namespace) -> int:
    """Check the audit log of a database."""
    from hubbub.server.admin.verifying import NotVerified, verify

    try:
        verify(settings_of_data(chosen))
    except NotVerified as error:
        return fail(FAILED, error)
    return 0
