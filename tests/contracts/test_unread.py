"""What is unread is what counting finds, after whatever happened: deletions, retention, clients that were away, and restores.

A marker never falls, except that a restore takes everyone back to where they were.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hubbub.domain.facts import EVERYONE, Accepted
from hubbub.domain.principals import Principal
from hubbub.domain.tables.markers import MARKER, MENTION
from hubbub.events import Posted
from hubbub.protocol.commands.reading import MarkRead
from hubbub.protocol.messages import Change, Delete, Edit, Post
from hubbub.server.stores.base import untold
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.rooms import ADA, GRACE, MARGARET, ROOM_RULES, House

T = TypeVar("T")
PEOPLE = (ADA, GRACE, MARGARET)
BY_ID = {each.id: each for each in PEOPLE}
LONG = settings(max_examples=6, stateful_step_count=30)
Markers = dict[tuple[str, str], int]

people, rooms = st.sampled_from(PEOPLE), st.integers(0, 1)
seqs = st.integers(1, 30)
nobody_or_grace = st.sampled_from([None, {"x": GRACE.id}])


class Backup(NamedTuple):
    """A backup, how far everyone had read then, and how far the rooms had come."""

    file: Path
    markers: Markers
    heads: dict[str, int]


class Said(NamedTuple):
    """A message, which after a restore another one with its number is not."""

    room: str
    seq: int
    by: str
    text: str


class Saying(NamedTuple):
    """What somebody means to say in a room, about a message, or having read up to there."""

    kind: type[Change]
    seq: int
    named: dict[str, str] | None

    def in_room(self, room: str, head: int, key: str) -> Change:
        """The command, sent by a client that knows of this head."""
        seq = min(self.seq, max(1, head))
        if self.kind is Post:
            read = None if self.seq % 3 == 0 else seq
            return Post(room=room, text=key, read=read, mentions=self.named, client_message_id=key)
        if self.kind is Edit:
            return Edit(room=room, seq=seq, text="ho")
        return MarkRead(room=room, upto=seq)


sayings = st.builds(
    Saying, st.sampled_from([Post, Post, Post, MarkRead, Edit]), seqs, nobody_or_grace
)


class Unread(RuleBasedStateMachine):
    """What people do in two rooms; each may be away, and then does all of it at once later."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = folder
        self._house = House(self._open())
        self._rooms: list[str] = []
        self._away: dict[Principal, list[Change]] = {}
        self._known: dict[str, int] = defaultdict(
            int
        )  # heads as clients saw them, before a restore too
        self._keys = count()
        self._markers: Markers = {}
        self._there: list[Said] = []
        self._deleted: set[Said] = set()
        self._backups: list[Backup] = []

    @initialize()
    def begin(self) -> None:
        """There are an open room and a direct."""
        self._house = self._run(House.opened(self._house.store))
        for kind in ("open", "direct"):
            self._rooms.append(self._run(self._house.make(ADA, kind, GRACE, MARGARET)))
        self._check()

    @rule(who=people, room=rooms, said=st.lists(sayings, min_size=1, max_size=5))
    def say(self, who: Principal, room: int, said: list[Saying]) -> None:
        """Somebody says something, or will once they are back."""
        for saying in said:
            name = self._rooms[room]
            change = saying.in_room(name, self._known[name], f"k{next(self._keys)}")
            if who in self._away:
                self._away[who].append(change)
            else:
                self._say(who, [change])
        self._check()

    @precondition(lambda self: self._there)
    @rule(which=st.integers(0, 30))
    def delete(self, which: int) -> None:
        """Somebody deletes a message of their own."""
        said = self._there[which % len(self._there)]
        self._say(BY_ID[said.by], [Delete(room=said.room, seq=said.seq)])
        self._deleted.add(said)
        self._check()

    @rule(who=people)
    def come_or_go(self, who: Principal) -> None:
        """Go away, or come back and say all that was meant to be said; an answer may be lost, so some is said twice."""
        if who not in self._away:
            self._away[who] = []
            return
        waiting = self._away.pop(who)
        self._say(who, waiting[: len(waiting) // 2])
        self._say(who, waiting)
        self._check()

    @rule(room=rooms, part=st.integers(1, 4))
    def forget(self, room: int, part: int) -> None:
        """The oldest events are forgotten."""
        name = self._rooms[room]
        upto = self._known[name] // (part + 1)
        self._run(self._house.store.trim(name, upto))
        self._check()

    @precondition(lambda self: len(self._backups) < 2)
    @rule()
    def back_up(self) -> None:
        """Somebody writes a backup."""
        file = self._folder / f"{len(self._backups)}.db"
        self._run(kind_of("sqlite").back_up("sqlite", self._data, file, untold))
        heads = {name: self._run(self._house.store.head(name)).seq for name in self._rooms}
        self._backups.append(Backup(file, dict(self._markers), heads))

    @precondition(lambda self: self._backups)
    @rule(which=st.integers(0, 9))
    def restore(self, which: int) -> None:
        """A backup is restored: everyone is where they were then, and what was deleted since is still deleted."""
        file, markers, heads = self._backups[which % len(self._backups)]
        self._run(self._house.store.close())
        self._run(kind_of("sqlite").restore("sqlite", self._data, file, "e2", untold))
        self._house.store = self._open()
        self._markers = {}
        self._deleted = {said for said in self._deleted if said.seq <= heads[said.room]}
        self._check()
        assert self._markers == markers

    def teardown(self) -> None:
        """Close the store."""
        self._run(self._house.store.close())
        self._runner.close()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _open(self) -> SqliteStore:
        return SqliteStore(self._data, "normal", lambda: "e1", ROOM_RULES)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def _say(self, who: Principal, changes: list[Change]) -> None:
        for change in changes:
            [answer] = self._run(self._house.answers((who, change)))
            if isinstance(answer, Accepted) and answer.seq and not isinstance(change, MarkRead):
                self._known[change.room] = max(self._known[change.room], answer.seq)

    def _check(self) -> None:
        self._run(self._count())

    async def _count(self) -> None:
        store = self._house.store
        mentions = await store.rows(MENTION)
        markers = {(row.room, row.account): row.seq for row in await store.rows(MARKER)}
        assert all(markers[key] >= seq for key, seq in self._markers.items()), "a marker fell"
        self._markers = markers
        said: dict[str, set[int]] = {}
        self._there = []
        for room in self._rooms:
            events = await self._house.log(room, (await store.head(room)).kept - 1)
            posts = [e for e in events if isinstance(e, Posted) and not e.erased]
            self._there += [Said(room, e.seq, e.by, e.text or "") for e in posts]
            said[room] = {e.seq for e in posts}
        assert self._deleted.isdisjoint(self._there)
        for who in PEOPLE:
            for row in await store.own_rooms(who.id):
                left = {seq for seq in said[row.room] if seq > markers[row.room, who.id]}
                named = {
                    each.seq
                    for each in mentions
                    if each.room == row.room
                    and each.account in (who.id, EVERYONE)
                    and each.by != who.id
                }
                assert (row.unread, row.mentions) == (len(left), len(left & named)), row


def test_a_message_that_was_deleted_and_then_trimmed_is_in_no_restored_backup(
    tmp_path: Path,
) -> None:
    history = Unread(tmp_path)
    history.begin()
    said = [Saying(Post, 1, None)] * 4
    history.say(ADA, 0, said)
    for which in (0, 1):  # a backup, and one of what was restored from it
        history.back_up()
        history.delete(0)
        history.forget(0, 1)
        history.restore(which)
        history.restore(0)
        history.say(ADA, 0, said)
    history.teardown()


def test_unread_is_what_one_counts_after_any_history(tmp_path: Path) -> None:
    number = count()
    run_state_machine_as_test(
        cast(Any, lambda: Unread(tmp_path / str(next(number)))), settings=LONG
    )
