"""Hints over NATS: a subject for each room, and a node subscribes to those that someone follows there.

A hint says how far a room has come, and carries the new events as long as they are small. It is
signed with a key that the nodes' store keeps, so nobody else on the server can make one.
"""

import asyncio
import hashlib
import hmac
import logging
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from hubbub.rooms.ledger import Batch

MAX_HINT_BYTES = 64 * 1024  # of events; a hint about more says only how far the room has come
MAX_WAITING = 10_000  # hints; the oldest go first, and a look into the store finds what they said
SIGNATURE = hashlib.sha256().digest_size
CLOSE_TIMEOUT = 2.0  # seconds

log = logging.getLogger(__name__)


class Hint(msgspec.Struct, frozen=True):
    """The room has come up to `head`; `bodies` are its last events, or none if they were too many."""

    room: str
    head: int
    bodies: list[msgspec.Raw] = []


class NatsBroker:
    """Connects by itself, again and again; until then hints are lost, and nothing else."""

    def __init__(
        self,
        url: str,
        key: bytes,
        scope: str,
        hear: Callable[[Batch], None],
        refused: Callable[[str], None],
    ) -> None:
        """`scope` tells apart those who share a server; `refused` is told a code for what is no hint."""
        self._url, self._key, self._hear, self._refused = url, key, hear, refused
        self._prefix = f"hubbub.{scope}."
        self._client = Client()
        self._wanted: set[str] = set()  # subjects
        self._subscriptions: dict[str, Subscription] = {}
        self._waiting: deque[Batch] = deque(maxlen=MAX_WAITING)
        self._has_work = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="broker")
        self._task.add_done_callback(_log_end)

    def follow(self, room: str) -> None:
        """See the contract."""
        self._wanted.add(self._subject(room))
        self._has_work.set()

    def leave(self, room: str) -> None:
        """See the contract."""
        self._wanted.discard(self._subject(room))
        self._has_work.set()

    def tell(self, batches: Sequence[Batch]) -> None:
        """See the contract."""
        self._waiting.extend(batches)
        self._has_work.set()

    async def close(self) -> None:
        """See the contract."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                if self._client.is_connected:
                    await self._publish()
                    await self._client.flush()
                await self._client.close()
        except (NatsError, OSError, TimeoutError) as error:
            log.info("the last hints may be lost: %s", error)

    async def _run(self) -> None:
        await self._client.connect(
            self._url,
            name="hubbub",
            no_echo=True,
            reconnect_time_wait=1,
            max_reconnect_attempts=-1,
            error_cb=_log_error,
        )
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            try:
                await self._subscribe()
                await self._publish()
            except NatsError as error:  # such as too much that waits for a server that is away
                log.warning("hints are lost: %r", error)

    async def _subscribe(self) -> None:
        for subject in self._wanted - self._subscriptions.keys():
            subscription = await self._client.subscribe(subject, cb=self._take)
            self._subscriptions[subject] = subscription
        for subject in self._subscriptions.keys() - self._wanted:
            await self._subscriptions.pop(subject).unsubscribe()

    async def _publish(self) -> None:
        while self._waiting:
            batch = self._waiting.popleft()
            size = sum(map(len, batch.bodies))
            bodies = [msgspec.Raw(body) for body in batch.bodies] if size <= MAX_HINT_BYTES else []
            hint = msgspec.json.encode(Hint(batch.room, batch.last, bodies))
            await self._client.publish(self._subject(batch.room), self._sign(hint) + hint)

    async def _take(self, message: Msg) -> None:
        signature, body = message.data[:SIGNATURE], message.data[SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(body)):
            return self._refused("bad_hint")
        try:
            hint = msgspec.json.decode(body, type=Hint)
        except msgspec.MsgspecError:
            return self._refused("bad_hint")
        bodies = [bytes(raw) for raw in hint.bodies]
        self._hear(Batch(hint.room, hint.head + 1 - len(bodies), bodies))

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")

    def _subject(self, room: str) -> str:
        return self._prefix + hashlib.sha256(room.encode()).hexdigest()[:32]


def _log_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        log.error("no hints any more, only looks into the store: %r", task.exception())


async def _log_error(error: Exception) -> None:
    log.warning("NATS: %r", error)
