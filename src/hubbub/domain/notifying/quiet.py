"""Do not disturb: whether an account wants to hear nothing at a time."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import get_args
from zoneinfo import ZoneInfo

from hubbub.protocol.commands.preferences import Day, Quiet, QuietHours

DAYS: tuple[str, ...] = get_args(Day)

# Former names that browsers still report for some time zones, with the IANA's names of today. Not every machine knows the former ones.
FORMER_ZONES = {
    "Africa/Asmera": "Africa/Asmara",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Catamarca": "America/Argentina/Catamarca",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Cordoba": "America/Argentina/Cordoba",
    "America/Godthab": "America/Nuuk",
    "America/Indianapolis": "America/Indiana/Indianapolis",
    "America/Jujuy": "America/Argentina/Jujuy",
    "America/Louisville": "America/Kentucky/Louisville",
    "America/Mendoza": "America/Argentina/Mendoza",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Europe/Kiev": "Europe/Kyiv",
    "Pacific/Enderbury": "Pacific/Kanton",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
}


def is_quiet(quiet: Quiet, time_zone: str, now: float) -> bool:
    """Whether an account is not to be disturbed now, in seconds since 1970.

    `time_zone` is a name from the IANA database. The clock of an unknown one is taken to be that of UTC. Where clocks are put back or
    forward, the hours begin and end as they show it: a time that comes twice counts both times.
    """
    if now < quiet.until:
        return True
    local = datetime.fromtimestamp(now, _zone(time_zone))
    return any(_is_within(hours, local) for hours in quiet.weekly)


def _is_within(hours: QuietHours, local: datetime) -> bool:
    begin, end, clock = _time(hours.begin), _time(hours.end), local.time()
    today, yesterday = (DAYS[(local - timedelta(days=ago)).weekday()] for ago in (0, 1))
    if begin < end:
        return today in hours.days and begin <= clock < end
    return (today in hours.days and clock >= begin) or (yesterday in hours.days and clock < end)


def _time(text: str) -> time:
    return time.fromisoformat(text)


def time_zone_fault(name: str) -> str | None:
    """Return what is wrong with a time zone that an account chooses, or None. It may choose none."""
    if not name or _known(name):
        return None
    if not knows_time_zones():
        return "This server can't check time zones. Its operator needs to install tzdata"
    return "Unknown time zone: use a name from the IANA database, such as Europe/Rome"


def knows_time_zones() -> bool:
    """Whether this machine has a database of time zones."""
    return _known("Etc/UTC") is not None


def _zone(name: str) -> tzinfo:
    return _known(name) or UTC


def _known(name: str) -> tzinfo | None:
    return _found(name) or _found(FORMER_ZONES.get(name, ""))


def _found(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # among them ZoneInfoNotFoundError
        return None
