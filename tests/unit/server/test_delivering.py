import time
from datetime import UTC, datetime

import pytest

from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.messages import Change
from hubbub.server.config import Settings
from hubbub.server.delivering import moment, preview_news
from tests.support.fakes import MemoryStore

FREE, MADE, ACCOUNT = "lobby", "@r7m2q9x4w1z3k", "@p7m2q9x4w1z3k"


async def submit(_: Principal, __: Change) -> Answer:
    raise AssertionError("nothing is committed")


@pytest.mark.parametrize(
    "settings, previewed",
    [
        (Settings(), []),
        (Settings(link_previews="none"), []),
        (Settings(link_previews="made"), [MADE]),
        (Settings(link_previews="all"), [FREE, MADE]),
    ],
    ids=["by default", "none", "made", "all"],
)
def test_links_are_previewed_only_where_the_settings_say(
    settings: Settings, previewed: list[str]
) -> None:
    found = preview_news(settings, MemoryStore(), submit, print, print)
    rooms = FREE, MADE, ACCOUNT
    assert [room for room in rooms if any(each.reactor.reads(room) for each in found)] == previewed


@pytest.mark.parametrize("at", [1.0, 1.0625, 1.9999, 0.5, 951_782_399.9375, 1_798_761_599.0004])
def test_the_time_has_milliseconds_also_after_the_clock_was_set_back(
    at: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now in (at, at + 1, at):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        is_at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        assert moment() == is_at.replace("+00:00", "Z")
