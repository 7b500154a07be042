"""What a room's user and a client without the room do in the same way."""

import secrets

import msgspec

from hubbub.client.exchange import Exchange
from hubbub.protocol.messages import AnyCommand, History, Page, Post


class Acknowledgement(msgspec.Struct, frozen=True):
    """The server's word that a change is safely stored.

    Attributes:
        room: the room's name.
        seq: the number of the event that the change became.
        at: when, by the server's clock (RFC 3339, UTC).
        duplicate: whether the same `client_message_id` had been posted before; the rest is the first answer.
    """

    room: str
    seq: int
    at: str
    duplicate: bool = False


class ChangeOutcome(msgspec.Struct, frozen=True):
    """As `Acknowledgement`, of what may have changed nothing: then there is no `seq`."""

    room: str
    seq: int | None
    at: str | None = None


async def change(exchange: Exchange, command: AnyCommand) -> Acknowledgement | None:
    """Do what may be done already; None if it was."""
    done: ChangeOutcome = await exchange.ask(command, ChangeOutcome)
    if done.seq is None or done.at is None:
        return None
    return Acknowledgement(done.room, done.seq, done.at)


async def post(
    exchange: Exchange,
    room: str,
    message: str | bytes,
    reply_to: int | None,
    client_message_id: str | None,
) -> Acknowledgement:
    """Post, with an id by which the server knows a repetition."""
    command = Post(
        room=room,
        text=message if isinstance(message, str) else None,
        bytes=message if isinstance(message, bytes) else None,
        client_message_id=client_message_id or secrets.token_urlsafe(16),
        reply_to=reply_to,
    )
    acknowledgement: Acknowledgement = await exchange.ask(command, Acknowledgement)
    return acknowledgement


async def history(
    exchange: Exchange, room: str, before: int | None, after: int | None, limit: int
) -> Page:
    """Messages next before or after a seq."""
    command = History(room=room, before=before, after=after, limit=limit)
    page: Page = await exchange.ask(command, Page)
    return page
