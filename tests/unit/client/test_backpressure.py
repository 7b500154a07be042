"""Slow readers: memory stays bounded, nothing is lost, and answers still come."""

# ruff: noqa: PLW2901 (after a reconnect, the link is another one)

import asyncio

from hubbub.client import Room
from tests.unit.client.fakes import FakeLink, Play, play, posted, resumed, settle, snapshot, stored

LIMIT = 10


async def join(scene: Play, link: FakeLink) -> Room:
    joining = asyncio.create_task(scene.client.join("lobby"))
    link.accept(await link.heard(), **snapshot())
    return await joining


async def test_while_a_reader_is_slow_the_socket_is_not_read() -> None:
    async with play(max_queued=LIMIT) as (scene, link):
        room = await join(scene, link)
        stream = aiter(room)
        link.say(*(posted(seq) for seq in range(1, 31)))
        assert (await anext(stream)).seq == 1
        await settle()
        # Ten were queued, of which one is taken; the next is in the hand that waits for space.
        assert link.unread == 30 - LIMIT - 1
        assert [(await anext(stream)).seq for _ in range(29)] == list(range(2, 31))
        assert link.heard_already() == []


async def test_an_answer_comes_although_the_reader_waits_for_it() -> None:
    async with play(max_queued=LIMIT) as (scene, link):
        room = await join(scene, link)
        stream = aiter(room)
        link.say(*(posted(seq) for seq in range(1, 31)))
        await anext(stream)
        await settle()
        posting = asyncio.create_task(room.post("answer me"))
        link.accept(await link.heard(), **stored(31))
        await posting
        assert [(await anext(stream)).seq for _ in range(LIMIT)] == list(range(2, 12))
        # The others were passed over on the way to the answer; now they are had from the log.
        rest = asyncio.create_task(anext(stream))
        command = await link.heard()
        assert (command["do"], command["since"]) == ("follow", 11)
        link.accept(command, **resumed(head=31, missed=20))
        link.say(*(posted(seq) for seq in range(12, 32)))
        assert (await rest).seq == 12
        assert [(await anext(stream)).seq for _ in range(19)] == list(range(13, 32))


async def test_nobody_who_only_posts_has_to_read() -> None:
    async with play(max_queued=LIMIT) as (scene, link):
        room = await join(scene, link)
        for seq in range(1, 40):
            posting = asyncio.create_task(room.post("news"))
            command = await link.heard()
            link.say(posted(seq))
            link.accept(command, **stored(seq))
            await posting
        await settle()
        assert link.unread == 0
        first = asyncio.create_task(anext(aiter(room)))
        assert (await first).seq == 1


async def test_a_stuck_reader_does_not_cost_the_connection() -> None:
    async with play(max_queued=LIMIT) as (scene, link):
        room = await join(scene, link)
        stream = aiter(room)
        link.say(*(posted(seq) for seq in range(1, 31)))
        await anext(stream)
        await settle()
        assert link.unread > 0
        await scene.clock.advance(10)
        assert link.unread == 0
        link.say(posted(31))
        await settle()
        assert link.unread == 0
        assert [(await anext(stream)).seq for _ in range(LIMIT)] == list(range(2, 12))
        rest = asyncio.create_task(anext(stream))
        link.accept(await link.heard(), **resumed(head=31, missed=20))
        link.say(posted(12))
        assert (await rest).seq == 12


async def test_a_full_room_does_not_hold_up_a_reconnect() -> None:
    async with play(max_queued=LIMIT) as (scene, link):
        room = await join(scene, link)
        stream = aiter(room)
        link.say(*(posted(seq) for seq in range(1, 12)))
        await anext(stream)
        await settle()
        link = await scene.reconnect(link)
        command = await link.heard()
        assert command["since"] == 11
        link.accept(command, **resumed(head=12, missed=1))
        link.say(posted(12))
        assert [(await anext(stream)).seq for _ in range(11)] == list(range(2, 13))
