"""`hubbub picture`."""

import argparse
from pathlib import Path

from hubbub.cli.exits import USAGE, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.sdk import START_SECONDS, URL_HELP, add_name, add_quiet, client, using_the_sdk

SUMMARY = "set or remove the picture of your account, or of a room"
EXAMPLES = """\
  hubbub picture me.jpg                       # your own, once you have logged in
  hubbub picture pan.png --of '#kitchen'      # of a room, by its alias or key
  hubbub picture robot.png --of build         # of a bot of yours; as an admin, of any account
  hubbub picture --remove --of '#kitchen'"""


def add_options(parser: Parser) -> None:
    """Add the picture, and whose it is."""
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="a PNG, JPEG, GIF, WebP or AVIF; it is cropped to a square around its centre",
    )
    parser.add_argument("--remove", action="store_true", help="remove the picture")
    parser.add_argument(
        "--of",
        metavar="WHOSE",
        help="handle or key of an account; or # and the alias of a room, or its key (default: your account)",
    )
    parser.add_argument("--url", help=URL_HELP)
    add_name(parser)
    add_quiet(parser)


@using_the_sdk
def run(chosen: argparse.Namespace) -> int:
    """Set or remove a picture."""
    from hubbub.terminal.picture import NoSuchAccount, set_picture

    if chosen.remove == bool(chosen.file):
        return fail(USAGE, "Give either a FILE or --remove")
    if chosen.file and not chosen.file.is_file():
        why = "Not a file" if chosen.file.exists() else "No such file"
        return fail(USAGE, f"{why}: {chosen.file}")
    try:
        set_picture(client(chosen, START_SECONDS), chosen.of or "", chosen.file, quiet=chosen.quiet)
    except (NoSuchAccount, OSError) as error:
        return fail(USAGE, error)
    return 0
