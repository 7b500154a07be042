"""Who is in a room: people by name, however many connections each has."""

from collections import Counter

from hubbub.protocol.messages import Members, Presence

MAX_NAMES = 100


class Attendance:
    """Counts connections by name, and remembers what changed since it was last told."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._connections: Counter[str] = Counter()
        # Who changed since, and whether they were here before; None: some know it so, some otherwise.
        self._told: dict[str, bool | None] = {}
        self._was_large = False  # someone was told only the count

    @property
    def has_changed(self) -> bool:
        """Whether `changes` has something to tell."""
        return bool(self._told) or (self._was_large and len(self) <= MAX_NAMES)

    def __len__(self) -> int:
        return len(self._connections)

    def enter(self, name: str) -> None:
        """One more connection of `name`."""
        self._connections[name] += 1
        if self._connections[name] == 1:
            self._note(name, True)

    def exit(self, name: str) -> None:
        """One connection less."""
        self._connections[name] -= 1
        if not self._connections[name]:
            del self._connections[name]
            self._note(name, False)

    def members(self) -> Members:
        """Who is here now. Whoever asks knows more than those who were last told of changes."""
        if len(self) > MAX_NAMES:
            self._was_large = True
            return Members(len(self), [])
        self._told = dict.fromkeys(self._told)
        return Members(len(self), sorted(self._connections))

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
        joined = sorted(n for n, was in told.items() if was is not True and n in self._connections)
        left = sorted(
            n for n, was in told.items() if was is not False and n not in self._connections
        )
        return Presence(self._room, len(self), joined=joined, left=left)

    def _note(self, name: str, is_here: bool) -> None:
        """Remember a change, or forget one that was undone before anyone knew."""
        if self._told.setdefault(name, not is_here) is is_here:
            del self._told[name]
