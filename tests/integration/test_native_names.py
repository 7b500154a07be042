"""Who a native client is: `hello`, names, and the keys that hold them."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect

from tests.integration.native import Native, native
from tests.integration.raw import HANDSHAKE, TEXT, connected, frame, opened
from tests.support.server import Server

KEY, OTHER_KEY = "k" * 16, "o" * 128


async def test_who_says_no_name_is_called_guest_and_something(shared_server: Server) -> None:
    async with native(shared_server.port) as one, native(shared_server.port) as two:
        names = [(await client.ask("hello"))["user"] for client in (one, two)]
    assert all(name.startswith("guest-") for name in names)
    assert len(set(names)) == 2


async def test_hello_may_be_left_out(shared_server: Server, room: str) -> None:
    async with native(shared_server.port) as client:
        await client.ask("join", room=room)
        await client.ask("post", room=room, text="hi")
        assert (await client.event())["by"].startswith("guest-")


async def test_hello_comes_first_and_once(shared_server: Server, ada: Native) -> None:
    assert (await ada.refused("hello", name="ada"))["code"] == "bad_request"
    async with native(shared_server.port) as late:
        await late.ask("leave", room="x")
        assert (await late.refused("hello", name="late"))["code"] == "bad_request"


async def test_a_refused_hello_may_be_tried_again(shared_server: Server, ada: Native) -> None:
    async with native(shared_server.port) as client:
        assert (await client.refused("hello", name="ada"))["code"] == "name_taken"
        assert (await client.refused("hello", name=" "))["code"] == "bad_request"
        assert (await client.ask("hello", name="joan"))["user"] == "joan"


@pytest.mark.parametrize(
    "name", ["a", "Ada Lovelace", "O'Neil", "Zoë", "李小龍", "n" * 32, "a.b-c_d:e@f+g~h"]
)
async def test_a_valid_name_is_accepted(shared_server: Server, name: str) -> None:
    async with native(shared_server.port) as client:
        assert (await client.ask("hello", name=name))["user"] == name


@pytest.mark.parametrize(
    "name", ["", " ada", "ada ", "n" * 33, "a\nb", "a/b", "<b>", "Zoe\u0308", "a\u202eb", 7, "👍"]
)
async def test_an_invalid_name_in_hello_is_refused(shared_server: Server, name: object) -> None:
    async with native(shared_server.port) as client:
        assert (await client.refused("hello", name=name))["code"] == "bad_request"


@pytest.mark.parametrize("key", ["k" * 15, "k" * 129, "", 16])
async def test_an_invalid_key_is_refused(shared_server: Server, key: object) -> None:
    async with native(shared_server.port) as client:
        assert (await client.refused("hello", name="keyless", key=key))["code"] == "bad_request"


async def test_one_key_lets_two_connections_have_one_name(shared_server: Server, room: str) -> None:
    async with (
        native(shared_server.port, "joan", key=KEY) as one,
        native(shared_server.port, "joan", key=KEY) as two,
    ):
        await one.ask("join", room=room)
        answer = await two.ask("join", room=room)
        (id_,) = answer["members"]["ids"]
        assert answer["members"] == {"count": 1, "names": ["joan"], "ids": [id_]}
        async with native(shared_server.port) as other:
            for key in ({}, {"key": OTHER_KEY}):
                assert (await other.refused("hello", name="joan", **key))["code"] == "name_taken"
        await one.socket.close()
        assert (await two.ask("post", room=room, text="still joan"))["seq"] == 1
        assert (await two.event())["by"] == "joan"


async def test_a_name_without_a_key_is_for_one_connection(
    shared_server: Server, ada: Native
) -> None:
    async with native(shared_server.port) as other:
        for key in ({}, {"key": KEY}):
            assert (await other.refused("hello", name="ada", **key))["code"] == "name_taken"


async def test_a_name_is_free_once_its_connection_is_closed(shared_server: Server) -> None:
    async with native(shared_server.port, "brief") as one:
        await one.socket.close()
        async with native(shared_server.port) as two:
            assert (await two.ask("hello", name="brief"))["user"] == "brief"


async def test_a_name_is_free_once_its_connection_has_died(
    shared_server: Server, ada: Native, room: str
) -> None:
    """No close frame: the socket is reset, as when a process is killed."""
    await ada.ask("join", room=room)
    async with native(shared_server.port, "mortal") as one:
        await one.ask("join", room=room)
        while "mortal" not in (await ada.signal()).get("joined", []):
            pass
        one.socket.transport.abort()
        while (await ada.signal()).get("left") != ["mortal"]:
            pass
    async with native(shared_server.port) as two:
        assert (await two.ask("hello", name="mortal"))["user"] == "mortal"


async def test_a_name_is_free_once_its_connection_broke_the_protocol(
    shared_server: Server,
) -> None:
    """Also while the peer, which has been told, does not hang up."""
    async with opened(shared_server.port, "/ws?name=rude") as raw:
        raw.send(frame(TEXT, b"{}", mask=None))
        assert await raw.close_code() == 1002
        async with native(shared_server.port) as two:
            assert (await two.ask("hello", name="rude"))["user"] == "rude"


async def test_a_name_may_stand_in_the_url_and_its_key_in_a_header(shared_server: Server) -> None:
    url = f"ws://127.0.0.1:{shared_server.port}/ws?name=urla"
    async with connect(url, additional_headers={"Hubbub-Key": KEY}) as socket:
        one = Native(socket)
        assert (await one.ask("hello"))["user"] == "urla"
        async with native(shared_server.port, "urla", key=KEY) as two:
            assert (await two.refused("hello"))["code"] == "bad_request"


async def test_hello_cannot_change_the_name_in_the_url(shared_server: Server) -> None:
    async with connect(f"ws://127.0.0.1:{shared_server.port}/ws?name=urla") as socket:
        one = Native(socket)
        assert (await one.refused("hello", name="grace"))["code"] == "bad_request"
        assert (await one.ask("hello", name="urla"))["user"] == "urla"


@pytest.mark.parametrize("door", ["/ws", "/"])
async def test_a_taken_name_in_the_url_is_refused_before_the_handshake(
    shared_server: Server, ada: Native, door: str
) -> None:
    async with connected(shared_server.port) as raw:
        headers = {"Host": "localhost"} | HANDSHAKE
        response = await raw.request(f"GET {door}?name=ada HTTP/1.1", headers)
        assert response.status == 409
        assert b'"name_taken"' in response.body
        again = await raw.request(f"GET {door}?name=joan HTTP/1.1", headers)
        assert again.status == 101


async def test_of_many_who_come_at_once_under_one_name_one_gets_in(
    shared_server: Server,
) -> None:
    request = {"Host": "localhost"} | HANDSHAKE
    async with AsyncExitStack() as stack:
        raws = [await stack.enter_async_context(connected(shared_server.port)) for _ in range(20)]
        responses = await asyncio.gather(
            *(raw.request("GET /ws?name=wanted HTTP/1.1", request) for raw in raws)
        )
    assert sorted(response.status for response in responses) == [101] + [409] * 19
