"""Whoever waits may be cancelled at any await: nothing leaks, and all others go on."""

import asyncio
import time
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

import hubbub
from hubbub.domain.aspects.document import Document
from hubbub.domain.facts import Commit, Head, Proposal
from hubbub.domain.patterns import EVERY_NAME, Span
from hubbub.protocol.messages import Follow, History, Post, Unfollow
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.followers import Cursor
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.writing import Policy
from hubbub.server.people.door import Door
from hubbub.server.people.rates import Limits
from hubbub.server.stores.base import LogPage, RoomRow, StoredPage
from tests.support.fakes import ADA, AT, GRACE, MemoryStore, Peer, settle, timeless, unframe
from tests.support.server import Server

EVENTS = 12  # several pages
MOST_TURNS = 500
WAIT = 5e-9  # seconds: some turns of a loop whose clock stands while anything can run


class SlowStore(MemoryStore):
    """Each answer takes some turns of the loop."""

    _committing: asyncio.Task[None]

    def commit(self, proposals: Sequence[Proposal], at: str) -> "Future[Commit]":
        done: Future[Commit] = asyncio.get_running_loop().create_future()
        self._committing = asyncio.create_task(self._commit(done, proposals, at))
        return done

    async def _commit(self, done: "Future[Commit]", proposals: Sequence[Proposal], at: str) -> None:
        await turns(2)
        self._finish(done, proposals, at)

    async def head(self, room: str) -> Head:
        await turns(2)
        return await super().head(room)

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        await turns(2)
        return await super().read(room, after, upto)

    async def history(
        self, room: str, before: int | None, after: int | None, limit: int
    ) -> StoredPage:
        await turns(2)
        return await super().history(room, before, after, limit)

    async def document(self, room: str) -> Document:
        await turns(2)
        return await super().document(room)

    async def rooms(
        self, after: str, limit: int, spans: Sequence[Span] = EVERY_NAME
    ) -> list[RoomRow]:
        await turns(2)
        return await super().rooms(after, limit, spans)


class Node:
    """A hub, someone who follows a room, and the one who is cancelled."""

    def __init__(self) -> None:
        self.store = SlowStore()
        self.fanout = FanOut(self.store, now=time.time)
        self.journal = Journal(self.store, self.fanout.deliver, lambda: AT)
        door = Door(now=time.time, clock=time.monotonic)
        self.hub = Hub(self.store, self.journal, self.fanout, door, Limits(256, 0))
        self.bystander, self.peer = Peer(), Peer(is_direct=True)

    async def post(self, count: int = 1) -> None:
        for _ in range(count):
            await self.hub.writing.commit(GRACE, Post(room="lobby", text="hi"))

    async def follow(self, peer: Peer, since: int | None = 0) -> Cursor:
        join = Follow(room="lobby", since=since)
        return await self.hub.following.follow(
            ADA, join, peer.outlet, lambda _: None, lambda _: None
        )

    async def keep_following(self) -> None:
        """Follow for as long as one may, and leave."""
        cursor = await self.follow(self.peer)
        try:
            await turns(30)  # until all is read
        finally:
            self.hub.following.unfollow(cursor)

    async def post_in_turn(self) -> None:
        """Post as soon as it is not too early for it."""
        post = Post(room="lobby", text="cancelled?")
        if later := self.hub.writing.submit(ADA, post, lambda _: None, Policy.WAIT):
            await later

    async def close(self) -> None:
        await self.journal.close()
        for peer in (self.bystander, self.peer):
            peer.dispose()


Act = Callable[[Node], Awaitable[Any]]
ACTS: dict[str, Act] = {
    "follow from the beginning": Node.keep_following,
    "look at the room": lambda node: node.hub.reading.snapshot(ADA, "lobby"),
    "page back": lambda node: node.hub.reading.history(ADA, History(room="lobby")),
    "read the document": lambda node: node.hub.reading.document(ADA, "lobby"),
    "list the rooms": lambda node: node.hub.reading.rooms(ADA, "", 10),
    "poll": lambda node: node.hub.reading.events(ADA, "lobby", EVENTS, None, WAIT),
    "post": lambda node: node.hub.writing.commit(ADA, Post(room="lobby", text="cancelled?")),
    "post in turn": Node.post_in_turn,
    "see whether one may join": lambda node: node.hub.following.check(
        ADA, Follow(room="lobby", since=0)
    ),
}


@pytest.mark.parametrize("name", ACTS)
@timeless
async def test_cancelled_at_any_await_a_verb_leaves_nothing_behind(name: str) -> None:
    turn, is_done = 0, False
    while not is_done:
        assert turn < MOST_TURNS
        node = Node()
        await node.post(EVENTS)
        following = await node.follow(node.bystander)
        is_done = await cancelled_after(turn, ACTS[name](node))
        turn += 1
        await node.post(2)
        await settle()
        check_got_all(node)
        node.hub.following.unfollow(following)
        await asyncio.sleep(2)
        check_left_nothing(node)
        await node.close()
    assert turn > 1, "it never waited"


class PeerOfAiohttp(Peer):
    """All who wait for it share one future, which is cancelled with the first of them."""

    _shared: Future[None] | None = None

    def listen(self) -> None:
        super().listen()
        if self._shared is not None and not self._shared.done():
            self._shared.set_result(None)
        self._shared = None

    async def drain(self) -> None:
        if self._queued:
            if self._shared is None:
                self._shared = asyncio.get_running_loop().create_future()
            await self._shared


@timeless
async def test_who_reads_on_is_not_cancelled_with_another_who_waits_for_the_same_peer() -> None:
    for turn in range(20):
        node, peer = Node(), PeerOfAiohttp()
        await node.post(EVENTS)
        peer.stall()
        following = await node.follow(peer)
        await turns(10)  # the first page is queued
        await cancelled_after(turn, peer.outlet.drained())
        peer.listen()
        await settle()
        await settle()
        bodies = [b for b in unframe(peer.received) if b.startswith(b'{"event"')]
        assert bodies == node.store.logs["lobby"]
        node.hub.following.unfollow(following)
        await asyncio.sleep(2)
        check_left_nothing(node)
        await node.close()
        peer.dispose()


def check_got_all(node: Node) -> None:
    bodies = [b for b in unframe(node.bystander.received) if b.startswith(b'{"event"')]
    assert bodies == node.store.logs["lobby"]


def check_left_nothing(node: Node) -> None:
    assert asyncio.all_tasks() == {asyncio.current_task(), node.journal.running}
    assert [len(feed.signals.attendance) for feed in node.fanout] == [0] * len(list(node.fanout))
    node.fanout.sweep()
    assert list(node.fanout) == []


async def cancelled_after(count: int, act: Awaitable[Any]) -> bool:
    """Cancel it after so many turns of the loop; whether it was done by then."""
    task = asyncio.ensure_future(act)
    await turns(count)
    is_done = task.done()
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()  # no other error
    return is_done


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


# --- the client -----------------------------------------------------------------------------------

CLIENT_ACTS: dict[str, Callable[[hubbub.Client, str], Awaitable[Any]]] = {
    "post": lambda me, room: me.post(room, "cancelled?"),
    "history": lambda me, room: me.history(room),
    "follow": lambda me, room: me.follow(room),
    "join": lambda me, room: me.join(room),
}


@pytest.mark.parametrize("name", CLIENT_ACTS)
async def test_a_cancelled_call_of_the_client_leaves_it_as_good_as_new(
    name: str, shared_server: Server
) -> None:
    turn, done = 0, 0
    while done < 3:  # an answer takes hundreds of turns, and the first ones matter most
        room = f"cancelled-{name}-{turn}"
        async with hubbub.connect(shared_server.url, name=f"ada-{turn}") as me:
            is_done = await cancelled_after(turn, CLIENT_ACTS[name](me, room))
            await works(me, room, is_joined=is_done and name in ("join", "follow"))
        done += is_done
        turn += 1 + turn // 8


async def works(me: hubbub.Client, room: str, *, is_joined: bool) -> None:
    assert not me._exchange.awaits_answers
    first = await me.post(room, "after")
    assert first.seq in (1, 2)  # what was cancelled may have been stored, at most once
    if is_joined:
        await me._rooms.unfollow(Unfollow(room=room))
    joined = await me.join(room, since=0)
    events = [await anext(joined.stream()) for _ in range(first.seq)]
    texts = [event.text for event in events if isinstance(event, hubbub.Posted)]
    assert texts == ["cancelled?", "after"][-first.seq :]


async def test_who_stops_waiting_for_the_next_event_does_not_lose_it(
    shared_server: Server,
) -> None:
    async with hubbub.connect(shared_server.url, name="grace") as me:
        turn, taken = 0, 0
        while taken < 3:
            room = await me.join(f"next-{turn}", since=0)
            posting = asyncio.create_task(room.post("first"))
            taking = asyncio.ensure_future(anext(room.stream()))
            taken += await cancelled_after(turn, taking)
            seqs = [] if taking.cancelled() else [taking.result().seq]
            await posting
            await room.post("second")
            while len(seqs) < 2:
                seqs.append((await anext(room.stream())).seq)
            assert seqs == [1, 2]
            await room.leave()
            turn += 1 + turn // 8


async def test_a_cancelled_change_leaves_the_client_as_good_as_new(
    shared_server: Server,
) -> None:
    async with hubbub.connect(shared_server.url, name="joan") as me:
        for turn in range(30):
            room = await me.join(f"changed-{turn}", since=0)
            first = await room.post("hi")
            for act in (room.edit(first.seq, "ho"), room.patch({"a": 1}), room.history()):
                await cancelled_after(turn, act)
                assert not me._exchange.awaits_answers
            assert (await room.post("after")).seq in (2, 3, 4)


async def test_who_is_cancelled_while_leaving_has_left(
    shared_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "hubbub.client.wire.exchange.MAX_UNANSWERED", 1
    )  # so that leaving waits, too
    async with (
        hubbub.connect(shared_server.url, name="hedy") as me,
        hubbub.connect(shared_server.url, name="radia") as watcher,
    ):
        for turn in range(1, 30):  # before the first it has not begun
            room = await me.join(f"left-{turn}")
            posting = asyncio.create_task(room.post("hi"))
            await turns(1)
            await cancelled_after(turn, room.leave())
            await posting
            await me.history(room.name)  # the server has heard what was said until now
            seen = (await watcher.join(room.name)).snapshot
            assert seen is not None and seen.members.names == ["radia"]
            assert (await me.join(room.name)).snapshot


async def test_who_gives_up_a_join_may_join_again_at_once(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="jean") as me:
        for number in range(20):
            try:
                async with asyncio.timeout(number * 5e-5):
                    room = await me.join(f"again-{number}", since=0)
            except TimeoutError:
                room = await me.join(f"again-{number}", since=0)
            await room.post("hi")
            async with asyncio.timeout(30):
                assert (await anext(room.stream())).seq == 1


async def test_a_cancelled_opening_or_closing_leaves_no_task(shared_server: Server) -> None:
    before = asyncio.all_tasks()
    turn, opened = 0, 0
    while opened < 3:
        client = hubbub.connect(shared_server.url, name="mary")
        opened += await cancelled_after(turn, client.open())
        await cancelled_after(turn % 5, client.close())
        await client.close()  # once more, as one may
        await settle()
        assert asyncio.all_tasks() <= before | {asyncio.current_task()}
        turn += 1 + turn // 8
