"""Rules, stores and parts of the engine with a fault, to be given to whatever takes them: no code is patched.

A fault of the rules replaces one rule, consequence, fold, guard or affecting event of one aspect.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Accepted, Answer
from hubbub.domain.ledger import Act, Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Affecting, Aspect, Consequence, Fold, Guard, Rules, Sequel
from hubbub.domain.view import RoomView
from hubbub.events import Event, Posted
from hubbub.protocol.messages import Change, Post
from hubbub.server.engine.catching_up import CatchingUp
from hubbub.server.engine.fanout import FanOut
from hubbub.server.stores.base import Store
from hubbub.server.stores.kinds import Kind
from hubbub.server.stores.postgres.kind import Postgres, _make_for_logs
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.kind import Sqlite
from hubbub.server.stores.sqlite.reader import SqliteReader
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.sqlite.writer import SqliteWriter

# --- rules ---


def with_rule(rules: Rules, command: type[Change], **other: Any) -> Rules:
    """Let a command's rule be another in some attributes, such as `decide`."""
    rule = rules.by_command[command]
    return _instead(rules, "rules", lambda each: each is rule, replace(rule, **other))


def repeat_it(_: Ledger, __: Principal, ___: Change, first: Accepted) -> Accepted:
    """Repeat a first answer as it is stored."""
    return first


def with_consequence(rules: Rules, event: type[Event], aspect: Aspect, act: Act) -> Rules:
    """Let something else follow from an event in one aspect."""
    own = aspect.consequences
    return _instead(
        rules,
        "consequences",
        lambda part: part.event is event and part in own,
        Consequence(event, act),
    )


def with_more(rules: Rules, event: type[Event], act: Act) -> Rules:
    """Let something follow from an event besides all that does."""
    return Rules([*rules.aspects, Aspect(consequences=(Consequence(event, act),))])


def with_fold(rules: Rules, event: type[Event], apply: Callable[[RoomView, Any], None]) -> Rules:
    """Let an event be folded otherwise."""
    return _instead(rules, "folds", _of(event), Fold(event, apply))


def with_guard(rules: Rules, guard: Guard, **other: Any) -> Rules:
    """Let a guard be another in some attributes, such as `refuse`."""
    return _instead(rules, "guards", lambda each: each is guard, guard._replace(**other))


def with_affecting(rules: Rules, event: type[Event], **other: Any) -> Rules:
    """Let an event that gives or takes rights be another in some attributes, such as `apply`."""
    [affecting] = _found(rules, "affecting", _of(event))
    sound: Affecting[Any] = affecting
    return _instead(rules, "affecting", _of(event), sound._replace(**other))


def with_sequel(rules: Rules, sequel: Sequel, act: Callable[[Ledger], None]) -> Rules:
    """Let something else follow from a whole batch."""
    return _instead(rules, "sequels", lambda each: each is sequel, sequel._replace(act=act))


def after_each_post(rules: Rules, act: Callable[[Ledger], None]) -> Rules:
    """Let something be done to the ledger after each message."""
    sound = rules.by_command[Post].decide

    def decide(ledger: Ledger, principal: Principal, post: Post) -> Answer:
        answer = sound(ledger, principal, post)
        if isinstance(answer, Accepted):
            act(ledger)
        return answer

    return with_rule(rules, Post, decide=decide)


def keeping_no_keys(rules: Rules) -> Rules:
    """Let messages be stored without their `client_message_id`."""

    def forget(ledger: Ledger) -> None:
        ledger.posts[-1] = ledger.posts[-1]._replace(client_message_id=None)

    return after_each_post(rules, forget)


def skipping(rules: Rules, is_skipped: Callable[[int], bool]) -> Rules:
    """Let no message get certain numbers, but the next."""
    sound: Any = rules.by_command[Post].decide

    def decide(ledger: Ledger, principal: Principal, post: Post) -> Answer:
        answer: Answer = sound(_Skipping(ledger, is_skipped), principal, post)
        return answer

    return with_rule(rules, Post, decide=decide)


class Passing:
    """A ledger that passes everything on to another."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class _Skipping(Passing):
    """A ledger that leaves numbers out."""

    def __init__(self, ledger: Ledger, is_skipped: Callable[[int], bool]) -> None:
        super().__init__(ledger)
        self._is_skipped = is_skipped

    def post(self, event: Posted, *rest: Any) -> Accepted:
        if self._is_skipped(event.seq):
            event = structs.replace(event, seq=event.seq + 1)
        return self._ledger.post(event, *rest)


def _of(event: type[Event]) -> Callable[[Any], bool]:
    return lambda part: part.event is event


def _instead(rules: Rules, parts: str, is_it: Callable[[Any], bool], other: Any) -> Rules:
    """The same rules, but for one part of an aspect. Raises ValueError: there is not exactly one such part."""
    [_] = _found(rules, parts, is_it)

    def faulty(aspect: Aspect) -> Aspect:
        new: Any = {parts: tuple(other if is_it(each) else each for each in getattr(aspect, parts))}
        return replace(aspect, **new)

    return Rules(map(faulty, rules.aspects))


def _found(rules: Rules, parts: str, is_it: Callable[[Any], bool]) -> list[Any]:
    return [each for aspect in rules.aspects for each in getattr(aspect, parts) if is_it(each)]


# --- stores ---


@dataclass(frozen=True, slots=True)
class StoreParts:
    """What a store over SQLite is made of; those that aren't said are sound."""

    rules: Rules = RULES
    reader: type[SqliteReader] = SqliteReader
    writer: type[SqliteWriter] = SqliteWriter
    records: type[SqliteRecords] = SqliteRecords


SOUND = StoreParts()


class AssembledStore(SqliteStore):
    """A store over SQLite that is made of these parts."""

    def __init__(self, folder: Path, parts: StoreParts = SOUND) -> None:
        super().__init__(folder, "normal", lambda: "e1", parts.rules)
        self._reader = parts.reader(self._read_only)
        self._reader._records = parts.records(self._read_only)
        self._writer = parts.writer(self._database, parts.rules, self._scrubber.note)
        self._writer._records = parts.records(self._database)


def kinds_of(
    sqlite: type[SqliteStore] = SqliteStore, postgres: type[PostgresStore] = PostgresStore
) -> Callable[[str], Kind]:
    """Return what finds the kind of store at an address: one that opens these."""

    class FaultySqlite(Sqlite):
        async def open(self, *given: Any, **more: Any) -> Store:
            return sqlite(*given[1:], **more)

    class FaultyPostgres(Postgres):
        async def open(self, *given: Any, **more: Any) -> Store:
            store, data, *rest = given
            _make_for_logs(data)
            return await postgres.open(store, *rest, **more)

    return lambda address: FaultySqlite() if address == Sqlite.form else FaultyPostgres()


# --- the engine ---


def catching_up_by(by: type[CatchingUp]) -> type[FanOut]:
    """Return a fan-out whose cursors read on in another way."""

    class Faulty(FanOut):
        def __init__(self, store: Store, *parts: Any, **more: Any) -> None:
            super().__init__(store, *parts, **more)
            self._catching_up = by(store)

    return Faulty
