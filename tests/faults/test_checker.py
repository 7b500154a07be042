"""The checker itself: a clean story is clean, and each way to spoil it is found and named."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.support.checker import Attempt, Fault, Record, Run, check

AT = "2026-11-23T09:00:00.123Z"


def event(seq: int, kind: str = "posted", **fields: object) -> bytes:
    fields = fields or {"text": f"text {seq}"}
    return json.dumps({"event": kind, "seq": seq, "at": AT, "by": "ada", **fields}).encode()


@dataclass
class Tale:
    """Four events; ada asked for them, one follower came back once, a plain one saw the texts."""

    log: list[bytes] = field(
        default_factory=lambda: [
            event(1),
            event(2),
            event(3, "edited", message=1, text="better"),
            event(4),
        ]
    )

    def __post_init__(self) -> None:
        self.ada = Record("ada", attempts=[attempt(1), attempt(2), attempt(4)])
        self.ada.attempts.append(Attempt("edited", "better", answers=[(3, AT)]))
        self.follower = Record("follower", [Run(0, self.log[:2]), Run(2, self.log[2:])])
        texts = [b"text 1", b"text 2", b"text 4"]
        self.plain = Record("plain", [Run(0, texts[:1]), Run(1, texts[1:])], is_plain=True)

    def faults(self) -> set[Fault]:
        found = check(self.log, [self.ada, self.follower, self.plain])
        return {finding.fault for finding in found}


def attempt(seq: int) -> Attempt:
    return Attempt("posted", f"text {seq}", f"key {seq}", answers=[(seq, AT)])


def test_a_clean_story_is_clean() -> None:
    assert Tale().faults() == set()


def test_an_unknown_change_may_be_there_or_not() -> None:
    tale = Tale()
    tale.ada.attempts[0].answers.clear()
    tale.ada.attempts.append(Attempt("posted", "never seen", "key"))
    assert tale.faults() == set()


def erase(tale: Tale) -> None:
    """Grace's fifth event deletes the first message, and takes it out of the log, and its edit."""
    tale.log[0] = event(1, erased=True)
    tale.log[2] = event(3, "edited", erased=True)
    tale.log.append(event(5, "deleted", message=1))
    tale.ada.attempts.append(Attempt("deleted", "1", answers=[(5, AT)]))
    tale.follower.runs[1].bodies.append(tale.log[4])


def test_what_was_erased_may_have_been_seen_before_or_not() -> None:
    tale = Tale()
    erase(tale)
    assert tale.faults() == set()
    late = Record("late", [Run(0, list(tale.log))])
    late_and_plain = Record("late and plain", [Run(0, [b"text 2", b"text 4"])], is_plain=True)
    records = [tale.ada, tale.follower, tale.plain, late, late_and_plain]
    assert check(tale.log, records) == []


def erase_former(tale: Tale) -> None:
    """Ada's fifth event edits the first message, and takes out of the log what it said before."""
    tale.log[0] = tale.log[0].replace(b', "text": "text 1"', b"")
    tale.log[2] = event(3, "edited", erased=True)
    tale.log.append(event(5, "edited", message=1, text="best", erases=True))
    tale.ada.attempts.append(Attempt("edited", "best", answers=[(5, AT)]))
    tale.follower.runs[1].bodies.append(tale.log[4])


def test_what_an_edit_erased_may_have_been_seen_before_or_not() -> None:
    tale = Tale()
    erase_former(tale)
    assert tale.faults() == set()
    late = Record("late", [Run(0, list(tale.log))])
    late_and_plain = Record("late and plain", [Run(0, [b"text 2", b"text 4"])], is_plain=True)
    assert check(tale.log, [tale.ada, tale.follower, tale.plain, late, late_and_plain]) == []


def test_of_what_was_erased_an_unknown_change_may_be_the_author() -> None:
    tale = Tale()
    erase(tale)
    tale.ada.attempts[0].answers.clear()
    assert tale.faults() == set()


@pytest.mark.parametrize("take_out", [erase, erase_former])
def test_what_was_taken_out_must_be_erased(take_out: Callable[[Tale], None]) -> None:
    for place in (0, 2):
        tale = Tale()
        before = tale.log[place]
        take_out(tale)
        tale.log[place] = before
        assert tale.faults() == {Fault.NOT_ERASED}


def test_who_is_not_healthy_need_not_have_all() -> None:
    tale = Tale()
    tale.follower.runs.pop()
    tale.follower.is_healthy = False
    assert tale.faults() == set()


SPOILERS: dict[str, tuple[Fault, Callable[[Tale], object]]] = {
    "a follower missed one": (Fault.HOLE, lambda t: t.follower.runs[1].bodies.pop(0)),
    "a follower got one again": (
        Fault.REPEATED,
        lambda t: t.follower.runs[1].bodies.insert(0, t.log[1]),
    ),
    "a follower got one twice": (
        Fault.REPEATED,
        lambda t: t.follower.runs[0].bodies.append(t.log[1]),
    ),
    "a follower got another one": (
        Fault.ALTERED,
        lambda t: t.follower.runs[1].bodies.__setitem__(0, event(3)),
    ),
    "a follower got what is not stored": (
        Fault.NOT_DURABLE,
        lambda t: t.follower.runs[1].bodies.append(event(5)),
    ),
    "a follower did not get the last": (
        Fault.UNDELIVERED,
        lambda t: t.follower.runs[1].bodies.pop(),
    ),
    "a follower was turned away": (
        Fault.TURNED_AWAY,
        lambda t: setattr(t.follower, "turned_away", "bad_position"),
    ),
    "a plain one missed one": (Fault.HOLE, lambda t: t.plain.runs[1].bodies.pop(0)),
    "a plain one got one again": (
        Fault.REPEATED,
        lambda t: t.plain.runs[1].bodies.insert(0, b"text 1"),
    ),
    "a plain one got what is not stored": (
        Fault.NOT_DURABLE,
        lambda t: t.plain.runs[1].bodies.append(b"text 9"),
    ),
    "an acknowledged post is gone": (
        Fault.LOST,
        lambda t: t.ada.attempts.append(attempt(9)),
    ),
    "a post is there twice": (Fault.DOUBLED, lambda t: t.log.append(event(5, text="text 1"))),
    "an edit is there twice": (
        Fault.DOUBLED,
        lambda t: t.log.append(event(5, "edited", message=1, text="better")),
    ),
    "the second answer was another": (
        Fault.WRONG_ANSWER,
        lambda t: t.ada.attempts[0].answers.append((2, AT)),
    ),
    "a refused change was done": (
        Fault.REFUSED_BUT_DONE,
        lambda t: setattr(t.ada.attempts[0], "refusal", "forbidden"),
    ),
    "nobody asked for it": (Fault.INVENTED, lambda t: t.ada.attempts.pop(0)),
    "the log leaves a number out": (Fault.HOLE, lambda t: t.log.append(event(6))),
    "the log gives a number twice": (Fault.REPEATED, lambda t: t.log.append(event(4))),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_the_checker_notices_that(spoiler: str) -> None:
    fault, spoil = SPOILERS[spoiler]
    tale = Tale()
    spoil(tale)
    assert fault in tale.faults()
