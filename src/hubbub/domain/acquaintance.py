"""Who may know whether somebody is there. Knows no devices: only the accounts, and what they have to do with each other."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from hubbub.domain.aspects.people.preferences import PREFERENCES, PreferenceKey
from hubbub.domain.facts import Needs
from hubbub.domain.records import AnyTable, Prefix
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS, Account, Block, account_row
from hubbub.protocol.commands.preferences import HIDE_PRESENCE

_HIDES = b"true"


class Tie(Enum):
    """What an account may know of another's presence."""

    __hash__ = object.__hash__

    SHOWN = "shown"
    HIDDEN = "hidden"  # it looks offline, since it hides, or blocks the one who asks
    NONE = "none"  # as if there were no such account


def tie_needs(wanted: Needs, reader: str, who: str) -> None:
    """Name what must be known of an account that asks, and of the one that it asks about."""
    wanted.row(ACCOUNT, account_row(reader))
    wanted.row(ACCOUNT, account_row(who))
    wanted.row(BLOCKS, Block(who, reader))
    wanted.row(PREFERENCES, PreferenceKey(who, HIDE_PRESENCE))


def tie_of(
    rows: Mapping[AnyTable, Mapping[Prefix, Any]], reader: str, who: str, *, shares_a_room: bool
) -> Tie:
    """Return what an account may know of another, by the rows that there are. `shares_a_room` matters for guest accounts."""
    asks: Account | None = rows[ACCOUNT][account_row(reader)]
    asked: Account | None = rows[ACCOUNT][account_row(who)]
    if asks is None or asked is None or (asks.status, asked.status) != ("active", "active"):
        return Tie.NONE
    if is_guest(asks) and reader != who and not shares_a_room:
        return Tie.NONE
    hides = rows[PREFERENCES][PreferenceKey(who, HIDE_PRESENCE)]
    if rows[BLOCKS][Block(who, reader)] or (hides is not None and hides.value == _HIDES):
        return Tie.HIDDEN
    return Tie.SHOWN


def is_guest(row: Account | None) -> bool:
    """Whether an account knows only the people of its rooms."""
    return row is not None and row.role == "guest"
