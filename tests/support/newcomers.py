"""People who come to a server by its page, each in a browser profile of their own."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.chromium import NO_WORKER, NO_WORKER_SAID
from tests.support.server import Server

PASSWORD = "kitchen-lamp-42"
# What the browser itself says of requests that the server refuses, as it is to.
REFUSED = re.compile(
    rf"{NO_WORKER_SAID}|the server responded with a status of 4\d\d|WebSocket connection to .* failed"
)


def claim_link(server: Server) -> str:
    """The link that a server without an owner showed at its start."""
    return str(re.findall(r"no owner yet: +(http\S+)", "".join(server.output))[-1])


async def claim(server: Server) -> str:
    """Make Ada the owner, without a page; returns her token."""
    new = {"token": claim_link(server).partition("#")[2], "handle": "ada", "name": "Ada"}
    given = new | {"password": PASSWORD, "wants": "token"}
    return str((await asked(server, "POST", "/claim", given))["token"])


async def invitation(server: Server, token: str) -> str:
    """A link for one person, made by a program."""
    made = await asked(server, "POST", "/invites", {"role": "member"}, token)
    return f"{server.url}/i#{made['token']}"


class People:
    """Opens pages of a server; hears all that goes wrong in them."""

    def __init__(self, browser: Browser, server: Server, **profile: Any) -> None:
        self._browser = browser
        self._profile = NO_WORKER | profile
        self.server = server
        self.contexts: list[BrowserContext] = []
        self.wrong: list[str] = []

    async def visit(self, address: str = "/", **profile: Any) -> Page:
        """A page in a new profile, at a path of the server or a whole address."""
        page = await self._new_page(profile)
        await page.goto(address if "://" in address else self.server.url + address)
        return page

    async def enter(self, link: str, name: str, **profile: Any) -> Page:
        """A page on which someone is in who has made an account by a link, with their name in lower case as handle."""
        page = await self._new_page(profile)
        await enroll(page, link, name)
        return page

    async def owner(self, name: str = "Ada", **profile: Any) -> Page:
        """The page of whoever claims the server."""
        return await self.enter(claim_link(self.server), name, **profile)

    async def invited(self, host: Page, name: str) -> Page:
        """The page of somebody whom the one of another page invites to the server."""
        invite = await self.ask(host, "POST", "/invites", {"role": "member"})
        return await self.enter(f"{self.server.url}/i#{invite['token']}", name)

    async def closed_room(self, host: Page, title: str, *handles: str) -> None:
        """Make a room of the one of a page, and of others, and open it there."""
        await self.room(host, "closed", title, *handles)

    async def room(self, host: Page, kind: str, title: str, *handles: str) -> None:
        """Make a room of that kind likewise."""
        room = {"kind": kind, "title": title, "who": handles}
        await self.ask(host, "POST", "/rooms", room)
        await rooms(host).get_by_role("button", name=title).click()
        await expect(host.get_by_role("heading", name=title)).to_be_visible()

    async def ask(self, page: Page, method: str, path: str, body: Any) -> Any:
        """The answer to a request with the session of a page, by which tests prepare what they are not about."""
        answer = await page.context.request.fetch(
            f"{self.server.url}/api/v1{path}",
            method=method,
            data=body,
            headers={"Origin": self.server.url},
        )
        assert answer.ok, await answer.text()
        return await answer.json()

    async def again(self, handle: str, name: str, **profile: Any) -> Page:
        """A page on another device of somebody who has an account."""
        page = await self._new_page(profile)
        given = {"handle": handle, "password": PASSWORD}
        entered = await page.context.request.post(f"{self.server.url}/api/v1/login", data=given)
        assert entered.ok, await entered.text()
        await page.goto(f"{self.server.url}/#entered")
        await at_home(page, name)
        return page

    async def _new_page(self, profile: dict[str, Any]) -> Page:
        context = await self._browser.new_context(**self._profile | profile)
        self.contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not REFUSED.search(text):
            self.wrong.append(text)


@asynccontextmanager
async def people_of(
    browser: Browser, data: Path, *flags: str, **profile: Any
) -> AsyncIterator[People]:
    """A server without an owner, and those who come to it. Raises AssertionError if a page threw, or its console had an error."""
    async with Server(data, *flags) as server:
        people = People(browser, server, **profile)
        yield people
        for context in people.contexts:
            await context.close()
        assert not people.wrong


OPEN = "dialog, aside"  # what may be open over or beside a room, also in the next one


@dataclass
class Friends:
    """The pages of two people, shared by many tests."""

    people: People
    ada: Page
    grace: Page

    @asynccontextmanager
    async def meeting(self) -> AsyncIterator[None]:
        """Begin in the lobby, in no other room. Raises AssertionError if a page threw, or its console had an error."""
        for page in (self.ada, self.grace):
            await self._go_home(page)
        devices = len(self.people.contexts)
        yield
        for context in self.people.contexts[devices:]:
            await context.close()
        del self.people.contexts[devices:]
        wrong, self.people.wrong[:] = self.people.wrong[:], []
        assert not wrong

    async def joined_by(self, name: str) -> Page:
        """The page of somebody new, whose account a test may change as it likes."""
        return await self.people.invited(self.ada, name)

    async def _go_home(self, page: Page) -> None:
        start = await self.people.ask(page, "GET", "/start", None)
        for each in start["rooms"]:
            await self.people.ask(page, "POST", f"/rooms/{each['room']}/leave", {})
        await page.evaluate("location.hash = 'lobby'")
        if await page.locator(OPEN).count():
            await page.reload()
        await expect(page.get_by_role("heading", name="lobby", exact=True)).to_be_visible()
        await expect(rooms(page).locator("[data-room^='@']")).to_have_count(0)


async def enroll(page: Page, link: str, name: str) -> None:
    """Make an account by a link, and open the page as after a sign-in elsewhere, which takes less than its form."""
    way, _, token = link.partition("#")
    site, _, kind = way.rpartition("/")
    new = {"token": token, "handle": name.lower(), "name": name, "password": PASSWORD}
    door = {"claim": "claim", "i": "accept"}[kind]
    made = await page.context.request.post(f"{site}/api/v1/{door}", data=new)
    assert made.status == 201, await made.text()
    await page.goto(f"{site}/#entered")
    await at_home(page, name)


async def fill(page: Page, name: str, handle: str = "", password: str = PASSWORD) -> None:
    """Fill in the form for a new account, and send it."""
    await page.get_by_label("Display name").fill(name)
    await page.get_by_label("Handle").fill(handle or name.lower())
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Make my account").click()


async def log_in(page: Page, handle: str, password: str = PASSWORD) -> None:
    """Fill in the form for logging in, and send it."""
    await page.get_by_label("Your handle").fill(handle)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name=exactly("Log in")).click()


async def at_home(page: Page, name: str) -> None:
    """Wait until the page shows that this account is in."""
    await expect(page.locator("#my-name")).to_have_text(name)


async def menu(page: Page) -> None:
    """Show the list of rooms, which a phone hides."""
    button = page.locator("#menu")
    if await button.is_visible() and await button.get_attribute("aria-expanded") == "false":
        await button.click()


def exactly(words: str) -> re.Pattern[str]:
    """These words and no others, in English or as a catalogue for tests has them (web/tests/turned.ts)."""
    return re.compile(f"^(א |\u00ad)?{re.escape(words)}( ת|\u200b)?$")


def rooms(page: Page) -> Locator:
    """The rooms in the list."""
    return page.get_by_role("navigation", name="Rooms").get_by_role("list")


async def make_room(page: Page, title: str, kind: str = "Open") -> None:
    """Make a room, and be in it."""
    await menu(page)
    await page.get_by_role("button", name="New room").click()
    await page.get_by_label("Title").fill(title)
    await page.get_by_role("radio", name=kind).check()
    await page.get_by_role("button", name="Make the room").click()
    await expect(page.get_by_role("heading", name=title)).to_be_visible()


async def invite(page: Page, *names: str) -> None:
    """Invite people to the room that is open."""
    await page.get_by_role("button", name="Details").click()
    await page.get_by_role("button", name="Invite people").click()
    dialog = page.get_by_role("dialog", name="Invite people")
    for name in names:
        await dialog.get_by_role("checkbox", name=name).check()
    await dialog.get_by_role("button", name=exactly("Invite")).click()
    await expect(dialog).to_have_count(0)
    await page.get_by_role("complementary").get_by_role("button", name="Close").click()


async def invite_link(page: Page, people: int = 1, *, close: bool = True) -> str:
    """Make an invite link to the server, as it is shown once, and close its window."""
    await menu(page)
    await page.get_by_role("button", name=exactly("Invite")).click()
    await page.get_by_label("For how many people").fill(str(people))
    await page.get_by_role("button", name="Make the link").click()
    link = await page.get_by_label("Invite link").input_value()
    if close:
        await page.get_by_role("button", name="Close").click()
    return link


async def asked(server: Server, method: str, path: str, body: Any, token: str = "") -> Any:
    """The answer to a program's request."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.request(method, f"{server.url}/api/v1{path}", json=body) as answer,
    ):
        return await answer.json(content_type=None)


async def indexed(server: Server, query: str, count: int, token: str) -> None:
    """Wait until a search finds at least so many messages, up to 50."""
    path = f"/search?{urlencode({'q': query, 'limit': 50})}"
    while True:
        found = await asked(server, "GET", path, {}, token)
        if len(found["hits"]) >= count:
            return
        await asyncio.sleep(0.25)  # five searches a second are allowed


_HEARD = """() => {
  const toast = document.getElementById("toast");
  const heard = [];
  new MutationObserver(() => heard.push(toast.textContent)).observe(toast, {
    childList: true, characterData: true, subtree: true,
  });
  return heard;
}"""


@asynccontextmanager
async def toast(page: Page, words: str) -> AsyncIterator[None]:
    """In the block, or soon after it, the page begins to say these words for a moment: a regular expression."""
    heard = await page.evaluate_handle(_HEARD)
    yield
    said = "([heard, words]) => heard.some((each) => new RegExp(`^(${words})$`).test(each))"
    await page.wait_for_function(said, arg=[heard, words])
