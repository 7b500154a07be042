import re
from collections.abc import Iterator

import pytest

from hubbub.events import (
    Attached,
    Deleted,
    Edited,
    Event,
    LinkPreview,
    Patched,
    Posted,
    Reacted,
    Reference,
    Unreacted,
)
from hubbub.events.conversation import Pinned, Unpinned
from hubbub.protocol.messages import Message
from hubbub.terminal.style import Line, Style, dim, name
from hubbub.terminal.transcript import Transcript
from tests.support.zones import in_zone

AT = "2026-11-23T09:00:00.123Z"


class Shown:
    """A transcript as it is shown without colours."""

    def __init__(self) -> None:
        self._transcript = Transcript()
        self._style = Style(has_colour=False)

    def event(self, event: Event) -> list[str]:
        return [self._style.render(line) for line in self._transcript.event(event)]

    def message(self, message: Message) -> list[str]:
        return [self._style.render(line) for line in self._transcript.message(message)]

    def replied(self, seq: int, by: str | None) -> str:
        return self._style.render(self._transcript.replied(seq, by))


@pytest.fixture
def transcript() -> Iterator[Shown]:
    with in_zone("Asia/Tokyo"):
        transcript = Shown()
        assert transcript.event(Posted("lobby", 1, AT, "grace", "hello"))[0] == (
            "--- Monday, 23 November 2026 ---"
        )
        yield transcript


def test_a_message_has_its_local_time_and_author(transcript: Shown) -> None:
    event = Posted("lobby", 2, AT, "ada", "hi")
    assert transcript.event(event) == ["18:00 ada: hi"]


def test_pins_and_forwarded_messages_are_told(transcript: Shown) -> None:
    pinned = Pinned("lobby", 2, AT, "ada", message=1)
    assert transcript.event(pinned) == ["18:00 * ada pinned grace's “hello”"]
    unpinned = Unpinned("lobby", 3, AT, "ada", message=9)
    assert transcript.event(unpinned) == ["18:00 * ada unpinned message 9"]
    forwarded = Posted("lobby", 4, AT, "ada", "look", of=Reference("a\x1b", 7))
    assert transcript.event(forwarded) == [
        r"18:00 ada: (forwards message 7 of a\x1b) look",
    ]


def test_a_new_day_is_told(transcript: Shown) -> None:
    event = Posted("lobby", 2, "2026-11-23T15:00:00Z", "ada", "hi")
    assert transcript.event(event) == ["--- Tuesday, 24 November 2026 ---", "00:00 ada: hi"]


def test_further_lines_can_not_pass_for_messages(transcript: Shown) -> None:
    event = Posted("lobby", 2, AT, "eve", "hi\n18:00 ada: I owe you")
    assert transcript.event(event) == ["18:00 eve: hi", "      18:00 ada: I owe you"]


def test_control_characters_are_shown(transcript: Shown) -> None:
    event = Posted("lobby", 2, AT, "eve", "\x1b[2J\u202e")
    assert transcript.event(event) == [r"18:00 eve: \x1b[2J\u202e"]


def test_bytes_are_counted(transcript: Shown) -> None:
    assert transcript.event(Posted("lobby", 2, AT, "ada", bytes=b"\0\1")) == [
        "18:00 ada: [2 bytes]"
    ]


def test_a_socket_io_event_is_shown_in_short(transcript: Shown) -> None:
    event = Posted("lobby", 2, AT, "ada", emitted_as="stroke", arguments=[1, {"x": 2}])
    assert transcript.event(event) == ['18:00 ada: [stroke: [1,{"x":2}]]']


def test_a_reply_quotes(transcript: Shown) -> None:
    event = Posted("lobby", 2, AT, "ada", "hi", reply_to=1)
    assert transcript.event(event) == ["18:00 ada: (to grace's “hello”) hi"]


def test_what_is_done_to_messages_is_told_in_a_line(transcript: Shown) -> None:
    told = [
        transcript.event(event)
        for event in (
            Edited("lobby", 2, AT, "grace", message=1, text="hello all"),
            Reacted("lobby", 3, AT, "ada", message=1, emoji="👍"),
            Unreacted("lobby", 4, AT, "ada", message=1, emoji="👍"),
            Deleted("lobby", 5, AT, "grace", message=1),
            Deleted("lobby", 6, AT, "grace", message=99),
            Patched("lobby", 7, AT, "ada", patch={"topic": "tea"}),
        )
    ]
    assert told == [
        ["18:00 * grace edited grace's “hello” to: hello all"],
        ["18:00 * ada reacted with 👍 to grace's “hello all”"],
        ["18:00 * ada removed 👍 from grace's “hello all”"],
        ["18:00 * grace deleted message 1"],
        ["18:00 * grace deleted message 99"],
        ['18:00 * ada changed the room\'s state: {"topic":"tea"}'],
    ]


def test_a_message_as_it_is_now(transcript: Shown) -> None:
    message = Message(2, AT, "ada", "hi", edited_at=AT, reactions={"👍": ["grace", "linus"]})
    assert transcript.message(message) == ["18:00 ada: hi (edited)", "      └ 👍 grace, linus"]
    assert transcript.message(Message(3, AT, "ada", deleted=True)) == [
        "18:00 * a message by ada was deleted"
    ]


def test_a_preview_says_where_its_link_leads_whatever_the_page_calls_itself(
    transcript: Shown,
) -> None:
    long = f"{'bank.example.' * 4}evil.example"
    previews = [
        LinkPreview("https://ada@evil.example:8080/bank", "Log in", "bank.example"),
        LinkPreview("https://a.example/", "A title"),
        LinkPreview(f"https://{long}/", "A title"),
        LinkPreview("http://[/", "A title"),
    ]
    assert transcript.message(Message(2, AT, "ada", "hi", previews=previews))[1:] == [
        "      └ evil.example (bank.example): Log in",
        "      └ a.example: A title",
        f"      └ …{long[-39:]}: A title",
        "      └ http://[/: A title",
    ]


def test_a_message_of_which_an_edit_erased_what_it_said(transcript: Shown) -> None:
    said = [Posted("lobby", 1, AT, "ada"), Edited("lobby", 2, AT, "ada", erased=True)]
    last = Edited("lobby", 3, AT, "ada", message=1, text="tea", erases=True)
    assert [transcript.event(event) for event in [*said, last]] == [
        ["18:00 ada: [edited later]"],
        [],
        ["18:00 * ada edited ada's “[edited later]” to: tea"],
    ]


def test_a_reply_in_a_thread(transcript: Shown) -> None:
    transcript.event(Posted("lobby", 1, AT, "ada", "tea?"))
    assert [transcript.replied(1, "grace"), transcript.replied(2, None)] == [
        "* grace replied to ada's “tea?” (thread 1)",
        "* Somebody replied to message 2 (thread 2)",
    ]


def test_only_the_newest_messages_are_remembered(transcript: Shown) -> None:
    for seq in range(2, 502):
        transcript.event(Posted("lobby", seq, AT, "ada", "hi"))
    assert transcript.event(Deleted("lobby", 502, AT, "grace", message=1)) == [
        "18:00 * grace deleted message 1"
    ]


@pytest.mark.parametrize("at", ["", "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_can_not_be_told_costs_no_message(transcript: Shown, at: str) -> None:
    assert transcript.event(Posted("lobby", 2, at, "ada", "hi"))[-1].endswith(" ada: hi")


def test_colours_are_ours_and_escapes_are_marked() -> None:
    line: Line = [name("a\x1b[31m"), ": ", "\x1b[2J\n", dim("\x07")]
    assert Style(has_colour=False).render(line) == r"a\x1b[31m: \x1b[2J\x0a\x07"
    coloured = Style(has_colour=True).render(line)
    assert set(re.findall(r"\x1b[^m]*m", coloured)) <= {
        *(f"\x1b[1;{n}m" for n in range(31, 37)),
        *("\x1b[0m", "\x1b[2m", "\x1b[7m"),
    }
    assert "\x1b[7m\\x1b\x1b[0m[2J\x1b[7m\\x0a\x1b[0m" in coloured


def test_a_file_says_what_it_shows(transcript: Shown) -> None:
    boat = Attached("k", "a.png", "image/png", 1234, alt="A boat\x1b[2J")
    shown = "18:00 ada: [a.png (A boat\\x1b[2J), 1,234 bytes; /save 2]"
    assert transcript.event(Posted("lobby", 2, AT, "ada", "", files=[boat])) == [shown]
    edited = Edited("lobby", 3, AT, "ada", message=2, text="", alts={"k": "A ship"})
    assert transcript.event(edited)[-1] == "      [alt text: A ship]"
