"""The law would notice: each of these faults, sown into the core, turns it red.

It is told a story in which each shows. With TEST_LAW_EXAMPLES=300 it looks for them at random, as it does for others.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from hubbub.domain.aspects import RULES, reactions
from hubbub.domain.aspects.document import DOCUMENTS
from hubbub.domain.aspects.reactions import REACTIONS
from hubbub.domain.facts import Batch, NewPost
from hubbub.domain.ledger import Ledger
from hubbub.domain.view import RoomView
from hubbub.events import Edited, Event, Reacted
from hubbub.protocol.people import Person
from hubbub.server.stores import rows
from hubbub.server.stores.base import LogPage, StoredPage
from hubbub.server.stores.sqlite import writer as sqlite_writer
from hubbub.server.stores.sqlite.reader import SqliteReader
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.sqlite.writer import SqliteWriter
from tests.contracts.test_law import check_law
from tests.support.fakes import ADA
from tests.support.law_story import tell
from tests.support.laws import PEOPLE, Law

EXAMPLES = int(os.environ.get("TEST_LAW_EXAMPLES", "0"))
AT_RANDOM = settings(
    max_examples=EXAMPLES or 1,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def folding(event: type[Event], *folds: Any) -> dict[type[Event], list[Any]]:
    return {event: list(folds)}


Sow = Callable[[pytest.MonkeyPatch], None]
faults: dict[str, Sow] = {}


def fault(sow: Sow) -> Sow:
    faults[sow.__name__.replace("_", " ")] = sow
    return sow


@fault
def reading_begins_one_too_late(patch: pytest.MonkeyPatch) -> None:
    read = SqliteReader.read
    patch.setattr(
        SqliteReader, "read", lambda self, room, after, upto: read(self, room, after + 1, upto)
    )


@fault
def reading_begins_one_too_early(patch: pytest.MonkeyPatch) -> None:
    read = SqliteReader.read

    def too_early(self: SqliteReader, room: str, after: int, upto: int) -> LogPage:
        kept = self.head(room).kept
        return read(self, room, max(kept - 1, after - 1), upto)

    patch.setattr(SqliteReader, "read", too_early)


@fault
def reading_stops_one_too_early(patch: pytest.MonkeyPatch) -> None:
    read = SqliteReader.read
    patch.setattr(
        SqliteReader, "read", lambda self, room, after, upto: read(self, room, after, upto - 1)
    )


@fault
def reading_goes_beyond_what_was_asked(patch: pytest.MonkeyPatch) -> None:
    read = SqliteReader.read
    patch.setattr(
        SqliteReader, "read", lambda self, room, after, upto: read(self, room, after, upto + 1)
    )


@fault
def a_key_that_was_used_is_not_looked_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RULES, "keyed", frozenset())


@fault
def a_key_is_not_stored(patch: pytest.MonkeyPatch) -> None:
    def keyless(*values: Any) -> NewPost:
        return NewPost(*values)._replace(client_message_id=None)

    patch.setattr("hubbub.domain.ledger.NewPost", keyless)


@fault
def the_messages_of_a_batch_are_counted_as_one(patch: pytest.MonkeyPatch) -> None:
    post = Ledger.post

    def miscounted(self: Ledger, event: Any, owner: str) -> Any:
        answer = post(self, event, owner)
        self._nths[event.room] = self._fact(event.room).nth
        return answer

    patch.setattr(Ledger, "post", miscounted)


@fault
def nameless_guests_share_no_keys(patch: pytest.MonkeyPatch) -> None:
    decide_once = Ledger._decide_once

    def by_name(self: Ledger, principal: Any, change: Any) -> Any:
        return decide_once(self, replace(principal, scope=principal.id), change)

    patch.setattr(Ledger, "_decide_once", by_name)


@fault
def an_event_is_delivered_but_not_stored(patch: pytest.MonkeyPatch) -> None:
    write = SqliteWriter._write

    def forgetful(self: SqliteWriter, ledger: Ledger) -> None:
        del ledger.changes[2:3]
        write(self, ledger)

    patch.setattr(SqliteWriter, "_write", forgetful)


@fault
def a_number_is_left_out(patch: pytest.MonkeyPatch) -> None:
    head = Ledger.head

    def skipping(self: Ledger, room: str) -> int:
        return head(self, room) + (head(self, room) == 3)

    patch.setattr(Ledger, "head", skipping)


@fault
def a_number_is_given_twice_in_two_batches(patch: pytest.MonkeyPatch) -> None:
    facts = SqliteWriter._facts

    def stale(self: SqliteWriter, wanted: Any) -> Any:
        found = facts(self, wanted)
        for room, head in found.heads.items():
            found.heads[room] = head._replace(seq=min(head.seq, 6))
        return found

    patch.setattr(SqliteWriter, "_facts", stale)


@fault
def folding_forgets_an_edit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RULES, "folds", RULES.folds | folding(Edited))


@fault
def folding_forgets_who_reacted_first(patch: pytest.MonkeyPatch) -> None:
    [fold] = RULES.folds[Reacted]

    def in_order_of_name(view: RoomView, event: Any) -> None:
        fold(view, event)
        for message in view.messages.values():
            for names in (message.reactions or {}).values():
                names.sort()

    patch.setattr(RULES, "folds", RULES.folds | folding(Reacted, in_order_of_name))


@fault
def folding_takes_off_the_reaction_of_a_namesake(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Person, "who", property(lambda person: person.name))


@fault
def a_namesake_is_the_author(patch: pytest.MonkeyPatch) -> None:
    facts = SqliteWriter._message_facts

    def by_name(self: SqliteWriter, found: Any, keys: Any, names: Any) -> None:
        facts(self, found, keys, names)
        mine = {person.name: person.id for person in PEOPLE if person.may_own}
        for key, event in found.messages.items():
            found.owners[key] = mine.get(event.by, "")

    patch.setattr(SqliteWriter, "_message_facts", by_name)


@fault
def a_snapshot_shows_one_reaction_a_name(patch: pytest.MonkeyPatch) -> None:
    shown = reactions.with_reactions

    def merged(message: Any, reactions: Any) -> Any:
        once = {emoji: list({p.name: p for p in who}.values()) for emoji, who in reactions.items()}
        return shown(message, once)

    patch.setattr(rows, "with_reactions", merged)


@fault
def a_snapshot_forgets_an_edit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rows, "with_edit", lambda message, _: message)


@fault
def what_was_deleted_stays_in_the_log(patch: pytest.MonkeyPatch) -> None:
    _leave_out(patch, "posted = erased(posted), ", "")


@fault
def what_was_said_of_a_deleted_message_stays_in_the_log(patch: pytest.MonkeyPatch) -> None:
    _leave_out(patch, "erased(body)", "body")


@fault
def what_one_commit_posts_and_deletes_is_delivered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Batch, "erase", lambda _: None)


def _leave_out(patch: pytest.MonkeyPatch, what: str, instead: str) -> None:
    for name in ("set_deleted", "erase_changes"):
        query = getattr(sqlite_writer.Q, name)
        patch.setattr(sqlite_writer.Q, name, query.replace(what, instead))


@fault
def a_snapshot_is_older_than_it_says(patch: pytest.MonkeyPatch) -> None:
    history = SqliteReader._history

    def stale(self: SqliteReader, room: str, before: Any, after: Any, limit: int) -> StoredPage:
        page = history(self, room, before, after, limit)
        return page._replace(messages=[m for m in page.messages if m.seq < max(page.head, 2)])

    patch.setattr(SqliteReader, "_history", stale)


@fault
def a_patch_is_not_merged_into_the_stored_document(patch: pytest.MonkeyPatch) -> None:
    write = SqliteWriter._write

    def forgetful(self: SqliteWriter, ledger: Ledger) -> None:
        if len(ledger.changes) > 2:
            ledger.rows.pop(DOCUMENTS, None)
        write(self, ledger)

    patch.setattr(SqliteWriter, "_write", forgetful)


@fault
def who_reacted_is_forgotten_between_batches(patch: pytest.MonkeyPatch) -> None:
    learn = SqliteRecords.learn

    def forgetful(self: SqliteRecords, wanted: Any, facts: Any) -> None:
        learn(self, wanted, facts)
        for key in facts.rows.get(REACTIONS, ()):
            if key[-1] == ADA.id:
                facts.rows[REACTIONS][key] = None

    patch.setattr(SqliteRecords, "learn", forgetful)


@fault
def reactions_stay_with_a_deleted_message(patch: pytest.MonkeyPatch) -> None:
    drop = SqliteRecords.drop

    def forgetful(self: SqliteRecords, table: Any, width: int, prefixes: Any) -> None:
        if width == table.width:
            drop(self, table, width, prefixes)

    patch.setattr(SqliteRecords, "drop", forgetful)


@fault
def reactions_of_the_batch_that_deletes_their_message_stay(patch: pytest.MonkeyPatch) -> None:
    def forgetful(self: Ledger, table: Any, *prefix: Any) -> None:
        self.dropped.setdefault(table, set()).add(prefix)

    patch.setattr(Ledger, "drop_all", forgetful)


@fault
def trimming_leaves_reactions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SqliteRecords, "clear", lambda *_, **__: None)


@fault
def a_deletion_is_forgotten_between_batches(patch: pytest.MonkeyPatch) -> None:
    facts = SqliteWriter._message_facts

    def forgetful(self: SqliteWriter, found: Any, keys: Any, names: Any) -> None:
        facts(self, found, keys, names)
        found.deleted.clear()

    patch.setattr(SqliteWriter, "_message_facts", forgetful)


@fault
def trimming_forgets_one_too_many(patch: pytest.MonkeyPatch) -> None:
    trim = SqliteWriter.trim
    patch.setattr(SqliteWriter, "trim", lambda self, room, upto: trim(self, room, upto + 1))


def sqlite_in(folder: Path) -> SqliteStore:
    return SqliteStore(folder, "normal", lambda: "e1")


def hold_to_the_law(folder: Path) -> None:
    if EXAMPLES:
        check_law(sqlite_in, folder, AT_RANDOM)
    else:
        tell(Law(lambda: sqlite_in(folder)))


@pytest.mark.timeout(240 if EXAMPLES else 60)
@pytest.mark.parametrize("name", faults)
def test_the_law_notices_that(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults[name](monkeypatch)
    with pytest.raises(AssertionError):
        hold_to_the_law(tmp_path)


def test_the_story_itself_is_lawful(tmp_path: Path) -> None:
    tell(Law(lambda: sqlite_in(tmp_path)))
