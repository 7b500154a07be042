"""What somebody is notified of: one rule, for whoever notifies."""

import pytest

from hubbub.domain.notifying.rule import THREAD, Listener, Venue, should_notify
from hubbub.protocol.commands.preferences import Quiet
from hubbub.protocol.commands.starting import MyRoom

NOW = 1_000.0
ADA, GRACE = "@p0000000000ada"[:14], "@p000000grace0"
WHO = Listener(ADA, {GRACE}, Quiet(), "")


def notified(
    kind: str = "open",
    level: str = "",
    muted_until: float = 0.0,
    *,
    around: MyRoom | None = None,
    is_mentioned: bool = False,
    by: str | None = None,
    who: Listener = WHO,
) -> bool:
    room = MyRoom("@r", kind, "member", 1, 1, level=level, muted_until=muted_until)
    return should_notify(who, Venue(kind, room, around), is_mentioned=is_mentioned, by=by, now=NOW)


@pytest.mark.parametrize(
    "kind, level, of_any, of_mentions",
    [
        ("open", "", False, True),
        ("closed", "", False, True),
        ("direct", "", True, True),
        ("open", "all", True, True),
        ("direct", "mentions", False, True),
        ("direct", "none", False, False),
        ("open", "none", False, False),
    ],
)
def test_the_level_decides(kind: str, level: str, of_any: bool, of_mentions: bool) -> None:
    assert notified(kind, level) is of_any
    assert notified(kind, level, is_mentioned=True) is of_mentions


@pytest.mark.parametrize(
    "chosen, of_room, of_any, of_mentions",
    [
        ("", "", True, True),
        ("", "mentions", True, True),
        ("", "none", False, False),
        ("mentions", "", False, True),
        ("none", "all", False, False),
        ("all", "none", True, True),
    ],
)
def test_of_a_thread_that_one_follows_one_is_told_all_unless_one_chose_otherwise_there_or_for_its_room(
    chosen: str, of_room: str, of_any: bool, of_mentions: bool
) -> None:
    around = MyRoom("@r", "closed", "member", 1, 1, level=of_room)
    assert notified(THREAD, chosen, around=around) is of_any
    assert notified(THREAD, chosen, around=around, is_mentioned=True) is of_mentions
    muted = MyRoom("@r", "closed", "member", 1, 1, level=of_room, muted_until=NOW + 1)
    assert not notified(THREAD, chosen, around=muted, is_mentioned=True)


def test_a_muted_room_notifies_of_nothing_until_then() -> None:
    assert not notified(muted_until=NOW + 1, is_mentioned=True)
    assert notified(muted_until=NOW, is_mentioned=True)


def test_nobody_is_disturbed_who_does_not_want_to_be() -> None:
    assert not notified(is_mentioned=True, who=WHO._replace(quiet=Quiet(until=NOW + 1)))
    assert notified(is_mentioned=True, who=WHO._replace(quiet=Quiet(until=NOW)))


@pytest.mark.parametrize(
    "by, expected", [(None, True), ("@p0", True), (GRACE, False), (ADA, False)]
)
def test_what_one_wrote_oneself_or_blocks_is_no_news(by: str | None, expected: bool) -> None:
    assert notified("direct", is_mentioned=True, by=by) is expected
