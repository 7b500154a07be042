"""What hosts do on the page about a room, its members and their messages, and what others are offered of that."""

import re

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.integration.test_thumbnails import picture
from tests.support.newcomers import (
    PASSWORD,
    Friends,
    People,
    asked,
    make_room,
    rooms,
    toast,
)
from tests.system.test_page import bodies, composer, message, say, use

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def two(friends: Friends) -> tuple[Page, Page]:
    """The pages of Ada, the host, and of Grace, a member, both in the closed room Kitchen."""
    await friends.people.closed_room(friends.ada, "Kitchen", "grace")
    await rooms(friends.grace).get_by_role("button", name="Kitchen").click()
    return friends.ada, friends.grace


async def about(page: Page, room: str = "Kitchen") -> Locator:
    """What stands beside a room about it."""
    panel = page.get_by_role("complementary", name=room)
    if not await panel.count():
        await page.get_by_role("button", name="Details").click()
    await expect(panel.get_by_role("heading", name=re.compile("member"))).to_be_visible()
    return panel


async def manage(panel: Locator, name: str, act: str) -> None:
    await panel.get_by_role("button", name=f"Manage {name}").click()
    await panel.get_by_role("button", name=act, exact=True).click()


async def agree(page: Page, title: str, button: str, says: str) -> None:
    """Read what a window says will happen, and let it."""
    dialog = page.get_by_role("dialog", name=title)
    await expect(dialog).to_contain_text(says)
    await dialog.get_by_role("button", name=button, exact=True).click()
    await expect(dialog).to_have_count(0)


async def let_gus_in(people: People, host: Page, panel: Locator) -> None:
    """Make a link into the room, by which Gus makes an account."""
    await panel.get_by_role("button", name="Make an invite link").click()
    dialog = host.get_by_role("dialog", name="Make an invite link")
    await dialog.get_by_role("button", name="Make the link").click()
    token = (await dialog.get_by_label("Invite link", exact=True).input_value()).partition("#")[2]
    await dialog.get_by_role("button", name="Close").click()
    gus = {"token": token, "handle": "gus", "name": "Gus", "password": PASSWORD, "wants": "token"}
    assert "token" in await asked(people.server, "POST", "/accept", gus)


async def test_a_host_manages_members_and_they_see_what_they_may(
    friends: Friends, two: tuple[Page, Page]
) -> None:
    ada, grace = two
    hers = await about(grace)
    await expect(hers.get_by_role("listitem").filter(has_text="Ada")).to_contain_text("Host")
    for name in ("Manage Ada", "Restore the room", "Archive the room"):
        await expect(hers.get_by_role("button", name=name)).to_have_count(0)
    await expect(hers.get_by_text("Banned and muted")).to_have_count(0)

    panel = await about(ada)
    await manage(panel, "Grace", "Mute…")
    dialog = ada.get_by_role("dialog", name="Mute Grace")
    await dialog.get_by_label("For how long").select_option("10 minutes")
    await agree(ada, "Mute Grace", "Mute", "not write or react")
    await composer(grace).fill("mmm")
    await composer(grace).press("Enter")
    await expect(grace.get_by_text("Muted in this room")).to_be_visible()
    await panel.get_by_text("Banned and muted").click()
    await expect(panel.get_by_text(re.compile("^Muted until Today"))).to_be_visible()
    await panel.get_by_role("button", name="Unmute Grace").click()
    await expect(panel.get_by_text("Nobody is banned or muted here.")).to_be_visible()

    await manage(panel, "Grace", "Make host")
    await expect(hers.get_by_role("button", name="Archive the room")).to_be_visible()
    await let_gus_in(friends.people, grace, hers)
    await expect(panel.get_by_role("listitem").filter(has_text="Gus")).to_be_visible()
    await manage(panel, "Grace", "Make ordinary member")
    for name in ("Archive the room", "Make an invite link"):
        await expect(hers.get_by_role("button", name=name)).to_have_count(0)

    await manage(panel, "Grace", "Ban…")
    await ada.get_by_role("dialog").get_by_label("For how long").select_option("for ever")
    await agree(ada, "Ban Grace", "Ban", "can't come back")
    await expect(rooms(grace)).not_to_contain_text("Kitchen")
    await expect(panel.get_by_role("heading", name="2 members", exact=True)).to_be_visible()


async def depict(panel: Locator, two: tuple[Page, Page]) -> None:
    """Give the room a picture, which everyone sees, and take it away."""
    shown = [page.locator(place) for page in two for place in ("#rooms img", "main > header img")]
    pot = FilePayload(name="pot.png", mimeType="image/png", buffer=picture(90, 60, "PNG"))
    await panel.locator("input[type=file]").set_input_files(pot)
    for each in shown:
        await expect(each).to_have_js_property("naturalWidth", 60)
    await panel.get_by_role("button", name="Remove picture").click()
    for each in shown:
        await expect(each).to_have_count(0)


async def test_settings_are_saved_and_what_they_erase_must_be_agreed_to(
    friends: Friends, two: tuple[Page, Page]
) -> None:
    ada, grace = two
    await say(ada, "one")
    hers, panel = await about(grace), await about(ada)
    await hers.get_by_text("Room settings").click()
    await expect(hers.get_by_label("Title", exact=True)).to_have_value("Kitchen")
    await expect(hers.get_by_label("Slow mode")).to_have_count(0)

    await panel.get_by_text("Room settings").click()
    await panel.get_by_label("Alias", exact=True).fill("not an alias")
    await panel.get_by_role("button", name="Save").click()
    of_alias = ada.get_by_label("Alias", exact=True)
    await expect(panel.locator(".field", has=of_alias).get_by_role("alert")).not_to_be_empty()
    await of_alias.fill("kitchen")
    await panel.get_by_label("Topic", exact=True).fill("What is for dinner")
    await panel.get_by_label("Slow mode").select_option("1 hour")
    await panel.get_by_label("Members may invite people").uncheck()
    await panel.get_by_label("Keep messages for how many days").fill("30")
    await expect(panel.get_by_text("1 message was posted here so far")).to_be_visible()
    await panel.get_by_role("button", name="Save").click()
    await expect(panel.get_by_text("First agree that older messages are erased")).to_be_visible()
    await panel.get_by_label("Erase what is older than 30 days").check()
    async with toast(ada, "Saved"):
        await panel.get_by_role("button", name="Save").click()
    entered = {"handle": "ada", "password": PASSWORD, "wants": "token"}
    token = (await asked(friends.people.server, "POST", "/login", entered))["token"]
    kept = await asked(friends.people.server, "GET", "/rooms/%23kitchen/settings", None, token)
    news = {"topic": "What is for dinner", "slow": 3600, "keep_days": 30, "receipts": True}
    assert kept.items() >= (news | {"members_may_invite": False}).items()
    await expect(grace.get_by_text("What is for dinner").first).to_be_visible()
    await expect(hers.get_by_role("button", name="Invite people")).to_have_count(0)
    await depict(panel, two)


async def test_members_are_managed_without_a_mouse(two: tuple[Page, Page]) -> None:
    ada, _ = two
    await ada.get_by_role("button", name="Details").focus()
    await ada.keyboard.press("Enter")
    panel = ada.get_by_role("complementary", name="Kitchen")
    await expect(panel.get_by_role("button", name="Close")).to_be_focused()
    await expect(panel.get_by_role("button", name="Manage Grace")).to_be_visible()
    for name in ("Manage Grace", "Make host"):
        await press_tab_to(panel.get_by_role("button", name=name))
        await ada.keyboard.press("Enter")
    await expect(panel.get_by_role("listitem").filter(has_text="Grace")).to_contain_text("Host")
    await ada.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await expect(ada.get_by_role("button", name="Details")).to_be_focused()


async def press_tab_to(button: Locator) -> None:
    for _ in range(8):
        await button.page.keyboard.press("Tab")
        if await button.evaluate("it => it === document.activeElement"):
            return
    raise AssertionError("the Tab key doesn't reach it")


async def test_a_room_is_archived_and_restored(two: tuple[Page, Page]) -> None:
    ada, grace = two
    await say(ada, "one")
    panel = await about(ada)
    await panel.get_by_role("button", name="Archive the room").click()
    await agree(ada, "Archive the room", "Archive", "2 members can still read its 1 message")
    await expect(grace.get_by_text("This room is archived.")).to_be_visible()
    await panel.get_by_role("button", name="Restore the room").click()
    await say(grace, "two")
    await expect(bodies(ada)).to_have_text(["one", "two"])


async def test_messages_are_moderated_where_they_stand(two: tuple[Page, Page]) -> None:
    ada, grace = two
    await say(grace, "rude")
    await expect(bodies(ada)).to_have_text(["rude"])
    await say(ada, "calm")
    await use(grace, "calm", "More")
    await expect(message(grace, "calm").get_by_role("button", name="Forward…")).to_be_visible()
    await expect(message(grace, "calm").get_by_role("button", name="Delete…")).to_have_count(0)
    await use(ada, "rude", "More")
    await message(ada, "rude").get_by_role("button", name="Mute…").click()
    await agree(ada, "Mute Grace", "Mute", "not write or react")
    await use(ada, "rude", "More")
    await message(ada, "rude").get_by_role("button", name="Delete…").click()
    await agree(ada, "Delete this message", "Delete", "1 message is erased for everyone")
    await expect(bodies(grace)).to_have_text(["deleted", "calm"])


async def edited_by(ada: Page) -> str:
    """A message that Ada wrote and edited, as it stands there."""
    await say(ada, "draft one")
    await use(ada, "draft one", "Edit")
    await ada.get_by_label("Edit message").fill("final")
    await ada.get_by_label("Edit message").press("Enter")
    return "final (edited)"


async def test_a_message_is_shown_as_it_was_and_kept_for_later(two: tuple[Page, Page]) -> None:
    ada, grace = two
    text = await edited_by(ada)
    await use(grace, text, "More")
    await message(grace, text).get_by_role("button", name="Earlier versions").click()
    versions = grace.get_by_role("dialog", name="Earlier versions")
    await expect(versions.locator("p")).to_have_text(["draft one", "final"])
    await versions.get_by_role("button", name="Close").click()

    async with toast(grace, "The message is saved"):
        await use(grace, text, "More", "Save for later")
    await make_room(grace, "Pantry")
    await grace.get_by_role("button", name="Saved messages").click()
    panel = grace.get_by_role("complementary", name="Saved messages")
    await expect(panel.locator(".body")).to_have_text([text])
    await panel.get_by_role("button", name="Show it in Kitchen").click()
    await expect(message(grace, text)).to_have_class(re.compile("linked"))
    await grace.get_by_role("button", name="Saved messages").click()
    await panel.get_by_role("button", name="Remove").click()
    await expect(panel.get_by_text("Nothing saved yet")).to_be_visible()


async def test_a_message_is_forwarded_and_its_room_marked_unread(two: tuple[Page, Page]) -> None:
    ada, grace = two
    text = await edited_by(ada)
    await make_room(grace, "Pantry")
    await rooms(grace).get_by_role("button", name="Kitchen").click()
    await use(grace, text, "More", "Forward…")
    dialog = grace.get_by_role("dialog", name="Forward the message")
    await dialog.get_by_label("To").select_option("Pantry")
    await dialog.get_by_label("Your own words").fill("see this")
    await dialog.get_by_role("button", name="Forward", exact=True).click()
    await use(grace, text, "More", "Mark unread")
    await rooms(grace).get_by_role("button", name="Pantry").click()
    await expect(grace.locator(".forwarded")).to_contain_text("Forwarded from Ada")
    await expect(grace.locator(".forwarded .body")).to_have_text(text)
    await expect(grace.locator(".message")).to_contain_text("see this")
    await expect(rooms(grace).get_by_role("button", name="Kitchen unread")).to_be_visible()
