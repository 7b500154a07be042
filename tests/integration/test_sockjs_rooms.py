"""hubbub over SockJS: native commands, and the plain program, on each transport."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from playwright.async_api import Browser
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.integration.native import native
from tests.support.node import NODE_PATH
from tests.support.server import Server
from tests.support.waiting import under_way

Http = aiohttp.ClientSession
CLIENT = NODE_PATH / "sockjs-client" / "dist" / "sockjs.min.js"
TRANSPORTS = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"]


@pytest.fixture
async def http(shared_server: Server) -> AsyncIterator[Http]:
    async with Http(shared_server.url, timeout=aiohttp.ClientTimeout(10)) as session:
        yield session


class Poller:
    """A session by xhr, which asks and takes what comes."""

    def __init__(self, http: Http, prefix: str = "/sockjs") -> None:
        self._http = http
        self.url = f"{prefix}/000/{uuid4()}"

    async def take(self) -> Any:
        """The next frame: what kind, and what is in it."""
        async with self._http.post(f"{self.url}/xhr") as answer:
            text = await answer.text()
        return text[0], json.loads(text[1:]) if text[1:].strip() else None

    async def messages(self) -> list[Any]:
        """The next messages, as JSON."""
        kind, messages = await self.take()
        if kind == "c":
            raise ConnectionResetError(f"the server has closed: {messages}")
        assert kind == "a"
        return [json.loads(message) for message in messages]

    async def send(self, *messages: str) -> None:
        async with self._http.post(f"{self.url}/xhr_send", data=json.dumps(messages)) as answer:
            assert answer.status == 204, await answer.text()


def command(do: str, **fields: Any) -> str:
    return json.dumps({"id": 1, "do": do, **fields})


async def test_commands_and_events_are_the_native_ones(http: Http, room: str) -> None:
    ada = Poller(http)
    assert await ada.take() == ("o", None)
    await ada.send(command("join", room=room), command("post", room=room, text="hi"))
    seen: list[Any] = []
    while not any(frame.get("event") == "posted" for frame in seen):
        seen += await ada.messages()
    replies = [frame["ok"] for frame in seen if "ok" in frame]
    assert (replies[0]["mode"], replies[1]["seq"]) == ("snapshot", 1)


async def test_a_session_that_does_not_take_reads_on_from_the_log(
    shared_server: Server, http: Http, room: str
) -> None:
    """More waits than its mailbox holds; it gets all the same, in order, once."""
    ada = Poller(http)
    await ada.take()
    await ada.send(command("join", room=room))
    count, text = 40, "x" * 40_000
    async with native(shared_server.port) as grace:
        for n in range(count):
            await grace.ask("post", room=room, text=f"{n} {text}")
    seen: list[Any] = []
    while len(seen) < count:
        seen += [frame for frame in await ada.messages() if "event" in frame]
    assert [frame["seq"] for frame in seen] == list(range(1, count + 1))


async def test_a_session_without_an_account_is_told_so(tmp_path: Path) -> None:
    async with Server(tmp_path / "data", "--guests", "off") as server, Http(server.url) as http:
        poller = Poller(http, "/sockjs-plain")
        assert await poller.take() == ("o", None)
        kind, (code, _) = await poller.take()
        assert (kind, code) == ("c", 4401)


async def test_a_session_that_polls_is_told_when_the_server_stops(server: Server) -> None:
    async with Http(server.url) as http:
        poller = Poller(http)
        await poller.take()
        taking = await under_way(poller.take(), http)
        await server.terminate()
        kind, (code, _) = await taking
        assert (kind, code) == ("c", 1012)


@pytest.mark.parametrize(
    "path, frames",
    [
        ("/sockjs/000/a/websocket", ["o", "a", 'c[1012,"restarting"]']),
        ("/sockjs-plain/000/a/websocket", ["o", 'c[1012,"restarting"]']),
        ("/sockjs/websocket", ['{"notice":"closing"']),
    ],
)
async def test_a_stop_is_told_over_websockets_in_their_own_words(
    server: Server, path: str, frames: list[str]
) -> None:
    async with connect(f"ws://127.0.0.1:{server.port}{path}") as socket:
        if frames[0] == "o":
            assert await socket.recv() == "o"
            frames = frames[1:]
        stopping = asyncio.create_task(server.terminate())
        for begin in frames:
            assert str(await socket.recv()).startswith(begin)
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 1012
        await stopping


async def test_a_raw_websocket_is_plain_both_ways(shared_server: Server) -> None:
    address = f"ws://127.0.0.1:{shared_server.port}"
    text = f"hi {uuid4()}"
    async with connect(f"{address}/sockjs-plain/websocket") as raw, connect(address) as plain:
        await raw.send(text)
        assert await plain.recv() == text
        assert await raw.recv() == text


@pytest.mark.parametrize("path", ["/sockjs/websocket", "/sockjs-plain/websocket"])
async def test_a_raw_websocket_says_why_it_is_refused(shared_server: Server, path: str) -> None:
    url = f"ws://127.0.0.1:{shared_server.port}{path}?access_token=wrong"
    async with connect(url) as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert (socket.close_code, socket.close_reason) == (
            4401,
            "The token is invalid, expired or revoked",
        )


async def test_twenty_bad_messages_are_enough(http: Http) -> None:
    poller = Poller(http)
    await poller.take()
    await poller.send(*["no command"] * 20)
    while (taken := await poller.take())[0] == "a":
        pass
    assert (taken[0], taken[1][0]) == ("c", 4400)


OPEN = """(transport) => new Promise((done) => {
  window.heard = [];
  window.socket = new SockJS("/sockjs-plain", null, { transports: transport });
  socket.onmessage = (event) => heard.push(event.data);
  socket.onopen = () => done(socket.transport);
})"""
TALK = """([name, count, total]) => new Promise((done, failed) => {
  for (let n = 0; n < count; n += 1) socket.send(`${name} ${n}`);
  socket.onmessage = (event) => {
    heard.push(event.data);
    if (heard.length === total) socket.close(1000, "bye");
  };
  socket.onclose = (event) => done({ heard, code: event.code, clean: event.wasClean });
  setTimeout(() => failed(new Error(`${heard.length} of ${total} came`)), 20000);
})"""


@pytest.mark.timeout(120)
@pytest.mark.skipif(not CLIENT.exists(), reason="the JavaScript clients are not installed")
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_sockjs_client_in_a_browser(browser: Browser, server: Server, transport: str) -> None:
    """Two of it: what each says both hear, in one order, once; and a clean end."""
    names, each = ("ada", "grace"), 500
    context = await browser.new_context(bypass_csp=True)
    try:
        pages = [await context.new_page() for _ in names]
        for page in pages:
            await page.goto(f"{server.url}/healthz")
            await page.add_script_tag(path=CLIENT)
            assert await page.evaluate(OPEN, transport) == transport
        talks = [
            page.evaluate(TALK, [name, each, each * len(names)])
            for page, name in zip(pages, names, strict=True)
        ]
        results = await asyncio.gather(*talks)
    finally:
        await context.close()
    assert [(result["code"], result["clean"]) for result in results] == [(1000, True)] * 2
    heard = results[0]["heard"]
    assert results[1]["heard"] == heard
    for name in names:
        own = [line for line in heard if line.startswith(name)]
        assert own == [f"{name} {n}" for n in range(each)]


FOLLOW = """([transport, total]) => new Promise((done, failed) => {
  const heard = [], codes = [];
  let since = 0;
  window.heard = heard;
  function open() {
    const socket = new SockJS("/sockjs", null, { transports: transport });
    const send = (command) => socket.send(JSON.stringify(command));
    socket.onopen = () => send({ id: 1, do: "join", room: "lobby", since });
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.re === 1) codes.push(frame.ok.mode);
      if (frame.event !== "posted") return;
      since = frame.seq;
      heard.push(frame.text);
      if (heard.length === total) done({ heard, codes });
    };
    socket.onclose = () => heard.length < total && setTimeout(open, 50);
  }
  open();
  setTimeout(() => failed(new Error(`${heard.length} of ${total} came`)), 30000);
})"""


@pytest.mark.timeout(120)
@pytest.mark.skipif(not CLIENT.exists(), reason="the JavaScript clients are not installed")
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_sockjs_client_misses_nothing_when_the_server_is_killed(
    browser: Browser, tmp_path: Path, transport: str
) -> None:
    async with Server(tmp_path) as server, native_poster(server, 0, 300):
        context = await browser.new_context(bypass_csp=True)
        try:
            page = await context.new_page()
            await page.goto(f"{server.url}/healthz")
            await page.add_script_tag(path=CLIENT)
            following = asyncio.create_task(page.evaluate(FOLLOW, [transport, 600]))
            await page.wait_for_function("window.heard && heard.length >= 300")
            await server.restart()
            async with native_poster(server, 300, 600):
                result = await following
        finally:
            await context.close()
    assert result["heard"] == [str(n) for n in range(600)]
    assert result["codes"] == ["resumed", "resumed"]


@asynccontextmanager
async def native_poster(server: Server, begin: int, end: int) -> AsyncIterator[None]:
    """Posts numbers during the block."""

    async def post() -> None:
        async with native(server.port) as ada:
            for number in range(begin, end):
                await ada.ask("post", room="lobby", text=str(number))

    posting = asyncio.create_task(post())
    try:
        yield
        await posting
    finally:
        posting.cancel()
