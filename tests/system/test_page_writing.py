"""Where one writes on the page, by keyboard and mouse: completion, slash commands, emoji, the switcher, and keys."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.support.images import png
from tests.support.newcomers import (
    PASSWORD,
    People,
    asked,
    at_home,
    make_room,
    people_of,
    rooms,
)
from tests.system.test_page import PHONE, bodies, composer, message, say, use
from tests.system.test_page_emoji import put
from tests.system.test_page_rooms import enter, thread

pytestmark = pytest.mark.timeout(180)


@dataclass
class Cast:
    """Ada, who owns the server, and Grace, a member, in the room Kitchen; Linus is in no room. `token` is Ada's."""

    people: People
    ada: Page
    grace: Page
    linus: Page
    token: str

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        return await asked(self.people.server, method, path, body, self.token)

    async def kitchen(self) -> str:
        directory = await self.ask("GET", "/directory")
        return str(next(each["room"] for each in directory["rooms"] if each["alias"] == "kitchen"))


@pytest.fixture(scope="module")
async def cast(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cast]:
    async with people_of(browser, tmp_path_factory.mktemp("writing") / "data") as people:
        ada = await people.owner()
        grace = await people.invited(ada, "Grace")
        linus = await people.invited(ada, "Linus")
        await put(people, "parrot", png())
        await people.room(ada, "open", "Kitchen", "grace")
        entered = {"handle": "ada", "password": PASSWORD, "wants": "token"}
        token = (await asked(people.server, "POST", "/login", entered))["token"]
        kitchen = ada.url.rpartition("/")[2]
        await asked(people.server, "PATCH", f"/rooms/{kitchen}", {"alias": "kitchen"}, token)
        await enter(grace)
        yield Cast(people, ada, grace, linus, token)


@pytest.fixture
async def ada(cast: Cast) -> AsyncIterator[Page]:
    """Ada's page, in the kitchen, with nothing written."""
    page = cast.ada
    await page.bring_to_front()
    await enter(page)
    await composer(page).fill("")
    yield page
    await page.keyboard.press("Escape")


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Suggestions").get_by_role("option")


async def type_in(page: Page, text: str) -> Locator:
    """Type a text in place of whatever there was, and return the field."""
    await composer(page).fill("")
    await composer(page).press_sequentially(text)
    return composer(page)


# --- completion ---


async def test_people_are_offered_with_members_first(ada: Page) -> None:
    field = await type_in(ada, "look, @")
    await expect(options(ada)).to_have_text(
        [
            "Grace@grace",
            "Linus@linus · Not in this room",
            "@@hereEveryone who is here now",
            "@@roomEvery member of this room",
        ]
    )
    assert await field.get_attribute("aria-activedescendant") is None
    await field.press("ArrowDown")
    await field.press("ArrowDown")
    chosen = options(ada).nth(1)
    await expect(chosen).to_have_attribute("aria-selected", "true")
    await expect(field).to_have_attribute(
        "aria-activedescendant", str(await chosen.get_attribute("id"))
    )
    await field.press("Enter")
    await expect(field).to_have_value("look, @linus ")
    await expect(options(ada)).to_have_count(0)


async def test_enter_sends_unless_something_was_chosen(ada: Page) -> None:
    field = await type_in(ada, "who is @gr")
    await expect(options(ada)).to_have_count(1)
    await field.press("Enter")
    await expect(bodies(ada).last).to_have_text("who is @gr")
    field = await type_in(ada, "it is @gr")
    await field.press("Escape")
    await expect(options(ada)).to_have_count(0)
    await field.press_sequentially("a")
    await expect(options(ada)).to_have_count(0)
    await field.press_sequentially(" @gr")
    await expect(options(ada)).to_have_count(1)
    await field.press("Tab")
    await expect(field).to_have_value("it is @gra @grace ")
    await field.press("Enter")
    await expect(bodies(ada).last).to_have_text("it is @gra @grace")


async def test_a_tap_takes_a_completion_and_leaves_the_cursor_in_the_field(ada: Page) -> None:
    field = await type_in(ada, "@he for tea")
    for _ in range(len(" for tea")):
        await field.press("ArrowLeft")
    await options(ada).get_by_text("@here").click()
    await expect(field).to_have_value("@here for tea")
    await expect(field).to_be_focused()
    assert await field.evaluate("(field) => field.selectionStart") == len("@here ")


async def test_an_input_method_keeps_its_enter(ada: Page) -> None:
    field = await type_in(ada, "@gr")
    await field.press("ArrowDown")
    await field.evaluate(
        "(field) => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    await expect(field).to_have_value("@gr")
    await expect(options(ada)).to_have_count(1)


@pytest.mark.parametrize(
    "typed, offered, taken",
    [
        ("in #kit", "Kitchen#kitchen", "in #kitchen "),
        ("well :tada", ":tada:", "well 🎉 "),
        ("a :parr", ":parrot:", "a :parrot: "),
        ("/topi", "/topic [text]", "/topic "),
    ],
)
async def test_rooms_emoji_and_commands_are_completed(
    ada: Page, typed: str, offered: str, taken: str
) -> None:
    field = await type_in(ada, typed)
    await expect(options(ada).first).to_contain_text(offered)
    await field.press("Tab")
    await expect(field).to_have_value(taken)


async def test_names_and_emoji_are_completed_while_editing(ada: Page) -> None:
    await say(ada, "before")
    await expect(bodies(ada).last).to_have_text("before")
    await composer(ada).press("ArrowUp")
    editor = ada.get_by_label("Edit message")
    await editor.press_sequentially(" @gr")
    await editor.press("Tab")
    await editor.press_sequentially("and :tada:")
    await expect(editor).to_have_value("before @grace and 🎉")
    await editor.press("Enter")
    await expect(bodies(ada).last).to_have_text(re.compile("before @grace and 🎉"))
    await composer(ada).press_sequentially("`:wave:` :wave: :nonsense:")
    await expect(composer(ada)).to_have_value("`:wave:` 👋 :nonsense:")
    await composer(ada).fill("")


# --- rooms by their aliases ---


async def test_an_alias_is_a_link_for_whoever_knows_the_room_and_asks_the_server_nothing(
    cast: Cast,
) -> None:
    page = cast.grace
    made = {}
    for title, kind in (("Garden", "open"), ("Secret", "closed")):
        new = {"title": title, "kind": kind, "alias": title.lower()}
        made[title] = (await cast.ask("POST", "/rooms", new))["made"]
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(str(data))))
    await page.reload()
    kitchen = await cast.kitchen()
    text = "see #kitchen, #Kitchen. or `#kitchen` x#kitchen #kitchens #secret #nowhere [a #kitchen](https://example.org) (#garden)"
    await cast.ask("POST", f"/rooms/{kitchen}/messages", {"text": text})
    links = bodies(page).last.get_by_role("link")
    await expect(links).to_have_text(["#kitchen", "#Kitchen", "a #kitchen", "#garden"])
    await expect(links.last).to_have_attribute("href", f"/r/{made['Garden']}")
    await page.evaluate("window.isSame = true")
    await links.last.press("Enter")
    await expect(page.get_by_role("heading", name="Garden")).to_be_visible()
    await expect(page).to_have_url(re.compile(f"/r/{made['Garden']}$"))
    assert await page.evaluate("window.isSame"), "the page is loaded anew"
    assert sent and not [each for each in sent if "secret" in each or "nowhere" in each]
    await enter(page)


# --- drafts ---

# Whoever writes on never pauses for a second.
WRITES_ON = """() => {
  const timer = setTimeout;
  window.setTimeout = (does, ms) => (ms === 1000 ? 0 : timer(does, ms));
}"""


async def test_a_draft_goes_along_to_another_device(ada: Page, cast: Cast) -> None:
    kitchen = await cast.kitchen()
    await type_in(ada, "half a thought")
    await enter(ada, "lobby")  # what was written is told at once
    other = await cast.people.again("ada", "Ada")
    await enter(other)
    await expect(composer(other)).to_have_value("half a thought")
    await say(other, "half a thought, and the rest")
    await expect(bodies(other).last).to_have_text("half a thought, and the rest")
    await enter(other, "lobby")
    await ada.goto(f"{cast.people.server.url}/r/{kitchen}")
    await expect(bodies(ada).last).to_have_text("half a thought, and the rest")
    await expect(composer(ada)).to_have_value("")
    assert (await cast.ask("GET", "/me/drafts"))["drafts"] == []
    await are_in_step(ada, other, cast)
    await other.close()


async def are_in_step(ada: Page, other: Page, cast: Cast) -> None:
    """While pages are open, what is written in one shows in the others, unless something else is being written there."""
    kitchen = await cast.kitchen()
    tab = await other.context.new_page()
    pages = (ada, other, tab)
    for page in pages[1:]:
        await page.goto(f"{cast.people.server.url}/r/{kitchen}")
        await expect(bodies(page).last).to_have_text("half a thought, and the rest")
    for page, text in zip(pages, ("from one", "and the other", "or a tab"), strict=True):
        await composer(page).fill(text)
        for each in pages:
            await expect(composer(each)).to_have_value(text)
    await composer(other).fill("")
    await expect(composer(ada)).to_have_value("")
    await expect(composer(tab)).to_have_value("")
    await tab.close()
    await other.evaluate(WRITES_ON)
    await composer(other).fill("mine")
    await cast.ask("PUT", f"/me/drafts/{kitchen}", {"text": "not taken there"})
    await expect(composer(ada)).to_have_value("not taken there")
    await cast.ask("POST", f"/rooms/{kitchen}/messages", {"text": "after the draft"})
    await expect(bodies(other).last).to_have_text("after the draft")
    await expect(composer(other)).to_have_value("mine")
    await enter(other, "lobby")
    await expect(composer(ada)).to_have_value("mine")
    await composer(ada).fill("")


async def test_a_draft_that_is_told_while_those_of_other_devices_are_asked_for_stays(
    ada: Page, cast: Cast
) -> None:
    kitchen = await cast.kitchen()
    held: list[Callable[[], None]] = []

    def between(socket: WebSocketRoute) -> None:
        def back(text: str | bytes) -> None:
            if not held and "drafts" in (json.loads(text).get("ok") or {}):
                held.append(lambda: socket.send(text))
            else:
                socket.send(text)

        socket.connect_to_server().on_message(back)

    await ada.route_web_socket("**/ws", between)
    await ada.reload()
    await type_in(ada, "half a thought")
    async with asyncio.timeout(30):
        while not held or not (await cast.ask("GET", "/me/drafts"))["drafts"]:
            await ada.evaluate("0")
    held[0]()
    await cast.ask("POST", f"/rooms/{kitchen}/messages", {"text": "after the answer"})
    await expect(bodies(ada).last).to_have_text("after the answer")
    await expect(composer(ada)).to_have_value("half a thought")
    await composer(ada).fill("")


# --- commands ---


async def obey(page: Page, text: str) -> None:
    """Write a command that is obeyed."""
    await composer(page).fill(text)
    await composer(page).press("Enter")
    await expect(composer(page)).to_have_value("")


async def may(cast: Cast, room: str, handle: str) -> dict[str, Any]:
    given = {"handle": handle, "password": PASSWORD, "wants": "token"}
    token = (await asked(cast.people.server, "POST", "/login", given))["token"]
    answer = await asked(cast.people.server, "GET", f"/rooms/{room}/may", None, token)
    return dict(answer["may"])


@dataclass
class Obeying:
    """What commands do: Ada writes them, and each function below notes which ones it has seen done."""

    cast: Cast
    ada: Page
    kitchen: str

    async def __call__(self, text: str) -> None:
        await obey(self.ada, text)

    async def told(self, path: str) -> Any:
        return await self.cast.ask("GET", path)

    async def members(self) -> dict[str, str]:
        found = (await self.told(f"/rooms/{self.kitchen}/members"))["members"]
        return {each["handle"]: each["role"] for each in found}


async def of_the_room(do: Obeying) -> None:
    """/topic /title /notify /unread"""
    await do("/topic Tea and *biscuits*")
    await expect(do.ada.locator(".topic")).to_have_text("Tea and *biscuits*")
    await do("/title Kitchen and garden")
    await expect(do.ada.get_by_role("heading", name="Kitchen and garden")).to_be_visible()
    await do("/title Kitchen")
    await do("/notify all")
    await do("/unread")
    rows = {each["room"]: each for each in (await do.told("/start"))["rooms"]}
    assert rows[do.kitchen]["level"] == "all"
    await do("/notify usual")


async def of_members(do: Obeying) -> None:
    """/invite /appoint /remove /ban /unban /mute /unmute"""
    bans = f"/rooms/{do.kitchen}/bans"
    await do("/invite @linus")
    await expect(rooms(do.cast.linus)).to_contain_text("Kitchen")
    await do("/appoint linus host")
    assert (await do.members())["linus"] == "host"
    await do("/remove @linus")
    assert "linus" not in await do.members()
    await do("/ban @linus 10m")
    assert [each["handle"] for each in (await do.told(bans))["bans"]] == ["linus"]
    await do("/unban @linus")
    assert not (await do.told(bans))["bans"]
    await do("/mute @grace")
    assert not (await may(do.cast, do.kitchen, "grace"))["post"]["allowed"]
    await do("/unmute @grace")
    assert (await may(do.cast, do.kitchen, "grace"))["post"]["allowed"]


async def of_oneself(do: Obeying) -> None:
    """/block /unblock /status /away"""
    await do("/block @linus")
    assert len((await do.told("/me/blocks"))["blocked"]) == 1
    await do("/unblock @linus")
    assert not (await do.told("/me/blocks"))["blocked"]
    await do("/status Baking")
    assert (await do.told("/me"))["status_text"] == "Baking"
    await obey(do.cast.linus, "/away")  # on the only device
    people = (await do.told("/people"))["people"]
    linus = next(each["account"] for each in people if each["handle"] == "linus")
    assert (await do.told(f"/people/{linus}/presence"))["state"] == "away"


async def of_messages(do: Obeying) -> None:
    """/pin /unpin /reply /thread"""
    replies = thread(do.ada).get_by_role("log").locator(".body")
    await say(do.ada, "pin me")
    await expect(bodies(do.ada).last).to_have_text("pin me")
    await do("/pin")
    await expect(message(do.ada, "pin me").get_by_text("Pinned")).to_be_visible()
    await do("/unpin")
    await expect(message(do.ada, "pin me").get_by_text("Pinned")).to_have_count(0)
    for command in ("/reply in the thread", "/thread"):
        await do(command)
        await expect(replies).to_have_text(["in the thread"])
        await do.ada.keyboard.press("Escape")
        await expect(thread(do.ada)).to_have_count(0)


async def of_other_rooms(do: Obeying) -> None:
    """/leave /direct /join /search /missed /help"""
    await make_room(do.ada, "Pantry", "Closed")
    await obey_there(do.ada, "/leave")
    await expect(rooms(do.ada)).not_to_contain_text("Pantry")
    await obey_there(do.ada, "/direct @grace")
    await expect(do.ada.get_by_role("heading", name="Grace")).to_be_visible()
    await obey_there(do.ada, "/join lobby")
    await expect(do.ada.get_by_role("heading", name="lobby")).to_be_visible()
    await obey(do.cast.linus, "/join kitchen")
    await expect(do.cast.linus.get_by_role("heading", name="Kitchen")).to_be_visible()
    await enter(do.ada)
    await obey_there(do.ada, "/search kettle")
    await expect(do.ada.get_by_role("combobox", name="Search messages")).to_have_value("kettle")
    await enter(do.ada)
    await obey_there(do.ada, "/missed")
    await expect(do.ada).to_have_title(re.compile("What you missed"))
    await enter(do.ada)
    await do("/help")
    await expect(do.ada.get_by_role("dialog", name="Keys and commands")).to_be_visible()


COMMANDS = [of_the_room, of_members, of_oneself, of_messages, of_other_rooms]


@pytest.mark.parametrize("some", COMMANDS, ids=lambda some: some.__name__)
async def test_commands_do_what_they_say(
    ada: Page, cast: Cast, some: Callable[[Obeying], Awaitable[None]]
) -> None:
    await some(Obeying(cast, ada, await cast.kitchen()))


async def test_every_command_in_the_help_is_tested(ada: Page) -> None:
    await ada.keyboard.press("Control+/")
    usages = await ada.get_by_role("dialog").locator("code").all_text_contents()
    tested = [name for some in COMMANDS for name in str(some.__doc__).split()]
    assert sorted(usage.partition(" ")[0] for usage in usages) == sorted(tested)


async def obey_there(page: Page, text: str) -> None:
    """Write a command after which one is elsewhere."""
    await composer(page).fill(text)
    await composer(page).press("Enter")


@pytest.mark.parametrize(
    "written, said",
    [
        ("/topci Tea", "unknown command /topci. Did you mean /topic?"),
        ("/usr/bin/env", "unknown command /usr/bin/env. Type /help for a list"),
        ("/ban", "Use it like this: /ban <@person> [10m]"),
        ("/mute @grace soon", "Use it like this: /mute <@person> [10m]"),
        ("/remove @nobody", "No such"),
        ("/join no such room!", "There is no open room called no such room!"),
    ],
)
async def test_what_is_no_command_is_never_sent(ada: Page, written: str, said: str) -> None:
    before = await bodies(ada).count()
    field = await type_in(ada, written)
    await field.press("Escape")
    await field.press("Enter")
    await expect(ada.locator("#composer").get_by_role("alert")).to_contain_text(said)
    await expect(field).to_have_value(written)
    assert await bodies(ada).count() == before
    await field.press("Backspace")
    await expect(ada.locator("#composer").get_by_role("alert")).to_have_count(0)


async def test_two_slashes_send_one(ada: Page) -> None:
    await say(ada, "//topic is a command")
    await expect(bodies(ada).last).to_have_text("/topic is a command")


async def test_only_commands_that_one_may_use_are_offered(ada: Page, cast: Cast) -> None:
    async def offered(page: Page) -> set[str]:
        await type_in(page, "/")
        await expect(options(page).first).to_be_visible()
        names = await options(page).locator("> bdi").all_text_contents()
        return {name.partition(" ")[0] for name in names}

    grace = cast.grace
    await type_in(grace, "/b")
    await expect(options(grace).filter(has_text="/ban")).to_have_count(0)
    assert {"/ban", "/topic", "/leave", "/help"} <= await offered(ada)
    assert {"/topic", "/leave", "/help"} <= (seen := await offered(grace))
    assert not seen & {"/ban", "/mute", "/remove", "/appoint"}
    visitor = await cast.people.visit("/?name=vera#lobby")
    await expect(composer(visitor)).to_be_visible()
    assert await offered(visitor) == {"/help", "/join"}
    await composer(grace).fill("")


# --- emoji ---


async def test_the_picker_is_a_grid_for_the_keyboard(ada: Page) -> None:
    requests: list[str] = []
    ada.on("request", lambda request: requests.append(request.url))
    await type_in(ada, "well done")
    await ada.get_by_role("button", name="Insert an emoji").click()
    picker = ada.get_by_role("dialog", name="Insert an emoji")
    await expect(picker.get_by_role("searchbox")).to_be_focused()
    await picker.get_by_role("searchbox").fill("tada")
    await expect(picker.get_by_role("gridcell").first).to_have_text("🎉")
    await picker.get_by_role("searchbox").fill("parrot")
    await expect(picker.get_by_role("gridcell", name=":parrot:").locator("img")).to_be_visible()
    await ada.keyboard.press("ArrowDown")
    await ada.keyboard.press("ArrowRight")
    await expect(picker.get_by_role("gridcell", name="parrot", exact=True)).to_be_focused()
    await ada.keyboard.press("ArrowUp")
    await expect(picker.get_by_role("searchbox")).to_be_focused()
    await ada.keyboard.press("Enter")
    await expect(composer(ada)).to_have_value("well done:parrot: ")
    await expect(composer(ada)).to_be_focused()
    await ada.get_by_role("button", name="Insert an emoji").click()
    await expect(picker.get_by_role("rowgroup").first).to_have_attribute(
        "aria-label", "Recently used"
    )
    await expect(picker.get_by_role("gridcell").first).to_have_attribute("aria-label", ":parrot:")
    await picker.get_by_role("searchbox").fill("no such emoji")
    await expect(picker.get_by_text("No emoji found")).to_be_visible()
    await picker.get_by_role("button", name="Close").click()
    assert all(url.startswith(ada.url.split("/r/")[0]) for url in requests)


async def test_one_reacts_with_any_emoji(ada: Page) -> None:
    await say(ada, "we did it")
    await use(ada, "we did it", "React", "Other emoji")
    await ada.get_by_role("searchbox").fill("rocket")
    await ada.keyboard.press("Enter")
    await expect(message(ada, "we did it").get_by_role("button", name="🚀 by 1")).to_be_visible()


# --- switching and keys ---


async def test_the_switcher_shows_what_is_unread_first_and_begins_directs(
    ada: Page, cast: Cast
) -> None:
    kitchen = await cast.kitchen()
    await say(cast.grace, "is there tea?")
    await expect(bodies(ada).last).to_have_text("is there tea?")
    await say(
        ada, "in the pot"
    )  # which says what was read, so that no marker is on its way any more
    await expect(bodies(ada).last).to_have_text("in the pot")
    await enter(ada, "lobby")
    await cast.ask("PUT", f"/rooms/{kitchen}/unread")
    await expect(rooms(ada).get_by_role("button", name="Kitchen unread")).to_be_visible()
    await ada.keyboard.press("Control+k")
    goals = ada.get_by_role("listbox", name="Rooms and people").get_by_role("option")
    field = ada.get_by_role("combobox", name="Rooms and people")
    await expect(goals.first).to_have_text(re.compile("^Kitchen unread"))
    await expect(field).to_have_attribute("aria-activedescendant", "goal-0")
    await field.press("Enter")
    await expect(ada.get_by_role("heading", name="Kitchen")).to_be_visible()
    await expect(composer(ada)).to_be_focused()
    await rooms(ada).get_by_role("button", name="Kitchen").focus()
    await ada.keyboard.press("Control+k")
    await ada.keyboard.press("Escape")
    await ada.get_by_role("button", name="Go to…").click()
    await field.fill("@lin")
    await expect(goals).to_have_text(["Linus@linus"])
    await goals.first.click()
    await expect(ada.get_by_role("heading", name="Linus")).to_be_visible()
    await ada.keyboard.press("Control+k")
    await field.fill("nowhere")
    await expect(ada.get_by_text("Nothing found")).to_be_visible()


async def test_keys_lead_through_rooms(ada: Page, cast: Cast) -> None:
    order = [
        str(await each.get_attribute("data-room"))
        for each in await rooms(ada).locator("[data-room]").all()
    ]
    at = ada.locator("#rooms [aria-current]")
    here = order.index(str(await at.get_attribute("data-room")))
    await ada.keyboard.press("Alt+ArrowDown")
    await expect(at).to_have_attribute("data-room", order[(here + 1) % len(order)])
    await ada.keyboard.press("Alt+ArrowUp")
    await ada.keyboard.press("Alt+ArrowUp")
    await expect(at).to_have_attribute("data-room", order[here - 1])
    await cast.ask("PUT", f"/rooms/{await cast.kitchen()}/unread")
    await expect(rooms(ada).get_by_role("button", name="Kitchen unread")).to_be_visible()
    await ada.keyboard.press("Alt+Shift+ArrowDown")
    await expect(at).to_have_attribute("data-room", await cast.kitchen())


async def test_escape_marks_a_room_as_read(ada: Page, cast: Cast) -> None:
    await enter(ada, "lobby")
    await expect(rooms(ada).get_by_role("button", name="Kitchen unread")).to_have_count(0)
    await say(cast.grace, "one more")
    await expect(rooms(ada).get_by_role("button", name="Kitchen unread")).to_be_visible()
    await enter(ada)
    await expect(ada.locator(".newline")).to_have_count(1)
    await composer(ada).press("Escape")
    await expect(ada.locator(".newline")).to_have_count(0)


async def test_the_help_lists_every_key(ada: Page) -> None:
    await ada.keyboard.press("Control+/")
    help = ada.get_by_role("dialog", name="Keys and commands")
    keys = await help.locator("kbd").all_text_contents()
    assert {"Ctrl+K", "Alt+↑", "Alt+Shift+↓", "Esc", "Ctrl+/", "↑", "R", "Delete"} <= set(keys)
    assert await help.locator("code").filter(has_text="/topic").count() == 1


# --- files ---


async def test_a_message_shows_its_pictures_and_lets_one_save_other_files(
    cast: Cast, ada: Page
) -> None:
    kitchen, files = await cast.kitchen(), []
    for name, data in (("plan.png", png(3, 2)), ("notes <i>.txt", b"<script>alert(1)</script>")):
        headers = {"Authorization": f"Bearer {cast.token}"}
        url = f"{cast.people.server.url}/api/v1/files"
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(url, params={"name": name}, data=data) as answer,
        ):
            files.append((await answer.json())["file"])
    given = {"text": "Have a look", "files": files}
    await cast.ask("POST", f"/rooms/{kitchen}/messages", given)
    shown = ada.locator(".message", has_text="Have a look").get_by_role("list", name="Files")
    await expect(shown.get_by_role("img", name="plan.png")).to_have_js_property("naturalWidth", 3)
    async with ada.expect_download() as saving:
        await shown.get_by_role("link", name="notes _i_.txt").click()
    saved = await saving.value
    content = await asyncio.to_thread(Path(await saved.path()).read_bytes)
    assert content == b"<script>alert(1)</script>"
    assert saved.suggested_filename == "notes _i_.txt"


# Whether a message's tools stand over no text of any.
COVERS_NO_TEXT = """log => {
    const boxes = (all) => [...log.querySelectorAll(all)].map((it) => it.getBoundingClientRect());
    const [tools] = boxes(".tools");
    return boxes(".message .main").every(({ top, bottom }) => bottom <= tools.top + 1 || tools.bottom <= top + 1);
}"""


async def test_on_a_phone_all_of_it_works_by_touch(cast: Cast) -> None:
    page = await cast.people.visit("/", **PHONE)
    await page.get_by_role("button", name="Log in with an account").tap()
    await page.get_by_label("Your handle").fill("grace")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in", exact=True).tap()
    await at_home(page, "Grace")
    await page.get_by_role("button", name="Rooms", exact=True).tap()
    await page.get_by_role("button", name="Go to…").tap()
    await page.get_by_role("combobox").fill("kitchen")
    await page.get_by_role("option", name="Kitchen").tap()
    await expect(page.get_by_role("heading", name="Kitchen")).to_be_visible()
    await composer(page).press_sequentially("@ad")
    await options(page).first.tap()
    await composer(page).press("Enter")
    await expect(composer(page)).to_have_value("@ada \n")
    await composer(page).press_sequentially("written by touch")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_role("button", name="Send").tap()
    mine = message(page, "written by touch")
    await mine.locator(".body").tap()
    tools = mine.get_by_role("toolbar").get_by_role("button")
    await expect(tools).to_have_count(8)
    for tool in await tools.all():
        await expect(tool).to_be_in_viewport(ratio=1)
    assert await page.get_by_role("log").evaluate(COVERS_NO_TEXT)
