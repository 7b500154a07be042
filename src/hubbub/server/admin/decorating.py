"""Emoji of the server, managed from its own machine, whether or not a server is running. Acts as the operator."""

import json
import sys
from pathlib import Path

from hubbub.domain.aspects.emoji import MAX_IMAGE_BYTES, AddEmoji, RemoveEmoji, image_from
from hubbub.domain.tables.emoji import EMOJI, Emoji, emoji_row
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY
from hubbub.server.admin.managing import CannotManage, Office, in_office
from hubbub.server.config import Settings


def show(settings: Settings, *, as_json: bool) -> None:
    """Print the emoji by their names. Raises CannotManage."""

    async def read(office: Office) -> list[Emoji]:
        return await office.store.rows(EMOJI, DIRECTORY)

    rows = in_office(settings, read)
    if not rows:
        print("There are no emoji yet. `hubbub emoji add NAME FILE` adds one", file=sys.stderr)
    for row in rows:
        if as_json:
            fields = row._asdict()
            del fields["log"]
            print(json.dumps(fields))
        else:
            print(_described(row))


def add(settings: Settings, name: str, file: Path) -> None:
    """Add an emoji with the image in a file. Raises CannotManage."""

    async def act(office: Office) -> Emoji:
        await office.do(AddEmoji(name=name, image=image_from(_contents(file))))
        return await _emoji(office, name)

    print(f"Added: {_described(in_office(settings, act))}", file=sys.stderr)


def remove(settings: Settings, name: str) -> None:
    """Remove an emoji. Raises CannotManage."""

    async def act(office: Office) -> Emoji:
        row = await _emoji(office, name)
        await office.do(RemoveEmoji(name=name))
        return row

    print(f"Removed: {_described(in_office(settings, act))}", file=sys.stderr)


def _contents(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_IMAGE_BYTES + 1)
    except OSError as error:
        raise CannotManage(f"Can't read {file}: {error.strerror}") from error
    if len(data) > MAX_IMAGE_BYTES:
        why = f"Image too large: use at most {MAX_IMAGE_BYTES} bytes"
        raise RefusalError("too_large", why)
    return data


async def _emoji(office: Office, name: str) -> Emoji:
    """Return an emoji. Raises CannotManage."""
    rows = await office.store.rows(EMOJI, *emoji_row(name))
    if not rows:
        raise CannotManage(f"No emoji {name!r}; `hubbub emoji list` lists all emoji")
    return rows[0]


def _described(row: Emoji) -> str:
    return f":{row.name}:  {row.type}  {row.width} × {row.height}  by {row.by}"
