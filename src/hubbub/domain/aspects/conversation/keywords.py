"""Mentions by keyword: kept and told like others, some time after the message, and to nobody else.

Who has a keyword in a text was found by a reactor (see `server.reactors.keywords`); who is told is decided here. The changes are in
the own log of whoever is mentioned, because nobody else may learn of them. A room's log is only locked, since it guards the row.
In a thread, whoever is mentioned follows it from that message on.
"""

from hubbub.domain import threads
from hubbub.domain.aspects.people.audit import BY_RULE, Internal
from hubbub.domain.facts import EVERYONE, Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Aspect, Rule
from hubbub.domain.tables.accounts import BLOCKS, Block
from hubbub.domain.tables.markers import KEYWORD, MARKER, MENTION, NAMED, Mention, MentionKey
from hubbub.domain.tables.rooms import MEMBER, PLACE, Member, MemberKey, PlaceKey
from hubbub.events.reading import Mentioned, Unmentioned
from hubbub.protocol.keys import is_thread_key, parent_of, root_of


class MentionByKeyword(Internal, frozen=True, kw_only=True):
    """Tells the account whose log is `room` that a message has one of its keywords. `by` and `by_id` are the author."""

    where: str
    where_seq: int
    by: str
    by_id: str | None = None


class EndMention(Internal, frozen=True, kw_only=True):
    """Takes such a mention away from the account whose log is `room`: the message was edited."""

    where: str
    where_seq: int


def _needs(wanted: Needs, _: Principal, change: MentionByKeyword) -> None:
    account, room, parent = change.room, change.where, parent_of(change.where)
    wanted.logs.update((room, parent))
    wanted.messages.add(MessageKey(room, change.where_seq))
    wanted.row(MEMBER, MemberKey(parent, account))
    wanted.row(PLACE, PlaceKey(account, parent))
    if parent != room:
        threads.to_follow(wanted, room, account)
        wanted.nth(room, change.where_seq - 1)
    wanted.row(BLOCKS, Block(account, change.by))
    for each in _mentions(change):
        wanted.row(MENTION, each)


def _mentions(change: MentionByKeyword) -> list[MentionKey]:
    """Return the keys of all mentions of an account that a message may have: it gets one at most."""
    message = change.where, change.where_seq
    return [
        MentionKey(*message, NAMED, EVERYONE),
        MentionKey(*message, NAMED, change.room),
        MentionKey(*message, KEYWORD, change.room),
    ]


def _mention(ledger: Ledger, _: Principal, change: MentionByKeyword) -> Answer:
    if not _is_told(ledger, change):
        return ledger.unchanged()
    account, message = change.room, MessageKey(change.where, change.where_seq)
    if is_thread_key(change.where):
        by = {"by": change.by, "id": change.by_id}
        threads.follow_before(ledger, by, message, account)
    ledger.put(MENTION, Mention(*message, KEYWORD, account, change.by))
    place = account, ledger.head(account) + 1, ledger.at, change.by
    room, seq = message
    return ledger.append(Mentioned(*place, id=change.by_id, where=room, where_seq=seq, why=KEYWORD))


def _is_told(ledger: Ledger, change: MentionByKeyword) -> bool:
    """Whether a member is told of a message: not of an own one, nor by whom it blocks, nor where it wants to hear nothing."""
    account, room, parent = change.room, change.where, parent_of(change.where)
    member = ledger.row(MEMBER, MemberKey(parent, account))
    if change.by == account or member is None or not _was_there(ledger, member, change):
        return False
    places = [ledger.row(PLACE, PlaceKey(account, each)) for each in {room, parent}]
    if any(place and place.level == "none" for place in places):
        return False
    if ledger.row(BLOCKS, Block(account, change.by)):
        return False
    if ledger.absent(MessageKey(room, change.where_seq)):
        return False
    return not any(ledger.row(MENTION, each) for each in _mentions(change))


def _was_there(ledger: Ledger, member: Member, change: MentionByKeyword) -> bool:
    """Whether a member was one before a message; in a thread that it doesn't follow: before what the thread is about."""
    if not is_thread_key(change.where):
        return member.since < change.where_seq
    follows = ledger.row(MARKER, MemberKey(change.where, member.account)) is not None
    return follows or member.since < root_of(change.where)


def _end_needs(wanted: Needs, _: Principal, change: EndMention) -> None:
    wanted.logs.add(change.where)
    wanted.row(MENTION, MentionKey(change.where, change.where_seq, KEYWORD, change.room))


def _end(ledger: Ledger, _: Principal, change: EndMention) -> Answer:
    key = MentionKey(change.where, change.where_seq, KEYWORD, change.room)
    if not ledger.row(MENTION, key):
        return ledger.unchanged()
    ledger.drop(MENTION, key)
    account, seq = change.room, ledger.head(change.room) + 1
    return ledger.append(
        Unmentioned(account, seq, ledger.at, account, where=key.room, where_seq=key.seq)
    )


ASPECT = Aspect(
    rules=(
        Rule(MentionByKeyword, BY_RULE, _needs, _mention, is_internal=True),
        Rule(EndMention, BY_RULE, _end_needs, _end, is_internal=True),
    ),
    events=(Unmentioned,),
)
