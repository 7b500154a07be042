"""The HTTP API as `curl` would use it: a request, and the status, headers and JSON that come back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from tests.support.server import Server

JSON, PROBLEM, MERGE_PATCH = (
    "application/json",
    "application/problem+json",
    "application/merge-patch+json",
)


class Answer(NamedTuple):
    """A response that was read whole."""

    status: int
    headers: CIMultiDictProxy[str]
    body: Any

    @property
    def code(self) -> str:
        """The error code; the problem's details must be well-formed."""
        assert self.headers["Content-Type"] == PROBLEM
        details = self.body
        assert {"type", "title", "status", "code", "detail", "temporary"} <= details.keys()
        assert details["status"] == self.status
        code: str = details["code"]
        return code


class Http:
    """A client of one server, under one name or none."""

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str | None) -> None:
        self.session = session
        self._url = url
        self._name = name

    def url(self, path: str) -> URL:
        """A path below the rooms, which is sent as it is, with the name in the query."""
        separator = "&" if "?" in path else "?"
        name = f"{separator}name={self._name}" if self._name else ""
        return URL(f"{self._url}/api/v1/rooms{path}{name}", encoded=True)

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Send a request; `body` goes as JSON."""
        if body is not None:
            options["json"] = body
        async with self.session.request(method, self.url(path), **options) as response:
            is_json = response.content_type.endswith("json")
            content = await response.json(content_type=None) if is_json else await response.text()
            return Answer(response.status, response.headers, content)

    async def get(self, path: str, **options: Any) -> Any:
        """A GET that succeeds; returns what it answers."""
        answer = await self.ask("GET", path, **options)
        assert (answer.status, answer.headers["Content-Type"]) == (200, JSON), answer
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.body

    async def post(self, room: str, text: str, **fields: Any) -> Any:
        """Post a message; returns what it answers."""
        answer = await self.ask("POST", f"/{room}/messages", {"text": text, **fields})
        assert answer.status == 201, answer
        return answer.body


@asynccontextmanager
async def over_http(
    server: Server, name: str | None = None, key: str | None = None
) -> AsyncIterator[Http]:
    """A client of the HTTP API."""
    timeout = aiohttp.ClientTimeout(15)
    headers = {} if key is None else {"Hubbub-Key": key}
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        yield Http(session, server.url, name)
