"""hubbub's own SDK: names, and a connection that heals by itself and misses nothing."""

import asyncio
import signal
import sys

import hubbub


async def main(url: str, name: str) -> None:
    async with hubbub.connect(url, name=name) as me:
        room = await me.join("lobby")
        listening = asyncio.create_task(listen(room))
        while line := await asyncio.to_thread(sys.stdin.readline):
            await room.post(line.rstrip("\n"))  # returns once it is safely stored
        await room.leave()
        await listening


async def listen(room: hubbub.Room) -> None:
    async for event in room:
        if isinstance(event, hubbub.Posted) and event.text is not None:  # else deleted, or not text
            print(f"{event.by}: {event.text}", flush=True)


signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C need not wait for a line
address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8181"
asyncio.run(main(address, sys.argv[2] if len(sys.argv) > 2 else "python"))
