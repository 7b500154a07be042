"""Server-sent events: a room's log as a stream that resumes by itself."""

import asyncio
from pathlib import Path

import pytest

from hubbub.server.transports.sse import RETRY
from tests.integration.native import Native, fill
from tests.integration.raw import connected
from tests.integration.stream import streamed
from tests.integration.web import Http, over_http
from tests.support.server import Server


@pytest.fixture
async def written(curl: Http, room: str) -> str:
    """The epoch, once there are five messages in the room."""
    for n in range(1, 6):
        await curl.post(room, str(n))
    epoch: str = (await curl.get(f"/{room}"))["epoch"]
    return epoch


async def test_something_comes_at_once_so_that_the_client_knows_it_is_connected(
    curl: Http, room: str, written: str
) -> None:
    async with streamed(curl, f"/{room}/events?since=5") as stream:
        assert stream.response.headers["Content-Type"] == "text/event-stream"
        assert stream.response.headers["Cache-Control"] == "no-store"
        assert stream.response.headers["X-Accel-Buffering"] == "no"
        assert (await stream.line() or "").startswith(":")


async def test_who_is_cut_off_before_the_first_event_misses_nothing(
    curl: Http, room: str, written: str
) -> None:
    """An EventSource keeps an id without an event, and says it when it comes back by itself."""
    async with streamed(curl, f"/{room}/events") as stream:
        assert [await stream.line(), await stream.line()] == [f"id: {written}:5", ""]
    await curl.post(room, "while away")
    async with streamed(curl, f"/{room}/events", Last_Event_ID=f"{written}:5") as stream:
        assert (await stream.event()).data["text"] == "while away"


async def test_events_come_unnamed_and_with_their_position_as_id(
    curl: Http, ada: Native, room: str, written: str
) -> None:
    await ada.ask("join", room=room)
    async with streamed(curl, f"/{room}/events") as stream:
        await stream.line()
        await curl.post(room, "Zeile 1\nZeile 2 – 👍")
        event = await stream.event()
        assert event == ("message", f"{written}:6", await ada.event())


@pytest.mark.parametrize("query", ["?since=2", "?since=2&epoch={epoch}"])
async def test_since_resumes(curl: Http, room: str, written: str, query: str) -> None:
    async with streamed(curl, f"/{room}/events{query.format(epoch=written)}") as stream:
        assert [(await stream.event()).seq for _ in range(3)] == [3, 4, 5]
        await curl.post(room, "new")
        assert (await stream.event()).seq == 6


async def test_last_event_id_resumes_and_wins_over_the_query(
    curl: Http, room: str, written: str
) -> None:
    path = f"/{room}/events?since=0&epoch=another"
    async with streamed(curl, path, Last_Event_ID=f"{written}:3") as stream:
        events = [await stream.event() for _ in range(2)]
        assert [event.id for event in events] == [f"{written}:4", f"{written}:5"]


@pytest.mark.parametrize("query", ["lastEventId={}:3", "since=0&epoch=another&lastEventId={}:3"])
async def test_polyfills_that_set_no_headers_say_the_last_id_in_the_query(
    curl: Http, room: str, written: str, query: str
) -> None:
    async with streamed(curl, f"/{room}/events?{query.format(written)}") as stream:
        assert [(await stream.event()).seq for _ in range(2)] == [4, 5]
    header = {"Last_Event_ID": f"{written}:4"}
    async with streamed(curl, f"/{room}/events?{query.format(written)}", **header) as stream:
        assert (await stream.event()).seq == 5


async def test_a_position_of_another_epoch_is_a_reset_with_a_snapshot(
    curl: Http, ada: Native, room: str, written: str
) -> None:
    async with streamed(curl, f"/{room}/events", Last_Event_ID="another:3") as stream:
        reset = await stream.event()
        assert (reset.name, reset.id) == ("reset", f"{written}:5")
        assert (reset.data["mode"], reset.data["head"]) == ("snapshot", 5)
        assert [message["seq"] for message in reset.data["messages"]] == [1, 2, 3, 4, 5]
        await curl.post(room, "new")
        event = await stream.event()
        assert (event.name, event.seq) == ("message", 6)


async def test_a_position_that_is_no_longer_kept_is_a_reset(forgetful: Server) -> None:
    async with over_http(forgetful) as http:
        async with streamed(http, "/lobby/events?since=3") as stream:
            reset = await stream.event()
            assert (reset.name, reset.data["head"], reset.data["truncated"]) == ("reset", 30, 21)
        async with streamed(http, "/lobby/events?since=20") as stream:
            assert [(await stream.event()).seq for _ in range(10)] == list(range(21, 31))


STREAM = {"Accept": "text/event-stream"}


@pytest.mark.parametrize(
    "query, code",
    [
        ("?since=99", "bad_position"),
        ("?since=-1", "bad_position"),
        ("?since=x", "bad_request"),
        ("?name=%20", "bad_request"),
    ],
)
async def test_what_cannot_be_streamed_is_refused_before_the_stream_begins(
    curl: Http, room: str, query: str, code: str
) -> None:
    answer = await curl.ask("GET", f"/{room}/events{query}", headers=STREAM)
    assert (answer.status, answer.code) == (400, code)


async def test_a_room_that_cannot_be_is_refused(curl: Http) -> None:
    answer = await curl.ask("GET", "/a%20b/events", headers=STREAM)
    assert (answer.status, answer.code) == (400, "bad_request")


@pytest.mark.parametrize("last", ["x", "7", ":7", "e:", "e:x", "e:-1", "e:" + "9" * 30])
async def test_a_foreign_last_event_id_is_refused(curl: Http, room: str, last: str) -> None:
    headers = STREAM | {"Last-Event-ID": last}
    answer = await curl.ask("GET", f"/{room}/events", headers=headers)
    assert (answer.status, answer.code) == (400, "bad_position")


async def test_signals_come_without_an_id(curl: Http, ada: Native, room: str, written: str) -> None:
    async with streamed(curl, f"/{room}/events?since=4") as stream:
        assert (await stream.event()).seq == 5
        await ada.ask("signal", room=room, key="place", value=[1, 2])
        while (signal := await stream.signal())["signal"] != "value":
            pass
        assert (signal["by"], signal["key"], signal["value"]) == ("ada", "place", [1, 2])
        await curl.post(room, "after")
        assert (await stream.event()).id == f"{written}:6"


async def test_who_streams_is_here_under_a_name_until_gone(
    shared_server: Server, ada: Native, room: str
) -> None:
    """And the name is free within two seconds after the client has gone."""
    await ada.ask("join", room=room)
    async with over_http(shared_server, "streamer") as http:
        async with streamed(http, f"/{room}/events") as stream:
            await stream.line()
            while "streamer" not in (await ada.signal()).get("joined", []):
                pass
            answer = await http.ask("POST", f"/{room}/messages", {"text": "x"})
            assert (answer.status, answer.code) == (409, "name_taken")
            stream.response.close()
            async with asyncio.timeout(2):
                while (await ada.signal()).get("left") != ["streamer"]:
                    pass
        assert (await http.ask("POST", f"/{room}/messages", {"text": "x"})).status == 201


async def test_a_taken_name_is_refused(shared_server: Server, ada: Native, room: str) -> None:
    async with over_http(shared_server, "ada") as http:
        answer = await http.ask("GET", f"/{room}/events", headers=STREAM)
        assert (answer.status, answer.code) == (409, "name_taken")


async def test_a_long_log_streams_whole(shared_server: Server, curl: Http, room: str) -> None:
    await fill(shared_server.port, room, 1500, "x" * 500)
    async with streamed(curl, f"/{room}/events?since=0") as stream:
        assert [(await stream.event()).seq for _ in range(1500)] == list(range(1, 1501))


async def test_a_server_that_stops_says_when_to_return_and_ends_the_stream_cleanly(
    tmp_path: Path,
) -> None:
    async with (
        Server(tmp_path / "data") as server,
        over_http(server) as http,
        streamed(http, "/lobby/events") as stream,
    ):
        await stream.line()
        assert await server.terminate() == 0
        lines = list[str]()
        while (line := await stream.line()) is not None:
            lines.append(line)
        (retry,) = [line for line in lines if line.startswith("retry: ")]
        assert 1000 * RETRY < int(retry.removeprefix("retry: ")) < 1000 * (RETRY + 1)


async def test_http_1_0_streams_until_the_connection_closes(server: Server) -> None:
    """It has no chunks. nginx speaks it with us, unless it is told otherwise."""
    async with over_http(server) as http, connected(server.port) as raw:
        await http.post("lobby", "first")
        path = "/api/v1/rooms/lobby/events?since=0"
        raw.send_request(f"GET {path} HTTP/1.0", {"Host": "localhost"} | STREAM)
        head = (await raw.until(b"\r\n\r\n")).lower()
        assert b" 200 " in head
        assert b"transfer-encoding" not in head and b"content-length" not in head
        await raw.until(b'"text":"first"}\n\n')
        await http.post("lobby", "second")
        await raw.until(b'"text":"second"}\n\n')
        assert await server.terminate() == 0
        assert b"retry: " in await raw.rest()


async def test_head_does_not_stream(shared_server: Server, room: str) -> None:
    async with connected(shared_server.port) as raw:
        raw.send_request(
            f"HEAD /api/v1/rooms/{room}/events HTTP/1.1", {"Host": "localhost"} | STREAM
        )
        assert (await raw.response(has_body=False)).status == 405
