"""The law of rooms with members would notice: each of these faults, sown into the rules, shows in one story."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from hubbub.domain import memberships
from hubbub.domain.access import Permission
from hubbub.domain.aspects import conversation
from hubbub.domain.aspects.conversation import pins
from hubbub.domain.aspects.conversation.drafts import DRAFTS, DraftRow
from hubbub.domain.aspects.conversation.threads import OPEN as OPEN_THREAD
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.invites import INVITES, AddPerson, InviteKey
from hubbub.domain.aspects.posts import PostInThread
from hubbub.domain.aspects.rooms import members
from hubbub.domain.aspects.rooms.members import JoinRoom, LeaveRoom
from hubbub.domain.aspects.rooms.standings import GUARD
from hubbub.domain.facts import EVERYONE, Accepted, Answer, Proposal
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Kept, Known
from hubbub.domain.rules import Rules
from hubbub.domain.tables.markers import MARKER, MENTION, ReadMarker
from hubbub.domain.tables.rooms import (
    ALIAS,
    MEMBER,
    RESTRAINT,
    ROOM,
    Alias,
    Member,
    MemberKey,
    RoomKey,
)
from hubbub.events import Deleted, Posted, Reference
from hubbub.events.conversation import Drafted, Pinned, Saved, Unpinned
from hubbub.events.reading import Read
from hubbub.events.rooms import Banned, Invited, Left, Removed
from hubbub.events.threads import ThreadUnfollowed
from hubbub.protocol.commands.conversation import KeepDraft, Pin, Save, Unpin, Unsave
from hubbub.protocol.commands.preferences import BlockPerson
from hubbub.protocol.commands.reading import MarkRead
from hubbub.protocol.commands.rooms import (
    Appoint,
    Archive,
    Ban,
    ChangeRoom,
    InvitePeople,
    Mute,
    Remove,
    Restore,
    Unban,
)
from hubbub.protocol.commands.threads import EndThread, ReopenThread, UnfollowThread
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import AUDIT, DIRECTORY, is_room_key, is_thread_key, thread_key
from hubbub.protocol.messages import Change, Delete, Post
from hubbub.server.stores.base import OwnRoom, Selection
from hubbub.server.stores.sqlite.reader import SqliteReader
from hubbub.server.stores.sqlite.records import SqliteRecords
from tests.support.faulty import (
    AssembledStore,
    Passing,
    StoreParts,
    repeat_it,
    with_affecting,
    with_consequence,
    with_fold,
    with_guard,
    with_rule,
    with_sequel,
)
from tests.support.laws_of_rooms import LawOfRooms, coming, inviting
from tests.support.rooms import ADA, ADMIN, GRACE, GUEST, MARGARET, NEWCOMERS, ROOM_RULES
from tests.support.sown import Faults

BETH, CARL, *_ = NEWCOMERS
OPEN, CLOSED, DIRECT = (f"@r{n:0>12}" for n in (1, 2, 3))
THREAD_OF_FIRST = thread_key(OPEN, 4)
TO_NO_MEMBER = Post(room=CLOSED, text="@guest", mentions={"guest": GUEST.id}, client_message_id="k")
STORY: list[tuple[Principal, Change]] = [
    (ADA, Post(room=OPEN, text="to be pinned")),
    (ADA, Post(room=OPEN, text="to be deleted")),
    (GRACE, Pin(room=OPEN, seq=4)),
    (GRACE, Pin(room=OPEN, seq=5)),
    (ADA, Unpin(room=OPEN, seq=4)),
    (ADA, Delete(room=OPEN, seq=5)),
    (GRACE, PostInThread(room=THREAD_OF_FIRST, text="a", root_by=ADA.id)),
    (ADA, Post(room=THREAD_OF_FIRST, text="b", also_in_room=True)),
    (GRACE, Delete(room=THREAD_OF_FIRST, seq=1)),
    (GRACE, ChangeRoom(room=THREAD_OF_FIRST, title="Dust")),
    (ADA, EndThread(room=THREAD_OF_FIRST)),
    (GRACE, Post(room=THREAD_OF_FIRST, text="although it has ended")),
    (ADA, ReopenThread(room=THREAD_OF_FIRST)),
    (GRACE, UnfollowThread(room=THREAD_OF_FIRST)),
    (GRACE, Save(room=GRACE.id, of=Reference(OPEN, 4), note="a")),
    (GRACE, Save(room=GRACE.id, of=Reference(OPEN, 4), note="b")),
    (GRACE, KeepDraft(room=GRACE.id, where=OPEN, text="a")),
    (GRACE, KeepDraft(room=GRACE.id, where=OPEN, text="b")),
    (MARGARET, Save(room=MARGARET.id, of=Reference(OPEN, 4))),
    (MARGARET, Unsave(room=MARGARET.id, of=Reference(OPEN, 4))),
    (MARGARET, KeepDraft(room=MARGARET.id, where=OPEN, text="a")),
    (MARGARET, KeepDraft(room=MARGARET.id, where=OPEN, text="")),
    (MARGARET, JoinRoom(room=OPEN, client_message_id="k")),
    (MARGARET, LeaveRoom(room=OPEN)),
    (MARGARET, JoinRoom(room=OPEN, client_message_id="k")),
    (ADA, InvitePeople(room=CLOSED, who=(MARGARET.id,))),
    (ADA, Mute(room=CLOSED, who=MARGARET.id)),
    (ADA, Ban(room=CLOSED, who=GUEST.id)),
    (GUEST, Post(room=CLOSED, text="in spite of the ban")),
    (GRACE, Post(room=CLOSED, text="first")),
    (GRACE, Post(room=CLOSED, text="@ada", mentions={"ada": ADA.id})),
    (GRACE, Post(room=CLOSED, text="to be deleted", mentions={"ada": ADA.id})),
    (MARGARET, MarkRead(room=CLOSED, upto=99)),
    (MARGARET, MarkRead(room=CLOSED, upto=1)),
    (GRACE, Delete(room=CLOSED, seq=9)),
    (ADA, TO_NO_MEMBER),
    (ADA, TO_NO_MEMBER),
    (GRACE, Post(room=DIRECT, text="not read")),
    (ADA, Post(room=DIRECT, text="by someone who has not read that")),
    (ADA, ChangeRoom(room=OPEN, titles=True)),
    (GRACE, Post(room=OPEN, text="without a title")),
    (GRACE, Post(room=OPEN, text="with one", title="Dust")),
    (ADA, Post(room=THREAD_OF_FIRST, text="c", also_in_room=True)),
    (ADA, Ban(room=OPEN, who=GRACE.id)),
    (GRACE, Post(room=THREAD_OF_FIRST, text="in spite of the ban")),
    (ADA, Unban(room=OPEN, who=GRACE.id)),
    (ADA, Remove(room=CLOSED, who=GRACE.id)),
    (ADA, BlockPerson(room=ADA.id, who=GRACE.id)),
    (ADA, ChangeRoom(room=OPEN, alias="galley")),
    (MARGARET, LeaveRoom(room=DIRECT)),
    (GRACE, LeaveRoom(room=DIRECT)),
    (ADA, inviting("i1", CLOSED, OPEN)),
    (BETH, coming(BETH, "i1", ADA, CLOSED, OPEN)),
    (CARL, coming(CARL, "i1", ADA, CLOSED, OPEN)),  # it is used up
    (ADA, inviting("i2", CLOSED, uses=2)),
    (ADMIN, Appoint(room=CLOSED, who=ADA.id, role="member")),
    (CARL, coming(CARL, "i2", ADA, CLOSED)),  # Ada may no longer let guests in
    (OPERATOR, inviting("i3", CLOSED, role="member")),
    (ADMIN, Archive(room=CLOSED)),
    (CARL, coming(CARL, "i3", OPERATOR, CLOSED)),
    (ADMIN, Restore(room=CLOSED)),
]
# In one commit: what happens in the open room doesn't split that of the other.
TOGETHER: list[tuple[Principal, Change]] = [
    (ADA, Delete(room=CLOSED, seq=99)),
    (ADA, Post(room=CLOSED, text="a")),
    (ADA, Ban(room=OPEN, who=BETH.id)),
    (ADA, Post(room=CLOSED, text="b")),
]

faults = Faults[Callable[[], StoreParts]]()


def tell(directory: Path, parts: StoreParts) -> None:
    """Let all that happen, in a commit for each or together, and check the law."""
    law = LawOfRooms(lambda: AssembledStore(directory, parts), parts.rules)
    try:
        law.move_in()
        for deed in STORY:
            law.answers([Proposal(*deed)])
        law.answers([Proposal(*deed) for deed in TOGETHER])
    finally:
        law.teardown()


@faults.add
def the_own_log_does_not_say_that_one_is_out() -> StoreParts:
    def only_in_the_room(ledger: Ledger, principal: Principal, remove: Remove) -> Accepted:
        return ledger.append(Removed(**ledger.next(remove.room, principal), who=remove.who))

    return StoreParts(with_rule(ROOM_RULES, Remove, decide=only_in_the_room))


@faults.add
def a_member_who_is_removed_stays_one() -> StoreParts:
    return StoreParts(with_affecting(ROOM_RULES, Removed, apply=lambda *_: None))


@faults.add
def a_member_who_is_banned_stays_one() -> StoreParts:
    def only_restrain(kept: Kept, event: Banned) -> None:
        members._restrain(kept, event.room, event.who, is_banned=True)

    return StoreParts(with_affecting(ROOM_RULES, Banned, apply=only_restrain))


@faults.add
def a_member_who_leaves_stays_one() -> StoreParts:
    def only_out_of_sight(kept: Kept, event: Left) -> None:
        if event.where is not None:
            memberships.left(kept, event)

    return StoreParts(with_affecting(ROOM_RULES, Left, apply=only_out_of_sight))


@faults.add
def nodes_are_not_told_who_was_removed() -> StoreParts:
    return StoreParts(with_affecting(ROOM_RULES, Removed, whom=lambda _: ()))


@faults.add
def everyone_may_do_anything_in_made_rooms() -> StoreParts:
    return StoreParts(with_guard(ROOM_RULES, GUARD, refuse=lambda *_: None))


@faults.add
def a_member_without_a_log_entry() -> StoreParts:
    def quietly(ledger: Ledger, principal: Principal, invite: InvitePeople) -> Accepted:
        [who] = invite.who
        ledger.put(MEMBER, Member(invite.room, who, "member", 1, False))
        return ledger.append(Invited(**ledger.next(who, principal), where=invite.room))

    return StoreParts(with_rule(ROOM_RULES, InvitePeople, decide=quietly))


@faults.add
def a_retried_change_happens_twice() -> StoreParts:
    return StoreParts(with_rule(ROOM_RULES, JoinRoom, repeat=repeat_it))  # the log keeps none of it


@faults.add
def a_repeated_message_is_silent_about_whom_it_does_not_reach() -> StoreParts:
    return StoreParts(with_rule(ROOM_RULES, Post, repeat=repeat_it))


@faults.add
def a_former_alias_stays_current() -> StoreParts:
    sound = ROOM_RULES.by_command[ChangeRoom].decide

    def only_add(ledger: Ledger, principal: Principal, change: ChangeRoom) -> Answer:
        if is_thread_key(change.room):
            return sound(ledger, principal, change)
        before = ledger.row(ROOM, RoomKey(change.room))
        answer = sound(ledger, principal, change)
        if before and before.alias and change.alias is not None:
            ledger.put(ALIAS, Alias(DIRECTORY, before.alias, change.room, True))
        return answer

    return StoreParts(with_rule(ROOM_RULES, ChangeRoom, decide=only_add))


@faults.add
def what_holds_people_back_is_not_stored() -> StoreParts:
    class Forgetful(SqliteRecords):
        def write(self, ledger: Ledger) -> None:
            ledger.rows.pop(RESTRAINT, None)
            super().write(ledger)

    return StoreParts(ROOM_RULES, records=Forgetful)


@faults.add
def a_pin_outlives_its_message() -> StoreParts:
    keeping = replace(pins.ASPECT, consequences=())
    return StoreParts(
        Rules([keeping if each is pins.ASPECT else each for each in ROOM_RULES.aspects])
    )


@faults.add
def a_pin_is_not_stored() -> StoreParts:
    def only_say(ledger: Ledger, principal: Principal, pin: Pin) -> Accepted:
        return ledger.append(Pinned(**ledger.next(pin.room, principal), message=pin.seq))

    return StoreParts(with_rule(ROOM_RULES, Pin, decide=only_say))


@faults.add
def what_is_unpinned_is_shown_as_pinned() -> StoreParts:
    return StoreParts(with_fold(ROOM_RULES, Unpinned, lambda *_: None))


@faults.add
def a_saved_message_is_not_stored() -> StoreParts:
    def only_say(ledger: Ledger, principal: Principal, save: Save) -> Accepted:
        place = ledger.next(save.room, principal)
        return ledger.append(Saved(**place, message=place["seq"], of=save.of, note=save.note))

    return StoreParts(with_rule(ROOM_RULES, Save, decide=only_say))


@faults.add
def a_former_draft_stays_in_the_log() -> StoreParts:
    def only_add(ledger: Ledger, principal: Principal, draft: KeepDraft) -> Accepted:
        place = ledger.next(draft.room, principal)
        said = Drafted(**place, message=place["seq"], where=draft.where, text=draft.text)
        row = DraftRow(draft.room, draft.where, draft.text, None, said.at, said.seq)
        ledger.put(DRAFTS, row)
        return ledger.append(said)

    return StoreParts(with_rule(ROOM_RULES, KeepDraft, decide=only_add))


@faults.add
def a_marker_falls() -> StoreParts:
    def anywhere(ledger: Ledger, principal: Principal, read: MarkRead) -> Answer:
        marker = ledger.row(MARKER, MemberKey(read.room, principal.id))
        assert marker is not None
        upto = min(read.upto, ledger.head(read.room))
        fallen = marker._replace(seq=upto, nth=ledger.nth(read.room, upto))
        ledger.put(MARKER, fallen)
        place = ledger.next(principal.id, principal)
        return ledger.append(Read(**place, where=read.room, upto=upto, nth=fallen.nth))

    return StoreParts(with_rule(ROOM_RULES, MarkRead, decide=anywhere))


@faults.add
def a_post_is_read_by_its_author_in_secret() -> StoreParts:
    def quietly(ledger: Ledger) -> None:
        for post in ledger.posts:
            if is_room_key(post.room) and ledger.row(MARKER, MemberKey(post.room, post.owner)):
                marker = ReadMarker(post.room, post.owner, post.seq, post.nth)
                ledger.put(MARKER, marker)

    [sequel] = conversation.markers.ASPECT.sequels
    return StoreParts(with_sequel(ROOM_RULES, sequel, quietly))


@faults.add
def a_mention_outlives_its_message() -> StoreParts:
    kept = conversation.mentions.ASPECT
    return StoreParts(with_consequence(ROOM_RULES, Deleted, kept, lambda *_: None))


@faults.add
def whoever_leaves_keeps_a_marker() -> StoreParts:
    kept = conversation.markers.ASPECT
    return StoreParts(with_consequence(ROOM_RULES, Left, kept, lambda *_: None))


@faults.add
def deleted_messages_count_as_unread() -> StoreParts:
    class Miscounting(SqliteReader):
        def own_rooms(self, account: str, which: Selection) -> list[OwnRoom]:
            rows = super().own_rooms(account, which)
            return [row._replace(unread=row.nth - row.read_nth) for row in rows]

    return StoreParts(ROOM_RULES, reader=Miscounting)


@faults.add
def whom_one_blocks_mentions_one() -> StoreParts:
    class Heedless(SqliteReader):
        def own_rooms(self, account: str, which: Selection) -> list[OwnRoom]:
            rows = super().own_rooms(account, which)
            counted = Counter(
                row.room
                for row in rows
                for mention in self.rows(MENTION, row.room)
                if mention.account in (account, EVERYONE)
                and mention.by != account
                and mention.seq > row.read
            )
            return [row._replace(mentions=counted[row.room]) for row in rows]

    return StoreParts(ROOM_RULES, reader=Heedless)


@faults.add
def a_forum_takes_messages_without_titles() -> StoreParts:
    sound = ROOM_RULES.by_command[Post].decide

    def blind(ledger: Ledger, principal: Principal, post: Post) -> Answer:
        row = ledger.row(ROOM, RoomKey(post.room)) if is_room_key(post.room) else None
        if row is None or post.title is not None:
            return sound(ledger, principal, post)
        ledger.put(ROOM, row._replace(titles=False))
        answer = sound(ledger, principal, post)
        ledger.put(ROOM, row)
        return answer

    return StoreParts(with_rule(ROOM_RULES, Post, decide=blind))


@faults.add
def a_room_shows_nothing_of_its_threads() -> StoreParts:
    [sequel] = conversation.threads.ASPECT.sequels
    return StoreParts(with_sequel(ROOM_RULES, sequel, lambda _: None))


@faults.add
def a_thread_begins_without_a_word() -> StoreParts:
    def quietly(ledger: Ledger, principal: Principal, post: PostInThread) -> Answer:
        place = ledger.next(post.room, principal)
        return ledger.post(Posted(**place, text=post.text), principal.key_owner)

    return StoreParts(with_rule(ROOM_RULES, PostInThread, decide=quietly))


@faults.add
def whoever_unfollows_a_thread_keeps_a_marker() -> StoreParts:
    def only_say(ledger: Ledger, principal: Principal, change: UnfollowThread) -> Answer:
        place = ledger.next(principal.id, principal)
        return ledger.append(ThreadUnfollowed(**place, where=change.room))

    return StoreParts(with_rule(ROOM_RULES, UnfollowThread, decide=only_say))


@faults.add
def a_thread_that_has_ended_goes_on() -> StoreParts:
    return StoreParts(with_guard(ROOM_RULES, OPEN_THREAD, refuse=lambda *_: None))


@faults.add
def the_room_does_not_decide_about_its_threads() -> StoreParts:
    def anyone(known: Known, who: Principal, what: Permission, room: str) -> Refusal | None:
        return None if is_thread_key(room) else GUARD.refuse(known, who, what, room)

    return StoreParts(with_guard(ROOM_RULES, GUARD, refuse=anyone))


@faults.add
def an_invite_is_worth_what_its_maker_might_once() -> StoreParts:
    sound: Any = ROOM_RULES.by_command[AddPerson].decide

    def trusting(ledger: Ledger, principal: Principal, change: AddPerson) -> Answer:
        answer: Answer = sound(Trusting(ledger), principal, change)
        return answer

    return StoreParts(with_rule(ROOM_RULES, AddPerson, decide=trusting))


class Trusting(Passing):
    """A ledger that refuses nobody anything."""

    def refusal(self, *_: object) -> None:
        """Go on."""


@faults.add
def an_invite_is_never_used_up() -> StoreParts:
    sound = ROOM_RULES.by_command[AddPerson].decide

    def generous(ledger: Ledger, principal: Principal, change: AddPerson) -> Answer:
        before = ledger.row(INVITES, InviteKey(AUDIT, str(change.invite)))
        answer = sound(ledger, principal, change)
        if before is not None:
            ledger.put(INVITES, before)
        return answer

    return StoreParts(with_rule(ROOM_RULES, AddPerson, decide=generous))


@faults.add
def an_invite_lets_nobody_into_its_rooms() -> StoreParts:
    sound = ROOM_RULES.by_command[AddPerson].decide

    def alone(ledger: Ledger, principal: Principal, change: AddPerson) -> Answer:
        before = ledger.row(INVITES, InviteKey(AUDIT, str(change.invite)))
        assert before is not None
        ledger.put(INVITES, before._replace(rooms="[]"))
        answer = sound(ledger, principal, structs.replace(change, rooms=()))
        after = ledger.row(INVITES, InviteKey(AUDIT, str(change.invite)))
        assert after is not None
        ledger.put(INVITES, after._replace(rooms=before.rooms))
        return answer

    return StoreParts(with_rule(ROOM_RULES, AddPerson, decide=alone))


def test_the_story_is_lawful(tmp_path: Path) -> None:
    tell(tmp_path, StoreParts(ROOM_RULES))


@pytest.mark.parametrize("name", faults)
def test_the_law_notices(name: str, tmp_path: Path) -> None:
    parts = faults[name]()
    with pytest.raises(AssertionError):
        tell(tmp_path, parts)
