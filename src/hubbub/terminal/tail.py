"""`hubbub tail`: follow a room from the last messages or from a position, across reconnects."""

import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from hubbub import events
from hubbub.client import Client, Position, Reset, Room
from hubbub.events import Event
from hubbub.protocol.messages import Resumed
from hubbub.terminal.names import KnownNames
from hubbub.terminal.remarks import about_reset, about_resumed, remark_on
from hubbub.terminal.run import beside, first, run, until_reader_gone
from hubbub.terminal.style import Style
from hubbub.terminal.text import visible, visible_json
from hubbub.terminal.transcript import Transcript

MAX_PAGE = 200
Learn = Callable[[Event | Resumed | Reset], Awaitable[None]]


class TailFormat(Protocol):
    """How events are printed: for people or for programs."""

    def event(self, event: Event) -> list[str]:
        """The lines for an event."""

    def reset(self, reset: Reset) -> list[str]:
        """The lines where events are missing: the state of the room after the gap."""


class JsonFormat:
    """Events as on the wire. A gap becomes a notice, so that no program takes the sequence for complete."""

    def event(self, event: Event) -> list[str]:
        """See `TailFormat.event`."""
        return [_json(events.encode(event))]

    def reset(self, reset: Reset) -> list[str]:
        """See `TailFormat.reset`."""
        snapshot = reset.snapshot
        notice = {"notice": "reset", "room": snapshot.room, "epoch": snapshot.epoch}
        return [_json(msgspec.json.encode({**notice, "head": snapshot.head}))]


class TextFormat:
    """Lines as in `hubbub chat`."""

    def __init__(self, called: Callable[[str], str] = str) -> None:
        self._transcript = Transcript(called)
        self._style = Style.of(sys.stdout)

    def event(self, event: Event) -> list[str]:
        """See `TailFormat.event`."""
        return list(map(self._style.render, self._transcript.event(event)))

    def reset(self, reset: Reset) -> list[str]:
        """See `TailFormat.reset`."""
        lines = [line for m in reset.snapshot.messages for line in self._transcript.message(m)]
        return list(map(self._style.render, lines))


def tail(
    client: Client,
    room: str,
    *,
    since: int | None,
    epoch: str | None,
    last: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print the events of `room` to stdout until interrupted.

    Starts after the event `since` of the log `epoch`, or without `since`, with the last `last` messages.

    Raises:
        Refused, Unreachable, Closed: see the SDK.
        BrokenPipeError: the reader of stdout has exited.
    """

    names = KnownNames(client)

    async def start() -> Room:
        if not as_json:
            await names.open(room)
        if since is not None:
            return await client.follow(room, since=since, epoch=epoch)
        position = await _before_the_last(client, room, last)
        return await client.follow(room, since=position.seq, epoch=position.epoch)

    form = JsonFormat() if as_json else TextFormat(names.of)
    learn = _learn_nothing if as_json else names.learn
    run(_tail(client, room, start, form, learn, _ignore if quiet else _remark))


async def _tail(
    client: Client,
    called: str,
    start: Callable[[], Awaitable[Room]],
    form: TailFormat,
    learn: Learn,
    remark: Callable[[str], None],
) -> None:
    async with beside(remark_on(client, remark)), client:
        room = await start()
        epoch, seq = room.position
        remark(f"{called} after event {seq} (epoch {epoch})")
        await first(_write(room, form, learn, remark), until_reader_gone())
    raise BrokenPipeError


async def _write(room: Room, form: TailFormat, learn: Learn, remark: Callable[[str], None]) -> None:
    is_first = True
    async for item in room.stream(markers=True):
        await learn(item)
        match item:
            case Resumed():
                if not is_first:
                    remark(about_resumed(item))
            case Reset():
                remark(about_reset(item))
                _print(form.reset(item))
            case _:
                _print(form.event(item))
        is_first = False


async def _before_the_last(client: Client, room: str, count: int) -> Position:
    """The position just before the last `count` messages."""
    page = await client.history(room, limit=max(1, min(count, MAX_PAGE)))
    epoch, head, found = page.epoch, page.head, page.messages[len(page.messages) - count :]
    if count == 0 or not page.messages:
        return Position(epoch, head)
    while page.more and len(found) < count:
        limit = min(count - len(found), MAX_PAGE)
        page = await client.history(room, before=found[0].seq, limit=limit)
        found = [*page.messages, *found]
        if not page.messages:
            break
    return Position(epoch, found[0].seq - 1)


def _json(encoded: bytes) -> str:
    return visible_json(encoded.decode(), sys.stdout.encoding)


def _print(lines: list[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _remark(text: str) -> None:
    print(f"-- {visible(text)}", file=sys.stderr, flush=True)


def _ignore(_: str) -> None:
    pass


async def _learn_nothing(_: Event | Resumed | Reset) -> None:
    """Programs get what is on the wire."""
