"""Mentions by keyword: kept and told like others, some time after the message, and to nobody else.

Who has a keyword in a text was found by a reactor (see `server.reactors.keywords`); who is told is decided here. The changes are in
the own log of whoever is mentioned, because nobody else may learn of them. A room's log is only locked, since it guards the row.
"""

from hubbub.domain.accounts import BLOCKS, Block
from hubbub.domain.aspects.people.audit import BY_RULE, Internal
from hubbub.domain.facts import EVERYONE, Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.markers import KEYWORD, MENTION, NAMED, Mention, MentionKey
from hubbub.domain.principals import Principal
from hubbub.domain.rooms import MEMBER, PLACE, MemberKey, PlaceKey
from hubbub.domain.rules import Aspect, Rule
from hubbub.events.reading import Mentioned, Unmentioned


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
    account, room = change.room, change.where
    wanted.logs.add(room)
    wanted.messages.add(MessageKey(room, change.where_seq))
    wanted.row(MEMBER, MemberKey(room, account))
    wanted.row(PLACE, PlaceKey(account, room))
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
    account, message = change.room, (change.where, change.where_seq)
    ledger.put(MENTION, Mention(*message, KEYWORD, account, change.by))
    place = account, ledger.head(account) + 1, ledger.at, change.by
    room, seq = message
    return ledger.append(Mentioned(*place, id=change.by_id, where=room, where_seq=seq, why=KEYWORD))


def _is_told(ledger: Ledger, change: MentionByKeyword) -> bool:
    """Whether a member is told of a message: not of an own one, nor by whom it blocks, nor where it wants to hear nothing."""
    account, room = change.room, change.where
    member = ledger.row(MEMBER, MemberKey(room, account))
    place = ledger.row(PLACE, PlaceKey(account, room))
    if change.by == account or member is None or member.since >= change.where_seq:
        return False
    if (place and place.level == "none") or ledger.row(BLOCKS, Block(account, change.by)):
        return False
    if ledger.absent(MessageKey(room, change.where_seq)):
        return False
    return not any(ledger.row(MENTION, each) for each in _mentions(change))


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
