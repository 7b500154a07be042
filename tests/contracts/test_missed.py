"""What matters most of what an account has not read is what looking through the whole log finds, whatever happened there, in each store."""

from collections import defaultdict
from random import Random

import pytest

from hubbub.domain.facts import EVERYONE
from hubbub.domain.principals import Principal
from hubbub.events import Deleted, Event, Posted, Reacted, Unreacted
from hubbub.protocol.commands.preferences import BlockPerson
from hubbub.protocol.commands.reading import MarkRead
from hubbub.protocol.messages import Delete, Post, React, Unreact
from hubbub.server.stores.base import MOST_MENTIONS, MOST_REACTED, Important, Unseen
from tests.support.rooms import ADA, GRACE, MARGARET, House

PEOPLE = (ADA, GRACE, MARGARET)
EMOJI = ("👍", "🎉", "👀")
ACTS = 150


class Room:
    """What happened in a room, told from its events alone."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.there: set[int] = set()
        self.named: dict[int, set[str]] = {}
        self.author: dict[int, str] = {}
        self.reactions: dict[int, set[tuple[str, str]]] = defaultdict(set)
        self.kept = 1

    def take(self, event: Event) -> None:
        if isinstance(event, Posted) and not event.erased:
            self.there.add(event.seq)
            self.author[event.seq] = event.by
            others = {*(event.mentions or {}).values()} - {event.by}
            self.named[event.seq] = others | {*(event.calls or ())}
        elif isinstance(event, Deleted):
            self.there.discard(event.message)
        elif isinstance(event, Reacted) and not event.erased:
            self.reactions[event.message].add((event.by, event.emoji))
        elif isinstance(event, Unreacted) and not event.erased:
            self.reactions[event.message].discard((event.by, event.emoji))

    def important(self, who: Principal, blocked: set[str], after: int, upto: int) -> Important:
        unread = sorted(seq for seq in self.there if after < seq <= upto)
        mentions = [
            seq
            for seq in unread
            if self.named[seq] & {who.id, EVERYONE} and self.author[seq] not in {*blocked, who.id}
        ]
        reacted = sorted(
            (seq for seq in unread if self.reactions[seq]),
            key=lambda seq: (-len(self.reactions[seq]), -seq),
        )
        return Important(
            self.key,
            unread[0] if unread else None,
            tuple(mentions[::-1][:MOST_MENTIONS]),
            tuple(reacted[:MOST_REACTED]),
        )


async def act(house: House, chance: Random, room: str) -> None:
    """Somebody does something in a room, which may be refused."""
    who = chance.choice(PEOPLE)
    seq = chance.randint(1, (await house.store.head(room)).seq)
    named = chance.choice([None, None, {"x": chance.choice(PEOPLE).id}])
    emoji = chance.choice(EMOJI)
    change = chance.choice(
        [
            *[Post(room=room, text="ho", mentions=named)] * 3,
            Post(room=room, text="all", calls=[EVERYONE]),
            *[React(room=room, seq=seq, emoji=emoji)] * 5,
            Unreact(room=room, seq=seq, emoji=emoji),
            Delete(room=room, seq=seq),
            MarkRead(room=room, upto=seq) if chance.random() < 0.3 else Post(room=room, text="x"),
        ]
    )
    await house.answers((who, change))


async def compare(house: House, rooms: list[str], blocked: dict[str, set[str]]) -> int:
    """Compare for everybody what the store says with what the logs do; returns how much there was."""
    told = []
    for key in rooms:
        room = Room(key)
        for event in await house.log(key, (await house.store.head(key)).kept - 1):
            room.take(event)
        told.append(room)
    compared = 0
    for who in PEOPLE:
        own = {row.room: row for row in await house.store.own_rooms(who.id)}
        parts = [Unseen(key, own[key].read, own[key].head) for key in rooms]
        found = await house.store.important(who.id, parts)
        for room, part in zip(told, parts, strict=True):
            expected = room.important(who, blocked[who.id], part.after, part.upto)
            assert found[room.key] == expected, (who.name, part)
            assert (expected.first is not None) == (own[room.key].unread > 0)
            assert len(expected.mentions) == min(own[room.key].mentions, MOST_MENTIONS)
            compared += len(expected.mentions) + len(expected.reacted)
    return compared


@pytest.mark.parametrize("seed", range(3))
async def test_what_matters_most_is_what_the_whole_log_says(house: House, seed: int) -> None:
    chance = Random(seed)
    rooms = [await house.make(ADA, kind, GRACE, MARGARET) for kind in ("open", "closed")]
    blocked: dict[str, set[str]] = defaultdict(set)
    compared = 0
    for number in range(1, ACTS + 1):
        await act(house, chance, chance.choice(rooms))
        if number == ACTS // 2:
            await house.do(GRACE, BlockPerson(room=GRACE.id, who=ADA.id))
            blocked[GRACE.id].add(ADA.id)
        if number % 50 == 0:
            compared += await compare(house, rooms, blocked)
    await house.store.trim(rooms[0], (await house.store.head(rooms[0])).seq // 2)
    compared += await compare(house, rooms, blocked)
    assert compared > 40


async def test_nothing_is_asked_about_no_rooms_and_rooms_that_are_not_there(house: House) -> None:
    assert await house.store.important(ADA.id, []) == {}
    assert await house.store.important(ADA.id, [Unseen("@rnothere00000", 0, 9)]) == {}
