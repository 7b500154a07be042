"""Who is in a room: people by name, however many connections each has, on whichever node."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from hubbub.protocol.messages import Members, Presence

MAX_NAMES = 100
MAX_NAMES_BETWEEN_NODES = 1_000  # of more people on one node, others are told only how many


class _Elsewhere(NamedTuple):
    names: frozenset[str] = frozenset()
    unnamed: int = 0
    until: float = 0.0


class Attendance:
    """Counts who is here and on other nodes, and remembers what changed since it was last told."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._connections: Counter[str] = Counter()  # on this node
        self._elsewhere: dict[str, _Elsewhere] = {}  # by node
        self._places: Counter[str] = Counter()  # nodes on which someone is
        self._unnamed = 0
        # Who changed since, and whether they were here before; None: some know it so, some otherwise.
        self._told: dict[str, bool | None] = {}
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

    def enter(self, name: str) -> None:
        """One more connection of `name`."""
        self._connections[name] += 1
        if self._connections[name] == 1:
            self.has_changed_here = True
            self._arrive(name)

    def exit(self, name: str) -> None:
        """One connection less."""
        self._connections[name] -= 1
        if not self._connections[name]:
            del self._connections[name]
            self.has_changed_here = True
            self._depart(name)

    def here(self) -> tuple[list[str], int]:
        """What other nodes are told: the names of those on this node, and how many are not named."""
        self.has_changed_here = False
        if self.count_here > MAX_NAMES_BETWEEN_NODES:
            return [], self.count_here
        return list(self._connections), 0

    def hear(self, node: str, names: Collection[str], unnamed: int, until: float) -> None:
        """Another node says who is there; to be believed `until` then, unless it says it again."""
        before = self._elsewhere.pop(node, _Elsewhere())
        now = _Elsewhere(frozenset(names), unnamed, until)
        if now.names or unnamed:
            self._elsewhere[node] = now
        for name in now.names - before.names:
            self._arrive(name)
        for name in before.names - now.names:
            self._depart(name)
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
        return Members(len(self), sorted(self._places))

    def everyone(self) -> Presence:
        """Who is here now, for one who has not followed the changes."""
        members = self.members()
        return Presence(self._room, members.count, names=members.names or None)

    def changes(self) -> Presence:
        """What changed since the last call; in large rooms only the count."""
        told, self._told = self._told, {}
        self._told_unnamed = self._unnamed
        was_large, self._was_large = self._was_large, len(self) > MAX_NAMES
        if self._was_large:
            return Presence(self._room, len(self))
        if was_large:
            return self.everyone()
        joined = sorted(n for n, was in told.items() if was is not True and n in self._places)
        left = sorted(n for n, was in told.items() if was is not False and n not in self._places)
        return Presence(self._room, len(self), joined=joined, left=left)

    def _arrive(self, name: str) -> None:
        self._places[name] += 1
        if self._places[name] == 1:
            self._note(name, True)

    def _depart(self, name: str) -> None:
        self._places[name] -= 1
        if not self._places[name]:
            del self._places[name]
            self._note(name, False)

    def _note(self, name: str, is_here: bool) -> None:
        """Remember a change, or forget one that was undone before anyone knew."""
        if self._told.setdefault(name, not is_here) is is_here:
            del self._told[name]
