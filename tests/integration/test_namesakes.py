"""People of one name: none touches, counts for or slows down what is another's, at whichever door."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import jwt
import pytest
from aiohttp import WSMsgType

from hubbub.domain import identity
from tests.integration.native import Native, native
from tests.integration.test_principals import Given, token_for
from tests.support.server import Server
from tests.support.site import site

SECRET = "correct horse battery staple, and more"
KEY, OTHER_KEY = "ada's secret key", "another secret key"
ROOM = "lobby"


def signed(name: str, **claims: Any) -> str:
    return jwt.encode({"sub": name, "name": name, "exp": time.time() + 600} | claims, SECRET)


@pytest.fixture(scope="module")
async def given(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Given]:
    directory = tmp_path_factory.mktemp("namesakes")
    (directory / "secret").write_text(SECRET)
    flags = ("--jwt-secret-file", str(directory / "secret"), "--message-rate", "20")
    async with Server(directory / "data", *flags) as server:
        yield Given(server)


@asynccontextmanager
async def namesakes(port: int, room: str) -> AsyncIterator[list[Native]]:
    """Three users of other applications, all called ada; others in each room."""
    async with (
        native(port, token=signed("ada", iss=f"https://one.example/{room}")) as one,
        native(port, token=signed("ada", iss=f"https://two.example/{room}")) as two,
        native(port, token=signed("ada", sub=f"7 in {room}")) as three,
    ):
        people = [one, two, three]
        for person in people:
            await person.ask("join", room=room)
        yield people


async def test_users_of_one_name_own_react_and_count_each_for_themselves(given: Given) -> None:
    room = "namesakes"
    async with namesakes(given.server.port, room) as people:
        for seq, author in enumerate(people, start=1):
            assert (await author.ask("post", room=room, text="x", client_message_id="k"))[
                "seq"
            ] == seq
        for seq, author in enumerate(people, start=1):
            for person in people:
                if person is author:
                    await person.ask("edit", room=room, seq=seq, text="y")
                else:
                    error = await person.refused("delete", room=room, seq=seq)
                    assert error["code"] == "forbidden"
        for person in people:
            await person.ask("react", room=room, seq=1, emoji="👍")
            await person.ask("signal", room=room, key="place", value=1)
        await people[0].ask("unreact", room=room, seq=1, emoji="👍")
        shown = await people[0].ask("join", room=room)
        ids = [message["id"] for message in shown["messages"]]
        assert len(set(ids)) == 3
        assert shown["messages"][0]["reactions"] == {"👍": ["ada", "ada"]}
        assert shown["messages"][0]["reaction_ids"] == {"👍": ids[1:]}
        assert {value["id"] for value in shown["live"]} == set(ids)
        assert shown["members"]["count"] == 3
        assert sorted(shown["members"]["ids"]) == sorted(ids)


async def test_a_flood_by_one_slows_down_and_closes_nobody_else(given: Given) -> None:
    room = "flood"
    async with namesakes(given.server.port, room) as (one, two, three):
        for n in range(1000):
            await one.send({"do": "post", "room": room, "text": str(n)})
        assert await one.closed() == 4429
        for person in (two, three):
            await person.ask("post", room=room, text="I am still here")


async def must_be_refused_at_every_door(url: str, port: int, name: str, key: str | None) -> None:
    """Nobody comes in under this name without a token."""
    headers = {} if key is None else {"Hubbub-Key": key}
    query = urlencode({"name": name})
    message = f"/api/v1/rooms/{ROOM}/messages?{query}"
    async with aiohttp.ClientSession(url, headers=headers) as http:
        for path in (f"/api/v1/rooms?{query}", f"/api/v1/rooms/{ROOM}/events?{query}"):
            async with http.get(path) as answer:
                assert (answer.status, (await answer.json())["code"]) == (409, "name_taken"), path
        async with http.post(message, json={"text": "x"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (409, "name_taken")
        for path in ("/", "/ws"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await http.ws_connect(f"{path}?{query}")
            assert caught.value.status == 409, path
        for path in ("/sockjs", "/sockjs-plain"):
            async with http.ws_connect(f"{path}/websocket?{query}") as socket:
                assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED), path
                assert socket.close_code == 1008, path
        async with http.ws_connect("/socket.io/?EIO=4&transport=websocket") as socket:
            await socket.receive()
            await socket.send_str("40" + json.dumps({"name": name, "key": key}))
            assert "name_taken" in (await socket.receive_str())
    async with native(port) as client:
        given_key = {} if key is None else {"key": key}
        assert (await client.refused("hello", name=name, **given_key))["code"] == "name_taken"


@pytest.mark.parametrize("key", [None, KEY])
async def test_the_name_of_a_token_is_refused_to_guests_at_every_door(
    given: Given, key: str | None
) -> None:
    name = "ci" if key is None else "ci2"
    await token_for(given, name)
    await must_be_refused_at_every_door(given.server.url, given.server.port, name, key)


async def test_a_guest_who_uses_the_name_of_a_new_token_is_shown_out(given: Given) -> None:
    async with native(given.server.port, "later") as guest:
        await given.token("create", "--name", "later")
        async with asyncio.timeout(30):
            assert await guest.closed() == 4401


async def test_who_takes_a_guests_former_name_edits_nothing_of_theirs(given: Given) -> None:
    port, room = given.server.port, "former"
    async with native(port, "eve", key=KEY) as eve:
        await eve.ask("post", room=room, text="mine", client_message_id="k")
    for key in ({}, {"key": OTHER_KEY}):
        async with native(port, "eve", **key) as other:
            for command in ({"do": "edit", "text": "hers"}, {"do": "delete"}):
                fields = {k: v for k, v in command.items() if k != "do"}
                error = await other.refused(command["do"], room=room, seq=1, **fields)
                assert error["code"] == "forbidden"
            answer = await other.ask("post", room=room, text="x", client_message_id="k")
            assert "duplicate" not in answer
    async with native(port, "eve again", key=KEY) as again:
        answer = await again.ask("post", room=room, text="mine", client_message_id="k")
        assert (answer["seq"], answer["duplicate"]) == (1, True)
        await again.ask("edit", room=room, seq=1, text="still mine")


async def test_hello_says_the_id_that_events_carry(given: Given) -> None:
    async with native(given.server.port) as client:
        welcome = await client.ask("hello", name="zoe", key=KEY)
        await client.ask("join", room="ids")
        await client.ask("post", room="ids", text="x")
        event = await client.event()
    expected = identity.short_id(identity.visitor("zoe", KEY))
    assert welcome["id"] == event["id"] == expected
    assert len(event["id"]) == 12
    async with native(given.server.port) as client:
        assert "id" not in await client.ask("hello", name="zoe")
        await client.ask("join", room="ids")
        await client.ask("post", room="ids", text="x")
        assert "id" not in await client.event()


@pytest.mark.parametrize("key", [None, KEY])
async def test_a_name_that_looks_like_an_owners_or_admins_is_refused_to_guests_at_every_door(
    tmp_path: Path, key: str | None
) -> None:
    async with site(tmp_path, guests="on") as here:
        for _ in range(2):  # the second time, the server looks up the first
            assert (await here.ada.ask("PATCH", "/me", {"name": "Queen Ada"})).status == 200
        url = here.stranger.url
        for name in ("Queen Ada", "queen ada", "Queen \u0410da"):
            await must_be_refused_at_every_door(url, int(url.rpartition(":")[2]), name, key)
        assert (await here.stranger.ask("GET", "/rooms?name=Queen%20Eve")).status == 200
