"""`hubbub serve`."""

import argparse
import os

from hubbub.cli.exits import FAILED, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_settings, flags, reading_settings, settings_file

SUMMARY = "run a server"
EXAMPLES = """\
  hubbub serve
  hubbub serve --port 9000 --data ./data
  HUBBUB_PORT=9000 hubbub serve         # options can also come from the environment
  hubbub serve --config hubbub.toml     # or from a file, with a line port = 9000"""


def add_options(parser: Parser) -> None:
    """Add an option for each setting."""
    add_settings(parser)


@reading_settings
def run(chosen: argparse.Namespace) -> int:
    """Run a server until it is stopped."""
    from hubbub.server.app import CannotStart
    from hubbub.server.serving import serve
    from hubbub.server.sources import load, origins

    try:
        given = flags(chosen), os.environ, settings_file(chosen)
        serve(load(*given), origins(*given))
    except CannotStart as error:
        return fail(FAILED, error)
    return 0
