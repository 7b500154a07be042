import pytest

from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.messages import Change
from hubbub.server.config import Settings
from hubbub.server.delivering import preview_news
from tests.support.fakes import MemoryStore

FREE, MADE, ACCOUNT = "lobby", "@r7m2q9x4w1z3k", "@p7m2q9x4w1z3k"


async def submit(_: Principal, __: Change) -> Answer:
    raise AssertionError("nothing is committed")


@pytest.mark.parametrize(
    "where, previewed", [("none", []), ("made", [MADE]), ("all", [FREE, MADE])]
)
def test_links_are_previewed_only_where_the_settings_say(where: str, previewed: list[str]) -> None:
    settings = Settings(link_previews=where)
    found = preview_news(settings, MemoryStore(), submit, print, print)
    rooms = FREE, MADE, ACCOUNT
    assert [room for room in rooms if any(each.reactor.reads(room) for each in found)] == previewed
