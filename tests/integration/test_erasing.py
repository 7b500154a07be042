"""Deleting erases, on every door and every kind of store: nobody who asks later gets what was deleted."""

import json
from typing import Any

import pytest

from hubbub.domain.identity import short_id, visitor
from hubbub.server.http.operations import operations_of
from hubbub.server.http.routes import ROUTES
from tests.integration.conftest import KEY
from tests.integration.native import Native
from tests.integration.stream import streamed
from tests.integration.web import Http
from tests.support.paths import filled
from tests.support.server import Server

SECRET = "geheim"
PARTS = {"room": "", "seq": "1", "emoji": "👍"}
READS = [op.path for op in operations_of(ROUTES) if op.method == "GET" and op.path_names]


@pytest.fixture
async def deleted(mary: Native, room: str) -> str:
    """A room in which a message was posted, edited, reacted to and deleted."""
    await mary.ask("post", room=room, text=SECRET, client_message_id="k")
    await mary.ask("join", room=room)
    await mary.ask("edit", room=room, seq=1, text=f"{SECRET}!")
    await mary.ask("react", room=room, seq=1, emoji=SECRET)
    await mary.ask("delete", room=room, seq=1)
    await mary.ask("post", room=room, text="stays")
    return room


@pytest.mark.parametrize("path", READS)
async def test_no_operation_answers_with_it(curl: Http, deleted: str, path: str) -> None:
    below = filled(path.removeprefix("/api/v1/rooms"), **PARTS | {"room": deleted})
    for query in ("", "?since=0", "?since=1", "?before=9", "?after=0"):
        answer = await curl.ask("GET", below + query)
        assert SECRET not in json.dumps(answer.body, ensure_ascii=False)


async def test_who_resumes_gets_each_number_and_not_what_it_said(
    grace: Native, deleted: str
) -> None:
    joined = await grace.ask("join", room=deleted, since=0)
    assert joined["missed"] == 5
    events = [await grace.event() for _ in range(5)]
    assert SECRET not in str(events)
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert events[0] == {
        **{"event": "posted", "room": deleted, "seq": 1, "at": events[0]["at"]},
        **{"by": "mary", "id": short_id(visitor("mary", KEY)), "erased": True},
    }
    assert [event.get("erased", False) for event in events] == [True, True, True, False, False]
    assert SECRET not in str(await grace.ask("history", room=deleted))
    assert SECRET not in str(await grace.ask("join", room=deleted))


async def test_a_stream_from_the_beginning_is_not_sent_it(curl: Http, deleted: str) -> None:
    async with streamed(curl, f"/{deleted}/events?since=0") as stream:
        events: list[Any] = [(await stream.event()).data for _ in range(5)]
    assert SECRET not in str(events)


async def test_a_retry_gets_the_first_number_and_posts_nothing(
    mary: Native, curl: Http, deleted: str
) -> None:
    again = await mary.ask("post", room=deleted, text=SECRET, client_message_id="k")
    assert (again["seq"], again["duplicate"]) == (1, True)
    assert (await curl.get(f"/{deleted}"))["head"] == 5
    assert SECRET not in str(await curl.get(f"/{deleted}"))


async def test_the_server_writes_no_text_into_its_log(shared_server: Server, deleted: str) -> None:
    assert SECRET not in "".join(shared_server.output)
