"""What the commands that talk to a server have in common: options, the client, and how its exceptions end them."""

import argparse
import os
from typing import TYPE_CHECKING

from hubbub.cli.exits import FAILED, REFUSED, UNREACHABLE, USAGE, Run, fail
from hubbub.cli.parsing import Parser
from hubbub.cli.settings import mistake_in_environment

if TYPE_CHECKING:
    from hubbub.client import Client

DEFAULT_URL = "http://127.0.0.1:8181"
START_SECONDS = 10.0
HINTS = {  # for refusals by the server
    "name_taken": "; choose another name with --name",
    "unauthenticated": "; log in with `hubbub login`, or set HUBBUB_TOKEN to a valid token",
}

URL_HELP = f"server: http(s)://…, ws(s)://… or host:port (default: HUBBUB_URL, else {DEFAULT_URL})"


def add_common(parser: Parser) -> None:
    """Add the options of the commands that name a room first."""
    parser.add_argument("--url", help=URL_HELP)
    add_name(parser)
    add_quiet(parser)


def add_name(parser: Parser) -> None:
    """Add the option `--name`."""
    parser.add_argument("--name", help="your name (default: the server picks one)")


def add_quiet(parser: Parser) -> None:
    """Add the option `--quiet`."""
    parser.add_argument("-q", "--quiet", action="store_true", help="print only data and errors")


def using_the_sdk(run: Run) -> Run:
    """Wrap a command that uses the SDK: turn its exceptions into exit codes."""

    def command(chosen: argparse.Namespace) -> int:
        from hubbub.client import Closed, Refused, Unknown, Unreachable
        from hubbub.terminal.stdin import BadInput

        if why := mistake_in_environment():
            return fail(USAGE, why)
        try:
            return run(chosen)
        except BadInput as error:
            return fail(USAGE, error)
        except Refused as error:
            hint = HINTS.get(error.code, "")
            return fail(REFUSED, f"Refused: {error.message} ({error.code}){hint}")
        except (Unreachable, Closed, Unknown) as error:
            return fail(UNREACHABLE, error)

    return command


def client(chosen: argparse.Namespace, timeout: float | None) -> "Client":
    """Return a client. `timeout` bounds the first connection and temporary refusals; None waits for ever."""
    from hubbub.client import connect

    url = address_of(chosen)
    token = token_of(chosen)
    patience = float("inf") if timeout is None else timeout
    try:
        key = None if token else _guest_key(url, chosen.name)
        return connect(
            url, name=chosen.name, token=token, key=key, open_timeout=timeout, patience=patience
        )
    except ValueError as error:
        raise SystemExit(fail(USAGE, error)) from None


def address_of(chosen: argparse.Namespace) -> str:
    """The address of the server: the argument or option, else the variable, else the default."""
    address: str = chosen.url or os.environ.get("HUBBUB_URL") or DEFAULT_URL
    return address


def token_of(chosen: argparse.Namespace) -> str | None:
    """The token: the variable's, else that of the session on this server, unless a guest's name was chosen.

    It has no option, since other users of the machine can read command lines.
    """
    if (token := os.environ.get("HUBBUB_TOKEN")) or chosen.name is not None:
        return token or None
    from hubbub.terminal.credentials import BadCredentials, login_for

    try:
        login = login_for(address_of(chosen))
    except BadCredentials as error:
        raise SystemExit(fail(FAILED, error)) from None
    except ValueError:
        return None  # the client says what is wrong with the address
    return login.token if login else None


def _guest_key(url: str, name: str | None) -> str | None:
    from hubbub.terminal.home import guest_key

    try:
        return guest_key(url, name)
    except OSError as error:
        fail(
            FAILED,
            f"Can't save the key for your name, so the name is yours only until this command exits: {error}",
        )
        return None
