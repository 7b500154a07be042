"""axe-core finds nothing wrong with any state of the page: light and dark, on a desk and on a phone."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.newcomers import (
    PASSWORD,
    asked,
    claim_link,
    enroll,
    fill,
    invite_link,
    log_in,
    make_room,
    menu,
)
from tests.support.node import NODE_PATH
from tests.support.server import Server
from tests.system.test_page import PHONE, composer, here, message, post, unsent

AXE = NODE_PATH / "axe-core" / "axe.min.js"
DEVICES: dict[str, dict[str, Any]] = {"desk": {}, "phone": PHONE}
OF_COLORS = ("color-contrast", "link-in-text-block")  # the rules that look at them

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make clients"),
]


@asynccontextmanager
async def arriving(device: str, browser: Browser, server: Server) -> AsyncIterator[Page]:
    """A page of somebody who has not been here, on a device."""
    async with await browser.new_context(
        reduced_motion="reduce", base_url=server.url, **DEVICES[device]
    ) as context:
        yield await context.new_page()


async def faults(page: Page, *rules: str) -> list[str]:
    """What axe finds, by these of its rules or by all: the rule, and what it found it in."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = await page.evaluate("options => axe.run(options)", options)
    return [
        f"{fault['id']}: {node['html']} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


async def faults_by_scheme(page: Page) -> list[str]:
    """What axe finds in each scheme; from one to the other only colors change."""
    await page.emulate_media(color_scheme="light")
    found = await faults(page)
    await page.emulate_media(color_scheme="dark")
    return found + [f"dark: {fault}" for fault in await faults(page, *OF_COLORS)]


async def enter(page: Page) -> Page:
    await page.goto("/")
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
    await page.goto("/")
    await expect(page.get_by_label("Your name")).to_be_visible()


async def refused(page: Page, server: Server) -> None:
    await page.goto("/")
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
    await act(page, "and more", "Reply")
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


async def claiming(page: Page, server: Server) -> None:
    """The form for a new account, of which a field is wrong."""
    await page.goto(claim_link(server))
    await fill(page, "Ada", "not a handle")
    await expect(
        page.locator(".field").get_by_role("alert").filter(has_text="Invalid")
    ).to_be_visible()


async def used_link(page: Page, server: Server) -> None:
    await page.goto("/i#nonsense")
    await fill(page, "Grace")
    await expect(page.get_by_role("heading", name="This link can't be used")).to_be_visible()


async def wrong_password(page: Page, server: Server) -> None:
    await page.goto("/")
    await page.get_by_role("button", name="Log in with an account").click()
    await log_in(page, "ada")
    await expect(page.get_by_text("Wrong handle or password")).to_be_visible()


async def own(page: Page, server: Server) -> Page:
    """The page of the owner, whose account was just made."""
    await enroll(page, claim_link(server), "Ada")
    return page


async def new_account(page: Page, server: Server) -> None:
    await own(page, server)
    await menu(page)
    await expect(page.get_by_text("You are in no room yet")).to_be_visible()


async def closed_room(page: Page, server: Server) -> None:
    """A room, and its details."""
    await make_room(await own(page, server), "Plans", "Closed")
    await speak(page, "the secret plan")
    await act(page, "the secret plan", "More")
    await expect(page.get_by_role("button", name="Forward…")).to_be_visible()
    assert not await faults(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Details").click()
    panel = page.get_by_role("complementary", name="Plans")
    await expect(panel.get_by_text("1 member")).to_be_visible()
    for section in ("Room settings", "Banned and muted"):
        await panel.get_by_text(section).click()
    await expect(panel.get_by_text("Nobody is banned")).to_be_visible()
    await panel.get_by_label("Keep messages for").fill("1")


async def administering(page: Page, server: Server) -> None:
    """All parts of the admin page."""
    await make_room(await own(page, server), "Plans", "Closed")
    await menu(page)
    await page.get_by_role("button", name="Administration").click()
    main, parts = page.get_by_role("main"), page.get_by_role("navigation", name="Administration")
    for part in ("Rooms", "Invites", "Emoji", "Figures", "Settings", "Audit log", "People"):
        await parts.get_by_role("button", name=part).click()
        await expect(main.get_by_text("Looking…")).to_have_count(0)
        assert not await faults(page), part
    await main.get_by_role("button", name="Manage Ada").click()
    await expect(main.get_by_text("1 session")).to_be_visible()


async def unread(page: Page, server: Server) -> None:
    """Rooms with mentions and unread messages, and a mention on the screen."""
    await make_room(await own(page, server), "Plans", "Closed")
    plans = page.url.rpartition("/")[2]
    await make_room(page, "Kitchen")
    kitchen = page.url.rpartition("/")[2]
    ada = await entered(server, "/login", {"handle": "ada", "password": PASSWORD})
    link = await asked(server, "POST", "/invites", {"role": "member"}, ada)
    new = {"token": link["token"], "handle": "grace", "name": "Grace", "password": PASSWORD}
    grace = await entered(server, "/accept", new)
    for room in (plans, kitchen):
        await asked(server, "POST", f"/rooms/{room}/members", {"who": ["grace"]}, ada)
    direct = {"kind": "direct", "who": ["ada"]}
    made = (await asked(server, "POST", "/rooms", direct, grace))["made"]
    for room, text in ((plans, "@ada?"), (made, "hello"), (kitchen, "look, @ada")):
        await asked(server, "POST", f"/rooms/{room}/messages", {"text": text}, grace)
    await expect(page.locator(".body mark")).to_be_visible()
    await menu(page)
    await expect(page.get_by_role("button", name="Plans 1 mention")).to_be_visible()
    await expect(page.get_by_role("button", name="Grace 1 unread")).to_be_visible()


async def entered(server: Server, path: str, given: dict[str, str]) -> str:
    """The token of a new session."""
    return str((await asked(server, "POST", path, given | {"wants": "token"}))["token"])


async def in_a_thread(page: Page, server: Server) -> None:
    """A pinned message, its thread, and what is pinned."""
    await make_room(await own(page, server), "Kitchen")
    await speak(page, "tea?")
    await act(page, "tea?", "Pin", "Reply in thread")
    thread = page.get_by_role("complementary", name="Thread")
    await thread.get_by_role("textbox", name="Reply").fill("with `milk`")
    await thread.get_by_role("button", name="Send reply").click()
    await expect(thread.get_by_role("log").locator(".body")).to_have_text("with milk")


async def pinned(page: Page, server: Server) -> None:
    await make_room(await own(page, server), "Kitchen")
    await speak(page, "tea?")
    await act(page, "tea?", "Pin")
    await page.get_by_role("button", name="Pinned messages").click()
    await expect(page.get_by_role("button", name="Show it in the room")).to_be_visible()


async def own_settings(page: Page, server: Server) -> None:
    await about_me(page, server)
    for section in ("Profile", "Notifications", "Devices", "Your data"):
        await page.get_by_role("dialog").get_by_text(section, exact=True).click()
    await expect(page.get_by_text("This device", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Remove it for good")).to_be_visible()


async def making_a_room(page: Page, server: Server) -> None:
    await menu(await own(page, server))
    await page.get_by_role("button", name="New room").click()
    await page.get_by_role("button", name="Make the room").click()
    await expect(page.get_by_text("Fill this in")).to_be_visible()


async def no_open_rooms(page: Page, server: Server) -> None:
    await menu(await own(page, server))
    await page.get_by_role("button", name="Open rooms").click()
    await expect(page.get_by_text("There are no open rooms yet")).to_be_visible()


async def open_rooms(page: Page, server: Server) -> None:
    await make_room(await own(page, server), "Kitchen")
    await menu(page)
    await page.get_by_role("button", name="Open rooms").click()
    await expect(page.get_by_text("Joined")).to_be_visible()


async def nobody_to_write_to(page: Page, server: Server) -> None:
    await menu(await own(page, server))
    await page.get_by_role("button", name="Write to…").click()
    await expect(page.get_by_text("Nobody else has an account here yet")).to_be_visible()


async def invited(page: Page, server: Server) -> None:
    """A link that is shown once."""
    await invite_link(await own(page, server), close=False)


async def about_me(page: Page, server: Server) -> None:
    await menu(await own(page, server))
    await page.get_by_role("button", name="Account", exact=True).click()
    await expect(page.get_by_role("button", name="Log out")).to_be_visible()
    await page.get_by_text("Notifications", exact=True).click()
    await expect(page.get_by_role("region", name="On this device")).to_be_visible()


async def no_such_room(page: Page, server: Server) -> None:
    await own(page, server)
    await page.goto("/r/@r0000000000000")
    await expect(page.get_by_role("heading", name="No such room")).to_be_visible()


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
    claiming,
    used_link,
    wrong_password,
    new_account,
    closed_room,
    administering,
    unread,
    in_a_thread,
    pinned,
    own_settings,
    making_a_room,
    no_open_rooms,
    open_rooms,
    nobody_to_write_to,
    invited,
    about_me,
    no_such_room,
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_axe_finds_nothing(
    browser: Browser,
    server: Server,
    state: Callable[[Page, Server], Awaitable[None]],
    device: str,
) -> None:
    async with arriving(device, browser, server) as page:
        await state(page, server)
        assert not await faults_by_scheme(page)
