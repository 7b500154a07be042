"""Clients that record all they see and are told, through every cut; here those that speak native JSON, and plain ones.

They know the wire and nothing of hubbub's own client, so that what they saw is evidence. Each follows
a room from its beginning, comes back whenever its server is up, and goes on from its own position.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec
from aiohttp import ClientError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from tests.support import lines
from tests.support.checker import Attempt, Record, Run
from tests.support.lines import UNHURRIED, Line

CUT = (OSError, EOFError, WebSocketException, ClientError, TimeoutError)
NOT_DONE_YET = {"unavailable", "busy", "internal", "rate_limited"}  # may be tried again
RETRY_SECONDS = 0.02
JOIN_SECONDS = 30.0
WINDOW = 8  # commands in flight
JOIN, HELLO = 0, 1 << 30  # ids that no other command has


class Site(Protocol):
    """Where a server is, and whether it is up."""

    up: asyncio.Event

    @property
    def address(self) -> str:
        """Host and port."""


class Atlas:
    """What all clients of one room know together: a plain client is told no numbers."""

    def __init__(self) -> None:
        self.seqs: dict[bytes, int] = {}  # of posts, by their text
        self.epoch = ""


class Frame(msgspec.Struct):
    """A native push or reply, as far as these clients look at it."""

    event: str | None = None
    seq: int | None = None
    text: str | None = None
    re: int | None = None
    ok: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class Client:
    """A person at one transport. `pace` is how many changes a second it asks for."""

    def __init__(
        self, site: Site, atlas: Atlas, room: str, name: str, dice: random.Random, pace: float = 0
    ) -> None:
        self.record = Record(name or "nameless")
        self.seq = 0
        self.is_posting = pace > 0
        self._site, self._atlas, self._room, self._name = site, atlas, room, name
        self.elsewhere: Sequence[Site] = ()  # where it may go the next time
        self._dice, self._pace = dice, pace
        self._asked = 0
        self._open: dict[str, Attempt] = {}  # by their marks: what was never answered
        self.answered = 0
        self._moved = asyncio.Event()

    @property
    def is_settled(self) -> bool:
        """Whether all that can be tried again has been answered."""
        return not self._retries()

    async def live(self) -> None:
        """Connect, follow, post, and do so again after each cut, until cancelled."""
        while self.record.turned_away is None:
            await self._site.up.wait()
            with suppress(*CUT):
                await self._visit()
            if self.elsewhere:
                self._site = self._dice.choice(self.elsewhere)

    async def until(self, is_reached: Callable[[], bool]) -> None:
        """Wait until something is so that only what this client gets can make so."""
        while not is_reached():
            self._moved.clear()
            await self._moved.wait()

    async def _visit(self) -> None:
        """One connection, until it is cut, or turned away."""
        raise NotImplementedError

    @property
    def _rooms_url(self) -> str:
        return f"http://{self._site.address}/api/v1/rooms/{self._room}"

    @property
    def _credentials(self) -> dict[str, str]:
        return {"Hubbub-Key": f"the secret of {self._name}"} if self._name else {}

    def _take(self, seq: int, body: bytes) -> None:
        """An event came."""
        self.record.runs[-1].bodies.append(body)
        self.seq = seq
        self._moved.set()

    def _attempt(self, kind: str = "posted", mark: str | None = None) -> Attempt:
        self._asked += 1
        own = f"{self.record.name} {self._asked}"
        attempt = Attempt(kind, mark or own, f"{own} key" if kind == "posted" else None)
        self.record.attempts.append(attempt)
        self._open[attempt.mark] = attempt
        return attempt

    def _told(self, attempt: Attempt, answer: dict[str, Any] | None, code: str | None) -> None:
        if answer is not None:
            attempt.answers.append((answer["seq"], answer["at"]))
        elif code not in NOT_DONE_YET:
            attempt.refusal = code
        if attempt.is_known and self._open.pop(attempt.mark, None) is not None:
            self.answered += 1
        self._moved.set()

    def _retries(self) -> deque[Attempt]:
        """What to ask again, since it is not known how it went and the key makes it safe."""
        return deque(attempt for attempt in self._open.values() if attempt.key)

    async def _turned_away(self, why: str) -> None:
        """Refused: for good, or until it tries again."""
        if any(f'"{code}"' in why for code in NOT_DONE_YET):
            await asyncio.sleep(RETRY_SECONDS)
        else:
            self.record.turned_away = why or "without a word"

    async def _pause(self) -> None:
        await asyncio.sleep(self._dice.expovariate(self._pace))


class Talk:
    """What goes on in one native connection."""

    def __init__(self, retries: deque[Attempt]) -> None:
        self.retries = retries
        self.waiting: dict[int, Attempt] = {}
        self.window = asyncio.Semaphore(WINDOW)


class NativeClient(Client):
    """hubbub.v1: follows and posts on one connection; edits, deletes and patches too."""

    open_line: lines.OpenLine = staticmethod(lines.native)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gone: set[str] = set()  # what it has asked to delete

    async def _visit(self) -> None:
        async with self.open_line(self._site.address) as line:
            if self._name:
                key = self._credentials["Hubbub-Key"]
                await line.send({"id": HELLO, "do": "hello", "name": self._name, "key": key})
            await line.send({"id": JOIN, "do": "join", "room": self._room, "since": self.seq})
            self.record.runs.append(Run(self.seq))
            talk = Talk(self._retries())
            speaking = asyncio.create_task(self._speak(line, talk))
            try:  # an answer to a poll of SockJS's may be lost for good
                async with asyncio.timeout(JOIN_SECONDS) as patience:
                    await self._listen(line, talk, patience)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def _listen(self, line: Line, talk: Talk, patience: asyncio.Timeout) -> None:
        decode = msgspec.json.Decoder(Frame).decode
        async for body in line.said:
            frame = decode(body)
            if frame.event is not None and frame.seq is not None:
                if frame.event == "posted" and frame.text is not None:
                    self._atlas.seqs[frame.text.encode()] = frame.seq
                self._take(frame.seq, body.encode())
            elif frame.re == JOIN:
                if frame.ok is None or frame.ok["mode"] != "resumed":
                    return await self._turned_away(body)
                self.record.epochs.add(frame.ok["epoch"])
                self._atlas.epoch = frame.ok["epoch"]
                patience.reschedule(None)
            elif frame.re is not None and frame.re != HELLO:
                talk.window.release()
                attempt = talk.waiting.pop(frame.re)
                self._told(attempt, frame.ok, frame.error["code"] if frame.error else None)
                if attempt.key and not attempt.is_known:
                    talk.retries.append(attempt)

    async def _speak(self, line: Line, talk: Talk) -> None:
        """First what is not known from before, then new things."""
        number = 0
        while self._pace:
            await self._pause()
            if talk.retries:
                attempt = talk.retries.popleft()
            elif self.is_posting:
                attempt = self._choose()
            else:
                continue
            await talk.window.acquire()
            number += 1
            talk.waiting[number] = attempt
            await line.send({"id": number, "room": self._room, **_command(attempt)})

    def _choose(self) -> Attempt:
        """What to ask for: mostly posts, and now and then a change to one of its own."""
        own = [a for a in self.record.attempts[-20:] if a.kind == "posted" and a.answers]
        what = self._dice.random()
        if not self._name or not own or what < 0.8:
            return self._attempt()
        message = self._dice.choice(own)
        seq = str(message.answers[0][0])
        if what < 0.83 and seq not in self._gone:
            self._gone.add(seq)
            return self._attempt("deleted", seq)
        if what < 0.9:
            return self._attempt("patched")
        edit = self._attempt("edited")
        edit.about = message.answers[0][0]
        return edit


class SockJsClient(NativeClient):
    """The same over SockJS."""

    open_line: lines.OpenLine = staticmethod(lines.sockjs_websocket)


class SockJsPollingClient(NativeClient):
    """The same over SockJS's requests."""

    open_line: lines.OpenLine = staticmethod(lines.sockjs_polling)


class SocketIoClient(NativeClient):
    """The same as events of Socket.IO's."""

    open_line: lines.OpenLine = staticmethod(lines.socketio_websocket)


class SocketIoPollingClient(NativeClient):
    """The same by polling."""

    open_line: lines.OpenLine = staticmethod(lines.socketio_polling)


def _command(attempt: Attempt) -> dict[str, Any]:
    match attempt.kind:
        case "posted":
            return {"do": "post", "text": attempt.mark, "client_message_id": attempt.key}
        case "edited":
            return {"do": "edit", "seq": attempt.about, "text": attempt.mark}
        case "deleted":
            return {"do": "delete", "seq": int(attempt.mark)}
        case _:
            return {"do": "patch", "patch": {attempt.mark: True}}


class PlainClient(Client):
    """Texts and nothing else; comes back with `since`, a position that others have seen its last text at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record.is_plain = True
        self.texts: set[bytes] = set()

    async def _visit(self) -> None:
        since = self._known_position()
        query = f"room={self._room}&name={self._name}&since={since}&epoch={self._atlas.epoch}"
        uri = f"ws://{self._site.address}/?{query}"
        try:
            await self._follow(uri, since)
        except InvalidStatus as error:
            await self._turned_away(error.response.body.decode() if error.response.body else "")

    async def _follow(self, uri: str, since: int) -> None:
        async with connect(uri, additional_headers=self._credentials, **UNHURRIED) as socket:
            self.record.runs.append(Run(since))
            speaking = asyncio.create_task(self._speak(socket))
            try:
                async for text in socket:
                    assert isinstance(text, str)
                    self.texts.add(text.encode())
                    self._take(self.seq, text.encode())
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def _speak(self, socket: ClientConnection) -> None:
        while self._pace and self.is_posting:
            attempt = self._attempt()
            attempt.key = None  # it has no words for one, so it never knows and never retries
            await socket.send(attempt.mark)
            await self._pause()

    def _known_position(self) -> int:
        """The last position up to which it surely has everything."""
        for run in reversed(self.record.runs):
            for text in reversed(run.bodies):
                if text in self._atlas.seqs:
                    return self._atlas.seqs[text]
        return 0
