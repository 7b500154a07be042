"""`hubbub invite`."""

import argparse

from hubbub.cli.exits import USAGE, fail
from hubbub.cli.parsing import Parser, count
from hubbub.cli.settings import add_data, managing, settings_of_data

SUMMARY = "invite people to make accounts, on the machine of the server"
EXAMPLES = """\
  hubbub invite                         # for one member, within 7 days
  hubbub invite --role admin --days 1
  hubbub invite --uses 30               # one token for a whole team
  hubbub invite --role guest --room '#kitchen'"""

ROLES = ("guest", "member", "moderator", "admin")


def add_options(parser: Parser) -> None:
    """Add what the invite is good for."""
    parser.add_argument(
        "--role", default="member", choices=ROLES, help="role of the accounts (default: member)"
    )
    parser.add_argument(
        "--uses", type=count, default=1, metavar="N", help="number of accounts (default: 1)"
    )
    parser.add_argument(
        "--days", type=count, default=7, metavar="N", help="days until it expires (default: 7)"
    )
    parser.add_argument(
        "--room",
        action="append",
        default=[],
        metavar="ROOM",
        help="room in which the accounts begin: # and its alias, or its key; can be repeated",
    )
    add_data(parser)


@managing
def run(chosen: argparse.Namespace) -> int:
    """Make an invite."""
    from hubbub.server.admin.managing import invite

    if not (1 <= chosen.uses <= 1_000 and 1 <= chosen.days <= 365):
        return fail(USAGE, "Invalid --uses or --days: use 1 to 1000 accounts and 1 to 365 days")
    invite(settings_of_data(chosen), chosen.role, chosen.uses, chosen.days, chosen.room)
    return 0
