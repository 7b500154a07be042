"""What the client needs of a connection to the server, and of the world around it."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from hubbub.protocol.errors import Close


class LinkLost(Exception):
    """The link is gone, or never came about.

    `code` is a WebSocket close code or the HTTP status of a refused handshake; `may_retry` tells
    whether another attempt may fare better, and not before `retry_after` seconds.
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


class ClientLink(Protocol):
    """One connection to a server. Frames come and go whole and in order."""

    async def send(self, frame: bytes) -> None:
        """Hand one text frame over; waits while the peer is slow to read.

        Raises:
            LinkLost: the link is gone. Whether the frame arrived is not known.
        """

    async def receive(self) -> str:
        """The next text frame. Pings are answered in here, so silence ends in `LinkLost`.

        One that is cancelled may break the link, so that a later `close` can't wait for the peer.

        Raises:
            LinkLost: the peer closed, or was silent for too long; or `close` was called.
        """

    async def close(self, code: int = Close.NORMAL) -> None:
        """Send a close frame and wait a little for the peer's. Safe to call again; never raises."""


Dial = Callable[[str], Awaitable[ClientLink]]  # from a WebSocket URL to a link; raises LinkLost


async def _dial(url: str) -> ClientLink:
    # aiohttp is slow to import, and not everyone who imports us dials.
    from hubbub.client.websocket import dial

    return await dial(url)


@dataclass(frozen=True, slots=True)
class Outside:
    """What a client takes from outside, so that tests can stand in for it."""

    dial: Dial = _dial
    sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
    draw: Callable[[], float] = random.random
    now: Callable[[], float] = time.monotonic


def may_retry_after(close_code: int | None) -> bool:
    """Whether a link closed with this code may be tried again; unknown codes may."""
    try:
        return close_code is None or Close(close_code).may_retry
    except ValueError:
        return close_code != _POLICY_VIOLATION


_POLICY_VIOLATION = 1008  # RFC 6455 section 7.4.1: the endpoint does not want us
