"""Tokens and JWTs at every door: who has one comes in, and is out within a second when it is no longer good."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from hubbub.domain.access import Permission, RoomKind
from hubbub.domain.principals import Role, Scope
from hubbub.server.http.entering import ENTER
from hubbub.server.http.operations import HttpOperation, operations_of
from hubbub.server.http.routes import ROUTES
from hubbub.server.people.outside.jwts import LEEWAY
from tests.integration.test_socketio_rooms import socket_io
from tests.support.commands import hubbub
from tests.support.paths import filled
from tests.support.resting import at_rest
from tests.support.server import Server

SECRET = "correct horse battery staple, and more"
NOTICED_SECONDS = 20.0  # a second is promised; the rest is for a busy machine
Session = aiohttp.ClientSession


class Given:
    """A server that lets in who has a token, and the tokens that it gave out."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.http = f"{server.url}/api/v1/rooms"
        self.ws = f"ws://127.0.0.1:{server.port}"
        self._tokens: dict[tuple[str, ...], str] = {}

    async def token(self, *arguments: str) -> str:
        """What `hubbub token …` prints."""
        ran = await hubbub("token", *arguments, "--data", self.server.data)
        assert ran.code == 0, ran.err
        return ran.out.strip()

    async def token_with(self, *rights: str) -> str:
        """A token with these rights; the same one each time."""
        if rights not in self._tokens:
            token = await token_for(self, "-".join(rights), "--can", ",".join(rights))
            self._tokens[rights] = token
        return self._tokens[rights]


@pytest.fixture(scope="module")
async def given(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Given]:
    directory = tmp_path_factory.mktemp("principals")
    (directory / "secret").write_text(SECRET)
    flags = ("--guests", "off", "--jwt-secret-file", str(directory / "secret"))
    async with Server(directory / "data", *flags) as server:
        yield Given(server)


@pytest.fixture
async def http() -> AsyncIterator[Session]:
    async with aiohttp.ClientSession() as session:
        yield session


def contents(directory: Path) -> list[bytes]:
    return [file.read_bytes() for file in directory.iterdir()]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(subject: str, **claims: Any) -> str:
    """A JWT for an hour."""
    return jwt.encode({"sub": subject, "exp": int(time.time()) + 3600} | claims, SECRET)


async def post(given: Given, http: Session, token: str, room: str) -> None:
    url = f"{given.http}/{room}/messages"
    async with http.post(url, json={"text": "hi"}, headers=bearer(token)) as answer:
        assert answer.status == 201


async def known(given: Given, token: str) -> None:
    """Wait until the server has heard of a token."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while True:
            async with session.get(given.http, headers=bearer(token)) as answer:
                if answer.status not in (401, 429):
                    return
            await asyncio.sleep(0.05)


async def token_for(given: Given, name: str, *more: str) -> str:
    token = await given.token("create", "--name", name, *more)
    await known(given, token)
    return token


async def over_native(given: Given, http: Session, token: str) -> aiohttp.ClientWebSocketResponse:
    socket = await http.ws_connect(f"{given.ws}/ws")
    await socket.send_json({"id": 1, "do": "hello", "token": token})
    assert "ok" in await socket.receive_json(timeout=30)
    await socket.send_json({"id": 2, "do": "join", "room": "lobby"})
    assert "ok" in await socket.receive_json(timeout=30)
    return socket


async def native_ends(given: Given, http: Session, token: str) -> Any:
    socket = await over_native(given, http, token)
    async for _ in socket:
        pass
    return socket.close_code


async def plain_ends(given: Given, http: Session, token: str) -> Any:
    socket = await http.ws_connect(f"{given.ws}/", headers=bearer(token))
    async for _ in socket:
        pass
    return socket.close_code


async def poll_ends(given: Given, http: Session, token: str) -> Any:
    url = f"{given.http}/lobby/events?wait=60"
    async with http.get(url, headers=bearer(token)) as answer:
        return answer.status


async def stream_ends(given: Given, http: Session, token: str) -> Any:
    headers = bearer(token) | {"Accept": "text/event-stream"}
    async with http.get(f"{given.http}/lobby/events", headers=headers) as answer:
        async for _ in answer.content:
            pass
    async with http.get(f"{given.http}/lobby/events", headers=headers) as again:
        return again.status


Door = Callable[[Given, Session, str], Awaitable[Any]]
DOORS: dict[str, tuple[Door, int]] = {
    "native": (native_ends, 4401),
    "plain": (plain_ends, 4401),
    "long-poll": (poll_ends, 401),
    "sse": (stream_ends, 401),
}


@pytest.mark.parametrize("ends, result", DOORS.values(), ids=DOORS)
async def test_a_revoked_token_is_out(given: Given, http: Session, ends: Door, result: int) -> None:
    name = f"ci-{result}-{ends.__name__}"
    token = await token_for(given, name)
    waiting = asyncio.ensure_future(ends(given, http, token))
    await at_rest(given.server.pid)  # they wait at the door
    assert not waiting.done()
    await given.token("revoke", name)
    since = time.monotonic()
    assert await asyncio.wait_for(waiting, 30) == result
    assert time.monotonic() - since < NOTICED_SECONDS


@pytest.mark.parametrize("ends, result", DOORS.values(), ids=DOORS)
async def test_an_expired_jwt_is_out(given: Given, http: Session, ends: Door, result: int) -> None:
    until = time.time() + 1.5
    token = jwt.encode({"sub": "ada", "exp": int(until) + 1 - LEEWAY}, SECRET)
    assert await asyncio.wait_for(ends(given, http, token), 30) == result
    assert until - 1 < time.time() < int(until) + 1 + NOTICED_SECONDS


PATHS = ["/ws", "/", "/api/v1/rooms", "/api/v1/rooms/lobby", "/api/v1/rooms/lobby/events"]


@pytest.mark.parametrize(
    "path, token",
    [(path, token) for path in PATHS for token in ("hubbub_wrong", "", "x.y.z")]
    + [(path, None) for path in PATHS[1:]],  # at /ws it may come with `hello`
)
async def test_without_a_valid_token_nobody_comes_in(
    given: Given, http: Session, path: str, token: str | None
) -> None:
    headers = {} if token is None else bearer(token)
    if path in ("/ws", "/"):
        headers |= {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
    async with http.get(given.server.url + path, headers=headers) as answer:
        assert answer.status in (401, 429)
        assert (await answer.json(content_type=None))["code"] in ("unauthenticated", "rate_limited")
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "operation",
    [o for o in operations_of(ROUTES) if o.body is not None and o.needs is not ENTER],
    ids=lambda o: o.name,
)
async def test_it_is_decided_who_asks_before_their_body_is_read(
    given: Given, http: Session, operation: HttpOperation[Any]
) -> None:
    """The body is none of what the operation takes, and of a type that it doesn't take."""
    path = filled(operation.path, room="lobby", seq=1)
    async with http.request(operation.method, given.server.url + path, data=b"[[[") as answer:
        assert answer.status == 401


@pytest.mark.parametrize("lacking", ["read", "post", "patch"])
async def test_an_operation_is_refused_to_those_without_a_right_that_it_needs(
    given: Given, http: Session, lacking: str
) -> None:
    """Tokens with every right except `lacking` and those that allow the same."""
    needing = [each for each in operations_of(ROUTES) if _is_given(each.needs, Scope(lacking))]
    assert needing
    for operation in needing:
        rights = [scope.value for scope in Scope if not _is_given(operation.needs, scope)]
        token = await given.token_with(*rights)
        path = filled(operation.path, room="lobby", seq=1, side=360)
        url, body = f"{given.server.url}{path}?url=https://a.example/", operation.body
        headers = bearer(token) | ({"Content-Type": body.content_type} if body else {})
        content = b'{"text":"hi"}' if body else None
        async with http.request(operation.method, url, data=content, headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "forbidden"), operation


def _is_given(permission: Permission, scope: Scope) -> bool:
    return permission.is_given(Role.TOKEN, frozenset({scope}), RoomKind.FREE)


async def test_a_wrong_token_in_hello_is_an_error_and_another_may_follow(
    given: Given, http: Session
) -> None:
    token = await token_for(given, "retrying")
    async with http.ws_connect(f"{given.ws}/ws") as socket:
        await socket.send_json({"id": 1, "do": "join", "room": "lobby"})
        assert (await socket.receive_json(timeout=30))["error"]["code"] == "unauthenticated"
        await socket.send_json({"id": 2, "do": "hello", "token": "hubbub_wrong"})
        assert (await socket.receive_json(timeout=30))["error"]["code"] in (
            "unauthenticated",
            "rate_limited",
        )
        await socket.send_json({"id": 3, "do": "hello", "token": token})
        ok = (await socket.receive_json(timeout=30))["ok"]
        assert (ok["user"], ok["guest"]) == ("retrying", False)


async def test_a_token_in_the_address_is_as_good_as_one_in_a_header(
    given: Given, http: Session
) -> None:
    token = await token_for(given, "browser")
    async with http.ws_connect(f"{given.ws}/?access_token={token}") as socket:
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=30) == "hello"
    assert not any(token in line for line in given.server.output)


async def test_rights_and_rooms_hold_at_every_door(given: Given, http: Session) -> None:
    token = await token_for(given, "builder", "--rooms", "build-*", "--can", "read,post")
    headers = bearer(token)

    async def ask(method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with http.request(method, given.http + path, headers=headers, **options) as answer:
            return answer.status, await answer.json(content_type=None)

    post = {"json": {"text": "green"}}
    assert (await ask("POST", "/build-1/messages", **post))[0] == 201
    assert (await ask("POST", "/lobby/messages", **post))[0] == 404
    assert (await ask("GET", "/lobby"))[0] == 404
    assert (await ask("GET", "/lobby/events?since=0"))[0] == 404
    async with http.patch(
        f"{given.http}/build-1/state",
        headers=headers | {"Content-Type": "application/merge-patch+json"},
        data="{}",
    ) as answer:
        assert answer.status == 403
    _, listing = await ask("GET", "?limit=1")
    assert [row["room"] for row in listing["rooms"]] == ["build-1"]
    async with http.ws_connect(f"{given.ws}/ws", headers=headers) as socket:
        for n, (do, room, code) in enumerate(
            [
                ("join", "lobby", "not_found"),
                ("post", "lobby", "not_found"),
                ("patch", "build-1", "forbidden"),
            ]
        ):
            await socket.send_json({"id": n, "do": do, "room": room, "text": "x", "patch": {}})
            reply = await socket.receive_json(timeout=30)
            assert (reply["re"], reply["error"]["code"]) == (n, code)


@pytest.mark.parametrize(
    "door, claims, why",
    [
        ("/", {"can": ["read"]}, "Not allowed to post"),
        ("/sockjs-plain/websocket", {"can": ["read"]}, "Not allowed to post"),
        ("/sockjs-plain/websocket", {"rooms": ["kitchen"]}, "No such room, or no access to it"),
    ],
)
async def test_a_plain_client_without_a_right_is_told_why_it_need_not_come_back(
    given: Given, http: Session, door: str, claims: dict[str, Any], why: str
) -> None:
    async with http.ws_connect(given.ws + door, headers=bearer(signed("ada", **claims))) as socket:
        await socket.send_str("hello")
        message = await socket.receive(timeout=30)
        assert (message.data, message.extra) == (1008, why)


async def test_messages_are_their_owners_even_if_another_is_called_the_same(
    given: Given, http: Session
) -> None:
    first, second = (
        jwt.encode({"sub": sub, "name": "twin", "exp": int(time.time()) + 60}, SECRET)
        for sub in ("1", "2")
    )
    async with http.post(
        f"{given.http}/twins/messages", json={"text": "mine"}, headers=bearer(first)
    ) as answer:
        seq = (await answer.json())["seq"]
    for token, status in ((second, 403), (first, 200)):
        async with http.patch(
            f"{given.http}/twins/messages/{seq}", json={"text": "changed"}, headers=bearer(token)
        ) as answer:
            assert answer.status == status


async def test_a_moderator_deletes_what_others_wrote(given: Given, http: Session) -> None:
    writer = await token_for(given, "writer")
    moderator = await token_for(given, "moderator", "--can", "read,moderate")
    async with http.post(
        f"{given.http}/moderated/messages", json={"text": "rude"}, headers=bearer(writer)
    ) as answer:
        seq = (await answer.json())["seq"]
    url = f"{given.http}/moderated/messages/{seq}"
    async with http.delete(url, headers=bearer(moderator)) as answer:
        assert answer.status == 200
    async with http.post(
        f"{given.http}/moderated/messages", json={"text": "x"}, headers=bearer(moderator)
    ) as answer:
        assert answer.status == 403


async def test_a_newer_token_prolongs_the_stay_and_takes_rooms_away(
    given: Given, http: Session
) -> None:
    def made(seconds: float, **claims: Any) -> str:
        return jwt.encode(
            {"sub": "7", "name": "ada", "exp": int(time.time() + seconds)} | claims, SECRET
        )

    async with AsyncExitStack() as stack:
        socket = await over_native(given, http, made(2 - LEEWAY))
        stack.push_async_callback(socket.close)
        for n, (token, is_ok) in enumerate(
            [(made(60, sub="8"), False), (made(60, rooms=["kitchen"]), True)]
        ):
            await socket.send_json({"id": 10 + n, "do": "hello", "token": token})
            if is_ok:
                notice = await socket.receive_json(timeout=30)
                assert (notice["notice"], notice["room"]) == ("unfollowed", "lobby")
                assert notice["why"]["code"] == "not_found"
            assert ("ok" in await socket.receive_json(timeout=30)) is is_ok
        headers = bearer(made(60))
        async with http.post(
            f"{given.http}/lobby/messages", json={"text": "unheard"}, headers=headers
        ) as answer:
            assert answer.status == 201
        with pytest.raises(TimeoutError):  # the first token would have ended the connection by now
            raise AssertionError(await socket.receive(timeout=4))
        await socket.send_json({"id": 20, "do": "join", "room": "kitchen"})
        assert (await socket.receive_json(timeout=30))["ok"]["room"] == "kitchen"


@pytest.mark.parametrize("has_joined", [True, False])
async def test_a_narrower_token_ends_a_relay_of_socket_io(
    given: Given, http: Session, has_joined: bool
) -> None:
    """The relay is what Socket.IO follows by itself, without a command."""
    name = f"relayed-{has_joined}"
    wide, narrow = signed(name), signed(name, rooms=["kitchen"])
    async with socket_io(given.server, token=wide, room="lobby") as client:
        if has_joined:
            await client.ask("join", {"room": "lobby"})
        await client.ask("join", {"room": "kitchen"})
        assert (await client.ask("hello", {"token": narrow}))["ok"]["user"] == name
        for room in ("lobby", "kitchen"):
            await post(given, http, wide, room)
        told: list[str] = []
        while (packet := await client.packet()).data[0] != "posted":
            assert packet.data[0] in ("joined", "presence", "unfollowed"), packet
            if packet.data[0] == "unfollowed":
                told.append(packet.data[1]["room"])
        assert packet.data[1]["room"] == "kitchen"
        assert told == ["lobby"] * (2 if has_joined else 1), "the relay, and what it followed"
        assert (await client.ask("post", {"room": "lobby", "text": "x"}))["error"]["code"] == (
            "not_found"
        )
        await client.ask("join", {"room": "kitchen"})  # its session goes on


async def test_a_relay_goes_on_if_the_next_token_may_still_read_its_room(
    given: Given, http: Session
) -> None:
    async with socket_io(given.server, token=signed("stays"), room="lobby") as client:
        await client.ask("hello", {"token": signed("stays", rooms=["lobby"])})
        await post(given, http, signed("stays"), "lobby")
        assert (await client.heard("message"))[0] == "hi"


async def test_tokens_are_listed_without_what_is_secret(given: Given) -> None:
    token = await given.token("create", "--name", "listed", "--expires-in", "90d")
    rows = [json.loads(row) for row in (await given.token("list", "--json")).splitlines()]
    (row,) = [row for row in rows if row["name"] == "listed"]
    assert (row["can"], row["rooms"]) == (["read", "post"], ["*"])
    assert row["expires_at"] == pytest.approx(time.time() + 90 * 86_400, abs=60)
    assert token not in json.dumps(rows) and "digest" not in row
    assert not any(token.encode() in content for content in contents(given.server.data))
    assert "listed" in await given.token("list")


@pytest.mark.parametrize(
    "arguments, why",
    [
        (("create", "--name", "<x>"), "Invalid name"),
        (
            ("create", "--name", "x", "--can", "fly"),
            "use one or more of read, post, patch, moderate",
        ),
        (("create", "--name", "x", "--rooms", "a b"), "up to 100 room names"),
        (("create", "--name", "x", "--expires-in", "soon"), "such as 90d"),
        (("revoke", "nobody"), "hubbub token list"),
    ],
)
async def test_what_can_not_be_done_says_why(
    given: Given, arguments: tuple[str, ...], why: str
) -> None:
    with pytest.raises(AssertionError, match=why):
        await given.token(*arguments)
