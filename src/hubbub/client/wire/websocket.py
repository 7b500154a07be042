"""A `ClientLink` over aiohttp's WebSocket client."""

import asyncio
import os
from contextlib import suppress
from typing import NoReturn

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType

from hubbub.client.wire.link import ClientLink, LinkLost, may_retry_after
from hubbub.protocol.errors import Close

SUBPROTOCOL = "hubbub.v1"
DIAL_SECONDS = 10.0
SILENCE_SECONDS = 45.0  # three times the silence after which the server sends a ping
CLOSE_SECONDS = 2.0
MAX_FRAME_BYTES = 64 * 1024 * 1024  # more than a page of 200 messages and a state document take
_FOR_GOOD = frozenset({401, 403})  # a retry would get the same answer
_UNAVAILABLE = 503


class WebSocket:
    """One WebSocket and its HTTP session."""

    def __init__(self, session: aiohttp.ClientSession, socket: ClientWebSocketResponse) -> None:
        self._session = session
        self._socket = socket

    async def send(self, frame: bytes) -> None:
        """See `ClientLink.send`."""
        try:
            await self._socket.send_str(frame.decode())
        except (aiohttp.ClientError, OSError) as error:
            raise LinkLost(str(error) or "Connection lost") from None

    async def receive(self) -> str:
        """See `ClientLink.receive`."""
        try:
            message = await self._socket.receive(SILENCE_SECONDS)
        except TimeoutError:
            raise LinkLost(f"Server silent for {SILENCE_SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise LinkLost(str(error) or "Connection lost") from None
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        self._fail(message)

    async def close(self, code: int = Close.NORMAL) -> None:
        """See `ClientLink.close`."""
        try:
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS + 1):
                    await self._socket.close(code=code)
        finally:
            await self._session.close()

    def _fail(self, message: aiohttp.WSMessage) -> NoReturn:
        if message.type is WSMsgType.BINARY:
            raise LinkLost("Unexpected binary frame", may_retry=False)
        if message.type is WSMsgType.CLOSE:
            code, reason = message.data, str(message.extra or "")
            raise LinkLost(
                reason or f"Closed by the server with code {code}",
                code,
                may_retry=may_retry_after(code),
            )
        if message.type is WSMsgType.ERROR:
            raise LinkLost(f"Connection failed: {message.data}")
        raise LinkLost("Connection ended without a closing handshake")


async def dial(url: str, token: str | None = None) -> ClientLink:
    """Open a native WebSocket at `url`.

    The token normally goes into `hello`, whose answer tells what is wrong with it. If the server is full
    (503), a second handshake carries it, too, since clients with a token have places of their own.

    Raises:
        LinkLost: the server can't be reached, does not answer in time, or refuses the handshake.
    """
    session = aiohttp.ClientSession()
    try:
        try:
            socket = await _handshake(session, url, {})
        except LinkLost as lost:
            if lost.code != _UNAVAILABLE or not _fits_a_header(token):
                raise
            socket = await _handshake(session, url, {"Authorization": f"Bearer {token}"})
        return WebSocket(session, socket)
    except BaseException:
        await session.close()
        raise


def _fits_a_header(token: str | None) -> bool:
    return token is not None and token.isascii() and token.isprintable()


async def _handshake(
    session: aiohttp.ClientSession, url: str, headers: dict[str, str]
) -> ClientWebSocketResponse:
    try:
        async with asyncio.timeout(DIAL_SECONDS):
            return await session.ws_connect(
                url,
                protocols=[SUBPROTOCOL],
                headers=headers,
                max_msg_size=MAX_FRAME_BYTES,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
            )
    except aiohttp.WSServerHandshakeError as error:
        raise LinkLost(
            f"The server answered {error.status}: {error.message}",
            error.status,
            may_retry=error.status not in _FOR_GOOD,
        ) from None
    except TimeoutError:
        raise LinkLost(f"No answer within {DIAL_SECONDS:g} s") from None
    except (aiohttp.ClientError, OSError) as error:
        raise LinkLost(_cause(error)) from None


def _cause(error: Exception) -> str:
    """The cause in plain words, such as "Connection refused"."""
    errno = getattr(error, "errno", None)
    if isinstance(errno, int) and errno > 0:
        return os.strerror(errno)
    return str(error) or type(error).__name__
