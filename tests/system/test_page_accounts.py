"""The page with accounts, as people use it: they claim, accept, log in, make rooms, and see what they may and no more."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from tests.support.checkout import ROOT
from tests.support.newcomers import (
    PASSWORD,
    Friends,
    People,
    asked,
    at_home,
    claim,
    claim_link,
    fill,
    invitation,
    invite,
    invite_link,
    log_in,
    make_room,
    people_of,
    rooms,
    toast,
)
from tests.support.provider import CLIENT, providing
from tests.system.test_page import bodies, message, say

pytestmark = pytest.mark.timeout(180)


async def team(people: People, *names: str) -> list[Page]:
    """The pages of an owner, Ada, and of others whom she invited."""
    ada = await people.owner()
    return [ada, *[await people.invited(ada, name) for name in names]]


async def session(people: People, handle: str = "ada") -> str:
    """The token of another session, for what the page can't do."""
    entered = {"handle": handle, "password": PASSWORD, "wants": "token"}
    return str((await asked(people.server, "POST", "/login", entered))["token"])


async def write_to(page: Page, name: str) -> None:
    """Begin a direct."""
    await page.get_by_role("button", name="Write to…").click()
    await page.get_by_role("dialog").get_by_role("button", name=name).click()
    await expect(page.get_by_role("heading", name=name)).to_be_visible()


async def find_rooms(page: Page) -> list[str]:
    """The titles in the list of open rooms."""
    await page.get_by_role("button", name="Open rooms").click()
    dialog = page.get_by_role("dialog", name="Open rooms")
    await expect(dialog.get_by_text("Looking…")).to_have_count(0)
    titles = await dialog.get_by_role("listitem").locator("bdi").all_inner_texts()
    await dialog.get_by_role("button", name="Close").click()
    return titles


async def test_a_newcomer_makes_a_team_in_which_each_sees_what_they_may(people: People) -> None:
    ada = await people.owner()
    link = await invite_link(ada, people=2)
    grace, linus = [await people.enter(link, name) for name in ("Grace", "Linus")]

    await grace.keyboard.press("Control+f")  # in the lobby, which can't be searched
    await expect(grace.get_by_role("combobox", name="Search messages")).to_have_value("")
    await grace.keyboard.press("Escape")
    await make_room(ada, "Plans", "Closed")
    who_reads = ada.get_by_text("This is where the room begins.")
    await expect(who_reads).to_contain_text("Only its members can read it.")
    await say(ada, "the secret plan")
    await invite(ada, "Grace")
    await make_room(ada, "Kitchen", "Open")
    await expect(who_reads).to_contain_text("Anyone with an account can join and read it.")
    await write_to(ada, "Grace")
    await expect(who_reads).to_contain_text("Only the people in it can read it.")
    await say(ada, "only for you")

    await expect(rooms(grace)).to_contain_text("Plans")
    await rooms(grace).get_by_role("button", name="Plans").click()
    await expect(bodies(grace)).to_have_text(["the secret plan"])
    await expect(message(grace, "the secret plan").locator(".by")).to_have_text("Ada")
    await rooms(grace).get_by_role("button", name="Ada 1 unread").click()
    await expect(bodies(grace)).to_have_text(["only for you"])
    assert "@" not in await grace.locator("#app").inner_text()  # no key of a room or a person

    assert await find_rooms(linus) == ["Kitchen"]
    await expect(rooms(linus)).not_to_contain_text("Plans")
    for secret in (ada.url, await address_of(grace, "Plans")):
        page = await linus.context.new_page()
        await page.goto(secret)
        await expect(page.get_by_role("heading", name="No such room")).to_be_visible()
        await expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_hidden()
        assert not await bodies(page).count()


async def address_of(page: Page, room: str) -> str:
    await rooms(page).get_by_role("button", name=room).click()
    await expect(page.get_by_role("heading", name=room)).to_be_visible()
    return page.url


async def test_links_leave_no_token_in_the_address_bar(people: People) -> None:
    page = await people.visit()
    await expect(page.get_by_text("Nobody owns this server yet")).to_be_visible()
    await page.goto(claim_link(people.server))
    await expect(page.get_by_role("heading", name="This server is yours")).to_be_visible()
    await expect(page.get_by_text("Nobody owns this server yet")).to_have_count(0)
    assert page.url == f"{people.server.url}/claim"
    await fill(page, "Ada")
    await at_home(page, "Ada")
    assert page.url.startswith(f"{people.server.url}/#")
    await page.reload()
    await at_home(page, "Ada")


async def test_a_used_link_says_so_and_leads_on(people: People) -> None:
    link = await invitation(people.server, await claim(people.server))
    page = await people.enter(link, "Grace")
    await page.context.clear_cookies()
    for used in (link, claim_link(people.server), f"{people.server.url}/i"):
        await page.goto(used)
        if "#" in used:
            await fill(page, "Linus")
        await expect(page.get_by_role("heading", name="This link can't be used")).to_be_visible()
    await page.get_by_role("button", name="Log in").click()
    await log_in(page, "ada")
    await at_home(page, "Ada")


MISTAKES = (
    ("Linus", "ada", PASSWORD, "Handle", "already in use"),
    ("Grace", "gra ce", PASSWORD, "Handle", "Invalid handle"),
    ("Adа", "mary", PASSWORD, "Display name", "looks like"),
    ("Joan", "joan", "short", "Password", "use at least 8 characters"),
    ("Frances", "frances", "password", "Password", "too easy to guess"),
    ("Edith", "edith", "", "Password", "Fill this in"),
    ("", "barbara", PASSWORD, "Display name", "Fill this in"),
)


async def test_what_is_wrong_is_said_beside_its_field(people: People) -> None:
    """However many mistakes one makes, the link stays valid for its one account."""
    page = await people.visit(await invitation(people.server, await claim(people.server)))
    for name, handle, password, label, why in MISTAKES:
        await fill(page, name, handle, password)
        field = page.get_by_label(label)
        await expect(page.locator(".field", has=field).get_by_role("alert")).to_contain_text(why)
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_be_focused()
        await expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    await fill(page, "Barbara")
    await at_home(page, "Barbara")


async def test_one_logs_out_and_in_again(people: People) -> None:
    ada = await people.owner()
    await make_room(ada, "Plans", "Closed")
    await ada.get_by_role("button", name="Account").click()
    await ada.get_by_role("button", name="Log out").click()
    await expect(ada.get_by_label("Your name")).to_be_visible()
    kept = await ada.evaluate(
        "JSON.stringify(localStorage) + document.cookie + document.body.innerText"
    )
    assert "Plans" not in kept and "@p" not in kept
    assert not await ada.context.cookies()

    await ada.get_by_role("button", name="Log in with an account").click()
    await log_in(ada, "ada", "not-" + PASSWORD)
    await expect(ada.get_by_role("alert")).to_contain_text("Wrong handle or password")
    await log_in(ada, "ada")
    await at_home(ada, "Ada")
    await expect(rooms(ada)).to_contain_text("Plans")


async def test_a_session_that_ends_elsewhere_ends_here(people: People) -> None:
    ada = await people.owner()
    other = await people.again("ada", "Ada")
    token = await session(people)
    await asked(people.server, "DELETE", "/me/sessions", None, token)
    for page in (ada, other):
        await expect(page.get_by_text("Your session has ended")).to_be_visible()
    assert not await other.context.cookies()
    await log_in(ada, "ada")
    await at_home(ada, "Ada")


async def test_a_reset_link_sets_another_password(people: People) -> None:
    ada, grace = await team(people, "Grace")
    token = await session(people)
    found = (await asked(people.server, "GET", "/people", None, token))["people"]
    key = next(each["account"] for each in found if each["handle"] == "grace")
    made = await asked(people.server, "POST", f"/people/{key}/reset", None, token)
    page = await people.visit(f"/reset#{made['token']}")
    assert page.url.endswith("/reset")
    await page.get_by_label("Password").fill("another-lamp-43")
    await page.get_by_role("button", name="Save and log in").click()
    await at_home(page, "Grace")
    await expect(grace.get_by_text("Your session has ended")).to_be_visible()
    await at_home(ada, "Ada")


async def test_an_open_room_is_found_joined_and_left(friends: Friends) -> None:
    ada, grace = friends.ada, friends.grace
    await make_room(ada, "Kitchen")
    await say(ada, "tea?")
    await grace.get_by_role("button", name="Open rooms").click()
    await grace.get_by_role("button", name="Open Kitchen").click()
    await expect(bodies(grace)).to_have_text(["tea?"])
    await expect(grace.get_by_role("textbox", name="Message", exact=True)).to_be_hidden()
    await grace.get_by_role("button", name="Join", exact=True).click()
    await say(grace, "gladly")
    await expect(bodies(ada)).to_have_text(["tea?", "gladly"])

    await grace.get_by_role("button", name="Details").click()
    panel = grace.get_by_role("complementary", name="Kitchen")
    await expect(panel.get_by_text("2 members")).to_be_visible()
    await panel.get_by_role("button", name="Leave the room").click()
    leaving = grace.get_by_role("dialog", name="Leave Kitchen")
    await expect(leaving).to_contain_text("You can join it again")
    await leaving.get_by_role("button", name="Leave the room").click()
    await expect(rooms(grace)).not_to_contain_text("Kitchen")
    await expect(grace.get_by_role("heading", name="Kitchen")).to_have_count(0)


async def test_a_direct_that_was_hidden_comes_back_with_the_next_message(friends: Friends) -> None:
    ada, edith = friends.ada, await friends.joined_by("Edith")
    await write_to(ada, "Edith")
    await expect(ada.get_by_role("textbox", name="Message")).to_be_focused()
    opener = rooms(ada).get_by_role("button", name="New room")
    await opener.click()
    await ada.get_by_role("button", name="Close").click()
    await expect(opener).to_be_focused()
    await say(ada, "one")
    await rooms(edith).get_by_role("button", name="Ada").click()
    await expect(bodies(edith)).to_have_text(["one"])
    await edith.get_by_role("button", name="Details").click()
    await edith.get_by_role("button", name="Hide conversation").click()
    await expect(rooms(edith).get_by_role("button", name="Ada")).to_have_count(0)
    await say(ada, "two")
    await rooms(edith).get_by_role("button", name="Ada 1 unread").click()
    await expect(bodies(edith)).to_have_text(["one", "two"])


async def test_a_mention_lights_a_badge_on_each_device_until_it_is_read_on_one(
    friends: Friends,
) -> None:
    people, ada, desk = friends.people, friends.ada, friends.grace
    phone = await people.again("grace", "Grace")
    await people.closed_room(ada, "Plans", "grace")

    await say(ada, "hello all")
    for page in (desk, phone):
        await expect(rooms(page).get_by_role("button", name="Plans unread")).to_be_visible()
        await expect(rooms(page).get_by_text("Plans")).to_have_css("font-weight", "700")
        await expect(rooms(page).locator(".badge")).to_have_count(0)
    await say(ada, "@grace, <b>look</b>, @Grace. Not @gracehopper or me@grace")
    for page in (desk, phone):
        await expect(rooms(page).get_by_role("button", name="Plans 1 mention")).to_be_visible()
        await expect(page).to_have_title(re.compile(r"^\(1\) "))

    await rooms(desk).get_by_role("button", name="Plans").click()
    for page in (desk, phone):
        await expect(rooms(page).get_by_role("button", name="Plans", exact=True)).to_be_visible()
        await expect(rooms(page).locator(".badge, .unread")).to_have_count(0)
    await expect(desk.locator(".body mark")).to_have_text(["@grace", "@Grace"])
    await expect(ada.locator(".body mark")).to_have_count(0)
    await say(ada, "and @room")
    await expect(message(desk, "and @room").locator("mark")).to_have_text("@room")
    await expect(rooms(phone).locator(".badge")).to_have_count(0)


async def test_a_room_is_read_to_its_end_only_where_its_end_is_seen(friends: Friends) -> None:
    people, ada, joan = friends.people, friends.ada, await friends.joined_by("Joan")
    other = await people.again("joan", "Joan")
    await write_to(ada, "Joan")
    token, room = await session(people), ada.url.rpartition("/")[2]
    for number in range(40):
        post = {"text": f"message {number}"}
        await asked(people.server, "POST", f"/rooms/{room}/messages", post, token)
    await rooms(joan).get_by_role("button", name="Ada 40 unread").click()
    await expect(joan.locator(".newline")).to_be_in_viewport()
    await expect(message(joan, "message 39")).not_to_be_in_viewport()
    await expect(rooms(other).get_by_role("button", name="Ada 40 unread")).to_be_visible()
    await joan.get_by_role("region", name="Conversation").press("End")
    await expect(rooms(joan).get_by_role("button", name="Ada", exact=True)).to_be_visible()
    await expect(rooms(other).get_by_role("button", name="Ada", exact=True)).to_be_visible()

    await joan.locator("#scroller").evaluate("scroller => scroller.scrollTop = 0")
    await expect(joan.locator("#pill")).to_be_visible()
    await say(ada, "further down")
    for page in (joan, other):
        await expect(rooms(page).get_by_role("button", name="Ada 1 unread")).to_be_visible()
    await joan.locator("#pill").click()
    for page in (joan, other):
        await expect(rooms(page).get_by_role("button", name="Ada", exact=True)).to_be_visible()


async def test_a_post_says_what_was_read_and_many_messages_need_few_markers(
    friends: Friends,
) -> None:
    people, ada, barbara = friends.people, friends.ada, await friends.joined_by("Barbara")
    sent: list[dict[str, Any]] = []

    def hear(frame: str | bytes) -> None:
        sent.append(json.loads(frame))

    barbara.on("websocket", lambda socket: socket.on("framesent", hear))
    await write_to(ada, "Barbara")
    await say(ada, "one")
    await barbara.goto(ada.url)
    await expect(bodies(barbara)).to_have_text(["one"])
    one = await message(barbara, "one").get_attribute("data-seq")
    await say(barbara, "two")
    await expect(bodies(ada)).to_have_text(["one", "two"])

    began, token, room = monotonic(), await session(people), ada.url.rpartition("/")[2]
    for number in range(20):
        post = {"text": f"message {number}"}
        await asked(people.server, "POST", f"/rooms/{room}/messages", post, token)
    await expect(bodies(barbara)).to_have_count(22)
    other = await people.again("barbara", "Barbara")
    await expect(rooms(other).get_by_role("button", name="Ada", exact=True)).to_be_visible()
    assert [frame["read"] for frame in sent if frame["do"] == "post"] == [int(one or "0")]
    assert len([frame for frame in sent if frame["do"] == "read"]) <= 3 + (monotonic() - began) / 2


async def test_who_is_removed_sees_nothing_of_the_room_any_more(friends: Friends) -> None:
    people, ada, grace = friends.people, friends.ada, friends.grace
    await people.closed_room(ada, "Plans", "grace")
    await say(ada, "the secret plan")
    await rooms(grace).get_by_role("button", name="Plans").click()
    await expect(bodies(grace)).to_have_text(["the secret plan"])
    token = await session(people)
    room = grace.url.rpartition("/")[2]
    await asked(people.server, "DELETE", f"/rooms/{room}/members/grace", None, token)
    await expect(bodies(grace)).to_have_count(0)
    await expect(rooms(grace)).not_to_contain_text("Plans")
    await expect(grace.get_by_role("heading", name="Plans")).to_have_count(0)


@pytest.fixture
async def elsewhere() -> AsyncIterator[list[str]]:
    """Links on a page of another site, http://evil.example, whose address is the first in the list."""
    links: list[str] = []

    async def page(_: web.Request) -> web.Response:
        anchors = "".join(f'<a href="{link}">{i}</a> ' for i, link in enumerate(links[1:], 1))
        return web.Response(text=f"<title>elsewhere</title>{anchors}", content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    links.append(f"http://evil.example:{runner.addresses[0][1]}/")
    yield links
    await runner.cleanup()


async def test_a_link_from_another_site_opens_the_message(
    friends: Friends, elsewhere: list[str]
) -> None:
    people, ada, grace = friends.people, friends.ada, friends.grace
    await people.closed_room(ada, "Plans", "grace")
    room, token = ada.url.rpartition("/")[2], await session(people)
    posts = [{"text": f"message {number}"} for number in range(120)]
    path = f"/rooms/{room}/messages"
    seqs = [(await asked(people.server, "POST", path, post, token))["seq"] for post in posts]
    await message(ada, "message 119").hover()
    link = f"{people.server.url}/r/{room}/{seqs[-1]}"
    async with toast(ada, f"The link is (copied|{link})"):
        await message(ada, "message 119").get_by_role("button", name="Copy link").click()
    elsewhere.append(f"{people.server.url}/r/{room}/{seqs[3]}")

    page = await grace.context.new_page()
    await page.goto(elsewhere[0])
    await page.get_by_role("link", name="1").click()
    await expect(page.locator(".message.linked")).to_contain_text("message 3")
    await expect(page.locator(".message.linked")).to_be_in_viewport()
    await at_home(page, "Grace")
    start = await asked(people.server, "GET", "/start", None, await session(people, "grace"))
    (row,) = [each for each in start["rooms"] if each["room"] == room]
    assert row["unread"] == len(posts)

    stranger = await people.visit(elsewhere[0])
    await stranger.get_by_role("link", name="1").click()
    await log_in(stranger, "grace")
    await expect(stranger.locator(".message.linked")).to_contain_text("message 3")


async def test_a_guest_reads_a_public_room_and_is_asked_to_log_in_for_others(
    friends: Friends,
) -> None:
    people, ada, grace = friends.people, friends.ada, friends.grace
    token, given = await session(people), {"kind": "open", "title": "Help", "public": "read"}
    help_desk = (await asked(people.server, "POST", "/rooms", given, token))["made"]
    closed = (
        await asked(
            people.server, "POST", "/rooms", given | {"kind": "closed", "public": "none"}, token
        )
    )["made"]
    await rooms(ada).get_by_role("button", name="Help").first.click()
    path = f"/rooms/{help_desk}/messages"
    await asked(people.server, "POST", path, {"text": "ask away"}, token)

    guest = await people.visit(f"/r/{help_desk}")
    await guest.get_by_role("button", name="Come in as a guest").click()
    await guest.get_by_label("Your name").fill("vera")
    await guest.get_by_role("button", name="Start talking").click()
    await expect(bodies(guest)).to_have_text(["ask away"])
    await expect(guest.get_by_role("heading", name="Help", exact=True)).to_be_visible()
    await asked(people.server, "PATCH", f"/rooms/{help_desk}", {"title": "Help desk"}, token)
    await expect(guest.get_by_role("heading", name="Help desk", exact=True)).to_be_visible()
    await expect(message(guest, "ask away").locator(".by")).to_have_text("Ada")
    await grace.goto(f"{people.server.url}/r/{help_desk}")
    await grace.get_by_role("button", name="Join", exact=True).click()
    await say(grace, "why?")
    await expect(message(guest, "why?").locator(".by")).to_have_text("Grace")
    assert "@p" not in await guest.locator("#app").inner_text()

    await guest.goto(f"{people.server.url}/r/{closed}")
    await expect(guest.get_by_role("heading", name="No such room")).to_be_visible()
    await guest.get_by_role("button", name="Log in", exact=True).click()
    await log_in(guest, "ada")
    await expect(guest.get_by_role("heading", name="Help")).to_be_visible()


async def test_a_guest_account_that_becomes_more_is_told_at_once(friends: Friends) -> None:
    people, ada = friends.people, friends.ada
    token = await session(people)
    given = await asked(people.server, "POST", "/invites", {"role": "guest"}, token)
    tom = await people.enter(f"{people.server.url}/i#{given['token']}", "Tom")
    await expect(tom.get_by_role("button", name="Invite", exact=True)).to_be_hidden()
    listed = (await asked(people.server, "GET", "/people", None, token))["people"]
    (key,) = [each["account"] for each in listed if each["handle"] == "tom"]
    await asked(people.server, "PUT", f"/people/{key}/role", {"role": "admin"}, token)
    await expect(tom.get_by_role("button", name="Invite", exact=True)).to_be_visible()
    await write_to(tom, "Ada")
    await expect(rooms(ada)).to_contain_text("Tom")


async def test_who_may_sign_up_makes_an_account_from_the_log_in_form(
    browser: Browser, tmp_path: Path
) -> None:
    async with people_of(browser, tmp_path / "data", "--sign-up", "open") as people:
        await claim(people.server)
        page = await people.visit()
        await page.get_by_role("button", name="Log in with an account").click()
        await page.get_by_role("button", name="Make an account").click()
        await expect(page.get_by_role("heading", name="Make an account")).to_be_visible()
        await fill(page, "Grace")
        await at_home(page, "Grace")


async def test_who_has_an_account_elsewhere_signs_in_there(
    browser: Browser, tmp_path: Path
) -> None:
    async with providing() as provider:
        provider.has_secret = False
        given = ("--oidc-issuer", provider.issuer, "--oidc-client-id", CLIENT)
        async with people_of(
            browser, tmp_path / "data", *given, "--oidc-allow", "anyone", "--guests", "off"
        ) as people:
            await claim(people.server)
            page = await people.visit()
            await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
            await expect(page.get_by_label("Your name")).to_be_hidden()
            await expect(page.get_by_role("button", name="Use a token")).to_be_visible()
            await expect(page.get_by_role("button", name="Come in as a guest")).to_have_count(0)
            await page.get_by_role("button", name="Sign in with 127.0.0.1").click()
            await at_home(page, "Ada Lovelace")


def test_the_how_to_names_what_is_on_the_page() -> None:
    written = (ROOT / "docs" / "how-to" / "set-up-a-team.md").read_text()
    shown = "".join(path.read_text() for path in (ROOT / "web" / "app").rglob("*.ts*"))
    named = set(re.findall(r"\*\*(.+?)\*\*", written))
    assert named >= {"Invite", "New room", "Write to…"}
    assert not [name for name in named if f'"{name}"' not in shown and f">{name}<" not in shown]
