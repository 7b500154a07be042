"""The law of files holds, and would notice: each of these faults, sown into the rules or the store, shows in one story."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hubbub.domain.aspects import files
from hubbub.domain.aspects.files import DropFile, LimitFiles
from hubbub.domain.aspects.people.accounts import ChangePerson
from hubbub.domain.aspects.rooms.settings import SetPortrait
from hubbub.domain.facts import Answer, Proposal
from hubbub.domain.files import FILE, FILE_LIMIT, FILE_USE, File, FileKey, FileLimit
from hubbub.domain.ledger import Ledger
from hubbub.domain.pictures import PORTRAIT
from hubbub.domain.principals import Principal
from hubbub.domain.view import RoomView
from hubbub.events import Deleted, Edited, PersonRemoved
from hubbub.protocol.commands.rooms import SetAvatar
from hubbub.protocol.messages import Delete, Edit, Post
from tests.contracts.test_law_of_people import not_dropping
from tests.contracts.test_law_of_rooms import CLOSED, OPEN
from tests.support.faulty import (
    AssembledStore,
    StoreParts,
    with_consequence,
    with_fold,
    with_rule,
)
from tests.support.laws_of_files import FILES, LawOfFiles, uploaded
from tests.support.rooms import ADA, ADMIN, GRACE, MARGARET, ROOM_RULES
from tests.support.sown import Faults

ONE, TWO, THREE = FILES
FIRST = 4  # the number of the first message in each room
STORY = [
    *uploaded(GRACE, ONE),
    *uploaded(GRACE, TWO),
    *uploaded(MARGARET, THREE),
    Proposal(GRACE, Post(room=OPEN, files=[TWO, ONE], alts={ONE: "A boat"})),
    Proposal(GRACE, Post(room=OPEN, files=[ONE])),  # which isn't hers to post any more
    Proposal(GRACE, Post(room=OPEN, files=[THREE])),  # nor ever was
    Proposal(GRACE, Edit(room=OPEN, seq=FIRST, text="Look", alts={TWO: "A dog"})),
    Proposal(GRACE, Edit(room=OPEN, seq=FIRST, text="Look at that", alts={ONE: ""})),
    Proposal(GRACE, Edit(room=OPEN, seq=FIRST, text="Look", alts={TWO: "A cat"})),
    *uploaded(ADA, ONE),
    Proposal(ADA, Post(room=CLOSED, text="to be deleted", files=[ONE])),
    Proposal(ADA, Delete(room=CLOSED, seq=5)),
    *uploaded(ADA, TWO),
    Proposal(ADA, DropFile(room=ADA.id, file=TWO)),
    Proposal(ADMIN, LimitFiles(whose="person", size=9)),
    Proposal(ADMIN, LimitFiles(whose=MARGARET.id, size=9)),
    Proposal(ADMIN, LimitFiles(whose="person", size=None)),
    Proposal(GRACE, LimitFiles(whose="file", size=0)),
    Proposal(ADA, SetPortrait(room=OPEN, file=ONE, avatar=ONE, image=ONE.encode())),
    Proposal(ADA, SetPortrait(room=OPEN, file=TWO, avatar=TWO, image=TWO.encode())),
    Proposal(ADA, SetPortrait(room=CLOSED, file=ONE, avatar=THREE, image=THREE.encode())),
    Proposal(ADA, SetAvatar(room=CLOSED, file="")),
    Proposal(MARGARET, ChangePerson(account=MARGARET.id, avatar=ONE, image=ONE.encode())),
]

faults = Faults[Callable[[], StoreParts]]()


def tell(directory: Path, parts: StoreParts) -> LawOfFiles:
    """Let all that happen, and check the law."""
    law = LawOfFiles(lambda: AssembledStore(directory, parts), parts.rules)
    try:
        law.move_in()
        for deed in STORY:
            law.answers([deed])
        law.remove(MARGARET, MARGARET.id, erases=False)
    finally:
        law.teardown()
    return law


# --- of rules ---


def deciding(command: Any, act: Callable[[Ledger, Principal, Any, Answer], object]) -> StoreParts:
    """Let something more happen whenever a command was decided on."""
    sound = ROOM_RULES.by_command[command].decide

    def decide(ledger: Ledger, principal: Principal, change: Any) -> Answer:
        answer = sound(ledger, principal, change)
        act(ledger, principal, change, answer)
        return answer

    return StoreParts(with_rule(ROOM_RULES, command, decide=decide))


@faults.add
def a_file_that_was_posted_stays_with_its_account() -> StoreParts:
    def put_back(ledger: Ledger, who: Principal, post: Post, _: Answer) -> None:
        for use in ledger.rows.get(FILE_USE, {}).values():
            if use and use.room == post.room:
                ledger.put(FILE, File(*FileKey(who.id, use.file), use.name, use.size, 0.0))

    return deciding(Post, put_back)


@faults.add
def a_file_counts_for_somebody_else() -> StoreParts:
    def give_away(ledger: Ledger, _: Principal, post: Post, __: Answer) -> None:
        for use in [*ledger.rows.get(FILE_USE, {}).values()]:
            if use and use.room == post.room:
                ledger.put(FILE_USE, use._replace(account=ADMIN.id))

    return deciding(Post, give_away)


@faults.add
def an_edit_says_an_alt_text_that_is_not_kept() -> StoreParts:
    def forget(ledger: Ledger, _: Principal, edit: Edit, __: Answer) -> None:
        for use in [*ledger.rows.get(FILE_USE, {}).values()]:
            if use and use.room == edit.room:
                ledger.put(FILE_USE, use._replace(alt=None))

    return deciding(Edit, forget)


@faults.add
def a_limit_is_kept_that_was_taken_back() -> StoreParts:
    def keep(ledger: Ledger, _: Principal, change: LimitFiles, __: Answer) -> None:
        if change.size is None:
            ledger.put(FILE_LIMIT, FileLimit("@server", change.whose, 9))

    return deciding(LimitFiles, keep)


@faults.add
def files_stay_when_their_message_is_deleted() -> StoreParts:
    return StoreParts(with_consequence(ROOM_RULES, Deleted, files.ASPECT, lambda *_: None))


@faults.add
def files_stay_when_their_account_is_removed() -> StoreParts:
    return StoreParts(with_consequence(ROOM_RULES, PersonRemoved, files.ASPECT, lambda *_: None))


@faults.add
def folding_forgets_what_an_edit_says_of_files() -> StoreParts:
    folds = ROOM_RULES.folds[Edited]

    def without_alts(view: RoomView, event: Edited) -> None:
        for fold in folds:
            fold(view, replace(event, alts=None))

    return StoreParts(with_fold(ROOM_RULES, Edited, without_alts))


@faults.add
def a_former_picture_stays() -> StoreParts:
    return StoreParts(ROOM_RULES, records=not_dropping(PORTRAIT))


def test_the_story_of_files_is_lawful(tmp_path: Path) -> None:
    tell(tmp_path, StoreParts(ROOM_RULES))


@pytest.mark.parametrize("name", faults)
def test_the_law_of_files_notices_that(name: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        tell(tmp_path, faults[name]())
