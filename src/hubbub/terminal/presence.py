"""Who came and who left, told without the noise of those who are back at once."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from hubbub.protocol.messages import Members
from hubbub.protocol.people import Person, people

LEAVE_SECONDS = 5.0


class Timer(Protocol):
    """What can be called off, such as asyncio's TimerHandle."""

    def cancel(self) -> None:
        """Let it not happen."""


class PresenceRemarks:
    """Remembers who is here; `say` is told who came at once, and who left once it has lasted.

    `later` calls a function after so many seconds.
    """

    def __init__(
        self,
        members: Members,
        say: Callable[[str], None],
        later: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._here = _people(members)
        self._say = say
        self._later = later
        self._leaving: dict[Person, Timer] = {}

    def update(self, members: Members) -> None:
        """Who is here now. Without all names (in a large room) nobody is told of."""
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
            self._say(f"{person.name} is here")

    def _left(self, person: Person) -> None:
        del self._leaving[person]
        self._say(f"{person.name} has left")


def _people(members: Members) -> set[Person]:
    return set(people(members.names, members.ids))


def _order(person: Person) -> tuple[str, str]:
    return person.name, person.who
