import pytest

from hubbub.server.people.attempts import (
    FORGOTTEN_AFTER,
    FREE_TRIES,
    FREE_TRIES_PER_ADDRESS,
    LONGEST_DELAY,
    MOST_KEPT,
    Attempts,
)

HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def wait(attempts: Attempts, handle: str, address: str) -> float:
    """How long a try is delayed, which counts as wrong if it isn't."""
    refusal = attempts.begin(handle, address)
    if refusal is None:
        return 0.0
    assert refusal.code == "rate_limited" and refusal.retry_after is not None
    return refusal.retry_after


def attack(attempts: Attempts, handle: str, tries: int) -> None:
    """Try from as many addresses."""
    for n in range(tries):
        assert wait(attempts, handle, f"10.0.{n // 250}.{n % 250}") == 0


def test_each_wrong_try_makes_the_next_one_wait_longer_up_to_a_minute(
    clock: Clock, attempts: Attempts
) -> None:
    delays = []
    for _ in range(12):
        if delay := wait(attempts, "ada", HOME):
            clock.now += delay
            assert wait(attempts, "ada", HOME) == 0
        delays.append(delay)
    assert delays == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert delays.index(1) == FREE_TRIES and max(delays) == LONGEST_DELAY


def test_tries_that_are_too_early_make_nothing_longer(clock: Clock, attempts: Attempts) -> None:
    for _ in range(FREE_TRIES):
        attempts.begin("ada", HOME)
    for _ in range(100):
        assert wait(attempts, "ada", HOME) == 1
    clock.now += 0.75
    assert wait(attempts, "ada", HOME) == 0.25


def test_tries_at_once_count_before_it_is_known_how_they_end(attempts: Attempts) -> None:
    begun = [attempts.begin("ada", HOME) is None for _ in range(100)]
    assert begun.count(True) == FREE_TRIES


def test_nobody_is_delayed_by_what_others_do_elsewhere(attempts: Attempts) -> None:
    attack(attempts, "ada", 1_000)
    assert wait(attempts, "ada", HOME) == 0


def test_an_account_under_attack_slows_down_each_address_after_its_first_try(
    attempts: Attempts,
) -> None:
    attack(attempts, "ada", 1_000)
    assert [wait(attempts, "ada", HOME) for _ in range(2)] == [0, LONGEST_DELAY]
    assert [wait(attempts, "grace", HOME) for _ in range(2)] == [0, 0]


def test_where_somebody_logged_in_before_only_tries_from_there_count(
    clock: Clock, attempts: Attempts
) -> None:
    attempts.begin("ada", HOME)
    attempts.succeeded("ada", HOME)
    attack(attempts, "ada", 1_000)
    for n in range(200):
        attempts.begin(f"other{n}", HOME)
    assert [wait(attempts, "ada", HOME) for _ in range(4)] == [0, 0, 0, 1]
    clock.now += 1
    assert attempts.begin("ada", HOME) is None


def test_a_right_password_leaves_no_trace_of_itself(attempts: Attempts) -> None:
    for _ in range(50):
        assert attempts.begin("ada", HOME) is None
        attempts.succeeded("ada", HOME)
    assert [wait(attempts, "grace", HOME) for _ in range(FREE_TRIES)] == [0] * FREE_TRIES


def test_a_try_that_was_not_made_does_not_count(attempts: Attempts) -> None:
    for _ in range(50):
        assert attempts.begin("ada", HOME) is None
        attempts.undone("ada", HOME)


def test_a_right_password_does_not_clear_an_address_of_wrong_ones_for_others(
    attempts: Attempts,
) -> None:
    for n in range(FREE_TRIES_PER_ADDRESS):
        assert wait(attempts, f"other{n}", HOME) == 0
        attempts.begin("mallory", ELSEWHERE)
        attempts.succeeded("mallory", ELSEWHERE)
    assert wait(attempts, "ada", HOME) == 1


@pytest.mark.parametrize(
    "one, other, are_counted_together",
    [
        ("2001:db8:1:1::1", "2001:db8:1:1:ffff::2", True),
        ("2001:db8:1:1::1", "2001:db8:1:2::1", False),
        (HOME, ELSEWHERE, False),
    ],
)
def test_an_address_is_a_whole_subscribers(
    attempts: Attempts, one: str, other: str, are_counted_together: bool
) -> None:
    for n in range(FREE_TRIES_PER_ADDRESS):
        assert wait(attempts, f"other{n}", one) == 0
    assert bool(wait(attempts, "ada", other)) is are_counted_together


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_an_address_that_everyone_shares_is_only_counted_for_one_account(
    attempts: Attempts, address: str
) -> None:
    for n in range(100):
        assert wait(attempts, f"other{n}", address) == 0
    assert [wait(attempts, "ada", address) for _ in range(4)] == [0, 0, 0, 1]


def test_wrong_tries_are_forgotten_after_a_while(clock: Clock, attempts: Attempts) -> None:
    for _ in range(FREE_TRIES):
        attempts.begin("ada", HOME)
    clock.now += FORGOTTEN_AFTER
    assert [wait(attempts, "ada", HOME) for _ in range(FREE_TRIES)] == [0] * FREE_TRIES


def test_what_is_kept_is_bounded_and_swept(clock: Clock, attempts: Attempts) -> None:
    kinds = (attempts._by_account, attempts._by_address, attempts._by_both)
    for n in range(MOST_KEPT + 5):
        address = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
        attempts.begin(f"a{n}", address)
        attempts.succeeded(f"a{n}", address)
        attempts.begin(f"b{n}", address)
    assert [len(kind._wrong) for kind in kinds] == [MOST_KEPT] * 3
    assert len(attempts._known) == MOST_KEPT
    clock.now += FORGOTTEN_AFTER
    attempts.sweep()
    assert [len(kind._wrong) for kind in kinds] == [0] * 3
