"""Who is in a room: people by name, however many connections each has."""

from collections import Counter

from hubbub.protocol.messages import Members, Presence

MAX_NAMES = 100


class Attendance:
    """Counts connections by name, and remembers what changed since it was last told."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._connections: Counter[str] = Counter()
        self._told: dict[str, bool] = {}  # who changed since, and whether they were here before
        self._was_large = False

    @property
    def has_changed(self) -> bool:
        """Whether `changes` has something to tell."""
        return any((name in self._connections) != was for name, was in self._told.items())

    def __len__(self) -> int:
        return len(self._connections)

    def enter(self, name: str) -> None:
        """One more connection of `name`."""
        self._told.setdefault(name, name in self._connections)
        self._connections[name] += 1

    def exit(self, name: str) -> None:
        """One connection less."""
        self._told.setdefault(name, True)
        self._connections[name] -= 1
        if not self._connections[name]:
            del self._connections[name]

    def members(self) -> Members:
        """Who is here now."""
        names = sorted(self._connections) if len(self) <= MAX_NAMES else []
        return Members(len(self), names)

    def everyone(self) -> Presence:
        """Who is here now, for one who has not followed the changes."""
        members = self.members()
        return Presence(self._room, members.count, names=members.names or None)

    def changes(self) -> Presence:
        """What changed since the last call; in large rooms only the count."""
        told, self._told = self._told, {}
        was_large, self._was_large = self._was_large, len(self) > MAX_NAMES
        if self._was_large:
            return Presence(self._room, len(self))
        if was_large:
            return self.everyone()
        joined = sorted(n for n, was in told.items() if not was and n in self._connections)
        left = sorted(n for n, was in told.items() if was and n not in self._connections)
        return Presence(self._room, len(self), joined=joined, left=left)
