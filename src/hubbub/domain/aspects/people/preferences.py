"""What an account decides for itself alone: whom it blocks, and its settings. Kept in its own log."""

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from hubbub.domain.access import Permission, RoomKind, account
from hubbub.domain.aspects.people.accounts import NO_ACCOUNT, active, forbidden, to_know
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Consequence, Rule
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS, UNHEARD, Block, Unheard, account_row
from hubbub.domain.tables.keywords import KEYWORDS, KeywordRow, compared
from hubbub.domain.tables.rooms import DIRECT, direct_of
from hubbub.domain.weights import as_bytes, weighed
from hubbub.events import PersonRemoved
from hubbub.events.people import Blocked, Preferred, Unblocked
from hubbub.protocol.codec import encode
from hubbub.protocol.commands import preferences
from hubbub.protocol.commands.preferences import BlockPerson, Prefer, UnblockPerson
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_account_key
from hubbub.protocol.messages import Change

MAX_BLOCKS = 1_000
MAX_PREFERENCES = 100
MAX_PREFERENCE_BYTES = 4_096
NOTHING = encode(None)  # the value of a setting that is not chosen


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


CHANGE_OWN = Permission("change settings of this account", {RoomKind.OWN: account(Scope.POST)})


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
    before = row.value if row else NOTHING
    if before == value:
        return ledger.unchanged()
    if value == NOTHING:
        ledger.drop(PREFERENCES, key)
    elif row is None and ledger.count(PREFERENCES, change.room) >= MAX_PREFERENCES:
        why = f"Too many settings: an account takes at most {MAX_PREFERENCES}"
        return Refusal("too_large", why)
    else:
        ledger.put(PREFERENCES, Preference(*key, value))
    if change.name == preferences.KEYWORDS:
        _watch(ledger, change.room, _compared(before), _compared(value))
    place = ledger.next(change.room, principal)
    return ledger.append(Preferred(**place, name=change.name, value=msgspec.json.decode(value)))


def _pack(change: Prefer) -> tuple[Prefer, int]:
    return weighed(replace(change, value=as_bytes(change.value)))


def _watch(ledger: Ledger, account: str, before: set[str], now: set[str]) -> None:
    """Keep keywords also by themselves, so that no other settings are read to find them."""
    for word in before - now:
        ledger.drop_all(KEYWORDS, account, word)
    for word in now - before:
        ledger.add(KEYWORDS, KeywordRow(account, word, ledger.at))


def _compared(keywords: bytes) -> set[str]:
    given = msgspec.json.decode(keywords)
    return {compared(each) for each in given} if isinstance(given, list) else set()


def _is_own(ledger: Ledger, principal: Principal, change: Change) -> bool:
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
        Rule(BlockPerson, CHANGE_OWN, _block_needs, _block, _screen_block),
        Rule(UnblockPerson, CHANGE_OWN, _block_needs, _unblock, _screen_block),
        Rule(Prefer, CHANGE_OWN, _prefer_needs, _prefer, _screen_prefer, pack=_pack),
    ),
    events=(Blocked, Unblocked, Preferred),
    consequences=(Consequence(PersonRemoved, _forget),),
)
