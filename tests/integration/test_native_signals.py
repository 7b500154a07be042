"""Signals: who is here, who is typing, live values. The newest wins; they reach who has joined."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from websockets.asyncio.client import connect

from tests.integration.native import Json, Native, native
from tests.integration.stream import streamed
from tests.integration.web import over_http
from tests.support.server import Server


async def until(client: Native, is_it: Callable[[Json], bool]) -> Json:
    """Read signals up to one."""
    while not is_it(signal := await client.signal()):
        pass
    return signal


async def value(client: Native, key: str = "place") -> Json:
    return await until(client, lambda s: s["signal"] == "value" and s["key"] == key)


async def test_comings_and_goings_are_told(
    shared_server: Server, ada: Native, grace: Native, room: str
) -> None:
    assert (await ada.ask("join", room=room))["members"] == {"count": 1, "names": ["ada"]}
    assert (await ada.signal())["joined"] == ["ada"]
    answer = await grace.ask("join", room=room)
    assert answer["members"] == {"count": 2, "names": ["ada", "grace"]}
    presence = {"signal": "presence", "room": room}
    assert await ada.signal() == presence | {"count": 2, "joined": ["grace"], "left": []}
    await grace.ask("leave", room=room)
    assert await ada.signal() == presence | {"count": 1, "joined": [], "left": ["grace"]}


async def test_plain_and_streaming_clients_are_here_too(
    shared_server: Server, ada: Native, room: str
) -> None:
    await ada.ask("join", room=room)
    plain = f"ws://127.0.0.1:{shared_server.port}/?room={room}&name=plain"
    async with (
        connect(plain),
        over_http(shared_server, "streamer") as http,
        streamed(http, f"/{room}/events"),
    ):
        await until(ada, lambda s: s["count"] == 3)
        members = (await ada.ask("join", room=room))["members"]
        assert members == {"count": 3, "names": ["ada", "plain", "streamer"]}
    await until(ada, lambda s: s["count"] == 1)


async def test_two_connections_of_one_name_are_one_person(
    shared_server: Server, ada: Native, room: str
) -> None:
    await ada.ask("join", room=room)
    async with AsyncExitStack() as stack:
        tabs = [
            await stack.enter_async_context(native(shared_server.port, "joan", key="k" * 16))
            for _ in range(2)
        ]
        for tab in tabs:
            await tab.ask("join", room=room)
        assert (await until(ada, lambda s: "joan" in s["joined"]))["count"] == 2
        await tabs[0].ask("leave", room=room)
        await ada.ask("signal", room=room, key="still", value=1)
        while (signal := await ada.signal())["signal"] != "value":
            assert signal["left"] == []
        await tabs[1].ask("leave", room=room)
        assert (await until(ada, lambda s: s["signal"] == "presence"))["left"] == ["joan"]


async def test_typing_is_told_with_how_long_to_believe_it(
    ada: Native, grace: Native, room: str
) -> None:
    await ada.ask("join", room=room)
    assert await grace.ask("signal", room=room, signal="typing") == {"room": room}
    signal = await until(ada, lambda s: s["signal"] == "typing")
    assert signal == {"signal": "typing", "room": room, "by": "grace", "ttl": 5}


async def test_a_live_value_reaches_who_has_joined_its_sender_too(
    ada: Native, grace: Native, room: str
) -> None:
    for client in (ada, grace):
        await client.ask("join", room=room)
    place = {"lat": 48.1, "lon": [None, True, "x"]}
    await ada.ask("signal", room=room, key="place", value=place, ttl=30)
    told = {"signal": "value", "room": room, "by": "ada", "key": "place", "value": place, "ttl": 30}
    assert [await value(ada), await value(grace)] == [told, told]


async def test_only_the_newest_value_is_sent(ada: Native, room: str) -> None:
    """Values that come faster than ten a second are gathered."""
    await ada.ask("join", room=room)
    for n in range(500):
        await ada.send({"do": "signal", "room": room, "key": "place", "value": n})
    values = [(await value(ada))["value"]]
    while values[-1] != 499:
        values.append((await value(ada))["value"])
    assert values == sorted(set(values))
    assert len(values) < 50


async def test_values_of_different_keys_are_all_sent(ada: Native, room: str) -> None:
    await ada.ask("join", room=room)
    for key in "abc":
        await ada.ask("signal", room=room, key=key, value=key)
    assert [(await value(ada, key))["value"] for key in "abc"] == ["a", "b", "c"]


async def test_a_live_value_is_in_the_snapshot_until_it_is_removed(
    ada: Native, grace: Native, room: str
) -> None:
    await ada.ask("signal", room=room, key="place", value=1, ttl=60)
    (live,) = (await grace.ask("join", room=room))["live"]
    assert live == {
        "signal": "value",
        "room": room,
        "by": "ada",
        "key": "place",
        "value": 1,
        "ttl": live["ttl"],
    }
    assert 0 < live["ttl"] <= 60
    await ada.ask("signal", room=room, key="place", value=None)
    assert (await until(grace, lambda s: s.get("value", 0) is None))["key"] == "place"
    assert (await grace.ask("join", room=room))["live"] == []


async def test_a_live_value_expires(ada: Native, room: str) -> None:
    await ada.ask("signal", room=room, key="brief", value=1, ttl=0.2)
    async with asyncio.timeout(30):
        while (await ada.ask("join", room=room))["live"]:
            pass


async def test_a_late_live_value_is_told_with_the_time_that_is_left(
    ada: Native, grace: Native, room: str
) -> None:
    await ada.ask("signal", room=room, key="place", value=1, ttl=30)
    async with asyncio.timeout(30):
        while (live := (await grace.ask("join", room=room))["live"])[0]["ttl"] > 29.8:
            pass
    assert 0 < live[0]["ttl"] <= 29.8


async def test_who_has_not_joined_hears_no_signals(ada: Native, grace: Native, room: str) -> None:
    await ada.ask("signal", room=room, key="place", value=1)
    await grace.ask("join", room=room)
    await ada.ask("signal", room=room, key="place", value=2)
    assert (await value(grace))["value"] in (1, 2)
    await ada.ask("join", room="elsewhere")
    assert (await ada.signal())["room"] == "elsewhere"


async def test_signals_are_in_no_log(ada: Native, room: str) -> None:
    await ada.ask("signal", room=room, key="place", value=1)
    assert (await ada.ask("history", room=room))["head"] == 0


async def test_in_a_large_room_only_the_count_is_told(
    shared_server: Server, ada: Native, room: str
) -> None:
    count = 101
    await ada.ask("join", room=room)
    async with AsyncExitStack() as stack:

        async def come() -> None:
            other = await stack.enter_async_context(native(shared_server.port))
            await other.ask("join", room=room)

        await asyncio.gather(*(come() for _ in range(count)))
        signal = await until(ada, lambda s: s["count"] == count + 1)
        assert signal == {"signal": "presence", "room": room, "count": count + 1}
        members = (await ada.ask("join", room=room))["members"]
        assert members["count"] == count + 1
        assert len(members["names"]) <= 100
    await until(ada, lambda s: "names" in s or "left" in s)
