"""What is kept about one's own account, for taking away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import web

from hubbub.protocol.codec import encode
from hubbub.protocol.errors import RefusalError
from hubbub.server.http.entering import ENTRANCE, OWN_ACCOUNT, session_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.requests import HUB, credentials, staying
from hubbub.server.http.resources.me import ME
from hubbub.server.people.exporting import Exported
from hubbub.server.stores.base import StoreFailed

LINES = "application/x-ndjson"
HEADERS = {
    "Content-Type": LINES,
    "Cache-Control": "no-store",
    "Content-Disposition": 'attachment; filename="hubbub-export.jsonl"',
}
STALLED = 30.0  # seconds for which a client may take nothing
MANY_BYTES = 65_536  # written at once

resource = Resource()


@resource.operation(
    HttpOperation(
        "GET",
        f"{ME}/export",
        "exportMe",
        needs=OWN_ACCOUNT,
        answers=bytes,
        answers_type=LINES,
        refuses=frozenset({"busy"}),
        allow_head=False,
    )
)
async def export_me(request: web.Request) -> web.StreamResponse:
    """Get everything that is kept about one's own account, as JSON Lines. Every 10 minutes at most."""
    principal, _ = session_of(request)
    response = web.StreamResponse(headers=HEADERS)
    lines = request.app[ENTRANCE].exports.lines(principal.id)
    try:
        with request.app[HUB].door.calling(credentials(request)) as visit:
            async with staying(visit), aclosing(lines):
                await _write_all(request, response, lines)
    except (RefusalError, StoreFailed):
        if not response.prepared:
            raise
        if request.transport is not None:  # it is too late for a refusal: show that this is not all
            request.transport.abort()
    return response


async def _write_all(
    request: web.Request, response: web.StreamResponse, lines: AsyncIterator[Exported]
) -> None:
    first = await anext(lines)  # only now is it known whether there will be any
    await response.prepare(request)
    waiting = [encode(first)]
    async for line in lines:
        waiting.append(encode(line))
        if sum(map(len, waiting)) >= MANY_BYTES:
            await _write(response, waiting)
    await _write(response, waiting)


async def _write(response: web.StreamResponse, lines: list[bytes]) -> None:
    async with asyncio.timeout(STALLED):
        await response.write(b"".join(line + b"\n" for line in lines))
    lines.clear()
