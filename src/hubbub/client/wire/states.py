"""The states of a client's connection, and the table of transitions between them."""

from dataclasses import dataclass
from enum import Enum


class ConnectionState(Enum):
    """The state of a client's connection."""

    DISCONNECTED = "disconnected"  # waiting for the next attempt
    CONNECTING = "connecting"
    CONNECTED = "connected"  # greeted by the server; rooms are being resumed
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
    """A connection state and its cause.

    Attributes:
        state: the state of the connection.
        code: the WebSocket close code (RFC 6455 section 7.4) or HTTP status that ended the last connection, if any.
        reason: the cause, for people. May be empty.
        retry_in: the seconds until the next attempt, if disconnected and there will be one.
    """

    state: ConnectionState
    code: int | None = None
    reason: str = ""
    retry_in: float | None = None


def step(before: Status, after: Status) -> Status:
    """Return `after` if the table allows the transition.

    Raises:
        ValueError: the table has no such transition, which is a bug of ours.
    """
    if after.state not in TRANSITIONS[before.state]:
        raise ValueError(f"No transition from {before.state.value} to {after.state.value}")
    return after
