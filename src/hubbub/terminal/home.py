"""What the commands keep between runs, in files for their user alone: a guest's key, and messages not sent yet."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path
from typing import NamedTuple

from hubbub.client.address import websocket_url


def folder() -> Path:
    """Where they are: `hubbub` in XDG_STATE_HOME, which is `~/.local/state` unless set. Raises OSError."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if state.startswith("/"):
        return Path(state) / "hubbub"
    try:
        return Path.home() / ".local/state/hubbub"
    except RuntimeError as error:
        raise FileNotFoundError(str(error)) from None


def guest_key(address: str, name: str | None) -> str:
    """The secret by which a server knows a guest again, under this name.

    Each name is a guest of its own, and no server can tell the keys for others from its own.

    Raises:
        OSError: it can't be kept.
    """
    purpose = f"{websocket_url(address)}\0{name or ''}"
    digest = hmac.digest(_secret(), purpose.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Draft(NamedTuple):
    """A message that was entered; `id` is its client_message_id, so that it is never posted twice."""

    id: str
    text: str


class Drafts:
    """The messages that one person has entered for one room and that are not acknowledged yet.

    Each is in a file of its own, named by the time and its id, from when it is entered until it is acknowledged.
    So programs that run at the same time need no locks: at worst both send a message, which is posted once.
    """

    def __init__(self, address: str, room: str, name: str | None, token: str | None) -> None:
        who = _holder(token) if token else f"name {name or ''}"
        told = "\0".join((websocket_url(address), room, who))
        self._name = hashlib.sha256(told.encode()).hexdigest()[:32]
        self._files: dict[str, Path] = {}

    def load(self) -> list[Draft]:
        """What is left from earlier runs, oldest first. Raises OSError."""
        drafts = []
        for file in sorted(self._folder().glob("[!.]*")):
            draft = Draft(file.name.partition("-")[2], file.read_text("utf-8", "replace"))
            self._files[draft.id] = file
            drafts.append(draft)
        return drafts

    def add(self, text: str) -> Draft:
        """A new draft, kept. Raises OSError."""
        draft = Draft(secrets.token_urlsafe(16), text)
        _make(self._folder())
        file = self._folder() / f"{time.time_ns():020}-{draft.id}"
        _write(file, text.encode("utf-8", "replace"))
        self._files[draft.id] = file
        return draft

    def remove(self, draft: Draft) -> None:
        """It was acknowledged or refused. Raises OSError."""
        if file := self._files.pop(draft.id, None):
            file.unlink(missing_ok=True)

    def _folder(self) -> Path:
        return folder() / "unsent" / self._name


def _make(folder: Path) -> None:
    """The folder and those it is in, for their user alone."""
    if not folder.exists():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _write(file: Path, content: bytes) -> None:
    """The whole file or none, on the disk, and for its user alone."""
    begun = file.with_name(f".{file.name}")
    descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(descriptor)
    begun.replace(file)


def _secret() -> bytes:
    """The one secret of which the keys are made."""
    file = folder() / "key"
    if not file.exists():
        _make(file.parent)
        _write(file, secrets.token_bytes(32))
    return file.read_bytes()


def _holder(token: str) -> str:
    """Whom a token stands for, as far as it says so itself: a JWT is renewed, and stays the same person's."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return f"subject {claims.get('iss')} {claims['sub']}"
    except (IndexError, ValueError, KeyError, TypeError, AttributeError):
        return f"token {hashlib.sha256(token.encode()).hexdigest()}"
