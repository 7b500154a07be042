"""aiohttp: every message goes to every client by `send_str`, as its documentation shows."""

import asyncio
import sys

import uvloop
from aiohttp import web

clients: set[web.WebSocketResponse] = set()


async def join(request: web.Request) -> web.WebSocketResponse:
    client = web.WebSocketResponse(compress=False)
    await client.prepare(request)
    clients.add(client)
    try:
        async for message in client:
            for other in list(clients):
                if not other.closed:
                    await other.send_str(message.data)
    finally:
        clients.remove(client)
    return client


async def main(port: int) -> None:
    app = web.Application()
    app.router.add_get("/", join)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


uvloop.run(main(int(sys.argv[1])))
