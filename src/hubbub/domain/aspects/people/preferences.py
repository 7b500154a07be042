"""What an account decides for itself alone: whom it blocks, and its settings. Kept in its own log."""

from typing import Any, NamedTuple, cast

import msgspec

from hubbub.domain.accounts import ACCOUNT, BLOCKS, UNHEARD, Block, Unheard, account_row
from hubbub.domain.aspects.people.accounts import NO_ACCOUNT, active, forbidden, to_know
from hubbub.domain.aspects.people.audit import BY_RULE, Internal
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.keywords import KEYWORDS, KeywordRow, compared
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.rooms import DIRECT, direct_of
from hubbub.domain.rules import Aspect, Consequence, Rule
from hubbub.events import PersonRemoved
from hubbub.events.people import Blocked, Preferred, Unblocked
from hubbub.protocol import preferences
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_account_key

MAX_BLOCKS = 1_000
MAX_PREFERENCES = 100
MAX_PREFERENCE_BYTES = 4_096


class PreferenceKey(NamedTuple):
    """Identifies a setting of an account."""

    account: str
    name: str


class Preference(NamedTuple):
    """What an account chose; the value is JSON."""

    account: str
    name: str
    value: bytes


PREFERENCES = Table("preference", PreferenceKey, Preference)


class BlockPerson(Internal, frozen=True, kw_only=True):
    """Keeps directs by another account from the one whose log is `room`."""

    who: str


class UnblockPerson(Internal, frozen=True, kw_only=True):
    """Lets another account reach the one whose log is `room` again."""

    who: str


class Prefer(Internal, frozen=True, kw_only=True):
    """Chooses a value for a setting of the account whose log is `room`; None removes it."""

    name: str
    value: Any


def _screen_block(change: BlockPerson | UnblockPerson, _: int) -> Refusal | None:
    return None if is_account_key(change.who) else NO_ACCOUNT


def _block_needs(wanted: Needs, _: Principal, change: BlockPerson | UnblockPerson) -> None:
    to_know(wanted, change.room, change.who)
    wanted.logs.add(change.who)
    wanted.row(DIRECT, direct_of((change.room, change.who)))
    wanted.row(BLOCKS, Block(change.room, change.who))
    wanted.count(BLOCKS, change.room)


def _block(ledger: Ledger, principal: Principal, change: BlockPerson) -> Answer:
    block = Block(change.room, change.who)
    if not _is_own(ledger, principal, change) or change.who == change.room:
        return forbidden("block this account")
    if not ledger.row(ACCOUNT, account_row(change.who)):
        return NO_ACCOUNT
    if ledger.row(BLOCKS, block):
        return ledger.unchanged()
    if ledger.count(BLOCKS, change.room) >= MAX_BLOCKS:
        return Refusal("too_large", f"Too many blocks: an account takes at most {MAX_BLOCKS}")
    ledger.put(BLOCKS, block)
    if direct := ledger.row(DIRECT, direct_of(block)):
        ledger.add(UNHEARD, Unheard(change.who, direct.room))
    return ledger.append(Blocked(**ledger.next(change.room, principal), who=change.who))


def _unblock(ledger: Ledger, principal: Principal, change: UnblockPerson) -> Answer:
    block = Block(change.room, change.who)
    if not _is_own(ledger, principal, change):
        return forbidden("unblock this account")
    if not ledger.row(BLOCKS, block):
        return ledger.unchanged()
    ledger.drop(BLOCKS, block)
    if direct := ledger.row(DIRECT, direct_of(block)):
        ledger.drop_all(UNHEARD, change.who, direct.room)
    return ledger.append(Unblocked(**ledger.next(change.room, principal), who=change.who))


def _prefer_needs(wanted: Needs, _: Principal, change: Prefer) -> None:
    to_know(wanted, change.room)
    wanted.row(PREFERENCES, PreferenceKey(change.room, change.name))
    wanted.count(PREFERENCES, change.room)


def _prefer(ledger: Ledger, principal: Principal, change: Prefer) -> Answer:
    if not _is_own(ledger, principal, change):
        return forbidden("change settings of this account")
    key, value = PreferenceKey(change.room, change.name), encode(change.value)
    row = ledger.row(PREFERENCES, key)
    if (row.value if row else encode(None)) == value:
        return ledger.unchanged()
    if change.value is None:
        ledger.drop(PREFERENCES, key)
    elif row is None and ledger.count(PREFERENCES, change.room) >= MAX_PREFERENCES:
        why = f"Too many settings: an account takes at most {MAX_PREFERENCES}"
        return Refusal("too_large", why)
    else:
        ledger.put(PREFERENCES, Preference(*key, value))
    if change.name == preferences.KEYWORDS:
        _watch(ledger, change, row)
    place = ledger.next(change.room, principal)
    return ledger.append(Preferred(**place, name=change.name, value=change.value))


def _watch(ledger: Ledger, change: Prefer, row: Preference | None) -> None:
    """Keep keywords also by themselves, so that no other settings are read to find them."""
    before = _compared(msgspec.json.decode(row.value) if row else None)
    now = _compared(change.value)
    for word in before - now:
        ledger.drop_all(KEYWORDS, change.room, word)
    for word in now - before:
        ledger.add(KEYWORDS, KeywordRow(change.room, word, ledger.at))


def _compared(keywords: object) -> set[str]:
    given = cast("list[str]", keywords) if isinstance(keywords, list) else []
    return {compared(each) for each in given}


def _is_own(ledger: Ledger, principal: Principal, change: Internal) -> bool:
    return principal.id == change.room and active(ledger, change.room) is not None


def _screen_prefer(change: Prefer, _: int) -> Refusal | None:
    if not 0 < len(change.name) <= 64:
        return Refusal("bad_request", "Invalid name of a setting: use 1 to 64 characters")
    if why := preferences.fault(change.name, change.value):
        return Refusal("bad_request", why)
    if change.name == preferences.KEYWORDS and not all(map(compared, change.value or ())):
        return Refusal("bad_request", "Invalid keyword: use words of letters or digits")
    if len(encode(change.value)) > MAX_PREFERENCE_BYTES:
        why = f"Setting too large: use at most {MAX_PREFERENCE_BYTES} bytes"
        return Refusal("too_large", why)
    return None


def _forget(ledger: Ledger, event: PersonRemoved) -> None:
    for table in (BLOCKS, UNHEARD, PREFERENCES, KEYWORDS):
        ledger.drop_all(table, event.account)


ASPECT = Aspect(
    tables=(BLOCKS, UNHEARD, PREFERENCES, KEYWORDS),
    rules=(
        Rule(BlockPerson, BY_RULE, _block_needs, _block, _screen_block, is_internal=True),
        Rule(
            *(UnblockPerson, BY_RULE, _block_needs, _unblock, _screen_block),
            is_internal=True,
        ),
        Rule(Prefer, BY_RULE, _prefer_needs, _prefer, _screen_prefer, is_internal=True),
    ),
    events=(Blocked, Unblocked, Preferred),
    consequences=(Consequence(PersonRemoved, _forget),),
)
