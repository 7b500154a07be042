"""Long-polling a room's log: at once, when something comes, or empty-handed after a while."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.native import Native, fill
from tests.integration.web import Answer, Http, over_http
from tests.support.server import Server


async def seqs_after(http: Http, room: str, since: int, query: str = "") -> list[int]:
    answer = await http.get(f"/{room}/events?since={since}{query}")
    return [event["seq"] for event in answer["events"]]


@pytest.fixture
async def written(curl: Http, room: str) -> str:
    """The epoch, once there are five messages in the room."""
    for n in range(1, 6):
        await curl.post(room, str(n))
    epoch: str = (await curl.get(f"/{room}"))["epoch"]
    return epoch


def poll(http: Http, room: str, since: int, wait: int = 20) -> asyncio.Task[Answer]:
    return asyncio.create_task(http.ask("GET", f"/{room}/events?since={since}&wait={wait}"))


async def waiting(server: Server, room: str) -> None:
    """Return once what others asked before has reached the server."""
    async with over_http(server) as other:
        for _ in range(3):
            await other.get(f"/{room}")


async def test_what_there_is_comes_at_once_as_the_websocket_pushes_it(
    curl: Http, ada: Native, room: str, written: str
) -> None:
    await ada.ask("join", room=room, since=0)
    pushes = [await ada.event() for _ in range(5)]
    answer = await curl.get(f"/{room}/events?since=2&wait=60&epoch={written}")
    assert answer == {"epoch": written, "head": 5, "events": pushes[2:]}


async def test_all_kinds_of_events_come(curl: Http, mary: Native, room: str) -> None:
    await mary.ask("post", room=room, text="x")
    await mary.ask("react", room=room, seq=1, emoji="👍")
    await mary.ask("patch", room=room, patch={})
    await mary.ask("delete", room=room, seq=1)
    events = (await curl.get(f"/{room}/events?since=0"))["events"]
    assert [event["event"] for event in events] == ["posted", "reacted", "patched", "deleted"]


async def test_without_since_it_starts_at_the_head(curl: Http, room: str, written: str) -> None:
    answer = await curl.get(f"/{room}/events")
    assert answer == {"epoch": written, "head": 5, "events": []}


async def test_pages_are_as_long_as_is_asked_for(curl: Http, room: str, written: str) -> None:
    seen: list[int] = []
    while page := await seqs_after(curl, room, seen[-1] if seen else 0, "&limit=2"):
        assert len(page) <= 2
        seen += page
    assert seen == [1, 2, 3, 4, 5]


async def test_a_very_long_log_comes_in_pages_of_five_hundred(
    shared_server: Server, curl: Http, room: str
) -> None:
    await fill(shared_server.port, room, 1200, "x" * 100)
    seen: list[int] = []
    while page := await seqs_after(curl, room, len(seen)):
        assert len(page) <= 500
        seen += page
    assert seen == list(range(1, 1201))


async def test_who_waits_is_woken_by_the_next_post(
    shared_server: Server, curl: Http, room: str, written: str
) -> None:
    polls = [poll(curl, room, 5) for _ in range(3)]
    await waiting(shared_server, room)
    assert not any(task.done() for task in polls)
    await curl.post(room, "news")
    for answer in await asyncio.gather(*polls):
        (event,) = answer.body["events"]
        assert (event["seq"], event["text"], answer.body["head"]) == (6, "news", 6)


async def test_waiting_in_a_room_that_does_not_exist_yet_is_fine(
    shared_server: Server, curl: Http, room: str
) -> None:
    task = poll(curl, room, 0)
    await waiting(shared_server, room)
    await curl.post(room, "first")
    assert [event["seq"] for event in (await task).body["events"]] == [1]


async def test_if_nothing_comes_the_answer_is_empty_after_the_wait(
    curl: Http, room: str, written: str
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await seqs_after(curl, room, 5, "&wait=1") == []
    assert 0.9 < loop.time() - began < 20
    began = loop.time()
    assert await seqs_after(curl, room, 5) == []
    assert loop.time() - began < 20


async def test_another_epoch_is_a_reset(curl: Http, room: str, written: str) -> None:
    for since in (0, 3, 99):
        answer = await curl.ask("GET", f"/{room}/events?since={since}&epoch=another&wait=20")
        assert (answer.status, answer.code) == (410, "reset")
        assert (answer.body["epoch"], answer.body["head"]) == (written, 5)
        assert "truncated" not in answer.body
        assert "snapshot" in answer.body["hint"]


@pytest.mark.parametrize("since", [-1, 6, 2**62])
async def test_an_impossible_position_gets_an_error(
    curl: Http, room: str, written: str, since: int
) -> None:
    answer = await curl.ask("GET", f"/{room}/events?since={since}&wait=20")
    assert (answer.status, answer.code) == (400, "bad_position")


async def test_a_position_that_is_no_longer_kept_is_a_reset(forgetful: Server) -> None:
    async with over_http(forgetful) as http:
        answer = await http.ask("GET", "/lobby/events?since=19&wait=20")
        assert (answer.status, answer.code) == (410, "reset")
        assert (answer.body["head"], answer.body["truncated"]) == (30, 21)
        assert await seqs_after(http, "lobby", 20) == list(range(21, 31))


async def test_a_server_that_stops_lets_go_who_waits(tmp_path: Path) -> None:
    async with Server(tmp_path / "data") as server, over_http(server) as http:
        task = poll(http, "lobby", 0, wait=60)
        await waiting(server, "lobby")
        assert await server.terminate() == 0
        answer = await task
        assert (answer.status, answer.body["events"]) == (200, [])


async def test_who_gives_up_waiting_harms_nobody(
    shared_server: Server, curl: Http, room: str
) -> None:
    task = poll(curl, room, 0)
    await waiting(shared_server, room)
    task.cancel()
    await asyncio.wait([task])
    other = poll(curl, room, 0)
    await waiting(shared_server, room)
    await curl.post(room, "news")
    assert [event["seq"] for event in (await other).body["events"]] == [1]
