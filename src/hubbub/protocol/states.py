"""The states of a WebSocket connection (RFC 6455 sections 4 and 7) and the table of transitions between them."""

from enum import StrEnum


class State(StrEnum):
    """The state of a connection."""

    OPENING = "opening"  # the handshake is being answered
    OPEN = "open"
    CLOSING = "closing"  # we sent our close frame, send nothing more, and wait for the peer's
    CLOSED = "closed"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.OPENING: frozenset({State.OPEN, State.CLOSED}),
    State.OPEN: frozenset({State.CLOSING, State.CLOSED}),
    State.CLOSING: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


def step(state: State, to: State) -> State:
    """Return `to` if the table allows it after `state`.

    Raises:
        ValueError: the table has no such transition, which is a bug of ours.
    """
    if to not in TRANSITIONS[state]:
        raise ValueError(f"No transition from {state} to {to}")
    return to
