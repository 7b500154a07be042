"""A proxy such as those that let no WebSocket through."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Strict:
    """A proxy for one request at a time on each connection. It refuses upgrades, and may keep streams back."""

    def __init__(self, port: int, *, buffers: bool) -> None:
        self._port = port
        self._buffers = buffers
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its address, during the block."""
        listener = await asyncio.start_server(self._begin, "127.0.0.1")
        try:
            yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        finally:
            listener.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, near: StreamReader, back: StreamWriter) -> None:
        task = asyncio.create_task(self._pass(near, back))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass(self, near: StreamReader, back: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await near.readuntil(b"\r\n\r\n")
            first, *fields = head.decode().split("\r\n")
            if "/ws" in first:
                back.write(
                    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
            elif not (self._buffers and "/eventsource" in first):
                await self._ask(near, back, first, fields)
            else:
                await near.read()  # until the client gives it up
            await back.drain()
        back.close()

    async def _ask(
        self, near: StreamReader, back: StreamWriter, first: str, fields: list[str]
    ) -> None:
        given = {
            name.lower(): value for name, _, value in (f.partition(": ") for f in fields) if name
        }
        body = await near.readexactly(int(given.get("content-length", 0)))
        given["connection"] = "close"
        lines = [first, *(f"{name}: {value}" for name, value in given.items()), "", ""]
        far, forth = await asyncio.open_connection("127.0.0.1", self._port)
        forth.write("\r\n".join(lines).encode() + body)
        gone = asyncio.create_task(near.read())
        gone.add_done_callback(lambda _: forth.close())
        try:
            while data := await far.read(65_536):
                back.write(data)
                await back.drain()
        finally:
            gone.cancel()
            forth.close()
