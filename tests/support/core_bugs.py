"""Bugs that can be sown into the simulated node, each breaking one promise; `BUGS` says what must be found.

Each is a patch that ends with the test. `seeded_bugs` has those for a running server.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from hubbub import events
from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Accepted, Commit, Proposal
from hubbub.domain.ledger import Ledger
from hubbub.protocol.errors import Refusal
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.feeds import Feed
from hubbub.server.engine.followers import Cursor, Followers
from hubbub.server.engine.journal import Journal
from hubbub.server.engine.outlet import Outlet
from hubbub.server.hub.positions import Positions
from hubbub.server.hub.snapshots import Snapshots
from hubbub.server.stores.base import LogPage, StoredPage, StoredRoom
from hubbub.server.transports.socket_outlet import SocketOutlet
from tests.support.checker import Fault
from tests.support.simulated_node import SimulatedStore

Sow = Callable[[pytest.MonkeyPatch], None]
BUGS: dict[str, tuple[Sow, set[Fault]]] = {}


def shows_as(*faults: Fault) -> Callable[[Sow], Sow]:
    """Register a bug, and what it must be found by."""

    def register(sow: Sow) -> Sow:
        BUGS[sow.__name__] = (sow, set(faults))
        return sow

    return register


@shows_as(Fault.LOST, Fault.WRONG_ANSWER, Fault.TURNED_AWAY)
def acknowledge_before_flush(bugs: pytest.MonkeyPatch) -> None:
    """A commit is done when it is decided; it is flushed a little later."""

    async def hasty(
        self: SimulatedStore, done: "asyncio.Future[Commit]", proposals: Sequence[Proposal], at: str
    ) -> None:
        async with self._turn:
            done.set_result(
                Ledger(RULES, self._facts(RULES.needs(proposals)), at).decide(proposals)
            )
            await self.pause()  # a crash in here loses it
            self._finish(asyncio.get_running_loop().create_future(), proposals, at)

    bugs.setattr(SimulatedStore, "_commit", hasty)


@shows_as(Fault.NOT_DURABLE, Fault.ALTERED, Fault.TURNED_AWAY)
def deliver_before_commit(bugs: pytest.MonkeyPatch) -> None:
    """Events go out when it is decided what to write."""
    fanouts: list[FanOut] = []
    begin, commit = FanOut.__init__, SimulatedStore._commit

    def remember(self: FanOut, *args: Any) -> None:
        begin(self, *args)
        fanouts.append(self)

    async def leak(self: SimulatedStore, done: Any, proposals: Any, at: str) -> None:
        decided = Ledger(RULES, self._facts(RULES.needs(proposals)), at).decide(proposals)
        fanouts[-1].deliver(decided.batches)
        await commit(self, done, proposals, at)

    bugs.setattr(FanOut, "__init__", remember)
    bugs.setattr(SimulatedStore, "_commit", leak)


@shows_as(Fault.HOLE)
def resume_one_too_late(bugs: pytest.MonkeyPatch) -> None:
    """Reading on leaves the first missed event out."""
    _read_from(bugs, 1)


@shows_as(Fault.REPEATED)
def resume_one_too_early(bugs: pytest.MonkeyPatch) -> None:
    """Reading on gives the last seen event again."""
    _read_from(bugs, -1)


def _read_from(bugs: pytest.MonkeyPatch, shift: int) -> None:
    read = SimulatedStore.read

    async def shifted(self: SimulatedStore, room: str, after: int, upto: int) -> LogPage:
        return await read(self, room, max(0, after + shift), upto)

    bugs.setattr(SimulatedStore, "read", shifted)


@shows_as(Fault.DOUBLED)
def post_again_on_retry(bugs: pytest.MonkeyPatch) -> None:
    """A client_message_id is not looked up."""
    bugs.setattr(Ledger, "_decide_once", Ledger._decide)


@shows_as(Fault.DOUBLED)
def forget_keys_in_a_restart(bugs: pytest.MonkeyPatch) -> None:
    """The first answers are only remembered in memory."""
    begin = SimulatedStore.__init__

    def restart(self: SimulatedStore, before: SimulatedStore | None, dice: random.Random) -> None:
        begin(self, before, dice)
        self._first_answers.clear()

    bugs.setattr(SimulatedStore, "__init__", restart)


@shows_as(Fault.HOLE)
def skip_one_of_the_tail(bugs: pytest.MonkeyPatch) -> None:
    """Who reads on from memory misses the first event there."""
    tail_after = Feed.tail_after

    def skipping(self: Feed, seq: int) -> list[bytes] | None:
        rest = tail_after(self, seq)
        return rest[1:] if rest else rest

    bugs.setattr(Feed, "tail_after", skipping)


@shows_as(Fault.HOLE)
def drop_what_a_slow_reader_cannot_take(bugs: pytest.MonkeyPatch) -> None:
    """One that can't keep up stays live, and misses what it could not take."""
    bugs.setattr(FanOut, "_fall_behind", lambda *_: None)


@shows_as(Fault.UNDELIVERED)
def forget_a_laggard(bugs: pytest.MonkeyPatch) -> None:
    """One that can't keep up is no longer live, and nobody reads on for it."""

    def forget(_: FanOut, __: Feed, live: dict[Outlet, Cursor], behind: list[Outlet]) -> None:
        for outlet in behind:
            live.pop(outlet)

    bugs.setattr(FanOut, "_fall_behind", forget)


@shows_as(Fault.WRONG_ANSWER)
def answer_in_the_wrong_order(bugs: pytest.MonkeyPatch) -> None:
    """In a commit of several, one is told what became of another."""
    answer = Journal._answer

    def twisted(self: Journal, taken: Any, commit: Commit) -> Any:
        return answer(self, taken, commit._replace(answers=commit.answers[::-1]))

    bugs.setattr(Journal, "_answer", twisted)


@shows_as(Fault.LOST, Fault.WRONG_ANSWER)
def acknowledge_what_failed(bugs: pytest.MonkeyPatch) -> None:
    """A commit that failed is answered as if it had not."""
    outcome = Journal._outcome

    async def hopeful(self: Journal, committing: Any, taken: Any) -> Commit:
        commit = await outcome(self, committing, taken)
        answers = [Accepted(1, "now") if isinstance(a, Refusal) else a for a in commit.answers]
        return commit._replace(answers=list(answers))

    bugs.setattr(Journal, "_outcome", hopeful)


@shows_as(Fault.UNBOUNDED)
def queue_without_bound(bugs: pytest.MonkeyPatch) -> None:
    """All is queued for one that reads nothing."""
    bugs.setattr(SocketOutlet, "has_room_for", lambda *_: True)


@shows_as(Fault.UNBOUNDED)
def take_proposals_without_bound(bugs: pytest.MonkeyPatch) -> None:
    """However slow the disk is, more is taken."""
    bugs.setattr(Journal, "is_full", False)


@shows_as(Fault.LEFT_OVER)
def lose_pins(bugs: pytest.MonkeyPatch) -> None:
    """Who has read on still holds the feed."""
    bugs.setattr(Feed, "unpin", lambda _: None)


@shows_as(Fault.LEFT_OVER)
def stay_present(bugs: pytest.MonkeyPatch) -> None:
    """Who has left is still shown."""
    bugs.setattr(Followers, "go", Followers.leave)


@shows_as(Fault.HOLE)
def pass_over_what_is_no_longer_kept(bugs: pytest.MonkeyPatch) -> None:
    """Who comes back after a trim goes on with the first event that is still there."""

    async def silent(self: Positions, feed: Feed, join: Any) -> tuple[int, None]:
        head = await self._fanout.head(feed)
        kept = (await self._store.head(feed.room)).kept
        return min(max(join.since or 0, kept - 1), head), None

    bugs.setattr(Positions, "resume", silent)


@shows_as(Fault.ALTERED)
def keep_an_old_snapshot(bugs: pytest.MonkeyPatch) -> None:
    """A snapshot's head is that of now, and what it shows is not."""
    read = Snapshots.read
    kept: dict[tuple[Snapshots, str], StoredRoom] = {}

    async def stale(self: Snapshots, feed: Feed) -> StoredRoom:
        new = await read(self, feed)
        old = kept.setdefault((self, feed.room), new)
        return old._replace(page=old.page._replace(head=new.page.head))

    bugs.setattr(Snapshots, "read", stale)


@shows_as(Fault.ALTERED)
def leave_out_what_was_deleted(bugs: pytest.MonkeyPatch) -> None:
    """Of a deleted message nothing is left in snapshots."""
    history = SimulatedStore.history

    async def silent(self: SimulatedStore, *page: Any) -> StoredPage:
        shown = await history(self, *page)
        return shown._replace(messages=[m for m in shown.messages if not m.deleted])

    bugs.setattr(SimulatedStore, "history", silent)


@shows_as(Fault.NOT_ERASED)
def leave_what_was_deleted_in_the_log(bugs: pytest.MonkeyPatch) -> None:
    """A deleted message is marked so, and its text stays."""
    bugs.setattr(events, "without", lambda bodies, _: list(bodies))
