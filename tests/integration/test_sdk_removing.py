"""Removing accounts, and taking one's data away, with the Python SDK."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import hubbub
from tests.support.ports import free_port
from tests.support.site import PASSWORD, Site, Someone, site


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[tuple[Site, Someone]]:
    """A site, with a member who wrote something."""
    async with site(tmp_path) as made:
        dave = await made.ada.bring_in("dave")
        await dave.ask("POST", "/rooms/lobby/messages", {"text": "mine"})
        yield made, dave


async def texts(someone: Someone) -> list[str | None]:
    messages = (await someone.ask("GET", "/rooms/lobby/messages")).body["messages"]
    return [each.get("text") for each in messages]


async def test_one_takes_ones_data_away_and_goes(here: tuple[Site, Someone]) -> None:
    made, dave = here
    async with hubbub.connect(dave.url, token=dave.token) as client:
        kinds = [each["kind"] async for each in client.me.export()]
        assert {"account", "handle", "session", "message"} <= set(kinds)
        with pytest.raises(hubbub.Refused, match="rate_limited"):
            await anext(client.me.export())
        with pytest.raises(hubbub.Refused, match="forbidden"):
            await client.me.remove("wrong-lamp-77")
        closed = asyncio.create_task(until_closed(client))
        await client.me.remove(PASSWORD)
        assert await closed == 4401
    assert await texts(made.ada) == ["mine"]


async def until_closed(client: hubbub.Client) -> int | None:
    """Wait until a client is closed for good; returns the code."""
    async for status in client.statuses():
        if status.state is hubbub.ConnectionState.CLOSED:
            return status.code
    raise AssertionError("it was not closed")


async def test_an_owner_removes_somebody_with_all_that_they_wrote(
    here: tuple[Site, Someone],
) -> None:
    made, dave = here
    async with hubbub.connect(dave.url, token=made.ada.token) as client:
        room = await client.follow("lobby")
        with pytest.raises(hubbub.Refused, match="forbidden"):
            await client.remove_person(made.ada.account)
        await client.remove_person(dave.account, messages=True)
        async for event in room:
            if event.__struct_config__.tag == "erased":
                break
        assert [message.text for message in room.messages] == [None]
        with pytest.raises(hubbub.Refused, match="not_found"):
            await client.remove_person(dave.account)


async def test_whoever_gets_no_answer_learns_that() -> None:
    client = hubbub.Client(f"http://127.0.0.1:{free_port()}", token="x")
    for asked in (client.me.remove(), client.remove_person("@p"), anext(client.me.export())):
        with pytest.raises(hubbub.Unreachable):
            await asked
