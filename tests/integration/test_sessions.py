"""Sessions at every door: whoever has one comes in as the account, and is out within a second when it ends."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hubbub.domain.aspects.people.accounts import OPERATOR, SuspendPerson
from hubbub.domain.aspects.people.sessions import CloseSession
from hubbub.domain.facts import Accepted
from hubbub.domain.principals import Principal
from hubbub.protocol.messages import Change
from hubbub.protocol.secrets import RANDOM_BYTES, SessionToken, digest_of, new_session
from hubbub.server.app import Running, running
from hubbub.server.config import Settings
from hubbub.server.http.entering import ENTER
from hubbub.server.http.operations import operations_of
from hubbub.server.http.routes import ROUTES
from tests.integration.test_socketio_rooms import socket_io
from tests.support.fakes import account
from tests.support.resting import at_rest
from tests.support.team import adding, inviting, logging_in, newcomer, using

OTHER = "The account that `Hubbub-Account` names is not logged in here"
NOTICED_SECONDS = 20.0  # a second is promised; the rest is for a busy machine
ADA, DAVE = account("ada"), account("dave")


class Site:
    """A server in this process, with an owner and a member."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self.url = f"http://127.0.0.1:{server.port}"
        self.name = f"hubbub-{server.port}"

    async def do(self, principal: Principal, change: Change) -> None:
        answer = await self._server.hub.writing.commit(principal, change)
        assert isinstance(answer, Accepted), answer

    async def session(self) -> SessionToken:
        """A new session of dave's."""
        token = new_session(DAVE.id, secrets.token_bytes(RANDOM_BYTES))
        until = time.time() + 90 * 86_400
        fields: dict[str, Any] = {"digest": digest_of(token.secret), "until": until}
        await self.do(DAVE, logging_in("dave", token.id, **fields))
        return token


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    settings = Settings(data=tmp_path, host="127.0.0.1", port=0, guests="off")
    async with running(settings) as server:
        site = Site(server)
        later = {"until": time.time() + 60}
        await site.do(OPERATOR, inviting("claim", role="owner", **later))
        await site.do(newcomer("ada"), using("claim", "ada", OPERATOR.id))
        await site.do(ADA, adding("dave", role="member"))
        yield site


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


def bearer(site: Site, token: SessionToken) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.text}"}


def cookie(site: Site, token: SessionToken) -> dict[str, str]:
    return {"Cookie": f"{site.name}={token.text}", "Origin": site.url}


Way = Callable[[Site, SessionToken], dict[str, str]]
WAYS = [bearer, cookie]


@pytest.mark.parametrize("way", WAYS)
async def test_whoever_has_a_session_posts_as_the_account(
    site: Site, http: aiohttp.ClientSession, way: Way
) -> None:
    headers = way(site, await site.session())
    messages = f"{site.url}/api/v1/rooms/lobby/messages"
    async with http.post(messages, json={"text": "hi"}, headers=headers) as answer:
        assert answer.status == 201
    async with http.get(messages, headers=headers) as answer:
        [message] = (await answer.json())["messages"]
    assert (message["by"], message.get("id")) == (DAVE.id, None)


@pytest.mark.parametrize("way", WAYS)
async def test_nobody_comes_in_with_a_session_that_does_not_exist(
    site: Site, http: aiohttp.ClientSession, way: Way
) -> None:
    wrong = new_session(DAVE.id, secrets.token_bytes(RANDOM_BYTES))
    async with http.get(f"{site.url}/api/v1/rooms", headers=way(site, wrong)) as answer:
        assert answer.status == 401


def asked() -> Iterator[tuple[str, str]]:
    """Method and path of every operation for which it matters who asks."""
    for operation in operations_of(ROUTES):
        schemas = {each.name: each.schema for each in operation.takes}
        examples = {
            name: each.get("example") or each.get("enum", ["x"])[0]
            for name, each in schemas.items()
        }
        if operation.needs is not ENTER:
            yield operation.method, operation.path.format_map(examples)


@pytest.mark.parametrize("way", WAYS)
async def test_no_request_is_answered_for_another_account_than_it_says(
    site: Site, http: aiohttp.ClientSession, way: Way
) -> None:
    mine = way(site, await site.session())
    wrong = []
    for method, path in asked():
        headers = mine | {"Hubbub-Account": ADA.id}
        async with http.request(method, site.url + path, headers=headers) as answer:
            if (answer.status, OTHER in await answer.text()) != (401, True):
                wrong.append((method, path, answer.status))
    assert not wrong
    headers = mine | {"Hubbub-Account": DAVE.id}
    async with http.get(f"{site.url}/api/v1/me", headers=headers) as answer:
        assert answer.status == 200


async def test_a_cookie_connects_no_other_account_than_hello_names(
    site: Site, http: aiohttp.ClientSession
) -> None:
    headers = cookie(site, await site.session())
    for name, reply in ((ADA.id, "error"), (DAVE.id, "ok")):
        async with http.ws_connect(f"{site.url}/ws", headers=headers) as socket:
            await socket.send_json({"id": 1, "do": "hello", "name": name})
            assert reply in await socket.receive_json(timeout=30)


async def frames_end(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async for _ in socket:
        pass
    return socket.close_code


async def handshake_ends(site: Site, http: aiohttp.ClientSession, headers: dict[str, str]) -> Any:
    return await frames_end(await http.ws_connect(f"{site.url}/ws", headers=headers))


async def plain_ends(site: Site, http: aiohttp.ClientSession, headers: dict[str, str]) -> Any:
    return await frames_end(await http.ws_connect(f"{site.url}/", headers=headers))


async def hello_ends(site: Site, http: aiohttp.ClientSession, headers: dict[str, str]) -> Any:
    socket = await http.ws_connect(f"{site.url}/ws")
    token = headers["Authorization"].removeprefix("Bearer ")
    await socket.send_json({"id": 1, "do": "hello", "token": token})
    assert "ok" in await socket.receive_json(timeout=30)
    return await frames_end(socket)


async def poll_ends(site: Site, http: aiohttp.ClientSession, headers: dict[str, str]) -> Any:
    async with http.get(f"{site.url}/api/v1/rooms/lobby/events?wait=60", headers=headers) as answer:
        return answer.status


async def socket_io_ends(site: Site, http: aiohttp.ClientSession, headers: dict[str, str]) -> Any:
    token = headers["Authorization"].removeprefix("Bearer ")
    async with socket_io(site.url, token=token) as client:
        assert client.greeting.kind == 0  # CONNECT
        return await frames_end(client._socket)


Ends = Callable[[Site, aiohttp.ClientSession, dict[str, str]], Any]
DOORS: list[tuple[Ends, Way, Any]] = [
    (handshake_ends, bearer, 4401),
    (handshake_ends, cookie, 4401),
    (plain_ends, cookie, 4401),
    (hello_ends, bearer, 4401),
    (poll_ends, bearer, 401),
    (poll_ends, cookie, 401),
    (socket_io_ends, bearer, 1000),
]


@pytest.mark.parametrize("ends, way, result", DOORS)
@pytest.mark.parametrize("is_suspended", [False, True])
async def test_whose_session_ends_is_out_at_every_door(
    site: Site, http: aiohttp.ClientSession, ends: Ends, way: Way, result: Any, is_suspended: bool
) -> None:
    token = await site.session()
    waiting = asyncio.ensure_future(ends(site, http, way(site, token)))
    await at_rest(os.getpid())  # they wait at the door
    assert not waiting.done()
    if is_suspended:
        await site.do(ADA, SuspendPerson(account=DAVE.id))
    else:
        await site.do(DAVE, CloseSession(room=DAVE.id, session=token.id))
    assert await asyncio.wait_for(waiting, NOTICED_SECONDS) == result
