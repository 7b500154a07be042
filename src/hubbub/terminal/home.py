"""Files that the commands keep between runs, readable by their user only: a guest's key and unsent messages."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path
from typing import NamedTuple

from hubbub.client.wire.address import websocket_url


def folder() -> Path:
    """The folder of these files: `hubbub` in XDG_STATE_HOME (default `~/.local/state`). Raises OSError."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if state.startswith("/"):
        return Path(state) / "hubbub"
    try:
        return Path.home() / ".local/state/hubbub"
    except RuntimeError as error:
        raise FileNotFoundError(str(error)) from None


def guest_key(address: str, name: str | None) -> str:
    """The secret by which a server recognizes a guest with this name.

    Each name and server has its own key, from which no server can derive any other.

    Raises:
        OSError: the key can't be saved.
    """
    purpose = f"{websocket_url(address)}\0{name or ''}"
    digest = hmac.digest(_secret(), purpose.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Draft(NamedTuple):
    """A message that was entered. `id` is its client_message_id, so that it is never posted twice.

    `to` is the message in whose thread it is a reply.
    """

    id: str
    text: str
    to: int | None = None


class Drafts:
    """The messages that one person entered for one room and that are not acknowledged yet.

    Each is in a file of its own, named by the time, the message that it is a reply to, and its id, until it is acknowledged. Programs that run at
    the same time need no locks: at worst both send a message, which is still posted once.
    """

    def __init__(self, address: str, room: str, name: str | None, token: str | None) -> None:
        who = _holder(token) if token else f"name {name or ''}"
        told = "\0".join((websocket_url(address), room, who))
        self._name = hashlib.sha256(told.encode()).hexdigest()[:32]
        self._files: dict[str, Path] = {}

    def load(self) -> list[Draft]:
        """The drafts from earlier runs, oldest first. Raises OSError."""
        drafts = []
        for file in sorted(self._folder().glob("[!.]*")):
            place, _, key = file.name.partition("-")
            number = place.partition(".")[2]
            to = int(number) if number.isdecimal() else None
            draft = Draft(key, file.read_text("utf-8", "replace"), to)
            self._files[draft.id] = file
            drafts.append(draft)
        return drafts

    def add(self, text: str, to: int | None = None) -> Draft:
        """Save a new draft. Raises OSError."""
        draft = Draft(secrets.token_urlsafe(16), text, to)
        make_folder(self._folder())
        reply = f".{to}" if to else ""
        file = self._folder() / f"{time.time_ns():020}{reply}-{draft.id}"
        write_private(file, text.encode("utf-8", "replace"))
        self._files[draft.id] = file
        return draft

    def remove(self, draft: Draft) -> None:
        """Remove a draft that was acknowledged or refused. Raises OSError."""
        if file := self._files.pop(draft.id, None):
            file.unlink(missing_ok=True)

    def _folder(self) -> Path:
        return folder() / "unsent" / self._name


def make_folder(folder: Path) -> None:
    """Create the folder and its parents, accessible by their user only."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def write_private(file: Path, content: bytes) -> None:
    """Write a file atomically and durably, accessible by its user only."""
    begun = file.with_name(f".{file.name}")
    descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(descriptor)
    begun.replace(file)


def _secret() -> bytes:
    """The secret from which all keys are derived."""
    file = folder() / "key"
    if not file.exists():
        make_folder(file.parent)
        write_private(file, secrets.token_bytes(32))
    return file.read_bytes()


def _holder(token: str) -> str:
    """Whose a token is. JWTs and sessions are renewed, so for these that is the subject or the account, not the token itself."""
    if token.startswith("hubbub_s_"):
        return f"account {token.split('_')[2]}"
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return f"subject {claims.get('iss')} {claims['sub']}"
    except (IndexError, ValueError, KeyError, TypeError, AttributeError):
        return f"token {hashlib.sha256(token.encode()).hexdigest()}"
