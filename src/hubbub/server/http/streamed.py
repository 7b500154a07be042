"""Answers that are written bit by bit, each bit only as long as whoever asked may get it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from hubbub.protocol.errors import RefusalError
from hubbub.server.http.requests import HUB, credentials, staying
from hubbub.server.stores.base import StoreFailed

Write = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def streamed(request: web.Request, response: web.StreamResponse) -> AsyncIterator[Write]:
    """Yield what writes some of a response, at first with its head. Once the credential has ended, the block does, too.

    Raises RefusalError and StoreFailed as long as nothing was written; after that, they cut the response off.
    """
    door = request.app[HUB].door

    async def write(data: bytes) -> None:
        await door.heed_ends()  # then whoever may not get the data is out
        if not response.prepared:
            await response.prepare(request)
        await response.write(data)

    try:
        with door.calling(credentials(request)) as visit:
            async with staying(visit):
                yield write
    except (RefusalError, StoreFailed):
        if not response.prepared:
            raise
        if request.transport is not None:  # it is too late for a refusal: show that this is not all
            request.transport.abort()
