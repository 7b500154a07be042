"""Who is in a room: people, however many connections each has, on whichever node."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from hubbub.protocol.messages import Members, Presence
from hubbub.protocol.people import Person, ids_of, names_of

MAX_NAMES = 100
MAX_NAMES_BETWEEN_NODES = 1_000  # of more people on one node, others are told only how many


class _Elsewhere(NamedTuple):
    people: frozenset[Person] = frozenset()
    unnamed: int = 0
    until: float = 0.0


class Attendance:
    """Counts who is here and on other nodes, and remembers what changed since it was last told."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._connections: Counter[Person] = Counter()  # on this node
        self._elsewhere: dict[str, _Elsewhere] = {}  # by node
        self._places: Counter[Person] = Counter()  # nodes on which someone is
        self._unnamed = 0
        # Who changed since, and whether they were here before; None: some know it so, some otherwise.
        self._told: dict[Person, bool | None] = {}
        self._was_large = False  # someone was told only the count
        self._told_unnamed = 0
        self.has_changed_here = False  # others have not been told

    @property
    def has_changed(self) -> bool:
        """Whether `changes` has something to tell."""
        return (
            bool(self._told)
            or self._unnamed != self._told_unnamed
            or (self._was_large and len(self) <= MAX_NAMES)
        )

    def __len__(self) -> int:
        return len(self._places) + self._unnamed

    @property
    def count_here(self) -> int:
        """How many are on this node."""
        return len(self._connections)

    def enter(self, person: Person) -> None:
        """One more connection of this person."""
        self._connections[person] += 1
        if self._connections[person] == 1:
            self.has_changed_here = True
            self._arrive(person)

    def exit(self, person: Person) -> None:
        """One connection less."""
        self._connections[person] -= 1
        if not self._connections[person]:
            del self._connections[person]
            self.has_changed_here = True
            self._depart(person)

    def here(self) -> tuple[list[Person], int]:
        """What other nodes are told: who is on this node, and how many are not named."""
        self.has_changed_here = False
        if self.count_here > MAX_NAMES_BETWEEN_NODES:
            return [], self.count_here
        return list(self._connections), 0

    def hear(self, node: str, people: Collection[Person], unnamed: int, until: float) -> None:
        """Another node says who is there; to be believed `until` then, unless it says it again."""
        before = self._elsewhere.pop(node, _Elsewhere())
        now = _Elsewhere(frozenset(people), unnamed, until)
        if now.people or unnamed:
            self._elsewhere[node] = now
        for person in now.people - before.people:
            self._arrive(person)
        for person in before.people - now.people:
            self._depart(person)
        self._unnamed += unnamed - before.unnamed

    def expire(self, now: float) -> None:
        """Forget those on nodes of which nothing has been heard for too long."""
        for node in [node for node, there in self._elsewhere.items() if there.until <= now]:
            self.hear(node, (), 0, now)

    def members(self) -> Members:
        """Who is here now. Whoever asks knows more than those who were last told of changes."""
        if len(self) > MAX_NAMES:
            self._was_large = True
            return Members(len(self), [])
        self._told = dict.fromkeys(self._told)
        people = _sorted(self._places)
        return Members(len(self), names_of(people), ids_of(people))

    def everyone(self) -> Presence:
        """Who is here now, for one who has not followed the changes."""
        members = self.members()
        names, ids = members.names or None, members.ids
        return Presence(self._room, members.count, names=names, ids=ids)

    def changes(self) -> Presence:
        """What changed since the last call; in large rooms only the count."""
        told, self._told = self._told, {}
        self._told_unnamed = self._unnamed
        was_large, self._was_large = self._was_large, len(self) > MAX_NAMES
        if self._was_large:
            return Presence(self._room, len(self))
        if was_large:
            return self.everyone()
        joined = _sorted(p for p, was in told.items() if was is not True and p in self._places)
        left = _sorted(p for p, was in told.items() if was is not False and p not in self._places)
        return Presence(
            self._room,
            len(self),
            joined=names_of(joined),
            left=names_of(left),
            joined_ids=ids_of(joined),
            left_ids=ids_of(left),
        )

    def _arrive(self, person: Person) -> None:
        self._places[person] += 1
        if self._places[person] == 1:
            self._note(person, True)

    def _depart(self, person: Person) -> None:
        self._places[person] -= 1
        if not self._places[person]:
            del self._places[person]
            self._note(person, False)

    def _note(self, person: Person, is_here: bool) -> None:
        """Remember a change, or forget one that was undone before anyone knew."""
        if self._told.setdefault(person, not is_here) is is_here:
            del self._told[person]


def _sorted(people: Iterable[Person]) -> list[Person]:
    return sorted(people, key=lambda person: (person.name, person.who))
