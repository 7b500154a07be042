"""`hubbub emoji`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_data, add_yes, managing, settings_of_data

if TYPE_CHECKING:
    from hubbub.server.config import Settings

SUMMARY = "add and remove the server's own emoji, on the machine of the server"
EXAMPLES = """\
  hubbub emoji add party_parrot parrot.gif    # works while the server runs, like all of these
  hubbub emoji list
  hubbub emoji remove party_parrot"""


def add_options(parser: Parser) -> None:
    """Add the actions."""
    actions = parser.add_actions()
    listing = actions.add_parser(
        "list", help="list the emoji", examples="  hubbub emoji list --json"
    )
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    adding = actions.add_parser(
        "add", help="add an emoji", examples="  hubbub emoji add party_parrot parrot.gif"
    )
    _add_name(adding)
    adding.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="PNG, GIF, JPEG, WebP or AVIF of at most 64 KiB and 512 × 512 pixels",
    )
    removing = actions.add_parser(
        "remove", help="remove an emoji", examples="  hubbub emoji remove party_parrot"
    )
    _add_name(removing)
    add_yes(removing)
    for action, name in ((listing, "list"), (adding, "add"), (removing, "remove")):
        action.set_defaults(action=name)
        add_data(action)


def _add_name(action: Parser) -> None:
    action.add_argument("name", metavar="NAME", help="name, without the colons around it")


@managing
def run(chosen: argparse.Namespace) -> int:
    """List, add or remove emoji."""
    _act(settings_of_data(chosen), chosen)
    return 0


def _act(settings: "Settings", chosen: argparse.Namespace) -> None:
    from hubbub.server.admin import decorating
    from hubbub.terminal import asking

    name = chosen.name.strip(":") if "name" in chosen else ""
    match chosen.action:
        case "list":
            decorating.show(settings, as_json=chosen.json)
        case "add":
            decorating.add(settings, name, chosen.file)
        case _:
            if not chosen.yes:
                asking.confirm(lambda: f"Remove :{name}: and its image")
            decorating.remove(settings, name)
