"""The programs and pages of `examples/`, as people run them: all in one room at once."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from playwright.async_api import Page, expect

from tests.integration.native import Native, native
from tests.support.chromium import browser, page
from tests.support.node import NODE, NODE_PATH, NPM_FOLDER
from tests.support.server import Server

__all__ = ["browser", "page"]

EXAMPLES = Path(__file__).parents[2] / "examples"
CHAT = {
    "ws.js": "ws",
    "websocket-node.js": "ws",
    "socketio.js": "http",
    "sockjs.js": "http",
    "plain.py": "ws",
    "sdk.py": "http",
    "curl.sh": "http",
}
INTERPRETERS = {".js": str(NODE), ".py": sys.executable, ".sh": "sh"}
EACH = 20
WAIT_SECONDS = 30.0
PICTURES = os.environ.get("TEST_PICTURES", "")


class Chat:
    """A running example."""

    def __init__(self, name: str, process: Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.name = name
        self.process = process
        self._input, self._output = process.stdin, process.stdout

    def type(self, line: str) -> None:
        """A line on its keyboard."""
        self._input.write(f"{line}\n".encode())

    async def line(self) -> str:
        """The next line that it shows."""
        async with asyncio.timeout(WAIT_SECONDS):
            return (await self._output.readline()).decode()

    async def left(self) -> str:
        """Ctrl+D; what it still showed, once nobody can write to its screen any more."""
        self._input.close()
        return await self._ended()

    async def interrupted(self) -> str:
        """Ctrl+C, which all that was started in its terminal get; what it still showed."""
        os.killpg(self.process.pid, signal.SIGINT)
        return await self._ended()

    async def _ended(self) -> str:
        async with asyncio.timeout(WAIT_SECONDS):
            shown = await self._output.read()
            await self.process.wait()
        return shown.decode()

    async def shows(self, wanted: set[str]) -> list[str]:
        """What it prints, in order, until it has printed each of these."""
        shown: list[str] = []
        async with asyncio.timeout(WAIT_SECONDS):
            while set(shown) < wanted:
                line = (await self._output.readline()).decode()
                assert line, f"{self.name} ended, and showed {len(shown)} of {len(wanted)}"
                shown += [said for said in wanted if said in line]
        return shown


@asynccontextmanager
async def started(name: str, *command: str, **environment: str) -> AsyncIterator[Chat]:
    """A program that runs."""
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment, stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    try:
        yield Chat(name, process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


def chatting(name: str, server: Server) -> AbstractAsyncContextManager[Chat]:
    """A running program of `examples/chat`."""
    program = (INTERPRETERS[Path(name).suffix], str(EXAMPLES / "chat" / name))
    url = f"{CHAT[name]}://127.0.0.1:{server.port}"
    return started(name, *program, url, NODE_PATH=str(NODE_PATH))


async def both_hear(chat: Chat, ada: Native) -> None:
    """Once each has heard the other, both are in the room."""
    greeting = f"<{chat.name}>"
    chat.type(greeting)
    while (await ada.event()).get("text") != greeting:
        pass
    answer = asyncio.create_task(chat.shows({f"<hello, {chat.name}>"}))
    while not answer.done():  # curl may have posted before it began to listen
        await ada.ask("post", room="lobby", text=f"<hello, {chat.name}>")
        await asyncio.wait({answer}, timeout=0.2)
    await answer


def test_there_are_no_others() -> None:
    assert {path.name for path in (EXAMPLES / "chat").iterdir() if path.suffix in INTERPRETERS} == {
        *CHAT
    }


@pytest.mark.timeout(90)
@pytest.mark.skipif(not NODE_PATH.is_dir(), reason="the JavaScript clients are not installed")
async def test_all_talk_in_one_room_and_show_the_same(tmp_path: Path) -> None:
    async with Server(tmp_path) as server, native(server.port, "ada") as ada, AsyncExitStack() as s:
        await ada.ask("join", room="lobby")
        chats = [await s.enter_async_context(chatting(name, server)) for name in CHAT]
        for chat in chats:
            await both_hear(chat, ada)
        await ada.ask("leave", room="lobby")  # she won't read what follows
        said = {f"<{chat.name} {n}>" for chat in chats for n in range(EACH)}
        shown = [asyncio.create_task(chat.shows(said)) for chat in chats]
        for number in range(EACH):
            for chat in chats:
                chat.type(f"<{chat.name} {number}>")
        first, *others = await asyncio.gather(*shown)
        assert len(first) == len(said), "each once"
        for other in others:
            assert other == first
        for chat in chats:
            rest = await chat.left()
            assert not [line for line in said if line in rest], f"{chat.name} showed some again"
            assert chat.process.returncode == 0, chat.name


@pytest.mark.skipif(not NODE_PATH.is_dir(), reason="the JavaScript clients are not installed")
async def test_ctrl_c_ends_each_and_all_that_it_started(tmp_path: Path) -> None:
    async with Server(tmp_path) as server, native(server.port, "ada") as ada, AsyncExitStack() as s:
        await ada.ask("join", room="lobby")
        chats = [await s.enter_async_context(chatting(name, server)) for name in CHAT]
        for chat in chats:
            await both_hear(chat, ada)
        await asyncio.gather(*(chat.interrupted() for chat in chats))


LIVE = EXAMPLES / "live"


def living(name: str, *arguments: str) -> AbstractAsyncContextManager[Chat]:
    """A running program of `examples/live`."""
    return started(name, str(NODE), str(LIVE / name), *arguments)


@pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js")
async def test_two_chat_in_ten_lines(shared_server: Server) -> None:
    url = shared_server.url
    async with (
        living("chat.js", "ada", "live-chat", url) as ada,
        living("chat.js", "grace", "live-chat", url) as grace,
    ):
        ada.type("<hello>")
        await grace.shows({"ada: <hello>"})
        grace.type("<hi>")
        await ada.shows({"grace: <hi>"})
        await ada.left()
        assert ada.process.returncode == 0


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the page, where pictures are wanted."""
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def publish(page: Page, text: str) -> None:
    """Post something in the feed of a page."""
    await page.get_by_label("Your post").fill(text)
    await page.get_by_role("button", name="Post").click()
    await expect(page.get_by_text(text)).to_be_visible()


@pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js")
async def test_a_feed_shows_whom_one_follows_what_is_new_and_likes(
    shared_server: Server, page: Page
) -> None:
    async with living("feed.js", "0") as site:
        address = f"{(await site.line()).strip()}?server={shared_server.url}"
        hedy = await page.context.new_page()
        await hedy.goto(f"{address}&name=hedy")
        await publish(hedy, "build 118 is green")
        await page.goto(f"{address}&name=vera")
        await page.get_by_label("Author").fill("hedy")
        await page.get_by_role("button", name="Follow", exact=True).click()
        await page.get_by_role("button", name="Like, 0 so far").click()
        await expect(hedy.get_by_role("button", name="Like, 1 so far")).to_be_visible()
        await publish(page, "tea is ready")
        await page.goto("about:blank")
        for text in ("build 119 is red", "build 120 is green"):
            await publish(hedy, text)
        await page.goto(f"{address}&name=vera")
        await expect(page.get_by_text("2 new since you were here")).to_be_visible()
        posts = page.locator("#posts li")
        shown = ["build 120 is green", "build 119 is red", "tea is ready", "build 118 is green"]
        await expect(posts.locator("p:last-of-type")).to_have_text(shown)
        await expect(page.locator("#posts .new")).to_have_count(2)
        await picture(page, "feed")
        await page.get_by_role("button", name="Unfollow hedy").click()
        await expect(posts).to_have_count(1)


@pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js")
async def test_drivers_move_on_the_map_and_stay_where_they_were_last(
    shared_server: Server, page: Page
) -> None:
    url = shared_server.url
    async with living("map.js", "0") as site:
        async with living("drivers.js", "3", url):
            address = (await site.line()).strip()
            await page.goto(f"{address}?server={url}")
            drivers = page.locator(".driver")
            await expect(drivers).to_have_count(3)
            await expect(page.locator("#state")).to_have_text("3 drivers, by websocket")
            before = await drivers.first.get_attribute("style")
            assert before is not None
            await expect(drivers.first).not_to_have_attribute("style", before)
            way = page.locator(".way").first
            await expect(way).to_have_attribute("points", re.compile(r"(\S+ ){2}"))
            await picture(page, "map")
        await expect(page.locator(".driver.old")).to_have_count(3)
        await page.reload()  # what is left is in the log
        await expect(drivers).to_have_text([re.compile(r"driver-\d, \d+ s ago")] * 3)
        await expect(way).to_have_attribute("points", re.compile(r"(\S+ ){2}"))


def test_people_get_the_versions_that_are_tested() -> None:
    people, tests = (
        json.loads((folder / "package-lock.json").read_text())["packages"][""]["dependencies"]
        for folder in (EXAMPLES / "chat", NPM_FOLDER)
    )
    assert people.items() <= tests.items()


@asynccontextmanager
async def pages_served() -> AsyncIterator[str]:
    """The folder of pages, as `python3 -m http.server` serves it; its address."""
    application = web.Application()
    application.router.add_static("/", EXAMPLES / "pages")
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port: int = runner.addresses[0][1]
        yield f"http://localhost:{port}"
    finally:
        await runner.cleanup()


async def said(server: Server, *texts: str, room: str = "lobby") -> None:
    async with ClientSession() as http:
        for text in texts:
            url = f"{server.url}/api/v1/rooms/{room}/messages?name=ada"
            async with http.post(url, json={"text": text}) as answer:
                assert answer.status == 201


@pytest.mark.parametrize("name", ["longpoll.html", "eventsource.html"])
async def test_a_page_does_not_show_what_was_deleted(page: Page, tmp_path: Path, name: str) -> None:
    async with Server(tmp_path) as server, pages_served() as pages:
        messages = f"{server.url}/api/v1/rooms/lobby/messages"
        async with ClientSession(headers={"Hubbub-Key": "the key of ada and grace"}) as http:
            async with http.post(f"{messages}?name=ada", json={"text": "a secret"}) as answer:
                assert answer.status == 201
            async with http.delete(f"{messages}/1?name=ada") as answer:
                assert answer.status == 200
        await said(server, "after")
        await page.goto(f"{pages}/{name}?server=http://localhost:{server.port}")
        await expect(page.locator("li").last).to_contain_text("after")
        assert await shown(page) == ["ada after"]


async def shown(page: Page) -> list[str]:
    return await page.locator("li").all_inner_texts()


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    "name, who", [("longpoll.html", "fetch"), ("eventsource.html", "eventsource")]
)
async def test_a_page_shows_all_once_through_restarts_of_the_server(
    page: Page, tmp_path: Path, name: str, who: str
) -> None:
    async with Server(tmp_path) as server, pages_served() as pages:
        await said(server, "before", "<img src=x onerror=boom()>")
        await page.goto(f"{pages}/{name}?server=http://localhost:{server.port}")
        lines = page.locator("li")
        await expect(lines).to_have_count(2)
        await said(server, "while it is open")
        await expect(lines).to_have_count(3)
        await page.get_by_label("Message").fill("from the page")
        await page.keyboard.press("Enter")
        await expect(lines).to_have_count(4)
        await server.kill()
        await page.get_by_label("Message").fill("while the server is away")
        await page.keyboard.press("Enter")
        await server.start()
        await said(server, "after")
        await expect(lines).to_have_count(6)
        assert (await shown(page))[:4] == [
            "ada before",
            "ada <img src=x onerror=boom()>",
            "ada while it is open",
            f"{who} from the page",
        ]
        assert sorted((await shown(page))[4:]) == ["ada after", f"{who} while the server is away"]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("name", ["longpoll.html", "eventsource.html"])
async def test_a_page_begins_anew_when_the_log_is_another_one(
    page: Page, tmp_path: Path, name: str
) -> None:
    async with Server(tmp_path / "data") as server, pages_served() as pages:
        await said(server, "old", "older than what comes")
        await page.goto(f"{pages}/{name}?server=http://localhost:{server.port}")
        await expect(page.locator("li")).to_have_count(2)
        await server.kill()
        shutil.rmtree(server.data)
        await server.start()
        await said(server, "new")
        await expect(page.locator("li")).to_have_text(["ada new"])
        await said(server, "and on")
        await expect(page.locator("li")).to_have_text(["ada new", "ada and on"])


# Tells its page what it reads, until a message says "enough".
WORKER = """
import { connect } from "SITEsdk/hubbub.ts";
const client = await connect("SERVER", { name: "worker" }).open();
const room = await client.follow("factory");
await room.post(`from a ${self.constructor.name}, by ${client.transport.kind}`);
for await (const { event, text } of room) {
  if (event === "posted") postMessage(text);
  if (text === "enough") break;
}
await client.close();
postMessage("gone");
"""
STARTS = """(script) => {
  window.told = [];
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => window.told.push(data);
}"""


@pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js")
async def test_a_worker_talks_too(shared_server: Server, page: Page) -> None:
    async with living("feed.js", "0") as site:
        address = (await site.line()).strip()
        await page.goto(f"{address}?server={shared_server.url}&name=vera")
        script = WORKER.replace("SITE", address).replace("SERVER", shared_server.url)
        await page.evaluate(STARTS, script)
        told = "count => window.told.length >= count"
        await page.wait_for_function(told, arg=1)
        await said(shared_server, "enough", room="factory")
        await page.wait_for_function(told, arg=3)
        by_worker = "from a DedicatedWorkerGlobalScope, by websocket"
        assert await page.evaluate("told") == [by_worker, "enough", "gone"]
