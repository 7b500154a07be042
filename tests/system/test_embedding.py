"""A room in a page of another site, as `embed.js` puts it there: with a token or a name, and only where the settings allow it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Route,
    WebSocketRoute,
    expect,
)

from tests.support.images import GIF, png
from tests.support.newcomers import PASSWORD, REFUSED, asked, claim_link, enroll
from tests.support.server import Server
from tests.system.test_accessibility import AXE, faults
from tests.system.test_page import in_the_log, post
from tests.system.test_page_tokens import Tokens

pytestmark = pytest.mark.timeout(120)

PAGE = """<!doctype html><html lang="en"><title>Ours</title><style>* {{ color: red; font-size: 40px }}</style>
<main><h1>Ours</h1><div id="chat"></div></main><script type="module" src="/ours.js"></script></html>"""


class Site:
    """Another site: one page, whose script can be given, and whose policy is as the how-to says."""

    def __init__(self) -> None:
        self.script = ""
        self.policy = ""
        self.url = ""

    async def _page(self, _: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": self.policy}
        return web.Response(text=PAGE.format(), content_type="text/html", headers=headers)

    async def _script(self, _: web.Request) -> web.Response:
        return web.Response(text=self.script, content_type="text/javascript")

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Site"]:
        application = web.Application()
        application.router.add_get("/", self._page)
        application.router.add_get("/ours.js", self._script)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://evil.example:{runner.addresses[0][1]}"
        yield self
        await runner.cleanup()

    def embeds(self, server: Server, **options: Any) -> None:
        """Its page embeds a room of a server, in three lines."""
        socket = server.url.replace("http", "ws")
        self.policy = (
            "default-src 'none'; style-src 'unsafe-inline';"
            f" script-src 'self' {server.url}; connect-src {server.url} {socket}"
        )
        self.script = (
            f'import {{ embed }} from "{server.url}/web/embed.js";\n'
            f'embed("#chat", {json.dumps(options)});\n'
        )


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site().running() as site:
        yield site


@pytest.fixture
async def server(site: Site, tmp_path: Path) -> AsyncIterator[Server]:
    """A server that allows the site to embed its rooms."""
    async with Server(tmp_path / "data", "--allow-origin", site.url) as server:
        yield server


def hear(wrong: list[str], told: ConsoleMessage) -> None:
    if told.type == "error" and not REFUSED.search(told.text):
        wrong.append(told.text)


@pytest.fixture
async def page(browser: Browser, server: Server) -> AsyncIterator[Page]:
    """A page whose console has no error, such as a violation of its policy; it goes before the server does."""
    wrong: list[str] = []
    async with await browser.new_context() as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda told: hear(wrong, told))
        yield page
    assert not wrong


def room(page: Page) -> Locator:
    return page.locator("hubbub-room")


async def test_an_allowed_site_talks_with_a_token_and_keeps_nothing(
    page: Page, site: Site, server: Server
) -> None:
    token = await Tokens(server).create("www", "--rooms", "help-desk", "--can", "read,post")
    await post(server, "hello **there**", room="help-desk")
    site.embeds(server, room="help-desk", heading="Ask us", token=token)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(str(request.headers)))
    await page.goto(site.url)
    await expect(room(page).get_by_role("heading", name="Ask us")).to_be_visible()
    await expect(room(page).locator(".body")).to_have_text(["hello there"])
    await expect(room(page).locator(".body strong")).to_have_text("there")
    await room(page).get_by_role("textbox", name="Message").fill("gladly")
    await page.keyboard.press("Enter")
    await expect(room(page).locator(".body")).to_have_text(["hello there", "gladly"])
    await expect(room(page).locator(".mine .by bdi")).to_have_text("www")
    await post(server, "and more", room="help-desk")
    await expect(room(page).locator(".body").last).to_have_text("and more")
    # The site's own styles change nothing inside, and nothing is kept in the browser.
    size = await room(page).locator(".body").first.evaluate("it => getComputedStyle(it).fontSize")
    assert size != "40px"
    kept = "[localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length]"
    assert await page.evaluate(f"(async () => {kept})()") == [0, 0, "", 0]
    assert not any("cookie" in each.lower() for each in sent)
    await page.evaluate("document.querySelector('hubbub-room').remove()")
    await expect(page.locator("hubbub-room")).to_have_count(0)


async def test_a_site_that_is_not_allowed_gets_nothing(browser: Browser, tmp_path: Path) -> None:
    async with (
        Site().running() as site,
        Server(tmp_path / "data", "--allow-origin", "https://www.example.org") as server,
        await browser.new_context() as context,
    ):
        await post(server, "for others")
        site.embeds(server, room="lobby", name="eve")
        page = await context.new_page()
        async with page.expect_event("requestfailed") as failed:
            await page.goto(site.url)
        assert (await failed.value).url == f"{server.url}/web/embed.js"
        assert await page.locator("hubbub-room").count() == 0
        told = await page.evaluate(
            "hub => fetch(`${hub}/api/v1/rooms/lobby`).then(() => 'read', () => 'refused')",
            server.url,
        )
        assert told == "refused"


async def test_a_guest_talks_by_name_and_a_theme_is_kept_to(
    page: Page, site: Site, server: Server
) -> None:
    site.embeds(server, room="lobby", name="vera", theme="dark")
    await page.emulate_media(color_scheme="light")
    await page.goto(site.url)
    await expect(room(page).get_by_text("Nobody has written anything yet.")).to_be_visible()
    await room(page).get_by_role("textbox", name="Message").fill("anyone?")
    await room(page).get_by_role("button", name="Send").click()
    await expect(room(page).locator(".message:not(.unsent) .body")).to_have_text(["anyone?"])
    assert await in_the_log(server) == ["anyone?"]
    background = "it => getComputedStyle(it.shadowRoot.firstElementChild).backgroundColor"
    dark = await room(page).evaluate(background)
    await room(page).evaluate("it => it.setAttribute('theme', 'light')")
    await expect(room(page).locator(".body")).to_have_text(["anyone?"])
    assert await room(page).evaluate(background) != dark
    if AXE.is_file():
        await page.evaluate("document.querySelector('style').remove()")
        assert not await faults(page)


async def test_what_is_written_before_the_room_is_there_is_sent(
    page: Page, site: Site, server: Server
) -> None:
    open_ = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def pass_on(socket: WebSocketRoute, frame: str | bytes) -> None:
        await open_.wait()
        socket.send(frame)

    def hold(socket: WebSocketRoute) -> None:
        there = socket.connect_to_server()
        there.on_message(lambda frame: tasks.append(asyncio.create_task(pass_on(socket, frame))))

    await page.route_web_socket(lambda _: True, hold)
    site.embeds(server, room="lobby", name="vera")
    await page.goto(site.url)
    await room(page).get_by_role("textbox", name="Message").fill("too early?")
    await page.keyboard.press("Enter")
    await expect(room(page).locator(".unsent .body")).to_have_text("too early?")
    open_.set()
    await expect(room(page).locator(".mine .body")).to_have_text("too early?")
    assert await in_the_log(server) == ["too early?"]
    await room(page).evaluate("it => it.remove()")


async def test_whoever_is_logged_in_at_the_server_is_not_so_in_the_other_page(
    page: Page, site: Site, server: Server
) -> None:
    await enroll(page, claim_link(server), "Ada")
    neighbour = site.url.replace("evil.example", "127.0.0.1")  # browsers send cookies to it
    site.embeds(server, room="lobby", name="vera")
    await page.goto(neighbour)
    await room(page).get_by_role("textbox", name="Message").fill("who am I?")
    await page.keyboard.press("Enter")
    await expect(room(page).locator(".mine .by bdi")).to_have_text("vera")
    await room(page).evaluate("it => it.remove()")


async def test_what_is_refused_is_said(page: Page, site: Site, server: Server) -> None:
    token = await Tokens(server).create("www", "--rooms", "help-desk", "--can", "read")
    site.embeds(server, room="help-desk", token=token)
    await page.goto(site.url)
    await room(page).get_by_role("textbox", name="Message").fill("may I?")
    await page.keyboard.press("Enter")
    await expect(room(page).get_by_role("alert")).to_contain_text("Not allowed to post")
    await room(page).get_by_role("button", name="Discard").click()
    await expect(room(page).locator(".unsent")).to_have_count(0)
    await room(page).evaluate("it => it.setAttribute('room', 'elsewhere')")
    await expect(room(page).get_by_role("status")).to_contain_text("No such room")
    await room(page).evaluate("it => it.removeAttribute('room')")
    await expect(room(page).get_by_text("This page names no room")).to_be_visible()


class Host:
    """Ada, the owner, by a program; and a room of hers that is public, so that visitors post in it."""

    def __init__(self, server: Server, token: str, room: str) -> None:
        self.room = room
        self.token = token
        self._server = server

    @classmethod
    async def of(cls, server: Server) -> "Host":
        new = {"token": claim_link(server).partition("#")[2], "wants": "token", "name": "Ada"}
        chosen = {"handle": "ada", "password": PASSWORD}
        token = (await asked(server, "POST", "/claim", new | chosen))["token"]
        made = {"title": "Help desk", "kind": "open", "alias": "desk", "public": "post"}
        return cls(server, token, (await asked(server, "POST", "/rooms", made, token))["made"])

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        path = f"/rooms/{quote(self.room)}{path}"
        return await asked(self._server, method, path, body, self.token)

    async def add_emoji(self, name: str) -> None:
        url = f"{self._server.url}/api/v1/emoji/{name}"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "image/gif"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.put(url, data=GIF) as answer,
        ):
            assert answer.status == 200, await answer.text()

    async def post(self, text: str, thread: str = "") -> int:
        return int((await self.ask("POST", f"{thread}/messages", {"text": text}))["seq"])


async def answer_in_a_thread(page: Page, host: Host, kettle: int) -> None:
    """Open the thread of the first message, in which two answer, and come back."""
    messages = room(page).locator(".pane").first.locator("li.message")
    await host.post("the red one", f":{kettle}")
    await messages.first.get_by_role("button", name="1 reply").click()
    thread = room(page).get_by_role("region", name="Thread")
    await expect(thread.locator(".body")).to_have_text(["which kettle?", "the red one"])
    await expect(messages.first).to_be_hidden()
    await host.post("or the blue one", f":{kettle}")
    await expect(thread.locator(".by bdi").last).to_have_text("Ada")
    await expect(thread.locator(".body").last).to_have_text("or the blue one")
    await thread.get_by_role("textbox", name="Reply").fill("thank you")
    await page.keyboard.type(" :wave:")
    await expect(thread.get_by_role("textbox", name="Reply")).to_have_value("thank you 👋")
    await page.keyboard.press("Enter")
    await expect(thread.locator(".message:not(.unsent) .body").last).to_have_text("thank you 👋")
    await expect(thread.locator(".mine .by bdi")).to_have_text("vera")
    if AXE.is_file():
        await page.evaluate("document.querySelector('style').remove()")
        assert not await faults(page)
    await page.keyboard.press("Escape")
    await expect(thread).to_have_count(0)
    await expect(messages.first.get_by_role("button", name="3 replies")).to_be_visible()


DROP = """(form, name) => {
  const data = new DataTransfer();
  data.items.add(new File(["dropped"], name));
  form.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


async def attach(page: Page, form: Locator) -> None:
    """Choose two files, and drop another, which goes again."""
    notes = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"by token")
    picture = FilePayload(name="dot.png", mimeType="image/png", buffer=png(8, 8))
    async with page.expect_file_chooser() as chooser:
        await form.get_by_role("button", name="Attach files").click()
    await (await chooser.value).set_files([notes, picture])
    await form.evaluate(DROP, "unwanted.txt")
    attached = form.get_by_role("list", name="Attached files").get_by_role("listitem")
    await expect(attached).to_have_count(3)
    if AXE.is_file():
        assert not await faults(page)
    await form.get_by_role("button", name="Remove unwanted.txt").click()
    await expect(attached).to_have_count(2)
    await form.get_by_role("button", name="Pause notes.txt").click()
    await expect(attached.first).to_contain_text("Paused")
    await form.get_by_role("button", name="Resume notes.txt").click()
    await expect(form.get_by_role("button", name="Pause notes.txt")).to_be_visible()
    await form.get_by_role("textbox", name="Alt text for dot.png").fill("A dot")
    await page.keyboard.press("Enter")
    await expect(form.get_by_role("textbox", name="Message")).to_be_focused()


async def wait_with_files(page: Page, form: Locator) -> None:
    """A message waits for its files, and others go ahead of it."""
    waiting = room(page).locator(".unsent")
    await expect(waiting).to_contain_text("Sending… 2 files to upload")
    await expect(waiting.get_by_role("list", name="Attached files")).to_contain_text("dot.png")
    await expect(waiting).to_be_in_viewport()
    await expect(form.get_by_role("list", name="Attached files")).to_have_count(0)
    await form.get_by_role("textbox", name="Message").fill("at once")
    await page.keyboard.press("Enter")
    await expect(room(page).locator(".message:not(.unsent) .body").last).to_have_text("at once")


async def send_files(page: Page, host: Host) -> None:
    """Send files before they are uploaded. One stays at the end while the form grows."""
    messages, form = room(page).locator("li.message"), room(page).locator("form")
    opened = asyncio.Event()

    async def hold(route: Route) -> None:
        await opened.wait()
        await route.continue_()

    await page.evaluate("document.querySelector('style').remove()")  # or it is higher than all
    for number in range(12):
        await host.post(f"line {number}")
    await expect(messages.last).to_contain_text("line 11")
    await expect(messages.last).to_be_in_viewport()
    await page.route("**/api/v1/uploads", hold)
    await attach(page, form)
    await expect(messages.last).to_be_in_viewport()
    await form.get_by_role("textbox", name="Message").fill("\n".join("all of it" for _ in range(5)))
    await expect(messages.last).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await wait_with_files(page, form)
    opened.set()
    await expect(messages.last.get_by_role("list", name="Files")).to_contain_text("notes.txt")
    await expect(messages.last.get_by_role("img", name="A dot")).to_be_visible()
    await expect(room(page).locator(".unsent")).to_have_count(0)
    last = (await host.ask("GET", "/messages?limit=1"))["messages"][0]
    shown = [(file["name"], file.get("alt")) for file in last["files"]]
    assert shown == [("notes.txt", None), ("dot.png", "A dot")]


async def draw_emoji(messages: Locator, host: Host) -> None:
    """The server's own emoji are drawn, since the site's policy knows no pictures of the server's."""
    await host.add_emoji("parrot")
    named = await host.post("a :parrot: here, and :none:")
    await host.ask("PUT", f"/messages/{named}/reactions/:parrot:")
    last = messages.last
    await expect(last.locator(".body")).to_contain_text(", and :none:")
    await expect(last.locator(".body").get_by_role("img", name=":parrot:")).to_be_visible()
    await expect(last.locator(".reactions canvas")).to_be_visible()


async def visit_with_an_account(page: Page, site: Site, server: Server, host: Host) -> None:
    """Files are for accounts."""
    await expect(room(page).get_by_role("button", name="Attach files")).to_have_count(0)
    site.embeds(server, room="#desk", token=host.token)
    await page.goto(site.url)
    await send_files(page, host)


async def test_reactions_edits_and_threads_are_shown_as_they_happen(
    page: Page, site: Site, server: Server
) -> None:
    host = await Host.of(server)
    kettle = await host.post("which kettle?")
    typo = await host.post("typpo")
    site.embeds(server, room="#desk", name="vera")
    await page.goto(site.url)
    messages = room(page).locator(".pane").first.locator("li.message")
    await expect(messages).to_contain_text(["which kettle?", "typpo"])
    await host.ask("PUT", f"/messages/{kettle}/reactions/{quote('👍')}")
    liked = messages.first.get_by_role("button", name="👍 by", pressed=False)
    await expect(liked).to_have_text("👍 1")
    await liked.click()
    await expect(messages.first.get_by_role("button", name="👍 by 2", pressed=True)).to_be_visible()
    await host.ask("PATCH", f"/messages/{typo}", {"text": "no typo"})
    await expect(messages.last).to_contain_text("no typo (edited)")
    await host.ask("DELETE", f"/messages/{typo}")
    await expect(messages.last).to_contain_text("deleted")

    await answer_in_a_thread(page, host, kettle)

    # By keyboard: back at the message whose thread it was, and from there to what is done with it.
    await expect(messages.first).to_be_focused()
    await messages.first.get_by_role("button", name="React", exact=True).press("Enter")
    await messages.first.get_by_role("button", name="React with 🎉").press("Enter")
    await expect(messages.first.get_by_role("button", name="🎉 by 1", pressed=True)).to_be_visible()
    message = await host.ask("GET", f"/messages/{kettle}")
    assert {emoji: len(by) for emoji, by in message["message"]["reactions"].items()} == {
        "👍": 2,
        "🎉": 1,
    }

    await draw_emoji(messages, host)
    await visit_with_an_account(page, site, server, host)
