"""One change may add to several logs and make something, in one transaction, whatever the store."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import ANSWERED, Accepted, Answered, Head, Proposal
from hubbub.domain.screening import screen_change
from hubbub.protocol.codec import BadFrame
from hubbub.protocol.messages import Post
from hubbub.server.stores.base import Store
from tests.support.fakes import ADA, AT
from tests.support.postgres import Postgres
from tests.support.stores import store_with
from tests.support.toy_making import MAKING_RULES, MakeRoom, RoomMade

KITCHEN, OTHER = "@rkntchen00000", "@r000000000000"
MAKE = MakeRoom(room="lobby", key=KITCHEN, client_message_id="k")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[Store]:
    store = await store_with(MAKING_RULES, request.param, tmp_path, postgres)
    yield store
    await store.close()


async def test_all_its_logs_get_their_events(store: Store) -> None:
    await store.commit([Proposal(ADA, Post(room="lobby", text="hi"))], AT)
    [answer], batches = await store.commit([Proposal(ADA, MAKE)], AT)
    assert answer == Accepted(2, AT, made=KITCHEN)
    assert {batch.room: batch.first for batch in batches} == {"lobby": 2, KITCHEN: 1}
    for batch in batches:
        page = await store.read(batch.room, batch.first - 1, batch.last)
        event = MAKING_RULES.events.decode(page.bodies[0])
        assert page.bodies == batch.bodies
        assert isinstance(event, RoomMade) and (event.key, event.year) == (KITCHEN, 2026)


async def test_a_repeated_change_makes_nothing_and_is_told_again_what_was_made(
    store: Store,
) -> None:
    again = MakeRoom(room="lobby", key=OTHER, client_message_id="k")  # as made up for the retry
    first, retry = Accepted(1, AT, made=KITCHEN), Accepted(1, AT, is_duplicate=True, made=KITCHEN)
    both = await store.commit([Proposal(ADA, MAKE), Proposal(ADA, again)], AT)
    assert both.answers == [first, retry]
    assert await store.commit([Proposal(ADA, again)], AT) == ([retry], [])
    assert await store.rows(ANSWERED) == [Answered("lobby", "k", ADA.key_owner, 1, AT, KITCHEN)]
    assert await store.heads([KITCHEN, OTHER]) == {KITCHEN: Head(1)}


async def test_many_at_once_that_share_logs_all_succeed(store: Store) -> None:
    rooms = ["lobby", "kitchen", "attic"]
    pending = [
        store.commit([Proposal(ADA, MakeRoom(room=room, key=key))], AT)
        for n in range(5)
        for room in rooms
        for key in rooms
        if key != room
    ]
    commits = await asyncio.gather(*pending)
    assert all(isinstance(answer, Accepted) for commit in commits for answer in commit.answers)
    assert await store.heads(rooms) == dict.fromkeys(rooms, Head(20))


def test_no_client_can_send_an_internal_command() -> None:
    assert MAKING_RULES.commands.names == RULES.commands.names
    with pytest.raises(BadFrame):
        MAKING_RULES.commands.decode('{"do": "make_room", "room": "lobby", "key": "x"}')
    with pytest.raises(BadFrame):
        MAKING_RULES.commands.convert({"do": "make_room", "room": "lobby", "key": "x"})


def test_no_door_asks_about_an_internal_command() -> None:
    own = MakeRoom(room="@audit", key=KITCHEN)
    assert screen_change(MAKING_RULES, ADA, own, 256) is None
    assert screen_change(MAKING_RULES, ADA, Post(room="@audit", text="hi"), 256) is not None
