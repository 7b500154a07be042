"""`hubbub picture`: sets the picture of an account or a room, or removes it."""

import sys
from pathlib import Path

from hubbub.client import Client
from hubbub.protocol.keys import is_account_key, is_room_key
from hubbub.terminal.run import run


class NoSuchAccount(Exception):
    """There is no account with this handle. The message says so."""


def set_picture(client: Client, whose: str, file: Path | None, *, quiet: bool) -> None:
    """Set a picture, or remove it without a file: that of one's own account, unless it is said `whose`.

    Raises:
        NoSuchAccount: nobody has this handle.
        OSError: the file can't be read.
        Refused, Unreachable, Closed, Unknown: as for any command.
    """

    async def act() -> None:
        async with client:
            key = whose if _is_key(whose) else await _account(client, whose)
            await client.set_avatar(key, await client.upload(file) if file else None)
        if not quiet:
            print("Picture saved" if file else "Picture removed", file=sys.stderr)

    run(act())


def _is_key(whose: str) -> bool:
    """Whether this is a key, or the alias of a room, which the server knows as well. Everything else is a handle."""
    return whose.startswith("#") or is_account_key(whose) or is_room_key(whose)


async def _account(client: Client, handle: str) -> str:
    """Return the key of an account; without a handle, of one's own."""
    me = await client.me.open()
    if not handle:
        return me.account
    wanted = handle.removeprefix("@").lower()
    for key, person in me.people.items():
        if person.handle == wanted:
            return key
    raise NoSuchAccount(f"No account with the handle {handle!r}")
