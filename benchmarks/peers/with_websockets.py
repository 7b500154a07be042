"""Python websockets: every message goes to every client by its own `broadcast`."""

import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

clients: set[ServerConnection] = set()


async def join(client: ServerConnection) -> None:
    clients.add(client)
    try:
        async for message in client:
            broadcast(clients, message)
    finally:
        clients.remove(client)


async def main(port: int) -> None:
    async with serve(join, "127.0.0.1", port, compression=None) as server:
        print("ready", flush=True)
        await server.serve_forever()


uvloop.run(main(int(sys.argv[1])))
