"""Rooms that require titles: each message begins a thread, in the same commit, whoever keeps it."""

import asyncio

import pytest
from msgspec.structs import replace

from hubbub.domain.aspects.posts import PostInThread
from hubbub.domain.facts import Accepted, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.screening import screen_change
from hubbub.domain.tables.rooms import ROOM
from hubbub.domain.threads import THREAD
from hubbub.events import Posted, RootDeleted
from hubbub.events.rooms import Changed
from hubbub.events.threads import Threaded, ThreadFollowed
from hubbub.protocol.commands.rooms import Ban, ChangeRoom
from hubbub.protocol.keys import thread_key
from hubbub.protocol.messages import Delete, Post
from hubbub.server.stores.base import Activity
from hubbub.server.stores.postgres.store import PostgresStore
from tests.contracts.test_erasing import SECRET, holds_secret
from tests.support.everything import everything
from tests.support.fakes import AT, guest
from tests.support.postgres import Postgres
from tests.support.rooms import ADA, GRACE, GUEST, ROOM_RULES, House


async def forum(house: House, *who: Principal, **settings: object) -> str:
    """Make a room that requires titles."""
    return await house.make(ADA, "open", *who, titles=True, **settings)


async def test_a_message_begins_its_thread_with_a_title(house: House) -> None:
    room = await forum(house, GRACE)
    asked = Post(room=room, text="Which?", title="Kettles")
    commit = await house.store.commit([Proposal(GRACE, asked)], AT)
    thread = thread_key(room, 4)
    posted, threaded = (await house.log(room, 3))[:2]
    assert isinstance(posted, Posted) and posted.text == "Which?"
    assert threaded == Threaded(room, 5, AT, GRACE.id, message=4)
    assert await house.log(thread) == [Changed(thread, 1, AT, GRACE.id, title="Kettles")]
    assert (await house.log(GRACE.id))[1] == ThreadFollowed(GRACE.id, 2, AT, GRACE.id, where=thread)
    [row] = await house.store.rows(THREAD)
    assert row == (thread, room, 4, 1, AT, 0, 0, "", "Kettles", None)
    [own] = (await house.store.own_threads(GRACE.id, Activity(), 9)).threads
    assert (own.thread, own.unread) == (row, 0)
    rooms = [batch.room for batch in commit.batches]
    assert rooms.index(room) < rooms.index(thread)
    assert next(b for b in commit.batches if b.room == thread).after == 4


async def test_a_message_without_a_title_is_refused(house: House) -> None:
    room = await forum(house, GRACE)
    refusal = await house.refused(GRACE, Post(room=room, text="x"))
    assert refusal.code == "untitled" and not refusal.is_of_content
    assert (await house.store.head(room)).nth == 0


async def test_replies_need_no_title_and_stay_in_their_thread(house: House) -> None:
    room = await forum(house, GRACE)
    thread = thread_key(room, 4)
    codes = await house.codes(
        (ADA, Post(room=room, text="root", title="Kettles")),
        (GRACE, PostInThread(room=thread, text="a", root_by=ADA.id)),
        (GRACE, PostInThread(room=thread, text="b", root_by=ADA.id, also_in_room=True)),
        (GRACE, ChangeRoom(room=thread, title="")),
        (GRACE, ChangeRoom(room=thread, title="Kettles and pots")),
    )
    assert codes == [None, None, "untitled", "untitled", None]
    [row] = await house.store.rows(THREAD)
    assert (row.replies, row.title) == (1, "Kettles and pots")
    [own] = (await house.store.own_threads(ADA.id, Activity(), 9)).threads
    assert own.unread == 1


async def test_one_batch_begins_many_threads(house: House) -> None:
    room = await forum(house, GRACE)
    posts = [(who, Post(room=room, text="x", title=f"{who.name}")) for who in (ADA, GRACE, ADA)]
    assert await house.codes(*posts) == [None] * 3
    assert [row.message for row in await house.store.rows(THREAD)] == [4, 6, 8]


async def test_a_thread_is_delivered_after_a_ban_that_came_before_it(house: House) -> None:
    room = await forum(house, GRACE)
    deeds = [(ADA, Ban(room=room, who=GRACE.id)), (ADA, Post(room=room, text="x", title="y"))]
    commit = await house.store.commit([Proposal(*deed) for deed in deeds], AT)
    [banned] = [seq for b in commit.batches for seq, who in b.affected if who == GRACE.id]
    [thread] = [batch for batch in commit.batches if ":" in batch.room]
    assert thread.after > banned


async def test_a_repeated_message_begins_nothing_more(house: House) -> None:
    room = await forum(house)
    post = Post(room=room, text="x", title="y", client_message_id="k")
    first, again = await house.do(ADA, post), await house.do(ADA, post)
    assert again.is_duplicate and again.seq == first.seq
    assert len(await house.store.rows(THREAD)) == 1


async def test_titles_begin_threads_elsewhere_too_if_one_may_give_them(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, GUEST, public="post")
    await house.do(GRACE, Post(room=room, text="x", title="y"))
    assert [row.title for row in await house.store.rows(THREAD)] == ["y"]
    vera = guest("vera", key="k" * 16)
    for who in (GUEST, vera):
        await house.do(who, Post(room=room, text="x"))
        assert (await house.refused(who, Post(room=room, text="x", title="y"))).code == "forbidden"
    await house.do(ADA, ChangeRoom(room=room, titles=True))
    for who in (GUEST, vera):
        await house.do(who, Post(room=room, text="x", title="y"))
    assert len(await house.store.rows(THREAD)) == 3


async def test_hosts_turn_it_on_and_off(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    assert (await house.refused(GRACE, ChangeRoom(room=room, titles=True))).code == "forbidden"
    await house.do(ADA, ChangeRoom(room=room, titles=True))
    [row] = await house.store.rows(ROOM, room)
    assert row.titles
    await house.do(ADA, ChangeRoom(room=room, titles=False))
    await house.do(GRACE, Post(room=room, text="x"))


async def test_deleting_a_message_takes_all_titles_of_its_thread(house: House) -> None:
    room = await forum(house, GRACE)
    thread = thread_key(room, 4)
    await house.do(ADA, Post(room=room, text="x", title=SECRET))
    await house.do(GRACE, PostInThread(room=thread, text="stays", root_by=ADA.id))
    await house.do(GRACE, ChangeRoom(room=thread, title=f"{SECRET}!"))
    assert any(map(holds_secret, (await everything(house.store)).values()))
    await house.do(ADA, Delete(room=room, seq=4))
    for name, rows in (await everything(house.store)).items():
        assert not holds_secret(rows), name
    assert await house.log(thread) == [
        Changed(thread, 1, AT, ADA.id, erased=True),
        Posted(thread, 2, AT, GRACE.id, text="stays"),
        Changed(thread, 3, AT, GRACE.id, erased=True),
        RootDeleted(thread, 4, AT, ADA.id),
    ]
    [row] = await house.store.rows(THREAD)
    assert (row.title, row.seq, row.replies) == ("", 4, 1)
    for title in (SECRET, ""):
        assert (await house.refused(ADA, ChangeRoom(room=thread, title=title))).code == "gone"
    await house.do(GRACE, PostInThread(room=thread, text="goes on"))


async def test_other_threads_keep_their_titles(house: House) -> None:
    room = await forum(house)
    for title in ("kept", SECRET):
        await house.do(ADA, Post(room=room, text="x", title=title))
    await house.do(ADA, PostInThread(room=thread_key(room, 3), text="x"))
    await house.do(ADA, Delete(room=thread_key(room, 3), seq=2))
    await house.do(ADA, Delete(room=room, seq=5))
    assert [row.title for row in await house.store.rows(THREAD)] == ["kept", ""]
    [changed] = [e for e in await house.log(thread_key(room, 3)) if isinstance(e, Changed)]
    assert changed.title == "kept"


async def test_what_one_commit_titles_and_deletes_is_delivered_as_it_is_stored(
    house: House,
) -> None:
    room = await forum(house)
    changes = [Post(room=room, text="x", title=SECRET), Delete(room=room, seq=3)]
    commit = await house.store.commit([Proposal(ADA, change) for change in changes], AT)
    assert not holds_secret(commit.batches)
    thread = thread_key(room, 3)
    delivered = [body for batch in commit.batches if batch.room == thread for body in batch.bodies]
    assert (await house.store.read(thread, 0, 9)).bodies == delivered
    assert not any(map(holds_secret, (await everything(house.store)).values()))


async def test_a_deleted_message_without_a_thread_leaves_nothing_more(house: House) -> None:
    room = await house.make(ADA, "open")
    await house.do(ADA, Post(room=room, text="x"))
    await house.do(ADA, Delete(room=room, seq=3))
    assert await house.store.rows(THREAD) == []
    assert room in (names := [row.room for row in await house.store.rooms("", 9)])
    assert thread_key(room, 3) not in names


@pytest.mark.parametrize(
    "post",
    [
        Post(room="@r000000000001:4", text="x", title="y"),
        Post(room="lobby", text="x", title="y"),
        Post(room="@r000000000001", text="x", title="y\nz"),
        Post(room="@r000000000001", text="x", title=" "),
    ],
)
def test_some_titles_are_none(post: Post) -> None:
    refusal = screen_change(ROOM_RULES, ADA, post, 99)
    assert refusal is not None and refusal.code == "bad_request" and "itle" in refusal.detail


async def test_a_direct_requires_no_titles(house: House) -> None:
    create = replace(house.creating(ADA, "direct", GRACE, titles=True), key=None)
    refusal = screen_change(ROOM_RULES, ADA, create, 99)
    assert refusal is not None and refusal.code == "bad_request"


async def test_nobody_is_in_the_way_who_replies_before_there_is_a_message(
    postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "hubbub")
    url = await postgres.prepared()
    nodes = [await PostgresStore.open(url, "normal", lambda: "e1", ROOM_RULES) for _ in range(2)]
    here, there = await House.opened(nodes[0]), House(nodes[1])
    room = await forum(here, GRACE)
    for n in range(10):
        head = (await nodes[0].head(room)).seq
        early = Post(room=thread_key(room, head + 1), text="too early")
        titled = Post(room=room, text="x", title=str(n))
        begun, [answer] = await asyncio.gather(here.do(ADA, titled), there.answers((GRACE, early)))
        assert begun.seq == head + 1
        assert isinstance(answer, Accepted) or answer.code == "not_found"
    assert {row.title for row in await nodes[1].rows(THREAD)} == {str(n) for n in range(10)}
    assert "conflicted" not in caplog.text  # not even once, though a commit would be repeated
    for node in nodes:
        await node.close()
