"""A server with a room of many messages among many rooms, and a browser in which somebody is at home there."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, CDPSession, Page, async_playwright

from benchmarks.generator import LoadFailed
from benchmarks.people.town import AT, EPOCH, Resident, Town, build
from benchmarks.servers import free_port
from hubbub.domain.facts import Proposal
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.protocol.messages import Post
from hubbub.server.stores.sqlite.store import SqliteStore

BATCH = 1_000  # changes in a commit
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Counts frames, how long keys wait for the page, and where a message stands that is read.
SPY = """window.spied = { frames: 0, waits: [], tops: [] };
addEventListener('keydown', (key) => spied.waits.push(performance.now() - key.timeStamp), true);
(function frame() {
  spied.frames++;
  const read = spied.seq && document.querySelector(`#scroller [data-seq="${spied.seq}"]`);
  if (spied.seq) spied.tops.push(read ? read.getBoundingClientRect().top : NaN);
  requestAnimationFrame(frame);
})();"""


@dataclass
class Stage:
    """Where it is measured."""

    browser: Browser
    data: Path
    port: int
    owner: Resident
    reader: Resident
    process: asyncio.subprocess.Process

    @property
    def room(self) -> str:
        """The room with many messages."""
        return self.reader.rooms[0]

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    async def page(self, room: str) -> Page:
        """A page of the reader's, in a profile of its own, with a room open in which all is quiet."""
        context = await self.browser.new_context(viewport={"width": 1280, "height": 800})
        name = f"hubbub-{self.port}"
        await context.add_cookies([{"name": name, "value": self.reader.token, "url": self.url}])
        page = await context.new_page()
        account = f"localStorage.setItem('hubbub.account', '{self.reader.account}');"
        await page.add_init_script(account + SPY)
        await page.goto(f"{self.url}/r/{room}")
        await page.locator(".message").first.wait_for()
        return page

    async def write(self, count: int, rate: float = 0) -> None:
        """Have the owner post so many messages in the room, so many a second."""
        headers = {"Authorization": f"Bearer {self.owner.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.ws_connect(f"{self.url}/ws", protocols=["hubbub.v1"]) as socket,
        ):
            began = asyncio.get_running_loop().time()
            for first in range(0, count, 50):
                for i in range(first, first + 50):
                    text = f"message {i} while somebody types"
                    post = {"do": "post", "id": i, "room": self.room, "text": text}
                    await socket.send_json(post)
                left = 50
                while left:
                    left -= "re" in await socket.receive_json()
                due = began + (first + 50) / rate if rate else 0
                await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))


async def watch(page: Page) -> CDPSession:
    """Begin to count."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    return session


async def cpu(session: CDPSession) -> float:
    """Seconds for which the processor has worked for a page's main thread: others who use it don't matter."""
    found = await session.send("Performance.getMetrics")
    return float(next(each["value"] for each in found["metrics"] if each["name"] == "ThreadTime"))


async def _fill(folder: Path, owner: str, room: str, count: int) -> None:
    store = SqliteStore(folder, "normal", lambda: EPOCH)
    who = Principal(owner, Role.ACCOUNT, owner, frozenset(Scope))
    for first in range(0, count, BATCH):
        posts = [Post(room=room, text=f"{n} {'x' * 60}") for n in range(first, first + BATCH)]
        await store.commit([Proposal(who, post) for post in posts], AT)
    await store.close()


async def serve(data: Path, port: int) -> asyncio.subprocess.Process:
    """A server on the database."""
    command = ("-m", "hubbub", "serve", "--port", str(port), "--data", str(data))
    flags = ("--message-rate", "0", "--guests", "off")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, *flags, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async for line in process.stdout:
        if b"is ready" in line:
            break
    return process


@asynccontextmanager
async def stage(data: Path, messages: int, rooms: int) -> AsyncIterator[Stage]:
    """Make the rooms, start the server and the browser."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        raise LoadFailed("there is no Chromium: make chromium, as root")
    owner, reader = await build(data, Town(2, rooms, rooms, 5 * rooms))
    await _fill(data, owner.account, reader.rooms[0], messages)
    port = free_port()
    process = await serve(data, port)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--disable-gpu"], chromium_sandbox=os.geteuid() != 0
        )
        made = Stage(browser, data, port, owner, reader, process)
        try:
            yield made
        finally:
            await browser.close()
            if made.process.returncode is None:
                made.process.terminate()
                await made.process.wait()
