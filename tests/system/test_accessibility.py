"""axe-core finds nothing wrong with any state of the page: light and dark, on a desk and on a phone."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.node import NODE_PATH
from tests.support.server import Server
from tests.system.test_page import PHONE, composer, here, message, post, unsent

AXE = NODE_PATH / "axe-core" / "axe.min.js"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "dark phone": PHONE | {"color_scheme": "dark"},
}

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make clients"),
]


@pytest.fixture(params=LOOKS)
async def newcomer(
    request: pytest.FixtureRequest, browser: Browser, server: Server
) -> AsyncIterator[Page]:
    """The page as somebody sees it for the first time, in each look."""
    async with await browser.new_context(
        reduced_motion="reduce", base_url=server.url, **LOOKS[request.param]
    ) as context:
        page = await context.new_page()
        await page.goto("/")
        yield page


async def faults(page: Page) -> list[str]:
    """What axe finds: the rule, and what it found it in."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run()")
    return [
        f"{fault['id']}: {node['html']} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


async def enter(page: Page) -> Page:
    await page.get_by_label("Your name").fill("ada")
    await page.get_by_role("button", name="Start talking").click()
    return await here(page)


async def speak(page: Page, text: str) -> None:
    """Write a message; on a phone Enter begins a new line."""
    await composer(page).fill(text)
    await page.get_by_role("button", name="Send").click()


async def act(page: Page, text: str, *tools: str) -> None:
    """Go to a message, by mouse or by touch, and press its buttons."""
    if await page.evaluate("matchMedia('(hover: hover)').matches"):
        await message(page, text).hover()
    else:
        await message(page, text).locator(".body").tap()
    for tool in tools:
        await message(page, text).get_by_role("button", name=tool, exact=True).click()


async def welcome(page: Page, server: Server) -> None:
    await expect(page.get_by_label("Your name")).to_be_visible()


async def refused(page: Page, server: Server) -> None:
    await page.get_by_label("Your name").fill("not/a/name")
    await page.get_by_role("button", name="Start talking").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()


async def asked_for_a_token(page: Page, server: Server) -> None:
    await page.goto("/#token=nonsense")
    await expect(page.get_by_role("alert")).to_contain_text("does not accept this token")


async def empty(page: Page, server: Server) -> None:
    await enter(page)
    await expect(page.get_by_text("This is where the room begins")).to_be_visible()


async def talking(page: Page, server: Server) -> None:
    await post(server, "hello https://example.org", "and **more**")
    await enter(page)
    await speak(page, "gladly")
    await act(page, "gladly", "React", "React with 🎉")
    await expect(message(page, "gladly").locator(".reactions")).to_be_visible()
    await act(page, "and **more**", "Reply")
    await speak(page, "me too")
    await act(page, "gladly", "Edit")
    await expect(page.get_by_label("Edit message")).to_be_visible()
    await act(page, "me too")


async def deleted(page: Page, server: Server) -> None:
    await enter(page)
    await speak(page, "oops")
    await act(page, "oops", "Delete", "Delete?")
    await expect(page.get_by_text("deleted", exact=True)).to_be_visible()


async def many_rooms(page: Page, server: Server) -> None:
    await post(server, "there", room="kitchen")
    await enter(page)
    if await page.get_by_role("button", name="Rooms").is_visible():
        await page.get_by_role("button", name="Rooms").click()
    await page.get_by_label("Open or start a room").fill("kitchen")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="kitchen")).to_be_visible()
    await post(server, "unread")
    if await page.get_by_role("button", name="Rooms").is_visible():
        await page.get_by_role("button", name="Rooms").click()
    await expect(page.locator("#rooms .badge")).to_be_visible()


async def people(page: Page, server: Server) -> None:
    await enter(page)
    await page.get_by_role("button", name="1 person").click()
    await expect(page.get_by_role("list", name="Who is here")).to_be_visible()


async def wrong(page: Page, server: Server) -> None:
    """A message that is refused, and a name of a room that is none."""
    await enter(page)
    await speak(page, "long " * 20_000)
    await expect(unsent(page).get_by_role("alert")).to_be_visible()
    await page.evaluate("document.getElementById('room-name').value = '/'")
    await page.evaluate("document.getElementById('open-room').requestSubmit()")
    await expect(page.locator("#toast")).to_be_visible()


async def offline(page: Page, server: Server) -> None:
    await enter(page)
    await server.kill()
    await speak(page, "is anyone there?")
    await expect(page.get_by_text(re.compile("No connection"))).to_be_visible()


STATES: list[Callable[[Page, Server], Awaitable[None]]] = [
    welcome,
    refused,
    asked_for_a_token,
    empty,
    talking,
    deleted,
    many_rooms,
    people,
    wrong,
    offline,
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_axe_finds_nothing(
    newcomer: Page, server: Server, state: Callable[[Page, Server], Awaitable[None]]
) -> None:
    await state(newcomer, server)
    assert not await faults(newcomer)
