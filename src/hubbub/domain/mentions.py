"""Mentions: whom a message calls, by handle or all together, and what those are told.

Who has a handle was looked up before (see `server.hub.names`); whether they are members is decided here.
"""

from collections.abc import Collection, Container
from typing import NamedTuple

from hubbub.domain.access import Operation
from hubbub.domain.facts import EVERYONE, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS, Block, account_row
from hubbub.domain.tables.markers import MENTION, NAMED, Mention, MentionKey
from hubbub.domain.tables.rooms import MEMBER, MemberKey
from hubbub.events import Posted
from hubbub.events.reading import Mentioned
from hubbub.protocol.errors import Refusal
from hubbub.protocol.handles import is_handle
from hubbub.protocol.keys import is_account_key, is_made_key, parent_of
from hubbub.protocol.messages import MAX_NAMED, Edit, Post


class Naming(NamedTuple):
    """Whom a text names.

    Attributes:
        mentions: members by the handles in it.
        calls: members that it calls otherwise, or all.
        told: those of them who are told.
        unreached: the handles of others than members; not for authors who may not know who there is.
    """

    mentions: dict[str, str] | None = None
    calls: list[str] | None = None
    told: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()


NOBODY = Naming()


def fault(change: Post | Edit) -> str | None:
    """Return what is wrong with whom a command names, or None."""
    if not change.mentions and not change.calls:
        return None
    if not is_made_key(change.room):
        return "Mentions need a room with members: make one, or leave them out"
    mentions, calls = change.mentions or {}, [e for e in change.calls or () if e != EVERYONE]
    if not all(map(is_account_key, (*mentions.values(), *calls))):
        return "Invalid mentions: give the keys of accounts, such as @p7m2q9x4w1z3k"
    return (
        None
        if all(map(is_handle, mentions))
        else "Invalid mentions: give the key of an account for each handle"
    )


def to_name(wanted: Needs, principal: Principal, change: Post | Edit) -> None:
    """Name what must be known about those whom a command names."""
    if EVERYONE in (change.calls or ()):
        wanted.count(MEMBER, parent_of(change.room))
    for account in _accounts(change):
        wanted.logs.add(account)
        wanted.row(MEMBER, MemberKey(parent_of(change.room), account))
        wanted.row(BLOCKS, Block(account, principal.id))
    if principal.is_account:
        wanted.row(ACCOUNT, account_row(principal.id))


def named(ledger: Ledger, principal: Principal, change: Post | Edit) -> Naming | Refusal:
    """Return whom a text names among the members of the room."""
    calls = change.calls or []
    if EVERYONE in calls and (
        refusal := ledger.refusal(principal, Operation.NAME_ALL, change.room)
    ):
        return refusal
    if len(calls) > MAX_NAMED:
        why = f"More than {MAX_NAMED} people are here: mention some of them, or @room"
        return Refusal("bad_request", why)
    room = parent_of(change.room)
    members = [each for each in _accounts(change) if ledger.row(MEMBER, MemberKey(room, each))]
    told = [
        each
        for each in members
        if each != principal.id and not ledger.row(BLOCKS, Block(each, principal.id))
    ]
    given = change.mentions or {}
    mentions = {handle: account for handle, account in given.items() if account in members}
    return Naming(
        mentions or None,
        [EVERYONE] if EVERYONE in calls else [each for each in calls if each in members] or None,
        (*told, EVERYONE) if EVERYONE in calls else tuple(told),
        unreached(ledger, principal, change, mentions),
    )


def unreached(
    ledger: Ledger, principal: Principal, change: Post | Edit, reached: Container[str]
) -> tuple[str, ...]:
    """Return the handles that a text names besides those reached, in the order of the text, if its author may know them."""
    missed = tuple(handle for handle in change.mentions or () if handle not in reached)
    return missed if missed and _may_know_all(ledger, principal) else ()


def _may_know_all(ledger: Ledger, principal: Principal) -> bool:
    """Whether someone may know which handles there are: neither visitors nor guests."""
    if not principal.is_account:
        return False
    account = ledger.row(ACCOUNT, account_row(principal.id))
    return account is not None and account.role != "guest"


def tell(ledger: Ledger, event: Posted, told: Collection[str]) -> None:
    """Keep that a message names these members, and tell each in its own log; all together are told nothing.

    No member has two mentions in one message: where all are named, that is the only one.
    """
    for account in [EVERYONE] if EVERYONE in told else told:
        ledger.add(MENTION, Mention(event.room, event.seq, NAMED, account, event.by))
    for account in told:
        if account != EVERYONE:
            seq = ledger.head(account) + 1
            mentioned = Mentioned(
                *(account, seq, event.at, event.by),
                id=event.id,
                where=event.room,
                where_seq=event.seq,
            )
            ledger.append(mentioned)


def to_edit(wanted: Needs, principal: Principal, edit: Edit) -> None:
    """Name what must be known in order to edit a message with mentions."""
    to_name(wanted, principal, edit)
    for account in (*_accounts(edit), EVERYONE):
        wanted.row(MENTION, MentionKey(edit.room, edit.seq, NAMED, account))


def edited(ledger: Ledger, edit: Edit, naming: Naming) -> None:
    """Keep only who was told of a message and is still named in it: an edit tells nobody anything."""
    if not is_made_key(edit.room):
        return
    rows = {
        each: ledger.row(MENTION, MentionKey(edit.room, edit.seq, NAMED, each))
        for each in naming.told
    }
    of_all = ledger.row(MENTION, MentionKey(edit.room, edit.seq, NAMED, EVERYONE)) if rows else None
    ledger.drop_all(MENTION, edit.room, edit.seq, NAMED)
    if of_all and EVERYONE in naming.told:
        ledger.put(MENTION, of_all)
        return
    for account, row in rows.items():
        if mention := row or of_all:
            ledger.put(MENTION, mention._replace(account=account))


def _accounts(change: Post | Edit) -> list[str]:
    """Return the accounts that a command names, each once."""
    every = dict.fromkeys((*(change.mentions or {}).values(), *(change.calls or ())))
    return [each for each in every if each != EVERYONE]
