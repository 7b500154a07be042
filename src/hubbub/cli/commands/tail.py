"""`hubbub tail`."""

import argparse

from hubbub.cli.exits import USAGE, fail
from hubbub.cli.parsing import Parser, count
from hubbub.cli.sdk import START_SECONDS, add_common, client, using_the_sdk

SUMMARY = "follow a room and print its events as they happen"
EXAMPLES = """\
  hubbub tail lobby
  hubbub tail lobby -n 100 --json | jq -r .text
  hubbub tail '#plans'                  # a room that people made, by its alias
  hubbub tail lobby --since 0           # from the beginning of the log"""


def add_options(parser: Parser) -> None:
    """Add the room, and where to start."""
    parser.add_argument("room", metavar="ROOM", help="room to follow")
    add_common(parser)
    parser.add_argument(
        "--json", action="store_true", help="print one event per line as JSON, as on the wire"
    )
    parser.add_argument(
        "--since", type=count, metavar="SEQ", help="start after the event with this number"
    )
    parser.add_argument("--epoch", metavar="EPOCH", help="epoch of the log that --since refers to")
    parser.add_argument(
        "-n",
        dest="last",
        type=count,
        default=10,
        metavar="LAST",
        help="without --since, start with the last LAST messages (default: 10)",
    )


@using_the_sdk
def run(chosen: argparse.Namespace) -> int:
    """Follow a room."""
    from hubbub.terminal.tail import tail

    if chosen.epoch is not None and chosen.since is None:
        return fail(USAGE, "--epoch requires --since")
    tail(
        client(chosen, START_SECONDS),
        chosen.room,
        since=chosen.since,
        epoch=chosen.epoch,
        last=chosen.last,
        as_json=chosen.json,
        quiet=chosen.quiet,
    )
    return 0
