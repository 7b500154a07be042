"""A session that polls belongs to the credential it was opened with: to anyone else it doesn't exist."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import aiohttp
import pytest

from tests.integration.raw import HANDSHAKE, connected
from tests.support.commands import hubbub
from tests.support.server import Server

SOCKET_IO = "/socket.io/?EIO=4&transport=polling"


class Given(NamedTuple):
    """What a request gives for itself."""

    headers: Mapping[str, str] = {}
    query: str = ""


@pytest.fixture(scope="module")
async def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Server, Given, Given]]:
    """A server with guests, and two tokens."""
    data = tmp_path_factory.mktemp("owners") / "data"
    ada, grace = [await issued(data, name) for name in ("ada", "grace")]
    async with Server(data, "--guests", "on") as server:
        yield server, bearer(ada), bearer(grace)


async def issued(data: Path, name: str) -> str:
    """A token for that name."""
    ran = await hubbub("token", "create", "--name", name, "--data", data)
    return ran.out.split()[-1]


def bearer(token: str) -> Given:
    return Given({"Authorization": f"Bearer {token}"})


def in_query(given: Given) -> Given:
    return Given(query="&access_token=" + given.headers["Authorization"].removeprefix("Bearer "))


class SocketIo:
    """A session of Socket.IO; `id` is its own."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.id = "x"

    async def open(self, given: Given) -> None:
        async with self._http.get(SOCKET_IO + given.query, headers=given.headers) as answer:
            self.id = (await answer.text()).split('"')[3]
        assert (await self.say(given))[0] == 200
        assert '"sid"' in (await self.fetch(given))[1]

    async def say(self, given: Given, method: str = "POST") -> tuple[int, str]:
        target = f"{SOCKET_IO}&sid={self.id}{given.query}"
        async with self._http.request(
            method, target, headers=given.headers, data="40" if method == "POST" else None
        ) as answer:
            return answer.status, await answer.text()

    async def fetch(self, given: Given) -> tuple[int, str]:
        return await self.say(given, "GET")


class SockJs:
    """A session of SockJS."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.id = "nobody"

    async def open(self, given: Given) -> None:
        self.id = uuid4().hex
        assert (await self.fetch(given))[1] == "o\n"

    async def say(self, given: Given) -> tuple[int, str]:
        target = f"/sockjs/000/{self.id}/xhr_send?{given.query}"
        said = '["{\\"id\\":1,\\"do\\":\\"hello\\"}"]'
        async with self._http.post(target, headers=given.headers, data=said) as answer:
            return answer.status, await answer.text()

    async def fetch(self, given: Given) -> tuple[int, str]:
        target = f"/sockjs/000/{self.id}/xhr?{given.query}"
        async with self._http.post(target, headers=given.headers) as answer:
            return answer.status, await answer.text()


@pytest.mark.parametrize("kind", [SocketIo, SockJs])
@pytest.mark.parametrize("how", ["header", "query", "name", "key"])
async def test_a_session_hears_only_the_credential_that_opened_it(
    served: tuple[Server, Given, Given], kind: type[SocketIo] | type[SockJs], how: str
) -> None:
    server, ada, grace = served
    owner = {
        "header": ada,
        "query": in_query(ada),
        "name": Given(query=f"&name=linus-{kind.__name__}"),
        "key": Given({"Hubbub-Key": "k" * 16}, f"&name=barbara-{kind.__name__}"),
    }[how]
    strangers = (Given(), grace, in_query(grace), Given(query="&name=mallory"))
    stranger_with_the_name = [owner._replace(headers={})] if how in ("header", "key") else []
    async with aiohttp.ClientSession(server.url) as http:
        session = kind(http)
        unknown = await session.say(Given())
        await session.open(owner)
        for stranger in (*strangers, *stranger_with_the_name):
            assert await session.say(stranger) == unknown
        if isinstance(session, SockJs):  # the name that a client chose is not taken for others
            assert (await session.fetch(grace))[1] == "o\n"
            assert (await session.say(owner))[0] == 204
            assert "epoch" in (await session.fetch(owner))[1]
        else:
            assert await session.fetch(grace) == unknown
            assert (await session.say(owner))[0] == 400  # it is connected already, and known


async def test_no_stranger_moves_a_session_to_a_socket(served: tuple[Server, Given, Given]) -> None:
    server, ada, grace = served
    async with aiohttp.ClientSession(server.url) as http:
        session = SocketIo(http)
        await session.open(ada)
        for given, status in ((grace, 400), (Given(), 400), (ada, 101)):
            async with connected(server.port) as raw:
                response = await raw.request(
                    f"GET /socket.io/?EIO=4&transport=websocket&sid={session.id} HTTP/1.1",
                    {"Host": "localhost", **HANDSHAKE, **given.headers},
                )
                assert response.status == status
