"""Threads: how one begins, who may do what there, who follows it, and what its room shows of it, whoever keeps it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from hubbub.domain.aspects.posts import PostInThread
from hubbub.domain.facts import Accepted, MessageKey, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.screening import screen_change
from hubbub.domain.tables.rooms import MEMBER
from hubbub.domain.threads import THREAD, Thread
from hubbub.events import Posted, Reference
from hubbub.events.reading import Mentioned
from hubbub.events.rooms import Changed
from hubbub.events.threads import Threaded, ThreadEnded, ThreadFollowed, ThreadUnfollowed
from hubbub.protocol.commands.reading import MarkRead, SetRoom
from hubbub.protocol.commands.rooms import Archive, Ban, ChangeRoom, InvitePeople, Mute, Remove
from hubbub.protocol.commands.threads import EndThread, FollowThread, ReopenThread, UnfollowThread
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import thread_key
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post, React
from hubbub.server.reactors.retention import Retention
from hubbub.server.stores import base
from hubbub.server.stores.base import Activity, OwnThread
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.fakes import AT, guest
from tests.support.postgres import Postgres
from tests.support.rooms import (
    ADA,
    ADMIN,
    EVERYONE,
    GRACE,
    GUEST,
    MARGARET,
    MODERATOR,
    ROOM_RULES,
    STRAY,
    House,
)


async def root(house: House, by: Principal, room: str) -> str:
    """Post a message; returns the key of its thread."""
    answer = await house.do(by, Post(room=room, text="root"))
    assert answer.seq is not None
    return thread_key(room, answer.seq)


async def reply(house: House, by: Principal, thread: str, text: str = "x", **fields: object) -> int:
    """Reply, as the hub does: with the author of the root."""
    room, _, message = thread.partition(":")
    _, (found,) = await house.store.messages([MessageKey(room, int(message))])
    root_by = found.message.by if found and found.message.by.startswith("@p") else None
    post = PostInThread(room=thread, text=text, root_by=root_by, **fields)  # type: ignore[arg-type]
    answer = await house.do(by, post)
    assert answer.seq is not None
    return answer.seq


async def shown(house: House, thread: str) -> Thread:
    [row] = await house.store.rows(THREAD, thread)
    return row


async def own(house: House, who: Principal) -> dict[str, OwnThread]:
    found = await house.store.own_threads(who.id, Activity(), 99)
    return {row.thread.thread: row for row in found.threads}


async def unread(house: House, who: Principal, thread: str) -> tuple[int, int] | None:
    row = (await own(house, who)).get(thread)
    return (row.unread, row.mentions) if row else None


# --- beginning ---


async def test_the_first_reply_begins_a_thread(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    assert await reply(house, GRACE, thread) == 1
    assert await reply(house, GRACE, thread) == 2
    said = [each for each in await house.log(room) if isinstance(each, Threaded)]
    assert said == [Threaded(room, 5, AT, GRACE.id, message=4)]
    assert [type(each) for each in await house.log(thread)] == [Posted, Posted]


async def test_one_batch_posts_a_message_and_replies_to_it(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    head = (await house.store.head(room)).seq
    thread = thread_key(room, head + 1)
    codes = await house.codes(
        (GRACE, Post(room=thread, text="too early")),
        (ADA, Post(room=room, text="root")),
        (GRACE, PostInThread(room=thread, text="a", root_by=ADA.id)),
        (ADA, PostInThread(room=thread, text="b", root_by=ADA.id)),
    )
    assert codes == ["not_found", None, None, None]
    assert (await shown(house, thread))[3:8] == (2, AT, 2, 2, f"{ADA.id} {GRACE.id}")


@pytest.mark.parametrize("seq", [1, 3, 99])
async def test_there_is_no_thread_of_what_is_no_message(house: House, seq: int) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = thread_key(room, seq)
    for change in (
        Post(room=thread, text="x"),
        ChangeRoom(room=thread, title="x"),
        FollowThread(room=thread),
        EndThread(room=thread),
    ):
        assert (await house.refused(ADA, change)).code == "not_found"
    assert await house.log(thread) == []


async def test_no_thread_begins_at_a_message_that_was_deleted(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    await house.do(ADA, Delete(room=room, seq=4))
    assert (await house.refused(GRACE, Post(room=thread, text="x"))).code == "gone"


async def test_the_replies_stay_when_the_root_is_deleted(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread)
    await house.do(ADA, Delete(room=room, seq=4))
    assert await reply(house, ADA, thread) == 3
    assert (await shown(house, thread)).replies == 2
    [erased] = [each for each in await house.log(room) if isinstance(each, Threaded)]
    assert erased.erased


@pytest.mark.parametrize("name", ["@r000000000001:4:1", "@r000000000001:0", "@r000000000001:04"])
def test_a_thread_has_no_threads(name: str) -> None:
    refusal = screen_change(ROOM_RULES, ADA, Post(room=name, text="x"), 99)
    assert refusal is not None and refusal.code == "bad_request"


def test_free_rooms_have_no_threads() -> None:
    for change in (FollowThread(room="lobby"), EndThread(room="lobby")):
        refusal = screen_change(ROOM_RULES, ADA, change, 99)
        assert refusal is not None and refusal.code == "forbidden"
        assert refusal.detail.endswith("only messages of rooms that people made have them")
    refusal = screen_change(ROOM_RULES, ADA, Post(room="lobby", text="x", also_in_room=True), 99)
    assert refusal is not None and refusal.code == "bad_request"


def test_only_what_is_meant_for_threads_works_there() -> None:
    thread = "@r000000000001:4"
    refusal = screen_change(ROOM_RULES, ADA, Patch(room=thread, patch={}), 99)
    assert refusal is not None and refusal.code == "bad_request"
    allowed = {c.__name__ for c, rule in ROOM_RULES.by_command.items() if rule.in_threads}
    assert allowed == {
        *("Post", "PostInThread", "Edit", "Delete", "React", "Unreact", "Pin", "Unpin"),
        *("MarkRead", "MarkUnread", "SetRoom", "ChangeRoom"),
        *("FollowThread", "UnfollowThread", "EndThread", "ReopenThread", "EraseWritten"),
        *("EndMembership", "EraseFormer", "ShowPreviews", "RemovePreview"),
    }


# --- rights ---


@pytest.mark.parametrize("who", EVERYONE, ids=lambda who: who.id)
@pytest.mark.parametrize("kind", ["open", "closed"])
async def test_the_parent_decides_who_replies(house: House, kind: str, who: Principal) -> None:
    room = await house.make(ADA, kind, GRACE, MARGARET, GUEST)  # type: ignore[arg-type]
    thread = await root(house, ADA, room)
    await reply(house, ADA, thread)
    in_room, in_thread = await house.codes(
        (who, Post(room=room, text="x")), (who, Post(room=thread, text="x"))
    )
    assert in_room == in_thread


async def test_a_ban_ends_replies_from_the_next_change_on(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    thread = await root(house, ADA, room)
    for end in (Remove(room=room, who=GRACE.id), Ban(room=room, who=GRACE.id)):
        codes = await house.codes(
            (GRACE, Post(room=thread, text="before")),
            (ADA, end),
            (GRACE, Post(room=thread, text="after")),
            (GRACE, React(room=thread, seq=1, emoji="x")),
            (GRACE, FollowThread(room=thread)),
        )
        assert codes == [None, None, "not_found", "not_found", "not_found"]
        if isinstance(end, Remove):
            await house.do(ADA, InvitePeople(room=room, who=(GRACE.id,)))
    assert (await shown(house, thread)).nth == 2


async def test_what_was_said_before_a_ban_is_delivered_before_it_and_what_came_after_later(
    house: House,
) -> None:
    room = await house.make(ADA, "closed", GRACE)
    thread = await root(house, ADA, room)
    await reply(house, ADA, thread)
    head = (await house.store.head(room)).seq
    deeds: list[tuple[Principal, Change]] = [
        (ADA, Post(room=room, text="in the room")),
        (GRACE, Post(room=thread, text="before")),
        (ADA, Ban(room=room, who=GRACE.id)),
        (ADA, Post(room=thread, text="after")),
    ]
    commit = await house.store.commit([Proposal(*deed) for deed in deeds], AT)
    said = [(b.room, b.first, len(b.bodies), b.after) for b in commit.batches if b.room[1] == "r"]
    assert said == [
        (thread, 2, 1, head),
        (room, head + 1, 2, 0),
        (thread, 3, 1, head + 2),
    ]


async def test_mutes_archives_and_slow_mode_hold_in_threads_too(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread)
    await house.do(ADA, Mute(room=room, who=GRACE.id))
    assert await house.codes((GRACE, Post(room=thread, text="x"))) == ["muted"]
    await house.do(ADA, ChangeRoom(room=room, slow=60))
    await house.do(MARGARET, Post(room=room, text="x"))
    assert await house.codes((MARGARET, Post(room=thread, text="x"))) == ["rate_limited"]
    await house.do(ADA, ChangeRoom(room=room, slow=0))
    await house.do(ADA, Archive(room=room))
    assert await house.codes((ADA, Post(room=thread, text="x"))) == ["archived"]


async def test_slow_mode_counts_what_was_posted_in_a_thread(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, slow=60)
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread)
    assert await house.codes((GRACE, Post(room=room, text="x"))) == ["rate_limited"]


async def test_threads_stay_open_where_only_hosts_post(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, posters="hosts")
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread)
    also = Post(room=thread, text="x", also_in_room=True)
    assert await house.codes((GRACE, also)) == ["forbidden"]
    assert [type(each) for each in await house.log(thread)] == [Posted]


async def test_visitors_of_a_public_room_reply_and_follow_nothing(house: House) -> None:
    room = await house.make(ADA, "open", public="post")
    thread = await root(house, ADA, room)
    vera = guest("vera", key="k" * 16)
    await house.do(vera, Post(room=thread, text="x"))
    assert (await house.refused(vera, FollowThread(room=thread))).code == "forbidden"
    assert (await house.refused(vera, UnfollowThread(room=thread))).code == "forbidden"
    assert (await shown(house, thread)).people == ""


# --- following ---


async def test_authors_and_whom_a_reply_mentions_follow_a_thread(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread, mentions={"m": MARGARET.id, "s": STRAY.id})
    assert await unread(house, ADA, thread) == (1, 0)
    assert await unread(house, GRACE, thread) == (0, 0)
    assert await unread(house, MARGARET, thread) == (1, 1)
    assert await unread(house, STRAY, thread) is None
    followed = (await house.log(MARGARET.id))[-2:]
    assert followed == [
        ThreadFollowed(MARGARET.id, 2, AT, GRACE.id, where=thread),
        Mentioned(MARGARET.id, 3, AT, GRACE.id, where=thread, where_seq=1),
    ]
    await reply(house, GRACE, thread)
    assert await unread(house, ADA, thread) == (2, 0)
    await house.do(ADA, MarkRead(room=thread, upto=1))
    assert await unread(house, ADA, thread) == (1, 0)


async def test_the_author_of_the_root_follows_only_as_a_member(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, GRACE, room)
    await house.do(ADA, Remove(room=room, who=GRACE.id))
    await reply(house, ADA, thread)
    assert await own(house, GRACE) == {}


async def test_nobody_follows_for_a_root_of_somebody_else(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    thread = await root(house, GRACE, room)
    await house.do(ADA, PostInThread(room=thread, text="x", root_by=MARGARET.id))
    assert await own(house, MARGARET) == {} == await own(house, GRACE)


async def test_whoever_reads_follows_and_unfollows(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    await reply(house, ADA, thread)
    assert await house.do(STRAY, FollowThread(room=thread)) == Accepted(1, AT)
    assert (await house.do(STRAY, FollowThread(room=thread))).seq is None
    assert await unread(house, STRAY, thread) == (0, 0)
    await reply(house, ADA, thread)
    assert await unread(house, STRAY, thread) == (1, 0)
    await house.do(STRAY, MarkRead(room=thread, upto=9))
    assert await unread(house, STRAY, thread) == (0, 0)
    await house.do(STRAY, SetRoom(room=thread, level="none"))
    assert (await own(house, STRAY))[thread].level == "none"
    assert (await house.do(STRAY, UnfollowThread(room=thread))).seq == 4
    assert (await house.do(STRAY, UnfollowThread(room=thread))).seq is None
    assert (await house.log(STRAY.id))[-1] == ThreadUnfollowed(
        STRAY.id, 4, AT, STRAY.id, where=thread
    )
    assert await own(house, STRAY) == {}
    assert (await house.refused(GUEST, FollowThread(room=thread))).code == "not_found"


async def test_threads_are_in_no_list_of_rooms_and_have_no_members(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread)
    assert [row.room for row in await house.store.own_rooms(ADA.id)] == [room]
    assert await house.store.rows(MEMBER, thread) == []


async def test_unread_is_what_counting_gives(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    thread = await root(house, ADA, room)
    names = {"g": GRACE.id}
    for n in range(9):
        await reply(house, (ADA, MARGARET)[n % 2], thread, mentions=names if n % 3 == 0 else None)
    await house.do(GRACE, MarkRead(room=thread, upto=2))
    await house.do(ADA, Delete(room=thread, seq=3))
    await house.do(MARGARET, Delete(room=thread, seq=4))
    assert await unread(house, GRACE, thread) == (5, 1)
    await house.store.trim(thread, 6)
    assert await unread(house, GRACE, thread) == (3, 1)
    assert (await own(house, GRACE))[thread].head == 11


# --- what rooms show of them ---


async def test_a_room_shows_the_threads_of_its_messages(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    first, second = await root(house, ADA, room), await root(house, GRACE, room)
    house.at = "2027-01-01T00:00:00.000Z"
    await reply(house, GRACE, first)
    await reply(house, ADA, first)
    await house.do(GRACE, Delete(room=first, seq=1))
    expected = Thread(first, room, 4, 3, house.at, 2, 1, f"{ADA.id} {GRACE.id}")
    for page in (
        (await house.store.snapshot(room, 50)).page,
        await house.store.history(room, None, None, 50),
        await house.store.history(room, 5, None, 1),
    ):
        assert list(page.threads) == [expected]
    assert list((await house.store.history(room, None, 4, 9)).threads) == []
    await reply(house, ADA, second)
    assert [row.thread for row in await house.store.threads(room, 0, 2**62, 9)] == [first, second]
    assert [row.thread for row in await house.store.threads(room, 4, 2**62, 9)] == [second]


async def test_threads_are_listed_by_their_newest_reply(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    threads = [await root(house, ADA, room) for _ in range(5)]
    for second, n in enumerate((3, 0, 4, 1, 2, 0)):
        house.at = f"2027-01-01T00:00:0{second}.000Z"
        await reply(house, GRACE, threads[n])
    order = [threads[n] for n in (0, 2, 1, 4, 3)]
    found, after = list[str](), Activity()
    while rows := await house.store.newest_threads(room, after, 2):
        found += [row.thread for row in rows]
        after = Activity(rows[-1].at, rows[-1].thread)
    assert found == order
    assert await listed(house, GRACE) == order
    assert len(await listed(house, ADA, only_unread=True)) == 5
    assert await listed(house, GRACE, only_unread=True) == []


async def listed(house: House, who: Principal, *, only_unread: bool = False) -> list[str]:
    """The threads that somebody follows, page by page."""
    found, after = list[str](), Activity()
    for _ in range(99):
        page = await house.store.own_threads(who.id, after, 2, only_unread=only_unread)
        found += [row.thread.thread for row in page.threads]
        assert len(page.threads) <= 2
        if page.upto is None:
            return found
        assert page.upto < after
        after = page.upto
    raise AssertionError("there is no end")


@pytest.mark.parametrize("most", [1, 2, 3, 9])
async def test_whoever_follows_many_threads_is_shown_them_among_the_newest_ones(
    house: House, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    room = await house.make(ADA, "open", GRACE)
    threads = [await root(house, ADA, room) for _ in range(7)]
    for second, n in enumerate((3, 0, 4, 1, 2, 6, 5)):
        house.at = f"2027-01-01T00:00:0{second // 2}.000Z"
        await reply(house, GRACE if n % 3 else MODERATOR, threads[n])
    before = [await listed(house, GRACE, only_unread=unread) for unread in (False, True)]
    monkeypatch.setattr(base, "MANY_FOLLOWED", 2)
    monkeypatch.setattr(base, "LOOKED_THROUGH", most)
    assert len(before[0]) == 4
    assert before == [await listed(house, GRACE, only_unread=unread) for unread in (False, True)]
    assert await listed(house, MARGARET) == []


async def test_a_title_begins_a_thread_or_changes_it(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    await house.do(ADA, ChangeRoom(room=thread, title="Dust"))
    assert await house.log(thread) == [Changed(thread, 1, AT, ADA.id, title="Dust")]
    await reply(house, GRACE, thread)
    assert (await house.do(ADA, ChangeRoom(room=thread, title="Dust"))).seq is None
    await house.do(ADA, ChangeRoom(room=thread, title=""))
    row = await shown(house, thread)
    assert (row.title, row.nth, row.seq) == ("", 1, 3)
    await house.do(ADA, ChangeRoom(room=room, members_may_edit=False))
    assert await house.codes((GRACE, ChangeRoom(room=thread, title="x"))) == ["forbidden"]
    refusal = screen_change(ROOM_RULES, ADA, ChangeRoom(room=thread, topic="x"), 99)
    assert refusal is not None and refusal.code == "bad_request"


async def test_a_thread_goes_from_the_room_with_all_that_was_in_it(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread)
    await house.store.trim(thread, 99)
    assert await house.store.rows(THREAD, thread) == []
    await reply(house, GRACE, thread)
    assert (await shown(house, thread)).nth == 2
    assert sum(isinstance(each, Threaded) for each in await house.log(room)) == 1


async def test_a_thread_keeps_what_its_room_keeps(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, keep_days=1)
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread)
    later = datetime(2028, 1, 1, tzinfo=UTC)
    assert await Retention(house.store, 0, 0, lambda: later).step(thread, 0, 1) == 1
    assert (await house.store.head(thread)).kept == 2


# --- also in the room ---


async def test_a_reply_is_shown_in_the_room_by_a_reference(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    seq = await reply(house, GRACE, thread, "hello", also_in_room=True, client_message_id="k")
    again = Post(room=thread, text="hello", also_in_room=True, client_message_id="k")
    assert (await house.do(GRACE, again)).is_duplicate
    posted = [each for each in await house.log(room) if isinstance(each, Posted)]
    assert posted[1:] == [Posted(room, 6, AT, GRACE.id, "", of=Reference(thread, seq))]
    [row] = [row for row in await house.store.own_rooms(ADA.id) if row.room == room]
    assert row.unread == 1


# --- ending ---


async def test_nothing_changes_in_a_thread_that_was_ended_until_it_is_reopened(
    house: House,
) -> None:
    room = await house.make(ADA, "open", GRACE)
    thread = await root(house, ADA, room)
    await reply(house, GRACE, thread)
    refusal = await house.refused(GRACE, EndThread(room=thread))
    assert (refusal.code, refusal.detail) == ("forbidden", "Not allowed to end or reopen threads")
    await house.do(ADA, EndThread(room=thread))
    assert (await house.do(ADA, EndThread(room=thread))).seq is None
    assert isinstance((await house.log(thread))[-1], ThreadEnded)
    assert (await shown(house, thread)).ended_at == AT
    blocked: list[Change] = [
        Post(room=thread, text="x"),
        Edit(room=thread, seq=1, text="x"),
        React(room=thread, seq=1, emoji="x"),
        ChangeRoom(room=thread, title="x"),
    ]
    assert (
        await house.codes(*((ADA, each) for each in blocked[:1] + blocked[2:])) == ["archived"] * 3
    )
    assert await house.codes((GRACE, MarkRead(room=thread, upto=9))) == [None]
    assert await house.codes((GRACE, Delete(room=thread, seq=1))) == [None]
    await house.do(MODERATOR, ReopenThread(room=thread))
    assert (await house.do(ADMIN, ReopenThread(room=thread))).seq is None
    assert await reply(house, GRACE, thread) == 5


# --- many ---


async def steps_of(folder: Path, threads: int) -> list[int]:
    """What SQLite does in order to open a room of which each message has a thread, to page back, and to list threads."""
    store = SqliteStore(folder / str(threads), "normal", lambda: "e1", ROOM_RULES)
    house = await House.opened(store)
    room = await house.make(ADA, "open", GRACE)
    roots = [Post(room=room, text="root")] * threads
    await house.answers(*((ADA, root) for root in roots))
    head = (await store.head(room)).seq
    seqs = range(head + 1 - threads, head + 1)
    await house.answers(*((ADA, Post(room=f"{room}:{seq}", text="x")) for seq in seqs))
    steps: list[int] = []

    def note(event: dict[str, Any]) -> None:
        steps[-1] += event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    connection = store._reader._database
    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)
    for read in (
        lambda: store.snapshot(room, 50),
        lambda: store.history(room, seqs[-50], None, 50),
        lambda: store.newest_threads(room, Activity(), 50),
        lambda: store.threads(room, 0, 2**62, 50),
        lambda: store.own_threads(ADA.id, Activity(), 50),
        lambda: store.own_threads(ADA.id, Activity(), 50, only_unread=True),
    ):
        steps.append(0)
        await read()
    connection.trace_v2(0, None)
    await store.close()
    return steps


async def test_opening_a_room_takes_as_long_however_many_threads_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "MANY_FOLLOWED", 50)
    monkeypatch.setattr(base, "LOOKED_THROUGH", 60)
    few, many = await steps_of(tmp_path, 120), await steps_of(tmp_path, 900)
    assert all(few) and many == few


# --- two nodes ---


async def test_a_ban_and_a_reply_on_two_nodes_come_in_one_order(postgres: Postgres) -> None:
    url = await postgres.prepared()
    here, there = [
        await PostgresStore.open(url, "normal", lambda: "e1", ROOM_RULES) for _ in range(2)
    ]
    house = await House.opened(here)
    room = await house.make(ADA, "closed", GRACE)
    thread = await root(house, ADA, room)
    await reply(house, ADA, thread)
    for _ in range(10):
        say = [Proposal(GRACE, Post(room=thread, text="x"))]
        ban, post = await asyncio.gather(
            here.commit([Proposal(ADA, Remove(room=room, who=GRACE.id))], AT),
            there.commit(say, AT),
        )
        assert isinstance(ban.answers[0], Accepted)
        [late] = (await there.commit(say, AT)).answers
        assert isinstance(late, Refusal) and late.code == "not_found"
        for batch in post.batches:
            if batch.room == thread:  # it came first, and says so
                assert ban.answers[0].seq is not None and batch.after < ban.answers[0].seq
        await house.do(ADA, InvitePeople(room=room, who=(GRACE.id,)))
    await here.close()
    await there.close()
