"""Who is in a room and the live values there, folded from a snapshot and the signals after it."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from hubbub.protocol.messages import AnySignal, Members, Presence, Snapshot, Value


class Live:
    """The ephemeral side of a room. `now` tells the time in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._names: set[str] = set()
        self._count = 0
        self._values: dict[tuple[str, str], tuple[float, Value]] = {}

    @property
    def members(self) -> Members:
        """Who is here now; no names in rooms of more than 100 people."""
        return Members(self._count, sorted(self._names))

    @property
    def values(self) -> list[Value]:
        """The live values that have not expired."""
        now = self._now()
        self._values = {key: held for key, held in self._values.items() if held[0] > now}
        return [value for _, value in self._values.values()]

    def start(self, snapshot: Snapshot) -> None:
        """Begin anew from a snapshot."""
        self._count, self._names = snapshot.members.count, set(snapshot.members.names)
        self._values.clear()
        for signal in snapshot.live:
            with suppress(msgspec.ValidationError):  # of a kind that this version does not know
                self.fold(msgspec.convert(signal, AnySignal))

    def fold(self, signal: AnySignal) -> None:
        """Take one signal in."""
        match signal:
            case Presence():
                self._fold_presence(signal)
            case Value(value=None):
                self._values.pop((signal.by, signal.key), None)
            case Value():
                self._values[signal.by, signal.key] = (self._now() + signal.ttl, signal)

    def _fold_presence(self, presence: Presence) -> None:
        self._count = presence.count
        if presence.names is not None:
            self._names = set(presence.names)
        elif presence.joined is not None or presence.left is not None:
            self._names = (self._names | set(presence.joined or ())) - set(presence.left or ())
        else:
            self._names = set()
