"""`hubbub doctor`."""

import argparse
import os

from hubbub.cli.exits import FAILED, USAGE, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_settings, flags, mistake_in_environment, settings_file

SUMMARY = "diagnose this machine or the connection to a server"
EXAMPLES = """\
  hubbub doctor                         # check settings, data directory, database and limits
  hubbub doctor --data ./data           # the same for `hubbub serve --data ./data`
  hubbub doctor https://chat.example.org  # check the connection: TLS, proxies, each transport"""


def add_options(parser: Parser) -> None:
    """Add the URL, and an option for each setting."""
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="server to check (default: what `hubbub serve` would use on this machine)",
    )
    add_settings(parser)


def run(chosen: argparse.Namespace) -> int:
    """Diagnose this machine or the connection to a server."""
    from hubbub.doctor import examine_here, examine_there

    if chosen.url is not None:
        if why := mistake_in_environment():
            return fail(USAGE, why)
        return 0 if examine_there(chosen.url, os.environ.get("HUBBUB_TOKEN")) else FAILED
    file = settings_file(chosen)
    return 0 if examine_here(flags(chosen), os.environ, file) else FAILED
