import logging
from collections.abc import Callable

import pytest

from hubbub.server.process.logs import AT_MOST, NotTooOften


def record(message: str, **facts: object) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "levelno": logging.INFO, **facts})


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def at(now: float) -> None:
        monkeypatch.setattr("hubbub.server.process.logs.time.monotonic", lambda: now)

    at(100.0)
    return at


def test_one_wording_is_written_a_few_times_a_second_and_the_next_says_how_many_were_not(
    at: Callable[[float], None],
) -> None:
    bound = NotTooOften()
    passed = [bound.filter(record("refused", n=n)) for n in range(50)]
    assert passed == [True] * AT_MOST + [False] * (50 - AT_MOST)
    assert bound.filter(record("something else"))
    at(101.0)
    later = record("refused")
    assert bound.filter(later)
    assert later.__dict__["left_out"] == 50 - AT_MOST
    again = record("refused")
    assert bound.filter(again)
    assert "left_out" not in again.__dict__


@pytest.mark.usefixtures("at")
def test_what_must_not_be_lost_is_not_bounded() -> None:
    bound = NotTooOften(only={"refused"})
    assert all(bound.filter(record("token created")) for _ in range(50))
    assert not all(bound.filter(record("refused")) for _ in range(50))
