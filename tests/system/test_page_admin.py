"""What owners and admins do on the page about a server, and who else does not see it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page, Route, expect

from tests.support.images import GIF
from tests.support.newcomers import (
    PASSWORD,
    Friends,
    People,
    asked,
    log_in,
    people_of,
    rooms,
    toast,
)
from tests.system.test_page_managing import agree

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def people(browser: Browser, tmp_path: Path) -> AsyncIterator[People]:
    async with people_of(browser, tmp_path / "data", "--emoji", "members") as people:
        yield people


Two = tuple[Page, Page]


@pytest.fixture
async def two(people: People) -> Two:
    """The page of Ada, who runs the server, and that of Grace, who made the closed room Kitchen."""
    return await with_a_kitchen(people)


async def with_a_kitchen(people: People) -> Two:
    ada = await people.owner()
    grace = await people.invited(ada, "Grace")
    await people.closed_room(grace, "Kitchen")
    return ada, grace


@pytest.fixture(scope="module")
async def running(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Friends]:
    """Ada and Grace, on a server that some tests share."""
    data = tmp_path_factory.mktemp("admin") / "data"
    async with people_of(browser, data, "--emoji", "members") as people:
        yield Friends(people, *await with_a_kitchen(people))


@pytest.fixture
async def both(running: Friends) -> Two:
    """Ada and Grace, for tests that leave accounts as they were; Grace has her room open."""
    await rooms(running.grace).get_by_role("button", name="Kitchen").click()
    return running.ada, running.grace


async def part(page: Page, name: str) -> Locator:
    """A part of the admin page."""
    nav = page.get_by_role("navigation", name="Administration")
    if not await nav.count():
        await page.get_by_role("button", name="Administration").click()
    await nav.get_by_role("button", name=name).click()
    return page.get_by_role("main")


def row(of: Locator, text: str) -> Locator:
    return of.locator(".listing > li").filter(has_text=text)


async def test_people_are_found_logged_out_and_suspended(two: Two) -> None:
    ada, grace = two
    main = await part(ada, "People")
    await expect(main.locator(".listing > li")).to_have_count(2)
    await main.get_by_label("Find").fill("grac")
    await expect(main.locator(".listing > li")).to_have_count(1)
    await main.get_by_role("button", name="Manage Grace").click()
    await expect(main.get_by_text("1 session · 1 live connection")).to_be_visible()
    await main.get_by_role("button", name="Make a reset link").click()
    dialog = ada.get_by_role("dialog", name="Reset link for Grace")
    await expect(dialog.get_by_label("Link")).to_have_value(re.compile("/reset#.+"))
    await dialog.get_by_role("button", name="Close").click()

    await main.get_by_role("button", name="End all sessions").click()
    await expect(main.get_by_text("0 sessions")).to_be_visible()
    await expect(grace.get_by_text("Your session has ended. Log in again")).to_be_visible()
    await log_in(grace, "grace")
    await expect(rooms(grace)).to_contain_text("Kitchen")

    await main.get_by_role("button", name="Manage Grace").click()
    await main.get_by_role("button", name="Manage Grace").click()
    await main.get_by_role("button", name="Suspend…").click()
    await agree(ada, "Suspend Grace", "Suspend", "1 session ends now")
    await expect(row(main, "@grace")).to_contain_text("Suspended")
    await expect(grace.get_by_label("Your handle")).to_be_visible()
    await main.get_by_role("button", name="Reinstate").click()
    await expect(row(main, "@grace")).not_to_contain_text("Suspended")


async def test_an_account_is_removed_with_its_messages(two: Two) -> None:
    ada, _ = two
    main = await part(ada, "People")
    await main.get_by_label("Find").fill("grac")
    await main.get_by_role("button", name="Manage Grace").click()
    await main.get_by_role("button", name="Remove…").click()
    dialog = ada.get_by_role("dialog", name="Remove Grace")
    await dialog.get_by_label("Also erase all of its messages").check()
    await agree(ada, "Remove Grace", "Remove for good", "the account leaves 1 room.")
    await expect(main.get_by_text("Nothing found")).to_be_visible()
    await main.get_by_label("Find").fill("")
    await expect(main.locator(".listing > li")).to_have_count(1)


async def test_roles_are_given_by_those_who_may(two: Two) -> None:
    ada, grace = two
    main = await part(ada, "People")
    await main.get_by_role("button", name="Manage Grace").click()
    await main.get_by_label("Role of Grace").select_option("Admin")
    await expect(row(main, "@grace")).to_contain_text("Admin ·")
    hers = await part(grace, "People")
    await hers.get_by_role("button", name="Manage Ada").click()
    await expect(row(hers, "@ada")).to_contain_text("Not allowed to list the sessions")
    await hers.get_by_role("button", name="Manage Grace").click()
    await expect(row(hers, "@grace").get_by_role("alert")).not_to_be_empty()


async def test_an_admin_hosts_and_archives_rooms_of_others(both: Two) -> None:
    ada, grace = both
    main = await part(ada, "Rooms")
    await expect(row(main, "Kitchen")).to_contain_text("Closed · 1 member · 0 messages")
    await main.get_by_role("button", name="Archive Kitchen").click()
    await agree(ada, "Archive Kitchen", "Archive", "Its 1 member can still read its 0 messages")
    await expect(grace.get_by_text("This room is archived.")).to_be_visible()
    await main.get_by_role("button", name="Restore").click()
    await main.get_by_role("button", name="Become a host of Kitchen").click()
    await agree(ada, "Become a host of Kitchen", "Become a host", "you came as an admin")
    await expect(row(main, "Kitchen")).to_contain_text("2 members")
    await main.get_by_role("button", name="Open Kitchen").click()
    await expect(ada.get_by_role("heading", name="Kitchen")).to_be_visible()
    await expect(ada).to_have_url(re.compile("/r/@r"))


async def test_invites_and_emoji_are_made_and_taken_back(both: Two) -> None:
    ada, _ = both
    main = await part(ada, "Invites")
    await expect(main.get_by_text("There are no open invites")).to_be_visible()
    await main.get_by_role("button", name="Make an invite").click()
    await ada.get_by_label("For how many people").fill("3")
    await ada.get_by_role("button", name="Make the link").click()
    await ada.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(main.locator(".listing > li")).to_contain_text("3 uses left")
    await main.get_by_role("button", name="Revoke").click()
    await expect(main.get_by_text("There are no open invites")).to_be_visible()

    await part(ada, "Emoji")
    await main.get_by_role("button", name="Add an emoji").click()
    dialog = ada.get_by_role("dialog", name="Add an emoji")
    await dialog.get_by_label("Name").fill("?")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog.get_by_text("Choose a picture")).to_be_visible()
    picture: FilePayload = {"name": "p.gif", "mimeType": "image/gif", "buffer": GIF}
    await dialog.get_by_label("Picture").set_input_files(picture)
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog.locator(".field").first.get_by_role("alert")).not_to_be_empty()
    await dialog.get_by_label("Name").fill("parrot")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(row(main, ":parrot:")).to_contain_text("by Ada")
    await main.get_by_role("button", name="Remove :parrot:").click()
    await agree(ada, "Remove :parrot:", "Remove", "show :parrot: instead")
    await expect(main.get_by_text("no emoji of its own yet")).to_be_visible()


async def the_largest_file_is_deleted_with_its_message(
    ada: Page, grace: Page, main: Locator
) -> None:
    posted = """async () => {
      const ask = async (path, body, more) =>
        (await fetch(`/api/v1/${path}`, { method: "POST", body, headers: { "x-hubbub": "1", ...more } })).json();
      const json = { "content-type": "application/json" };
      for (const [kind, title, size] of [["open", "Lake", 2048], ["closed", "Den", 1024]]) {
        const room = (await ask("rooms", JSON.stringify({ kind, title }), json)).made;
        const { file } = await ask("files?name=film.bin", new Uint8Array(size), { "content-type": "application/octet-stream" });
        await ask(`rooms/${room}/messages`, JSON.stringify({ files: [file] }), json);
      }
    }"""
    await grace.evaluate(posted)
    await part(ada, "Figures")
    await part(ada, "Files")
    large = row(main, "@grace in Lake")
    await expect(large).to_contain_text("2 KiB")
    closed = row(main, "@grace in Den")
    await expect(closed).to_contain_text("A file")
    await expect(closed.get_by_role("button")).to_have_count(0)
    await expect(main.get_by_text("To delete files in a closed room")).to_be_visible()
    await large.get_by_role("button", name="Delete… film.bin").click()
    dialog = ada.get_by_role("dialog", name="Delete film.bin?")
    await expect(dialog).to_contain_text("This frees at least 2 KiB of the space of Grace")
    await dialog.get_by_role("button", name="Delete message").click()
    await expect(large).to_have_count(0)
    await expect(closed).to_be_visible()


async def test_limits_on_files_are_set_and_whom_they_hold_for_sees_them(
    both: Two,
) -> None:
    ada, grace = both
    main = await part(ada, "Files")
    await expect(main.get_by_text("Nobody has uploaded a file yet")).to_be_visible()
    await the_largest_file_is_deleted_with_its_message(ada, grace, main)
    await main.get_by_role("button", name="Limit: Files of each person").click()
    dialog = ada.get_by_role("dialog", name="Limit: Files of each person")
    await dialog.get_by_label("MiB").fill("plenty")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("Enter a number of MiB")).to_be_visible()
    await dialog.get_by_label("MiB").fill("0.5")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row(main, "Files of each person")).to_contain_text("at most 512 KiB")
    await grace.get_by_role("button", name="Account", exact=True).click()
    await grace.get_by_text("Your data").click()
    await expect(grace.get_by_text("Your files use 1 KiB of 512 KiB")).to_be_visible()
    await grace.get_by_role("dialog").get_by_role("button", name="Close").click()


# Which canvases have something in colour, besides grey lines and letters.
COLOURED = """(all) => all.map((each) => {
    const { data } = each.getContext("2d").getImageData(0, 0, each.width, each.height);
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && Math.abs(data[i] - data[i + 1]) > 60) return true;
    return false;
})"""


def let_one_pass() -> Callable[[Route], Awaitable[None]]:
    """Answer only the first request."""
    passed: list[Route] = []

    async def answer(route: Route) -> None:
        passed.append(route)
        if len(passed) == 1:
            await route.continue_()
        else:
            await route.abort()

    return answer


async def see_figures(ada: Page) -> Locator:
    """What exists is drawn from the first figures on; rates need the second ones."""
    await ada.route("**/figures", let_one_pass())
    main = await part(ada, "Figures")
    figures = main.locator("figure")
    await expect(figures).to_have_count(5)
    await expect(figures.first).to_contain_text(re.compile(r"now \d"))
    await expect(figures.nth(1)).to_contain_text("collecting…")
    await expect(figures.locator("canvas")).to_have_count(5)
    drawn = await figures.locator("canvas").evaluate_all(COLOURED)
    assert drawn == [True, False, False, False, True]
    await ada.unroute_all(behavior="ignoreErrors")
    await expect(figures.nth(1)).to_contain_text("now")
    await expect(figures.first).to_contain_text("now 2")
    return main


async def test_the_server_shows_its_figures_settings_and_audit_log(
    running: Friends, both: Two
) -> None:
    ada, grace = both
    main = await see_figures(ada)
    await expect(main.locator(".counts").first).to_contain_text("WebSocket2")

    await part(ada, "Connections")
    await main.get_by_role("button", name="Refresh").click()
    await expect(main.locator(".listing > li")).to_have_count(2)
    hers = row(main, "Grace").filter(has_text=re.compile(r"WebSocket · 127\.0\.0\.1.*last active"))
    async with grace.expect_websocket() as again, toast(ada, "Connection ended"):
        await hers.get_by_role("button", name="End Grace's connection (since").click()
    await again.value  # her page connects again, logged in as before

    await part(ada, "Settings")
    emoji = main.get_by_role("row").filter(has=ada.get_by_role("rowheader", name="emoji"))
    await expect(emoji.get_by_role("cell")).to_have_text(['"members"', "--emoji"])

    await part(ada, "Audit log")
    await expect(row(main, "person added")).to_have_count(2)
    await main.get_by_role("button", name="Check the log").click()
    await expect(main.get_by_role("status")).to_have_text(
        re.compile(r"The audit log is intact: \d+ entries")
    )
    await ada.reload()
    await expect(row(main, "Grace – person added")).to_be_visible()
    before = ada.viewport_size
    assert before is not None
    await ada.set_viewport_size({"width": 360, "height": 740})
    tab = ada.get_by_role("navigation", name="Administration").locator("[aria-current]")
    await expect(tab).to_be_in_viewport(ratio=1)  # the last one
    await ada.set_viewport_size(before)

    await expect(rooms(grace).get_by_role("button", name="Administration")).to_have_count(0)
    await grace.goto(f"{running.people.server.url}/#/admin/people")
    await expect(grace.get_by_text("Only owners and admins of this server")).to_be_visible()


async def test_lists_without_an_answer_say_so_and_ask_again(both: Two) -> None:
    ada, _ = both
    refused = {"code": "rate_limited", "detail": "Too fast", "temporary": True}
    await ada.route("**/api/v1/admin/rooms*", lambda route: route.fulfill(status=429, json=refused))
    main = await part(ada, "Rooms")
    await expect(main.get_by_text("Too fast")).to_be_visible()
    await ada.unroute("**/api/v1/admin/rooms*")
    await main.get_by_role("button", name="Try again").click()
    await expect(row(main, "Kitchen")).to_be_visible()


async def test_lists_come_in_pages_and_all_are_searched(people: People, two: Two) -> None:
    ada, _ = two
    entered = {"handle": "ada", "password": PASSWORD, "wants": "token"}
    token = (await asked(people.server, "POST", "/login", entered))["token"]
    for n in range(101):
        new = {"handle": f"p{n}", "name": f"Person {n}"}
        await asked(people.server, "POST", "/people", new, token)
    main = await part(ada, "People")
    await expect(main.locator(".listing > li")).to_have_count(100)
    await main.get_by_role("button", name="Show more").click()
    await expect(main.locator(".listing > li")).to_have_count(103)
    await part(ada, "Rooms")
    await part(ada, "People")
    await main.get_by_label("Find").fill("person 100")
    await expect(main.locator(".listing > li")).to_have_count(1)
