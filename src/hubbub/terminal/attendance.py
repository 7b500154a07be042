"""Who came and who left, told without the noise of those who are back at once."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from hubbub.protocol.messages import Members

LEAVE_SECONDS = 5.0


class Timer(Protocol):
    """What can be called off, such as asyncio's TimerHandle."""

    def cancel(self) -> None:
        """Let it not happen."""


class Attendance:
    """Remembers who is here; `say` is told who came at once, and who left once it has lasted.

    `later` calls a function after so many seconds.
    """

    def __init__(
        self,
        members: Members,
        say: Callable[[str], None],
        later: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._here = set(members.names)
        self._say = say
        self._later = later
        self._leaving: dict[str, Timer] = {}

    def update(self, members: Members) -> None:
        """Who is here now. Without all names (in a large room) nobody is told of."""
        if len(members.names) < members.count:
            self._here.clear()
            return
        now = set(members.names)
        for name in sorted(now - self._here):
            self._came(name)
        for name in sorted(self._here - now):
            self._leaving[name] = self._later(LEAVE_SECONDS, partial(self._left, name))
        self._here = now

    def _came(self, name: str) -> None:
        if name in self._leaving:
            self._leaving.pop(name).cancel()
        else:
            self._say(f"{name} is here")

    def _left(self, name: str) -> None:
        del self._leaving[name]
        self._say(f"{name} has left")
