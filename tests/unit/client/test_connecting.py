"""Opening, losing, finding again and closing for good."""

# ruff: noqa: PLW2901 (after a reconnect, the link is another one)

import asyncio

import pytest

from hubbub.client import Closed, ConnectionState, Refused, Unreachable
from tests.unit.client.fakes import FakeLink, Play, play, settle

CONNECTING, CONNECTED = ConnectionState.CONNECTING, ConnectionState.CONNECTED
DISCONNECTED, CLOSED = ConnectionState.DISCONNECTED, ConnectionState.CLOSED


async def test_hello_comes_first_and_says_who_this_is() -> None:
    scene = Play(name="ada", key="a secret of mine")
    opening = asyncio.create_task(scene.client.open())
    link = await scene.network.let_through()
    hello = await link.heard()
    assert (hello["do"], hello["name"], hello["key"]) == ("hello", "ada", "a secret of mine")
    assert not opening.done()
    await give_up(scene, opening)


async def test_a_reconnect_uses_the_same_key() -> None:
    scene = Play(name="ada")
    opening = asyncio.create_task(scene.client.open())
    hellos = []
    for _ in range(2):
        link = await scene.network.let_through()
        hellos.append(await link.heard())
        link.cut()
        await settle()
        await scene.clock.advance(60)
    assert hellos[0] == hellos[1]
    assert len(hellos[0]["key"]) >= 16
    await give_up(scene, opening)


async def test_two_clients_have_different_keys() -> None:
    keys = set()
    for _ in range(2):
        scene = Play(name="ada")
        opening = asyncio.create_task(scene.client.open())
        keys.add((await (await scene.network.let_through()).heard())["key"])
        await give_up(scene, opening)
    assert len(keys) == 2


async def test_who_is_welcome_knows_its_name() -> None:
    async with play(name=None) as (scene, _):
        assert scene.client.user == "ada"
        assert scene.client.welcome is not None
        assert scene.client.welcome.limits.message_bytes == 1000


async def test_the_states_are_told_in_order() -> None:
    async with play() as (scene, link):
        statuses = scene.client.statuses()
        assert (await anext(statuses)).state is CONNECTED
        link.cut(1011)
        lost = await anext(statuses)
        assert (lost.state, lost.code, lost.reason, lost.retry_in) == (
            DISCONNECTED,
            1011,
            "cut",
            0.5,
        )
        await scene.clock.advance(1)
        assert (await anext(statuses)).state is CONNECTING
        await scene.network.accept()
        assert (await anext(statuses)).state is CONNECTED
        await scene.client.close()
        assert [status.state async for status in statuses] == [DISCONNECTED, CLOSED][1:]


async def test_attempts_get_rarer_and_begin_anew_after_a_good_link() -> None:
    async with play() as (scene, link):
        await scene.clock.advance(10)
        waits = []
        link.cut()
        for _ in range(9):
            await settle()
            assert scene.client.status.retry_in is not None
            waits.append(scene.client.status.retry_in)
            await scene.clock.advance(waits[-1])
            await scene.network.refuse()
        assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
        await settle()
        await scene.clock.advance(30)
        link = await scene.network.accept()
        await settle()
        await scene.clock.advance(10)
        link.cut()
        await settle()
        assert scene.client.status.retry_in == 0.5


async def test_a_server_that_hangs_up_at_once_is_not_stormed() -> None:
    async with play() as (scene, link):
        waits = []
        for _ in range(4):
            link.cut()
            await settle()
            waits.append(scene.client.status.retry_in or 0)
            await scene.clock.advance(waits[-1])
            link = await scene.network.accept()
            await settle()
        assert waits == [0.5, 1, 2, 4]


async def test_a_restarting_server_says_when_to_come_back() -> None:
    async with play() as (scene, link):
        link.say({"notice": "closing", "reason": "restarting", "reconnect_after": 7.5})
        link.cut(1012)
        await settle()
        assert scene.client.status.retry_in == 8.0


async def test_who_was_much_too_fast_comes_back_later() -> None:
    async with play() as (scene, link):
        link.cut(4429)
        await settle()
        assert (scene.client.status.retry_in or 0) >= 10


async def test_a_close_for_good_is_not_tried_again() -> None:
    async with play() as (scene, link):
        link.cut(4401, may_retry=False)
        await settle()
        status = scene.client.status
        assert (status.state, status.code, status.retry_in) == (CLOSED, 4401, None)
        assert scene.network.dials == 0
        with pytest.raises(Closed):
            await scene.client.join("lobby")


async def test_garbage_is_answered_with_a_protocol_error() -> None:
    async with play() as (scene, link):
        link.say_text("<html>")
        await settle()
        assert link.close_code == 1002
        assert scene.client.status.state is CLOSED


async def test_closing_says_goodbye() -> None:
    async with play() as (scene, link):
        await scene.client.close()
        assert link.close_code == 1000
        assert [status.state async for status in scene.client.statuses()] == [CLOSED]
        await scene.client.close()


async def test_closing_ends_the_wait_for_the_next_attempt() -> None:
    async with play() as (scene, link):
        link.cut()
        await settle()
        await scene.client.close()
        assert scene.client.status.state is CLOSED


async def test_a_taken_name_is_refused_at_once() -> None:
    scene = Play()
    opening = asyncio.create_task(scene.client.open())
    link = await scene.network.let_through()
    link.refuse(await link.heard(), "name_taken")
    with pytest.raises(Refused, match="name_taken"):
        await opening
    assert scene.client.status.state is CLOSED


async def test_a_name_taken_while_away_ends_the_client() -> None:
    async with play() as (scene, link):
        link.cut()
        await settle()
        await scene.clock.advance(60)
        link = await scene.network.let_through()
        link.refuse(await link.heard(), "name_taken")
        await settle()
        assert scene.client.status.state is CLOSED
        assert "name_taken" in scene.client.status.reason


async def test_a_greeting_refused_for_now_is_tried_again() -> None:
    scene = Play()
    opening = asyncio.create_task(scene.client.open())
    link = await scene.network.let_through()
    link.refuse(await link.heard(), "unavailable", temporary=True, retry_after=5.0)
    await settle()
    assert scene.client.status.retry_in == 5.5
    await scene.clock.advance(6)
    await scene.network.accept()
    await opening
    await scene.client.close()


async def test_nobody_there_in_time_is_unreachable() -> None:
    scene = Play(open_timeout=0.1)
    opening = asyncio.create_task(scene.client.open())
    await scene.network.refuse()
    with pytest.raises(Unreachable, match="no way"):
        await opening
    assert scene.client.status.state is CLOSED


async def test_why_an_attempt_failed_is_said_also_during_the_next_one() -> None:
    scene = Play(open_timeout=0.1)
    opening = asyncio.create_task(scene.client.open())
    await scene.network.refuse()
    await settle()
    await scene.clock.advance(60)
    assert scene.client.status.state is CONNECTING
    with pytest.raises(Unreachable, match="no way"):
        await opening


@pytest.mark.parametrize("status", [400, 404, 426])
async def test_something_else_that_answers_there_ends_the_first_attempt(status: int) -> None:
    scene = Play()
    opening = asyncio.create_task(scene.client.open())
    await scene.network.refuse(status)
    with pytest.raises(Closed) as caught:
        await opening
    assert caught.value.code == status


async def test_a_proxy_without_its_server_does_not_end_a_client() -> None:
    async with play() as (scene, link):
        link.cut()
        await settle()
        await scene.clock.advance(1)
        await scene.network.refuse(404)
        await settle()
        assert scene.client.status.state is DISCONNECTED


async def test_a_client_is_opened_once() -> None:
    async with play() as (scene, _):
        with pytest.raises(RuntimeError):
            await scene.client.open()


async def test_nothing_is_asked_of_a_client_that_is_not_open() -> None:
    with pytest.raises(Closed, match="not opened"):
        await Play().client.post("lobby", "hi")


async def test_cancelling_the_opening_leaves_no_link() -> None:
    scene = Play()
    opening = asyncio.create_task(scene.client.open())
    link: FakeLink = await scene.network.let_through()
    await settle()
    await give_up(scene, opening)
    assert link.close_code == 1000


async def give_up(scene: Play, opening: asyncio.Task[object]) -> None:
    opening.cancel()
    await asyncio.wait({opening})
    await scene.client.close()
