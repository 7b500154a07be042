from itertools import product

import pytest

from hubbub.protocol.states import TRANSITIONS, State, step

ALLOWED = {
    (State.OPENING, State.OPEN),
    (State.OPENING, State.CLOSED),
    (State.OPEN, State.CLOSING),
    (State.OPEN, State.CLOSED),
    (State.CLOSING, State.CLOSED),
}


@pytest.mark.parametrize(
    "state, to", list(product(State, State)), ids=lambda state: str(state.value)
)
def test_a_connection_takes_only_the_steps_of_the_table(state: State, to: State) -> None:
    if (state, to) in ALLOWED:
        assert step(state, to) is to
    else:
        with pytest.raises(ValueError, match=f"No transition from {state.value} to {to.value}"):
            step(state, to)


def test_every_state_has_its_row_and_only_closed_is_the_end() -> None:
    assert set(TRANSITIONS) == set(State)
    assert [state for state, following in TRANSITIONS.items() if not following] == [State.CLOSED]
