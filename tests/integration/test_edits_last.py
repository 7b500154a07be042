"""A server with `--edits last`: nobody who asks after an edit gets what was said before it, nor before an older edit."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hubbub.server.app import running
from hubbub.server.config import Settings
from tests.integration.conftest import KEY
from tests.integration.native import Native, native

SECRET = "geheim"


async def read_all(grace: Native, count: int) -> list[dict[str, Any]]:
    """All events of the room, from the first one on."""
    joined = await grace.ask("join", room="lobby", since=0)
    assert joined["missed"] == count
    return [await grace.event() for _ in range(count)]


async def answers(grace: Native) -> str:
    """What other ways of reading say."""
    asked = [
        await grace.ask("history", room="lobby"),
        await grace.ask("get_message", room="lobby", seq=1),
        await grace.ask("get_edits", room="lobby", seq=1),
        await grace.ask("join", room="lobby"),
    ]
    return json.dumps(asked)


@asynccontextmanager
async def served(data: Path, name: str, **settings: Any) -> AsyncIterator[tuple[Native, Native]]:
    """Run a server, with somebody and grace as its guests."""
    async with (
        running(Settings(data=data, host="127.0.0.1", port=0, **settings)) as server,
        native(server.port, name, key=KEY) as somebody,
        native(server.port, "grace") as grace,
    ):
        yield somebody, grace


async def test_nobody_gets_what_was_said_before_an_edit(tmp_path: Path) -> None:
    async with served(tmp_path, "mary", edits="last") as (mary, grace):
        await mary.ask("join", room="lobby")
        await mary.ask("post", room="lobby", text=SECRET)
        await mary.ask("edit", room="lobby", seq=1, text=SECRET)
        await mary.ask("edit", room="lobby", seq=1, text="stays")
        heard = [await mary.event() for _ in range(3)]
        assert [event["text"] for event in heard] == [SECRET, SECRET, "stays"]
        events = await read_all(grace, 3)
        assert SECRET not in str(events) and events[2] == heard[2]
        assert events[0].keys() == {"event", "room", "seq", "at", "by", "id"}
        assert events[2]["erases"] and events[1]["erased"]
        assert SECRET not in await answers(grace)
        versions = (await grace.ask("get_edits", room="lobby", seq=1))["versions"]
        assert [version.get("text") for version in versions] == [None, None, "stays"]


async def test_what_was_edited_before_the_setting_is_erased_after_the_start(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, "mary") as (mary, _):
        await mary.ask("post", room="lobby", text=SECRET)
        await mary.ask("edit", room="lobby", seq=1, text="stays")
        assert SECRET in await answers(mary)
    async with served(tmp_path, "linus", edits="last") as (linus, grace):
        await grace.ask("join", room="lobby", since=2)
        event = await grace.event()
        assert (event["event"], event["messages"], event["edits"]) == ("former_erased", [1], [2])
        assert SECRET not in await answers(grace)
        assert SECRET not in str(await read_all(linus, 3))
