import json
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hubbub.server.audit import audit
from hubbub.server.process.logs import AT_MOST, AUDIT_FILE, MOST_LEFT_OUT, NotTooOften, open_audit


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
    bound = NotTooOften(only={"refused": ""})
    assert all(bound.filter(record("token created")) for _ in range(50))
    assert not all(bound.filter(record("refused")) for _ in range(50))


@pytest.mark.usefixtures("at")
def test_of_whoever_never_comes_again_nothing_stays() -> None:
    bound = NotTooOften(only={"admitted": "owner"})
    for owner in range(MOST_LEFT_OUT + 1):
        for _ in range(AT_MOST + 1):
            bound.filter(record("admitted", owner=owner))
    assert len(bound._left_out) == MOST_LEFT_OUT


def test_who_comes_again_and_again_does_not_fill_the_audit_log(
    at: Callable[[float], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("hubbub.audit")
    monkeypatch.setattr(log, "handlers", [])
    monkeypatch.setattr(log, "propagate", log.propagate)
    monkeypatch.setattr(log, "level", log.level)
    open_audit(tmp_path)
    for n in range(50):
        audit("refused", address=f"192.0.2.{n}")
        audit("admitted", owner="app/token/1")
        audit("token created", token=str(n))
    for owner in ("app/token/2", "app/token/3"):
        audit("admitted", owner=owner)
    at(101.0)
    audit("admitted", owner="app/token/1")
    log.handlers[0].close()
    lines = [json.loads(line) for line in (tmp_path / AUDIT_FILE).read_text().splitlines()]
    assert Counter((line["action"], line.get("owner")) for line in lines) == {
        ("refused", None): AT_MOST,
        ("token created", None): 50,
        ("admitted", "app/token/1"): AT_MOST + 1,
        ("admitted", "app/token/2"): 1,
        ("admitted", "app/token/3"): 1,
    }
    assert lines[-1]["left_out"] == 50 - AT_MOST
