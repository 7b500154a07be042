"""Tells who joins and who leaves, but not of people who are back within seconds."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from hubbub.protocol.messages import Members
from hubbub.protocol.people import Person, people

LEAVE_SECONDS = 5.0


class Timer(Protocol):
    """Something that can be cancelled, such as asyncio's TimerHandle."""

    def cancel(self) -> None:
        """Prevent the call."""


class PresenceRemarks:
    """Calls `say` at once for people who join, and after a delay for people who left and did not come back.

    `later` calls a function after a number of seconds, and `called` returns what the person is called whom a name names.
    """

    def __init__(
        self,
        members: Members,
        say: Callable[[str], None],
        later: Callable[[float, Callable[[], None]], Timer],
        called: Callable[[str], str] = str,
    ) -> None:
        self._here = _people(members)
        self._say = say
        self._later = later
        self._called = called
        self._leaving: dict[Person, Timer] = {}

    def update(self, members: Members) -> None:
        """Take in who is here now. In large rooms, whose names are not known, nothing is said."""
        if len(members.names) < members.count:
            self._here.clear()
            return
        now = _people(members)
        for person in sorted(now - self._here, key=_order):
            self._came(person)
        for person in sorted(self._here - now, key=_order):
            self._leaving[person] = self._later(LEAVE_SECONDS, partial(self._left, person))
        self._here = now

    def _came(self, person: Person) -> None:
        if person in self._leaving:
            self._leaving.pop(person).cancel()
        else:
            self._say(f"{self._called(person.name)} is here")

    def _left(self, person: Person) -> None:
        del self._leaving[person]
        self._say(f"{self._called(person.name)} has left")


def _people(members: Members) -> set[Person]:
    return set(people(members.names, members.ids))


def _order(person: Person) -> tuple[str, str]:
    return person.name, person.who
