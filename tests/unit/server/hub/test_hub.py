"""What is so for all parts of the hub."""

import asyncio
from dataclasses import replace

import pytest

from hubbub.domain.facts import Accepted, Answer
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.messages import (
    Follow,
    History,
    Post,
    Signal,
)
from tests.support.fakes import (
    ADA,
    AT,
    settle,
    timeless,
)
from tests.support.house import House, NewPeer


@timeless
async def test_a_room_that_can_not_be_is_refused_on_every_way(new_peer: NewPeer) -> None:
    hub, room = House().hub, "the lobby"
    outlet = new_peer().outlet
    house = House()
    for act in (
        hub.following.follow(ADA, Follow(room=room), outlet, house.told.append, lambda _: None),
        hub.following.check(ADA, Follow(room=room)),
        hub.reading.snapshot(ADA, room),
        hub.reading.history(ADA, History(room=room)),
        hub.reading.document(ADA, room),
        hub.reading.events(ADA, room, None, None, 0),
    ):
        assert (await house.refused(act)).code == "bad_request"
    with pytest.raises(RefusalError):
        await hub.writing.signal(ADA, Signal(room=room, signal="typing"))


@timeless
async def test_whom_the_table_does_not_let_read_learns_nothing() -> None:
    house = House()
    hub = house.hub
    await house.post("secret")
    for mute, code in (
        (replace(ADA, scopes=frozenset()), "forbidden"),
        (replace(ADA, rooms=("kitchen",)), "not_found"),
    ):
        for act in (
            hub.reading.snapshot(mute, "lobby"),
            hub.reading.document(mute, "lobby"),
            hub.reading.history(mute, History(room="lobby")),
            hub.reading.events(mute, "lobby", 0, None, 0),
            hub.following.check(mute, Follow(room="lobby")),
        ):
            assert (await house.refused(act)).code == code
    assert (
        await house.refused(hub.reading.rooms(replace(ADA, scopes=frozenset()), "", 9))
    ).code == "forbidden"


@timeless
async def test_stopping_answers_what_was_taken_and_lets_go_who_waits() -> None:
    house = House()
    waiting = asyncio.create_task(house.hub.reading.events(ADA, "lobby", None, None, 60))
    await settle()
    answers: list[Answer] = []
    house.hub.writing.submit(ADA, Post(room="kitchen", text="hi"), answers.append)
    await house.hub.stop()
    assert answers == [Accepted(1, AT)]
    assert (await waiting).bodies == []
    late = await house.hub.writing.commit(ADA, Post(room="lobby", text="too late"))
    assert isinstance(late, Refusal)
    assert late.code == "unavailable"
    assert asyncio.get_running_loop().time() < 1
