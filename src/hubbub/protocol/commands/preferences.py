"""What an account decides for itself alone: its settings, and whom it blocks.

The server and its clients know some of the settings; any others are for clients alone.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from hubbub.protocol import keys
from hubbub.protocol.commands.reading import Time
from hubbub.protocol.messages import AccountName, Change, RoomName

MAX_KEYWORDS = 50
KEYWORDS, QUIET = "keywords", "quiet"
RECEIPTS, HIDE_PRESENCE = "receipts", "hide_presence"

Keyword = Annotated[str, Meta(min_length=1, max_length=64)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Prefer(Change, frozen=True, kw_only=True):
    """Chooses a value for a setting of one's own; null removes it."""

    room: RoomName = keys.ME
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    value: Any


class OnPerson(Change, frozen=True, kw_only=True):
    """Decides something about another account."""

    room: RoomName = keys.ME
    who: AccountName


class BlockPerson(OnPerson, frozen=True, tag="block"):
    """Keeps another account from beginning a direct with one, and from writing in the one that there is."""


class UnblockPerson(OnPerson, frozen=True, tag="unblock"):
    """Blocks another account no longer."""


class QuietHours(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"begin": "from", "end": "to"}
):
    """Hours in which an account is not to be disturbed, by the clock of its time zone.

    They begin on these days; if they end at an earlier time, or the same, that is on the next day.
    """

    days: Annotated[list[Day], Meta(min_length=1, max_length=7)]
    begin: ClockTime
    end: ClockTime


class Quiet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When an account is not to be disturbed: until a time in seconds since 1970, and every week."""

    until: Time = 0.0
    weekly: Annotated[list[QuietHours], Meta(max_length=14)] = []


KNOWN: dict[str, Any] = {
    KEYWORDS: Annotated[list[Keyword], Meta(max_length=MAX_KEYWORDS)],
    QUIET: Quiet,
    RECEIPTS: bool,
    HIDE_PRESENCE: bool,
}


def fault(name: str, value: Any) -> str | None:
    """Return what is wrong with the value of a setting, or None. Null removes any."""
    if value is None or name not in KNOWN:
        return None
    try:
        msgspec.convert(value, KNOWN[name])
    except msgspec.ValidationError as error:
        return f"Invalid value for the setting {name!r}: {error}"
    return None


def quiet_of(settings: Mapping[str, Any]) -> Quiet:
    """Return when an account is not to be disturbed, by its settings."""
    value = settings.get(QUIET)
    return Quiet() if value is None else msgspec.convert(value, Quiet)
