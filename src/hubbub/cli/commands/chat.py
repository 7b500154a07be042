"""`hubbub chat`."""

import argparse

from hubbub.cli.parsing import Parser
from hubbub.cli.sdk import URL_HELP, add_name, add_quiet, client, token_of, using_the_sdk

SUMMARY = "chat in a room, line by line"
EXAMPLES = """\
  hubbub chat --name ada
  hubbub chat http://localhost:9000 --room kitchen
  hubbub chat --room '#plans'           # a room that people made, by its alias
  printf 'hello\\nworld\\n' | hubbub chat    # post lines from a pipe; exit when all are acknowledged"""


def add_options(parser: Parser) -> None:
    """Add the server, the room and the name."""
    parser.add_argument("url", nargs="?", metavar="URL", help=URL_HELP)
    add_name(parser)
    parser.add_argument("--room", default="lobby", help="room to join (default: lobby)")
    add_quiet(parser)


@using_the_sdk
def run(chosen: argparse.Namespace) -> int:
    """Chat in a room."""
    from hubbub.terminal.chat import chat
    from hubbub.terminal.home import Drafts

    me = client(chosen, None)
    drafts = Drafts(me.url, chosen.room, chosen.name, token_of(chosen))
    chat(me, chosen.room, drafts, quiet=chosen.quiet)
    return 0
