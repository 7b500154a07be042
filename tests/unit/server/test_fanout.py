import asyncio
import logging
import time
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.former import last_only
from hubbub.domain.facts import Batch, Head, Proposal
from hubbub.domain.rules import Rules
from hubbub.protocol.messages import Change, Delete, Edit, Post, Typing
from hubbub.protocol.people import Person
from hubbub.protocol.wires import NATIVE, PLAIN, SSE, Wire, frame
from hubbub.server.engine.fanout import FIRST_SECONDS, FanOut
from hubbub.server.engine.feeds import MAX_TAIL_BYTES, Feed
from hubbub.server.engine.followers import Cursor
from hubbub.server.engine.outlet import MAX_QUEUED_BYTES
from hubbub.server.stores.base import LogPage, LogsReplaced, StoreFailed
from tests.support.fakes import ADA, AT, PAGE_EVENTS, MemoryStore, Peer, settle, timeless, unframe

NewPeer = Callable[..., Peer]


class SlowStore(MemoryStore):
    """A store whose pages are read only when `page_read` is called, if it `is_slow`; heads likewise."""

    def __init__(self, rules: Rules = RULES) -> None:
        super().__init__(rules=rules)
        self.is_slow = self.is_slow_with_heads = False
        self.pages = 0
        self.heads_asked = asyncio.Event()
        self._turns = asyncio.Semaphore(0)

    async def head(self, room: str) -> Head:
        head = await super().head(room)
        if self.is_slow_with_heads:
            await self._turns.acquire()
        return head

    async def heads(self, rooms: list[str]) -> dict[str, Head]:
        self.heads_asked.set()
        if self.is_slow_with_heads:
            await self._turns.acquire()
        return await super().heads(rooms)

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        self.pages += 1
        if self.is_slow:
            await self._turns.acquire()
        return await super().read(room, after, upto)

    async def page_read(self) -> None:
        self._turns.release()
        await settle()


class Lobby:
    """A fan-out over a store, and one room in it that is followed."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.store = SlowStore(rules)
        self.fanout = FanOut(self.store, now=time.time)
        self.lost: list[Peer] = []

    async def commit(self, *texts: str, room: str = "lobby") -> list[Batch]:
        """Store messages, and deliver nothing yet."""
        proposals = [Proposal(ADA, Post(room=room, text=text)) for text in texts]
        return (await self.store.commit(proposals, AT)).batches

    async def post(self, *texts: str) -> None:
        """Store messages and deliver them."""
        self.fanout.deliver(await self.commit(*texts))

    async def follow(self, peer: Peer, seq: int | None = None) -> Cursor:
        """Follow from a position, or from the head."""
        with self.fanout.pinned("lobby") as feed:
            head = await self.fanout.head(feed)
            seq = head if seq is None else seq
            cursor = Cursor("lobby", peer.outlet, ADA, seq, lambda _: self.lost.append(peer))
            self.fanout.attach(cursor)
        return cursor

    @property
    def feed(self) -> Feed:
        feed = self.fanout.get("lobby")
        assert feed is not None
        return feed

    def is_live(self, cursor: Cursor) -> bool:
        return self.feed.followers.live.get(cursor.outlet.wire, {}).get(cursor.outlet) is cursor


def seqs(peer: Peer) -> list[int]:
    """The numbers of the events that a native peer has got."""
    received = [msgspec.json.decode(payload) for payload in unframe(peer.received)]
    return [push["seq"] for push in received if "event" in push]


def upto(last: int, first: int = 1) -> list[int]:
    return list(range(first, last + 1))


# --- live ---


@timeless
async def test_who_is_at_the_head_is_live_and_gets_a_commit_as_one_buffer(
    new_peer: NewPeer,
) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("before")
    cursor = await lobby.follow(peer)
    assert lobby.is_live(cursor)
    (batch,) = await lobby.commit("one", "two")
    lobby.fanout.deliver([batch])
    assert peer.received == NATIVE.events(lobby.store.epoch, 2, batch.bodies)
    assert lobby.store.pages == 0


@pytest.mark.parametrize("wire", [NATIVE, PLAIN, SSE], ids=lambda wire: str(wire.name))
@timeless
async def test_each_gets_it_in_their_own_wire_form(new_peer: NewPeer, wire: Wire) -> None:
    lobby, peer, other = Lobby(), new_peer(wire), new_peer(NATIVE)
    await lobby.follow(peer)
    await lobby.follow(other)
    (batch,) = await lobby.commit("hi")
    lobby.fanout.deliver([batch])
    assert peer.received == wire.events(lobby.store.epoch, 1, batch.bodies)
    assert seqs(other) == [1]


@timeless
async def test_only_who_follows_a_room_gets_it(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.follow(peer)
    lobby.fanout.deliver(await lobby.commit("tea?", room="kitchen"))
    assert peer.received == b""
    assert lobby.fanout.get("kitchen") is None


@timeless
async def test_who_leaves_gets_no_more(new_peer: NewPeer) -> None:
    lobby, peer, other = Lobby(), new_peer(), new_peer()
    cursor = await lobby.follow(peer)
    await lobby.follow(other)
    await lobby.post("one")
    lobby.fanout.detach(cursor)
    lobby.fanout.detach(cursor)
    await lobby.post("two")
    assert (seqs(peer), seqs(other)) == ([1], [1, 2])


@timeless
async def test_events_that_a_wire_form_has_no_words_for_leave_a_follower_live(
    new_peer: NewPeer,
) -> None:
    lobby, peer = Lobby(), new_peer(PLAIN)
    await lobby.post("hi")
    cursor = await lobby.follow(peer)
    commit = await lobby.store.commit([Proposal(ADA, Delete(room="lobby", seq=1))], AT)
    lobby.fanout.deliver(commit.batches)
    await lobby.post("there")
    assert lobby.is_live(cursor)
    assert list(unframe(peer.received)) == [b"there"]


@pytest.mark.parametrize(
    "last", [Edit(room="lobby", seq=2, text="new"), Delete(room="lobby", seq=2)]
)
@timeless
async def test_what_is_remembered_for_those_who_come_back_forgets_what_is_erased(
    new_peer: NewPeer, last: Change
) -> None:
    lobby = Lobby(last_only(RULES))
    await lobby.post("read slowly")
    lobby.store.is_slow = True
    await lobby.follow(new_peer(), 0)
    await settle()
    await lobby.post("secret")
    assert "secret" in repr(lobby.feed.tail_after(1))
    lobby.fanout.deliver((await lobby.store.commit([Proposal(ADA, last)], AT)).batches)
    lobby.store.is_slow = False
    assert lobby.feed.tail_after(1) == (await lobby.store.read("lobby", 1, 3)).bodies
    assert "secret" not in repr(lobby.feed.tail_after(1))
    await lobby.store.page_read()


# --- reading on ---


@pytest.mark.parametrize("since", [0, 1, 6, 11, 12])
@timeless
async def test_who_comes_from_a_position_gets_all_after_it_once_and_in_order(
    new_peer: NewPeer, since: int
) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post(*"abcdefghijkl")
    cursor = await lobby.follow(peer, since)
    await settle()
    assert seqs(peer) == upto(12, since + 1)
    assert lobby.is_live(cursor)
    await lobby.post("m")
    assert seqs(peer) == upto(13, since + 1)


@timeless
async def test_what_comes_while_one_reads_follows_from_the_tail(new_peer: NewPeer) -> None:
    lobby, peer, live = Lobby(), new_peer(), new_peer()
    await lobby.post(*"abcdefghijkl")
    await lobby.follow(live)
    lobby.store.is_slow = True
    cursor = await lobby.follow(peer, 0)
    await settle()
    for text in ("m", "n"):
        await lobby.post(text)
    assert seqs(live) == [13, 14]
    for pages in (1, 2, 3):
        assert not lobby.is_live(cursor)
        await lobby.store.page_read()
        assert seqs(peer) == upto(min(pages * PAGE_EVENTS, 14))[: len(seqs(peer))]
    assert seqs(peer) == upto(14)
    assert lobby.is_live(cursor)
    await lobby.post("o")
    assert seqs(peer) == upto(15)
    assert lobby.store.pages == 3


@timeless
async def test_who_reads_slower_than_the_tail_is_long_reads_on_from_the_store(
    new_peer: NewPeer,
) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    lobby.store.is_slow = True
    cursor = await lobby.follow(peer, 0)
    await settle()
    for _ in range(10):
        await lobby.post("x" * (MAX_TAIL_BYTES // 3))
    await lobby.store.page_read()
    await lobby.store.page_read()
    assert seqs(peer) == upto(6)
    assert not lobby.is_live(cursor)
    await lobby.store.page_read()
    assert seqs(peer) == upto(11)
    assert lobby.is_live(cursor)


@timeless
async def test_the_tail_is_kept_only_while_someone_reads(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    await lobby.follow(new_peer())
    await lobby.post("b")
    assert lobby.feed.tail_after(1) is None
    lobby.store.is_slow = True
    await lobby.follow(peer, 0)
    await settle()
    await lobby.post("c")
    assert len(lobby.feed.tail_after(2) or []) == 1
    assert lobby.feed.tail_after(1) is None
    assert lobby.feed.tail_after(3) == []
    assert lobby.feed.tail_after(4) is None
    await lobby.store.page_read()
    await lobby.post("d")
    assert lobby.feed.tail_after(2) is None
    assert seqs(peer) == upto(4)


@timeless
async def test_who_leaves_while_reading_gets_no_more(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    lobby.store.is_slow = True
    cursor = await lobby.follow(peer, 0)
    await settle()
    lobby.fanout.detach(cursor)
    await lobby.store.page_read()
    await lobby.post("b")
    assert peer.received == b""
    assert lobby.lost == []
    assert not lobby.feed.followers.reading


@timeless
async def test_a_snapshot_may_be_ahead_of_what_is_delivered(new_peer: NewPeer) -> None:
    lobby, peer, live = Lobby(), new_peer(), new_peer()
    await lobby.follow(live)
    first, second = await lobby.commit("one"), await lobby.commit("two", "three")
    third = await lobby.commit("four")
    cursor = await lobby.follow(peer, 3)
    await settle()
    assert not lobby.is_live(cursor)
    for batches in (first, second, third):
        lobby.fanout.deliver(batches)
        await settle()
    assert lobby.is_live(cursor)
    assert seqs(peer) == [4]
    assert seqs(live) == upto(4)


# --- falling behind ---


def choke(peer: Peer) -> None:
    """Let so much be queued for a peer that it has no room for more."""
    peer.stall()
    assert peer.outlet.write(frame(b"{}" + b" " * (MAX_QUEUED_BYTES - 12)))
    assert not peer.outlet.write(b" ")


@timeless
async def test_who_can_not_keep_up_reads_on_when_they_can_and_misses_nothing(
    new_peer: NewPeer,
) -> None:
    lobby, slow, quick = Lobby(), new_peer(), new_peer()
    cursor = await lobby.follow(slow)
    await lobby.follow(quick)
    await lobby.post("a")
    choke(slow)
    for text in "bcdefghijklmnop":
        await lobby.post(text)
        await settle()
    assert not lobby.is_live(cursor)
    assert seqs(quick) == upto(16)
    slow.listen()
    await settle()
    assert seqs(slow) == upto(16)
    assert lobby.is_live(cursor)
    await lobby.post("q")
    assert seqs(slow) == seqs(quick) == upto(17)


@timeless
async def test_who_lags_for_long_costs_no_memory(new_peer: NewPeer) -> None:
    lobby, slow = Lobby(), new_peer()
    await lobby.follow(slow)
    choke(slow)
    queued = slow.get_write_buffer_size()
    for _ in range(20):
        await lobby.post("x" * 100_000)
        await settle()
    assert slow.get_write_buffer_size() == queued
    assert lobby.feed._tail_bytes <= MAX_TAIL_BYTES
    slow.listen()
    await settle()
    assert seqs(slow) == upto(20)


@timeless
async def test_a_little_still_queued_does_not_let_a_large_page_get_lost(new_peer: NewPeer) -> None:
    lobby, slow = Lobby(), new_peer()
    await lobby.post("x" * MAX_QUEUED_BYTES, "y")
    slow.stall()
    slow.outlet.write(b"\x81\x02{}")
    cursor = await lobby.follow(slow, 0)
    await settle()
    slow.listen()
    await settle()
    assert seqs(slow) == upto(2)
    assert lobby.is_live(cursor)


@timeless
async def test_a_little_still_queued_does_not_let_a_large_tail_get_lost(new_peer: NewPeer) -> None:
    lobby, slow = Lobby(), new_peer()
    cursor = await lobby.follow(slow)
    slow.stall()
    slow.outlet.write(b"\x81\x02{}")
    await lobby.post("x" * MAX_QUEUED_BYTES)
    assert not lobby.is_live(cursor)
    await settle()
    slow.listen()
    await settle()
    assert seqs(slow) == [1]
    assert lobby.is_live(cursor)


@timeless
async def test_after_a_lag_one_is_told_who_is_here_and_what_is_live(new_peer: NewPeer) -> None:
    lobby, slow = Lobby(), new_peer()
    await lobby.follow(slow)
    choke(slow)
    await lobby.post("a")
    lobby.feed.signals.enter(Person("ada"))
    lobby.feed.signals.put(Typing("lobby", "ada", 5.0))
    await asyncio.sleep(1)
    slow.listen()
    await settle()
    *_, event, presence = [msgspec.json.decode(payload) for payload in unframe(slow.received)]
    assert event["seq"] == 1
    assert presence == {"signal": "presence", "room": "lobby", "count": 1, "names": ["ada"]}


@timeless
async def test_who_can_not_even_take_signals_gets_the_newest_later(new_peer: NewPeer) -> None:
    lobby, slow = Lobby(), new_peer()
    cursor = await lobby.follow(slow)
    choke(slow)
    lobby.feed.signals.put(Typing("lobby", "ada", 5.0))
    await asyncio.sleep(1)
    assert not lobby.is_live(cursor)
    slow.listen()
    await settle()
    assert lobby.is_live(cursor)


@timeless
async def test_signals_reach_who_is_live_and_knows_them(new_peer: NewPeer) -> None:
    lobby, native, plain, sse = Lobby(), new_peer(), new_peer(PLAIN), new_peer(SSE)
    for peer in (native, plain, sse):
        await lobby.follow(peer)
    lobby.feed.signals.put(Typing("lobby", "ada", 5.0))
    await asyncio.sleep(1)
    typing = b'{"signal":"typing","room":"lobby","by":"ada","ttl":5.0}'
    assert native.received == NATIVE.signals([typing])
    assert sse.received == SSE.signals([typing])
    assert plain.received == b""


# --- gaps ---


@timeless
async def test_what_was_missing_in_between_is_read_from_the_store(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    cursor = await lobby.follow(peer)
    await lobby.commit("b", "c")  # by another node, say
    await lobby.post("d")
    assert seqs(peer) == [], "nothing comes before what is missing"
    await settle()
    assert seqs(peer) == [2, 3, 4]
    assert lobby.is_live(cursor)
    await lobby.post("e")
    assert seqs(peer) == [2, 3, 4, 5]


@timeless
async def test_what_others_wrote_is_found_by_looking_and_read_once_for_all(
    new_peer: NewPeer,
) -> None:
    lobby, peers = Lobby(), [new_peer() for _ in range(5)]
    await lobby.post("a")
    for peer in peers:
        await lobby.follow(peer)
    await lobby.commit("b")
    await lobby.commit("c")
    lobby.store.pages = 0
    await lobby.fanout.look()
    await settle()
    assert [seqs(peer) for peer in peers] == [[2, 3]] * 5
    assert lobby.store.pages == 1
    await lobby.fanout.look()
    await settle()
    assert lobby.store.pages == 1, "there was nothing new"


@timeless
async def test_nothing_is_read_for_a_room_that_nobody_follows_any_more(new_peer: NewPeer) -> None:
    lobby = Lobby()
    await lobby.post("a")
    cursor = await lobby.follow(new_peer())
    lobby.feed.followers.come(cursor)
    await lobby.commit("b")
    lobby.store.is_slow = lobby.store.is_slow_with_heads = True
    looking = asyncio.create_task(lobby.fanout.look())
    await lobby.store.heads_asked.wait()
    lobby.fanout.detach(cursor)
    lobby.fanout.sweep()
    await lobby.store.page_read()
    await looking
    await settle()
    assert lobby.store.pages == 0


@timeless
async def test_what_comes_while_the_gap_is_filled_is_delivered_once(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    await lobby.follow(peer)
    lobby.store.is_slow = True
    others = await lobby.commit("b", "c")
    await lobby.post("d")
    lobby.fanout.deliver(others)  # a hint, say, that came late
    await lobby.post("e")
    lobby.store.is_slow = False
    await lobby.store.page_read()
    await settle()
    assert seqs(peer) == [2, 3, 4, 5]


@timeless
async def test_hints_that_come_together_are_delivered_as_one_batch(
    new_peer: NewPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    await lobby.follow(peer)
    hints = [(await lobby.commit(text))[0] for text in "bcde"]
    delivered: list[tuple[int, int]] = []
    advance = lobby.feed.advance

    def watch(batch: Batch) -> None:
        delivered.append((batch.first, batch.last))
        advance(batch)

    monkeypatch.setattr(Feed, "advance", lambda _, batch: watch(batch))
    for hint in (hints[0], hints[1], hints[1], hints[2], hints[3]):  # one came twice
        lobby.fanout.hear(hint)
    assert seqs(peer) == []
    await settle()
    assert seqs(peer) == [2, 3, 4, 5]
    assert delivered == [(2, 3), (4, 5)]
    lobby.fanout.hear((await lobby.commit("f"))[0])
    await settle()
    assert delivered[2:] == [(6, 6)]


@timeless
async def test_an_old_hint_does_not_set_the_head_back_and_a_new_one_is_not_forgotten(
    new_peer: NewPeer,
) -> None:
    lobby, peer = Lobby(), new_peer()
    hints = [(await lobby.commit(text))[0] for text in "abc"]
    lobby.store.is_slow_with_heads = True
    following = asyncio.create_task(lobby.follow(peer))
    await settle()
    hints += await lobby.commit("d")
    for hint in (hints[0], hints[3]):
        lobby.fanout.hear(hint)
    await settle()
    await lobby.store.page_read()
    await following
    await settle()
    assert seqs(peer) == [4], "it follows from the head that the store knew"


@timeless
async def test_one_that_is_delivered_in_part_is_delivered_from_there(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    await lobby.follow(peer)
    (first,) = await lobby.commit("b")
    (second,) = await lobby.commit("c")
    lobby.fanout.deliver([first])
    lobby.fanout.deliver([Batch("lobby", 2, first.bodies + second.bodies)])
    assert seqs(peer) == [2, 3]


@timeless
async def test_who_waits_for_what_was_forgotten_meanwhile_is_told(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    await lobby.follow(peer)
    await lobby.commit("b", "c")
    await lobby.store.trim("lobby", 2)
    await lobby.fanout.look()
    await settle()
    assert lobby.lost == [peer]


@pytest.mark.parametrize("error", [StoreFailed("the disk is full"), ZeroDivisionError("secret")])
@timeless
async def test_a_store_that_fails_is_asked_again_at_the_next_look(
    new_peer: NewPeer, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise error

    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    await lobby.follow(peer)
    await lobby.commit("b")
    await lobby.post("c")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lobby.store, "read", fail)
        await settle()
    assert seqs(peer) == []
    assert "in lobby" in caplog.text and "secret" not in caplog.text
    await asyncio.sleep(FIRST_SECONDS)
    await lobby.fanout.look()
    await settle()
    assert seqs(peer) == [2, 3]


@timeless
async def test_what_was_delivered_already_is_not_delivered_again(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    batches = await lobby.commit("a")
    cursor = await lobby.follow(peer, 0)  # the head is known to be 1 by now
    await settle()
    lobby.fanout.deliver(batches)
    assert seqs(peer) == [1]
    assert lobby.is_live(cursor)


@timeless
async def test_a_gap_makes_the_tail_useless(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    lobby.store.is_slow = True
    await lobby.follow(peer, 0)
    await settle()
    await lobby.post("b")
    lobby.feed.advance(Batch("lobby", 4, (await lobby.commit("c", "d"))[0].bodies[1:]))
    assert lobby.feed.tail_after(1) is None
    lobby.store.is_slow = False
    await lobby.store.page_read()
    assert seqs(peer) == upto(4)


# --- what can go wrong ---


@timeless
async def test_who_can_not_be_caught_up_is_told_so(
    new_peer: NewPeer, caplog: pytest.LogCaptureFixture
) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    cursor = await lobby.follow(peer, 0)
    lobby.store.is_failing = True
    with caplog.at_level(logging.CRITICAL):
        await settle()
    assert lobby.lost == [peer]
    lobby.fanout.detach(cursor)
    assert not lobby.feed.followers.reading


@timeless
async def test_who_fell_behind_what_is_kept_is_told_so(
    new_peer: NewPeer, caplog: pytest.LogCaptureFixture
) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post(*"abc")
    await lobby.follow(peer, 0)
    await lobby.store.trim("lobby", 2)
    with caplog.at_level(logging.CRITICAL):
        await settle()
    assert lobby.lost == [peer]
    assert peer.received == b""


@timeless
async def test_a_fault_of_ours_leaves_nobody_silently_behind(
    new_peer: NewPeer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    monkeypatch.setattr(lobby.feed if lobby.fanout.get("lobby") else Feed, "tail_after", None)
    await lobby.follow(peer, 0)
    with caplog.at_level(logging.CRITICAL):
        await settle()
    assert lobby.lost == [peer]


@timeless
async def test_who_vanishes_while_lagging_holds_nothing_up(new_peer: NewPeer) -> None:
    lobby, slow, quick = Lobby(), new_peer(), new_peer()
    cursor = await lobby.follow(slow)
    await lobby.follow(quick)
    choke(slow)
    await lobby.post("a")
    await settle()
    slow.vanish()
    await settle()
    await lobby.post("b")
    assert seqs(quick) == [1, 2]
    assert lobby.lost == []
    lobby.fanout.detach(cursor)
    assert not lobby.feed.followers.reading


# --- feeds ---


@timeless
async def test_a_feed_is_kept_while_anyone_needs_it(new_peer: NewPeer) -> None:
    lobby, peer = Lobby(), new_peer()
    cursor = await lobby.follow(peer)
    feed = lobby.feed
    feed.followers.come(cursor)
    lobby.fanout.sweep()
    assert lobby.fanout.get("lobby") is feed
    lobby.fanout.detach(cursor)
    with lobby.fanout.pinned("lobby") as pinned:
        assert pinned is feed
        lobby.fanout.sweep()
        assert lobby.fanout.get("lobby") is feed
    assert list(lobby.fanout) == [feed]
    lobby.fanout.sweep()
    assert lobby.fanout.get("lobby") is None
    assert list(lobby.fanout) == []


@timeless
async def test_a_feed_is_kept_until_one_that_is_lost_has_left(
    new_peer: NewPeer, caplog: pytest.LogCaptureFixture
) -> None:
    lobby, peer = Lobby(), new_peer()
    await lobby.post("a")
    cursor = await lobby.follow(peer, 0)
    feed = lobby.feed
    feed.followers.come(cursor)
    lobby.store.is_failing = True
    with caplog.at_level(logging.CRITICAL):
        await settle()
    assert lobby.lost == [peer]
    lobby.fanout.sweep()
    assert lobby.fanout.get("lobby") is feed
    lobby.fanout.detach(cursor)
    lobby.fanout.sweep()
    assert lobby.fanout.get("lobby") is None


@timeless
async def test_who_waits_for_the_head_to_move_is_woken(new_peer: NewPeer) -> None:
    lobby = Lobby()
    with lobby.fanout.pinned("lobby") as feed:
        assert await lobby.fanout.head(feed) == 0
        waiting = [asyncio.create_task(feed.moved(60)) for _ in range(2)]
        await settle()
        await lobby.post("a")
        await settle()
        assert all(task.done() for task in waiting)
        assert feed.head == 1


@timeless
async def test_who_waits_in_vain_goes_on_after_a_while() -> None:
    lobby = Lobby()
    with lobby.fanout.pinned("lobby") as feed:
        await feed.moved(25.0)
        await lobby.post("a")
        assert feed.head == 1
    assert asyncio.get_running_loop().time() == pytest.approx(25.0)


@timeless
async def test_the_head_is_what_deliveries_said_even_if_the_store_answers_later() -> None:
    lobby = Lobby()
    with lobby.fanout.pinned("lobby") as feed:
        await lobby.post("a", "b")
        feed.learn(Head(1))
        assert await lobby.fanout.head(feed) == 2


class Mistaken(Lobby):
    """A room whose events can't be read, for whichever reason."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = 0
        self.asked: list[int] = []  # at which seconds
        self.error: Exception | None = None
        self.fanout = FanOut(self.store, failed=self._note, now=time.time)
        self._read, self.store.read = self.store.read, self.read  # type: ignore[method-assign]

    def _note(self) -> None:
        self.failed += 1

    async def read(self, room: str, after: int, upto: int) -> LogPage:
        self.asked.append(round(asyncio.get_running_loop().time()))
        if self.error is not None:
            raise self.error
        return await self._read(room, after, upto)

    async def look(self, seconds: int) -> None:
        """Look for so long, as often as nodes do."""
        for _ in range(4 * seconds):
            await asyncio.sleep(0.25)
            await self.fanout.look()


@timeless
async def test_what_fails_unexpectedly_is_counted_and_tried_again_later_each_time(
    new_peer: NewPeer, caplog: pytest.LogCaptureFixture
) -> None:
    lobby, peer = Mistaken(), new_peer()
    await lobby.follow(peer)
    await lobby.commit("a")
    lobby.error = ZeroDivisionError("secret")
    await lobby.look(200)
    waits = [late - early for early, late in pairwise(lobby.asked)]
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60], abs=1)
    assert lobby.failed == len(lobby.asked) == len(caplog.records)
    lobby.error = None
    await lobby.look(61)
    assert seqs(peer) == [1] and not lobby.fanout.has_failed
    assert caplog.records[-1].getMessage().startswith("Recovered: can read")
    assert "secret" not in caplog.text


@timeless
async def test_that_the_store_fails_is_said_once_and_tried_again_at_each_look(
    new_peer: NewPeer, caplog: pytest.LogCaptureFixture
) -> None:
    lobby = Mistaken()
    await lobby.follow(new_peer())
    await lobby.commit("a")
    lobby.error = StoreFailed("the disk is full")
    await lobby.look(10)
    assert len(lobby.asked) > 30 and not lobby.failed
    assert len(caplog.records) == 1


@timeless
async def test_a_room_that_nobody_follows_any_more_fails_no_longer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lobby = Mistaken()
    lobby.error = ZeroDivisionError()
    with caplog.at_level(logging.CRITICAL), lobby.fanout.pinned("lobby") as feed:
        await lobby.fanout.head(feed)
        await lobby.commit("a")
        await lobby.look(1)
        await settle()
    assert lobby.fanout.has_failed
    lobby.fanout.sweep()
    assert lobby.fanout.get("lobby") is None and not lobby.fanout.has_failed


@timeless
async def test_once_the_logs_were_replaced_a_look_says_so(new_peer: NewPeer) -> None:
    lobby = Mistaken()
    await lobby.follow(new_peer())
    await lobby.commit("a")
    lobby.error = LogsReplaced("the logs were replaced")
    await lobby.fanout.look()
    await settle()
    assert lobby.fanout.has_failed and not lobby.failed
    with pytest.raises(LogsReplaced):
        await lobby.fanout.look()
