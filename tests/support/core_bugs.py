"""Bugs that can be sown into the simulated node, each breaking one promise; `BUGS` says what must be found.

Each is in a part that the node is given: nothing is patched. `seeded_bugs` has those for a running server.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from typing_extensions import override

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Accepted, Batch, Commit, Needs, Proposal
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Follow, Post
from hubbub.server.engine.catching_up import CatchingUp
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.followers import Cursor
from hubbub.server.engine.journal import Journal
from hubbub.server.engine.outlet import Outlet
from hubbub.server.hub.authors import Authors
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.positions import Positions
from hubbub.server.hub.snapshots import Snapshots
from hubbub.server.stores.base import LogPage, Store, StoredPage, StoredRoom
from hubbub.server.transports.socket_outlet import SocketOutlet
from tests.support.checker import Fault
from tests.support.faulty import catching_up_by, with_rule
from tests.support.simulated_node import NodeParts, SimulatedStore

Sow = Callable[[], NodeParts]
BUGS: dict[str, tuple[Sow, set[Fault]]] = {}


def shows_as(*faults: Fault) -> Callable[[Sow], Sow]:
    """Register a bug, and what it must be found by."""

    def register(sow: Sow) -> Sow:
        BUGS[sow.__name__] = (sow, set(faults))
        return sow

    return register


class Deciding(SimulatedStore):
    """A store that can say what it will decide."""

    def decided(self, proposals: Sequence[Proposal], at: str) -> Commit:
        wanted = self._rules.needs(proposals)
        return Ledger(self._rules, wanted, self._facts(wanted), at).decide(proposals)


@shows_as(Fault.LOST, Fault.WRONG_ANSWER, Fault.TURNED_AWAY)
def acknowledge_before_flush() -> NodeParts:
    """A commit is done when it is decided; it is flushed a little later."""

    class Hasty(Deciding):
        @override
        async def _commit(
            self, done: "asyncio.Future[Commit]", proposals: Sequence[Proposal], at: str
        ) -> None:
            async with self._turn:
                done.set_result(self.decided(proposals, at))
                await self.pause()  # a crash in here loses it
                self._finish(asyncio.get_running_loop().create_future(), proposals, at)

    return NodeParts(store=Hasty)


@shows_as(Fault.NOT_DURABLE, Fault.ALTERED, Fault.TURNED_AWAY)
def deliver_before_commit() -> NodeParts:
    """Events go out when it is decided what to write."""
    fanouts: list[FanOut] = []

    class Remembered(FanOut):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            fanouts.append(self)

    class Leaky(Deciding):
        @override
        async def _commit(
            self, done: "asyncio.Future[Commit]", proposals: Sequence[Proposal], at: str
        ) -> None:
            fanouts[-1].deliver(self.decided(proposals, at).batches)
            await super()._commit(done, proposals, at)

    return NodeParts(store=Leaky, fanout=Remembered)


@shows_as(Fault.HOLE)
def resume_one_too_late() -> NodeParts:
    """Reading on leaves the first missed event out."""
    return _reading_from(1)


@shows_as(Fault.REPEATED)
def resume_one_too_early() -> NodeParts:
    """Reading on gives the last seen event again."""
    return _reading_from(-1)


def _reading_from(shift: int) -> NodeParts:
    class Shifted(SimulatedStore):
        @override
        async def read(self, room: str, after: int, upto: int) -> LogPage:
            return await super().read(room, max(0, after + shift), upto)

    return NodeParts(store=Shifted)


@shows_as(Fault.DOUBLED)
def post_again_on_retry() -> NodeParts:
    """A client_message_id is not looked up."""
    return NodeParts(with_rule(RULES, Post, needs=_no_keys))


def _no_keys(wanted: Needs, _: Principal, __: Post) -> None:
    wanted.posts.clear()


@shows_as(Fault.DOUBLED)
def forget_keys_in_a_restart() -> NodeParts:
    """The first answers are only remembered in memory."""

    class Forgetful(SimulatedStore):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self._first_answers.clear()

    return NodeParts(store=Forgetful)


@shows_as(Fault.HOLE)
def drop_what_a_slow_reader_cannot_take() -> NodeParts:
    """One that can't keep up stays live, and misses what it could not take."""

    class Careless(FanOut):
        @override
        def _fall_behind(self, *_: Any) -> None:
            """Go on."""

    return NodeParts(fanout=Careless)


@shows_as(Fault.UNDELIVERED)
def forget_a_laggard() -> NodeParts:
    """One that can't keep up is no longer live, and nobody reads on for it."""

    class Forgetful(FanOut):
        @override
        def _fall_behind(
            self, feed: Feed, live: dict[Outlet, Cursor], behind: list[Outlet]
        ) -> None:
            for outlet in behind:
                live.pop(outlet)

    return NodeParts(fanout=Forgetful)


@shows_as(Fault.WRONG_ANSWER)
def answer_in_the_wrong_order() -> NodeParts:
    """In a commit of several, one is told what became of another."""

    class Twisted(Journal):
        @override
        def _answer(self, taken: Any, commit: Commit) -> list[Batch]:
            return super()._answer(taken, commit._replace(answers=commit.answers[::-1]))

    return NodeParts(journal=Twisted)


@shows_as(Fault.LOST, Fault.WRONG_ANSWER)
def acknowledge_what_failed() -> NodeParts:
    """A commit that failed is answered as if it had not."""

    class Hopeful(Journal):
        @override
        async def _outcome(self, committing: "asyncio.Future[Commit]", taken: Any) -> Commit:
            commit = await super()._outcome(committing, taken)
            answers = [Accepted(1, "now") if isinstance(a, Refusal) else a for a in commit.answers]
            return commit._replace(answers=list(answers))

    return NodeParts(journal=Hopeful)


@shows_as(Fault.UNBOUNDED)
def take_proposals_without_bound() -> NodeParts:
    """However slow the disk is, more is taken."""

    class Boundless(Journal):
        @override
        def _is_too_much(self) -> bool:
            return False

    return NodeParts(journal=Boundless)


@shows_as(Fault.ALTERED)
def leave_out_what_was_deleted() -> NodeParts:
    """Of a deleted message nothing is left in snapshots."""

    class Silent(SimulatedStore):
        @override
        async def history(self, *page: Any) -> StoredPage:
            shown = await super().history(*page)
            return shown._replace(messages=[m for m in shown.messages if not m.deleted])

    return NodeParts(store=Silent)


@shows_as(Fault.NOT_ERASED)
def leave_what_was_deleted_in_the_log() -> NodeParts:
    """A deleted message is marked so, and its text stays."""

    class Lazy(SimulatedStore):
        @override
        def _finish(self, *commit: Any) -> None:
            before = {room: list(log) for room, log in self.logs.items()}
            super()._finish(*commit)
            for room, log in before.items():
                self.logs[room][: len(log)] = log

    return NodeParts(store=Lazy)


@shows_as(Fault.HOLE)
def skip_one_of_the_tail() -> NodeParts:
    """Who reads on from memory misses the first event there."""

    class Skipping(CatchingUp):
        @override
        async def _read_some(self, feed: Feed, cursor: Cursor) -> list[bytes] | None:
            rest = await super()._read_some(feed, cursor)
            return rest[1:] if rest else rest

    return NodeParts(fanout=catching_up_by(Skipping))


@shows_as(Fault.UNBOUNDED)
def queue_without_bound() -> NodeParts:
    """All is queued for one that reads nothing."""

    class Boundless(SocketOutlet):
        @override
        def has_room_for(self, _: int) -> bool:
            return True

    return NodeParts(outlet=Boundless)


@shows_as(Fault.LEFT_OVER)
def lose_pins() -> NodeParts:
    """Who has read on still holds the feed."""

    class Holding(CatchingUp):
        @override
        def read_on(self, feed: Feed, cursor: Cursor, seq: int) -> None:
            feed.pin()
            super().read_on(feed, cursor, seq)

    return NodeParts(fanout=catching_up_by(Holding))


@shows_as(Fault.LEFT_OVER)
def stay_present() -> NodeParts:
    """Who has left is still shown."""

    class Clinging(FanOut):
        @override
        def detach(self, cursor: Cursor) -> None:
            person = cursor.principal.person
            super().detach(cursor)
            self._feeds[cursor.room].signals.enter(person)

    return NodeParts(fanout=Clinging)


@shows_as(Fault.HOLE)
def pass_over_what_is_no_longer_kept() -> NodeParts:
    """Who comes back after a trim goes on with the first event that is still there."""

    class Silent(Positions):
        @override
        async def resume(self, feed: Feed, follow: Follow) -> tuple[int | None, int | None]:
            head = await self._fanout.head(feed)
            kept = (await self._store.head(feed.room)).kept
            return min(max(follow.since or 0, kept - 1), head), None

    class Passing(Hub):
        def __init__(
            self, store: Store, journal: Journal, fanout: FanOut, *rest: Any, **more: Any
        ) -> None:
            super().__init__(store, journal, fanout, *rest, **more)
            self.following._positions = Silent(store, fanout)

    return NodeParts(hub=Passing)


@shows_as(Fault.ALTERED)
def keep_an_old_snapshot() -> NodeParts:
    """A snapshot's head is that of now, and what it shows is not."""

    class Stale(Snapshots):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            self._first: dict[str, StoredRoom] = {}

        @override
        async def read(self, feed: Feed) -> StoredRoom:
            new = await super().read(feed)
            old = self._first.setdefault(feed.room, new)
            return old._replace(page=old.page._replace(head=new.page.head))

    class Keeping(Hub):
        def __init__(
            self, store: Store, journal: Journal, fanout: FanOut, *rest: Any, **more: Any
        ) -> None:
            super().__init__(store, journal, fanout, *rest, **more)
            stale = Stale(store, fanout, Authors(store))
            self.following._snapshots = self.reading._snapshots = stale

    return NodeParts(hub=Keeping)
