"""What somebody is notified of: one rule, for whoever notifies."""

import pytest

from hubbub.domain.notifying import Listener, should_notify
from hubbub.protocol.preferences import Quiet
from hubbub.protocol.starting import MyRoom

NOW = 1_000.0
ADA, GRACE = "@p0000000000ada"[:14], "@p000000grace0"
WHO = Listener(ADA, {GRACE}, Quiet(), "")


def notified(
    kind: str = "open",
    level: str = "",
    muted_until: float = 0.0,
    *,
    is_mentioned: bool = False,
    by: str | None = None,
    who: Listener = WHO,
) -> bool:
    room = MyRoom("@r", kind, "member", 1, 1, level=level, muted_until=muted_until)
    return should_notify(who, room, is_mentioned=is_mentioned, by=by, now=NOW)


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
