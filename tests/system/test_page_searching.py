"""Searching on the page: what is found leads to where it was said, and back; it is never what one may not read, nor what one no longer asks for."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.support.newcomers import People, at_home, log_in, people_of, rooms
from tests.system.states import Team, hits, seek
from tests.system.test_page import composer

pytestmark = pytest.mark.timeout(180)

REPLIES = 130  # more than a thread has at first
# Notes how far one has scrolled when one clicks.
SCROLLED = """document.addEventListener("click", () => {
    window.scrolled = document.querySelector(".results").scrollTop;
}, { capture: true, once: true })"""

# Notes whether the address of a search was ever replaced by that of its room.
LOSES = """const replace = history.replaceState;
history.replaceState = function (...given) {
    window.hasLost ||= location.hash.startsWith("#/search") && !String(given[2]).includes("#/search");
    replace.apply(this, given);
}"""


@pytest.fixture(scope="module")
async def stage(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[People, Team, Page]]:
    """Grace's page, on a server with two rooms; in one of them is a long thread."""
    async with people_of(browser, tmp_path_factory.mktemp("searching") / "data") as people:
        team = Team(people.server)
        await team.come()
        plans, attic = await team.make("Plans"), await team.make("Attic", "closed")
        for number in range(45):
            await team.say("ada", plans, f"lantern {number}")
        root = await team.say("linus", plans, "what of the cellar?")
        await team.say("ada", f"{plans}:{root}", "the barrel is in the thread")
        for number in range(REPLIES):
            await team.say("linus", f"{plans}:{root}", f"reply {number}")
        await team.say("ada", attic, "a lantern in the attic")
        await team.indexed("lantern", 46)
        await team.indexed("reply", 50)
        await team.indexed("barrel", 1)
        page = await people.visit(f"/r/{plans}")
        await log_in(page, "grace")
        await at_home(page, "Grace")
        yield people, team, page


async def begin(page: Page, room: str = "Plans") -> None:
    await rooms(page).get_by_role("button", name=room).click()
    await expect(page.get_by_role("heading", name=room)).to_be_visible()
    await page.keyboard.press("Control+f")
    await expect(page.get_by_role("combobox", name="Search messages")).to_be_focused()


async def go_back_and_hold(page: Page) -> Route:
    """Go back to what was found, which is asked for again; that gets no answer yet."""
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/api/v1/search?*lantern*", held.put)
    await page.go_back()
    return await held.get()


async def test_what_is_found_leads_to_its_place_and_back_to_the_same_place(
    stage: tuple[People, Team, Page],
) -> None:
    _, team, page = stage
    await begin(page)
    await page.keyboard.type("lantern")
    await expect(hits(page)).to_have_count(20)
    await page.get_by_role("button", name="Show more").click()
    await expect(hits(page)).to_have_count(40)
    far = hits(page).filter(has_text=re.compile(r"lantern 7\b"))
    await page.evaluate(SCROLLED)
    await far.get_by_role("link").click()
    sought = page.get_by_role("log").locator(".message.linked")
    await expect(sought).to_contain_text("lantern 7")
    assert f"/r/{team.rooms['Plans']}" in page.url and "search" not in page.url
    asked_again = await go_back_and_hold(page)
    await expect(far.get_by_role("link")).to_be_focused()
    before = await page.evaluate("window.scrolled")
    assert before > 0
    assert await page.locator(".results").evaluate("it => it.scrollTop") == before
    await asked_again.continue_()
    await page.unroute("**/api/v1/search?*lantern*")
    await page.get_by_role("button", name="Everywhere").click()
    await expect(hits(page).first).to_contain_text("Attic")
    shared = page.url
    await page.get_by_role("button", name="Close").click()
    await expect(composer(page)).to_be_focused()
    await page.add_init_script(LOSES)
    await page.goto(shared)
    await page.reload()
    await expect(page.get_by_role("combobox", name="Search messages")).to_have_value("lantern")
    await expect(hits(page)).to_have_count(20)
    assert not await page.evaluate("window.hasLost")  # or it may be reloaded just then


async def test_what_stands_around_a_hit_is_shown_and_filters_are_written_by_clicking(
    stage: tuple[People, Team, Page],
) -> None:
    _, _, page = stage
    await begin(page)
    await page.keyboard.type('"lantern 40"')
    await expect(hits(page)).to_have_count(1)
    await hits(page).get_by_role("button", name="Context").click()
    around = re.compile("lantern 39.*lantern 40.*lantern 41", re.DOTALL)
    await expect(hits(page).locator(".near")).to_contain_text(around)
    await page.get_by_role("button", name="From…").click()
    await page.keyboard.type("lin")
    await page.keyboard.press("Tab")
    field = page.get_by_role("combobox", name="Search messages")
    await expect(field).to_have_value(re.compile("from:@?linus"))
    await expect(page.get_by_text("No messages found").first).to_be_visible()


async def test_a_reply_is_shown_in_its_thread_however_long_that_is(
    stage: tuple[People, Team, Page],
) -> None:
    _, _, page = stage
    await begin(page)
    await page.get_by_role("button", name="In threads").click()
    await expect(page.get_by_role("combobox", name="Search messages")).to_have_value(
        re.compile("is:thread")
    )
    await page.keyboard.type("barrel")
    await expect(hits(page)).to_have_count(1)
    await hits(page).get_by_role("link").click()
    reply = page.get_by_role("complementary", name="Thread").locator(".message.linked")
    await expect(reply).to_contain_text("the barrel is in the thread")
    await expect(reply).to_be_in_viewport()
    await page.get_by_role("button", name="Back to the results").click()
    await expect(hits(page)).to_have_count(1)


async def test_what_one_no_longer_asks_for_is_given_up(stage: tuple[People, Team, Page]) -> None:
    _, _, page = stage
    await begin(page)
    held: asyncio.Queue[Route] = asyncio.Queue()
    failed = page.context.wait_for_event(
        "requestfailed", lambda request: "lantern" in request.url, timeout=60_000
    )
    await page.route("**/api/v1/search?*lantern*", held.put)
    giving_up = asyncio.create_task(failed)
    await page.keyboard.type("lantern")
    await held.get()
    await seek(page, "cellar")
    await expect(hits(page)).to_have_count(1)
    assert (await giving_up).failure == "net::ERR_ABORTED"
    await page.unroute("**/api/v1/search?*lantern*")
    await expect(hits(page)).to_contain_text("cellar")


async def test_what_is_being_written_is_searched_for_as_far_as_it_goes(
    stage: tuple[People, Team, Page],
) -> None:
    _, _, page = stage
    await begin(page)
    await seek(page, '"what of the cel')
    await expect(hits(page)).to_contain_text("cellar")
    await seek(page, "cellar from:ad")
    await expect(page.get_by_role("option", name="Ada")).to_be_visible()
    await expect(hits(page)).to_contain_text("לינוס")  # who is no Ada: the filter has only begun
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("No messages found")).to_be_visible()
    await seek(page, "form:linus cellar")
    await expect(page.get_by_text("Did you mean from:linus?")).to_be_visible()
    await seek(page, "cellar after:2026")  # which no date field can show
    await seek(page, "in:#nowhere cellar in:plans")
    await expect(page.get_by_role("button", name="In Plans", pressed=True)).to_be_visible()


async def test_what_is_shown_changes_with_its_message(stage: tuple[People, Team, Page]) -> None:
    _, team, page = stage
    attic = team.rooms["Attic"]
    seq = await team.say("ada", attic, "a moth")
    await team.indexed("moth", 1)
    await begin(page)
    await seek(page, "moth")
    await page.get_by_role("button", name="Everywhere").click()
    await expect(hits(page)).to_contain_text("a moth")
    path = f"/rooms/{attic}/messages/{seq}"
    await team.ask("ada", "PATCH", path, {"text": "a moth, or two"})
    await expect(hits(page)).to_contain_text("or two")
    await team.ask("ada", "DELETE", path)
    await expect(hits(page)).to_have_count(0)
    seq = await team.say("ada", attic, "another moth")
    await team.indexed("moth", 1)
    await page.keyboard.press("Enter")
    await expect(hits(page)).to_contain_text("another moth")


async def test_a_busy_server_is_asked_again_and_what_is_not_indexed_yet_is_said(
    stage: tuple[People, Team, Page],
) -> None:
    people, _, page = stage
    await begin(page)
    busy = {"code": "busy", "detail": "Too many searches; try again later", "temporary": True}
    answers: list[dict[str, Any]] = [{"retry_after": 0.1}, {}]  # to the first questions
    indexed_to: list[str | None] = ["2026-01-02T03:04:05Z"]

    async def answer(route: Route) -> None:
        if answers:
            return await route.fulfill(status=503, json=busy | answers.pop(0))
        given = await route.fetch()
        await route.fulfill(json=await given.json() | {"indexed_to": indexed_to[0]})

    await page.route("**/api/v1/search?*", answer)
    await seek(page, "cellar")
    results = page.get_by_role("region", name="Results")
    await expect(page.get_by_role("alert").get_by_text("Too many searches")).to_be_visible()
    assert answers == []  # after the first answer it was asked again by itself
    await seek(page, "what of the cellar")
    await expect(results.get_by_role("status")).to_contain_text("only messages up to Jan 2, 2026")
    await seek(page, "nowhere")
    await expect(results.get_by_role("status")).to_contain_text("No messages found")
    await expect(results).to_contain_text("only messages up to Jan 2, 2026")
    indexed_to[0] = None
    await seek(page, "cellar")
    await expect(results.get_by_role("status")).to_contain_text("still indexing older messages")
    await page.unroute("**/api/v1/search?*", answer)
    people.wrong.clear()  # what the browser says of the refusals


async def test_what_one_missed_leads_to_its_place_and_is_gone_once_it_is_read(
    stage: tuple[People, Team, Page],
) -> None:
    _, team, page = stage
    plans = team.rooms["Plans"]
    await rooms(page).get_by_role("button", name="Attic").click()
    await composer(page).fill("/missed")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.get_by_text("You have read everything")).to_be_visible()
    for text in ("the first of these", *"abc", "@grace are you there?", *"def"):
        await team.say("linus", plans, text)
    await page.reload()
    of_plans = page.get_by_role("region", name="Plans 8 new messages · 1 mention")
    first, mention = of_plans.locator(".hit").all_inner_texts, of_plans.get_by_text("@grace")
    await expect(of_plans.locator(".hit")).to_have_count(2)
    assert "the first of these" in (await first())[0]
    await mention.click()
    await expect(page.get_by_role("log").locator(".message.linked")).to_contain_text("@grace")
    await rooms(page).get_by_role("button", name="Attic").click()
    await page.go_back()
    await expect(page.get_by_text("You have read everything")).to_be_visible()  # there
    last = await team.say("linus", plans, "and one more")
    await expect(page.get_by_role("region", name="Plans 1 new message")).to_be_visible()
    await team.ask("grace", "PUT", f"/rooms/{plans}/read", {"upto": last})  # on another device
    await expect(page.get_by_text("You have read everything")).to_be_visible()


async def test_what_one_missed_is_what_no_device_has_read(
    stage: tuple[People, Team, Page],
) -> None:
    _, team, page = stage
    plans = team.rooms["Plans"]
    for room in team.rooms.values():
        await team.ask("grace", "PUT", f"/rooms/{room}/read", {"upto": 9999})
    await page.goto(f"{team.server.url}/r/{team.rooms['Attic']}#/missed")
    await page.reload()
    await expect(page.get_by_text("You have read everything")).to_be_visible()
    _, mentioned, last = [await team.say("linus", plans, text) for text in ("a", "@grace", "b")]
    await expect(
        page.get_by_role("region", name="Plans 3 new messages · 1 mention")
    ).to_be_visible()
    await team.ask("grace", "PUT", f"/rooms/{plans}/read", {"upto": mentioned})
    of_plans = page.get_by_role("region", name="Plans 1 new message", exact=True)
    await expect(of_plans.locator(".hit")).to_have_count(1)  # not what was read
    await team.ask("linus", "DELETE", f"/rooms/{plans}/messages/{last}")
    await expect(page.get_by_text("You have read everything")).to_be_visible()
    root = await team.say("grace", plans, "who is in?", read=last)
    thread = f"{plans}:{root}"
    reply = await team.say("linus", thread, "I am")
    await expect(page.get_by_text("1 new reply")).to_be_visible()
    await team.ask("grace", "PUT", f"/rooms/{thread}/read", {"upto": reply})
    await expect(page.get_by_text("You have read everything")).to_be_visible()


async def test_a_room_that_one_loses_is_gone_from_what_was_found(
    stage: tuple[People, Team, Page],
) -> None:
    people, team, page = stage
    await begin(page)
    await seek(page, "lantern attic")
    await expect(hits(page)).to_contain_text("a lantern in the attic")
    key = team.rooms["Attic"]
    await team.ask("ada", "DELETE", f"/rooms/{key}/members/grace")
    await expect(rooms(page).get_by_role("button", name="Attic")).to_have_count(0)
    await expect(hits(page)).to_have_count(0)
    await expect(page.get_by_text("No messages found").first).to_be_visible()
    await page.goto(f"{people.server.url}/r/{key}#/search?q=in%3A{key}+lantern")
    await expect(
        page.get_by_role("alert").filter(has_text=re.compile("[Nn]o such room|Not"))
    ).to_be_visible()
    await expect(hits(page)).to_have_count(0)
