"""What is kept about one's own account, for taking away."""

import asyncio

from aiohttp import web

from hubbub.protocol.codec import encode
from hubbub.server.http.entering import ENTRANCE, OWN_ACCOUNT, session_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.requests import HUB, credentials, staying
from hubbub.server.http.resources.me import ME

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
    with request.app[HUB].door.calling(credentials(request)) as visit:
        async with staying(visit):
            lines = request.app[ENTRANCE].exports.lines(principal.id)
            first = await anext(lines)  # only now is it known whether there will be any
            response = web.StreamResponse(headers=HEADERS)
            await response.prepare(request)
            waiting = [encode(first)]
            async for line in lines:
                waiting.append(encode(line))
                if sum(map(len, waiting)) >= MANY_BYTES:
                    await _write(response, waiting)
            await _write(response, waiting)
    return response


async def _write(response: web.StreamResponse, lines: list[bytes]) -> None:
    async with asyncio.timeout(STALLED):
        await response.write(b"".join(line + b"\n" for line in lines))
    lines.clear()
