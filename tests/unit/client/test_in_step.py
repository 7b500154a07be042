"""`Client.me`, and how many rooms are resumed at once, against a server that a test plays."""

import asyncio
from typing import Any

import hubbub
from hubbub.client.account.changes import Changes, MyChange, summary
from hubbub.client.account.keeping import LOOK_AGAIN, PAUSE
from hubbub.protocol.commands.starting import MyRoom, ShownPerson
from tests.unit.client.fakes import (
    EPOCH,
    FakeLink,
    Json,
    Play,
    play,
    posted,
    resumed,
    settle,
    snapshot,
)

ME, ROOM, OTHER = "@p000000000000", "@r000000000000", "@r000000000001"
MARY = {"handle": "mary", "name": "Mary"}
GRACE = "@p000000000001"


def row(room: str = ROOM, head: int = 3, nth: int = 0, title: str = "Plans", **more: Any) -> Json:
    """A room in the answer to `start`."""
    given = {"room": room, "kind": "closed", "role": "member", "head": head, "nth": nth}
    return {**given, "title": title, **more}


def started(*rooms: Json, own: int = 1, directory: int | None = 1, **more: Any) -> Json:
    """The answer to `start`."""
    positions = {"account": ME, "me": MARY, "epoch": EPOCH, "own": own, "directory": directory}
    return {**positions, "rooms": list(rooms), "people": {ME: MARY}, **more}


def event(kind: str, seq: int, room: str = ME, **more: Any) -> Json:
    """An event of a log."""
    at = "2026-11-23T09:00:00.123Z"
    return {"event": kind, "room": room, "seq": seq, "at": at, "by": GRACE, **more}


def followed(**positions: int) -> Json:
    """The answer to a `follow_all` that misses nothing."""
    rooms = {room: resumed(head, room=room) for room, head in positions.items()}
    return {"rooms": rooms, "heads": {}, "refused": {}}


async def begin(scene: Play, link: FakeLink, *rooms: Json) -> Changes:
    """Open `Client.me`; returns its changes."""
    opening = asyncio.create_task(scene.client.me.open())
    link.accept(await link.heard(), **started(*rooms))
    await settle()
    answer(link)
    await opening
    await settle()
    answer(link)
    await settle()
    return scene.client.me.changes()


def answer(link: FakeLink, *threads: Json) -> None:
    """Answer the commands that came: they miss nothing, and these threads are followed."""
    for command in link.heard_already():
        if command["do"] == "list_my_threads":
            link.accept(command, epoch=EPOCH, threads=list(threads), more=False)
        else:
            link.accept(command, **followed(**command.get("rooms", {})))


async def took(changes: Changes) -> list[MyChange]:
    """The changes that wait."""
    await settle()
    return [await anext(changes) for _ in range(len(changes))]


async def follow(scene: Play, link: FakeLink, *rooms: str) -> list[hubbub.Room]:
    """Follow rooms, each with 3 events."""
    found = []
    for room in rooms:
        following = asyncio.create_task(scene.client.follow(room))
        link.accept(await link.heard(), **snapshot(head=3, room=room))
        found.append(await following)
    return found


async def test_several_rooms_are_resumed_with_one_command() -> None:
    async with play() as (scene, first):
        rooms = await follow(scene, first, "attic", "cellar")
        link = await scene.reconnect(first)
        command = await link.heard()
        assert (command["do"], command["epoch"]) == ("follow_all", EPOCH)
        assert command["rooms"] == {"attic": 3, "cellar": 3}
        link.say(posted(4, room="attic"), posted(5, room="attic"))
        answers = {"attic": resumed(5, 2, "attic"), "cellar": resumed(3, 0, "cellar")}
        link.accept(command, rooms=answers, heads={}, refused={})
        link.say(posted(6, room="attic"))
        stream = rooms[0].stream(markers=True)
        marker, *events = [await anext(stream) for _ in range(4)]
        assert isinstance(marker, hubbub.Resumed) and marker.missed == 2
        assert [each.seq for each in events if isinstance(each, hubbub.Event)] == [4, 5, 6]
        await settle()
        assert link.heard_already() == []


async def test_more_than_fits_before_the_answer_is_fetched_again() -> None:
    async with play(max_queued=2) as (scene, first):
        attic, _ = await follow(scene, first, "attic", "cellar")
        link = await scene.reconnect(first)
        command = await link.heard()
        link.say(*(posted(seq, room="attic") for seq in range(4, 9)))
        answers = {"attic": resumed(8, 5, "attic"), "cellar": resumed(3, 0, "cellar")}
        link.accept(command, rooms=answers, heads={}, refused={})
        taking = asyncio.create_task(take(attic, 5))
        again = await link.heard()
        assert again["do"] == "follow"
        link.accept(again, **resumed(8, 8 - again["since"], "attic"))
        link.say(*(posted(seq, room="attic") for seq in range(again["since"] + 1, 9)))
        await settle()
        while not taking.done():
            again = await link.heard()
            link.accept(again, **resumed(8, 8 - again["since"], "attic"))
            link.say(*(posted(seq, room="attic") for seq in range(again["since"] + 1, 9)))
            await settle()
        assert await taking == [4, 5, 6, 7, 8]


async def take(room: hubbub.Room, count: int) -> list[int]:
    stream = aiter(room)
    return [(await anext(stream)).seq for _ in range(count)]


async def test_an_older_server_is_asked_for_each_room() -> None:
    async with play() as (scene, first):
        await follow(scene, first, "attic", "cellar")
        link = await scene.reconnect(first)
        link.refuse(await link.heard(), "bad_request")
        commands = [await link.heard(), await link.heard()]
        assert {(each["do"], each["room"], each["since"]) for each in commands} == {
            ("follow", "attic", 3),
            ("follow", "cellar", 3),
        }


async def test_a_room_that_cannot_be_resumed_is_followed_alone() -> None:
    async with play() as (scene, first):
        rooms = await follow(scene, first, "attic", "cellar")
        link = await scene.reconnect(first)
        command = await link.heard()
        why = {"code": "reset", "message": "gone", "temporary": False}
        link.accept(
            command, rooms={"cellar": resumed(3, 0, "cellar")}, heads={}, refused={"attic": why}
        )
        alone = await link.heard()
        assert (alone["do"], alone["room"]) == ("follow", "attic")
        link.accept(alone, **snapshot(head=9, room="attic", truncated=8))
        reset = await anext(rooms[0].stream(markers=True))
        assert isinstance(reset, hubbub.Reset) and reset.truncated == 8


async def test_a_link_lost_before_the_answer_loses_no_event() -> None:
    async with play() as (scene, first):
        attic, _ = await follow(scene, first, "attic", "cellar")
        link = await scene.reconnect(first)
        await link.heard()
        link.say(posted(4, room="attic"))
        await settle()
        last = await scene.reconnect(link)
        command = await last.heard()
        assert command["rooms"] == {"attic": 3, "cellar": 3}
        last.say(posted(4, room="attic"))
        answers = {"attic": resumed(4, 1, "attic"), "cellar": resumed(3, 0, "cellar")}
        last.accept(command, rooms=answers, heads={}, refused={})
        assert await take(attic, 1) == [4]


async def test_heads_are_asked_for_again_on_the_next_connection() -> None:
    async with play() as (scene, first):
        changes = await begin(scene, first, row(head=3), row(OTHER, head=7))
        first.say({"notice": "moved", "rooms": {ROOM: {"head": 5, "nth": 2}}})
        (moved,) = await took(changes)
        assert isinstance(moved, hubbub.RoomMoved) and moved.room.nth == 2
        link = await scene.reconnect(first)
        command = await link.heard()
        assert (command["rooms"], command["heads"]) == (
            {ME: 1, "@directory": 1},
            {ROOM: 5, OTHER: 7},
        )
        answer = followed(**command["rooms"]) | {"heads": {OTHER: {"head": 8, "nth": 1}}}
        link.accept(command, **answer)
        assert [type(each) for each in await took(changes)] == [hubbub.RoomMoved]
        assert link.heard_already() == []  # they were messages, so nothing else is so


async def test_rows_are_read_again_if_more_than_messages_came() -> None:
    async with play() as (scene, link):
        changes = await begin(scene, link, row(head=3))
        link.say({"notice": "moved", "rooms": {ROOM: {"head": 5, "nth": 1}}})
        await settle()
        asked = await link.heard()
        assert (asked["do"], asked["directory"], asked["epoch"]) == ("start", 1, EPOCH)
        link.accept(asked, **started(row(head=4, nth=1, title="too old"), people=None))
        await settle()
        await scene.clock.advance(PAUSE)
        link.accept(await link.heard(), **started(row(head=5, nth=1, title="New"), people=None))
        moved, changed = await took(changes)
        assert isinstance(moved, hubbub.RoomMoved) and isinstance(changed, hubbub.RoomUpdated)
        assert (changed.before.title, changed.room.title) == ("Plans", "New")


async def test_a_membership_that_ended_meanwhile_does_not_come_back() -> None:
    async with play() as (scene, link):
        changes = await begin(scene, link)
        link.say(event("invited", 2, where=ROOM))
        await settle()
        asked = await link.heard()
        link.say(event("left", 3, where=ROOM))
        await settle()
        link.accept(asked, **started(row(), own=2, people=None))
        assert await took(changes) == []
        assert not scene.client.me.rooms


async def test_a_list_of_emoji_that_is_older_than_what_the_directory_has_told_is_left_out() -> None:
    image = {"image": "1", "type": "image/png", "width": 1, "height": 1, "by": GRACE}

    def listed(*names: str) -> Json:
        return {"version": "1", "emoji": dict.fromkeys(names, image)}

    async with play() as (scene, link):
        await begin(scene, link, row(head=3))
        link.say(event("mentioned", 2, where=ROOM, where_seq=3))  # so the row is asked for again
        await settle()
        asked = await link.heard()
        link.say(event("emoji_added", 2, "@directory", **{**image, "name": "new"}))
        await settle()
        link.accept(asked, **started(row(), own=2, people=None, emoji=listed("old")))
        await settle()
        assert [*scene.client.me.emoji] == ["new"]
        link.say(event("mentioned", 3, where=ROOM, where_seq=3))
        await settle()
        await scene.clock.advance(PAUSE)
        asked = await link.heard()
        now = listed("new", "newer")
        link.accept(asked, **started(row(), own=3, directory=2, people=None, emoji=now))
        await settle()
        assert [*scene.client.me.emoji] == ["new", "newer"]


async def test_drafts_of_other_devices_are_told_and_erased_ones_are_not() -> None:
    async with play() as (scene, link):
        changes = await begin(scene, link)
        for text in ("hello", ""):
            link.say(event("drafted", 2 if text else 3, where=ROOM, text=text, message=2))
        link.say(event("drafted", 4, erased=True))
        link.say(event("drafted", 5, where=OTHER, text="bye", message=5))
        await settle()
        told = [await anext(changes) for _ in range(len(changes))]
        assert told == [
            hubbub.DraftUpdated(ROOM, "hello", 2),
            hubbub.DraftUpdated(ROOM, "", 3),
            hubbub.DraftUpdated(OTHER, "bye", 5),
        ]


async def test_a_room_that_is_opened_beyond_what_is_known_is_counted_anew() -> None:
    async with play() as (scene, link):
        await begin(scene, link, row(head=3, nth=1))
        following = asyncio.create_task(scene.client.follow(ROOM, since=6, epoch=EPOCH))
        link.accept(await link.heard(), **resumed(6, room=ROOM))
        await following
        asked = await link.heard()
        link.say(posted(7, room=ROOM))
        await settle()
        link.accept(asked, **started(row(head=6, nth=4), people=None))
        await settle()
        await scene.clock.advance(PAUSE)
        link.accept(await link.heard(), **started(row(head=7, nth=5), people=None))
        await settle()
        shown = scene.client.me.rooms[ROOM]
        assert (shown.head, shown.nth) == (7, 5)


async def test_a_log_that_cannot_be_resumed_leads_to_one_change_with_the_difference() -> None:
    async with play() as (scene, first):
        changes = await begin(scene, first, row(head=3), row(OTHER))
        link = await scene.reconnect(first)
        command = await link.heard()
        why = {"code": "reset", "message": "gone", "temporary": False}
        answer = followed() | {"refused": {ME: why, "@directory": why}}
        link.accept(command, **answer)
        for _ in range(2):
            alone = await link.heard()
            log = alone["room"]
            assert alone["do"] == "follow"
            link.accept(alone, **snapshot(head=20, room=log, truncated=18))
        await settle()
        asked = await link.heard()
        assert asked["do"] == "start" and "directory" not in asked
        link.accept(asked, **started(row(title="Old"), own=19, directory=20))  # older than the log
        await settle()
        await scene.clock.advance(PAUSE)
        people = {ME: MARY, GRACE: {"handle": "grace", "name": "Grace"}}
        now = started(row(head=4, title="New"), own=20, directory=20, people=people)
        link.accept(await link.heard(), **now)
        (refreshed,) = await took(changes)
        assert isinstance(refreshed, hubbub.Refreshed)
        assert [type(each).__name__ for each in refreshed.changes] == [
            *("RoomUpdated", "RoomLeft", "PersonCame"),
        ]
        watch = await link.heard()
        assert (watch["do"], watch["heads"]) == ("follow_all", {ROOM: 4})


def thread(seq: int) -> Json:
    """A thread in a list."""
    given = {"thread": f"{ROOM}:{seq}", "room": ROOM, "message": seq, "head": 1, "nth": 1}
    return {**given, "at": f"2026-11-23T09:00:00.{seq:03}Z"}


async def test_a_long_list_of_threads_is_read_in_pages_and_the_first_one_again() -> None:
    async with play() as (scene, link):
        opening = asyncio.create_task(scene.client.me.open())
        link.accept(await link.heard(), **started(row()))
        heads: dict[str, int] = {}
        for asked, seqs in ((None, [9, 8]), ("there", [7, 5]), (None, [6, 9])):
            while (command := await link.heard())["do"] != "list_my_threads":
                heads |= command.get("heads", {})
                link.accept(command, **followed(**command.get("rooms", {})))
            assert command.get("before") == asked
            given = {"more": True, "next": "there"} if asked is None else {"more": False}
            link.accept(command, epoch=EPOCH, threads=[*map(thread, seqs)], **given)
        await opening
        heads |= (await link.heard())["heads"]
        assert heads.keys() == {ROOM, *(f"{ROOM}:{seq}" for seq in range(5, 10))}
        assert not scene.client.me._keeper.known.owes


async def test_a_reply_arrives_in_a_thread_whose_head_is_not_told(monkeypatch: Any) -> None:
    monkeypatch.setattr("hubbub.client.account.keeping.MOST_THREADS", 2)

    def page(link: FakeLink, command: Json, *threads: Json) -> None:
        assert command["do"] == "list_my_threads"
        after = f"{threads[-1]['at']}/{threads[-1]['thread']}"
        link.accept(command, epoch=EPOCH, threads=[*threads], more=True, next=after)

    async with play() as (scene, link):
        changes = await begin_with_pages(scene, link, page)
        await scene.clock.advance(LOOK_AGAIN)
        new = [thread(seq) | {"at": f"2026-11-23T09:01:00.{seq:03}Z"} for seq in (9, 8)]
        page(link, await link.heard(), *new)
        late = thread(2) | {"at": "2026-11-23T09:00:30.000Z", "head": 2, "nth": 2}
        second = await link.heard()  # what is on it may be newer than what was read last
        assert second["before"] == f"{new[1]['at']}/{new[1]['thread']}"
        page(link, second, late, thread(7))
        told = {change.thread.thread for change in await took(changes)}  # type: ignore[union-attr]
        assert f"{ROOM}:2" in told
        await scene.clock.advance(PAUSE)
        (watch,) = link.heard_already()
        assert watch["heads"] == {f"{ROOM}:2": 2}, "and nothing older is read"
        link.accept(watch, **followed())
        await scene.clock.advance(LOOK_AGAIN)
        assert (await link.heard())["do"] == "list_my_threads"


async def begin_with_pages(scene: Play, link: FakeLink, page: Any) -> Changes:
    """Open `Client.me`, of an account that follows more threads than are told."""
    opening = asyncio.create_task(scene.client.me.open())
    link.accept(await link.heard(), **started(row()))
    for threads in ((9, 8), (7, 6), (9, 8)):
        while (command := await link.heard())["do"] != "list_my_threads":
            link.accept(command, **followed(**command.get("rooms", {})))
        page(link, command, *map(thread, threads))
    await opening
    await settle()
    answer(link)
    return scene.client.me.changes()


async def test_a_server_that_knows_no_threads_is_asked_for_them_once() -> None:
    async with play() as (scene, link):
        opening = asyncio.create_task(scene.client.me.open())
        link.accept(await link.heard(), **started())
        while (command := await link.heard())["do"] != "list_my_threads":
            link.accept(command, **followed(**command.get("rooms", {})))
        link.refuse(command, "bad_request")
        await opening
        await settle()
        assert "list_my_threads" not in [command["do"] for command in link.heard_already()]
        assert not scene.client.me._keeper.known.owes


async def test_more_changes_than_fit_become_one_with_what_they_amount_to() -> None:
    async with play(max_queued=3) as (scene, link):
        changes = await begin(scene, link, row(head=3))
        for head in range(4, 9):
            link.say({"notice": "moved", "rooms": {ROOM: {"head": head, "nth": head - 3}}})
        (refreshed, *rest) = await took(changes)
        assert isinstance(refreshed, hubbub.Refreshed)
        (moved,) = refreshed.changes
        assert isinstance(moved, hubbub.RoomMoved)
        assert (moved.before.head, moved.room.head + len(rest)) == (3, 8)


async def test_changes_end_with_the_client() -> None:
    async with play() as (scene, link):
        changes = await begin(scene, link)
        await scene.client.close()
        assert [each async for each in changes] == []
        assert [each async for each in scene.client.me.changes()] == []


def test_what_changes_amount_to() -> None:
    first, second = (MyRoom(ROOM, "open", "member", head, 0) for head in (1, 2))
    person = ShownPerson("grace", "Grace")
    renamed = ShownPerson("grace", "Grace H.")
    left, joined = hubbub.RoomLeft(first), hubbub.RoomJoined(first)
    assert summary([joined, left]) == ()
    assert summary([left, hubbub.RoomJoined(second)]) == (hubbub.RoomMoved(second, first),)
    added = hubbub.PersonCame(GRACE, person)
    changed = hubbub.PersonUpdated(GRACE, renamed, person)
    assert summary([added, changed]) == (hubbub.PersonCame(GRACE, renamed),)
    assert summary([hubbub.Refreshed((added,)), hubbub.PersonGone(GRACE, person)]) == ()
    old, new = (hubbub.DraftUpdated(ROOM, text, seq) for seq, text in enumerate(("hel", "hello")))
    assert summary([old, added, hubbub.Refreshed((new,))]) == (added, new)
