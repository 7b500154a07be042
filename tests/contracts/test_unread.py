"""What is unread is what counting finds, after whatever happened: deletions, retention, clients that were away, and restores.

A marker never falls, except that a restore takes everyone back to where they were.
"""

import random
from collections import defaultdict
from pathlib import Path

import pytest

from hubbub.domain.facts import EVERYONE, Accepted
from hubbub.domain.markers import MARKER, MENTION
from hubbub.domain.principals import Principal
from hubbub.events import Posted
from hubbub.protocol.messages import Change, Delete, Edit, Post
from hubbub.protocol.reading import MarkRead
from hubbub.server.stores.base import untold
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.rooms import ADA, GRACE, MARGARET, ROOM_RULES, House

PEOPLE = (ADA, GRACE, MARGARET)
STEPS = 40
Markers = dict[tuple[str, str], int]


class History:
    """What people do in two rooms, at random; each may be away, and then does all of it at once later."""

    def __init__(self, directory: Path, seed: int) -> None:
        self._directory = directory
        self._dice = random.Random(seed)
        self._house = House(self._open())
        self._rooms: list[str] = []
        self._away: dict[Principal, list[Change]] = {}
        self._known: dict[str, int] = defaultdict(
            int
        )  # heads as clients saw them, before a restore too
        self._keys = 0
        self._markers: Markers = {}

    async def begin(self) -> None:
        """Make the rooms."""
        self._house = await House.opened(self._house.store)
        for kind in ("open", "direct"):
            self._rooms.append(await self._house.make(ADA, kind, GRACE, MARGARET))

    async def live(self, steps: int) -> None:
        """Do some things, and check after each what is unread."""
        for _ in range(steps):
            who, change = self._dice.choice(PEOPLE), self._something()
            if self._dice.random() < 0.2:
                await self._come_and_go(who)
            elif who in self._away:
                self._away[who].append(change)
            elif self._dice.random() < 0.05:
                await self._house.store.trim(change.room, self._known[change.room] // 2)
            else:
                await self._say(who, [change])
            await self._check()

    def _something(self) -> Change:
        room = self._dice.choice(self._rooms)
        head = self._known[room]
        seq = self._dice.randint(1, max(1, head))
        self._keys += 1
        named = self._dice.choice([None, {"x": GRACE.id}])
        post = Post(
            room=room,
            text="hi",
            read=self._dice.choice([None, seq, head]),
            mentions=named,
            client_message_id=f"k{self._keys}",
        )
        others = [Edit(room=room, seq=seq, text="ho"), Delete(room=room, seq=seq)]
        return self._dice.choice([post, post, post, MarkRead(room=room, upto=seq), *others])

    async def _come_and_go(self, who: Principal) -> None:
        """Go away, or come back and say all that was meant to be said; an answer may be lost, so some is said twice."""
        if who not in self._away:
            self._away[who] = []
            return
        waiting = self._away.pop(who)
        await self._say(who, waiting[: len(waiting) // 2])
        await self._say(who, waiting)

    async def _say(self, who: Principal, changes: list[Change]) -> None:
        for change in changes:
            [answer] = await self._house.answers((who, change))
            if isinstance(answer, Accepted) and answer.seq and not isinstance(change, MarkRead):
                self._known[change.room] = max(self._known[change.room], answer.seq)

    async def back_up(self, file: Path) -> Markers:
        """Write a backup; return how far everyone had read."""
        await kind_of("sqlite").back_up("sqlite", self._directory, file, untold)
        return dict(self._markers)

    async def restore(self, file: Path, markers: Markers) -> None:
        """Restore that: everyone is where they were then, and what was deleted since is still deleted."""
        await self.close()
        await kind_of("sqlite").restore("sqlite", self._directory, file, "e2", untold)
        self._house.store = self._open()
        self._markers = {}
        await self._check()
        assert self._markers == markers

    async def close(self) -> None:
        """Close the store."""
        await self._house.store.close()

    def _open(self) -> SqliteStore:
        return SqliteStore(self._directory, "normal", lambda: "e1", ROOM_RULES)

    async def _check(self) -> None:
        store = self._house.store
        mentions = await store.rows(MENTION)
        markers = {(row.room, row.account): row.seq for row in await store.rows(MARKER)}
        assert all(markers[key] >= seq for key, seq in self._markers.items()), "a marker fell"
        self._markers = markers
        said: dict[str, set[int]] = {}
        for room in self._rooms:
            events = await self._house.log(room, (await store.head(room)).kept - 1)
            said[room] = {e.seq for e in events if isinstance(e, Posted) and not e.erased}
        for who in PEOPLE:
            for row in await store.own_rooms(who.id):
                left = {seq for seq in said[row.room] if seq > markers[row.room, who.id]}
                named = {
                    each.seq
                    for each in mentions
                    if each.room == row.room and each.account in (who.id, EVERYONE)
                }
                assert (row.unread, row.mentions) == (len(left), len(left & named)), row


@pytest.mark.parametrize("seed", range(3))
async def test_unread_is_what_one_counts_after_any_history(seed: int, tmp_path: Path) -> None:
    history = History(tmp_path / "data", seed)
    await history.begin()
    await history.live(STEPS)
    markers = await history.back_up(tmp_path / "monday.db")
    await history.live(STEPS)
    await history.restore(tmp_path / "monday.db", markers)
    await history.live(STEPS)
    await history.close()
