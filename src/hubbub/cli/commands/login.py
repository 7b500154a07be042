"""`hubbub login`."""

import argparse
import sys
from pathlib import Path

from hubbub.cli.exits import FAILED, USAGE, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.sdk import URL_HELP, add_quiet, address_of, using_the_sdk

SUMMARY = "log in to a server, for chat, send and tail"
EXAMPLES = """\
  hubbub login https://chat.example.org # asks for handle and password
  hubbub login localhost:9000 --handle ada --password-file secret.txt"""


def add_options(parser: Parser) -> None:
    """Add the server, and where handle and password come from."""
    parser.add_argument("url", nargs="?", metavar="URL", help=URL_HELP)
    parser.add_argument("--handle", help="your handle (default: ask for it)")
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="read the password from FILE, or from standard input if it is - "
        "(default: ask for it on a terminal, else standard input)",
    )
    add_quiet(parser)


@using_the_sdk
def run(chosen: argparse.Namespace) -> int:
    """Log in with a password, and keep the session."""
    from hubbub.terminal.asking import CannotAsk
    from hubbub.terminal.credentials import BadCredentials, file

    try:
        _log_in(chosen)
    except (CannotAsk, ValueError) as error:
        return fail(USAGE, error)
    except BadCredentials as error:
        return fail(FAILED, error)
    except OSError as error:
        return fail(FAILED, f"Can't write {file()}: {error.strerror}")
    return 0


def _log_in(chosen: argparse.Namespace) -> None:
    from hubbub.client import HubbubError
    from hubbub.terminal import asking, credentials
    from hubbub.terminal.login import is_encrypted, log_in, log_out

    address = address_of(chosen)
    before = credentials.login_for(address)
    if not is_encrypted(address):
        print("Warning: others on the network can read the password", file=sys.stderr)
    handle = chosen.handle
    if handle is None:
        if not asking.is_there_someone():
            raise asking.CannotAsk("There is nobody to ask for the handle: give --handle")
        handle = asking.line("Handle: ")
    login = log_in(address, handle, asking.password(chosen.password_file, "Password: "))
    credentials.keep(address, login)
    if not chosen.quiet:
        print(f"Logged in to {address} as {login.handle}", file=sys.stderr)
    if before is not None:
        try:
            log_out(address, before.token)
        except HubbubError:
            pass  # it ends by itself once it is not used
