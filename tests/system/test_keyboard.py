"""All of the page by keyboard alone, with the focus always in sight, and what a screen reader is given of it (tests/fixtures/page)."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import FileChooser, FilePayload, Locator, Page, expect

from tests.support.newcomers import PASSWORD, People, at_home, exactly
from tests.system.states import furnish
from tests.system.test_page import bodies, composer, message

pytestmark = pytest.mark.timeout(240)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "page"
MOST_TABS = 60
# The focus is in sight if what has it, or the box around a field, is marked.
IN_SIGHT = """() => {
    const now = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(now);
    return now.matches(".composer textarea") || (outlineStyle !== "none" && outlineWidth !== "0px") || String(now.outerHTML).slice(0, 200);
}"""


async def tab_to(goal: Locator, key: str = "Tab") -> None:
    """Go from one thing to the next until the focus is there, and see it all the way."""
    for _ in range(MOST_TABS):
        await goal.page.keyboard.press(key)
        assert await goal.page.evaluate(IN_SIGHT) is True
        if await goal.evaluate("it => it === document.activeElement"):
            return
    raise AssertionError(f"{MOST_TABS} times {key} don't lead to {goal}")


async def press(goal: Locator, key: str = "Tab") -> None:
    """Go to a button, and press it."""
    await tab_to(goal, key)
    await goal.page.keyboard.press("Enter")


async def heard_as(what: Locator, fixture: str) -> None:
    """Compare what a screen reader is given."""
    await expect(what).to_match_aria_snapshot((FIXTURES / f"{fixture}.aria.yml").read_text())


async def log_in(page: Page) -> None:
    way_in = page.get_by_role("button", name="Log in with an account")
    await expect(way_in).to_be_visible()
    await press(way_in)
    await expect(page.get_by_label("Your handle")).to_be_focused()
    await page.keyboard.type("ada")
    await tab_to(page.get_by_label("Password"))
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await at_home(page, "Ada Lovelace")


async def go_to(page: Page, room: str) -> None:
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox", name="Rooms and people")).to_be_focused()
    await page.keyboard.type(room)
    await expect(page.get_by_role("option").first).to_contain_text(room)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=room)).to_be_visible()
    await expect(composer(page)).to_be_focused()


async def write_and_edit(page: Page) -> None:
    await page.keyboard.type("by keys alone")
    await page.keyboard.press("Enter")
    await expect(bodies(page).last).to_have_text("by keys alone")
    await expect(
        page.get_by_role("list", name="Not yet sent").get_by_role("listitem")
    ).to_have_count(0)
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_label("Edit message")).to_be_focused()
    await page.keyboard.type("!")
    await page.keyboard.press("Enter")
    await expect(bodies(page).last).to_have_text(re.compile("by keys alone!"))
    await expect(composer(page)).to_be_focused()


async def react(page: Page) -> None:
    await tab_to(page.get_by_role("region", name="Conversation"), "Shift+Tab")
    await page.keyboard.press("ArrowUp")
    await expect(message(page, "by keys alone!")).to_be_focused()
    await page.keyboard.press("+")
    await expect(page.get_by_role("button", name="React with 👍")).to_be_focused()
    await page.keyboard.press("Enter")
    reaction = message(page, "by keys alone!").get_by_role("button", name="👍 by 1")
    await expect(reaction).to_be_visible()


async def reply_in_thread(page: Page) -> None:
    await expect(
        message(page, "by keys alone!")
    ).to_be_focused()  # and not nothing, once one has reacted
    await page.keyboard.press("t")
    reply = page.get_by_role("textbox", name="Reply")
    await expect(reply).to_be_focused()
    await page.keyboard.type("and a reply")
    await page.keyboard.press("Enter")
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread.get_by_role("log").locator(".body")).to_have_text(["and a reply"])
    await page.keyboard.press("Escape")
    await expect(thread).to_have_count(0)
    await expect(message(page, "by keys alone!")).to_be_focused()


async def attach_a_file(page: Page, choosing: "asyncio.Queue[FileChooser]") -> None:
    await composer(page).focus()
    attach = page.locator("#composer").get_by_role("button", name="Attach files")
    await tab_to(attach)
    await page.keyboard.press("Enter")
    file: FilePayload = {"name": "list.txt", "mimeType": "text/plain", "buffer": b"tea"}
    await (await choosing.get()).set_files(file)
    await tab_to(page.get_by_role("button", name="Remove list.txt"), "Shift+Tab")
    await tab_to(composer(page))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log").get_by_text("list.txt")).to_be_visible()
    await expect(composer(page)).to_be_focused()


async def go_on_writing_beside_a_panel(page: Page) -> None:
    await press(page.get_by_role("button", name="Details"), "Shift+Tab")
    panel = page.get_by_role("complementary", name="engine")
    await expect(panel.get_by_role("button", name="Close")).to_be_focused()
    await composer(page).focus()
    await page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await expect(composer(page)).to_be_focused()


async def search(page: Page) -> None:
    await page.keyboard.press("Control+f")
    field = page.get_by_role("combobox", name="Search messages")
    await expect(field).to_be_focused()
    await expect(field).to_have_value("in:engine ")
    await page.keyboard.type("truth")
    found = page.get_by_role("main").locator(".hit")
    await expect(found).to_have_count(1)
    await heard_as(page.get_by_role("region", name="Results"), "results")
    await page.keyboard.press("ArrowDown")
    await expect(found.get_by_role("link")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(message(page, "The log is the truth").first).to_be_focused()
    await press(page.get_by_role("button", name="Back to the results"), "Shift+Tab")
    await expect(found.get_by_role("link")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(field).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(composer(page)).to_be_focused()


async def change_a_setting(page: Page) -> None:
    details = page.get_by_role("button", name="Details")
    await press(details, "Shift+Tab")
    panel = page.get_by_role("complementary", name="engine")
    await expect(panel.get_by_role("listitem").filter(has_text="Grace")).to_be_visible()
    await press(panel.get_by_text("Room settings"))
    await expect(panel.get_by_role("textbox", name="Topic")).to_be_visible()
    await tab_to(panel.get_by_role("textbox", name="Topic"))
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Set by keys")
    await page.keyboard.press("Enter")
    await expect(page.locator(".topic")).to_have_text("Set by keys")


async def mute_somebody(page: Page) -> None:
    panel = page.get_by_role("complementary", name="engine")
    await expect(
        page.locator("#panel summary").first
    ).to_be_focused()  # the field that had it was drawn anew
    await press(panel.get_by_role("button", name="Manage Grace"), "Shift+Tab")
    await expect(panel.get_by_role("button", name="Mute…")).to_be_visible()
    await press(panel.get_by_role("button", name="Mute…"))
    dialog = page.get_by_role("dialog", name="Mute Grace")
    await press(dialog.get_by_role("button", name="Mute"))
    await expect(dialog).to_have_count(0)
    restrained = panel.locator("summary").filter(has_text="Banned and muted")
    await press(restrained)
    release = panel.get_by_role("button", name="Unmute Grace")
    await expect(release).to_be_visible()
    await press(release)
    await expect(release).to_have_count(0)
    await expect(restrained).to_be_focused()  # what had the focus is gone
    await page.keyboard.press("Enter")


async def administer_and_log_out(page: Page) -> None:
    await go_to(page, "kitchen")
    await press(page.get_by_role("button", name="Administration"), "Shift+Tab")
    await expect(page.get_by_role("button", name="Connections")).to_be_visible()
    await press(page.get_by_role("button", name="Connections"))
    await expect(page.get_by_role("main").locator(".connection")).to_have_count(1)
    await tab_to(page.get_by_role("button", name="End Ada Lovelace's connection"))
    await press(page.get_by_role("button", name="Account"), "Shift+Tab")
    await press(page.get_by_role("dialog").get_by_role("button", name="Log out"))
    await expect(page.get_by_role("button", name="Log in with an account")).to_be_visible()


async def leave(page: Page) -> None:
    await press(page.get_by_role("complementary").get_by_role("button", name="Leave the room"))
    dialog = page.get_by_role("dialog", name="Leave engine")
    await press(dialog.get_by_role("button", name=exactly("Leave the room")))
    await expect(dialog).to_have_count(0)
    rooms = page.get_by_role("navigation", name="Rooms")
    await expect(rooms.get_by_role("button", name="engine")).to_have_count(0)


async def test_everything_is_done_by_keyboard_alone_and_heard_as_it_is_meant(
    people: People,
) -> None:
    team = await furnish(people.server)
    await team.indexed("truth", 1)
    page = await people.visit("/")
    choosing = asyncio.Queue[FileChooser]()
    page.on("filechooser", choosing.put_nowait)
    await log_in(page)
    await heard_as(page.get_by_role("navigation", name="Rooms"), "rooms")
    await go_to(page, "engine")
    await heard_as(page.get_by_role("log", name="Messages"), "messages")
    await write_and_edit(page)
    await react(page)
    await reply_in_thread(page)
    await attach_a_file(page, choosing)
    await go_on_writing_beside_a_panel(page)
    await search(page)
    await change_a_setting(page)
    await mute_somebody(page)
    await leave(page)
    await administer_and_log_out(page)
