"""Who is in a room: people on all nodes, each counted once however many connections they have."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from hubbub.protocol.messages import Members, Presence
from hubbub.protocol.people import Person, ids_of, names_of

MAX_NAMES = 100
MAX_NAMES_BETWEEN_NODES = 1_000  # of more people on one node, others are told only the number


class _Elsewhere(NamedTuple):
    people: frozenset[Person] = frozenset()
    unnamed: int = 0
    until: float = 0.0


class Attendance:
    """Counts the people on this and other nodes, and remembers changes since the last call of `changes`."""

    __slots__ = (
        "_connections",
        "_elsewhere",
        "_places",
        "_room",
        "_told",
        "_told_unnamed",
        "_unnamed",
        "_was_large",
        "has_changed_here",
    )

    def __init__(self, room: str) -> None:
        self._room = room
        self._connections: Counter[Person] = Counter()  # on this node
        self._elsewhere: dict[str, _Elsewhere] = {}  # by node
        self._places: Counter[Person] = Counter()  # the nodes on which each person is
        self._unnamed = 0
        # Who changed since, and whether they were here before; None: some clients know one thing, some another.
        self._told: dict[Person, bool | None] = {}
        self._was_large = False  # some clients were told only the count
        self._told_unnamed = 0
        self.has_changed_here = False  # other nodes have not been told

    @property
    def has_changed(self) -> bool:
        """Whether `changes` would return something."""
        return (
            bool(self._told)
            or self._unnamed != self._told_unnamed
            or (self._was_large and len(self) <= MAX_NAMES)
        )

    def __len__(self) -> int:
        return len(self._places) + self._unnamed

    @property
    def count_here(self) -> int:
        """The number of people on this node."""
        return len(self._connections)

    def enter(self, person: Person) -> None:
        """A person has one more connection."""
        self._connections[person] = count = self._connections.get(person, 0) + 1
        if count == 1:
            self.has_changed_here = True
            self._arrive(person)

    def exit(self, person: Person) -> None:
        """A person has one connection fewer."""
        self._connections[person] -= 1
        if not self._connections[person]:
            del self._connections[person]
            self.has_changed_here = True
            self._depart(person)

    def here(self) -> tuple[list[Person], int]:
        """Return what to tell other nodes: who is on this node, and how many more are not named."""
        self.has_changed_here = False
        if self.count_here > MAX_NAMES_BETWEEN_NODES:
            return [], self.count_here
        return list(self._connections), 0

    def hear(self, node: str, people: Collection[Person], unnamed: int, until: float) -> None:
        """Take another node's report of who is there, which is valid `until` then unless it is repeated."""
        before = self._elsewhere.pop(node, _Elsewhere())
        now = _Elsewhere(frozenset(people), unnamed, until)
        if now.people or unnamed:
            self._elsewhere[node] = now
        for person in now.people - before.people:
            self._arrive(person)
        for person in before.people - now.people:
            self._depart(person)
        self._unnamed += unnamed - before.unnamed

    def expire(self, now: float) -> bool:
        """Forget people on nodes that have been silent for too long. Returns whether there were any."""
        if not self._elsewhere:
            return False
        silent = [node for node, there in self._elsewhere.items() if there.until <= now]
        for node in silent:
            self.hear(node, (), 0, now)
        return bool(silent)

    def names(self) -> list[str]:
        """Return the names of those who are here, on whatever node, as far as they are known."""
        return names_of(_sorted(self._places))

    def members(self) -> Members:
        """Return who is here now, which may be newer than what followers were last told."""
        if (count := len(self)) > MAX_NAMES:
            self._was_large = True
            return Members(count, [])
        self._told = dict.fromkeys(self._told)
        people = _sorted(self._places)
        return Members(count, names_of(people), ids_of(people))

    def everyone(self) -> Presence:
        """Return who is here now, for a client that has not followed the changes."""
        members = self.members()
        names, ids = members.names or None, members.ids
        return Presence(self._room, members.count, names=names, ids=ids)

    def changes(self) -> Presence:
        """Return what changed since the last call; only the count in large rooms."""
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
        self._places[person] = count = self._places.get(person, 0) + 1
        if count == 1:
            self._note(person, True)

    def _depart(self, person: Person) -> None:
        self._places[person] -= 1
        if not self._places[person]:
            del self._places[person]
            self._note(person, False)

    def _note(self, person: Person, is_here: bool) -> None:
        """Remember a change, or drop one that was undone before it was reported."""
        if self._told.setdefault(person, not is_here) is is_here:
            del self._told[person]


def _sorted(people: Iterable[Person]) -> list[Person]:
    return sorted(people, key=lambda person: (person.name, person.id or person.name))
