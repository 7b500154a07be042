import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.server.people.rates import FRAME_COST, SLICE, Inflow, Rates


def test_without_a_limit_nobody_ever_waits() -> None:
    rates = Rates(0)
    assert all(rates.wait("ada", 0.0) == 0.0 for _ in range(10_000))
    assert not rates.is_flooding("ada")


def test_twice_as_many_as_a_second_allows_may_come_at_once() -> None:
    rates = Rates(10)
    assert [rates.wait("ada", 5.0) for _ in range(20)] == [0.0] * 20
    assert rates.wait("ada", 5.0) == pytest.approx(0.1)
    assert rates.wait("ada", 5.0) == pytest.approx(0.1)


def test_who_waits_as_long_as_was_said_may_go_on() -> None:
    rates = Rates(10)
    for _ in range(20):
        rates.wait("ada", 0.0)
    delay = rates.wait("ada", 0.0)
    assert rates.wait("ada", delay + 1e-9) == 0.0
    assert rates.wait("ada", delay + 1e-9) == pytest.approx(0.1)


def test_each_principal_has_a_bucket_of_their_own() -> None:
    rates = Rates(1)
    assert [rates.wait("ada", 0.0) for _ in range(3)] == [0.0, 0.0, 1.0]
    assert rates.wait("grace", 0.0) == 0.0


@given(st.floats(0.1, 100), st.lists(st.floats(0, 2), max_size=200))
def test_over_any_time_nobody_does_more_than_was_allowed(rate: float, gaps: list[float]) -> None:
    rates, now, done = Rates(rate), 0.0, 0
    for gap in gaps:
        now += gap
        done += rates.wait("ada", now) == 0.0
    assert done <= max(1.0, 2 * rate) + rate * now + 1e-6


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.4, 0.5, 0.9, 1.0, 3.0])
def test_however_low_the_rate_a_patient_one_gets_through(rate: float) -> None:
    rates, now, done = Rates(rate), 0.0, 0
    for _ in range(100):
        delay = rates.wait("ada", now)
        done += delay == 0.0
        now += delay + 1e-9
    assert done >= 50
    assert done <= max(1.0, 2 * rate) + rate * now + 1e-6


def test_who_was_silent_for_long_has_saved_no_more_than_a_full_bucket() -> None:
    rates = Rates(10)
    rates.wait("ada", 0.0)
    assert sum(rates.wait("ada", 3600.0) == 0.0 for _ in range(100)) == 20


def test_who_goes_on_and_on_although_refused_is_flooding() -> None:
    rates = Rates(30)
    for _ in range(60 + 150):
        rates.wait("ada", 0.0)
    assert not rates.is_flooding("ada")
    rates.wait("ada", 0.0)
    assert rates.is_flooding("ada")
    assert not rates.is_flooding("grace")


def test_who_is_quiet_for_a_while_is_no_longer_flooding() -> None:
    rates = Rates(30)
    for _ in range(60 + 151):
        rates.wait("ada", 0.0)
    rates.wait("ada", 0.5)
    assert rates.is_flooding("ada")
    rates.wait("ada", 2.0)
    assert not rates.is_flooding("ada")


def test_full_buckets_are_forgotten() -> None:
    rates = Rates(10)
    rates.wait("ada", 0.0)
    for _ in range(10):
        rates.wait("grace", 0.0)
    rates.sweep(0.1)
    assert set(rates._buckets) == {"grace"}
    rates.sweep(1.0)
    assert rates._buckets == {}
    assert [rates.wait("ada", 1.0) for _ in range(21)][-2:] == [0.0, pytest.approx(0.1)]


def test_what_is_large_takes_as_many_tokens() -> None:
    rates = Rates(100, largest=500)
    assert rates.wait("ada", 0.0, 400) == 0.0
    assert rates.wait("ada", 0.0, 400) == pytest.approx(3.0)
    assert rates.wait("ada", 0.0, 100) == 0.0
    assert rates.wait("ada", 4.0, 400) == 0.0
    assert rates.wait("grace", 0.0, 10_000) == 0.0  # no more than there can be
    assert rates.wait("grace", 0.0) > 0.0


def inflow(rates: Rates, now: list[float], payer: str = "ada") -> Inflow:
    return Inflow(rates, lambda: now[0], payer)


def test_the_connections_of_one_person_share_their_bytes() -> None:
    now, rates = [0.0], Rates(100_000)
    connections = [inflow(rates, now) for _ in range(4)]
    sent = sum(each.wait(10_000) == 0.0 for _ in range(100) for each in connections)
    assert 200_000 <= sent * 10_000 <= 200_000 + 4 * SLICE
    assert inflow(rates, now, "grace").wait(100_000) == 0.0
    now[0] += 1.0
    assert sum(each.wait(10_000) == 0.0 for _ in range(100) for each in connections) <= 11


def test_a_small_frame_is_not_free() -> None:
    connection = inflow(Rates(10_000), [0.0])
    frames = sum(connection.wait(0) == 0.0 for _ in range(10_000))
    assert frames <= (20_000 + SLICE) / FRAME_COST


def test_a_frame_that_is_refused_costs_nothing() -> None:
    now = [0.0]
    connection = inflow(Rates(10_000, largest=70_000), now)
    assert connection.wait(60_000) == 0.0
    wait = connection.wait(60_000)
    assert wait > 0
    assert connection.wait(SLICE - FRAME_COST) == 0.0
    now[0] += 7
    assert connection.wait(60_000) == 0.0
