"""Where a client is in its life, and the one table of what may follow what."""

from dataclasses import dataclass
from enum import Enum


class ConnectionState(Enum):
    """Whether the client is connected, as its user sees it."""

    DISCONNECTED = "disconnected"  # waiting for the next attempt
    CONNECTING = "connecting"
    CONNECTED = "connected"  # the server has greeted us; rooms are being resumed
    CLOSED = "closed"  # for good


TRANSITIONS: dict[ConnectionState, frozenset[ConnectionState]] = {
    ConnectionState.DISCONNECTED: frozenset({ConnectionState.CONNECTING, ConnectionState.CLOSED}),
    ConnectionState.CONNECTING: frozenset(
        {ConnectionState.CONNECTED, ConnectionState.DISCONNECTED, ConnectionState.CLOSED}
    ),
    ConnectionState.CONNECTED: frozenset({ConnectionState.DISCONNECTED, ConnectionState.CLOSED}),
    ConnectionState.CLOSED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Status:
    """A connection state, and how it came to be.

    Attributes:
        state: where the client is.
        code: the WebSocket close code or HTTP status that ended the last connection, if any.
        reason: why, as a sentence for people; may be empty.
        retry_in: seconds until the next attempt, when disconnected and one will come.
    """

    state: ConnectionState
    code: int | None = None
    reason: str = ""
    retry_in: float | None = None


def step(before: Status, after: Status) -> Status:
    """Return `after`, if the table allows its state to follow.

    Raises:
        ValueError: a transition that the table does not have: a fault of ours.
    """
    if after.state not in TRANSITIONS[before.state]:
        raise ValueError(f"no way from {before.state.value} to {after.state.value}")
    return after
