"""Hints over NATS. Each room has a subject, and a node subscribes to the rooms that its clients follow.

A hint gives the head of a room, and carries the new events if they are small. Reports of live state
travel beside hints, in each node's order. All messages are signed with a key from the nodes' store,
so other users of the NATS server can't forge them.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from hubbub.domain.facts import Batch
from hubbub.domain.live.values import LiveReport
from hubbub.server.addresses import several

MAX_HINT_BYTES = 64 * 1024  # of events; a hint about more only gives the head
MAX_LIVE_BYTES = 256 * 1024  # of one message; servers accept 1 MiB by default
MAX_UNREAD_BYTES = 8 * 1024**2  # of one room's messages; anything beyond is dropped
MAX_WAITING = 10_000  # hints; the oldest are dropped, and checks of the store make up for them
SIGNATURE = hashlib.sha256().digest_size
CLOSE_TIMEOUT = 2.0  # seconds
PING = 5  # seconds; a server that misses two pings is unreachable
PAUSE = 1  # seconds before the next attempt to connect
MAX_NODES = 256  # whose last numbers are remembered per room; the longest silent go first

log = logging.getLogger(__name__)


class Hint(msgspec.Struct, frozen=True, tag="hint", omit_defaults=True):
    """The room's head is now `head`. `bodies` are its last events, or empty if they were too large.

    `affected` says whose rights they may have changed, `after` what they follow, and `ends` what ended before (see `Batch`). Who gets no bodies finds it out from the store.
    """

    room: str
    head: int
    bodies: list[msgspec.Raw] = []
    affected: list[tuple[int, str]] = []
    after: int = 0
    ends: int = 0


class Numbered(msgspec.Struct, frozen=True, tag="live"):
    """Live state of a node. A `number` not above the last one marks an old message."""

    live: LiveReport
    number: int


class NatsBroker:
    """Connects and reconnects by itself. While it is disconnected, messages are dropped.

    Nothing needs to be kept: commits are in the store, and live state is reported again later.
    """

    def __init__(
        self,
        url: str,
        key: bytes,
        scope: str,
        hear: Callable[[Batch | LiveReport], None],
        refused: Callable[[str], None],
    ) -> None:
        """`url` may be several URLs, separated by commas.

        `scope` separates clusters that share a NATS server. `refused` gets a code for each invalid message.
        """
        self.node = secrets.token_hex(8)
        self.answers_within = 0.1
        self.returned = asyncio.Event()
        self._servers = several(url)
        self._key, self._hear, self._refused = key, hear, refused
        self._prefix = f"hubbub.{scope}."
        self._client = Client()  # replaced once it is closed for good
        self._is_away = False  # as was logged
        self._wanted: set[str] = set()  # subjects
        self._changed: set[str] = set()  # those to subscribe to or unsubscribe from
        self._subscriptions: dict[str, Subscription] = {}
        self._waiting: deque[Batch | LiveReport] = deque(maxlen=MAX_WAITING)
        self._number = 0
        self._heard: dict[str, dict[str, int]] = {}  # the last numbers, by subject and node
        self._has_work = asyncio.Event()

    def follow(self, room: str) -> None:
        """See the contract."""
        self._wanted.add(subject := self._subject(room))
        self._changed.add(subject)
        self._has_work.set()

    def leave(self, room: str) -> None:
        """See the contract."""
        self._wanted.discard(subject := self._subject(room))
        self._changed.add(subject)
        self._has_work.set()

    def tell(self, batches: Sequence[Batch]) -> None:
        """See the contract."""
        self._waiting.extend(batches)
        self._has_work.set()

    def share(self, live: LiveReport) -> None:
        """See the contract."""
        self._waiting.append(live)
        self._has_work.set()

    async def close(self) -> None:
        """See the contract."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                if self._client.is_connected:
                    await self._publish()
                    await self._client.flush()
                await self._client.close()
        except Exception as error:  # anything, such as a refused address
            log.info("The last hints to other nodes may be lost: %s", _words(error))

    async def run(self) -> None:
        """See the contract."""
        while True:
            try:
                await self._serve()
            except Exception:
                await self._client.close()
                raise
            finally:
                if self._client.is_closed:
                    self._client = Client()

    async def _serve(self) -> None:
        """Stay connected until the connection is closed for good."""
        await self._connect()
        while not self._client.is_closed:
            try:
                await self._publish()
            except NatsError as error:
                log.warning(
                    "Can't send hints over NATS; other nodes will find new events in the store: %s",
                    _words(error),
                )
            await self._has_work.wait()
            self._has_work.clear()
        log.warning("NATS closed the connection: %s", _words(self._client.last_error))
        await asyncio.sleep(PAUSE)

    async def _connect(self) -> None:
        self._subscriptions.clear()
        self._changed |= self._wanted
        await self._client.connect(
            self._servers,
            **credentials(self._servers),
            name="hubbub",
            no_echo=True,
            reconnect_time_wait=PAUSE,
            ping_interval=PING,
            max_reconnect_attempts=-1,
            reconnected_cb=self._return,
            closed_cb=self._wake,
            error_cb=self._note,
        )
        self._waiting.clear()
        await self._return()

    async def _subscribe(self) -> None:
        while self._changed:
            subject = self._changed.pop()
            subscription = self._subscriptions.get(subject)
            if subscription is None and subject in self._wanted:
                self._subscriptions[subject] = await self._client.subscribe(
                    subject, cb=self._take, pending_bytes_limit=MAX_UNREAD_BYTES
                )
            elif subscription is not None and subject not in self._wanted:
                del self._subscriptions[subject]
                self._heard.pop(subject, None)
                await subscription.unsubscribe()

    async def _return(self) -> None:
        if self._is_away:
            log.warning("NATS is connected again")
        self._is_away = False
        self.returned.set()

    async def _note(self, error: Exception) -> None:
        if self._client.is_connected:
            log.warning("NATS: %s", _words(error))
        elif not self._is_away:
            self._is_away = True
            log.warning(
                "NATS is unreachable; nodes will learn of new events later, from the store: %s",
                _words(error),
            )

    async def _wake(self) -> None:
        self._has_work.set()

    async def _publish(self) -> None:
        await self._subscribe()
        while self._waiting:
            told = self._waiting.popleft()
            await self._subscribe()  # first to where answers to it will come
            if not self._client.is_connected:
                continue
            for body in self._shares(told) if isinstance(told, LiveReport) else (_hint(told),):
                await self._client.publish(self._subject(told.room), self._sign(body) + body)

    def _shares(self, live: LiveReport) -> Iterator[bytes]:
        """Yield live state in as many messages as it takes."""
        self._number += 1
        body = msgspec.json.encode(Numbered(live, self._number))
        if len(body) <= MAX_LIVE_BYTES or len(live.signals) < 2:
            yield body
        else:
            half = len(live.signals) // 2
            for signals in (live.signals[:half], live.signals[half:]):
                yield from self._shares(msgspec.structs.replace(live, signals=signals))

    async def _take(self, message: Msg) -> None:
        signature, body = message.data[:SIGNATURE], message.data[SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(body)):
            return self._refused("bad_hint")
        try:
            told = msgspec.json.decode(body, type=Hint | Numbered)
        except msgspec.MsgspecError:
            return self._refused("bad_hint")
        if isinstance(told, Hint):
            bodies = [bytes(raw) for raw in told.bodies]
            first = told.head + 1 - len(bodies)
            self._hear(Batch(told.room, first, bodies, tuple(told.affected), told.after, told.ends))
        elif self._is_new(message.subject, told):
            self._hear(told.live)

    def _is_new(self, subject: str, told: Numbered) -> bool:
        heard, node = self._heard.setdefault(subject, {}), told.live.node
        if told.number <= heard.get(node, 0):
            return False
        heard.pop(node, None)  # so that the longest silent nodes come first
        heard[node] = told.number
        if len(heard) > MAX_NODES:
            del heard[next(iter(heard))]
        return True

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")

    def _subject(self, room: str) -> str:
        return self._prefix + hashlib.sha256(room.encode()).hexdigest()[:32]


def credentials(servers: Sequence[str]) -> dict[str, Any]:
    """Return the login as arguments of `Client.connect`, which would send the percent-encoded form itself."""
    for parts in map(urlsplit, servers):
        if parts.password is not None:
            return {"user": unquote(parts.username or ""), "password": unquote(parts.password)}
        if parts.username:
            return {"token": unquote(parts.username)}
    return {}


def _hint(batch: Batch) -> bytes:
    size = sum(map(len, batch.bodies)) + sum(len(each) for _, each in batch.affected)
    if size > MAX_HINT_BYTES:
        return msgspec.json.encode(Hint(batch.room, batch.last, ends=batch.ends))
    bodies = [msgspec.Raw(body) for body in batch.bodies]
    return msgspec.json.encode(
        Hint(batch.room, batch.last, bodies, list(batch.affected), batch.after, batch.ends)
    )


def _words(error: Exception | None) -> str:
    return str(error).removeprefix("nats: ") if str(error or "") else repr(error)
