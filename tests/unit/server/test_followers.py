"""Who loses the right to read is cut off at the event that takes it, whatever they are just doing."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from hubbub.domain.aspects.people.accounts import SuspendPerson
from hubbub.domain.facts import Batch, Facts, Needs, Proposal
from hubbub.domain.principals import Principal
from hubbub.protocol.commands.rooms import Create
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.keys import DIRECTORY, RANDOM_BYTES, room_key
from hubbub.protocol.messages import Change, Follow, History, Post, Resumed, Signal, Snapshot
from hubbub.server.engine.followers import Cursor
from hubbub.server.stores.base import LogPage
from tests.support.fakes import ADA, AT, GRACE, Peer, account, guest, settle, timeless, unframe
from tests.support.house import House, NewPeer
from tests.support.team import Team
from tests.support.toy_guard import CLUB_RULES, LetIn, ShutOut

CLUB = "club-1"
LARGE = "x" * 40_000  # two of them are more than a peer is sent before it takes some
OUT, BACK = ShutOut(room=CLUB, who=GRACE.id), LetIn(room=CLUB, who=GRACE.id)


class Session:
    """One time that someone follows the club, from a position on."""

    def __init__(self, by: Principal, peer: Peer) -> None:
        self.by = by
        self.peer = peer
        self.cursor: Cursor | None = None
        self.start = 0
        self.ended: Refusal | str | None = "no"

    @property
    def seqs(self) -> list[int]:
        """The numbers of the events that it has got."""
        received = [msgspec.json.decode(each) for each in unframe(self.peer.received)]
        return [push["seq"] for push in received if "event" in push]

    def tell(self, answer: Resumed | Snapshot) -> None:
        self.start = answer.start

    def end(self, why: Refusal | None) -> None:
        self.ended = why
        self.cursor = None


class Club:
    """A node where a club is followed. Others write to it, here and on other nodes."""

    def __init__(self) -> None:
        self.house = House(rules=CLUB_RULES)
        self.sessions: list[Session] = []

    async def commit(self, *changes: Change, by: Principal = ADA) -> Batch:
        """Store changes in one commit, and deliver nothing yet."""
        commit = await self.house.store.commit([Proposal(by, each) for each in changes], AT)
        (batch,) = commit.batches
        return batch

    async def write(self, *changes: Change) -> None:
        """Store changes in one commit, and deliver it."""
        self.house.fanout.deliver([await self.commit(*changes)])

    async def follow(self, peer: Peer, since: int | None = None, by: Principal = GRACE) -> Session:
        """Raises RefusalError."""
        session = Session(by, peer)
        follow = Follow(room=CLUB, since=since)
        following = self.house.hub.following
        session.cursor = await following.follow(by, follow, peer.outlet, session.tell, session.end)
        self.sessions.append(session)
        return session

    async def refused(self, act: Any) -> str:
        with pytest.raises(RefusalError) as caught:
            await act
        return caught.value.refusal.code


def post(text: str = "x") -> Post:
    return Post(room=CLUB, text=text)


def code(session: Session) -> str | None:
    return session.ended.code if isinstance(session.ended, Refusal) else None


@timeless
async def test_who_is_live_gets_the_event_in_the_middle_of_a_batch_as_the_last(
    new_peer: NewPeer,
) -> None:
    club = Club()
    grace, mary = await club.follow(new_peer()), await club.follow(new_peer(), by=ADA)
    await club.write(post(), OUT, post())
    await club.write(post())
    await settle()
    assert (grace.seqs, code(grace)) == ([1, 2], "not_found")
    assert (mary.seqs, mary.ended) == ([1, 2, 3, 4], "no")


@timeless
async def test_who_reads_on_from_an_old_position_gets_everything_up_to_the_event(
    new_peer: NewPeer,
) -> None:
    club, peer = Club(), new_peer()
    await club.write(*[post(LARGE) for _ in range(20)])
    peer.stall()
    grace = await club.follow(peer, 0)
    await settle()
    await club.write(post(), OUT, *[post() for _ in range(20)])
    assert grace.ended == "no", "it has not got there yet"
    peer.listen()
    await settle()
    assert (grace.seqs, code(grace)) == ([*range(1, 23)], "not_found")


@timeless
async def test_who_falls_behind_with_the_event_itself_gets_no_more(new_peer: NewPeer) -> None:
    club, peer = Club(), new_peer()
    grace = await club.follow(peer)
    peer.stall()
    await club.write(*[post(LARGE) for _ in range(20)])
    await club.write(*[post(LARGE) for _ in range(20)], OUT, post())
    await club.write(post())
    await settle()
    assert grace.ended == "no"
    peer.listen()
    await settle()
    assert (grace.seqs, code(grace)) == ([*range(1, 42)], "not_found")


@timeless
async def test_who_is_ahead_of_what_is_delivered_gets_nothing(new_peer: NewPeer) -> None:
    club, peer = Club(), new_peer()
    await club.write(post())
    await club.follow(new_peer())  # so it is in memory that she may
    batch = await club.commit(OUT, post())
    grace = await club.follow(peer, 3)
    club.house.fanout.deliver([batch])
    await settle()
    assert (grace.seqs, code(grace)) == ([], "not_found")


@timeless
async def test_a_waiting_poll_gets_the_event_and_the_next_is_refused() -> None:
    club = Club()
    await club.write(post())
    events = club.house.hub.reading.events
    poll = asyncio.create_task(events(GRACE, CLUB, 1, None, 30))
    await settle()
    batch = await club.commit(post(), OUT, post())
    late = asyncio.create_task(events(GRACE, CLUB, 4, None, 30))
    await settle()
    club.house.fanout.deliver([batch])
    page = await poll
    assert (page.head, len(page.bodies)) == (3, 2)
    assert await club.refused(late) == "not_found"
    assert await club.refused(events(GRACE, CLUB, 3, None, 0)) == "not_found"


@timeless
async def test_whoever_was_shut_out_reads_nothing_any_more(new_peer: NewPeer) -> None:
    club = Club()
    await club.write(post(), OUT)
    reading, writing = club.house.hub.reading, club.house.hub.writing
    for since in (None, 0, 2):
        assert await club.refused(club.follow(new_peer(), since)) == "not_found"
    for act in (
        reading.snapshot(GRACE, CLUB),
        reading.history(GRACE, History(room=CLUB)),
        reading.document(GRACE, CLUB),
        reading.events(GRACE, CLUB, 0, None, 0),
        writing.signal(GRACE, Signal(room=CLUB, signal="typing")),
    ):
        assert await club.refused(act) == "not_found"
    await club.house.post("hi")
    listed = [[row.room for row, _ in await reading.rooms(by, "", 1)] for by in (ADA, GRACE)]
    assert listed == [[CLUB], ["lobby"]]


@timeless
async def test_what_the_store_shows_of_after_the_event_is_not_shown_before_it_is_delivered(
    new_peer: NewPeer,
) -> None:
    """Reads are of the store, which may be ahead of what this node has delivered."""
    club = Club()
    await club.write(post())
    await club.follow(new_peer(), 1, by=ADA)
    batch = await club.commit(OUT, post())
    reading = club.house.hub.reading
    for act in (
        reading.snapshot(GRACE, CLUB),
        reading.history(GRACE, History(room=CLUB)),
        club.follow(new_peer()),
    ):
        assert await club.refused(act) == "not_found"
    club.house.fanout.deliver([batch])


@pytest.mark.parametrize("way", ["with events", "without events", "lost"])
@timeless
async def test_what_another_node_commits_cuts_off_however_it_is_learnt(
    way: str, new_peer: NewPeer
) -> None:
    club = Club()
    await club.write(post())
    grace = await club.follow(new_peer())
    first, second = await club.commit(post()), await club.commit(OUT, post())
    if way == "with events":
        club.house.fanout.hear(first)
        club.house.fanout.hear(second)
    elif way == "without events":
        club.house.fanout.hear(Batch(CLUB, 5, []))
    else:
        await club.house.fanout.look()
    await settle()
    assert (grace.seqs, code(grace)) == ([2, 3], "not_found")


@timeless
async def test_who_is_cut_off_is_no_longer_there(new_peer: NewPeer) -> None:
    club = Club()
    await club.follow(new_peer())
    await club.follow(new_peer(), by=ADA)
    await club.write(OUT)
    snapshot = await club.house.hub.reading.snapshot(ADA, CLUB)
    assert snapshot.members.names == ["ada"]


@timeless
async def test_what_happens_while_it_is_read_who_is_shut_out_is_not_missed(
    new_peer: NewPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    club = Club()
    await club.write(post())
    find = club.house.store.find
    turns: list[Batch] = []

    async def slow(*asked: Any) -> Any:
        found = await find(*asked)
        if not turns:
            turns.append(await club.commit(OUT))
            club.house.fanout.deliver(turns)
        return found

    monkeypatch.setattr(club.house.store, "find", slow)
    assert await club.refused(club.follow(new_peer())) == "not_found"


@timeless
async def test_what_others_commit_while_it_is_read_who_is_shut_out_is_not_missed(
    new_peer: NewPeer,
) -> None:
    """The first event that a node delivers of a room may be later than what it has just read about the room."""
    club = Club()
    await club.commit(post())
    store: Any = club.house.store
    find, asked_with = store.find, []

    async def overtaken(wanted: Needs) -> Facts:
        found: Facts = await find(wanted)
        asked_with.append(wanted)
        if len(asked_with) == 1:
            await club.commit(OUT)  # on another node, of which nothing is heard yet
            await club.write(post())
        return found

    store.find = overtaken
    assert await club.refused(club.follow(new_peer(), since=1)) == "not_found"


@timeless
async def test_a_free_room_is_never_asked_about(
    new_peer: NewPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(rules=CLUB_RULES)
    monkeypatch.setattr(house.store, "find", None)
    await house.post("hi")
    await house.join(new_peer())
    await house.hub.reading.history(GRACE, History(room="lobby"))
    assert [row.room for row, _ in await house.hub.reading.rooms(GRACE, "", 9)] == ["lobby"]


@timeless
async def test_events_that_were_deleted_before_they_came_end_everyone(new_peer: NewPeer) -> None:
    club = Club()
    await club.write(post())
    grace = await club.follow(new_peer())
    await club.commit(OUT, post())
    await club.house.store.trim(CLUB, 3)
    await club.house.fanout.look()
    await settle()
    assert grace.ended is None
    assert await club.refused(club.follow(new_peer())) == "not_found"


# --- the law ----------------------------------------------------------------------------------------

PEOPLE = [GRACE, *(guest(name, f"{name}'s secret key") for name in ("joan", "mary"))]


class World(Club):
    """People come and go, are shut out and let in; commits are delivered here, or heard of, or found."""

    def __init__(self, seed: int, new_peer: NewPeer) -> None:
        super().__init__()
        self.dice = random.Random(seed)
        self.new_peer = new_peer
        self.log: list[Change] = []
        self.seen: dict[str, int] = dict.fromkeys((each.id for each in PEOPLE), 0)

    def out_since(self, who: str, head: int) -> int | None:
        """The event that shut someone out, as of a head; None if they are in."""
        since = None
        for seq, change in enumerate(self.log[:head], 1):
            if isinstance(change, ShutOut) and change.who == who:
                since = since or seq
            if isinstance(change, LetIn) and change.who == who:
                since = None
        return since

    def some_changes(self) -> Sequence[Change]:
        def one() -> Change:
            who = self.dice.choice(PEOPLE).id
            kind = self.dice.random()
            if kind < 0.2:
                return ShutOut(room=CLUB, who=who)
            return LetIn(room=CLUB, who=who) if kind < 0.4 else post(self.dice.choice(["", LARGE]))

        return [one() for _ in range(self.dice.randint(1, 6))]

    async def step(self) -> None:
        match self.dice.choice(["write", "write", "write", "follow", "read", "leave", "stall"]):
            case "write":
                await self._write()
            case "follow":
                with suppress(RefusalError):
                    await self._follow(self.dice.choice(PEOPLE))
            case "read":
                with suppress(RefusalError):
                    await self._read(self.dice.choice(PEOPLE))
            case "leave" if going := [each for each in self.sessions if each.cursor]:
                session = self.dice.choice(going)
                assert session.cursor is not None
                self.house.hub.following.unfollow(session.cursor)
                session.cursor, session.ended = None, "left"
            case "stall" if self.sessions:
                peer = self.dice.choice(self.sessions).peer
                self.dice.choice([peer.stall, peer.listen])()
        if self.dice.random() < 0.7:
            await settle()
        self.check()

    async def _follow(self, by: Principal) -> None:
        since = self.dice.choice([None, self.dice.randint(0, len(self.log))])
        session = await self.follow(self.new_peer(), since, by)
        self._saw(by, session.start)

    async def _read(self, by: Principal) -> None:
        page = await self.house.hub.reading.history(by, History(room=CLUB))
        self._saw(by, page.messages[-1].seq if page.messages else 0)
        polled = await self.house.hub.reading.events(by, CLUB, 0, None, 0)
        self._saw(by, len(polled.bodies))

    async def _write(self) -> None:
        changes = self.some_changes()
        batch = await self.commit(*changes)
        self.log += changes
        fanout = self.house.fanout
        match self.dice.choice(["here", "here", "hint", "bare hint", "found"]):
            case "here":
                fanout.deliver([batch])
            case "hint":
                fanout.hear(batch)
            case "bare hint":
                fanout.hear(Batch(CLUB, batch.last + 1, []))
            case _:
                await fanout.look()

    def _saw(self, by: Principal, seq: int) -> None:
        self.seen[by.id] = max(self.seen[by.id], seq)

    def check(self) -> None:
        """Who is out by what this node has delivered has got nothing from after that moment."""
        feed = self.house.fanout.get(CLUB)
        head = feed.head if feed and feed.head else 0
        for session in self.sessions:
            if seqs := session.seqs:
                assert seqs == [*range(session.start + 1, seqs[-1] + 1)]
                self._saw(session.by, seqs[-1])
        for who, seq in self.seen.items():
            if out := self.out_since(who, head):
                assert seq <= out, f"{who} was shut out by {out} and got {seq}"

    async def finish(self) -> None:
        """Let everyone get everything: who was cut off has got just what was to come."""
        await self.house.fanout.look()
        for session in self.sessions:
            session.peer.listen()
        await settle()
        self.check()
        for session in self.sessions:
            last = (session.seqs or [session.start])[-1]
            if session.ended == "no":
                assert last == len(self.log)
                assert self.out_since(session.by.id, last) is None
            elif isinstance(session.ended, Refusal):
                assert last == session.start or isinstance(self.log[last - 1], ShutOut)


@pytest.mark.parametrize("seed", range(60))
def test_nobody_ever_gets_an_event_from_after_the_moment_they_lost_the_right_to_read(
    seed: int, new_peer: NewPeer
) -> None:
    @timeless
    async def run() -> None:
        world = World(seed, new_peer)
        for _ in range(60):
            await world.step()
        await world.finish()

    run()


@timeless
async def test_a_right_that_another_log_took_ends_before_the_events_that_came_later(
    new_peer: NewPeer,
) -> None:
    """On another node, whose directory this one reads after the room."""
    house, dave = House(), account("dave")
    team = Team(house.store)
    await team.begin()
    room = room_key(bytes(RANDOM_BYTES))
    create = Create(room=account("ada").id, kind="open", title="Open", key=room)
    await house.store.commit([Proposal(account("ada"), create)], AT)
    peer = new_peer()
    session = Session(dave, peer)
    follow = Follow(room=room)
    await house.hub.following.follow(dave, follow, peer.outlet, session.tell, session.end)
    read, may_read = house.store.read, asyncio.Event()

    async def slowly(room: str, after: int, upto: int) -> LogPage:
        if room == DIRECTORY:
            await may_read.wait()
        return await read(room, after, upto)

    house.store.read = slowly  # type: ignore[method-assign]
    assert await team.code("ada", SuspendPerson(account=dave.id)) is None
    assert await team.code("ada", Post(room=room, text="after")) is None
    await house.fanout.look()
    await settle()
    may_read.set()
    await settle()
    assert session.seqs == []
    assert isinstance(session.ended, Refusal) and session.ended.code == "unauthenticated"
