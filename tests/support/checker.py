"""Judges what recorded clients saw and were told against the final log. Knows bytes and numbers, no server.

Each broken promise is a `Finding`; `check` returns all of them, so an empty list is the good news.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import apsw


class Fault(Enum):
    """What can be wrong."""

    HOLE = "a number is missing"
    REPEATED = "a number came again"
    ALTERED = "an event is not what the log has under its number"
    NOT_DURABLE = "an event was delivered that is not in the log"
    TURNED_AWAY = "a position that was given is refused"
    UNDELIVERED = "a healthy follower did not get all"
    LOST = "an acknowledged change is not in the log"
    DOUBLED = "a change is in the log more than once"
    WRONG_ANSWER = "the answer does not name the event"
    REFUSED_BUT_DONE = "a refused change is in the log"
    INVENTED = "nobody asked for an event that is in the log"
    NOT_ERASED = "what was deleted or edited is still in the log"
    UNBOUNDED = "more is held than may be"
    LEFT_OVER = "something is kept that nobody needs"


class Finding(NamedTuple):
    """One broken promise."""

    fault: Fault
    detail: str

    def __str__(self) -> str:
        return f"{self.fault.value}: {self.detail}"


@dataclass
class Attempt:
    """One change that a client asked for, as often as it did, and all that it was told.

    `mark` occurs nowhere else, so that the event can be found: a post's text, an edit's, a patch's
    key; for a deletion the number of the message.
    """

    kind: str  # posted, edited, deleted, patched
    mark: str
    key: str | None = None  # client_message_id
    about: int = 0  # the message that is edited
    answers: list[tuple[int, str]] = field(default_factory=list)  # seq and at
    refusal: str | None = None  # a code that says it was not done and never will be

    @property
    def is_known(self) -> bool:
        """Whether the client was told how it went."""
        return bool(self.answers) or self.refusal is not None


@dataclass
class Run:
    """What one connection or request was given, after the position it asked for."""

    since: int
    bodies: list[bytes] = field(default_factory=list)


@dataclass
class Record:
    """One client's whole experience.

    A plain client's bodies are texts. `is_healthy`: in the end it was connected, and had time.
    """

    name: str
    runs: list[Run] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    epochs: set[str] = field(default_factory=set)
    turned_away: str | None = None
    is_plain: bool = False
    is_healthy: bool = True


def read_log(database: Path, room: str) -> list[bytes]:
    """A room's log straight from the database file, by its numbers."""
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    sql = """
        SELECT posted FROM (
            SELECT room, seq, posted FROM message UNION ALL SELECT room, seq, body FROM change
        ) WHERE room = (SELECT id FROM room WHERE name = ?) ORDER BY seq
    """
    try:
        assert connection.pragma("integrity_check") == "ok"
        return [body for (body,) in connection.execute(sql, (room,))]
    finally:
        connection.close()


def check(log: Sequence[bytes], records: Iterable[Record]) -> list[Finding]:
    """Everything in which the records and the final log break a promise."""
    records = list(records)
    events = [json.loads(body) for body in log]
    return [*check_deliveries(log, records), *_check_attempts(events, records)]


def check_deliveries(log: Sequence[bytes], records: Iterable[Record]) -> list[Finding]:
    """As `check`, going only by what was seen."""
    records, events = list(records), [json.loads(body) for body in log]
    truth = _Truth(_as_it_was(log, records), list(map(_is_empty, events)))
    runs = (finding for record in records for finding in _check_runs(truth, record))
    return [*_check_log(events), *runs]


def _check_log(events: list[dict[str, Any]]) -> Iterator[Finding]:
    """The log itself is numbered 1, 2, 3 …"""
    last = 0
    for event in events:
        if event["seq"] > last + 1:
            yield Finding(Fault.HOLE, f"in the log, {event['seq']} follows {last}")
        elif event["seq"] <= last:
            yield Finding(Fault.REPEATED, f"in the log, {event['seq']} follows {last}")
        last = event["seq"]
    yield from _check_erased(events)


def _check_erased(events: list[dict[str, Any]]) -> Iterator[Finding]:
    """What a deletion in the log is about says nothing any more, nor do its edits; nor what an edit erases."""
    gone = {event["message"] for event in events if event["event"] == "deleted"}
    edits = {event["message"]: event["seq"] for event in events if "erases" in event}
    for event in events:
        place = event["seq"] if event["event"] == "posted" else event.get("message")
        is_said = event["event"] in ("posted", "edited") and not _is_empty(event)
        if is_said and (place in gone or event["seq"] < edits.get(place, 0)):
            yield Finding(Fault.NOT_ERASED, f"event {event['seq']}")


def _is_empty(event: dict[str, Any]) -> bool:
    """Whether nothing is left of what an event said: it was deleted, or an edit replaced it."""
    is_former = event["event"] == "posted" and not event.keys() & {"text", "bytes", "arguments"}
    return is_former or "erased" in event


def _is_same(one: bytes, other: bytes) -> bool:
    """Whether two clients got the same event, maybe one of them when it was empty."""
    if one == other:
        return True
    left, right = json.loads(one), json.loads(other)
    if "erased" in left or (_is_empty(left) and "erased" not in right):
        left, right = right, left
    return _is_empty(right) and right.items() <= {**left, "erased": True}.items()


def _as_it_was(log: Sequence[bytes], records: Sequence[Record]) -> list[bytes]:
    """The log with what was erased, as far as somebody has seen it."""
    seen = {body for r in records if not r.is_plain for run in r.runs for body in run.bodies}
    before = {e["seq"]: body for body in seen if not _is_empty(e := json.loads(body))}
    return [_before(body, before) for body in log]


def _before(body: bytes, seen: dict[int, bytes]) -> bytes:
    event = json.loads(body)
    was = seen.get(event["seq"], body)
    return was if _is_empty(event) and _is_same(was, body) else body


class _Truth:
    """The log with what was erased, for native clients and for plain ones, which are not sent all of it."""

    def __init__(self, log: list[bytes], is_erased: list[bool]) -> None:
        events = [json.loads(body) for body in log]
        posts = [i for i, event in enumerate(events) if event["event"] == "posted"]
        self._events, self._posts, self._is_erased = events, posts, is_erased
        self._native = [e["seq"] for e in events], log, [False] * len(log)

    @cached_property
    def _plain(self) -> tuple[list[int], list[bytes], list[bool]]:
        posts = [self._events[i] for i in self._posts]
        may_lack = [self._is_erased[i] for i in self._posts]
        return [post["seq"] for post in posts], list(map(_plain_body, posts)), may_lack

    def of(self, record: Record) -> tuple[list[int], list[bytes], list[bool]]:
        """The numbers and bodies for a client, and which of them it may lack."""
        return self._plain if record.is_plain else self._native


def _check_runs(whole: _Truth, record: Record) -> Iterator[Finding]:
    """Whoever comes late is not sent what was erased, or as erased."""
    places, truth, may_lack = whole.of(record)
    if record.turned_away is not None:
        yield Finding(Fault.TURNED_AWAY, f"{record.name}: {record.turned_away}")
    reached = 0
    for number, run in enumerate(record.runs):
        first = next((i for i, seq in enumerate(places) if seq > run.since), len(places))
        due, last = _due(run.bodies, first, truth, may_lack)
        if not _are_same(run.bodies, due, record):
            yield _explain(record, number, run, due, truth)
        else:
            reached = max(reached, last)
    if record.runs and record.is_healthy and reached < len(truth):
        yield Finding(
            Fault.UNDELIVERED, f"{record.name} got the log up to {reached} of {len(truth)}"
        )


def _due(
    bodies: list[bytes], first: int, truth: list[bytes], may_lack: list[bool]
) -> tuple[list[bytes], int]:
    """What was to come, from a place on, instead of these bodies; and up to where that is."""
    due: list[bytes] = []
    place = first
    for body in bodies:
        while place < len(truth) and may_lack[place] and truth[place] != body:
            place += 1
        due += truth[place : place + 1]
        place += 1
    while place < len(truth) and may_lack[place]:
        place += 1
    return due, min(place, len(truth))


def _are_same(bodies: list[bytes], due: list[bytes], record: Record) -> bool:
    if record.is_plain:
        return bodies == due
    return len(bodies) == len(due) and all(map(_is_same, bodies, due))


def _explain(
    record: Record, number: int, run: Run, due: list[bytes], truth: list[bytes]
) -> Finding:
    """Name the first difference between what a run gave and what was due."""
    index, got = next(
        (i, body)
        for i, body in enumerate(run.bodies)
        if i >= len(due) or not _are_same([body], due[i : i + 1], record)
    )
    place = f"{record.name}, run {number} from {run.since}, event {index}: {got[:120]!r}"
    if got in run.bodies[:index]:
        return Finding(Fault.REPEATED, place)
    if got not in truth:
        seq = None if record.is_plain else json.loads(got)["seq"]
        is_taken = seq is not None and 0 < seq <= len(truth)
        return Finding(Fault.ALTERED if is_taken else Fault.NOT_DURABLE, place)
    is_later = index < len(due) and truth.index(got) > truth.index(due[index])
    return Finding(Fault.HOLE if is_later else Fault.REPEATED, place)


def _plain_body(event: dict[str, Any]) -> bytes:
    assert "text" in event or _is_empty(event), "these plain clients post no binary"
    text: str = event.get("text", "nobody has seen this")
    return text.encode()


def _check_attempts(events: list[dict[str, Any]], records: list[Record]) -> Iterator[Finding]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    erased = _marks_of_erased(events, [attempt for r in records for attempt in r.attempts])
    for event in events:
        mark = erased.get(event["seq"]) or _mark(event)
        found.setdefault((event["event"], mark), []).append(event)
    asked: Counter[tuple[str, str]] = Counter()
    for record in records:
        for attempt in record.attempts:
            place = (attempt.kind, attempt.mark)
            asked[place] += 1
            for finding in _check_attempt(attempt, found.get(place, [])):
                yield finding._replace(detail=f"{record.name}: {finding.detail}")
    for place in found.keys() - asked.keys():
        yield Finding(Fault.INVENTED, str(place))
    # Where a number was given twice, two may well have asked to delete it; that was found already.
    assert not [place for place, count in asked.items() if count > 1 and place[0] != "deleted"]


def _marks_of_erased(events: list[dict[str, Any]], attempts: list[Attempt]) -> dict[int, str]:
    """By whom erased events were asked for: an answer tells, or it is one of those that got none."""
    told = {(a.kind, seq): a.mark for a in attempts for seq, _ in a.answers}
    seen = {(e["event"], _mark(e)) for e in events if not _is_empty(e)}
    unknown: dict[str, list[str]] = {}
    for a in attempts:
        if not a.is_known and (a.kind, a.mark) not in seen:
            unknown.setdefault(a.kind, []).append(a.mark)
    marks = {}
    for event in events:
        kind, seq = event["event"], event["seq"]
        if _is_empty(event):
            marks[seq] = told.get((kind, seq)) or (unknown.get(kind) or [f"erased {seq}"]).pop()
    return marks


def _check_attempt(attempt: Attempt, events: list[dict[str, Any]]) -> Iterator[Finding]:
    if len(events) > 1:
        yield Finding(Fault.DOUBLED, f"{attempt} is in the log as {[e['seq'] for e in events]}")
    if attempt.refusal is not None and events:
        yield Finding(Fault.REFUSED_BUT_DONE, f"{attempt} is in the log as {events[0]['seq']}")
    if attempt.answers and not events:
        yield Finding(Fault.LOST, str(attempt))
    for answer in attempt.answers:
        if events and answer != (events[0]["seq"], events[0]["at"]):
            yield Finding(Fault.WRONG_ANSWER, f"{attempt}, and the log has {events[0]}")


def _mark(event: dict[str, Any]) -> str:
    match event["event"]:
        case "posted" | "edited":
            return str(event["text"])
        case "deleted":
            return str(event["message"])
        case "patched":
            return ",".join(event["patch"])
        case other:
            raise AssertionError(f"these clients cause no {other} events")
