"""`hubbub files`."""

import argparse
import re
from typing import TYPE_CHECKING

from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_data, managing, settings_of_data

if TYPE_CHECKING:
    from hubbub.server.config import Settings

SUMMARY = "show how much space files use, and set limits, on the server's own machine"
EXAMPLES = """\
  hubbub files list                     # works while the server runs, like all of these
  hubbub files limit 2GiB --person       # for each person
  hubbub files limit 10GiB --of ada"""

_SIZE = re.compile(r"([0-9]{1,16})([kmgt]i?b)?", re.IGNORECASE)
_UNITS: dict[str, int] = {"": 1} | {
    f"{letter}{i}b": base**power
    for i, base in (("", 1000), ("i", 1024))
    for power, letter in enumerate("kmgt", 1)
}


def add_options(parser: Parser) -> None:
    """Add the actions."""
    actions = parser.add_actions()
    listing = actions.add_parser(
        "list",
        help="show the limits, and which accounts use the most space",
        examples="  hubbub files list",
    )
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    limiting = actions.add_parser(
        "limit",
        help="set how much space files may use; existing files are never deleted",
        examples="  hubbub files limit 2GiB --person",
    )
    limiting.add_argument(
        "size",
        metavar="SIZE",
        type=_size,
        help="a number of bytes, such as 500MB or 2GiB; `default` removes this limit",
    )
    what = limiting.add_mutually_exclusive_group(required=True)
    for name, summary in (
        ("file", "limit each file"),
        ("person", "limit the files of each person together"),
        ("server", "limit all files together"),
    ):
        what.add_argument(f"--{name}", dest="what", action="store_const", const=name, help=summary)
    what.add_argument("--of", metavar="HANDLE", help="limit the files of this account together")
    for action, name in ((listing, "list"), (limiting, "limit")):
        action.set_defaults(action=name)
        add_data(action)


def _size(text: str) -> int | None:
    if text == "default":
        return None
    if (found := _SIZE.fullmatch(text)) is None:
        raise argparse.ArgumentTypeError(
            f"invalid size {text!r}: use a number of bytes, such as 500MB or 2GiB"
        )
    return int(found[1]) * _UNITS[(found[2] or "").lower()]


@managing
def run(chosen: argparse.Namespace) -> int:
    """Show how much space files use, or limit it."""
    _act(settings_of_data(chosen), chosen)
    return 0


def _act(settings: "Settings", chosen: argparse.Namespace) -> None:
    from hubbub.server.admin import limiting

    if chosen.action == "list":
        limiting.show(settings, as_json=chosen.json)
    else:
        limiting.limit(settings, chosen.what or "", chosen.of, chosen.size)
