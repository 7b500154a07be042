from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from hubbub.domain.aspects import RULES
from hubbub.events import (
    Attached,
    Deleted,
    Edited,
    Erased,
    Event,
    FormerErased,
    LinkPreview,
    Patched,
    PersonRemoved,
    Posted,
    Previewed,
    Reacted,
    Reference,
    RootDeleted,
    Unreacted,
    as_former,
    emptied,
)
from hubbub.events.conversation import Drafted, Pinned, Saved, Unpinned, Unsaved
from hubbub.events.emoji import EmojiAdded, EmojiRemoved
from hubbub.events.people import (
    Blocked,
    CredentialChanged,
    Noted,
    PersonAdded,
    PersonChanged,
    Preferred,
    RoleChanged,
    SessionClosed,
    SessionOpened,
    SessionRenewed,
    Subscribed,
    Unblocked,
    Unsubscribed,
)
from hubbub.events.reading import MarkedUnread, Mentioned, Read, RoomSet, Unmentioned
from hubbub.events.rooms import (
    Appointed,
    Archived,
    Banned,
    Changed,
    Created,
    Hidden,
    Invited,
    Joined,
    Left,
    Muted,
    Removed,
    Restored,
    RoomChanged,
    RoomListed,
    RoomUnlisted,
    Unbanned,
    Unmuted,
)
from hubbub.events.threads import (
    Threaded,
    ThreadEnded,
    ThreadFollowed,
    ThreadReopened,
    ThreadUnfollowed,
)
from hubbub.protocol.beside import ThreadInRoom
from hubbub.protocol.codec import encode
from hubbub.protocol.messages import (
    AnySignal,
    Closing,
    Error,
    Members,
    Message,
    Moved,
    Notice,
    Page,
    Presence,
    Receipt,
    Reply,
    Resumed,
    RoomHead,
    Snapshot,
    ThreadsMoved,
    Typing,
    Unfollowed,
    Value,
)
from hubbub.protocol.presence import PersonPresence, PresenceChanged
from hubbub.protocol.wires import (
    BINARY,
    NATIVE,
    PING,
    PLAIN,
    SSE,
    SSE_UNTIL_CLOSE,
    frame,
)
from tests.support.fakes import AT, EPOCH, unframe

GOLDEN = Path(__file__).parents[2] / "wire"
GREETING = b"\x00\xffhi"

ADA, GRACE = "@p7m2q9x4w1z3k", "@p8n3r0y5x204m"
ROOM = "@r7m2q9x4w1z3k"
THREAD = "@r7m2q9x4w1z3k:42"
VALUE = Value("lobby", "ada", "van", 1, 60.0)
PUSHES: dict[str, object] = {
    "posted": Posted("lobby", 42, AT, "ada", "hi", client_message_id="01J", reply_to=41),
    "posted_text": Posted("küche", 1, AT, "ada", '"grüß dich" 👍\n'),
    "posted_bytes": Posted("lobby", 42, AT, "ada", bytes=GREETING),
    "posted_of": Posted("lobby", 43, AT, "ada", "look", of=Reference(ROOM, 4)),
    "posted_mentions": Posted(ROOM, 42, AT, GRACE, "@ada", mentions={"ada": ADA}, calls=["*"]),
    "posted_files": Posted(
        *(ROOM, 42, AT, GRACE, ""),
        files=[
            Attached("k2m", "a.png", "image/png", 9, 3, 2, "A boat"),
            Attached("k3m", "b", "c", 1),
        ],
    ),
    "edited": Edited("lobby", 43, AT, "ada", message=42, text="hello"),
    "edited_alts": Edited(ROOM, 43, AT, GRACE, message=42, text="", alts={"k3m": "A plan"}),
    "previewed": Previewed(
        *("lobby", 44, AT, "@server"),
        message=42,
        previews=[LinkPreview("https://a.example/", "A title", "A site", "About it")],
    ),
    "deleted": Deleted("lobby", 44, AT, "ada", message=42),
    "former_erased": FormerErased("lobby", 45, AT, "@server", messages=[42], edits=[43]),
    "erased": Erased("lobby", 45, AT, "@server", of=GRACE, upto=44, messages=[42], reactions=[40]),
    "person_removed": PersonRemoved("@directory", 9, AT, "@server", account=GRACE),
    "reacted": Reacted("lobby", 45, AT, "grace", message=42, emoji="👍"),
    "unreacted": Unreacted("lobby", 46, AT, "grace", message=42, emoji="👍"),
    "patched": Patched(
        "lobby", 47, AT, "ada", patch={"topic": "lunch", "old": None, "n": [1, 2.5]}
    ),
    "pinned": Pinned(ROOM, 5, AT, ADA, message=4),
    "unpinned": Unpinned(ROOM, 6, AT, GRACE, message=4),
    "saved": Saved(ADA, 8, AT, ADA, message=8, of=Reference(ROOM, 4), note="for later"),
    "unsaved": Unsaved(ADA, 10, AT, ADA, of=Reference("lobby", 4)),
    "drafted": Drafted(ADA, 11, AT, ADA, message=11, where=ROOM, text="hm", reply_to=4),
    "drafted_none": Drafted(ADA, 13, AT, ADA, message=13, where=ROOM),
    "emoji_added": EmojiAdded(
        *("@directory", 3, AT, ADA),
        name="party_parrot",
        image="0123456789abcdef" * 2,
        type="image/gif",
        width=64,
        height=48,
    ),
    "emoji_removed": EmojiRemoved("@directory", 4, AT, ADA, name="party_parrot"),
    "threaded": Threaded(ROOM, 43, AT, GRACE, message=42),
    "thread_titled": Changed(THREAD, 2, AT, GRACE, title="Dust"),
    "thread_ended": ThreadEnded(THREAD, 3, AT, ADA),
    "root_deleted": RootDeleted(THREAD, 5, AT, ADA),
    "thread_reopened": ThreadReopened(THREAD, 4, AT, ADA),
    "thread_followed": ThreadFollowed(ADA, 14, AT, GRACE, where=THREAD),
    "thread_unfollowed": ThreadUnfollowed(ADA, 15, AT, ADA, where=THREAD),
    "threads": ThreadsMoved(ROOM, {42: ThreadInRoom(3, AT, 2, [GRACE])}),
    "person_added": PersonAdded(
        *("@directory", 1, AT, ADA),
        account=ADA,
        handle="ada",
        name="Ada Lovelace",
        kind="person",
        role="owner",
    ),
    "person_changed": PersonChanged("@directory", 2, AT, ADA, account=ADA, role="admin"),
    "role_changed": RoleChanged(ADA, 2, AT, ADA, role="member"),
    "credential_changed": CredentialChanged(ADA, 1, AT, "@server", kind="password"),
    "session_opened": SessionOpened(
        ADA, 2, AT, ADA, session="5d1f", kind="session", name="Firefox", until=1.5e9
    ),
    "session_renewed": SessionRenewed(ADA, 3, AT, ADA, session="5d1f", until=1.5e9),
    "session_closed": SessionClosed(ADA, 4, AT, "@server", kind="session"),
    "blocked": Blocked(ADA, 5, AT, ADA, who="@p000000000000"),
    "unblocked": Unblocked(ADA, 6, AT, ADA, who="@p000000000000"),
    "subscribed": Subscribed(ADA, 7, AT, ADA, kind="session", session="s1", shows_text=True),
    "unsubscribed": Unsubscribed(ADA, 7, AT, ADA, kind="session", session="s1"),
    "preferred": Preferred(ADA, 7, AT, ADA, name="theme", value=None),
    "created": Created(ROOM, 1, AT, ADA, kind="open", title="Kitchen", alias="kitchen"),
    "created_direct": Created(ROOM, 1, AT, ADA, kind="direct", people=[ADA, GRACE]),
    "changed": Changed(ROOM, 2, AT, ADA, topic="", slow=5, members_may_invite=False),
    "archived": Archived(ROOM, 3, AT, ADA),
    "restored": Restored(ROOM, 4, AT, ADA),
    "joined": Joined(ROOM, 5, AT, GRACE),
    "joined_where": Joined(GRACE, 1, AT, GRACE, where=ROOM, oversight=True),
    "invited": Invited(ROOM, 6, AT, ADA, who=GRACE),
    "left": Left(GRACE, 2, AT, ADA, where=ROOM),
    "hidden": Hidden(GRACE, 3, AT, GRACE, where=ROOM, upto=41),
    "removed": Removed(ROOM, 7, AT, ADA, who=GRACE),
    "banned": Banned(ROOM, 8, AT, ADA, who=GRACE, until=1.5e9),
    "unbanned": Unbanned(ROOM, 9, AT, ADA, who=GRACE),
    "muted": Muted(ROOM, 10, AT, ADA, who=GRACE),
    "unmuted": Unmuted(ROOM, 11, AT, ADA, who=GRACE),
    "appointed": Appointed(ROOM, 12, AT, ADA, who=GRACE, role="host"),
    "read": Read(ADA, 8, AT, ADA, where=ROOM, upto=41, nth=17),
    "marked_unread": MarkedUnread(ADA, 9, AT, ADA, where=ROOM),
    "set": RoomSet(ADA, 10, AT, ADA, where=ROOM, level="mentions", muted_until=1.5e9, starred=True),
    "mentioned": Mentioned(ADA, 11, AT, GRACE, where=ROOM, where_seq=42, why="keyword"),
    "unmentioned": Unmentioned(ADA, 11, AT, ADA, where=ROOM, where_seq=42),
    "room_listed": RoomListed("@directory", 3, AT, ADA, where=ROOM, title="Kitchen"),
    "room_changed": RoomChanged("@directory", 4, AT, ADA, where=ROOM, title="Attic"),
    "room_unlisted": RoomUnlisted("@directory", 5, AT, ADA, where=ROOM),
    "noted": Noted("@audit", 1, AT, "@server", action="exported", hash="0a1b"),
    "typing": Typing("lobby", "ada", 5.0),
    "receipt": Receipt(ROOM, ADA, 42),
    "value": Value("lobby", "ada", "van", {"lat": 52.5, "lon": 13.4}, 60.0),
    "value_removed": Value("lobby", "ada", "van", None, 60.0),
    "presence_names": Presence("lobby", 2, names=["ada", "grace"]),
    "presence_changes": Presence("lobby", 2, joined=["grace"], left=[]),
    "presence_count": Presence("lobby", 101),
    "closing": Closing("restarting", 1.2),
    "unfollowed": Unfollowed("lobby", Error("forbidden", "Not allowed to read", False)),
    "moved": Moved({"@r7m2q9x4w1z3k": RoomHead(42, 17, AT, "@p7m2q9x4w1z3k")}),
    "presence_of_people": PresenceChanged(
        {
            "@p7m2q9x4w1z3k": PersonPresence("offline", 1796000000),
            "@pada000000000": PersonPresence("away"),
            "@pgus000000000": None,
        }
    ),
}
SNAPSHOT = Snapshot(
    room="lobby",
    epoch=EPOCH,
    head=46,
    messages=[
        Message(seq=40, at=AT, by="ada", deleted=True),
        Message(seq=41, at=AT, by="grace", bytes=GREETING),
        Message(
            seq=42,
            at=AT,
            by="ada",
            text="hello",
            client_message_id="01J",
            reply_to=41,
            edited_at="2026-11-23T09:00:01.000Z",
            reactions={"👍": ["grace", "ada"]},
        ),
    ],
    more=True,
    state={"topic": "lunch"},
    state_seq=12,
    members=Members(2, ["ada", "grace"]),
    live=[VALUE],
)
EMPTY = Snapshot(
    room="lobby",
    epoch=EPOCH,
    head=46,
    messages=[],
    more=False,
    state={},
    state_seq=0,
    members=Members(1, ["ada"]),
    live=[],
    truncated=30,
)
REPLIES: dict[str, object] = {
    "reply_ok": Reply(re=7, ok={"room": "lobby", "seq": 42, "at": AT}),
    "reply_nothing_changed": Reply(re="seven", ok={"room": "lobby", "seq": None}),
    "reply_error": Reply(
        re=7, error=Error("forbidden", "only its author may do that to a message", False)
    ),
    "reply_error_retry_after": Reply(
        error=Error("rate_limited", "at most 10 a second", True, retry_after=0.5)
    ),
    "reply_resumed": Reply(re=7, ok=Resumed("lobby", EPOCH, 42, 1)),
    "reply_snapshot": Reply(re=7, ok=SNAPSHOT),
    "reply_snapshot_truncated": Reply(re=7, ok=EMPTY),
    "reply_page_threads": Reply(
        re=7,
        ok=Page(
            room=ROOM,
            epoch=EPOCH,
            head=46,
            messages=[Message(seq=42, at=AT, by=ADA, text="hi")],
            more=False,
            threads={42: ThreadInRoom(3, AT, 2, [GRACE], "Dust")},
        ),
    ),
    "reply_page": Reply(
        re=7,
        ok=Page(
            room="lobby",
            epoch=EPOCH,
            head=46,
            messages=[Message(seq=42, at=AT, by="ada", text="hi")],
            more=False,
        ),
    ),
}
NATIVE_FORMS = PUSHES | REPLIES


def golden(name: str) -> bytes:
    return (GOLDEN / "native" / f"{name}.json").read_bytes().removesuffix(b"\n")


@pytest.mark.parametrize("name", NATIVE_FORMS)
def test_a_push_or_reply_is_on_the_wire_what_it_always_was(name: str) -> None:
    assert encode(NATIVE_FORMS[name]) == golden(name)
    assert list(unframe(frame(encode(NATIVE_FORMS[name])))) == [golden(name)]


def test_every_kind_of_push_has_its_golden_frame_and_each_golden_frame_its_push() -> None:
    kinds = {type(push) for push in PUSHES.values()}
    assert kinds == {*RULES.events.kinds, *get_args(AnySignal), *get_args(Notice)}
    assert {path.stem for path in (GOLDEN / "native").iterdir()} == set(NATIVE_FORMS)


@pytest.mark.parametrize("name", [n for n, p in PUSHES.items() if isinstance(p, Event)])
def test_an_event_reads_back_from_its_golden_frame(name: str) -> None:
    assert msgspec.json.decode(golden(name), type=RULES.events.union) == PUSHES[name]


# --- frames ---


@pytest.mark.parametrize(
    "size, header",
    [
        (0, b"\x81\x00"),
        (1, b"\x81\x01"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (127, b"\x81\x7e\x00\x7f"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        (1_000_000, b"\x81\x7f\x00\x00\x00\x00\x00\x0f\x42\x40"),
    ],
)
def test_a_frame_says_its_length_in_the_shortest_form(size: int, header: bytes) -> None:
    payload = b"x" * size
    assert frame(payload) == header + payload
    assert list(unframe(frame(payload) * 2)) == [payload, payload]


def test_a_frame_says_its_kind() -> None:
    assert frame(b"hi", BINARY) == b"\x82\x02hi"
    assert frame(b"", PING) == b"\x89\x00"


# --- wire forms ---


def bodies(*pushes: object) -> list[bytes]:
    return [encode(push) for push in pushes]


def test_native_frames_each_body_as_it_is() -> None:
    events = bodies(*PUSHES.values())
    assert list(unframe(NATIVE.events(EPOCH, 1, events))) == events
    assert list(unframe(NATIVE.signals(events))) == events
    assert NATIVE.events(EPOCH, 1, []) == b""


@pytest.mark.parametrize("text", ["hi", "", " \n", '{"event":"posted"}', "grüß dich 👍", "\\u0041"])
def test_plain_sends_a_text_verbatim(text: str) -> None:
    sent = PLAIN.events(EPOCH, 1, bodies(Posted("lobby", 1, AT, "ada", text)))
    assert sent == frame(text.encode())


@pytest.mark.parametrize("binary", [b"", b"hi", GREETING, bytes(range(256))])
def test_plain_sends_a_binary_verbatim_and_as_binary(binary: bytes) -> None:
    sent = PLAIN.events(EPOCH, 1, bodies(Posted("lobby", 1, AT, "ada", bytes=binary)))
    assert sent == frame(binary, BINARY)


def test_plain_has_no_words_for_anything_but_messages() -> None:
    events = [p for p in PUSHES.values() if isinstance(p, Event)]
    everything_else = [each for each in events if not isinstance(each, Posted)]
    assert PLAIN.events(EPOCH, 1, bodies(*everything_else)) == b""
    assert PLAIN.signals(bodies(Typing("lobby", "ada", 5.0))) == b""
    assert not PLAIN.takes_signals


def test_sse_gives_each_event_its_position_as_id() -> None:
    events = bodies(PUSHES["posted"], PUSHES["deleted"])
    assert dechunk(SSE.events(EPOCH, 42, events)) == (GOLDEN / "events.sse.txt").read_bytes()


def test_sse_gives_signals_no_id() -> None:
    signals = bodies(PUSHES["typing"], PUSHES["value"])
    assert dechunk(SSE.signals(signals)) == (GOLDEN / "signals.sse.txt").read_bytes()


def test_sse_begins_anew_with_a_snapshot() -> None:
    reset = dechunk(SSE.reset(EPOCH, 46, encode(EMPTY)))
    assert reset == (GOLDEN / "reset.sse.txt").read_bytes()


def test_sse_says_where_it_stands_without_an_event() -> None:
    assert dechunk(SSE.position(EPOCH, 41)) == b"id: e1:41\n\n"


def test_sse_until_the_connection_closes_has_no_chunks() -> None:
    events = bodies(PUSHES["posted"], PUSHES["deleted"])
    assert SSE_UNTIL_CLOSE.events(EPOCH, 42, events) == dechunk(SSE.events(EPOCH, 42, events))
    assert SSE_UNTIL_CLOSE.comment() == dechunk(SSE.comment())


def test_sse_has_a_comment_that_means_nothing() -> None:
    assert dechunk(SSE.comment()) == b":\n\n"


def test_sse_says_in_milliseconds_when_to_come_back() -> None:
    assert dechunk(SSE.retry(1.2345)) == b"retry: 1234\n\n"


def test_nothing_makes_no_chunk_since_that_would_end_the_body() -> None:
    assert SSE.events(EPOCH, 1, []) == b""
    assert SSE.signals([]) == b""


def test_no_text_can_break_out_of_its_sse_line() -> None:
    event = Posted("lobby", 1, AT, "ada", "a\n\ndata: b\r\nid: 9\r\r")
    lines = dechunk(SSE.events(EPOCH, 1, bodies(event))).split(b"\n")
    assert lines == [b"id: e1:1", b"data: " + encode(event), b"", b""]
    assert b"\r" not in encode(event)


@pytest.mark.parametrize("wire", [NATIVE, PLAIN, SSE, SSE_UNTIL_CLOSE], ids=lambda wire: wire.name)
def test_events_one_by_one_say_the_same_as_together(wire: Any) -> None:
    events = bodies(*(push for push in PUSHES.values() if isinstance(push, Event)))
    one_by_one = [wire.events(EPOCH, seq, [body]) for seq, body in enumerate(events, start=5)]
    if wire is SSE:
        one_by_one = [dechunk(chunk) for chunk in one_by_one]
        assert b"".join(one_by_one) == dechunk(wire.events(EPOCH, 5, events))
    else:
        assert b"".join(one_by_one) == wire.events(EPOCH, 5, events)


def dechunk(chunk: bytes) -> bytes:
    """The payload of one HTTP chunk (RFC 9112 section 7.1)."""
    size, _, rest = chunk.partition(b"\r\n")
    assert len(rest) == int(size, 16) + 2
    assert rest.endswith(b"\r\n")
    return rest[:-2]


def test_of_what_was_erased_plain_clients_hear_nothing() -> None:
    pushes = [PUSHES[name] for name in ("posted", "edited")]
    erased = [emptied(push) for push in pushes if isinstance(push, Posted | Edited)]
    assert PLAIN.events(EPOCH, 42, bodies(*erased)) == b""
    former = [as_former(push) for push in pushes if isinstance(push, Posted)]
    assert PLAIN.events(EPOCH, 42, bodies(*former)) == b""
