"""The journal commits all changes: those that arrive during a commit go into the next one.

So batches grow with the load, and each change costs less. Nothing is answered or delivered before
the commit is durable.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Answer, Batch, Commit, Proposal
from hubbub.domain.rules import Rules
from hubbub.protocol.errors import Refusal
from hubbub.server.stores.base import LogsReplaced, Store, StoreFailed

MAX_BATCH = 1024  # proposals in one commit
MAX_BATCH_BYTES = 512 * 1024
MAX_WAITING = 32_768  # proposals
MAX_WAITING_BYTES = 32 * 1024 * 1024

# Plain tuples, which are made fastest.
Waiting = tuple[Proposal, Callable[[Answer], None], int]  # with its size
Committed = tuple[list[Batch], int, float]  # what it added, its proposals, and the seconds it took

log = logging.getLogger(__name__)


class Journal:
    """Group commit over a store.

    `running` ends when the journal is closed or breaks; then nothing can be committed any more.
    `deliver` is called with each commit's batches, if it has any, in the order of commits, after all answers of
    the commit were given; it runs while the next commit is in progress.
    """

    def __init__(
        self,
        store: Store,
        deliver: Callable[[list[Batch]], None],
        now: Callable[[], str],
        observe: Callable[[int, float], object] = lambda *_: None,
        rules: Rules = RULES,
    ) -> None:
        """`observe` gets the number of proposals of each commit and the seconds it took, once it is delivered.

        `rules` say how changes wait, and what they weigh.
        """
        self._store = store
        self._deliver = deliver
        self._now = now
        self._observe = observe
        self._packing = rules.packing
        self._waiting: deque[Waiting] = deque()
        self._waiting_bytes = 0
        self.is_full = False  # too much is waiting to accept more
        self._wake = asyncio.Event()
        self._has_room = asyncio.Event()
        self._is_closing = False
        self.running = asyncio.create_task(self._run(), name="journal")

    @property
    def waiting(self) -> int:
        """The number of proposals that wait for a commit."""
        return len(self._waiting)

    def submit(self, proposal: Proposal, answer: Callable[[Answer], None]) -> None:
        """Put a proposal into the next commit; `answer` is called once with the outcome."""
        if self._is_closing:
            return answer(Refusal("unavailable", "The server is stopping", retry_after=1.0))
        if self.is_full:
            return answer(
                Refusal(
                    "busy",
                    "Too many changes are waiting to be committed; try again later",
                    retry_after=0.5,
                )
            )
        change, size = self._packing[type(proposal.change)](proposal.change)
        if change is not proposal.change:
            proposal = proposal._replace(change=change)
        self._waiting.append((proposal, answer, size))
        self._waiting_bytes += size
        self.is_full = self._is_too_much()
        self._wake.set()

    async def has_room(self) -> None:
        """Wait until `submit` accepts more."""
        while self.is_full:
            self._has_room.clear()
            await self._has_room.wait()

    async def close(self) -> None:
        """Accept no more, and wait until everything accepted is committed, answered and delivered."""
        self._is_closing = True
        self._wake.set()
        await self.running

    async def _run(self) -> None:
        last: Committed | None = None
        while True:
            if self._waiting:
                last = await self._commit(last)
                continue
            if last is not None:
                self._conclude(*last)
                last = None
            if self._is_closing:
                return
            self._wake.clear()
            await self._wake.wait()

    async def _commit(self, last: Committed | None) -> Committed:
        """Commit what waits, and meanwhile conclude the last commit; return this one.

        Nothing is remembered of the changes: one of them may be deleted by another node while this one has nothing to do.
        """
        taken = self._take()
        committing = self._store.commit([proposal for proposal, _, _ in taken], self._now())
        if last is not None:
            self._conclude(*last)  # while the disk is busy
        begin = time.perf_counter()
        commit = await self._outcome(committing, taken)
        seconds = time.perf_counter() - begin
        return self._answer(taken, commit), len(taken), seconds

    def _conclude(self, batches: list[Batch], count: int, seconds: float) -> None:
        """Deliver what was committed. Only then is the commit observed: nobody waits for that."""
        if batches:
            self._deliver(batches)
        self._observe(count, seconds)

    def _take(self) -> list[Waiting]:
        waiting, taken, size = self._waiting, list[Waiting](), 0
        while waiting and len(taken) < MAX_BATCH and size < MAX_BATCH_BYTES:
            next_ = waiting.popleft()
            taken.append(next_)
            size += next_[2]
        self._waiting_bytes -= size
        if self.is_full and not self._is_too_much():
            self.is_full = False
            self._has_room.set()
        return taken

    def _is_too_much(self) -> bool:
        return len(self._waiting) >= MAX_WAITING or self._waiting_bytes >= MAX_WAITING_BYTES

    async def _outcome(self, committing: "asyncio.Future[Commit]", taken: list[Waiting]) -> Commit:
        """Return the outcome of the batch. If the store failed, everything waiting fails as well."""
        count = len(taken)
        try:
            return await committing
        except StoreFailed as error:
            log.error("A commit of %d changes failed: %s", count, error)
            refusal = Refusal(
                "unavailable", "The database can't be written; try again later", retry_after=1.0
            )
            while (
                self._waiting
            ):  # otherwise two changes of one client could end up in the wrong order
                taken += self._take()
        except LogsReplaced:
            raise
        except Exception:  # nothing of this commit is stored; later commits may succeed
            log.exception("A commit of %d changes failed", count)
            refusal = Refusal("internal", "The server failed; its log has the details")
        return Commit([refusal] * len(taken), [])

    def _answer(self, taken: list[Waiting], commit: Commit) -> list[Batch]:
        for (_, answer, _), outcome in zip(taken, commit.answers, strict=True):
            answer(outcome)
        return commit.batches
