"""What is kept about one's own account, for taking away."""

import asyncio
from contextlib import aclosing

from aiohttp import web

from hubbub.protocol.codec import encode
from hubbub.server.http.entering import ENTRANCE, OWN_ACCOUNT, session_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.resources.accounts.me import ME
from hubbub.server.http.streamed import Write, streamed

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
    async with streamed(request, response) as write, aclosing(lines):
        waiting: list[bytes] = []
        async for line in lines:
            waiting.append(encode(line))
            if sum(map(len, waiting)) >= MANY_BYTES:
                await _write(write, waiting)
        await _write(write, waiting)
    return response


async def _write(write: Write, lines: list[bytes]) -> None:
    async with asyncio.timeout(STALLED):
        await write(b"".join(line + b"\n" for line in lines))
    lines.clear()
