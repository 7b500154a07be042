import pytest

from hubbub.client.backoff import MAX_ASKED_SECONDS, MAX_SECONDS, Backoff


def test_waits_double_up_to_a_limit_until_reset() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.next() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, MAX_SECONDS, MAX_SECONDS]
    backoff.reset()
    assert backoff.next() == 0.5


@pytest.mark.parametrize(
    "asked, waited", [(-1e300, 0.0), (0.0, 0.0), (7.5, 7.5), (1e300, MAX_ASKED_SECONDS)]
)
def test_a_server_may_ask_for_a_wait_within_reason(asked: float, waited: float) -> None:
    assert Backoff(lambda: 0.0).next(asked) == waited
