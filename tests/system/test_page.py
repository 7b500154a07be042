"""The web page as people use it, in a real browser: they click, type, scroll and reload."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote as quote_path
from urllib.parse import urlencode

import aiohttp
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, Route, expect
from playwright.async_api import WebSocketRoute as Socket

from tests.integration.test_sdk_in_step import There
from tests.support.chromium import NO_WORKER, NO_WORKER_SAID, WITH_WORKER
from tests.support.markdown import shown_text
from tests.support.markup import EVIL
from tests.support.newcomers import exactly
from tests.support.proxy import Proxy
from tests.support.server import Server
from tests.support.strict import Strict

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
REFUSED = "ERR_CONNECTION_"
AWAY = re.compile(
    f"{NO_WORKER_SAID}|{REFUSED}|ERR_FAILED|ERR_SOCKET_|ERR_INTERNET_DISCONNECTED|ERR_INCOMPLETE_CHUNKED|ERR_CONTENT_LENGTH_MISMATCH|ERR_EMPTY_|WebSocket connection to .* failed"
)  # of a server that is down, or a network
FEW_SHOWN = 60  # messages that are drawn to begin with
MOST_SHOWN = 150  # and as one reads on
MOST_AT_ONCE = 130  # texts that fit into what is drawn, with replies to some

Open = Callable[..., Awaitable[Page]]


class Browsing:
    """Profiles and pages of one test, and all that went wrong in them."""

    def __init__(self, browser: Browser, url: str, **profile: Any) -> None:
        self._browser = browser
        self._url = url
        self._profile = NO_WORKER | profile
        self.contexts: list[BrowserContext] = []
        self.wrong: list[str] = []

    async def open(
        self, path: str = "/", beside: Page | None = None, script: str = "", **profile: Any
    ) -> Page:
        """A page in a profile of its own, or in another tab `beside` one; `script` runs in it before any other."""
        context = (
            beside.context if beside else await self._browser.new_context(**self._profile | profile)
        )
        if beside is None:
            self.contexts.append(context)
        page = await context.new_page()
        await page.add_init_script(script)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("dialog", lambda dialog: self.wrong.append(f"a dialog: {dialog.message}"))
        await page.goto(path if "://" in path else self._url + path)
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not AWAY.search(text):
            self.wrong.append(text)


@asynccontextmanager
async def visiting(browser: Browser, server: Server, **profile: Any) -> AsyncIterator[Open]:
    """Opens pages of a server. Raises AssertionError if one threw, or its console had an error."""
    browsing = Browsing(browser, server.url, **profile)
    yield browsing.open
    for context in browsing.contexts:
        await context.close()
    assert not browsing.wrong


@pytest.fixture
async def visit(browser: Browser, server: Server) -> AsyncIterator[Open]:
    """Opens pages of `server`; the test fails if one threw, or its console had an error."""
    async with visiting(browser, server) as visit:
        yield visit


@pytest.fixture
async def ada(visit: Open) -> Page:
    return await here(await visit("/?name=ada"))


@pytest.fixture
async def grace(visit: Open) -> Page:
    return await here(await visit("/?name=grace"))


@dataclass
class Talk:
    """Ada and Grace, guests, in one room after the other."""

    server: Server
    browsing: Browsing
    ada: Page
    grace: Page
    rooms: int = 0

    @property
    def room(self) -> str:
        return f"room-{self.rooms}"

    async def begin(self) -> None:
        """Go to a new room, without reloading the pages."""
        self.rooms += 1
        for page in (self.ada, self.grace):
            await page.evaluate("(room) => { location.hash = room; }", self.room)
        for page in (self.ada, self.grace):
            await expect(page.get_by_role("heading", name=self.room, exact=True)).to_be_visible()
            await expect(page.get_by_role("button", name="2 here")).to_be_visible()


@pytest.fixture(scope="module")
async def talking(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Talk]:
    async with Server(tmp_path_factory.mktemp("talk") / "data") as server:
        browsing = Browsing(browser, server.url)
        ada, grace = [
            await here(await browsing.open(f"/?name={name}")) for name in ("ada", "grace")
        ]
        yield Talk(server, browsing, ada, grace)
        for context in browsing.contexts:
            await context.close()


@pytest.fixture
async def talk(talking: Talk) -> AsyncIterator[Talk]:
    """Two guests in a new room, for tests that leave the pages and the server as they were."""
    talking.browsing.wrong.clear()
    await talking.begin()
    yield talking
    assert not talking.browsing.wrong


async def here(page: Page) -> Page:
    """Wait until the page is in its room: until then it shows nobody there."""
    count = re.compile(r"^(א )?[1-9]\d* here( ת)?$")  # in the test locale, too
    await expect(page.get_by_role("button", name=count)).to_be_visible()
    return page


async def kept(page: Page) -> None:
    """Wait until the page's files are on this device, and its service worker opens it."""
    await page.evaluate("navigator.serviceWorker.ready")
    await page.wait_for_function("navigator.serviceWorker.controller !== null")


async def come_back(server: Server, *pages: Page) -> None:
    """Start a server again, and tell the pages as a device does: else they may wait for half a minute."""
    await server.start()
    for page in pages:
        await page.evaluate("dispatchEvent(new Event('online'))")


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name=exactly("Message"))


def bodies(page: Page) -> Locator:
    """The messages that are in the log, without those that are still to be sent."""
    return page.get_by_role("log").locator(".body")


def message(page: Page, text: str) -> Locator:
    return page.get_by_role("log").locator(".message").filter(has_text=text)


def unsent(page: Page) -> Locator:
    return page.get_by_role("list", name="Not yet sent").get_by_role("listitem")


async def say(page: Page, text: str) -> None:
    await composer(page).fill(text)
    await composer(page).press("Enter")


async def use(page: Page, text: str, *tools: str) -> None:
    """Go to a message with the mouse, and press its buttons."""
    await message(page, text).hover()
    for tool in tools:
        await message(page, text).get_by_role("button", name=tool, exact=True).click()


async def in_the_log(server: Server, room: str = "lobby") -> list[str]:
    url = f"{server.url}/api/v1/rooms/{room}/messages?limit=200"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return [message["text"] for message in (await answer.json())["messages"]]


async def post(server: Server, *texts: str, room: str = "lobby", **fields: object) -> None:
    """As a program does: by HTTP, as charles."""
    url = f"{server.url}/api/v1/rooms/{room}/messages?name=charles"
    async with aiohttp.ClientSession() as http:
        for text in texts:
            async with http.post(url, json={"text": text, **fields}) as answer:
                assert answer.status == 201, await answer.text()


# --- talking ---


async def test_two_talk_while_the_server_is_killed_between_their_messages(
    server: Server, ada: Page, grace: Page
) -> None:
    expected = []
    for n in range(12):
        if n in (3, 8):
            await server.kill()
        if n in (6, 11):
            await come_back(server, ada, grace)
        speaker = ada if n % 2 else grace
        await say(speaker, f"line {n}")
        expected.append(f"line {n}")
        if server.is_running:
            await expect(bodies(ada)).to_have_count(n + 1)
            await expect(bodies(grace)).to_have_count(n + 1)
    log = await in_the_log(server)
    assert sorted(log) == sorted(expected)
    assert log[:3] == expected[:3]
    await expect(bodies(ada)).to_have_text(log)
    await expect(bodies(grace)).to_have_text(log)
    for name in ("odd", "even"):
        own = [line for line in log if int(line.split()[1]) % 2 == (name == "odd")]
        assert own == sorted(own, key=lambda line: int(line.split()[1]))
    await expect(unsent(ada)).to_have_count(0)
    await expect(unsent(grace)).to_have_count(0)


async def test_nothing_is_written_before_a_room_is_open(visit: Open, server: Server) -> None:
    page = await visit("about://blank")
    asked, answered = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await answered.wait()
        await route.fulfill(json={"room": "lobby"})

    await page.route("**/api/v1/rooms/%23lounge", hold)
    await page.goto(f"{server.url}/r/%23lounge?name=ada")
    await asked.wait()
    await expect(composer(page)).to_be_disabled()
    answered.set()
    await expect(composer(page)).to_be_focused()
    await say(page, "hello")
    await expect(bodies(page)).to_have_text(["hello"])


async def test_the_page_says_that_it_is_offline(ada: Page) -> None:
    """An open WebSocket stays open when the network goes, so the page asks whether the server still answers."""
    await ada.clock.install()
    await ada.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))
    banner = ada.locator("#banner")
    await ada.context.set_offline(True)
    await ada.wait_for_function("!navigator.onLine")
    await ada.clock.fast_forward(10_000)
    await ada.clock.fast_forward(2000)
    await expect(banner).to_be_visible()
    await expect(banner).to_contain_text("Trying again in")  # the last attempt has failed
    await ada.context.set_offline(False)
    await expect(banner).to_be_hidden()


async def test_a_page_whose_connection_dies_or_hangs_is_up_to_date_seconds_later(
    server: Server, visit: Open
) -> None:
    """As when a network changes: the browser tells the page of it, but no server says goodbye."""
    there = There(f"127.0.0.1:{server.port}", asyncio.Event())
    there.up.set()
    async with Proxy(there).listening() as network:
        page = await here(await visit(f"http://{network.address}/?name=ada"))
        for i in range(3):
            for way in [*network.ways]:
                way.cut() if i != 1 else way.hold()
            await post(server, f"missed {i}")
            await page.evaluate("dispatchEvent(new Event('online'))")
            await expect(bodies(page).nth(i)).to_have_text(f"missed {i}", timeout=15_000)


@pytest.mark.parametrize(
    "buffers, what, why",
    [
        (False, "event stream", "WebSocket refused"),
        (True, "polling", "WebSocket refused; event stream did not open in time"),
    ],
)
async def test_where_no_websocket_passes_the_page_says_what_carries_it_instead(
    buffers: bool, what: str, why: str, server: Server, visit: Open
) -> None:
    async with Strict(server.port, buffers=buffers).listening() as url:
        page = await visit(f"{url}/?name=ada")
        await here(page)
        since = re.compile(rf"^Connected by {what} since \d{{1,2}}:\d\d.*: {why}$")
        await expect(page.locator("#carrier")).to_have_text(since)
        await say(page, "through a needle's eye")
        await expect(bodies(page)).to_have_text(["through a needle's eye"])
        await expect(unsent(page)).to_have_count(0)
        await post(server, "and back")
        await expect(bodies(page).last).to_have_text("and back")
        await page.goto(f"{server.url}/?name=ada")
        await here(page)
        await expect(page.locator("#carrier")).to_be_hidden()


async def test_the_page_says_that_the_server_is_away_and_that_it_is_back(
    server: Server, ada: Page
) -> None:
    await ada.clock.install()
    await ada.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))
    banner = ada.locator("#banner")
    await server.kill()
    await say(ada, "is anyone there?")
    await expect(unsent(ada)).to_contain_text("Not confirmed yet")
    rule = ("border-inline-start-style", "dashed")  # it is the log
    await expect(unsent(ada).locator(".main")).to_have_css(*rule)
    await expect(banner).to_be_hidden()  # it may be back in a moment
    await ada.clock.fast_forward(2000)
    await expect(banner).to_be_visible()
    await expect(banner).to_contain_text(re.compile(r"Trying again in \d+ s"))
    await server.start()
    await banner.get_by_role("button", name="Try again").click()  # no time passes till then
    await expect(banner).to_be_hidden()
    await expect(bodies(ada)).to_have_text(["is anyone there?"])
    await expect(unsent(ada)).to_have_count(0)
    await expect(ada.locator("#log .main, [role=log] .main").first).to_have_css(rule[0], "solid")
    await expect(ada.get_by_role("alert")).to_contain_text("Connected again")
    await ada.clock.fast_forward(6000)
    await expect(ada.get_by_role("alert")).to_have_count(0)


async def test_a_message_is_kept_over_a_reload_while_the_server_is_away(
    server: Server, visit: Open, grace: Page
) -> None:
    ada = await here(await visit("/?name=ada", **WITH_WORKER))
    await kept(ada)
    await server.kill()
    for text in ("first", "second", "third"):
        await say(ada, text)
    await expect(unsent(ada)).to_have_count(3)
    await expect(unsent(ada).locator(".avatar")).to_have_count(1)  # one sees who it is
    await ada.reload()
    await expect(unsent(ada)).to_have_count(3)
    await come_back(server, ada, grace)
    await expect(bodies(ada)).to_have_text(["first", "second", "third"])
    await expect(unsent(ada)).to_have_count(0)
    await expect(bodies(grace)).to_have_text(["first", "second", "third"])
    assert await in_the_log(server) == ["first", "second", "third"]


async def test_what_a_closed_tab_left_unsent_is_sent_by_the_next(
    server: Server, visit: Open
) -> None:
    tab = await visit("/")
    await tab.get_by_label("Your name").fill("ada")
    await tab.get_by_role("button", name="Start talking").click()
    await here(tab)
    await server.kill()
    await say(tab, "from beyond")
    await expect(unsent(tab)).to_have_count(1)
    blank = await tab.context.new_page()
    await tab.close()
    await server.start()
    await blank.goto(server.url)
    await expect(bodies(blank)).to_have_text(["from beyond"])
    assert await in_the_log(server) == ["from beyond"]


async def test_a_message_whose_answer_was_lost_is_there_once(server: Server, visit: Open) -> None:
    page = await visit("/")
    cuts = 0

    async def between(socket: Socket) -> None:
        upstream = socket.connect_to_server()

        async def pass_on(frame: str | bytes) -> None:
            nonlocal cuts
            heard = json.loads(frame)
            if not cuts and "seq" in heard.get("ok", {}):  # committed, and nobody hears of it
                cuts += 1
                await upstream.close()
                await socket.close(code=1012)
                return
            socket.send(frame)

        upstream.on_message(pass_on)

    await page.route_web_socket("**/ws", between)
    await page.goto(f"{server.url}/?name=ada")
    await here(page)
    await say(page, "once")
    await expect(bodies(page)).to_have_text(["once"])
    await expect(unsent(page)).to_have_count(0)
    await say(page, "and again")
    await expect(bodies(page)).to_have_text(["once", "and again"])
    assert await in_the_log(server) == ["once", "and again"]
    assert cuts == 1


async def test_what_is_refused_says_why_and_holds_up_nothing(server: Server, ada: Page) -> None:
    await say(ada, "long " * 20_000)
    failed = unsent(ada)
    await expect(failed.get_by_role("alert")).to_contain_text("too long")
    await say(ada, "short")
    await expect(bodies(ada)).to_have_text(["short"])
    await failed.get_by_role("button", name="Retry").click()
    await expect(failed.get_by_role("alert")).to_contain_text("too long")
    await failed.get_by_role("button", name="Discard").click()
    await expect(unsent(ada)).to_have_count(0)
    assert await in_the_log(server) == ["short"]


# --- what one does with messages ---


async def test_reactions_are_seen_by_the_other(talk: Talk) -> None:
    ada, grace = talk.ada, talk.grace
    await say(ada, "gladly")
    await expect(bodies(grace)).to_have_text(["gladly"])
    await message(grace, "gladly").hover()
    tools = message(grace, "gladly").get_by_role("toolbar").get_by_role("button")
    await expect(tools).to_have_count(3)  # not hers to edit or delete
    await use(grace, "gladly", "React", "React with 🎉")
    await message(ada, "gladly").get_by_role("button", name="🎉 by 1").click()
    both = message(grace, "gladly").get_by_role("button", name="🎉 by 2")
    await expect(both).to_have_attribute("aria-pressed", "true")
    await both.click()
    await expect(message(ada, "gladly").get_by_role("button", name="🎉 by 1")).to_be_visible()
    await message(ada, "gladly").get_by_role("button", name="🎉 by 1").click()
    await expect(message(grace, "gladly").locator(".reactions")).to_have_count(0)


async def test_people_of_one_name_are_kept_apart(server: Server, ada: Page) -> None:
    await say(ada, "mine")
    await expect(bodies(ada)).to_have_text(["mine"])
    namesake = {"Hubbub-Key": "another secret key"}
    await ada.goto("about:blank")  # the name is free for a moment
    url = f"{server.url}/api/v1/rooms/lobby/messages"
    async with aiohttp.ClientSession(headers=namesake) as http:
        async with asyncio.timeout(30):
            status = 409
            while status == 409:
                async with http.post(f"{url}?name=ada", json={"text": "not hers"}) as answer:
                    status = answer.status
        assert status == 201
        async with http.put(f"{url}/1/reactions/%F0%9F%8E%89?name=ada") as answer:
            assert answer.status == 200
    await ada.go_back()
    await message(ada, "not hers").hover()
    tools = message(ada, "not hers").get_by_role("toolbar").get_by_role("button")
    await expect(tools).to_have_count(3)  # not hers to edit or delete
    await message(ada, "mine").hover()
    await expect(message(ada, "mine").get_by_role("toolbar").get_by_role("button")).to_have_count(5)
    theirs = message(ada, "mine").get_by_role("button", name="🎉 by 1")
    await expect(theirs).to_have_attribute("aria-pressed", "false")
    await theirs.click()
    both = message(ada, "mine").get_by_role("button", name="🎉 by 2")
    await expect(both).to_have_attribute("aria-pressed", "true")
    await both.click()
    await expect(theirs).to_have_attribute("aria-pressed", "false")


async def test_a_window_that_closes_takes_no_focus_from_who_goes_on_writing(talk: Talk) -> None:
    ada = talk.ada
    await ada.get_by_role("button", name="This device").click()
    await expect(ada.get_by_role("dialog")).to_be_visible()
    await ada.evaluate(
        "document.querySelector('dialog').close(); document.querySelector('.composer textarea').focus()"
    )
    await expect(ada.locator("dialog")).to_have_count(0)
    await expect(composer(ada)).to_be_focused()


async def test_replies_edits_and_deletions_are_seen_by_the_other_and_last(talk: Talk) -> None:
    ada, grace = talk.ada, talk.grace
    await say(ada, "tea at four")
    await expect(bodies(grace)).to_have_text(["tea at four"])
    await use(grace, "tea at four", "Reply")
    await expect(grace.get_by_text("Replying to ada")).to_be_visible()
    await say(grace, "gladly")
    quote = message(ada, "gladly").locator(".quote")
    await expect(quote).to_have_text("ada: tea at four")

    first = ada.get_by_role("log").locator(".message").first
    await first.hover()
    await first.get_by_role("button", name="Edit").click()
    await ada.get_by_role("textbox", name="Edit message").fill("tea at five")
    await ada.get_by_role("button", name="Save").click()
    await expect(bodies(grace)).to_have_text(["tea at five (edited)", "gladly"])
    await expect(quote).to_have_text("ada: tea at five")

    await first.hover()
    await first.get_by_role("button", name="Delete").click()
    await first.get_by_role("button", name="Delete?").click()
    await expect(bodies(grace)).to_have_text(["deleted", "gladly"])
    await expect(quote).to_have_text("ada: deleted")
    shown = await grace.get_by_role("log").inner_text()
    await grace.reload()
    await expect(bodies(grace)).to_have_text(["deleted", "gladly"])  # what is kept may be older
    assert await grace.get_by_role("log").inner_text() == shown


async def test_an_edit_without_a_connection_is_shown_and_saved_once_there_is_one(
    server: Server, ada: Page, grace: Page
) -> None:
    await say(ada, "one")
    await expect(bodies(grace)).to_have_text(["one"])
    await use(ada, "one", "Edit")
    await server.kill()
    await ada.get_by_role("textbox", name="Edit message").fill("two")
    await ada.get_by_role("textbox", name="Edit message").press("Enter")
    await expect(bodies(ada)).to_have_text(["two (edited)"])
    await expect(ada.locator(".message.changing")).to_have_count(1)
    await come_back(server, ada, grace)
    await expect(bodies(grace)).to_have_text(["two (edited)"])
    await expect(ada.locator(".message.changing")).to_have_count(0)
    await expect(bodies(ada)).to_have_text(["two (edited)"])


async def test_an_edit_that_is_refused_is_dropped_and_that_is_said(talk: Talk) -> None:
    ada = talk.ada
    await say(ada, "one")
    await use(ada, "one", "Edit")
    await ada.get_by_role("textbox", name="Edit message").fill("x" * 70_000)
    await ada.get_by_role("textbox", name="Edit message").press("Enter")
    await expect(ada.get_by_role("alert")).to_contain_text("Not changed")
    await expect(bodies(ada)).to_have_text(["one"])


async def test_one_sees_who_is_here_and_who_is_typing(ada: Page, visit: Open) -> None:
    grace = await here(await visit("/?name=grace"))
    people = ada.get_by_role("button", name="2 here")
    await people.click()
    names = ada.get_by_role("list", name="Who is here").get_by_role("listitem")
    await expect(names).to_have_text([re.compile("ada"), re.compile("grace")])
    await ada.keyboard.press("Escape")
    await expect(names).to_have_count(0)
    await composer(grace).press_sequentially("let me think")
    await expect(ada.get_by_text("grace is typing…")).to_be_visible()
    await composer(grace).press("Enter")
    await expect(bodies(ada)).to_have_text(["let me think"])
    await expect(ada.get_by_text("grace is typing…")).to_have_count(0)
    await grace.close()
    await expect(ada.get_by_role("button", name="1 here")).to_be_visible()


async def test_the_keyboard_is_enough(talk: Talk) -> None:
    ada, grace = talk.ada, talk.grace
    text = composer(ada)
    await expect(text).to_be_focused()
    await ada.keyboard.type("two")
    await ada.keyboard.press("Shift+Enter")
    await ada.keyboard.type("lines")
    await ada.keyboard.press("Enter")
    await expect(bodies(grace)).to_have_text(["two\nlines"], use_inner_text=True)
    await ada.keyboard.press("ArrowUp")
    editor = ada.get_by_role("textbox", name="Edit message")
    await expect(editor).to_be_focused()
    await ada.keyboard.type(" more")
    await ada.keyboard.press("Escape")
    await expect(editor).to_have_count(0)
    await expect(text).to_be_focused()
    await ada.keyboard.press("ArrowUp")
    await ada.keyboard.type("!")
    await ada.keyboard.press("Enter")
    await expect(bodies(grace)).to_have_text(["two\nlines! (edited)"], use_inner_text=True)
    await use(ada, "lines", "Reply")
    await expect(ada.get_by_text("Replying to ada")).to_be_visible()
    await ada.keyboard.press("Escape")
    await expect(ada.get_by_text("Replying to ada")).to_be_hidden()


# --- who one is ---


async def test_one_is_asked_for_a_name_and_can_change_it(visit: Open, ada: Page) -> None:
    page = await visit("/")
    await page.get_by_role("textbox", name="Your name").fill("ada")
    await page.get_by_role("button", name="Start talking").click()
    await expect(page.get_by_role("alert")).to_contain_text("ada")  # someone is called so
    await page.get_by_role("textbox", name="Your name").fill("grace")
    await page.keyboard.press("Enter")
    await here(page)
    await expect(ada.get_by_role("button", name="2 here")).to_be_visible()
    await page.get_by_role("button", name="Change name").click()
    await expect(ada.get_by_role("button", name="1 here")).to_be_visible()  # the name is free
    await page.get_by_role("textbox", name="Your name").fill("hedy")
    await page.keyboard.press("Enter")
    await here(page)
    await say(page, "it is me")
    await expect(message(ada, "it is me").locator(".by")).to_have_text("hedy")
    await page.reload()
    await here(page)
    await expect(page.get_by_role("navigation").get_by_text("hedy")).to_be_visible()


async def test_a_name_in_the_address_can_be_changed_too(visit: Open, ada: Page) -> None:
    page = await visit("/?name=ada")
    await expect(page.get_by_role("alert")).to_contain_text("ada")
    await page.get_by_role("textbox", name="Your name").fill("lin")
    await page.keyboard.press("Enter")
    await here(page)
    await say(page, "hello")
    await expect(message(ada, "hello").locator(".by")).to_have_text("lin")


async def test_a_name_that_cannot_be_one_is_explained(visit: Open) -> None:
    page = await visit("/?name=<b>ada</b>")
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await expect(page.get_by_role("textbox", name="Your name")).to_have_value("<b>ada</b>")


async def test_two_tabs_of_one_browser_are_one_person(visit: Open, ada: Page) -> None:
    first = await visit("/")
    await first.get_by_label("Your name").fill("grace")
    await first.get_by_role("button", name="Start talking").click()
    await here(first)
    second = await here(await visit("/", beside=first))
    await expect(ada.get_by_role("button", name="2 here")).to_be_visible()
    await say(first, "from the first")
    await say(second, "from the second")
    await expect(bodies(first)).to_have_count(2)
    await expect(message(second, "from the second")).to_have_class(re.compile("mine"))
    await expect(message(first, "from the second")).to_have_class(re.compile("mine"))
    await first.close()
    await say(second, "still here")
    await expect(bodies(ada)).to_have_count(3)
    await expect(ada.get_by_role("button", name="2 here")).to_be_visible()


# --- rooms ---


async def test_another_room_shows_how_many_messages_one_has_not_read(
    server: Server, ada: Page
) -> None:
    await ada.get_by_label("Open or start a room").fill("the kitchen")
    await ada.keyboard.press("Enter")
    await expect(ada.get_by_role("heading", name="the-kitchen")).to_be_visible()
    await composer(ada).fill("a draft")
    rooms = ada.get_by_role("navigation", name="Rooms")
    await rooms.get_by_role("button", name="lobby").click()
    await expect(composer(ada)).to_have_value("")
    await post(server, "soup is ready", "and bread", room="the-kitchen")
    kitchen = rooms.get_by_role("button", name=re.compile("the-kitchen"))
    await expect(kitchen).to_have_accessible_name("the-kitchen 2 unread")
    await expect(ada).to_have_title(re.compile(r"^\(2\) lobby"))
    await expect(ada.locator("link[rel=icon]")).to_have_attribute("href", re.compile("unread"))
    await kitchen.click()
    await expect(bodies(ada)).to_have_text(["soup is ready", "and bread"])
    await expect(kitchen).to_have_accessible_name("the-kitchen")
    await expect(ada).to_have_title(re.compile("^the-kitchen"))
    await expect(ada.locator("link[rel=icon]")).to_have_attribute("href", "/web/favicon.svg")
    await expect(composer(ada)).to_have_value("a draft")
    await ada.reload()
    await expect(bodies(ada)).to_have_text(["soup is ready", "and bread"])


async def test_the_address_names_the_room(server: Server, visit: Open) -> None:
    await post(server, "grüezi", room="küche")
    page = await here(await visit("/?name=ada#küche"))
    await expect(bodies(page)).to_have_text(["grüezi"])
    await page.goto(f"{server.url}/?name=ada#lobby")
    await expect(page.get_by_role("heading", name="lobby")).to_be_visible()
    await expect(bodies(page)).to_have_count(0)


async def test_an_address_that_names_no_room_leads_to_the_lobby(
    server: Server, visit: Open
) -> None:
    page = await here(await visit("/?name=ada#kitchen"))
    for wrong in ("%", "%E0%A4%A", "<img src=x onerror=alert(1)>", "a b", "x" * 65):
        await page.goto(f"{server.url}/?name=ada#kitchen")
        await expect(page.get_by_role("heading", name="kitchen")).to_be_visible()
        await page.goto(f"{server.url}/?name=ada#{wrong}")
        await expect(page.get_by_role("heading", name="lobby")).to_be_visible()
    await page.goto(f"{server.url}/?name=ada&again#%")
    await expect((await here(page)).get_by_role("heading", name="lobby")).to_be_visible()


# --- scrolling ---


async def read_up(page: Page) -> AsyncIterator[None]:
    """Read upwards to the first message, step by step."""
    beginning = page.get_by_text("This is where the room begins.")
    first_row = page.get_by_role("log").locator(".message").first
    while not await beginning.is_visible():
        first = await first_row.get_attribute("data-seq") or ""
        await page.get_by_role("region", name="Conversation").press("Home")
        await expect(first_row).not_to_have_attribute("data-seq", first)
        yield


async def test_older_messages_come_without_a_jump(server: Server, visit: Open) -> None:
    await post(server, *(f"line {n}" for n in range(150)))
    page = await here(await visit("/?name=ada"))
    await expect(bodies(page)).to_have_count(50)
    await expect(message(page, "line 149")).to_be_in_viewport()
    reading = message(page, "line 104")
    await expect(reading).not_to_be_in_viewport()
    # In one go, so that nothing older can come in between.
    before = await reading.evaluate(
        "item => { const s = document.getElementById('scroller'); s.scrollTop = 120;"
        " return item.getBoundingClientRect().top }"
    )
    await expect(bodies(page)).to_have_count(FEW_SHOWN)
    await expect(reading).to_be_in_viewport()
    after = await reading.evaluate("item => item.getBoundingClientRect().top")
    assert abs(after - before) <= 1
    await expect(page.get_by_role("button", name="Jump to latest")).to_be_visible()


async def test_at_most_150_messages_are_drawn_and_none_is_out_of_reach(
    server: Server, visit: Open
) -> None:
    everything = [f"line {n}" for n in range(300)]
    await post(server, *everything)
    page = await here(await visit("/?name=ada"))
    await expect(bodies(page)).to_have_count(50)
    seen = set(await bodies(page).all_inner_texts())
    items = page.get_by_role("log").locator(".message")
    async for _ in read_up(page):
        seen.update(shown := await bodies(page).all_inner_texts())
        assert len(shown) <= MOST_SHOWN
    assert seen == set(everything)
    await expect(bodies(page)).to_have_text(everything[:MOST_SHOWN])

    await post(server, "news")
    await expect(page.get_by_role("button", name="1 new message")).to_be_visible()
    await expect(message(page, "news")).to_have_count(0)
    while await items.last.get_attribute("data-seq") != "301":
        last = await items.last.get_attribute("data-seq") or ""
        await page.get_by_role("region", name="Conversation").press("End")
        await expect(items.last).not_to_have_attribute("data-seq", last)
        assert await items.count() <= MOST_SHOWN
    await expect(bodies(page)).to_have_text([*everything, "news"][-MOST_SHOWN:])
    await page.get_by_role("region", name="Conversation").press("End")
    await expect(page.locator("#pill")).to_be_hidden()
    await post(server, "more", "and more")
    await expect(bodies(page).last).to_have_text("and more")
    await expect(bodies(page).last).to_be_in_viewport()
    assert FEW_SHOWN <= await bodies(page).count() <= FEW_SHOWN + 2  # again


def numbers(texts: list[str]) -> list[int]:
    return [int(text.split()[1]) for text in texts]


async def test_a_link_to_the_first_of_many_messages_needs_none_of_those_in_between(
    server: Server, visit: Open
) -> None:
    await post(server, *(f"line {n}" for n in range(600)))
    page = await here(await visit("/?name=ada"))
    asked: list[str] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda frame: asked.append(json.loads(frame)["do"])),
    )
    await page.goto(f"{server.url}/r/lobby/1?name=ada")
    first = message(page, "line 0")
    await expect(page.locator(".message.linked")).to_contain_text("line 0")
    await expect(first).to_be_in_viewport()
    assert asked.count("history") <= 2
    shown = numbers(await bodies(page).all_inner_texts())
    assert shown == list(range(len(shown))) and len(shown) <= MOST_SHOWN
    url = f"{server.url}/api/v1/rooms/lobby/messages/1/reactions/%F0%9F%8E%89?name=charles"
    async with aiohttp.ClientSession() as http, http.put(url) as answer:
        assert answer.status == 200
    await expect(first.get_by_role("button", name="🎉 by 1")).to_be_visible()
    await post(server, "line 600")
    await page.get_by_role("button", name="1 new message").click()
    await expect(message(page, "line 600")).to_be_in_viewport()
    await expect(page.locator("#pill")).to_be_hidden()
    assert numbers(await bodies(page).all_inner_texts()) == list(range(550, 601))
    await page.get_by_role("region", name="Conversation").press("Home")
    await expect(bodies(page).first).to_have_text(f"line {601 - FEW_SHOWN - 50}")


async def test_old_messages_and_the_newest_ones_become_one_where_they_meet(
    server: Server, visit: Open
) -> None:
    await post(server, *(f"line {n}" for n in range(200)))
    page = await here(await visit("/r/lobby/70?name=ada"))
    await expect(page.locator(".message.linked")).to_contain_text("line 69")
    while await page.locator("#pill").is_visible():
        await page.get_by_role("region", name="Conversation").press("End")
        shown = numbers(await bodies(page).all_inner_texts())
        assert shown == list(range(shown[0], shown[-1] + 1))
        assert len(shown) <= MOST_SHOWN
    await post(server, "line 200")
    await expect(message(page, "line 200")).to_be_in_viewport()
    await expect(page.locator("#pill")).to_be_hidden()
    first = await bodies(page).first.inner_text()
    await page.get_by_role("region", name="Conversation").press("Home")
    await expect(bodies(page).first).not_to_have_text(first)
    shown = numbers(await bodies(page).all_inner_texts())
    assert shown == list(range(shown[0], shown[-1] + 1))


async def test_one_who_reads_further_up_is_told_of_new_messages_and_stays_there(
    server: Server, visit: Open
) -> None:
    await post(server, *(f"line {n:02}" for n in range(50)))
    page = await here(await visit("/?name=ada"))
    await expect(message(page, "line 49")).to_be_in_viewport()
    await page.get_by_role("region", name="Conversation").press("Home")
    await expect(message(page, "line 03")).to_be_in_viewport()
    await post(server, "new one", "new two")
    pill = page.get_by_role("button", name="2 new messages")
    await expect(pill).to_be_visible()
    await expect(message(page, "line 03")).to_be_in_viewport()
    await expect(message(page, "new two")).not_to_be_in_viewport()
    await pill.click()
    await expect(message(page, "new two")).to_be_in_viewport()
    await expect(pill).to_be_hidden()


# In one frame, one scrolls a little and writes many lines, so that the browser tells of the former first.
SCROLL_AND_WRITE = """() => new Promise((resolve) => {
  const field = document.querySelector('#composer textarea');
  document.getElementById('scroller').scrollTop -= 1;
  field.value = 'line\\n'.repeat(20);
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve)));
})"""
SCROLL_UP = """() => requestAnimationFrame(() => requestAnimationFrame(() => {
  document.getElementById('scroller').scrollTop -= 1500;
}))"""
FIRST_SEEN = """async () => {
  await new Promise(requestAnimationFrame);
  const top = document.getElementById('scroller').getBoundingClientRect().top;
  const row = [...document.querySelectorAll('.message')].find((each) => each.getBoundingClientRect().bottom > top);
  return [Number(row.dataset.seq), Math.round(row.getBoundingClientRect().top - top)];
}"""


async def test_one_stays_where_one_is_when_something_changes_its_size(
    server: Server, visit: Open
) -> None:
    await post(server, *(f"line {n:02} {'of some length ' * 20}" for n in range(50)))
    page = await here(await visit("/?name=ada"))
    last, pill = message(page, "line 49"), page.locator("#pill")
    await expect(last).to_be_in_viewport()
    high = await composer(page).evaluate("(field) => field.clientHeight")
    await page.evaluate(SCROLL_AND_WRITE)
    assert await composer(page).evaluate("(field) => field.clientHeight") > high + 100
    await expect(pill).to_be_hidden()
    await expect(last).to_be_in_viewport()
    await page.set_viewport_size({"width": 700, "height": 500})
    await expect(last).to_be_in_viewport()
    await expect(pill).to_be_hidden()

    await composer(page).fill("")
    await page.evaluate(SCROLL_UP)
    await expect(pill).to_be_visible()
    seq, top = await page.evaluate(FIRST_SEEN)
    for width in (360, 700):
        await page.set_viewport_size({"width": width, "height": 600})
        async with asyncio.timeout(15):  # until the page has its new width
            now = [0, 0]
            while now[0] != seq or abs(now[1] - top) > 2:
                now = await page.evaluate(FIRST_SEEN)


# --- what others write is text ---

ODD_NAMES = ["O'Brien onload", "a ' b", "x:y@z+~", "__proto__", "constructor"]
ADDRESSES = "(links) => links.map((each) => [each.getAttribute('href'), each.getAttribute('rel')])"
HANDLERS = (
    "() => [...document.querySelectorAll('*')].filter(e =>"
    " [...e.attributes].some(a => a.name.startsWith('on')"
    " || /href|src|action/.test(a.name) && /script:|^data:/i.test(a.value))).length"
)


async def quote(server: Server, room: str, seq: int) -> str:
    """Reply to a message, so that it is shown once more; returns the reply."""
    await post(server, f"to {seq}", room=room, reply_to=seq)
    return f"to {seq}"


async def react_with(server: Server, room: str, texts: list[str]) -> int:
    """React to a room's first message with each text, and under each odd name; returns how many were taken."""
    taken = 1
    url = f"{server.url}/api/v1/rooms/{room}/messages/1/reactions/"
    async with aiohttp.ClientSession() as http:
        for name in ODD_NAMES:
            async with http.put(f"{url}__proto__", params={"name": name}) as answer:
                assert answer.status == 200, await answer.text()
        for text in texts:
            async with http.put(url + quote_path(text, safe="")) as answer:
                assert answer.status in {200, 400, 404}  # too long, or of two parts
                taken += answer.status == 200
    return taken


async def test_no_text_becomes_markup(server: Server, visit: Open) -> None:
    page = await here(await visit("/?name=ada"))
    another = await visit("about://blank", beside=page)
    for name in ODD_NAMES:
        await another.goto(f"{server.url}/?{urlencode({'name': name})}")
        await here(another)
    await another.close()
    for first in range(0, len(EVIL), MOST_AT_ONCE):
        evil, room = EVIL[first : first + MOST_AT_ONCE], f"from-{first}"
        await post(server, *evil, room=room)
        replies = [await quote(server, room, seq) for seq in range(1, len(evil), 10)]
        await page.goto(f"{server.url}/?name=ada#{room}")
        await expect(bodies(page).last).to_have_text(replies[-1])
        async for _ in read_up(page):
            pass
        await expect(bodies(page)).to_have_text([shown_text(text) for text in (*evil, *replies)])
        taken = await react_with(server, room, evil)
        reactions = page.get_by_role("log").locator(".message").first.locator(".reactions button")
        await expect(reactions).to_have_count(taken)
        await has_no_markup(page)


async def has_no_markup(page: Page) -> None:
    """Check that nothing is drawn but our own elements, and links to where the texts say."""
    shown = page.get_by_role("log")
    await expect(shown.locator(":is(img, script, iframe, style, form)")).to_have_count(0)
    await expect(shown.locator("svg:not(.tools svg)")).to_have_count(
        0
    )  # what is not an icon of ours
    await expect(page.locator("script")).to_have_count(1)
    assert await page.evaluate(HANDLERS) == 0
    for href, rel in await shown.get_by_role("link").evaluate_all(ADDRESSES):
        assert re.fullmatch(r"https?://example\.org/\S*", href or "")
        assert rel == "noopener noreferrer"


async def test_characters_that_turn_text_about_are_shown_as_their_codes(talk: Talk) -> None:
    ada = talk.ada
    await post(
        talk.server,
        "pay \u202eevil\u202c \u2066x\u2069 \u200b\ufeff",
        "\u0001bell\u0007",
        "a\r\nb",
        room=talk.room,
    )
    await post(talk.server, "سلام دوستان 👩‍👩‍👧 نمی‌خواهم", room=talk.room)
    await expect(bodies(ada)).to_have_text(
        [
            r"pay \u202eevil\u202c \u2066x\u2069 \u200b\ufeff",
            r"\u0001bell\u0007",
            "a\nb",
            "سلام دوستان 👩‍👩‍👧 نمی‌خواهم",
        ]
    )
    assert await bodies(ada).last.evaluate("body => getComputedStyle(body).direction") == "rtl"


MARKUP = """() => {
    try { document.body.insertAdjacentHTML("beforeend", "<b>markup</b>"); } catch (error) { return error.name; }
}"""


async def test_no_script_makes_markup_from_text(browser: Browser, server: Server) -> None:
    """The browser refuses, and says so in the console, at which every other test here fails."""
    browsing = Browsing(browser, server.url)
    page = await here(await browsing.open("/?name=ada"))
    assert await page.evaluate(MARKUP) == "TypeError"
    assert "TrustedHTML" in "".join(browsing.wrong)
    await page.context.close()


async def test_markdown_becomes_elements(talk: Talk) -> None:
    ada = talk.ada
    await post(
        talk.server,
        "**strong** *soft* ~~gone~~ `code` [here](https://example.org/a) \\*plain*",
        room=talk.room,
    )
    await post(talk.server, "- one\n- two\n\n> said\n\n```\nif x:\n    y\n```", room=talk.room)
    one, two = bodies(ada).first, bodies(ada).last
    await expect(one).to_have_text("strong soft gone code here *plain*")
    for tag, text in {"strong": "strong", "em": "soft", "s": "gone", "code": "code"}.items():
        await expect(one.locator(tag)).to_have_text([text])
    link = one.get_by_role("link", name="here")
    await expect(link).to_have_attribute("href", "https://example.org/a")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(two.get_by_role("listitem")).to_have_text(["one", "two"])
    await expect(two.locator("blockquote")).to_have_text("said")
    await expect(two.locator("pre")).to_have_text("if x:\n    y", use_inner_text=True)


# --- small screens, dark rooms ---


async def test_a_phone_has_one_pane_and_a_menu(visit: Open) -> None:
    page = await here(await visit("/?name=ada", **PHONE))
    rooms = page.get_by_role("navigation", name="Rooms")
    menu = page.get_by_role("button", name="Rooms")
    await expect(rooms).to_be_hidden()
    await menu.tap()
    await expect(rooms).to_be_visible()
    await expect(menu).to_have_attribute("aria-expanded", "true")
    await page.touchscreen.tap(380, 400)  # beside it
    await expect(rooms).to_be_hidden()
    await expect(menu).to_have_attribute("aria-expanded", "false")
    await menu.tap()
    await rooms.get_by_label("Open or start a room").fill("kitchen")
    await rooms.get_by_role("button", name="Open room").tap()
    await expect(rooms).to_be_hidden()
    await expect(page.get_by_role("heading", name="kitchen")).to_be_visible()
    await menu.tap()
    await page.keyboard.press("Escape")
    await expect(rooms).to_be_hidden()


async def test_on_a_phone_enter_begins_a_line_and_a_tap_brings_a_messages_tools(
    talk: Talk,
) -> None:
    ada = talk.ada
    page = await here(await talk.browsing.open(f"/?name=hedy#{talk.room}", **PHONE))
    await composer(page).tap()
    await page.keyboard.type("two")
    await page.keyboard.press("Enter")
    await page.keyboard.type("lines")
    await page.get_by_role("button", name="Send").tap()
    await expect(bodies(ada)).to_have_text(["two\nlines"], use_inner_text=True)
    tools = message(page, "lines").get_by_role("toolbar")
    await expect(tools).to_be_hidden()
    await message(page, "lines").locator(".body").tap()
    await expect(tools).to_be_visible()
    await tools.get_by_role("button", name="React").tap()
    await page.get_by_role("button", name="React with ❤️").tap()
    await expect(message(ada, "lines").get_by_role("button", name="❤️ by 1")).to_be_visible()
    await message(page, "lines").locator(".body").tap()
    await expect(tools).to_be_visible()
    await composer(page).tap()
    await expect(tools).to_be_hidden()
    await page.close()


async def test_a_phone_shows_composer_and_banner_and_nothing_is_too_wide(
    server: Server, visit: Open
) -> None:
    page = await here(await visit(f"/?name={'W' * 32}#{'r' * 64}", **PHONE))
    await say(page, "")
    await composer(page).fill("x" * 500 + " https://example.org/" + "y" * 300)
    await page.get_by_role("button", name="Send").tap()
    await expect(bodies(page)).to_have_count(1)
    await server.kill()
    await expect(page.locator("#banner")).to_be_in_viewport(ratio=1)
    await expect(composer(page)).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("button", name="1 here")).to_be_in_viewport(ratio=1)
    for selector in ("#scroller", "body", "#room"):
        wide = await page.locator(selector).evaluate("e => e.scrollWidth - e.clientWidth")
        assert wide <= 0, selector


AWAY_EAST = "Asia/Kathmandu"  # 5:45 h ahead of UTC, all year


async def test_colours_and_times_follow_the_system_and_can_be_read(visit: Open) -> None:
    page = await here(await visit("/?name=ada", timezone_id=AWAY_EAST))
    await say(page, "hello https://example.org")
    await expect(bodies(page)).to_have_count(1)
    time = page.locator(".message time")
    at = datetime.fromisoformat(await time.get_attribute("datetime") or "")
    there = at + timedelta(hours=5, minutes=45)
    await expect(time).to_have_text(re.compile(f"^{there.hour % 12 or 12}:{there.minute:02}\\b"))
    await page.emulate_media(color_scheme="dark")
    await can_be_read(page, is_dark=True)
    await page.emulate_media(color_scheme="light")
    await can_be_read(page, is_dark=False)


async def can_be_read(page: Page, *, is_dark: bool) -> None:
    """Check that texts contrast with their background."""
    paper = await colour(page.locator("#room"), "backgroundColor")
    assert (luminance(paper) < 0.1) == is_dark
    for selector in (".by", ".body", ".body a", ".message time", ".day", "#members", "#title"):
        ink = await colour(page.locator(selector).first, "color")
        assert contrast(ink, paper) >= 4.5, selector
    for selector in (".send", "#rooms [aria-current]"):
        button = page.locator(selector)
        ink, back = await colour(button, "color"), await colour(button, "backgroundColor")
        assert contrast(ink, back) >= 4.5, selector


DRAWN = """(element, property) => {
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.fillStyle = getComputedStyle(element)[property];
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}"""


async def colour(locator: Locator, property: str) -> tuple[float, ...]:
    """A colour as it is drawn, whatever notation it is given in."""
    return tuple(part / 255 for part in await locator.evaluate(DRAWN, property))


def luminance(colour: tuple[float, ...]) -> float:
    """WCAG 2.2, relative luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """WCAG 2.2, contrast ratio; 4.5 is enough for text (AA)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
