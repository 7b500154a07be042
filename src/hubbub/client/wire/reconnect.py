"""Keeps a client connected: makes one connection after another, greets on each, and waits in between."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

import msgspec

from hubbub.client.errors import Refused
from hubbub.client.wire.backoff import Backoff
from hubbub.client.wire.frames import UnreadableFrame, read
from hubbub.client.wire.link import ClientLink, LinkLost, Outside
from hubbub.client.wire.states import ConnectionState, Status
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Close
from hubbub.protocol.messages import Hello, Reply

GREETING_SECONDS = 10.0
GOOD_SECONDS = 5.0  # a connection that lasted this long makes the next waits short again
TOO_FAST_SECONDS = 10.0
_HELLO = 0
_TRY_AGAIN_STATUS = frozenset({408, 425, 429})

log = logging.getLogger(__name__)


class AnnouncedLimits(msgspec.Struct, frozen=True):
    """The limits of the server for one client.

    Attributes:
        message_bytes: the maximum size of a message.
        messages_per_s: the maximum messages per second; 0 means no limit.
        rooms: the maximum number of joined rooms.
    """

    message_bytes: int
    messages_per_s: float
    rooms: int


class Welcome(msgspec.Struct, frozen=True):
    """The greeting of the server on each connection.

    Attributes:
        user: the name of this client.
        guest: whether this client has no token.
        server: the name and version of the server.
        epoch: the identity of the server's logs.
        limits: the limits of the server for one client.
        heartbeat: the seconds of silence after which the server sends a ping.
        id: the id of this client in events, if it has one.
        pictures: whether the server makes pictures of people and rooms, and thumbnails.
    """

    user: str
    guest: bool
    server: str
    epoch: str
    limits: AnnouncedLimits
    heartbeat: float
    id: str | None = None
    pictures: bool = True


class Reconnector:
    """Connects to `url`, greets, and passes each connection to `serve`, which ends by raising LinkLost.

    `report` is called with each status.
    """

    def __init__(
        self,
        url: str,
        hello: Hello,
        outside: Outside,
        serve: Callable[[ClientLink, Welcome], Awaitable[NoReturn]],
        report: Callable[[Status], None],
    ) -> None:
        self._url = url
        self._hello = encode(msgspec.structs.replace(hello, id=_HELLO))
        self._token = hello.token
        self._outside = outside
        self._serve = serve
        self._report = report
        self._backoff = Backoff(outside.draw)
        self._was_connected = False

    async def run(self) -> NoReturn:
        """Stay connected.

        Raises:
            LinkLost: a retry can't help.
            Refused: the server refused the greeting for good.
        """
        while True:
            try:
                await self._connect()
            except LinkLost as lost:
                if not self._may_retry(lost):
                    raise
                delay = self._backoff.next(max(lost.retry_after, _least_wait(lost)))
                self._report(Status(ConnectionState.DISCONNECTED, lost.code, lost.reason, delay))
                await self._outside.sleep(delay)

    async def _connect(self) -> NoReturn:
        """Use one connection, from connecting to its end."""
        self._report(Status(ConnectionState.CONNECTING))
        link = await self._outside.dial(self._url, self._token)
        close_code = Close.NORMAL
        using = asyncio.create_task(self._use(link))
        try:
            # Not cancelled together with this task: only a connection that is still read can be closed cleanly.
            await asyncio.wait({using})
            using.result()
        except (UnreadableFrame, msgspec.ValidationError) as error:
            close_code = Close.PROTOCOL_ERROR
            raise LinkLost(
                f"The server does not speak hubbub.v1: {error}", close_code, may_retry=False
            ) from None
        finally:
            try:
                await link.close(close_code)
            finally:
                using.cancel()
                await asyncio.gather(using, return_exceptions=True)
        raise AssertionError("a connection is used until it is lost")

    async def _use(self, link: ClientLink) -> NoReturn:
        welcome = await self._greet(link)
        await self._stay(link, welcome)

    async def _greet(self, link: ClientLink) -> Welcome:
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                await link.send(self._hello)
                frame = await link.receive()
        except TimeoutError:
            raise LinkLost(f"No greeting within {GREETING_SECONDS:g} s") from None
        reply = read(frame)
        if not isinstance(reply, Reply) or reply.re not in (_HELLO, None):
            raise UnreadableFrame(f"Expected a greeting: {frame[:200]}")
        if not isinstance(reply.error, msgspec.UnsetType):
            refusal = Refused.of(reply.error)
            if refusal.temporary:
                raise LinkLost(str(refusal), retry_after=refusal.retry_after or 0.0)
            raise refusal
        return msgspec.convert(reply.ok, Welcome, str_keys=True)

    async def _stay(self, link: ClientLink, welcome: Welcome) -> NoReturn:
        self._was_connected = True
        since = self._outside.now()
        self._report(Status(ConnectionState.CONNECTED))
        try:
            await self._serve(link, welcome)
        finally:
            if self._outside.now() - since >= GOOD_SECONDS:
                self._backoff.reset()

    def _may_retry(self, lost: LinkLost) -> bool:
        """Whether to retry. A proxy may send any status while the server restarts, so before the first connection fewer are retried."""
        if not self._was_connected and 400 <= (lost.code or 0) < 500:
            return lost.code in _TRY_AGAIN_STATUS
        return lost.may_retry


def _least_wait(lost: LinkLost) -> float:
    return TOO_FAST_SECONDS if lost.code == Close.TOO_FAST else 0.0
