"""The law of rooms, as a machine that does whatever may be done to a store and watches what comes of it.

Snapshot + events == fresh snapshot; numbers are dense; what was delivered is what is read; the same
client_message_id gives the first answer; opening the store again changes nothing.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec.structs import replace

from hubbub import events
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.removal import BEGUN, REMOVALS
from hubbub.domain.aspects.previews import ShowPreviews
from hubbub.domain.facts import (
    Accepted,
    Answer,
    Batch,
    Commit,
    MessageKey,
    Needs,
    PostKey,
    Proposal,
)
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.domain.tables.rooms import MEMBER
from hubbub.domain.view import RoomView
from hubbub.events import LinkPreview
from hubbub.protocol.keys import AUDIT, DIRECTORY, parent_of, thread_key
from hubbub.protocol.messages import (
    Change,
    Delete,
    Edit,
    Message,
    Patch,
    Post,
    React,
    RemovePreview,
    Unreact,
)
from hubbub.server.people.removing import finish_all, removal_of
from hubbub.server.stores.base import Store, StoreFailed
from tests.support.fakes import ADA, MemoryStore, guest, stranger
from tests.support.stores import nths

T = TypeVar("T")

ROOMS = ["lobby", "kitchen"]
# Two of one name, of whom one has a key, and two who have none: nothing must ever go by names.
PEOPLE = [ADA, guest("ada"), stranger("guest-1"), stranger("guest-2")]

rooms = st.sampled_from(ROOMS)
seqs = st.integers(1, 12)  # of few, so that they are met again and again
emoji = st.sampled_from(["👍", "👍", "🎉"])
LINKS = ["https://a.example/", "https://b.example/"]
words = st.sampled_from(["hi", "", "grüß dich 👍", 'a "b"\n', LINKS[0], " ".join(LINKS)])
calls = st.none() | st.sampled_from(["k1", "k2"])
seldom = st.sampled_from([None, None, None, None, "k1", "k2"])  # or little would be changed
posts = st.builds(
    Post,
    room=rooms,
    text=words,
    client_message_id=calls,
    reply_to=st.none() | seqs,
) | st.builds(Post, room=rooms, bytes=st.binary(max_size=3))
patches = st.builds(
    Patch,
    room=rooms,
    patch=st.none()
    | st.dictionaries(
        st.sampled_from("abc"), st.none() | st.integers(0, 3) | st.just({"d": 1, "e": None})
    ),
    if_seq=st.none() | seqs,
    client_message_id=seldom,
)
changes: st.SearchStrategy[Change] = st.one_of(
    posts,
    posts,
    posts,
    patches,
    st.builds(Edit, room=rooms, seq=seqs, text=words, client_message_id=seldom),
    st.builds(Delete, room=rooms, seq=seqs, client_message_id=seldom),
    st.builds(React, room=rooms, seq=seqs, emoji=emoji, client_message_id=seldom),
    st.builds(Unreact, room=rooms, seq=seqs, emoji=emoji, client_message_id=seldom),
)
proposals = st.builds(Proposal, st.sampled_from(PEOPLE), changes)
reactions = st.builds(
    Proposal,
    st.sampled_from(PEOPLE),
    st.builds(React, room=rooms, seq=st.just(0), emoji=emoji)
    | st.builds(Unreact, room=rooms, seq=st.just(0), emoji=emoji),
)


@dataclass
class Follower:
    """Someone who took a snapshot of `window` messages, and reads on from it."""

    room: str
    window: int
    view: RoomView


class Law(RuleBasedStateMachine):
    """Commits, reads, takes snapshots, trims and reopens a store, at random."""

    def __init__(self, open_store: Callable[[], Store], rules: Rules = RULES) -> None:
        """`rules` are those of the store; the model, and who folds, go by them, too."""
        super().__init__()
        self._open = open_store
        self._rules = rules
        self._runner = asyncio.Runner()
        self._store = self._run(self._opened())
        self._model = MemoryStore(rules=rules)
        self._delivered: defaultdict[str, list[bytes]] = defaultdict(list)
        self._first_answers: dict[tuple[bool, PostKey], tuple[Accepted, Change]] = {}
        self._followers: list[Follower] = []
        self._commits = 0

    @initialize(batch=st.lists(st.builds(Proposal, st.sampled_from(PEOPLE), posts), min_size=4))
    def begin(self, batch: list[Proposal]) -> None:
        """Some have written, and in each room someone listens."""
        self.commit(batch, False)
        for room in ROOMS:
            self.take_snapshot(room, 5)

    @rule(batch=st.lists(proposals, min_size=1, max_size=8), is_aimed=st.sampled_from([1, 1, 0]))
    def commit(self, batch: list[Proposal], is_aimed: bool) -> None:
        """People do something, perhaps with messages that are there."""
        if is_aimed:
            batch = [self._run(self._aim(*proposal)) for proposal in batch]
        self.answers(batch)

    def answers(self, batch: list[Proposal]) -> list[Answer]:
        """Whatever people do, it is answered, numbered and delivered as it should be."""
        return self._run(self._answers(batch))

    async def _answers(self, batch: list[Proposal]) -> list[Answer]:
        self._commits += 1
        at = f"2026-11-23T09:00:{self._commits // 1000:02}.{self._commits % 1000:03}Z"
        commit = await _committed(self._store, batch, at)
        assert commit == await _committed(self._model, batch, at)
        assert len(commit.answers) == len(batch)
        _check_parts(batch, commit.batches)
        for delivered in commit.batches:
            self._deliver(delivered, at)
        for proposal, answer in zip(batch, commit.answers, strict=True):
            self._check_key(proposal, answer)
        return commit.answers

    @rule(
        room=rooms,
        batch=st.lists(reactions, min_size=1, max_size=8),
        last=st.sampled_from([None, None, Edit(room="", seq=0, text="x"), Delete(room="", seq=0)]),
    )
    def crowd_around(self, room: str, batch: list[Proposal], last: Change | None) -> None:
        """Several people react to the newest message, and think better of it; its author edits or deletes it."""
        if last is not None:
            batch = [*batch, Proposal(ADA, last)]
        self.commit([Proposal(p, replace(change, room=room)) for p, change in batch], True)

    @rule(
        room=rooms,
        deeds=st.lists(
            st.sampled_from(["show", "show", "remove", "edit", "delete"]), min_size=1, max_size=4
        ),
        urls=st.lists(st.sampled_from(LINKS), unique=True),
        late=st.sampled_from([0, 0, 0, 1]),
    )
    def preview(self, room: str, deeds: list[str], urls: list[str], late: int) -> None:
        """The newest message shows previews, perhaps of what it said before, and they are removed, or it changes."""
        messages = self._run(self._model.history(room, None, None, 1)).messages
        if not messages or LINKS[0] not in (messages[0].text or ""):
            return
        key = MessageKey(room, messages[0].seq)
        wanted = Needs({room})
        wanted.last_edits.add(key)
        edit = self._run(self._model.find(wanted)).last_edits.get(key, 0) - late
        previews = tuple(LinkPreview(url, "a title", description=str(edit)) for url in urls)
        changes: dict[str, Change] = {
            "show": ShowPreviews(room=room, seq=key.seq, edit=edit, previews=previews),
            "remove": RemovePreview(room=room, seq=key.seq, url=LINKS[0]),
            "edit": Edit(room=room, seq=key.seq, text=LINKS[0]),
            "delete": Delete(room=room, seq=key.seq),
        }
        self.answers(
            [Proposal(OPERATOR if each == "show" else ADA, changes[each]) for each in deeds]
        )

    @rule(room=rooms, window=st.integers(1, 5))
    def take_snapshot(self, room: str, window: int) -> None:
        """Someone joins without a position."""
        self._followers.append(self._run(self._join(room, window)))

    @precondition(lambda self: self._followers)
    @rule(which=st.integers(0, 30), pages=st.integers(1, 3), limit=st.integers(1, 10))
    def read_on(self, which: int, pages: int, limit: int) -> None:
        """Someone reads some pages from where they are."""
        follower = self._followers[which % len(self._followers)]
        for _ in range(pages):
            self._run(self._read_page(follower, limit))

    @rule(room=rooms, after=st.integers(0, 30))
    def read_from_anywhere(self, room: str, after: int) -> None:
        """Each event comes once and in order, as it was delivered."""
        self._run(self._check_log(room, after))

    @rule(room=rooms, count=st.integers(-1, 2))
    def trim(self, room: str, count: int) -> None:
        """The oldest are forgotten; who was still to read them must take a snapshot."""
        upto = min(self._model.kept.get(room, 1) + count - 1, self.head(room))
        self._run(self._store.trim(room, upto))
        self._run(self._model.trim(room, upto))
        self._lose(room)

    def _lose(self, room: str) -> None:
        """Who was still to read what is no longer kept takes a snapshot, and its keys are free."""
        kept = self._model.kept.get(room, 1)
        self._followers = [f for f in self._followers if f.room != room or f.view.seq + 1 >= kept]
        for key, (answer, _) in list(self._first_answers.items()):
            if key[1].room == room and answer.seq is not None and answer.seq < kept:
                del self._first_answers[key]

    def remove(self, by: Principal, account: str, *, erases: bool) -> None:
        """Somebody removes an account, and the server what it leaves behind."""
        self._run(self._remove(by, account, erases=erases))
        self._lose(account)

    async def _remove(self, by: Principal, account: str, *, erases: bool) -> None:
        (row,) = await self._model.rows(ACCOUNT, DIRECTORY, account)
        change = await removal_of(self._store, account, erases_messages=erases)
        change = replace(change, handles=(*change.handles, row.handle))

        async def submit(principal: Principal, change: Change) -> Answer:
            (answer,) = await self._answers([Proposal(principal, change)])
            return answer

        if isinstance(await submit(by, change), Accepted):
            await finish_all(self._store, submit)
            assert not await self._model.rows(REMOVALS, AUDIT, BEGUN)
            assert not [row for row in await self._store.rows(MEMBER) if row.account == account]
            if erases:
                view = [
                    await self._store.written(account, room, 0, 999) for room in self._delivered
                ]
                assert not any(written.messages for written in view)

    @rule()
    def reopen(self) -> None:
        """The server is stopped and started."""
        epoch = self._store.epoch
        self._run(self._store.close())
        self._store = self._run(self._opened())
        assert self._store.epoch == epoch

    def teardown(self) -> None:
        """At last everyone catches up."""
        try:
            self.catch_up()
        finally:
            self._run(self._store.close())
            self._runner.close()

    def catch_up(self) -> None:
        """Everyone reads on to the end, and sees what one sees who comes now."""
        for room in {*ROOMS, *self._delivered}:
            self._run(self._check_log(room, 0))
        for follower in self._followers:
            self._run(self._check_law(follower))
        self._run(self._check_rows())

    def head(self, room: str) -> int:
        """The number of the newest event."""
        return len(self._delivered[room])

    async def _opened(self) -> Store:
        return self._open()

    async def _aim(self, principal: Principal, change: Change) -> Proposal:
        """The same change to a message that is there, and where it matters by its author."""
        messages = (await self._model.history(change.room, None, None, 10)).messages
        is_for_authors = isinstance(change, Edit | Delete)
        if is_for_authors:
            messages = [message for message in messages if message.id or message.deleted]
        if not isinstance(change, Edit | Delete | React | Unreact) or not messages:
            return Proposal(principal, change)
        message = messages[-1 - change.seq % min(len(messages), 3)]
        if is_for_authors:
            principal = next(
                person for person in PEOPLE if person.person == (message.by, message.id)
            )
        return Proposal(principal, replace(change, seq=message.seq))

    def _deliver(self, batch: Batch, at: str) -> None:
        log = self._delivered[batch.room]
        assert batch.bodies, "a batch without events"
        for seq, body in enumerate(batch.bodies, start=len(log) + 1):
            event = self._rules.events.decode(body)
            assert (event.room, event.seq, event.at) == (batch.room, seq, at)
        assert batch.first == len(log) + 1
        log += batch.bodies
        gone = events.gone_in(batch.bodies)
        assert batch.bodies == events.without(batch.bodies, gone), "delivered, although deleted"
        log[:] = events.without(log, gone)

    def _check_key(self, proposal: Proposal, answer: object) -> None:
        principal, change = proposal
        if change.client_message_id is not None:
            called = PostKey(change.room, change.client_message_id, principal.key_owner)
            key = isinstance(change, Post), called  # posts have keys of their own
            if known := self._first_answers.get(key):
                first, of = known
                assert isinstance(answer, Accepted)
                wanted = first._replace(is_duplicate=True)
                if change != of or self._is_changed(change.room, first):
                    answer, wanted = (each._replace(unreached=()) for each in (answer, wanted))
                assert answer == wanted
            elif isinstance(answer, Accepted) and answer.seq is not None:
                assert not answer.is_duplicate
                self._first_answers[key] = answer, change

    def _is_changed(self, room: str, answer: Accepted) -> bool:
        """Whether a message no longer says what it said first."""
        message = self._model.message(room, answer.seq)
        return message is not None and (message.deleted or message.edited_at is not None)

    async def _join(self, room: str, window: int) -> Follower:
        (head, messages, *_), (state, state_seq), pins = await self._store.snapshot(room, window)
        assert head == self.head(room)
        return Follower(room, window, RoomView(head, messages, state, state_seq, pins))

    async def _read_page(self, follower: Follower, limit: int) -> None:
        view, head = follower.view, self.head(follower.room)
        upto = min(view.seq + limit, head)
        page = await self._store.read(follower.room, view.seq, upto)
        assert bool(page.bodies) == (view.seq < upto)
        for body in page.bodies:
            event = self._rules.events.decode(body)
            assert event.seq == view.seq + 1, "a hole or a repetition"
            self._rules.fold(view, event)
        assert view.seq <= upto

    async def _check_log(self, room: str, after: int) -> None:
        log = self._delivered[room]
        seq, kept, _ = head = await self._store.head(room)
        assert head == await self._model.head(room)
        assert seq == len(log)
        after = max(kept - 1, min(after, seq))
        bodies: list[bytes] = []
        while after + len(bodies) < seq:
            page = await self._store.read(room, after + len(bodies), seq)
            assert page.bodies, "there is more, but it was not read"
            bodies += page.bodies
        assert bodies == log[after:]

    async def _check_law(self, follower: Follower) -> None:
        room, window, view = follower.room, follower.window, follower.view
        while view.seq < self.head(room):
            await self._read_page(follower, 100)
        fresh = await self._store.snapshot(room, window)
        assert fresh.page.head == view.seq
        assert fresh.page.messages == self._shown(follower)
        assert fresh.document == (view.state, view.state_seq)
        kept = self._model.kept.get(room, 1)
        assert fresh.pins == tuple(seq for seq in view.pins if seq >= kept)
        assert fresh == await self._model.snapshot(room, window)

    async def _check_rows(self) -> None:
        """What is kept, shown or not, is what the model keeps."""
        for table in self._rules.tables:
            assert await self._store.rows(table) == await self._model.rows(table)
        for room in ROOMS:
            assert await nths(self._store, room) == await nths(self._model, room)

    def _shown(self, follower: Follower) -> list[Message]:
        kept = self._model.kept.get(follower.room, 1)
        messages = follower.view.messages
        return [messages[seq] for seq in sorted(messages) if seq >= kept][-follower.window :]

    def _run(self, act: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(act)


def _check_parts(changes: Sequence[Proposal], batches: Sequence[Batch]) -> None:
    """A log's events come in one part, unless an event in between takes rights in a room with threads, or begins a thread."""
    logs = {part.room for part in batches}
    named = {change.room for _, change in changes if ":" in change.room} | {
        r for r in logs if ":" in r
    }
    asked = {change.room for _, change in changes if isinstance(change, Delete)}  # about its thread
    rooms = {parent_of(log) for log in named | asked}
    last: dict[str, int] = {}
    turns = [
        part.room in rooms
        and (part.last in dict(part.affected) or thread_key(part.room, part.last) in logs)
        for part in batches
    ]
    for n, part in enumerate(batches):
        assert part.room not in last or any(turns[last[part.room] : n]), "it comes in parts"
        last[part.room] = n


async def _committed(store: Store, batch: Sequence[Proposal], at: str) -> Commit:
    try:
        return await store.commit(batch, at)
    except StoreFailed as error:
        raise AssertionError("a batch could not be stored") from error
