"""The page on a server that lets in only people with a token: a field, a link, and a token that is no longer good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from playwright.async_api import Browser, Page, Request, WebSocket, expect

from tests.support.chromium import browser
from tests.support.commands import hubbub
from tests.support.server import Server
from tests.system.test_page import bodies, here, say

__all__ = ["browser"]


class Tokens:
    """What `hubbub token` does at a server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def create(self, name: str, *more: str) -> str:
        """A token that the server knows by now: it looks for new ones twice a second."""
        token = await self._run("create", "--name", name, *more)
        headers = {"Authorization": f"Bearer {token}"}
        async with ClientSession(headers=headers) as http, asyncio.timeout(30):
            while True:
                async with http.get(f"{self.server.url}/api/v1/rooms") as answer:
                    if answer.status == 200:
                        return token
                await asyncio.sleep(0.05)

    async def revoke(self, name: str) -> None:
        await self._run("revoke", name)

    async def _run(self, *arguments: str) -> str:
        ran = await hubbub("token", *arguments, "--data", self.server.data)
        assert ran.code == 0, ran.err
        return ran.out.strip()


@pytest.fixture
async def tokens(tmp_path: Path) -> AsyncIterator[Tokens]:
    async with Server(tmp_path / "data", "--guests", "off") as server:
        yield Tokens(server)


@pytest.fixture
async def visitor(browser: Browser, tokens: Tokens) -> AsyncIterator[Page]:
    async with await browser.new_context(
        base_url=tokens.server.url, service_workers="block"
    ) as context:
        yield await context.new_page()


async def enter(page: Page, token: str) -> None:
    """Wait until a token is asked for, and enter one."""
    await page.get_by_label("Token", exact=True).fill(token)
    await page.get_by_role("button", name="Start talking").click()


async def test_a_token_gets_in_while_guests_hold_all_places(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        Server(tmp_path / "data", "--max-anonymous", "8") as server,
        await browser.new_context(base_url=server.url, service_workers="block") as context,
        ClientSession() as http,
        AsyncExitStack() as guests,
    ):
        token = await Tokens(server).create("ada")
        page = await context.new_page()
        await page.goto("/")
        await page.get_by_text("Use a token instead").click()
        with pytest.raises(WSServerHandshakeError, match="503"):  # noqa: PT012 - how many more fit is left open
            while True:
                await guests.enter_async_context(http.ws_connect(f"{server.url}/ws"))
        await enter(page, token)
        await here(page)
        await expect(page.locator("#my-name")).to_have_text("ada")


async def test_a_page_without_a_token_asks_for_one_and_talks_with_it(
    visitor: Page, tokens: Tokens
) -> None:
    token = await tokens.create("ada")
    await visitor.goto("/")
    await visitor.get_by_role("button", name="Use a token").click()
    await enter(visitor, token)
    await here(visitor)
    await expect(visitor.locator("#my-name")).to_have_text("ada")
    await say(visitor, "with a token")
    await expect(bodies(visitor)).to_have_text(["with a token"])
    await expect(visitor.locator("#unsent li")).to_have_count(0)
    await visitor.reload()
    await here(visitor)
    await expect(bodies(visitor)).to_have_text(["with a token"])
    other_tab = await visitor.context.new_page()
    await other_tab.goto("/")
    await expect(other_tab.get_by_role("button", name="Use a token")).to_be_visible()


async def test_a_link_with_a_token_lets_in_and_shows_the_token_to_nobody(
    visitor: Page, tokens: Tokens
) -> None:
    token = await tokens.create("ada", "--rooms", "kitchen,lobby")
    urls: list[str] = []
    headers: list[str | None] = []

    def hear(request: Request) -> None:
        urls.append(request.url)
        if "/api/v1/rooms?" in request.url:
            headers.append(request.headers.get("authorization"))

    def connected(socket: WebSocket) -> None:
        urls.append(socket.url)

    visitor.on("request", hear)
    visitor.on("websocket", connected)
    await visitor.goto(f"/#token={token}&room=kitchen")
    await here(visitor)
    await expect(visitor.get_by_role("heading", name="kitchen")).to_be_visible()
    await expect(visitor.locator("#my-name")).to_have_text("ada")
    await expect(visitor).to_have_url(f"{tokens.server.url}/#kitchen")
    assert any("/ws" in url for url in urls)
    assert not [url for url in urls if token in url.partition("#")[0]]
    assert {*headers} == {f"Bearer {token}"}
    assert token not in await visitor.evaluate("JSON.stringify(localStorage)")
    await visitor.goto("about:blank")
    await visitor.go_back()
    assert token not in visitor.url, "the history does not have it"


async def test_another_link_in_the_same_tab_is_another_person(
    visitor: Page, tokens: Tokens
) -> None:
    ada, grace = await tokens.create("ada"), await tokens.create("grace")
    await visitor.goto(f"/#token={ada}")
    await here(visitor)
    await expect(visitor.locator("#my-name")).to_have_text("ada")
    await visitor.evaluate("token => { location.hash = `#token=${token}`; }", grace)
    await expect(visitor.locator("#my-name")).to_have_text("grace")
    await here(visitor)
    assert grace not in visitor.url


async def test_a_wrong_token_is_said_to_be_wrong(visitor: Page, tokens: Tokens) -> None:
    await visitor.goto("/#token=nonsense")
    await expect(visitor.get_by_role("alert")).to_contain_text("does not accept this token")
    await expect(visitor.get_by_label("Token", exact=True)).to_be_focused()
    await expect(visitor.get_by_label("Token", exact=True)).to_have_value("")
    await enter(visitor, await tokens.create("ada"))
    await here(visitor)


async def test_who_is_shown_out_is_told_and_may_come_in_with_a_new_token(
    visitor: Page, tokens: Tokens
) -> None:
    await visitor.goto(f"/#token={await tokens.create('ada')}")
    await here(visitor)
    await tokens.revoke("ada")
    await expect(visitor.get_by_role("alert")).to_contain_text("expired or been revoked")
    await visitor.reload()
    await visitor.get_by_role("button", name="Use a token").click()
    await enter(visitor, await tokens.create("ada"))
    await here(visitor)


async def test_a_guest_of_the_same_name_does_not_send_what_a_tokens_owner_left_unsent(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        Server(tmp_path / "data") as server,
        await browser.new_context(base_url=server.url, service_workers="block") as context,
    ):
        page = await context.new_page()
        await page.goto(f"/#token={await Tokens(server).create('ada')}")
        await here(page)
        await server.kill()
        await say(page, "for ada to say")
        await expect(page.locator("#unsent li")).to_have_count(1)
        databases = await page.evaluate("indexedDB.databases()")
        people = {each["name"].rpartition(":")[2] for each in databases}
        assert people  # a guest's would be `ada`
        assert all(person.startswith("/") for person in people)
