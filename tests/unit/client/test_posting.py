"""Commands across lost links: what is sent again, what is not, and what their senders are told."""

# ruff: noqa: PLW2901 (after a reconnect, the link is another one)

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from hubbub.client import Client, Closed, ConnectionState, Refused, Unknown
from tests.unit.client.fakes import FakeLink, Play, play, settle, snapshot, stored

Result = TypeVar("Result")


async def begin(work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    task = asyncio.create_task(work)
    await settle()
    return task


async def test_a_post_returns_what_it_was_acknowledged_with() -> None:
    async with play() as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi", reply_to=3))
        command = await link.heard()
        assert command["do"] == "post"
        assert (command["room"], command["text"], command["reply_to"]) == ("lobby", "hi", 3)
        assert not posting.done()
        link.accept(command, **stored(7))
        answer = await posting
        assert (answer.room, answer.seq, answer.duplicate) == ("lobby", 7, False)


async def test_a_post_whose_answer_was_lost_is_sent_again_with_the_same_client_message_id() -> None:
    async with play() as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi"))
        first = await link.heard()
        link = await scene.reconnect(link)
        again = await link.heard()
        assert again == first
        link.accept(again, **stored(7), duplicate=True)
        assert (await posting).duplicate


ASKED: list[Callable[[Client], Coroutine[Any, Any, object]]] = [
    lambda client: client.post("lobby", "hi"),
    lambda client: client.join("lobby"),
    lambda client: client.history("lobby"),
]


@pytest.mark.parametrize("ask", ASKED)
async def test_a_malformed_answer_leaves_nobody_waiting(
    ask: Callable[[Client], Coroutine[Any, Any, object]],
) -> None:
    async with play() as (scene, link):
        asking = await begin(ask(scene.client))
        link.accept(await link.heard(), room=7)
        await settle()
        assert asking.done()
        with pytest.raises(Unknown, match=r"The answer is not hubbub\.v1"):
            await asking
        assert scene.client.status.state is ConnectionState.CLOSED


async def test_a_post_made_while_disconnected_waits_for_the_next_link() -> None:
    async with play() as (scene, link):
        link.cut()
        await settle()
        posting = await begin(scene.client.post("lobby", "hi"))
        await scene.clock.advance(60)
        link = await scene.network.accept()
        link.accept(await link.heard(), **stored(1))
        assert (await posting).seq == 1


async def test_posts_are_sent_again_in_their_order() -> None:
    async with play() as (scene, link):
        tasks = [await begin(scene.client.post("lobby", text)) for text in "abc"]
        link.accept(await link.heard(), **stored(1))
        await settle()
        link = await scene.reconnect(link)
        commands = [await link.heard(), await link.heard()]
        assert [command["text"] for command in commands] == ["b", "c"]
        for command in commands:
            link.accept(command, **stored(2))
        await asyncio.gather(*tasks)


async def test_each_post_has_an_id_of_its_own() -> None:
    async with play() as (scene, link):
        tasks = [await begin(scene.client.post("lobby", "hi")) for _ in range(2)]
        commands = [await link.heard(), await link.heard()]
        assert len({command["client_message_id"] for command in commands}) == 2
        for command in commands:
            link.accept(command, **stored(1))
        await asyncio.gather(*tasks)


async def test_a_given_client_message_id_is_used() -> None:
    async with play() as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi", client_message_id="build-42"))
        command = await link.heard()
        assert command["client_message_id"] == "build-42"
        link.accept(command, **stored(1))
        await posting


async def test_any_command_can_be_sent_by_its_name_and_fields() -> None:
    async with play() as (scene, link):
        sending = await begin(scene.client.send("wave", room="lobby", seq=3, id="mine"))
        command = await link.heard()
        assert {key: command[key] for key in command if key != "id"} == {
            "do": "wave",
            "room": "lobby",
            "seq": 3,
        }
        link.accept(command, room="lobby", new="field")
        assert await sending == {"room": "lobby", "new": "field"}


async def test_a_command_sent_by_its_name_is_not_repeated_once_its_answer_was_lost() -> None:
    async with play() as (scene, link):
        sending = await begin(scene.client.send("wave", room="lobby"))
        await link.heard()
        await scene.reconnect(link)
        with pytest.raises(Unknown):
            await sending


async def test_a_change_sent_by_its_name_is_repeated_with_the_same_key() -> None:
    async with play() as (scene, link):
        sending = await begin(scene.client.send("react", room="lobby", seq=1, emoji="x"))
        first = await link.heard()
        assert first["client_message_id"]
        link = await scene.reconnect(link)
        assert await link.heard() == first
        link.accept(first, room="lobby", seq=2)
        assert (await sending)["seq"] == 2


async def test_a_patch_whose_answer_was_lost_is_sent_again_with_the_same_key() -> None:
    async with play() as (scene, link):
        room = await joined(scene, link)
        patching = await begin(room.patch({"topic": "tea"}))
        first = await link.heard()
        assert first["patch"] == {"topic": "tea"} and first["client_message_id"]
        link.cut()
        await settle()
        await scene.clock.advance(60)
        link = await scene.network.accept()
        await settle()
        again = next(command for command in link.heard_already() if command["do"] == "patch")
        assert again == first
        link.accept(again, room="lobby", seq=9, at="2026-11-23T09:00:00.123Z", duplicate=True)
        answer = await patching
        assert answer is not None and (answer.seq, answer.duplicate) == (9, True)


async def test_a_patch_that_was_never_sent_goes_out_on_the_next_link() -> None:
    async with play() as (scene, link):
        room = await joined(scene, link)
        link.cut()
        await settle()
        patching = await begin(room.patch({"topic": "tea"}, if_seq=4))
        await scene.clock.advance(60)
        link = await scene.network.accept()
        command = await heard(link, "patch")
        assert command["if_seq"] == 4
        link.accept(command, **stored(5))
        assert (await patching).seq == 5


async def test_a_first_delete_that_finds_the_message_gone_is_refused() -> None:
    async with play() as (scene, link):
        room = await joined(scene, link)
        deleting = await begin(room.delete(3))
        link.refuse(await link.heard(), "gone")
        with pytest.raises(Refused, match="gone"):
            await deleting


@pytest.mark.parametrize(
    "verb", ["edit", "delete", "react", "unreact", "signal", "history", "leave", "unfollow"]
)
async def test_what_can_safely_be_repeated_is_sent_again(verb: str) -> None:
    async with play() as (scene, link):
        room = await joined(scene, link)
        works: dict[str, Coroutine[Any, Any, Any]] = {
            "edit": room.edit(3, "ho"),
            "delete": room.delete(3),
            "react": room.react(3, "👍"),
            "unreact": room.unreact(3, "👍"),
            "signal": room.signal("place", [1, 2]),
            "history": room.history(before=3),
            "leave": room.leave(),
            "unfollow": room.unfollow(),
        }
        task = await begin(works.pop(verb))
        for unused in works.values():
            unused.close()
        first = await link.heard()
        link = await scene.reconnect(link)
        assert await heard(link, verb) == first
        page = {"room": "lobby", "epoch": "e1", "head": 3, "messages": [], "more": False}
        link.accept(first, **(page if verb == "history" else stored(4)))
        await task


async def test_a_reaction_that_changed_nothing_has_no_acknowledgement() -> None:
    async with play() as (scene, link):
        room = await joined(scene, link)
        reacting = await begin(room.react(3, "👍"))
        link.accept(await link.heard(), room="lobby", seq=None)
        assert await reacting is None


async def test_a_refusal_tells_why() -> None:
    async with play() as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi"))
        link.refuse(await link.heard(), "forbidden")
        with pytest.raises(Refused) as caught:
            await posting
        assert (caught.value.code, caught.value.message) == ("forbidden", "it is forbidden")
        assert not caught.value.temporary


async def test_a_rate_limited_post_is_tried_again_when_the_server_said() -> None:
    async with play() as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi"))
        first = await link.heard()
        link.refuse(first, "rate_limited", temporary=True, retry_after=3.0)
        await settle()
        await scene.clock.advance(2.9)
        assert link.heard_already() == []
        await scene.clock.advance(1)
        again = await link.heard()
        assert again["client_message_id"] == first["client_message_id"]
        link.accept(again, **stored(1))
        await posting


async def test_patience_has_an_end() -> None:
    async with play(patience=10.0) as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi"))
        while not posting.done():
            link.refuse(await link.heard(), "busy", temporary=True, retry_after=2.0)
            await settle()
            await scene.clock.advance(4)
        with pytest.raises(Refused) as caught:
            await posting
        assert caught.value.retry_after == 2.0
        assert 4 <= scene.clock.time <= 12


async def test_a_fault_of_the_server_is_not_tried_again() -> None:
    async with play() as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi"))
        link.refuse(await link.heard(), "internal", temporary=True)
        with pytest.raises(Refused, match="internal"):
            await posting


async def test_what_would_cost_the_connection_is_refused_here() -> None:
    async with play() as (scene, link):
        with pytest.raises(Refused, match="too_large"):
            await scene.client.post("lobby", "x" * 1000)
        await settle()
        assert link.heard_already() == []


async def test_a_cancelled_post_is_not_sent_again() -> None:
    async with play() as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi"))
        await link.heard()
        posting.cancel()
        link = await scene.reconnect(link)
        await settle()
        assert link.heard_already() == []


async def test_closing_leaves_the_outcome_of_what_was_sent_unknown() -> None:
    async with play() as (scene, link):
        posting = await begin(scene.client.post("lobby", "hi"))
        await link.heard()
        await scene.client.close()
        with pytest.raises(Unknown):
            await posting


async def test_what_was_never_sent_before_closing_ends_as_closed() -> None:
    async with play() as (scene, link):
        link.cut()
        await settle()
        posting = await begin(scene.client.post("lobby", "hi"))
        await scene.client.close()
        with pytest.raises(Closed):
            await posting
        with pytest.raises(Closed):
            await scene.client.post("lobby", "hi")


async def test_at_most_so_many_commands_are_on_their_way() -> None:
    async with play() as (scene, link):
        tasks = [await begin(scene.client.post("lobby", str(n))) for n in range(101)]
        commands = link.heard_already()
        assert len(commands) == 100
        link.accept(commands[0], **stored(1))
        commands.append(await link.heard())
        for command in commands[1:]:
            link.accept(command, **stored(2))
        await asyncio.gather(*tasks)


async def test_typing_is_told_only_while_connected() -> None:
    async with play() as (scene, link):
        room = await joined(scene, link)
        room.typing()
        assert await link.heard() == {"do": "signal", "room": "lobby", "signal": "typing"}
        link.cut()
        await settle()
        room.typing()
        await scene.clock.advance(60)
        link = await scene.network.accept()
        await settle()
        assert [command["do"] for command in link.heard_already()] == ["follow"]


async def joined(scene: Play, link: FakeLink) -> Any:
    joining = await begin(scene.client.join("lobby"))
    link.accept(await link.heard(), **snapshot(head=3))
    return await joining


async def heard(link: FakeLink, verb: str) -> dict[str, Any]:
    while (command := await link.heard())["do"] != verb:
        pass
    return command
