"""What the client needs from a connection to the server, and from its environment."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from hubbub.protocol.errors import Close


class LinkLost(Exception):
    """The connection was lost, or could not be made.

    `code` is a WebSocket close code or the HTTP status of a failed handshake. `may_retry` tells
    whether another attempt may succeed, after at least `retry_after` seconds.
    """

    def __init__(
        self,
        reason: str,
        code: int | None = None,
        *,
        may_retry: bool = True,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.may_retry = may_retry
        self.retry_after = retry_after

    def until(self, retry_after: float) -> "LinkLost":
        """The same loss, with the seconds before another attempt."""
        return LinkLost(self.reason, self.code, may_retry=self.may_retry, retry_after=retry_after)


class ClientLink(Protocol):
    """One connection to a server. It carries whole frames in order."""

    async def send(self, frame: bytes) -> None:
        """Send one text frame. Waits while the peer is slow to read.

        Raises:
            LinkLost: the connection was lost. The frame may or may not have arrived.
        """

    async def receive(self) -> str:
        """Wait for the next text frame, answering pings meanwhile.

        Cancelling this may break the connection, so that a later `close` can't wait for the peer.

        Raises:
            LinkLost: the peer closed the connection or was silent for too long, or `close` was called.
        """

    async def close(self, code: int = Close.NORMAL) -> None:
        """Send a close frame and wait briefly for the peer's. Safe to call again. Never raises."""


# Connects to a WebSocket URL; a server that is full gets the token with a second attempt. Raises LinkLost.
Dial = Callable[[str, str | None], Awaitable[ClientLink]]


async def _dial(url: str, token: str | None) -> ClientLink:
    # aiohttp is slow to import, and not every program that imports the SDK connects.
    from hubbub.client.wire.websocket import dial

    return await dial(url, token)


@dataclass(frozen=True, slots=True)
class Outside:
    """What a client needs from outside. Tests replace it."""

    dial: Dial = _dial
    sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
    draw: Callable[[], float] = random.random
    now: Callable[[], float] = time.monotonic


def may_retry_after(close_code: int | None) -> bool:
    """Whether to retry after a close with this code. Unknown codes allow it."""
    try:
        return close_code is None or Close(close_code).may_retry
    except ValueError:
        return True
