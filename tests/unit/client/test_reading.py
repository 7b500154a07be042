"""What a room's reader gets: each event once, in order, or word of a hole."""

# ruff: noqa: PLW2901 (after a reconnect, the link is another one)

import asyncio
from typing import Any

import pytest

from hubbub.client import Closed, Refused, Reset, ResetError, Room
from hubbub.client.rooms.stream import Stream
from hubbub.events import Deleted, Edited, Erased, Event, Posted, Reacted
from hubbub.protocol.messages import Members, Resumed, Typing, Value
from tests.support.fakes import AT
from tests.unit.client.fakes import FakeLink, Play, play, posted, resumed, settle, snapshot


async def join(scene: Play, link: FakeLink, answer: dict[str, Any], **options: Any) -> Room:
    joining = asyncio.create_task(scene.client.join("lobby", **options))
    link.accept(await link.heard(), **answer)
    return await joining


async def take(stream: Stream[Event] | Any, count: int) -> list[int]:
    return [(await anext(stream)).seq for _ in range(count)]


async def test_events_come_in_order() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link.say(posted(4), posted(5))
        assert await take(aiter(room), 2) == [4, 5]


async def test_another_iteration_goes_on_where_the_last_was_left() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link.say(posted(4), posted(5))
        async for event in room:
            assert event.seq == 4
            break
        async for event in room:
            assert event.seq == 5
            break


async def test_two_iterations_at_once_are_an_error() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        waiting = asyncio.ensure_future(anext(aiter(room)))
        await settle()
        with pytest.raises(RuntimeError, match="only one stream"):
            await anext(aiter(room))
        waiting.cancel()


async def test_a_reconnect_resumes_after_the_last_event_received() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link.say(posted(4))
        await settle()
        link = await scene.reconnect(link)
        command = await link.heard()
        assert (command["do"], command["since"], command["epoch"]) == ("follow", 4, "e1")
        link.accept(command, **resumed(head=6, missed=2))
        link.say(posted(5), posted(6))
        stream = room.stream(markers=True)
        assert await take(stream, 1) == [4]
        marker = await anext(stream)
        assert isinstance(marker, Resumed)
        assert marker.missed == 2
        assert await take(stream, 2) == [5, 6]


async def test_without_markers_a_reconnect_is_not_noticed() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link = await scene.reconnect(link)
        link.accept(await link.heard(), **resumed(head=4, missed=1))
        link.say(posted(4), posted(5))
        assert await take(aiter(room), 2) == [4, 5]


async def test_what_came_already_is_passed_over() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link.say(posted(4), posted(4), posted(3), posted(5))
        assert await take(aiter(room), 2) == [4, 5]


async def test_a_gap_is_read_again_from_the_log() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link.say(posted(4), posted(7), posted(8))
        command = await link.heard()
        assert command["since"] == 4
        link.say(posted(9))
        link.accept(command, **resumed(head=9, missed=5))
        link.say(*(posted(seq) for seq in range(5, 10)))
        stream = room.stream(markers=True)
        assert await take(stream, 6) == [4, 5, 6, 7, 8, 9]
        assert link.heard_already() == []


async def test_a_gap_after_a_reconnect_is_no_other_reconnect() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link = await scene.reconnect(link)
        link.accept(await link.heard(), **resumed(head=3))
        link.say(posted(5))
        link.accept(await link.heard(), **resumed(head=5, missed=2))
        link.say(posted(4), posted(5))
        stream = room.stream(markers=True)
        assert isinstance(await anext(stream), Resumed)
        assert await take(stream, 2) == [4, 5]


async def test_a_join_whose_answer_was_lost_is_sent_again_once() -> None:
    async with play() as (scene, link):
        joining = asyncio.create_task(scene.client.join("lobby"))
        await link.heard()
        link = await scene.reconnect(link)
        command = await link.heard()
        await settle()
        assert link.heard_already() == []
        link.accept(command, **snapshot(head=3))
        assert (await joining).position == ("e1", 3)


async def test_events_before_the_answer_to_a_join_do_not_count() -> None:
    async with play() as (scene, link):
        joining = asyncio.create_task(scene.client.join("lobby"))
        command = await link.heard()
        link.say(posted(2))
        link.accept(command, **snapshot(head=5))
        link.say(posted(6))
        assert await take(aiter(await joining), 1) == [6]


async def test_a_hole_raises_and_then_goes_on_from_the_snapshot() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link = await scene.reconnect(link)
        message = {"seq": 90, "at": "2026-11-23T09:00:00Z", "by": "grace", "text": "late"}
        link.accept(
            await link.heard(),
            **snapshot(head=90, epoch="e2", messages=[message], state={"a": 1}, state_seq=80),
        )
        link.say(posted(91))
        with pytest.raises(ResetError) as caught:
            await anext(aiter(room))
        assert caught.value.reset.snapshot.head == 90
        assert room.position == ("e2", 90)
        assert [m.text for m in room.messages] == ["late"]
        assert (room.state, room.state_seq) == ({"a": 1}, 80)
        assert await take(aiter(room), 1) == [91]


async def test_with_markers_a_hole_is_yielded_with_what_is_known_of_it() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link = await scene.reconnect(link)
        link.accept(await link.heard(), **snapshot(head=90, truncated=50))
        reset = await anext(room.stream(markers=True))
        assert isinstance(reset, Reset)
        assert reset.truncated == 50


async def test_a_first_join_from_a_lost_position_is_a_hole_too() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=9), since=4, epoch="old")
        with pytest.raises(ResetError):
            await anext(aiter(room))


async def test_a_join_from_a_position_says_how_much_was_missed() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, resumed(head=6, missed=2), since=4, epoch="e1")
        assert room.snapshot is None
        assert room.position == ("e1", 4)
        with pytest.raises(LookupError):
            _ = room.state
        link.say(posted(5), posted(6))
        marker = await anext(room.stream(markers=True))
        assert isinstance(marker, Resumed)
        assert marker.missed == 2
        assert await take(aiter(room), 2) == [5, 6]


async def test_a_position_that_the_server_lost_is_a_hole() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=9))
        link = await scene.reconnect(link)
        link.refuse(await link.heard(), "bad_position")
        await settle()
        await scene.clock.advance(1)
        command = await link.heard()
        assert "since" not in command
        link.accept(command, **snapshot(head=7))
        with pytest.raises(ResetError):
            await anext(aiter(room))


async def test_a_room_that_may_not_be_joined_again_ends_with_the_refusal() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link.say(posted(4))
        await settle()
        link = await scene.reconnect(link)
        link.refuse(await link.heard(), "forbidden")
        assert await take(aiter(room), 1) == [4]
        with pytest.raises(Refused, match="forbidden"):
            await anext(aiter(room))


async def test_a_join_refused_for_now_is_tried_until_it_works() -> None:
    async with play(patience=1.0) as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link = await scene.reconnect(link)
        for _ in range(3):
            link.refuse(await link.heard(), "unavailable", temporary=True, retry_after=1.0)
            await settle()
            await scene.clock.advance(60)
        link.accept(await link.heard(), **resumed(head=3))
        link.say(posted(4))
        assert await take(aiter(room), 1) == [4]


async def test_the_state_is_as_of_the_last_event_taken() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3, state={"n": 0}, state_seq=2))
        patched = {**posted(4), "event": "patched", "patch": {"n": 1}}
        del patched["text"]
        link.say(patched, posted(5, "hello"))
        await settle()
        assert (room.state, room.position.seq) == ({"n": 0}, 3)
        stream = aiter(room)
        await anext(stream)
        assert (room.state, room.state_seq, room.messages) == ({"n": 1}, 4, [])
        await anext(stream)
        assert [message.text for message in room.messages] == ["hello"]


async def test_only_the_newest_messages_are_kept() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        stream = aiter(room)
        for seq in range(1, 601):
            link.say(posted(seq))
            await anext(stream)
        assert [room.messages[0].seq, room.messages[-1].seq, len(room.messages)] == [101, 600, 500]


async def test_an_event_of_an_unknown_kind_is_passed_over_and_counted() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link.say({"event": "pinned", "room": "lobby", "seq": 4, "new": True}, posted(5))
        assert await take(aiter(room), 1) == [5]


async def test_unknown_signals_and_notices_are_passed_over() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot(head=3))
        link.say({"signal": "wave", "room": "lobby"}, {"notice": "birthday"}, posted(4))
        assert await take(aiter(room), 1) == [4]


async def test_rooms_do_not_mix() -> None:
    async with play() as (scene, link):
        lobby = await join(scene, link, snapshot(head=3))
        joining = asyncio.create_task(scene.client.join("kitchen"))
        link.accept(await link.heard(), **snapshot(head=7, room="kitchen"))
        kitchen = await joining
        link.say(posted(8, room="kitchen"), posted(4), posted(1, room="attic"))
        assert await take(aiter(lobby), 1) == [4]
        assert await take(aiter(kitchen), 1) == [8]


async def test_a_room_is_joined_once() -> None:
    async with play() as (scene, link):
        await join(scene, link, snapshot())
        with pytest.raises(ValueError, match="Already following"):
            await scene.client.join("lobby")


async def test_a_refused_join_leaves_nothing_behind() -> None:
    async with play() as (scene, link):
        joining = asyncio.create_task(scene.client.join("lobby", since=99))
        link.refuse(await link.heard(), "bad_position")
        with pytest.raises(Refused, match="bad_position"):
            await joining
        assert (await link.heard())["do"] == "unfollow"
        await join(scene, link, snapshot())


@pytest.mark.parametrize("verb", ["follow", "join"])
async def test_who_joined_only_follows_again_after_a_reconnect(verb: str) -> None:
    async with play() as (scene, link):
        following = asyncio.create_task(getattr(scene.client, verb)("lobby"))
        command = await link.heard()
        assert (command["do"], "client_message_id" in command) == (verb, verb == "join")
        link.accept(command, **snapshot(head=3))
        await following
        link = await scene.reconnect(link)
        command = await link.heard()
        assert (command["do"], command["since"]) == ("follow", 3)


@pytest.mark.parametrize("verb", ["unfollow", "leave"])
async def test_leaving_ends_the_stream_and_is_not_undone_by_a_reconnect(verb: str) -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        leaving = asyncio.create_task(getattr(room, verb)())
        command = await link.heard()
        assert command["do"] == verb
        link.accept(command, room="lobby")
        await leaving
        assert [event async for event in room] == []
        link = await scene.reconnect(link)
        await settle()
        assert link.heard_already() == []


async def test_who_leaves_is_not_joined_again() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        link = await scene.reconnect(link)
        link.refuse(await link.heard(), "unavailable", temporary=True)
        await settle()
        leaving = asyncio.create_task(room.leave())
        link.accept(await link.heard(), room="lobby")
        await leaving
        await scene.clock.advance(60)
        assert link.heard_already() == []


async def test_closing_ends_the_stream() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        link.say(posted(1))
        await settle()
        await scene.client.close()
        assert [event.seq async for event in room] == [1]


NO_LONGER = {
    "notice": "unfollowed",
    "room": "lobby",
    "why": {"code": "not_found", "message": "No such room", "temporary": False},
}


async def test_who_may_not_read_a_room_any_more_learns_why_after_what_came() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        link.say(posted(1), NO_LONGER)
        stream = aiter(room)
        assert await take(stream, 1) == [1]
        with pytest.raises(Refused) as caught:
            await anext(stream)
        assert (caught.value.code, caught.value.temporary) == ("not_found", False)
        await scene.reconnect(link)
        await settle()
        assert link.heard_already() == [], "it does not follow by itself again"


async def test_a_room_that_is_being_joined_again_goes_by_the_answer() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        link = await scene.reconnect(link)
        asked = await link.heard()
        link.say(NO_LONGER)
        link.accept(asked, **resumed(head=0))
        link.say(posted(1))
        assert await take(aiter(room), 1) == [1]


async def test_being_closed_by_the_server_for_good_raises_after_what_came() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        link.say(posted(1))
        link.cut(4401, may_retry=False)
        stream = aiter(room)
        assert await take(stream, 1) == [1]
        with pytest.raises(Closed) as caught:
            await anext(stream)
        assert caught.value.code == 4401


async def test_signals_are_heard_and_members_known() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        signals = room.signals()
        link.say(
            {"signal": "typing", "room": "lobby", "by": "grace", "ttl": 5},
            {"signal": "presence", "room": "lobby", "count": 2, "joined": ["grace"], "left": []},
        )
        assert await anext(signals) == Typing("lobby", "grace", 5)
        await anext(signals)
        assert (room.members.count, room.members.names) == (2, ["ada", "grace"])


async def test_two_of_one_name_are_two() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        signals = room.signals()
        one, two = "aaaaaaaaaaa=", "bbbbbbbbbbb="
        here: dict[str, Any] = {"signal": "presence", "room": "lobby"}
        value = {"signal": "value", "room": "lobby", "by": "ada", "key": "place", "ttl": 9}
        link.say(
            {**here, "count": 3, "joined": ["ada", "ada"], "left": [], "joined_ids": [one, two]},
            {**here, "count": 2, "joined": [], "left": ["ada"], "left_ids": [one]},
            {**value, "value": 1},
            {**value, "value": 2, "id": two},
        )
        await settle()
        assert room.members == Members(2, ["ada", "ada"], [None, two])
        assert [live.value for live in room.live] == [1, 2]
        link.say({**value, "value": None, "id": two})
        await settle()
        assert [live.value for live in room.live] == [1]
        heard = [await anext(signals) for _ in range(4)]
        assert [s.id for s in heard if isinstance(s, Value)] == [None, two]


async def test_a_slow_listener_gets_the_newest_value() -> None:
    async with play() as (scene, link):
        room = await join(scene, link, snapshot())
        signals = room.signals()
        value = {"signal": "value", "room": "lobby", "by": "grace", "key": "place", "ttl": 9}
        link.say({**value, "value": 1}, {**value, "value": 2})
        await settle()
        assert await anext(signals) == Value("lobby", "grace", "place", 2, 9)
        assert [live.value for live in room.live] == [2]
        await scene.clock.advance(9)
        assert room.live == []


async def test_what_a_removed_account_wrote_is_not_kept_for_a_slow_reader() -> None:
    async with play() as (scene, link):
        place = {"room": "lobby", "at": AT, "by": "@p1"}
        secret = {"seq": 2, "at": AT, "by": "@p1", "text": "secret"}
        other = {"seq": 3, "at": AT, "by": "ada", "text": "hi", "reactions": {"secret": ["@p1"]}}
        room = await join(scene, link, snapshot(head=3, messages=[secret, other]))
        link.say(
            {"event": "posted", "seq": 4, "text": "another secret", **place},
            {"event": "reacted", "seq": 5, "message": 3, "emoji": "a secret", **place},
            {"event": "reacted", "seq": 6, "message": 3, "emoji": "👍", **place | {"by": "grace"}},
            {
                "event": "erased",
                "seq": 7,
                "of": "@p1",
                "upto": 6,
                "messages": [2, 4],
                "reactions": [3],
            }
            | place
            | {"by": "@server"},
        )
        await settle()
        assert "secret" not in repr(room._reading.inbox._items)
        events = [await anext(aiter(room)) for _ in range(4)]
        assert [type(event) for event in events] == [Posted, Reacted, Reacted, Erased]
        assert "secret" not in repr((events, room.messages, room.snapshot))
        assert [message.deleted for message in room.messages] == [True, False, True]
        assert room.messages[1].reactions == {"👍": ["grace"]}


async def test_what_was_said_before_an_edit_is_not_kept_for_a_slow_reader() -> None:
    async with play() as (scene, link):
        secret = {"at": AT, "by": "ada", "text": "secret"}
        edited = {"seq": 3, "at": AT, "by": "ada", "text": "stays", "edited_at": AT}
        messages = [{"seq": 1, **secret}, {"seq": 2, **secret}, edited]
        room = await join(scene, link, snapshot(head=4, messages=messages))
        place = {"room": "lobby", "at": AT, "by": "ada"}
        link.say(
            {"event": "posted", "seq": 5, "text": "another secret", "reply_to": 1, **place},
            {"event": "edited", "seq": 6, "message": 5, "text": "another secret", **place},
            {"event": "edited", "seq": 7, "message": 5, "text": "new", "erases": True, **place},
            {"event": "edited", "seq": 8, "message": 1, "text": "new", "erases": True, **place},
            {"event": "edited", "seq": 9, "message": 2, "text": "new", **place},
            {"event": "former_erased", "seq": 10, "messages": [2, 3], "edits": [9, 4], **place},
        )
        await settle()
        assert "another" not in repr(room._reading.inbox._items)
        events = [await anext(aiter(room)) for _ in range(6)]
        assert "secret" not in repr((events, room.messages, room.snapshot))
        assert [message.text for message in room.messages] == ["new", "new", "stays", "new"]
        assert room.messages[3].reply_to == 1
        assert room.snapshot is not None
        assert [message.text for message in room.snapshot.messages] == [None, None, "stays"]


async def test_what_was_deleted_is_not_kept_for_a_slow_reader() -> None:
    async with play() as (scene, link):
        secret = {"seq": 3, "at": AT, "by": "grace", "text": "secret"}
        room = await join(scene, link, snapshot(head=3, messages=[secret]))
        assert room.snapshot is not None and "secret" in repr(room.snapshot)
        place = {"room": "lobby", "at": AT, "by": "grace"}
        link.say(
            {"event": "posted", "seq": 4, "text": "another secret", **place},
            {"event": "edited", "seq": 5, "message": 4, "text": "a third secret", **place},
            {"event": "deleted", "seq": 6, "message": 4, **place},
            {"event": "deleted", "seq": 7, "message": 3, **place},
        )
        await settle()
        assert "another" not in repr(room._reading.inbox._items)
        events = [await anext(aiter(room)) for _ in range(4)]
        assert [type(event) for event in events] == [Posted, Edited, Deleted, Deleted]
        assert "secret" not in repr((events, room.messages, room.snapshot))
        assert [message.deleted for message in room.messages] == [True, True]
