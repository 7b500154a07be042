"""`hubbub logout`."""

import argparse
import sys

from hubbub.cli.exits import FAILED, USAGE, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.sdk import URL_HELP, add_quiet, address_of, using_the_sdk

SUMMARY = "log out of a server"
EXAMPLES = "  hubbub logout https://chat.example.org"


def add_options(parser: Parser) -> None:
    """Add the server."""
    parser.add_argument("url", nargs="?", metavar="URL", help=URL_HELP)
    add_quiet(parser)


@using_the_sdk
def run(chosen: argparse.Namespace) -> int:
    """End the session that `hubbub login` opened, and forget it."""
    from hubbub.terminal.credentials import BadCredentials, file, forget, login_for
    from hubbub.terminal.login import log_out

    address = address_of(chosen)
    try:
        login = login_for(address)
        if login is None:
            return fail(FAILED, f"Not logged in to {address}")
        log_out(address, login.token)
        forget(address)
    except ValueError as error:
        return fail(USAGE, error)
    except BadCredentials as error:
        return fail(FAILED, error)
    except OSError as error:
        return fail(FAILED, f"Can't write {file()}: {error.strerror}")
    if not chosen.quiet:
        print(f"Logged out of {address}", file=sys.stderr)
    return 0
