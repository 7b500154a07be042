"""Server-sent events as a browser's EventSource reads them (HTML, section 9.2), without its reconnecting."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

from tests.integration.web import Http

WAIT_SECONDS = 30.0


class Event(NamedTuple):
    """One event: its name, the last event id so far, and its JSON."""

    name: str
    id: str
    data: Any

    @property
    def seq(self) -> int:
        """The number in its id."""
        return int(self.id.rpartition(":")[2])


class Stream:
    """An open stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self._last_id = ""

    async def line(self) -> str | None:
        """The next line; None at the end of the stream."""
        async with asyncio.timeout(WAIT_SECONDS):
            line = (await self.response.content.readline()).decode()
        return line.removesuffix("\n") if line else None

    async def next(self) -> Event:
        """The next event of any kind."""
        name, lines = "message", list[str]()
        while True:
            line = await self.line()
            assert line is not None, "the stream has ended"
            if not line:
                if lines:
                    return Event(name, self._last_id, json.loads("\n".join(lines)))
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match field:
                case "data":
                    lines.append(value)
                case "id":
                    self._last_id = value
                case "event":
                    name = value
                case _:
                    assert field == "", f"an unknown field: {line}"

    async def event(self) -> Event:
        """The next event that is no signal."""
        while "signal" in (received := await self.next()).data:
            pass
        return received

    async def signal(self) -> Any:
        """The next signal."""
        while "signal" not in (received := await self.next()).data:
            pass
        return received.data


@asynccontextmanager
async def streamed(http: Http, path: str, **headers: str) -> AsyncIterator[Stream]:
    """A stream of a room's events, up to the end of the block."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with http.session.get(
        http.url(path), headers={"Accept": "text/event-stream"} | headers
    ) as response:
        assert response.status == 200, await response.text()
        yield Stream(response)
