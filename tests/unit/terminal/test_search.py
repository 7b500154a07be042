"""Messages that were found, on a terminal."""

from hubbub.domain.search.query import query_of
from hubbub.events import Attached
from hubbub.protocol.commands.search import Hit, SearchPage
from hubbub.protocol.messages import Author, Message
from hubbub.terminal.search import BEFORE, LENGTH, behind, hint, in_local_time, lines
from hubbub.terminal.style import Style
from tests.support.zones import in_zone

ADA, ROOM = "@p7m2q9x4w1z3k", "@r7m2q9x4w1z3k"
AT = "2026-05-31T18:00:00.000Z"


def page(*hits: Hit, indexed_to: str | None = AT) -> SearchPage:
    titles, people = {ROOM: "Plans", f"{ROOM}:9": "Plans"}, {ADA: Author("ada", "Ada L")}
    return SearchPage("e1", list(hits), False, indexed_to, titles=titles, people=people)


def hit(text: str, *spans: list[int], room: str = ROOM, by: str = ADA) -> Hit:
    return Hit(room, Message(42, AT, by, text), list(spans))


def shown(*hits: Hit, has_colour: bool = False) -> list[str]:
    style = Style(has_colour)
    return [style.render(line).partition("  ")[2] for line in lines(page(*hits))]


def test_a_line_says_where_who_and_what() -> None:
    found = shown(
        hit("we deploy", [3, 6]),
        hit("in a thread", room=f"{ROOM}:9"),
        hit("between us", room="@r000000000001", by="@p000000000001"),
        hit("a word", [2, 4], room="lobby", by="vera"),
    )
    assert found == [
        "Plans 42  Ada L: we deploy",
        "Plans (thread 9) 42  Ada L: in a thread",
        "direct 42  @p000000000001: between us",
        "lobby 42  vera: a word",
    ]


def test_of_a_long_message_the_part_is_shown_that_was_asked_for() -> None:
    text = "x" * 500 + " needle\nin hay " + "y" * 500
    (line,) = shown(hit(text, [501, 6]))
    assert "… " not in line and "needle↵in hay" in line
    assert len(line) < BEFORE + LENGTH
    (painted,) = shown(hit(text, [501, 6]), has_colour=True)
    assert "\x1b[1;33mneedle\x1b[0m" in painted


def test_of_several_words_the_part_is_shown_that_has_most_of_them() -> None:
    text = "needle " + "x" * 500 + " a needle in Hay, needle"
    (line,) = shown(hit(text, [0, 6], [510, 6], [520, 3], [525, 6]))
    assert line.endswith("a needle in Hay, needle")


def test_what_was_meant_otherwise_is_said_and_can_not_control_the_terminal() -> None:
    assert hint(page()) is None
    said = SearchPage("e1", [], False, AT, hint="Did you mean from:\x1b[2J?")
    assert (hint(said) or "").startswith("Did you mean from:") and "\x1b" not in str(hint(said))


def test_days_are_those_of_where_one_is() -> None:
    with in_zone("Asia/Tokyo"):
        for query, moments in (
            ("tea before:2026-05-31", "tea before:2026-05-31T00:00:00+09:00"),
            ("After:2026/5/31 tea", "After:2026-06-01T00:00:00+09:00 tea"),
            ("after:2026-11", "after:2026-12-01T00:00:00+09:00"),
            ("after:2026-12", "after:2027-01-01T00:00:00+09:00"),
            ("before:2026.12", "before:2026-12-01T00:00:00+09:00"),
            ("after:2026", "after:2027-01-01T00:00:00+09:00"),
            ("before：2026-05-31", "before:2026-05-31T00:00:00+09:00"),
            ('after:"2026-05-31"tea', 'after:"2026-06-01T00:00:00+09:00"tea'),
            ("“a b” before:“2026”", '"a b" before:"2026-01-01T00:00:00+09:00"'),
        ):
            assert in_local_time(query) == moments
            query_of(moments)
        for query in (
            "after:2026-02-30",
            "after:9999",
            '"say before:2026"',
            "xbefore:2026",
            "before:x",
        ):
            assert in_local_time(query) == query


def test_files_are_named_also_those_without_a_text() -> None:
    files = [
        Attached("k", "map.txt", "text/plain", 22),
        Attached("k", "a\x1b[2J.png", "image/png", 9),
    ]
    found = shown(*(Hit(ROOM, Message(42, AT, ADA, text, files=files), []) for text in ("see", "")))
    assert [line.partition(": ")[2].partition(", ")[0] for line in found] == [
        "see [map.txt",
        "[map.txt",
    ]
    assert not any("\x1b" in line for line in found)


def test_what_others_wrote_can_not_control_the_terminal() -> None:
    (line,) = shown(hit("\x1b[2Jboom\u202e", [4, 4]))
    assert "\x1b" not in line and "\u202e" not in line


def test_it_says_if_the_server_is_still_indexing() -> None:
    assert behind(page(indexed_to=None))
    assert "may not be found yet" in (behind(page()) or "")
    assert behind(page(indexed_to="9999-01-01T00:00:00Z")) is None
