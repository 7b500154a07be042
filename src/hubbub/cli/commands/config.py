"""`hubbub config`."""

import argparse
import os

from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_settings, flags, reading_settings, settings_file

SUMMARY = "show the settings and where each comes from"
EXAMPLES = """\
  hubbub config show --origin           # also show where each setting comes from
  hubbub config show --port 9000        # the settings of `hubbub serve --port 9000`"""


def add_options(parser: Parser) -> None:
    """Add the action."""
    actions = parser.add_actions()
    show = actions.add_parser(
        "show",
        help="show every setting that a server would use",
        examples="  hubbub config show --origin",
    )
    show.add_argument(
        "--origin", action="store_true", help="also show where each setting comes from"
    )
    add_settings(show)


@reading_settings
def run(chosen: argparse.Namespace) -> int:
    """Show the settings."""
    from hubbub.server.admin.showing import show

    show(flags(chosen), os.environ, settings_file(chosen), with_origin=chosen.origin)
    return 0
