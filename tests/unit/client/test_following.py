"""The threads that an account follows, as a client knows them: what each event, notice and list changes."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

import hubbub
from hubbub.client.account.changes import MyChange
from hubbub.client.account.following import FollowedThreads
from hubbub.events import Deleted, Edited, Event, Posted
from hubbub.events.reading import MarkedUnread, Mentioned, Read, RoomSet
from hubbub.events.rooms import Joined, Left
from hubbub.events.threads import ThreadFollowed, ThreadUnfollowed
from hubbub.protocol.commands.threads import MyThread
from hubbub.protocol.messages import RoomHead

AT, LATER = "2026-11-23T09:00:00.123Z", "2026-11-24T09:00:00.123Z"
ME, GRACE, MARY = "@p000000000000", "@p000000000001", "@p000000000002"
ROOM = "@r000000000000"
ROW = MyThread(
    *(2, AT, 2, [GRACE]), thread=f"{ROOM}:4", room=ROOM, message=4, head=2, read=2, read_nth=2
)
OTHER = replace(ROW, thread=f"{ROOM}:5", message=5)


def following(*rows: MyThread) -> FollowedThreads:
    """What a client knows that has read the list."""
    known = FollowedThreads()
    assert read(known, *rows) == [] and not known.owes
    return known


def read(known: FollowedThreads, *rows: MyThread, is_all: bool = True) -> list[Any]:
    """Read the list again."""
    assert known.owes
    return known.read_again(known.version, list(rows), is_all=is_all)


def own(kind: type[Event], where: str = ROW.thread, **more: Any) -> Event:
    """An event of the own log."""
    return kind(room=ME, seq=9, at=AT, by=ME, where=where, **more)  # type: ignore[call-arg]


def there(kind: type[Event], seq: int, **more: Any) -> Event:
    """An event of the thread."""
    return kind(room=ROW.thread, seq=seq, at=LATER, by=MARY, **more)


def test_replies_are_unread_until_they_are_read_anywhere() -> None:
    known = following(ROW)
    [moved] = known.moved(
        {ROW.thread: RoomHead(4, 4, LATER, MARY), "@r000000000009": RoomHead(1, 1)}
    )
    now = replace(ROW, head=4, nth=4, unread=2, replies=4, at=LATER, people=[MARY, GRACE])
    assert moved == hubbub.ThreadMoved(now, ROW, MARY)
    [partly] = known.of_own(own(Read, upto=3, nth=3))
    assert isinstance(partly, hubbub.ThreadRead) and partly.thread.unread == 1
    known.of_own(own(MarkedUnread))
    assert known.rows[ROW.thread].marked
    known.of_own(own(Read, upto=4, nth=4))
    known.of_own(own(RoomSet, level="none"))
    assert known.rows == {ROW.thread: replace(now, read=4, read_nth=4, unread=0, level="none")}
    assert known.moved({ROW.thread: RoomHead(4, 4)}) == [] and not known.owes


def test_a_thread_that_is_followed_in_full_is_counted_by_its_events() -> None:
    known = following(ROW)
    assert known.of_thread(there(Posted, 2, text="old")) == []
    assert len(known.of_thread(there(Posted, 3, text="new"))) == 1
    assert len(known.of_thread(there(Edited, 4, message=3, text="new"))) == 1
    row = known.rows[ROW.thread]
    assert (row.head, row.nth, row.unread, known.owes) == (4, 3, 1, False)
    known.of_thread(there(Deleted, 5, message=3))
    assert known.owes


def test_what_only_the_list_says_is_read_again() -> None:
    ways: list[Callable[[FollowedThreads], object]] = [
        lambda known: known.of_own(own(Mentioned, where_seq=2)),
        lambda known: known.of_own(own(ThreadFollowed, OTHER.thread)),
        lambda known: known.of_own(own(Joined, ROOM)),
        lambda known: known.of_thread(there(Posted, 4, text="one is missing")),
        lambda known: known.of_thread(there(Posted, 3, text="@room", calls=["*"])),
        lambda known: known.at_least(ROW.thread, 3),
        lambda known: known.moved({ROW.thread: RoomHead(3, 2)}),
        lambda known: known.moved({ROW.thread: RoomHead(3, 3, recount=3)}),
    ]
    for happens in ways:
        known = following(ROW)
        happens(known)
        assert known.owes
        newest = replace(ROW, head=4, nth=3, mentions=1)
        assert len(read(known, newest)) == 1 and known.rows[ROW.thread] == newest


def test_threads_come_and_go() -> None:
    known = following(ROW)
    assert known.of_own(own(ThreadFollowed, OTHER.thread)) == []
    assert read(known, ROW, OTHER) == [hubbub.ThreadAdded(OTHER)]
    assert known.of_own(own(ThreadUnfollowed)) == [hubbub.ThreadDropped(ROW)]
    assert known.of_own(own(ThreadUnfollowed)) == []
    assert known.of_own(own(Left, ROOM)) == [hubbub.ThreadDropped(OTHER)]
    assert known.rows == {}


def test_what_is_missing_in_a_list_is_gone_unless_there_is_more() -> None:
    known = following(ROW, OTHER)
    known.recount()
    assert read(known, OTHER, is_all=False) == []
    known.recount()
    assert read(known, OTHER) == [hubbub.ThreadDropped(ROW)]


def test_an_answer_that_is_older_than_what_was_heard_is_not_taken() -> None:
    known = following(ROW, OTHER)
    version = known.version
    known.of_own(own(ThreadUnfollowed))
    assert known.read_again(version, [ROW, OTHER], is_all=True) == []
    assert known.rows.keys() == {OTHER.thread}
    known.moved({OTHER.thread: RoomHead(3, 3)})
    known.recount()
    assert read(known, OTHER) == [] and known.owes
    assert known.rows[OTHER.thread].head == 3


def test_after_a_gap_one_change_tells_the_difference() -> None:
    known = following(ROW)
    known.begin_again()
    changes: list[MyChange] = read(known, OTHER)
    assert changes == [hubbub.Refreshed((hubbub.ThreadDropped(ROW), hubbub.ThreadAdded(OTHER)))]
    known.begin_again()
    assert read(known, OTHER) == []
