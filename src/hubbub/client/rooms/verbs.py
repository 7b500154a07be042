"""Commands that a joined room and a client share."""

from typing import TypedDict, Unpack

import msgspec

from hubbub.client.wire.exchange import Exchange
from hubbub.events import Reference
from hubbub.protocol.messages import AnyCommand, History, Page, Post


class Acknowledgement(msgspec.Struct, frozen=True):
    """The server's confirmation that a change is stored.

    Attributes:
        room: the name of the room.
        seq: the seq of the event that the change became.
        at: the server's time (RFC 3339, UTC).
        duplicate: whether the change was made before with the same `client_message_id`. The other fields are then of that.
        unreached: the handles that a message mentions in vain, because these people are not members of the room.
    """

    room: str
    seq: int
    at: str
    duplicate: bool = False
    unreached: tuple[str, ...] = ()


class ChangeOutcome(msgspec.Struct, frozen=True):
    """Like `Acknowledgement`, for a command that may change nothing. `seq` is then None."""

    room: str
    seq: int | None
    at: str | None = None
    duplicate: bool = False


async def change(exchange: Exchange, command: AnyCommand) -> Acknowledgement | None:
    """Send a command that may change nothing. Returns None in that case."""
    done: ChangeOutcome = await exchange.ask(command, ChangeOutcome)
    if done.seq is None or done.at is None:
        return None
    return Acknowledgement(done.room, done.seq, done.at, done.duplicate)


class PostGiven(TypedDict, total=False):
    """What a post says besides its text: see `hubbub.protocol.messages.Post`."""

    reply_to: int | None
    client_message_id: str | None
    of: Reference
    also_in_room: bool
    title: str | None
    files: list[str] | None
    alts: dict[str, str] | None


async def post(
    exchange: Exchange, room: str, message: str | bytes, **given: Unpack[PostGiven]
) -> Acknowledgement:
    """Post a message, with an id by which the server recognizes repetitions."""
    command = Post(
        room=room,
        text=message if isinstance(message, str) else None,
        bytes=message if isinstance(message, bytes) else None,
        **given,
    )
    acknowledgement: Acknowledgement = await exchange.ask(command, Acknowledgement)
    return acknowledgement


async def history(
    exchange: Exchange, room: str, before: int | None, after: int | None, limit: int
) -> Page:
    """Request the messages directly before or after a seq."""
    command = History(room=room, before=before, after=after, limit=limit)
    page: Page = await exchange.ask(command, Page)
    return page
