"""The people and live values in a room, folded from a snapshot and the signals after it."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from hubbub.protocol.beside import ThreadInRoom
from hubbub.protocol.messages import (
    AnySignal,
    Members,
    Presence,
    Receipt,
    Snapshot,
    ThreadsMoved,
    Value,
)
from hubbub.protocol.people import Person, ids_of, names_of, people


class LiveView:
    """The ephemeral state of a room. `now` returns the time in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._people: set[Person] = set()
        self._count = 0
        self._values: dict[tuple[str, str], tuple[float, Value]] = {}
        self.receipts: dict[str, int] = {}
        self.threads: dict[int, ThreadInRoom] = {}

    @property
    def members(self) -> Members:
        """The people in the room now. No names in rooms of more than 100 people."""
        here = sorted(self._people, key=lambda person: (person.name, person.who))
        return Members(self._count, names_of(here), ids_of(here))

    @property
    def values(self) -> list[Value]:
        """The live values that have not expired."""
        now = self._now()
        self._values = {key: held for key, held in self._values.items() if held[0] > now}
        return [value for _, value in self._values.values()]

    def start(self, snapshot: Snapshot) -> None:
        """Start again from a snapshot."""
        self._count = snapshot.members.count
        self._people = set(people(snapshot.members.names, snapshot.members.ids))
        self._values.clear()
        self.receipts.clear()
        self.threads = dict(snapshot.threads or {})
        for signal in snapshot.live:
            with suppress(msgspec.ValidationError):  # a kind that this version does not know
                self.fold(msgspec.convert(signal, AnySignal, str_keys=True))

    def fold(self, signal: AnySignal) -> None:
        """Fold one signal in."""
        match signal:
            case Presence():
                self._fold_presence(signal)
            case Value(value=None):
                self._values.pop(_key(signal), None)
            case ThreadsMoved():
                self.threads |= signal.threads
            case Value():
                self._values[_key(signal)] = (self._now() + signal.ttl, signal)
            case Receipt():
                self.receipts[signal.by] = max(signal.upto, self.receipts.get(signal.by, 0))

    def _fold_presence(self, presence: Presence) -> None:
        self._count = presence.count
        if presence.names is not None:
            self._people = set(people(presence.names, presence.ids))
        elif presence.joined is not None or presence.left is not None:
            self._people |= set(people(presence.joined or (), presence.joined_ids))
            self._people -= set(people(presence.left or (), presence.left_ids))
        else:
            self._people = set()


def _key(value: Value) -> tuple[str, str]:
    return Person(value.by, value.id).who, value.key
