"""The sessions that `hubbub login` opened: kept in one file of the user's configuration, which only the user can read."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from hubbub.client.wire.address import websocket_url
from hubbub.terminal.home import make_folder, write_private


class Login(NamedTuple):
    """A session on a server. `token` is what programs send."""

    handle: str
    account: str
    token: str


class BadCredentials(Exception):
    """The file can't be read. The message says why, and what to do."""


def file() -> Path:
    """The file: `hubbub/credentials.json` in XDG_CONFIG_HOME (default `~/.config`). Raises BadCredentials."""
    config = os.environ.get("XDG_CONFIG_HOME", "")
    if config.startswith("/"):
        return Path(config) / "hubbub" / "credentials.json"
    try:
        return Path.home() / ".config/hubbub/credentials.json"
    except RuntimeError as error:
        raise BadCredentials(str(error)) from None


def login_for(address: str) -> Login | None:
    """The session on the server at an address, if there is one. Raises BadCredentials, ValueError."""
    return _read().get(websocket_url(address))


def keep(address: str, login: Login) -> None:
    """Keep a session, in place of any on the same server. Raises BadCredentials, OSError."""
    _write(_read() | {websocket_url(address): login})


def forget(address: str) -> None:
    """Forget the session on a server. Raises BadCredentials, OSError."""
    logins = _read()
    if logins.pop(websocket_url(address), None):
        _write(logins)


def _read() -> dict[str, Login]:
    where = file()
    try:
        content: Any = json.loads(where.read_text("utf-8"))
        return {url: Login(**fields) for url, fields in content["logins"].items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadCredentials(f"Can't read {where}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadCredentials(f"{where} is damaged: delete it, and log in again") from None


def _write(logins: dict[str, Login]) -> None:
    where = file()
    make_folder(where.parent)
    content = {"logins": {url: login._asdict() for url, login in logins.items()}}
    write_private(where, json.dumps(content, indent=2).encode())
