"""PyPI websockets, plain mode."""

import asyncio
import signal
import sys

from websockets.asyncio.client import ClientConnection, connect


async def main(url: str) -> None:
    async with connect(url) as socket:
        listening = asyncio.create_task(listen(socket))
        while line := await asyncio.to_thread(sys.stdin.readline):
            await socket.send(line.rstrip("\n"))
    await listening


async def listen(socket: ClientConnection) -> None:
    async for text in socket:
        print(text, flush=True)


signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C need not wait for a line
asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "ws://localhost:8181"))
