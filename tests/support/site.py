"""A server in this process, and the people who come in over HTTP."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from multidict import CIMultiDictProxy

from hubbub.server.app import Running, running
from hubbub.server.config import Settings
from hubbub.server.stores.sqlite.file import FILE_NAME
from tests.support.stores import prepare

PASSWORD = "kitchen-lamp-42"


class Answer(NamedTuple):
    """An answer that was read whole."""

    status: int
    body: Any
    headers: CIMultiDictProxy[str]

    @property
    def code(self) -> str | None:
        """The error code, if it is a refusal."""
        return self.body.get("code") if isinstance(self.body, dict) else None


class Someone:
    """Whoever asks, with a session or without one."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str = "", account: str = ""):
        self._http = http
        self.url = url
        self.token = token
        self.account = account

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Ask for something under /api/v1."""
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{self.url}/api/v1{path}"
        async with self._http.request(
            method, url, json=body, headers=given | (headers or {})
        ) as answer:
            return Answer(answer.status, await answer.json(content_type=None), answer.headers)

    async def enter(self, path: str, **fields: Any) -> "Someone":
        """Come in, with a token."""
        answer = await self.ask("POST", path, fields | {"wants": "token"})
        assert answer.status == 201, answer.body
        return Someone(self._http, self.url, answer.body["token"], answer.body["account"])

    async def bring_in(self, handle: str, role: str = "member") -> "Someone":
        """Invite somebody, who makes an account."""
        invite = await self.ask("POST", "/invites", {"role": role})
        stranger = Someone(self._http, self.url)
        return await stranger.enter("/accept", token=invite.body["token"], **chosen(handle))

    async def log_in(self, handle: str, password: str = PASSWORD) -> "Someone":
        """Log in, with a token."""
        return await self.enter("/login", handle=handle, password=password)


class Site(NamedTuple):
    """A server that has been claimed by ada, its owner; and someone who has no account."""

    server: Running
    stranger: Someone
    ada: Someone


@asynccontextmanager
async def site(data: Path, **settings: Any) -> AsyncIterator[Site]:
    """Run such a server."""
    if not settings.get("store") and not (data / FILE_NAME).exists():
        prepare(data)
    given: dict[str, Any] = {"data": data, "host": "127.0.0.1", "port": 0, "guests": "off"}
    async with (
        running(Settings(**given | settings)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        stranger = Someone(http, f"http://127.0.0.1:{server.port}")
        token = await server.entrance.claim_link()
        ada = await stranger.enter("/claim", token=token, **chosen("ada"))
        yield Site(server, stranger, ada)


@asynccontextmanager
async def site_again(data: Path, **settings: Any) -> AsyncIterator[Someone]:
    """Run a server that was claimed before; yields someone who is not logged in."""
    given: dict[str, Any] = {"data": data, "host": "127.0.0.1", "port": 0, "guests": "off"}
    async with (
        running(Settings(**given | settings)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield Someone(http, f"http://127.0.0.1:{server.port}")


def chosen(handle: str, password: str = PASSWORD) -> dict[str, str]:
    """What somebody chooses for a new account."""
    return {"handle": handle, "name": handle.title(), "password": password}


def unlikely() -> str:
    """A password that nobody tried before."""
    return secrets.token_hex(12)
