"""`hubbub user`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hubbub.cli.parsing import Parser
from hubbub.cli.settings import add_data, add_yes, managing, settings_of_data

if TYPE_CHECKING:
    from hubbub.server.admin.managing import Added
    from hubbub.server.config import Settings

SUMMARY = "add, change and remove accounts, on the machine of the server"
EXAMPLES = """\
  hubbub user list                      # works while the server runs, like all of these
  hubbub user add ada --role owner      # asks for the password
  hubbub user role grace admin
  hubbub user suspend eve
  hubbub user remove eve --messages     # for good, with its messages
  hubbub user reset ada                 # prints a one-time token for choosing a new password"""

ROLES = ("guest", "member", "moderator", "admin", "owner")
OF_ONE = {  # actions on one account, with their help and an example
    "suspend": ("stop an account from doing anything, and end its sessions", "eve"),
    "resume": ("let a suspended account act again", "eve"),
    "reset": ("print a one-time token for choosing a new password", "ada"),
}


def add_options(parser: Parser) -> None:
    """Add the actions."""
    actions = parser.add_actions()
    listing = actions.add_parser(
        "list", help="list the accounts", examples="  hubbub user list --json"
    )
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    adding = actions.add_parser(
        "add", help="make an account", examples="  hubbub user add ada --role owner"
    )
    _add_adding(adding)
    role = actions.add_parser(
        "role", help="give an account another role", examples="  hubbub user role grace admin"
    )
    _add_who(role)
    role.add_argument("role", metavar="ROLE", choices=ROLES, help=", ".join(ROLES))
    for action, name in ((listing, "list"), (adding, "add"), (role, "role")):
        action.set_defaults(action=name)
        add_data(action)
    removing = actions.add_parser(
        "remove",
        help="remove an account for good, and everything that belongs to it",
        examples="  hubbub user remove eve --messages",
    )
    _add_who(removing)
    removing.add_argument(
        "--messages",
        action="store_true",
        help="also erase its messages and reactions, in all rooms",
    )
    add_yes(removing)
    removing.set_defaults(action="remove")
    add_data(removing)
    exporting = actions.add_parser(
        "export",
        help="print all that is kept about an account, as JSON Lines",
        examples="  hubbub user export eve > eve.jsonl",
    )
    _add_who(exporting)
    exporting.set_defaults(action="export")
    add_data(exporting)
    for name, (summary, example) in OF_ONE.items():
        action = actions.add_parser(name, help=summary, examples=f"  hubbub user {name} {example}")
        _add_who(action)
        action.set_defaults(action=name)
        add_data(action)


def _add_adding(adding: Parser) -> None:
    adding.add_argument("handle", metavar="HANDLE", help="handle, for logging in and for mentions")
    adding.add_argument("--name", help="display name (default: the handle)")
    adding.add_argument(
        "--role", default="member", choices=ROLES, help="role on this server (default: member)"
    )
    given = adding.add_mutually_exclusive_group()
    given.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="read the password from FILE, or from standard input if it is - (default: ask for it)",
    )
    given.add_argument(
        "--link",
        action="store_true",
        help="set no password, and print a token with which to choose one",
    )


def _add_who(action: Parser) -> None:
    action.add_argument("who", metavar="HANDLE", help="handle or key of the account")


@managing
def run(chosen: argparse.Namespace) -> int:
    """List, add or change accounts."""
    _act(settings_of_data(chosen), chosen)
    return 0


def _act(settings: "Settings", chosen: argparse.Namespace) -> None:
    from hubbub.server.admin import managing as office

    match chosen.action:
        case "list":
            office.show(settings, as_json=chosen.json)
        case "add":
            office.add(settings, _given(chosen))
        case "role":
            office.change_role(settings, chosen.who, chosen.role)
        case "suspend":
            office.suspend(settings, chosen.who)
        case "remove":
            _remove(settings, chosen)
        case "export":
            office.export(settings, chosen.who)
        case "resume":
            office.resume(settings, chosen.who)
        case _:
            office.reset(settings, chosen.who)


def _remove(settings: "Settings", chosen: argparse.Namespace) -> None:
    from hubbub.server.admin import managing as office
    from hubbub.terminal import asking

    if not chosen.yes:
        asking.confirm(
            lambda: office.what_goes(settings, chosen.who, erases_messages=chosen.messages)
        )
    office.remove(settings, chosen.who, erases_messages=chosen.messages)


def _given(chosen: argparse.Namespace) -> "Added":
    from hubbub.server.admin.managing import Added
    from hubbub.terminal import asking

    password = None
    if not chosen.link:
        prompt = f"Password for {chosen.handle}: "
        password = asking.password(chosen.password_file, prompt, is_new=True)
    return Added(chosen.handle, chosen.name or chosen.handle, chosen.role, password)
