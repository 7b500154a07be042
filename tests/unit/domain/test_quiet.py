"""Do not disturb: until a time, and every week by the clock of one's time zone."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import copy
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, reset_tzpath

import pytest

from hubbub.domain.notifying.quiet import (
    DAYS,
    FORMER_ZONES,
    is_quiet,
    knows_time_zones,
    time_zone_fault,
)
from hubbub.protocol.commands.preferences import Quiet, QuietHours

BERLIN = "Europe/Berlin"
NIGHTS = Quiet(weekly=[QuietHours([*DAYS], "22:00", "07:00")])  # type: ignore[list-item]
OFFICE = Quiet(weekly=[QuietHours(["mon", "fri"], "09:00", "12:30")])


def at(text: str) -> float:
    """Seconds since 1970 at a time of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_nobody_is_quiet_without_saying_so() -> None:
    assert not is_quiet(Quiet(), BERLIN, at("2026-11-29T03:00"))


def test_one_is_quiet_until_a_time() -> None:
    quiet = Quiet(until=at("2026-11-29T12:00"))
    assert is_quiet(quiet, "", at("2026-11-29T11:59:59"))
    assert not is_quiet(quiet, "", at("2026-11-29T12:00"))


@pytest.mark.parametrize(
    "now, expected",
    [
        ("2026-11-23T08:00", True),  # a Monday: nine o'clock in Berlin
        ("2026-11-23T07:59:59", False),
        ("2026-11-23T11:29:59", True),
        ("2026-11-23T11:30", False),
        ("2026-11-24T09:00", False),
        ("2026-11-27T09:00", True),
    ],
)
def test_hours_are_those_of_the_time_zone(now: str, expected: bool) -> None:
    assert is_quiet(OFFICE, BERLIN, at(now)) is expected


@pytest.mark.parametrize(
    "now, expected",
    [
        ("2026-11-27T21:00", True),  # 22:00 in Berlin
        ("2026-11-27T20:59:59", False),
        ("2026-11-27T23:00", True),  # midnight
        ("2026-11-28T05:59:59", True),
        ("2026-11-28T06:00", False),
    ],
)
def test_hours_go_on_over_midnight(now: str, expected: bool) -> None:
    assert is_quiet(NIGHTS, BERLIN, at(now)) is expected


@pytest.mark.parametrize(
    "now, expected",
    [
        ("2026-11-27T22:00", True),  # Friday, 23:00
        ("2026-11-28T05:00", True),  # Saturday morning, which belongs to Friday
        ("2026-11-28T22:00", False),  # Saturday, 23:00
        ("2026-11-27T05:00", False),  # Friday morning, which belongs to Thursday
    ],
)
def test_hours_belong_to_the_day_on_which_they_begin(now: str, expected: bool) -> None:
    fridays = Quiet(weekly=[QuietHours(["fri"], "22:00", "07:00")])
    assert is_quiet(fridays, BERLIN, at(now)) is expected


@pytest.mark.parametrize("now, expected", [("2026-11-29T00:00", True), ("2026-11-30T00:00", False)])
def test_hours_that_end_when_they_begin_are_a_whole_day(now: str, expected: bool) -> None:
    sundays = Quiet(weekly=[QuietHours(["sun"], "00:00", "00:00")])
    assert is_quiet(sundays, "", at(now)) is expected
    assert is_quiet(sundays, "", at(now) + 86_399) is expected


@pytest.mark.parametrize(
    "now, expected",
    [
        ("2026-03-29T00:59:59", False),  # 01:59:59: one second later it is three o'clock
        ("2026-03-29T01:00", True),
        ("2026-03-29T01:29:59", True),  # 03:29:59
        ("2026-03-29T01:30", False),
        ("2026-10-25T00:10", True),  # 02:10 for the first time
        ("2026-10-25T00:59:59", True),
        ("2026-10-25T01:10", True),  # and for the second
        ("2026-10-25T02:29:59", True),  # 03:29:59
        ("2026-10-25T02:30", False),
        ("2026-10-24T23:59:59", False),  # 01:59:59
    ],
)
def test_where_clocks_change_hours_are_those_that_they_show(now: str, expected: bool) -> None:
    early = Quiet(weekly=[QuietHours(["sun"], "02:00", "03:30")])
    assert is_quiet(early, BERLIN, at(now)) is expected


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_a_night_in_which_clocks_change_ends_in_the_morning(change: str) -> None:
    offset = 2 if change.startswith("2026-03") else 1
    assert is_quiet(NIGHTS, BERLIN, at(f"{change}T0{6 - offset}:59:59"))
    assert not is_quiet(NIGHTS, BERLIN, at(f"{change}T0{7 - offset}:00"))


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/Land", "../../etc/passwd", "/etc/passwd", "x" * 5000]
)
def test_an_unknown_time_zone_is_not_accepted_and_counts_as_that_of_utc(zone: str) -> None:
    assert is_quiet(OFFICE, zone, at("2026-11-23T09:00"))
    assert not is_quiet(OFFICE, zone, at("2026-11-23T08:59"))
    assert "IANA" in (time_zone_fault(zone) or "") if zone else time_zone_fault(zone) is None


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The time zone database of a machine: empty, as in small container images, until a test adds zones."""
    monkeypatch.setattr("hubbub.domain.notifying.quiet.ZoneInfo", ZoneInfo.no_cache)
    # The package would do instead.
    for each in (
        "tzdata",
        *(f"tzdata.zoneinfo.{area}" for area in ("Africa", "Asia", "Europe", "Etc")),
    ):
        monkeypatch.setitem(sys.modules, each, None)
    before = TZPATH
    reset_tzpath(to=[tmp_path])
    yield tmp_path
    reset_tzpath(to=before)


def test_without_a_database_of_time_zones_that_is_said(machine: Path) -> None:
    assert list(machine.iterdir()) == [] and not knows_time_zones()
    fault = time_zone_fault("Europe/Rome")
    assert fault is not None and "tzdata" in fault


def test_a_former_name_that_browsers_report_is_known_where_only_the_name_of_today_is(
    machine: Path,
) -> None:
    (machine / "Asia").mkdir()
    copy(_file("Asia/Kolkata"), machine / "Asia" / "Kolkata")
    (machine / "Etc").mkdir()
    copy(_file("Etc/UTC"), machine / "Etc" / "UTC")
    assert time_zone_fault("Asia/Calcutta") is None
    assert "IANA" in str(time_zone_fault("Asia/Saigon"))
    assert is_quiet(OFFICE, "Asia/Calcutta", at("2026-11-23T03:30"))  # 09:00 there
    assert not is_quiet(OFFICE, "Asia/Calcutta", at("2026-11-23T03:29:59"))


@pytest.mark.parametrize("former, now", FORMER_ZONES.items())
def test_a_former_name_of_a_zone_stands_for_the_same_clock(former: str, now: str) -> None:
    """If this machine doesn't know the former name, there is nothing to compare."""
    times = [
        datetime(year, month, 1, tzinfo=UTC) for year in (2026, 2027) for month in range(1, 13)
    ]
    with suppress(ZoneInfoNotFoundError):
        old = ZoneInfo(former)
        assert [t.astimezone(old).utcoffset() for t in times] == [
            t.astimezone(ZoneInfo(now)).utcoffset() for t in times
        ]


def _file(name: str) -> Path:
    return next(path for folder in TZPATH if (path := Path(folder, name)).exists())
