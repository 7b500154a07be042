"""The states of a WebSocket connection (RFC 6455 sections 4 and 7), and the one table of what may follow what."""

from enum import Enum


class State(Enum):
    """Where a connection is in its life."""

    OPENING = "opening"  # the handshake is being answered
    OPEN = "open"
    CLOSING = "closing"  # our close frame is out, the peer's is awaited; nothing more is sent
    CLOSED = "closed"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.OPENING: frozenset({State.OPEN, State.CLOSED}),
    State.OPEN: frozenset({State.CLOSING, State.CLOSED}),
    State.CLOSING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


def step(state: State, to: State) -> State:
    """Return `to`, if the table allows it after `state`.

    Raises:
        ValueError: a transition that the table does not have: a fault of ours.
    """
    if to not in TRANSITIONS[state]:
        raise ValueError(f"no way from {state.value} to {to.value}")
    return to
