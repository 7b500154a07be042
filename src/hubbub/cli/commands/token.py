"""`hubbub token`."""

import argparse

from hubbub.cli.exits import FAILED, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_data, reading_settings, settings_of_data

SUMMARY = "create, list and revoke tokens for scripts and apps"
EXAMPLES = """\
  hubbub token create --name ci --rooms 'build-*' --can read,post
  hubbub token list
  hubbub token revoke ci"""


def add_options(parser: Parser) -> None:
    """Add the actions."""
    actions = parser.add_actions()
    create = actions.add_parser(
        "create",
        help="create a token and print it, once",
        examples="  hubbub token create --name ci --rooms 'build-*' --can read,post",
    )
    listing = actions.add_parser(
        "list", help="list the tokens", examples="  hubbub token list --json"
    )
    revoke = actions.add_parser(
        "revoke",
        help="revoke tokens and end the connections that use them",
        examples="  hubbub token revoke ci",
    )
    _add_create(create)
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    revoke.add_argument("token", metavar="NAME", help="name or ID of the token")
    for action, name in ((create, "create"), (listing, "list"), (revoke, "revoke")):
        action.set_defaults(action=name)
        add_data(action)


def _add_create(create: Parser) -> None:
    create.add_argument(
        "--name", required=True, help="name under which the holder of the token posts"
    )
    create.add_argument(
        "--rooms",
        default="*",
        metavar="PATTERNS",
        help="rooms that the token is for, separated by commas; * matches any characters (default: all rooms)",
    )
    create.add_argument(
        "--can",
        default="read,post",
        metavar="SCOPES",
        help="read, post, patch or moderate, separated by commas (default: read,post)",
    )
    create.add_argument(
        "--expires-in",
        metavar="TIME",
        help="lifetime, such as 90d, 12h or 30m (default: unlimited)",
    )


@reading_settings
def run(chosen: argparse.Namespace) -> int:
    """Create, list or revoke tokens."""
    from hubbub.server.admin.issuing import CannotIssue, create, revoke, show

    settings = settings_of_data(chosen)
    try:
        match chosen.action:
            case "create":
                create(settings, chosen.name, chosen.can, chosen.rooms, chosen.expires_in)
            case "list":
                show(settings, as_json=chosen.json)
            case _:
                revoke(settings, chosen.token)
    except CannotIssue as error:
        return fail(FAILED, error)
    return 0
