import pytest

from hubbub.client.wire.backoff import FIRST_SECONDS, MAX_ASKED_SECONDS, MAX_SECONDS, Backoff
from hubbub.client.wire.link import may_retry_after
from hubbub.client.wire.states import TRANSITIONS, ConnectionState, Status, step


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(ConnectionState)


def test_nothing_follows_closed() -> None:
    for state in ConnectionState:
        with pytest.raises(ValueError, match="No transition"):
            step(Status(ConnectionState.CLOSED), Status(state))


def test_jitter_is_full() -> None:
    assert Backoff(lambda: 0.0).next() == 0.0
    assert Backoff(lambda: 1.0).next() == FIRST_SECONDS


def test_waits_are_bounded_however_long_it_takes() -> None:
    backoff = Backoff(lambda: 1.0)
    assert max(backoff.next() for _ in range(10_000)) == MAX_SECONDS


def test_the_least_wait_comes_before_the_jitter() -> None:
    assert Backoff(lambda: 0.0).next(at_least=3.0) == 3.0


@pytest.mark.parametrize("code", [None, 1000, 1001, 1005, 1006, 1011, 1012, 4408, 4429, 4999])
def test_links_that_may_be_tried_again(code: int | None) -> None:
    assert may_retry_after(code)


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1008, 1009, 4400, 4401, 4404])
def test_links_that_may_not(code: int) -> None:
    assert not may_retry_after(code)


@pytest.mark.parametrize(
    "asked, waited", [(-1e300, 0.0), (0.0, 0.0), (7.5, 7.5), (1e300, MAX_ASKED_SECONDS)]
)
def test_a_server_may_ask_for_a_wait_within_reason(asked: float, waited: float) -> None:
    assert Backoff(lambda: 0.0).next(asked) == waited
