"""The law would notice: each of these faults, sown into the core, turns it red.

Faults of the rules are given to the store and to the law alike, as faulty aspects: so the law finds them by itself, not
by a comparison with sound rules. It is told a story in which each shows. With TEST_LAW_EXAMPLES=300 it looks for them at
random, as it does for others.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from msgspec import structs

from hubbub import events
from hubbub.domain.aspects import RULES, reactions
from hubbub.domain.aspects.document import DOCUMENTS
from hubbub.domain.aspects.reactions import REACTIONS, Reactions, reactions_to, with_reactions
from hubbub.domain.facts import Answer, Facts, Needs, PostKey
from hubbub.domain.growing import NO_EVENTS
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import AnyTable, Prefix
from hubbub.domain.view import RoomView
from hubbub.events import Deleted, Edited, Previewed, Reacted, Unreacted
from hubbub.protocol.messages import Edit, Message, Post
from hubbub.server.stores.base import LogPage, StoredPage
from hubbub.server.stores.sqlite.reader import SqliteReader
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.sqlite.writer import SqliteWriter
from tests.contracts.test_law import check_law
from tests.support.fakes import ADA
from tests.support.faulty import (
    AssembledStore,
    StoreParts,
    after_each_post,
    keeping_no_keys,
    repeat_it,
    skipping,
    with_consequence,
    with_fold,
    with_more,
    with_rule,
)
from tests.support.law_story import tell
from tests.support.laws import PEOPLE, Law
from tests.support.sown import Faults

POSTED = "SELECT posted FROM message WHERE room = ? AND seq = ?"

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


faults = Faults[Callable[[], StoreParts]]()


# --- of rules ---


@faults.add
def a_key_that_was_used_is_not_looked_up() -> StoreParts:
    sound = RULES.by_command[Post].needs

    def needs(wanted: Needs, principal: Principal, post: Post) -> None:
        sound(wanted, principal, post)
        wanted.posts.clear()

    return StoreParts(with_rule(RULES, Post, needs=needs))


@faults.add
def a_key_of_a_post_is_kept_with_those_of_other_changes() -> StoreParts:
    return StoreParts(with_rule(RULES, Post, repeat=None))


@faults.add
def a_repeated_edit_is_made_again() -> StoreParts:
    return StoreParts(with_rule(RULES, Edit, repeat=repeat_it))  # the log keeps none of an edit


@faults.add
def a_key_is_not_stored() -> StoreParts:
    return StoreParts(keeping_no_keys(RULES))


@faults.add
def the_messages_of_a_batch_are_counted_as_one() -> StoreParts:
    def miscounted(ledger: Ledger) -> None:
        log = ledger.logs.grown[ledger.posts[-1].room]
        log.nth = ledger._facts.heads.get(log.log, NO_EVENTS).nth

    return StoreParts(after_each_post(RULES, miscounted))


@faults.add
def nameless_guests_share_no_keys() -> StoreParts:
    sound = RULES.by_command[Post]

    def alone(principal: Principal) -> Principal:
        return principal if principal.may_own else replace(principal, key_owner=principal.name)

    def needs(wanted: Needs, principal: Principal, post: Post) -> None:
        sound.needs(wanted, principal, post)
        if post.client_message_id is not None and not principal.may_own:
            wanted.posts.discard(PostKey(post.room, post.client_message_id, principal.key_owner))

    def decide(ledger: Ledger, principal: Principal, post: Post) -> Answer:
        return sound.decide(ledger, alone(principal), post)

    return StoreParts(with_rule(RULES, Post, needs=needs, decide=decide))


@faults.add
def a_number_is_left_out() -> StoreParts:
    return StoreParts(skipping(RULES, lambda seq: seq == 4))


@faults.add
def folding_forgets_an_edit() -> StoreParts:
    return StoreParts(with_fold(RULES, Edited, lambda *_: None))


@faults.add
def folding_forgets_who_reacted_first() -> StoreParts:
    [fold] = RULES.folds[Reacted]

    def in_order_of_name(view: RoomView, event: Any) -> None:
        fold(view, event)
        for message in view.messages.values():
            for names in (message.reactions or {}).values():
                names.sort()

    return StoreParts(with_fold(RULES, Reacted, in_order_of_name))


@faults.add
def folding_takes_off_the_reaction_of_a_namesake() -> StoreParts:
    def by_name(view: RoomView, event: Unreacted) -> None:
        if message := view.messages.get(event.message):
            reactions = reactions_to(message)
            rest = [person for person in reactions.pop(event.emoji, []) if person.name != event.by]
            shown = reactions | ({event.emoji: rest} if rest else {})
            view.messages[event.message] = with_reactions(message, shown)

    return StoreParts(with_fold(RULES, Unreacted, by_name))


@faults.add
def folding_forgets_previews() -> StoreParts:
    return StoreParts(with_fold(RULES, Previewed, lambda *_: None))


@faults.add
def a_preview_that_was_removed_comes_back() -> StoreParts:
    """For whoever reads on: the event that said it before is shown once more."""
    [fold] = RULES.folds[Previewed]

    def with_those_before(view: RoomView, event: Previewed) -> None:
        message = view.messages.get(event.message)
        before = (message and message.previews) or []
        more = [each for each in before if each not in event.previews]
        fold(view, structs.replace(event, previews=[*event.previews, *more]))

    return StoreParts(with_fold(RULES, Previewed, with_those_before))


@faults.add
def what_was_said_of_previews_before_stays_in_the_log() -> StoreParts:
    return writing('{"event":"previewed",', '{"event":"unknown",')


@faults.add
def what_one_commit_posts_and_deletes_is_delivered() -> StoreParts:
    class Unerasable(list[bytes]):
        def __setitem__(self, *_: Any) -> None:
            """Leave them."""

    def leave(ledger: Ledger, event: Deleted) -> None:
        log = ledger.logs.grown[event.room]
        log.bodies = Unerasable(log.bodies)

    return StoreParts(with_more(RULES, Deleted, leave))


@faults.add
def reactions_of_the_batch_that_deletes_their_message_stay() -> StoreParts:
    def forgetful(ledger: Ledger, event: Deleted) -> None:
        ledger.dropped.setdefault(REACTIONS, set()).add((event.room, event.message))

    return StoreParts(with_consequence(RULES, Deleted, reactions.ASPECT, forgetful))


@faults.add
def what_is_said_of_a_deleted_message_is_kept() -> StoreParts:
    return StoreParts(with_consequence(RULES, Deleted, reactions.ASPECT, lambda *_: None))


# --- of what reads ---


@faults.add
def reading_begins_one_too_late() -> StoreParts:
    return reading(lambda read, after, upto: read(after + 1, upto))


@faults.add
def reading_begins_one_too_early() -> StoreParts:
    class Early(SqliteReader):
        def read(self, room: str, after: int, upto: int) -> LogPage:
            kept = self.head(room).kept
            return super().read(room, max(kept - 1, after - 1), upto)

    return StoreParts(reader=Early)


@faults.add
def reading_stops_one_too_early() -> StoreParts:
    return reading(lambda read, after, upto: read(after, upto - 1))


@faults.add
def reading_goes_beyond_what_was_asked() -> StoreParts:
    return reading(lambda read, after, upto: read(after, upto + 1))


def reading(otherwise: Callable[[Any, int, int], LogPage]) -> StoreParts:
    """Let the log be read otherwise."""

    class Reader(SqliteReader):
        def read(self, room: str, after: int, upto: int) -> LogPage:
            return otherwise(partial(super().read, room), after, upto)

    return StoreParts(reader=Reader)


@faults.add
def a_snapshot_shows_one_reaction_a_name() -> StoreParts:
    class Merging(SqliteReader):
        def _messages(self, room: str, rows: list[tuple[Any, ...]]) -> list[Message]:
            return [with_reactions(m, merged(m)) for m in super()._messages(room, rows)]

    def merged(message: Message) -> Reactions:
        return {
            emoji: list({person.name: person for person in who}.values())
            for emoji, who in reactions_to(message).items()
        }

    return StoreParts(reader=Merging)


@faults.add
def a_snapshot_forgets_an_edit() -> StoreParts:
    class Forgetful(SqliteReader):
        def _messages(self, room: str, rows: list[tuple[Any, ...]]) -> list[Message]:
            return super()._messages(room, [(seq, posted, None) for seq, posted, _ in rows])

    return StoreParts(reader=Forgetful)


@faults.add
def a_snapshot_shows_what_was_deleted() -> StoreParts:
    class Shameless(SqliteReader):
        def _messages(self, room: str, rows: list[tuple[Any, ...]]) -> list[Message]:
            return [structs.replace(m, deleted=False) for m in super()._messages(room, rows)]

    return StoreParts(reader=Shameless)


@faults.add
def a_snapshot_is_older_than_it_says() -> StoreParts:
    class Stale(SqliteReader):
        def _history(self, *page: Any) -> StoredPage:
            found = super()._history(*page)
            old = [m for m in found.messages if m.seq < max(found.head, 2)]
            return found._replace(messages=old)

    return StoreParts(reader=Stale)


# --- of what writes ---


@faults.add
def an_event_is_delivered_but_not_stored() -> StoreParts:
    class Forgetful(SqliteWriter):
        def _write(self, ledger: Ledger) -> None:
            del ledger.changes[2:3]
            super()._write(ledger)

    return StoreParts(writer=Forgetful)


@faults.add
def a_number_is_given_twice_in_two_batches() -> StoreParts:
    class Stale(SqliteWriter):
        def _facts(self, wanted: Needs) -> Facts:
            found = super()._facts(wanted)
            for room, head in found.heads.items():
                found.heads[room] = head._replace(seq=min(head.seq, 6))
            return found

    return StoreParts(writer=Stale)


@faults.add
def a_namesake_is_the_author() -> StoreParts:
    mine = {person.name: person.id for person in PEOPLE if person.may_own}

    class ByName(SqliteWriter):
        def _message_facts(self, facts: Facts, *wanted: Any) -> None:
            super()._message_facts(facts, *wanted)
            for room, seq in facts.owners:
                posted = self._execute(POSTED, (self._rooms[room].id, seq)).get
                facts.owners[room, seq] = mine.get(events.decode_posted(posted).by, "")

    return StoreParts(writer=ByName)


@faults.add
def a_deletion_is_forgotten_between_batches() -> StoreParts:
    class Forgetful(SqliteWriter):
        def _message_facts(self, facts: Facts, *wanted: Any) -> None:
            super()._message_facts(facts, *wanted)
            facts.deleted.clear()

    return StoreParts(writer=Forgetful)


@faults.add
def what_was_deleted_stays_in_the_log() -> StoreParts:
    return writing("posted = erased(posted), ", "")


@faults.add
def what_was_said_of_a_deleted_message_stays_in_the_log() -> StoreParts:
    return writing("erased(body)", "body")


def writing(what: str, instead: str) -> StoreParts:
    """Let statements be others."""

    class Writer(SqliteWriter):
        def __init__(self, *rest: Any) -> None:
            super().__init__(*rest)
            execute: Any = self._execute
            self._execute = lambda sql, *values: execute(sql.replace(what, instead), *values)

    return StoreParts(writer=Writer)


@faults.add
def a_patch_is_not_merged_into_the_stored_document() -> StoreParts:
    class Forgetful(SqliteWriter):
        def _write(self, ledger: Ledger) -> None:
            if len(ledger.changes) > 2:
                ledger.rows.pop(DOCUMENTS, None)
            super()._write(ledger)

    return StoreParts(writer=Forgetful)


@faults.add
def trimming_forgets_one_too_many() -> StoreParts:
    class Eager(SqliteWriter):
        def trim(self, room: str, upto: int) -> bool:
            return super().trim(room, upto + 1)

    return StoreParts(writer=Eager)


# --- of records ---


@faults.add
def who_reacted_is_forgotten_between_batches() -> StoreParts:
    class Forgetful(SqliteRecords):
        def learn(self, wanted: Needs, facts: Facts) -> None:
            super().learn(wanted, facts)
            for key in facts.rows.get(REACTIONS, ()):
                if key[-1] == ADA.id:
                    facts.rows[REACTIONS][key] = None

    return StoreParts(records=Forgetful)


@faults.add
def reactions_stay_with_a_deleted_message() -> StoreParts:
    class Forgetful(SqliteRecords):
        def drop(self, table: AnyTable, width: int, prefixes: Sequence[Prefix]) -> None:
            if width == table.width:
                super().drop(table, width, prefixes)

    return StoreParts(records=Forgetful)


@faults.add
def trimming_leaves_reactions() -> StoreParts:
    class Forgetful(SqliteRecords):
        def clear(self, *_: Any, **__: Any) -> None:
            """Leave them."""

    return StoreParts(records=Forgetful)


def hold_to_the_law(folder: Path, parts: StoreParts) -> None:
    def opened(own: Path) -> SqliteStore:
        return AssembledStore(own, parts)

    if EXAMPLES:
        check_law(opened, folder, AT_RANDOM, partial(Law, rules=parts.rules))
    else:
        tell(Law(lambda: opened(folder), parts.rules))


@pytest.mark.timeout(240 if EXAMPLES else 60)
@pytest.mark.parametrize("name", faults)
def test_the_law_notices_that(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        hold_to_the_law(tmp_path, faults[name]())


def test_the_story_itself_is_lawful(tmp_path: Path) -> None:
    tell(Law(lambda: AssembledStore(tmp_path)))
