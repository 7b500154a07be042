"""The SDK against a real server, which is killed, stopped, emptied and frozen meanwhile."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import hubbub
from hubbub.client import ConnectionState, Reset
from hubbub.protocol.messages import Presence, Resumed, Value
from tests.support.server import Server
from tests.unit.client.fakes import WELCOME, settle


async def test_everyone_sees_everything_once_and_in_order(shared_server: Server) -> None:
    async with (
        hubbub.connect(shared_server.url, name="ada") as ada,
        hubbub.connect(shared_server.url, name="grace") as grace,
    ):
        mine, hers = await ada.join("order"), await grace.join("order")
        for n in range(10):
            await (mine if n % 2 else hers).post(str(n))
        for room in (mine, hers):
            stream = aiter(room)
            events = [await anext(stream) for _ in range(10)]
            assert [event.seq for event in events] == list(range(1, 11))
            assert [message.text for message in room.messages] == [str(n) for n in range(10)]


async def test_a_goodbye_is_said_by_both() -> None:
    heard, answer = asyncio.Event(), asyncio.Event()

    async def welcome(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        hello = await socket.receive_json()
        await socket.send_json({"re": hello["id"], "ok": WELCOME})
        assert await socket.receive() == (web.WSMsgType.CLOSE, 1000, "")
        heard.set()
        await answer.wait()
        await socket.close()
        return socket

    application = web.Application()
    application.router.add_get("/ws", welcome)
    async with TestServer(application) as server:
        client = await hubbub.connect(str(server.make_url("/"))).open()
        closing = asyncio.create_task(client.close())
        await heard.wait()
        await settle()
        assert not closing.done()
        answer.set()
        await closing


async def test_nothing_is_lost_or_doubled_while_the_server_is_killed_again_and_again(
    server: Server,
) -> None:
    async with (
        hubbub.connect(server.url, name="ada") as ada,
        hubbub.connect(server.url, name="grace") as grace,
    ):
        room = await grace.join("lobby")
        texts: list[str] = []
        reached = {count: asyncio.Event() for count in (30, 100, 200)}

        async def read() -> None:
            async for event in room:
                assert isinstance(event, hubbub.Posted)
                assert event.text is not None
                if event.text == "end":
                    return
                texts.append(event.text)
                if len(texts) in reached:
                    reached[len(texts)].set()

        async def post(first: int) -> None:
            for n in range(first, 300, 10):
                await ada.post("lobby", str(n))

        reading = asyncio.create_task(read())
        posting = asyncio.gather(*(post(n) for n in range(10)))
        for milestone in reached.values():
            await milestone.wait()
            await server.restart()
        await posting
        await ada.post("lobby", "end")
        await reading
        numbers = [int(text) for text in texts]
        assert sorted(numbers) == list(range(300))
        for first in range(10):
            mine = [number for number in numbers if number % 10 == first]
            assert mine == sorted(mine)
        assert room.position.seq == 301


async def test_a_polite_restart_is_survived_too(server: Server) -> None:
    async with hubbub.connect(server.url, name="ada") as me:
        room = await me.join("lobby")
        statuses = me.statuses()
        await server.restart(kill=False)
        await room.post("still here")
        assert await until_state(statuses, ConnectionState.DISCONNECTED) == 1012
        stream = room.stream(markers=True)
        assert isinstance(await anext(stream), Resumed)
        assert (await anext(stream)).seq == 1  # type: ignore[union-attr]


async def test_what_was_missed_is_counted(server: Server) -> None:
    async with hubbub.connect(server.url, name="ada") as ada:
        for n in range(5):
            await ada.post("lobby", str(n))
        room = await ada.join("lobby", since=2)
        marker = await anext(room.stream(markers=True))
        assert isinstance(marker, Resumed)
        assert (marker.missed, marker.head) == (3, 5)


async def test_another_log_is_a_hole_that_is_told(server: Server) -> None:
    async with hubbub.connect(server.url, name="ada") as me:
        room = await me.join("lobby")
        await room.post("in the old log")
        await server.kill()
        shutil.rmtree(server.data)
        await server.start()
        await me.post("lobby", "in the new log")
        stream = aiter(room)
        assert (await anext(stream)).seq == 1
        with pytest.raises(hubbub.ResetError) as caught:
            await anext(stream)
        assert caught.value.reset.truncated is None
        assert room.position.epoch == caught.value.reset.snapshot.epoch


async def test_a_forgotten_past_is_a_hole_that_is_told(tmp_path: Path) -> None:
    async with Server(tmp_path) as before, hubbub.connect(before.url) as me:
        for n in range(30):
            await me.post("lobby", str(n))
    async with (
        Server(tmp_path, "--keep-events", "10") as after,
        hubbub.connect(after.url) as me,
    ):
        while True:  # the server forgets soon after it has started
            room = await me.join("lobby", since=0)
            marker = await anext(room.stream(markers=True))
            if isinstance(marker, Reset):
                break
            await room.leave()
        assert marker.truncated == 21
        assert room.position.seq == 30


async def test_a_slow_reader_gets_everything_and_keeps_little(shared_server: Server) -> None:
    async with (
        hubbub.connect(shared_server.url, name="ada", max_queued=20) as ada,
        hubbub.connect(shared_server.url, name="grace") as grace,
    ):
        room = await ada.join("flood")
        posting = asyncio.create_task(post_many(grace, "flood", 3000))
        seen = 0
        async for event in room:
            seen += 1
            assert event.seq == seen
            if seen % 50 == 0:
                await asyncio.sleep(0.005)  # slow, on purpose
            if seen == 3000:
                break
        await posting


async def test_who_answers_each_event_is_not_blocked_by_the_next(shared_server: Server) -> None:
    async with (
        hubbub.connect(shared_server.url, name="echo", max_queued=20) as ada,
        hubbub.connect(shared_server.url, name="grace") as grace,
    ):
        room = await ada.join("echo")
        posting = asyncio.create_task(post_many(grace, "echo", 300))
        answered, last = 0, 0
        async for event in room:
            last += 1
            assert event.seq == last
            if event.by == "grace":
                await room.post("echo")
                answered += 1
            if answered == 300:
                break
        await posting


async def test_a_name_is_kept_over_a_reconnect_and_taken_for_others(server: Server) -> None:
    async with hubbub.connect(server.url, name="ada") as me:
        with pytest.raises(hubbub.Refused) as caught:
            await hubbub.connect(server.url, name="ada").open()
        assert caught.value.code == "name_taken"
        await server.restart()
        await me.post("lobby", "hi")
        assert me.user == "ada"


async def test_the_document_is_changed_by_compare_and_set(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="ada") as me:
        room = await me.join("document")
        first = await room.patch({"topic": "tea", "n": 1})
        await room.patch({"n": None}, if_seq=first.seq)
        with pytest.raises(hubbub.Refused) as caught:
            await room.patch({"n": 2}, if_seq=first.seq)
        assert caught.value.code == "conflict"
        stream = aiter(room)
        await anext(stream)
        assert (room.state, room.state_seq) == ({"topic": "tea", "n": 1}, 1)
        await anext(stream)
        assert (room.state, room.state_seq) == ({"topic": "tea"}, 2)


async def test_what_is_folded_is_what_a_fresh_snapshot_shows(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="ada") as me:
        room = await me.join("fold")
        one = await room.post("one")
        two = await room.post(b"\x00two", reply_to=one.seq)
        await room.edit(one.seq, "one!")
        await room.react(one.seq, "👍")
        await room.react(two.seq, "👍")
        await room.unreact(two.seq, "👍")
        assert await room.unreact(two.seq, "👍") is None
        three = await room.post("three")
        await room.delete(three.seq)
        last = await room.patch({"a": {"b": 1}})
        async for event in room:
            if event.seq == last.seq:
                break
        async with hubbub.connect(shared_server.url, name="grace") as other:
            fresh = await other.join("fold")
        assert room.messages == fresh.messages
        assert (room.state, room.state_seq) == (fresh.state, fresh.state_seq)
        assert room.position == fresh.position


async def test_a_message_as_large_as_can_be_and_one_too_large(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="ada") as me:
        with pytest.raises(hubbub.Refused, match="too_large"):
            await me.post("large", "x" * 65_536)
        await me.post("large", "x" * 65_000)
        assert me.status.state is ConnectionState.CONNECTED


async def test_whoever_is_too_fast_is_slowed_down_not_failed(tmp_path: Path) -> None:
    async with (
        Server(tmp_path, "--message-rate", "50") as server,
        hubbub.connect(server.url, name="ada") as me,
    ):
        acks = await asyncio.gather(*(me.post("lobby", str(n)) for n in range(150)))
        assert sorted(ack.seq for ack in acks) == list(range(1, 151))


async def test_live_values_and_presence_are_known(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="ada") as ada:
        room = await ada.join("live")
        signals = room.signals()
        async with hubbub.connect(shared_server.url, name="grace") as grace:
            hers = await grace.join("live")
            await hers.signal("place", {"lat": 1.5}, ttl=30)
            value = await next_of(signals, Value)
            assert (value.by, value.key, value.value) == ("grace", "place", {"lat": 1.5})
            assert [live.value for live in room.live] == [{"lat": 1.5}]
            while room.members.names != ["ada", "grace"]:
                await next_of(signals, Presence)
            assert (await ada.history("live")).head == 0
        while room.members.names != ["ada"]:
            await next_of(signals, Presence)


async def test_history_goes_back_page_by_page(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="ada") as me:
        for n in range(1, 8):
            await me.post("past", str(n))
        page = await me.history("past", limit=3)
        assert ([message.text for message in page.messages], page.more) == (["5", "6", "7"], True)
        page = await me.history("past", before=5, limit=10)
        assert [message.text for message in page.messages] == ["1", "2", "3", "4"]
        assert not page.more
        page = await me.history("past", after=5)
        assert [message.text for message in page.messages] == ["6", "7"]


async def test_a_server_that_says_nothing_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.client.wire.websocket.SILENCE_SECONDS", 0.3)
    monkeypatch.setattr("hubbub.client.wire.websocket.CLOSE_SECONDS", 0.1)
    async with hubbub.connect(server.url, name="ada") as me:
        statuses = me.statuses()
        os.kill(server.pid, signal.SIGSTOP)
        try:
            async for status in statuses:
                if status.state is ConnectionState.DISCONNECTED:
                    assert "silent for" in status.reason
                    break
        finally:
            os.kill(server.pid, signal.SIGCONT)
        monkeypatch.undo()
        assert (await me.post("lobby", "hi")).seq == 1


async def test_something_else_than_hubbub_is_told_apart() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(hubbub.Unreachable):
            await hubbub.connect(f"127.0.0.1:{port}", open_timeout=0.5).open()


async def post_many(client: hubbub.Client, room: str, count: int) -> None:
    await asyncio.gather(*(client.post(room, str(n)) for n in range(count)))


async def until_state(statuses: AsyncIterator[hubbub.Status], state: ConnectionState) -> int | None:
    async for status in statuses:
        if status.state is state:
            return status.code
    raise AssertionError(f"never {state}")


Kind = TypeVar("Kind")


async def next_of(signals: AsyncIterator[object], kind: type[Kind]) -> Kind:
    async for item in signals:
        if isinstance(item, kind):
            return item
    raise AssertionError(f"no {kind}")
