"""What the page makes of mentions, in Node.js: where it marks them, and what an edit makes of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import ROOT
from tests.support.node import NODE, node_script

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js: make clients")

SPLIT = """
const { splitAtMentions } = await import(process.argv[2]);
const told = JSON.parse(process.argv[3]).map(([text, message]) => splitAtMentions(text, message, "@p1"));
console.log(JSON.stringify(told));
"""
FOLD = """
const { apply, viewOf } = await import(process.argv[2]);
const view = viewOf({ messages: [], more: false, state: {} });
for (const event of JSON.parse(process.argv[3])) apply(view, event);
console.log(JSON.stringify([...view.messages.values()]));
"""
ADA, GRACE = {"ada": "@p1"}, {"ada.grace": "@p2"}
TEXTS: list[tuple[str, dict[str, Any], list[str]]] = [  # each second part is marked
    ("hello @ada", {}, ["hello @ada"]),
    ("hello @ada", {"mentions": GRACE}, ["hello @ada"]),
    ("@ada, @Ada.", {"mentions": ADA}, ["", "@ada", ", ", "@Ada", "."]),
    ("me@ada @adage @ada", {"mentions": ADA}, ["me@ada @adage ", "@ada", ""]),
    ("@ada.grace, @ada", {"mentions": ADA | GRACE}, ["@ada.grace, ", "@ada", ""]),
    ("@adaXgrace", {"mentions": ADA | {"ada.grace": "@p1"}}, ["@adaXgrace"]),
    ("*@ada* 你好@ada", {"mentions": ADA}, ["*", "@ada", "* 你好", "@ada", ""]),
    ("@room", {"calls": ["*"]}, ["", "@room", ""]),
    ("@here", {"calls": ["@p2", "@p1"]}, ["", "@here", ""]),
    ("@here", {"calls": ["@p2"]}, ["@here"]),
    *(
        (f"@{handle} @ada", {"mentions": {handle: "@p1"} | ADA}, [f"@{handle} ", "@ada", ""])
        for handle in ("(", "[", "\\", "*", "+", "?", "{", "(a+)+$", "x|")
    ),
]


async def answer(tmp_path: Path, script: str, module: str, given: object) -> Any:
    """What a script makes of something with a module of the page."""
    path = tmp_path / "script.mjs"
    path.write_text(script)
    async with node_script(path, str(ROOT / "web" / module), json.dumps(given)) as process:
        assert process.stdout is not None
        return json.loads(await process.stdout.read())


async def test_only_mentions_of_oneself_are_marked(tmp_path: Path) -> None:
    given = [(text, message) for text, message, _ in TEXTS]
    assert await answer(tmp_path, SPLIT, "app/store/mentions.ts", given) == [
        split for *_, split in TEXTS
    ]


async def test_an_edit_has_the_mentions_of_its_text(tmp_path: Path) -> None:
    of = {"room": "@r1", "at": "2026-01-01T00:00:00Z", "by": "@p2"}
    posted = of | {"event": "posted", "seq": 1, "text": "@ada", "mentions": ADA, "calls": ["*"]}
    edited = of | {"event": "edited", "seq": 2, "message": 1, "text": "@ada.grace"}
    for new in ({"mentions": GRACE}, {"calls": ["@p1"]}, {}):
        (message,) = await answer(tmp_path, FOLD, "sdk/fold.ts", [posted, edited | new])
        assert {key: message[key] for key in ("mentions", "calls") if key in message} == new


BADGES = """
const { forMe, isUnread } = await import(process.argv[2]);
console.log(JSON.stringify(JSON.parse(process.argv[3]).map((row) => [isUnread(row, 9000), forMe(row, 9000)])));
"""


async def test_badges_are_of_what_one_wants_to_be_told(tmp_path: Path) -> None:
    counts = {"unread": 5, "mentions": 2}
    told: list[tuple[dict[str, Any], list[object]]] = [
        ({"kind": "open"}, [True, 2]),
        ({"kind": "direct"}, [True, 5]),
        ({"kind": "open", "level": "all"}, [True, 5]),
        ({"kind": "direct", "level": "mentions"}, [True, 2]),
        ({"kind": "direct", "level": "none"}, [False, 0]),
        ({"kind": "open", "level": "none", "marked": True}, [True, 0]),
        ({"kind": "direct", "muted_until": 10}, [False, 0]),
        ({"kind": "direct", "muted_until": 9}, [True, 5]),
        ({"kind": "open", "unread": 0, "mentions": 0}, [False, 0]),
    ]
    given = [counts | row for row, _ in told]
    assert await answer(tmp_path, BADGES, "app/store/badges.ts", given) == [
        shown for _, shown in told
    ]


async def test_what_a_removed_account_wrote_is_dropped(tmp_path: Path) -> None:
    of: dict[str, Any] = {"room": "lobby", "at": "2026-01-01T00:00:00Z", "by": "@p1"}
    events = [
        of | {"event": "posted", "seq": 1, "text": "secret"},
        of | {"event": "posted", "seq": 2, "text": "stays", "by": "@p2"},
        of | {"event": "reacted", "seq": 3, "message": 2, "emoji": "secret"},
        of | {"event": "reacted", "seq": 4, "message": 2, "emoji": "👍"},
        of | {"event": "reacted", "seq": 5, "message": 2, "emoji": "👍", "by": "@p2"},
        of
        | {"event": "erased", "seq": 6, "of": "@p1", "upto": 5, "messages": [1], "reactions": [2]},
    ]
    gone, stays = await answer(tmp_path, FOLD, "sdk/fold.ts", events)
    assert gone == {"seq": 1, "at": of["at"], "by": "@p1", "deleted": True}
    assert (stays["text"], stays["reactions"]) == ("stays", {"👍": ["@p2"]})
