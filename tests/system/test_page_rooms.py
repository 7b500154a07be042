"""What people with accounts do beside writing on the page: threads, pins, what is new, and their own settings."""

import asyncio
import calendar
import re

import pytest
from playwright.async_api import CDPSession, FilePayload, Locator, Page, WebSocketRoute, expect

from tests.integration.test_thumbnails import picture
from tests.support.newcomers import (
    PASSWORD,
    Friends,
    People,
    asked,
    rooms,
    toast,
)
from tests.system.test_page import MOST_SHOWN, bodies, composer, message, say, use
from tests.system.test_page_accounts import session
from tests.system.test_page_offline import NO_DATABASE, kept_unread, stored

pytestmark = pytest.mark.timeout(180)

DAYS = [*calendar.day_name]


Two = tuple[Page, Page]


@pytest.fixture
async def two(friends: Friends) -> Two:
    """The pages of Ada, the owner, and of Grace, in the room Kitchen, which Grace has not opened yet."""
    return await in_the_kitchen(friends)


async def in_the_kitchen(friends: Friends) -> Two:
    await friends.people.closed_room(friends.ada, "Kitchen", "grace")
    await expect(rooms(friends.grace)).to_contain_text("Kitchen")
    return friends.ada, friends.grace


async def with_newcomer(friends: Friends, name: str) -> Two:
    """Ada and somebody new in the same room, for tests that change an account or a browser."""
    page = await friends.joined_by(name)
    await friends.people.closed_room(friends.ada, "Kitchen", name.lower())
    await expect(rooms(page)).to_contain_text("Kitchen")
    return friends.ada, page


def thread(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Thread")


async def enter(page: Page, room: str = "Kitchen") -> None:
    await rooms(page).get_by_role("button", name=room).click()


async def test_a_long_thread_is_read_to_its_beginning_with_few_rows(
    friends: Friends, two: Two
) -> None:
    ada, _ = two
    await say(ada, "tea?")
    await expect(bodies(ada)).to_have_text(["tea?"])
    room = ada.url.split("/")[-1]
    seq = await message(ada, "tea?").get_attribute("data-seq")
    everything = [f"reply {n}" for n in range(160)]
    people, token = friends.people, await session(friends.people)
    for text in everything:
        path = f"/rooms/{room}:{seq}/messages"
        await asked(people.server, "POST", path, {"text": text}, token)
    await ada.get_by_role("button", name="160 replies").click()
    replies = thread(ada).get_by_role("log").locator(".body")
    await expect(replies.last).to_be_in_viewport()
    counts = set()
    while (reading := await replies.first.inner_text()) != "reply 0":
        await thread(ada).get_by_role("region", name="Replies").press("Home")
        await expect(replies.first).not_to_have_text(reading)
        counts.add(await replies.count())
    assert max(counts) <= MOST_SHOWN
    await expect(replies).to_have_text(everything[:MOST_SHOWN])
    await thread(ada).get_by_role("button", name="Jump to latest").click()
    await expect(replies.last).to_have_text("reply 159")
    await expect(replies.last).to_be_in_viewport()
    await say_in(thread(ada), "and another")
    await expect(replies.last).to_have_text("and another")
    await expect(replies.last).to_be_in_viewport()


async def say_in(panel: Locator, text: str) -> None:
    await panel.get_by_role("textbox").fill(text)
    await panel.get_by_role("textbox").press("Enter")


async def test_a_thread_stands_beside_its_room(two: Two) -> None:
    ada, grace = two
    await say(ada, "tea?")
    await enter(grace)
    await use(grace, "tea?", "Reply in thread")
    await expect(thread(grace).get_by_text("No replies yet.")).to_be_visible()
    await thread(grace).get_by_role("textbox", name="Reply").fill("with milk")
    await thread(grace).get_by_role("textbox", name="Reply").press("Enter")
    await expect(thread(grace).get_by_role("log").locator(".body")).to_have_text(["with milk"])
    await ada.get_by_role("button", name="1 reply").click()
    await expect(thread(ada).get_by_role("log").locator(".body")).to_have_text(["with milk"])
    await thread(ada).get_by_role("textbox", name="Reply").fill("and sugar")
    await thread(ada).get_by_role("button", name="Send reply").click()
    await expect(thread(grace).get_by_role("log").locator(".body")).to_have_text(
        ["with milk", "and sugar"]
    )
    await expect(grace.get_by_role("button", name="2 replies")).to_be_visible()
    await thread(ada).get_by_role("textbox", name="Reply").press("Escape")
    await expect(thread(ada)).to_have_count(0)
    await expect(bodies(ada)).to_have_text(["tea?"])


async def test_the_keyboard_reaches_messages_and_what_can_be_done_with_them(
    two: Two,
) -> None:
    ada, grace = two
    await enter(grace)
    for text in ("one", "two"):
        await say(ada, text)
    await expect(bodies(ada)).to_have_text(["one", "two"])
    await ada.get_by_role("region", name="Conversation").focus()
    await ada.keyboard.press("ArrowUp")
    await expect(message(ada, "two")).to_be_focused()
    await ada.keyboard.press("ArrowUp")
    await expect(message(ada, "one")).to_be_focused()
    await ada.keyboard.press("p")
    await expect(message(grace, "one").get_by_text("Pinned")).to_be_visible()
    await ada.keyboard.press("ArrowDown")
    await ada.keyboard.press("+")
    await expect(ada.get_by_role("button", name="React with 👍")).to_be_focused()
    await ada.keyboard.press("Enter")
    await expect(message(grace, "two").get_by_role("button", name="👍 by 1")).to_be_visible()
    await message(ada, "one").focus()
    await ada.keyboard.press("r")
    await expect(ada.get_by_text("Replying to Ada")).to_be_visible()
    await expect(composer(ada)).to_be_focused()

    await grace.get_by_role("button", name="Pinned messages").click()
    pins = grace.get_by_role("complementary", name="Pinned messages")
    await expect(pins.locator(".body")).to_have_text(["one"])
    await use(ada, "one", "Unpin")
    await expect(pins.get_by_text("Nothing is pinned")).to_be_visible()


async def test_what_is_new_is_marked_for_as_long_as_one_is_there(two: Two) -> None:
    ada, grace = two
    for text in ("one", "two"):
        await say(ada, text)
    await expect(rooms(grace).get_by_role("button", name="Kitchen unread")).to_be_visible()
    await expect(ada.get_by_text("Read by")).to_have_count(0)
    await enter(grace)
    await expect(grace.locator(".newline")).to_have_count(1)
    await expect(ada.get_by_text("Read by Grace")).to_be_visible()
    await say(grace, "mine")
    await expect(grace.get_by_text("Read by Ada")).to_be_visible()
    await expect(ada.get_by_text("Read by")).to_have_count(0)
    await say(ada, "three")
    await expect(bodies(grace)).to_have_text(["one", "two", "mine", "three"])
    order = [re.compile(text) for text in ("Today", "new", "one", "two", "mine", "three")]
    await expect(grace.locator(".timeline > li")).to_have_text(order)
    await expect(grace.locator(".message.new .body")).to_have_text(["one", "two", "three"])
    await expect(grace.locator(".message.grouped .body")).to_have_text(["two"])  # of one author
    await enter(grace, "lobby")
    await enter(grace)
    await expect(bodies(grace)).to_have_count(4)
    await expect(grace.locator(".newline")).to_have_count(0)


async def answer_after(page: Page, words: str, happened: asyncio.Event) -> None:
    """Hold the server's answer with these words, and all that comes after it, until something has happened."""
    frames: asyncio.Queue[tuple[WebSocketRoute, str | bytes]] = asyncio.Queue()

    async def pass_on() -> None:
        while True:
            socket, frame = await frames.get()
            if words in str(frame):
                await happened.wait()
            socket.send(frame)

    def route(socket: WebSocketRoute) -> None:
        socket.connect_to_server().on_message(lambda frame: frames.put_nowait((socket, frame)))

    passing = asyncio.create_task(pass_on())

    def stop(_: Page) -> None:
        passing.cancel()

    page.on("close", stop)
    await page.route_web_socket(lambda _: True, route)


OF_START = '"ok":{"account"'


async def open_late(page: Page, words: str) -> None:
    """Open the kitchen from what is kept, before the answer with these words; and leave it again, unread."""
    answered = asyncio.Event()
    await answer_after(page, words, answered)
    await page.reload()
    kitchen = rooms(page).get_by_role("button", name="Kitchen unread")
    if words != OF_START:
        await expect(kitchen).to_be_visible()
    await enter(page)
    await expect(message(page, "new 000")).to_be_visible()
    if words != OF_START:
        await expect(page.locator(".newline")).to_be_in_viewport()
    answered.set()
    for shown in (page.locator(".newline"), message(page, "known"), message(page, "new 000")):
        await expect(shown).to_be_in_viewport()
    await expect(kitchen).to_be_visible()
    await expect(page.locator("#pill")).to_be_visible()
    await enter(page, "lobby")


async def test_a_room_opens_where_what_is_new_begins_however_long_ago_that_was(
    friends: Friends,
) -> None:
    people = friends.people
    ada, mary = await with_newcomer(friends, "Mary")
    room, token = ada.url.rpartition("/")[2], await session(people)
    await say(ada, "known")
    await enter(mary)
    await expect(bodies(mary)).to_have_text(["known"])
    await expect(rooms(mary).get_by_role("button", name="Kitchen", exact=True)).to_be_visible()
    await enter(mary, "lobby")
    for number in range(130):
        post = {"text": f"new {number:03}"}
        await asked(people.server, "POST", f"/rooms/{room}/messages", post, token)
    await stored(mary, room, 131)
    await kept_unread(mary, room, 130)
    await open_late(mary, OF_START)
    await open_late(mary, f'"mode":"resumed","room":"{room}"')
    await enter(mary)
    await use(mary, "new 001", "React", "React with 🎉")
    await expect(message(mary, "new 001").locator(".reactions")).to_be_visible()
    await expect(rooms(mary).get_by_role("button", name="Kitchen unread")).to_be_visible()
    while await mary.locator("#pill").is_visible():
        await mary.get_by_role("region", name="Conversation").press("End")
    await expect(message(mary, "new 129")).to_be_in_viewport()
    await expect(mary.locator(".newline")).to_have_count(1)
    await expect(rooms(mary).get_by_role("button", name="Kitchen", exact=True)).to_be_visible()


Held = list[tuple[WebSocketRoute, str | bytes]]


async def hold_back(page: Page, words: str, later: str) -> tuple[Held, asyncio.Event]:
    """Hold back the server's answers that contain `words`. The event is set once an answer with `later` has passed."""
    held: Held = []
    passed = asyncio.Event()

    def route(socket: WebSocketRoute) -> None:
        def hear(frame: str | bytes) -> None:
            if words in str(frame):
                held.append((socket, frame))
                return
            socket.send(frame)
            if later in str(frame) and '"mode"' in str(frame):
                passed.set()

        socket.connect_to_server().on_message(hear)

    await page.route_web_socket(lambda _: True, route)
    return held, passed


async def test_in_a_forum_each_message_gets_a_title(friends: Friends) -> None:
    ada, lois = await with_newcomer(friends, "Lois")
    room, token = ada.url.rpartition("/")[2], await session(friends.people)
    await enter(lois)
    await expect(lois.get_by_text("This is where the room begins.")).to_be_visible()
    title = lois.get_by_role("textbox", name="Title")
    await expect(title).to_have_count(0)
    await asked(friends.people.server, "PATCH", f"/rooms/{room}", {"titles": True}, token)
    await expect(title).to_be_visible()
    await say(lois, "Which one?")
    await expect(lois.get_by_text("Give the message a title first")).to_be_visible()
    await title.fill("Tea for tomorrow")
    await title.press("Enter")
    await expect(composer(lois)).to_be_focused()
    await lois.keyboard.press("Enter")
    await expect(message(lois, "Which one?")).to_contain_text("Tea for tomorrow")
    await expect(title).to_have_value("")
    held, followed = await hold_back(lois, OF_START, f'"room":"{room}"')
    await lois.add_init_script(NO_DATABASE)  # so that the server alone knows her rooms
    await lois.reload()
    await followed.wait()
    await expect(message(lois, "Which one?")).to_contain_text("Tea for tomorrow")
    for socket, frame in held:
        socket.send(frame)
    await expect(title).to_be_visible()


async def test_one_sees_who_is_online(two: Two) -> None:
    ada, _ = two
    await ada.get_by_role("button", name="Write to…").click()
    await ada.get_by_role("dialog").get_by_role("button", name="Grace").click()
    await expect(rooms(ada).get_by_role("button", name="Grace")).to_have_attribute(
        "title", "Online"
    )


async def settings(page: Page, section: str) -> Locator:
    """A section of one's account, opened."""
    if not await page.get_by_role("dialog").count():
        await page.get_by_role("button", name="Account", exact=True).click()
    await page.get_by_role("dialog").get_by_text(section, exact=True).click()
    details = page.get_by_role("dialog").locator("details")
    return details.filter(has=page.get_by_text(section, exact=True))


async def keep_to_oneself(people: People, page: Page, token: str) -> None:
    """Let others see neither how far one has read nor whether one is there."""
    privacy = await settings(page, "Privacy")
    for shown in ("Let others see how far I've read", "Let others see when I'm online"):
        await privacy.get_by_label(shown).uncheck()
    kept: dict[str, bool] = {}
    while not {"receipts", "hide_presence"} <= kept.keys():
        kept = (await asked(people.server, "GET", "/me/preferences", None, token))["preferences"]
    assert (kept["receipts"], kept["hide_presence"]) == (False, True)


async def choose_days_and_zone(people: People, page: Page, token: str) -> None:
    """Be quiet on weekdays alone, by the clock of another place."""
    notifying = page.get_by_role("dialog").locator("details", has_text="Quiet from")
    zone = notifying.get_by_label("Time zone")
    here = await page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    await expect(zone).to_have_value(here)
    await zone.select_option("Asia/Tokyo")
    for day in DAYS:
        await notifying.get_by_label(day).uncheck()
    await notifying.get_by_role("button", name="Save").click()
    await expect(notifying.get_by_text("Choose at least one day")).to_be_visible()
    for day in DAYS[:5]:
        await notifying.get_by_label(day).check()
    await notifying.get_by_role("button", name="Save").click()
    await expect(notifying.get_by_text("Choose at least one day")).to_have_count(0)
    while (await asked(people.server, "GET", "/me", None, token))["time_zone"] != "Asia/Tokyo":
        pass
    kept = (await asked(people.server, "GET", "/me/preferences", None, token))["preferences"]
    assert kept["quiet"]["weekly"][0]["days"] == ["mon", "tue", "wed", "thu", "fri"]


async def block_no_longer(people: People, page: Page, token: str) -> None:
    """See whom one blocks, and let them write to one again."""
    blocked = await settings(page, "Blocked people")
    await expect(blocked).to_contain_text("You have blocked nobody")
    await page.keyboard.press("Escape")
    await composer(page).fill("/block @ada")
    await composer(page).press("Enter")
    await expect(composer(page)).to_have_value("")
    blocked = await settings(page, "Blocked people")
    await blocked.get_by_role("button", name="Unblock Ada").click()
    await expect(blocked).to_contain_text("You have blocked nobody")
    while (await asked(people.server, "GET", "/me/blocks", None, token))["blocked"]:
        pass


async def test_an_account_is_changed_where_it_is_used(friends: Friends) -> None:
    people, (_, hedy) = friends.people, await with_newcomer(friends, "Hedy")
    entered = {"handle": "hedy", "password": PASSWORD, "wants": "token"}
    token = (await asked(people.server, "POST", "/login", entered))["token"]
    profile = await settings(hedy, "Profile")
    await profile.get_by_label("Display name").fill("Hedy Lamarr")
    await profile.get_by_role("button", name="Save").click()
    await expect(hedy.locator("#my-name")).to_have_text("Hedy Lamarr")

    await (await settings(hedy, "Appearance")).get_by_role("checkbox").check()
    await expect(hedy.locator("#app")).to_have_class("dense")

    notifying = await settings(hedy, "Notifications")
    await notifying.get_by_label("Keywords").fill("compiler, ship")
    await notifying.get_by_label("Quiet from").fill("22:00")
    await notifying.get_by_role("button", name="Save").click()
    await expect(notifying.get_by_text("Fill in both hours")).to_be_visible()
    await notifying.get_by_label("Quiet to").fill("07:30")
    await expect(hedy.locator("#toast")).to_be_hidden()  # what was said of the profile
    async with toast(hedy, "Saved"):
        await notifying.get_by_role("button", name="Save").click()
    await expect(notifying.get_by_text("Fill in both hours")).to_have_count(0)
    await choose_days_and_zone(people, hedy, token)
    kept = (await asked(people.server, "GET", "/me/preferences", None, token))["preferences"]
    assert kept["keywords"] == ["compiler", "ship"]
    assert [(each["from"], each["to"]) for each in kept["quiet"]["weekly"]] == [("22:00", "07:30")]

    await keep_to_oneself(people, hedy, token)
    await block_no_longer(people, hedy, token)

    devices = await settings(hedy, "Devices")
    await expect(devices.get_by_role("listitem")).to_have_count(2)
    await devices.get_by_role("button", name="End all others").click()
    await expect(devices.get_by_role("listitem")).to_have_count(1)
    assert (await asked(people.server, "GET", "/me", None, token))["code"] == "unauthenticated"


async def test_a_picture_stands_for_somebody_in_place_of_shapes(friends: Friends) -> None:
    ada, frances = await with_newcomer(friends, "Frances")
    for page in (ada, frances):
        await enter(page)
    await say(frances, "hello")
    of_frances = ada.locator(".speaker", has_text="Frances").locator("img")
    await expect(message(ada, "hello")).to_be_visible()
    await expect(of_frances).to_have_count(0)
    profile = await settings(frances, "Profile")
    chosen = profile.locator("input[type=file]")
    broken = FilePayload(name="me.png", mimeType="image/png", buffer=b"no picture")
    await chosen.set_input_files(broken)
    await expect(profile.get_by_role("alert").first).to_contain_text("Can't take this picture")
    await expect(profile.get_by_role("button", name="Remove picture")).to_have_count(0)
    await chosen.set_input_files(
        FilePayload(name="me.png", mimeType="image/png", buffer=picture(90, 60, "PNG"))
    )
    await expect(profile.get_by_role("button", name="Remove picture")).to_be_visible()
    await expect(profile.get_by_text("Can't take this picture")).to_have_count(0)
    await expect(of_frances).to_have_count(1)
    assert await of_frances.evaluate("img => img.decode().then(() => img.naturalWidth)") == 60
    await profile.get_by_role("button", name="Remove picture").click()
    await expect(of_frances).to_have_count(0)
    await expect(profile.get_by_role("button", name="Choose a picture")).to_be_focused()
    # a server without Pillow says so
    await frances.route_web_socket("**/ws", without_pictures)
    await frances.reload()
    profile = await settings(frances, "Profile")
    await expect(profile.get_by_text("This server can't process pictures")).to_be_visible()
    await expect(profile.get_by_role("button", name="Choose a picture")).to_have_count(0)


def without_pictures(page: WebSocketRoute) -> None:
    """Between a page and its server, which answers to `hello` as without Pillow."""
    server = page.connect_to_server()
    server.on_message(
        lambda said: page.send(str(said).replace('"pictures":true', '"pictures":false'))
    )


async def test_an_account_is_removed_by_its_holder(friends: Friends) -> None:
    ada, karen = await with_newcomer(friends, "Karen")
    await enter(karen)
    await say(karen, "soon gone")
    await expect(bodies(ada)).to_have_text(["soon gone"])
    data = await settings(karen, "Your data")
    await expect(data.get_by_role("link", name="Export my data")).to_be_visible()
    await data.get_by_label("Password").fill("not-" + PASSWORD)
    await data.get_by_role("button", name="Remove it for good").click()
    await expect(data.get_by_role("alert").first).not_to_be_empty()
    await data.get_by_label("Password").fill(PASSWORD)
    await data.get_by_role("checkbox", name="Erase my messages").check()
    await data.get_by_role("button", name="Remove it for good").click()
    await expect(karen.get_by_label("Your name")).to_be_visible()
    await expect(bodies(ada)).to_have_text(["deleted"])


async def test_a_topic_stands_beside_the_title_and_the_address_leads_to_rooms(
    friends: Friends,
) -> None:
    people, ada = friends.people, friends.ada
    entered = {"handle": "ada", "password": PASSWORD, "wants": "token"}
    token = (await asked(people.server, "POST", "/login", entered))["token"]
    given = {"kind": "open", "title": "Garden", "topic": "What grows"}
    made = (await asked(people.server, "POST", "/rooms", given, token))["made"]
    await enter(ada, "Garden")
    await expect(ada.get_by_text("What grows")).to_be_visible()
    await asked(people.server, "PATCH", f"/rooms/{made}", {"topic": "What withers"}, token)
    await expect(ada.get_by_text("What withers")).to_be_visible()
    await ada.evaluate("location.hash = 'lobby'")  # as it is typed behind any address
    await expect(ada.get_by_role("heading", name="lobby", exact=True)).to_be_visible()
    assert ada.url == f"{people.server.url}/#lobby"
    await ada.go_back()
    await expect(ada.get_by_text("What withers")).to_be_visible()


class Drawn:
    """Counts how often rows of the list of rooms are drawn: the calls of the function that makes one."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self._page = page
        self._session = session

    @classmethod
    async def on(cls, page: Page) -> "Drawn":
        session = await page.context.new_cdp_session(page)
        await session.send("Profiler.enable")
        await session.send("Profiler.startPreciseCoverage", {"callCount": True})
        return cls(page, session)

    async def since(self) -> int:
        """How many were drawn since it was asked last."""
        found = (await self._session.send("Profiler.takePreciseCoverage"))["result"]
        drawn = 0
        for script in found:
            if "/web/" not in script["url"]:
                continue
            answer = await self._page.context.request.get(script["url"])
            text = (await answer.text()).encode("utf-16-le")  # offsets count these
            for function in script["functions"]:
                (whole, *_) = function["ranges"]
                source = text[2 * whole["startOffset"] : 2 * whole["endOffset"]].decode("utf-16-le")
                if len(source) < 1000 and "data-room" in source and "aria-current" in source:
                    drawn += whole["count"]
        return drawn


async def test_what_happens_in_one_room_draws_no_other_in_the_list(
    friends: Friends, two: Two
) -> None:
    ada, grace = two
    for n in range(8):
        body = {"kind": "closed", "title": f"Room {n}", "who": ["ada"]}
        made = (await friends.people.ask(grace, "POST", "/rooms", body))["made"]
        await friends.people.ask(grace, "POST", f"/rooms/{made}/messages", {"text": "unread"})
    await expect(rooms(ada).locator(".unread")).to_have_count(8)
    await enter(grace)
    drawn = await Drawn.on(ada)
    await enter(ada, "Room 3")
    await expect(rooms(ada).locator(".unread")).to_have_count(7)
    assert 2 <= await drawn.since() <= 6  # the one that was left, and the one that is read
    await enter(ada)
    await expect(ada.get_by_role("heading", name="Kitchen")).to_be_visible()
    await say(grace, "one")
    await expect(bodies(ada)).to_have_text(["one"])
    await drawn.since()
    for text in ("two", "three", "four"):
        await say(grace, text)
        await expect(bodies(ada).last).to_have_text(text)
    await composer(ada).press_sequentially("and I write")
    assert await drawn.since() <= 2


async def test_a_room_has_a_level_of_its_own(two: Two) -> None:
    ada, grace = two
    await enter(grace)
    await grace.get_by_role("button", name="Details").click()
    level = grace.get_by_label("Notify me of")
    await expect(level.get_by_role("option").first).to_have_text("Default (mentions)")
    await level.select_option("All messages")
    await grace.get_by_role("button", name="Close").click()
    await enter(grace, "lobby")
    await say(ada, "anyone?")
    await expect(rooms(grace).get_by_role("button", name="Kitchen 1 unread")).to_be_visible()
