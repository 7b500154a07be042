"""The states of a connection, and the one table of what may follow what."""

from enum import Enum


class State(Enum):
    """Where a connection is in its life."""

    GREETING = "greeting"  # nothing heard yet; a hello may still say who this is
    OPEN = "open"
    CLOSING = "closing"  # our close frame is out, the peer's is awaited
    CLOSED = "closed"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.GREETING: frozenset({State.OPEN, State.CLOSING, State.CLOSED}),
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
