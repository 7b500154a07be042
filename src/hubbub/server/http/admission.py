"""Which connections there is room for, and which one makes way."""

from typing import Protocol

SURPLUS = 32  # connections over the limit that still get an answer


class Admitted(Protocol):
    """A connection that may have to make way."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request or the rest of its head."""

    def force_close(self) -> None:
        """Close it at once."""


class Admission:
    """Keeps at most `max_connections` connections, and some surplus ones, which are only told to go."""

    def __init__(self, max_connections: int) -> None:
        self._max_connections = max_connections
        self._admitted: set[Admitted] = set()
        self._idle: dict[Admitted, None] = {}  # candidates; longest idle first
        self._surplus: dict[Admitted, None] = {}  # oldest first

    def admit(self, connection: Admitted) -> bool:
        """Whether there is room for a connection. An idle one is closed to make room.

        Without room it is a surplus connection, and the oldest of those is closed.
        """
        if len(self._admitted) >= self._max_connections:
            self._end_an_idle_one()
        if len(self._admitted) < self._max_connections:
            self._admitted.add(connection)
            self._idle[connection] = None
            return True
        self._surplus[connection] = None
        if len(self._surplus) > SURPLUS:
            oldest = next(iter(self._surplus))
            del self._surplus[oldest]
            oldest.force_close()
        return False

    def rest(self, connection: Admitted) -> None:
        """Note that a connection is idle."""
        if connection in self._admitted:
            self._idle.pop(connection, None)
            self._idle[connection] = None

    def leave(self, connection: Admitted) -> None:
        """Note that a connection has ended."""
        self._admitted.discard(connection)
        self._idle.pop(connection, None)
        self._surplus.pop(connection, None)

    def _end_an_idle_one(self) -> None:
        while self._idle:
            connection = next(iter(self._idle))
            del self._idle[connection]
            if connection.is_idle:
                self._admitted.discard(connection)
                connection.force_close()
                return
