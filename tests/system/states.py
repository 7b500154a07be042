"""The page in all its states, as tours: axe looks at each of them, and pictures are made of them (`make pictures`).

A tour goes from state to state with one page, and gives the name of each when it is there. A new state belongs into one of them: of a
server that is the tour's own, or of one with a team at work, which the tours share and leave as it was.
"""

import asyncio
import re
import struct
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Any
from urllib.parse import quote

import aiohttp
from playwright.async_api import Locator, Page, Route, expect

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.previews import ShowPreviews
from hubbub.events import LinkPreview
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.images import chunk, png, wave
from tests.support.newcomers import (
    PASSWORD,
    asked,
    at_home,
    claim_link,
    enroll,
    exactly,
    fill,
    indexed,
    invite_link,
    log_in,
    make_room,
    menu,
    toast,
)
from tests.support.server import Server
from tests.support.stores import commit
from tests.system.test_page import bodies, composer, here, message, post, unsent

# As if the account that is logged in had been here two days ago for the last time.
SEEN = """Object.keys(localStorage).filter((key) => key.startsWith("hubbub.recent.seen."))"""
# Once, when the page begins: while it runs, it notes that one is here.
ABSENT = f"""if (!sessionStorage.getItem("absent"))
    for (const key of {SEEN}) {{
        sessionStorage.setItem("absent", "yes");
        localStorage.setItem(key, Date.now() - 2 * 86_400_000);
    }}"""

Tour = Callable[[Page, Server], AsyncIterator[str]]
TourAtWork = Callable[[Page, "Team"], AsyncIterator[str]]

EMBEDS = """<!doctype html><html lang="en"><title>Ours</title><main><h1><bdi>Ours</bdi></h1>
<hubbub-room room="lobby" name="vera" heading="Ask us"></hubbub-room></main><script type="module" src="/web/embed.js"></script></html>"""


def kind_of(name: str) -> str:
    return {"png": "image/png", "txt": "text/plain"}[name.rpartition(".")[2]]


def picture(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A picture of a table under a lamp, as far as a few rectangles can be one."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(0, width, 8):
            is_table = y > height * 0.7 and width * 0.15 < x < width * 0.85
            is_lamp = (x - width / 2) ** 2 + (y - height * 0.3) ** 2 < (height * 0.14) ** 2
            shade = (150, 95, 60) if is_table else (250, 225, 150) if is_lamp else colour
            rows += bytes(shade) * min(8, width - x)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(rows)))
    return b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b"")


@cache
def dinner_posts() -> tuple[tuple[str, str, tuple[tuple[str, bytes], ...]], ...]:
    """Who posts what, with which files."""
    return (
        ("grace", "The table is set", (("table.png", picture(1280, 800, (60, 90, 80))),)),
        (
            "linus",
            "",
            (("tall.png", picture(300, 900, (120, 70, 60))), ("torn.png", png(640, 480)[:33])),
        ),
        (
            "margaret",
            "Listen, and the list of what there is",
            (("song.wav", wave()), ("menu.pdf", b"%PDF-1.7" * 999)),
        ),
    )


async def come_in(page: Page, name: str = "ada") -> None:
    await page.goto("/")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Start talking").click()
    await here(page)


async def speak(page: Page, text: str) -> None:
    """Write a message; on a phone Enter begins a new line."""
    await composer(page).fill(text)
    await page.locator("#composer").get_by_role("button", name="Send").click()


async def has_mouse(page: Page) -> bool:
    return bool(await page.evaluate("matchMedia('(hover: hover)').matches"))


async def hit(what: Locator) -> None:
    """Press it, with a mouse or a finger."""
    await (what.click() if await has_mouse(what.page) else what.tap())


async def act(page: Page, text: str, *tools: str) -> None:
    """Go to a message, by mouse or by touch, and press its buttons."""
    await act_on(message(page, text), *tools)


async def act_on(row: Locator, *tools: str) -> None:
    await (row.locator(".body").hover() if await has_mouse(row.page) else hit(row.locator(".body")))
    for tool in tools:
        await hit(row.get_by_role("button", name=exactly(tool)))


async def press(page: Page, name: str) -> None:
    """Press a button of the list of rooms."""
    await menu(page)
    await hit(page.get_by_role("navigation", name="Rooms").get_by_role("button", name=name))


async def close(page: Page) -> None:
    """Close the window that is open."""
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


# --- the ways in ---


async def coming(page: Page, server: Server) -> AsyncIterator[str]:
    """The first screens, and what they say when something is wrong."""
    await page.goto("/")
    await expect(page.get_by_label("Your name")).to_be_visible()
    yield "welcome"
    await page.get_by_label("Your name").fill("not/a/name")
    await page.get_by_role("button", name="Start talking").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    yield "welcome refused"
    await page.goto("/#token=nonsense")
    await expect(page.get_by_role("alert")).to_contain_text("does not accept this token")
    yield "token refused"
    await page.goto("/reset#nonsense")
    await expect(page.get_by_role("heading", name="A new password")).to_be_visible()
    yield "reset"
    await page.goto("/i#nonsense")
    await expect(page.get_by_role("heading", name="You are invited")).to_be_visible()
    yield "invite"
    await fill(page, "Grace")
    await expect(page.get_by_role("heading", name="This link can't be used")).to_be_visible()
    yield "link used"
    await page.get_by_role("button", name="Log in").click()
    await log_in(page, "ada")
    await expect(page.get_by_text("Wrong handle or password")).to_be_visible()
    yield "log-in refused"
    await page.goto(claim_link(server))
    await fill(page, "Ada", "not a handle")
    wrong = page.locator(".field").get_by_role("alert").filter(has_text="Invalid")
    await expect(wrong).to_be_visible()
    yield "claim refused"


# --- guests in free rooms ---


async def guest(page: Page, server: Server) -> AsyncIterator[str]:
    """A free room: empty, with messages, and without a server."""
    await come_in(page)
    await expect(page.get_by_text("This is where the room begins")).to_be_visible()
    yield "empty room"
    await post(server, "hello https://example.org", "and **more**")
    await speak(page, "gladly")
    await act(page, "gladly", "React", "React with 🎉")
    await expect(message(page, "gladly").locator(".reactions")).to_be_visible()
    await act(page, "and more", "Reply")
    yield "replying"
    await speak(page, "me too")
    await act(page, "gladly", "Edit")
    await expect(page.get_by_label("Edit message")).to_be_visible()
    await act(page, "me too")
    yield "editing"
    await page.get_by_role("button", name="Cancel").click()
    await act(page, "me too", "Delete")
    yield "deleting"
    await message(page, "me too").get_by_role("button", name="Delete?").click()
    await expect(page.get_by_text(exactly("deleted"))).to_be_visible()
    yield "deleted"


async def free_rooms(page: Page, server: Server) -> AsyncIterator[str]:
    """Who is in a free room, and which others there are."""
    await come_in(page)
    await page.locator("#members").click()
    await expect(page.get_by_role("list", name="Who is here")).to_be_visible()
    yield "who is here"
    await page.locator("#members").click()
    await page.locator("#members").blur()
    await post(server, "there", room="kitchen")
    await menu(page)
    await page.get_by_label("Open or start a room").fill("kitchen")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="kitchen")).to_be_visible()
    await post(server, "unread")
    await menu(page)
    await expect(page.locator("#rooms .badge")).to_be_visible()
    yield "free rooms"


async def failing(page: Page, server: Server) -> AsyncIterator[str]:
    """What goes wrong: nothing comes, a message or a name is refused, the server is away."""
    await come_in(page)
    await speak(page, "long " * 20_000)
    await expect(unsent(page).get_by_role("alert")).to_be_visible()
    await page.evaluate("document.getElementById('room-name').value = '/'")
    async with toast(page, ".+"):
        await page.evaluate("document.getElementById('open-room').requestSubmit()")
    yield "refused"
    await unsent(page).get_by_role("button", name="Discard").click()
    await server.kill()
    await speak(page, "is anyone there?")
    await expect(page.get_by_text(re.compile("No connection"))).to_be_visible()
    yield "offline"


# --- an owner on a new server ---


async def own(page: Page, server: Server) -> Page:
    """The page of the owner, whose account was just made."""
    await enroll(page, claim_link(server), "Ada")
    return page


async def beginning(page: Page, server: Server) -> AsyncIterator[str]:
    """A server on which there is nothing yet, and the first room."""
    await menu(await own(page, server))
    await expect(page.get_by_text("You aren't in any room yet")).to_be_visible()
    yield "no rooms"
    await press(page, "Open rooms")
    await expect(page.get_by_text("There are no open rooms yet")).to_be_visible()
    yield "no open rooms"
    await close(page)
    await press(page, "Write to…")
    await expect(page.get_by_text("Nobody else has an account here yet")).to_be_visible()
    yield "nobody to write to"
    await close(page)
    await press(page, "Saved messages")
    await expect(page.get_by_text("Nothing saved yet")).to_be_visible()
    yield "nothing saved"
    await page.get_by_role("complementary").get_by_role("button", name="Close").click()
    await press(page, "What you missed")
    await expect(page.get_by_text("You have read everything")).to_be_visible()
    yield "nothing missed"
    await press(page, "New room")
    await page.get_by_role("button", name="Make the room").click()
    await expect(page.get_by_text("Fill this in")).to_be_visible()
    yield "new room refused"
    await close(page)
    await invite_link(page, close=False)
    yield "invite link"
    await close(page)
    await page.goto("/r/@rbbbbbbbbbbbb")
    await expect(page.get_by_role("heading", name="No such room")).to_be_visible()
    yield "no such room"


async def administering(page: Page, server: Server) -> AsyncIterator[str]:
    """All parts of the admin page."""
    await own(page, server)
    await press(page, "Administration")
    parts = (
        "Connections",
        "Rooms",
        "Invites",
        "Emoji",
        "Files",
        "Figures",
        "Settings",
        "Audit log",
    )
    for part in (*parts, "People"):
        await (
            page.get_by_role("navigation", name="Administration")
            .get_by_role("button", name=part)
            .click()
        )
        await expect(page.get_by_role("main").get_by_text("Looking…")).to_have_count(0)
        yield f"admin, {part.lower()}"
    await page.get_by_role("main").get_by_role("button", name="Manage Ada").click()
    await expect(page.get_by_role("main").get_by_text("1 session")).to_be_visible()
    yield "admin, person"


PERMISSION = """(permission) => {
  Object.defineProperty(Notification, 'permission', { get: () => permission, configurable: true });
}"""


async def account(page: Page, server: Server) -> AsyncIterator[str]:
    """The window about one's account."""
    await own(page, server)
    await press(page, "Account")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Log out")).to_be_visible()
    yield "account"
    for section in (
        "Appearance",
        "Profile",
        "Privacy",
        "Devices",
        "Kept on this device",
        "Your data",
    ):
        await dialog.get_by_text(exactly(section)).click()
    await expect(dialog.get_by_role("button", name="Remove it for good")).to_be_visible()
    await expect(dialog.get_by_text(exactly("This device"))).to_be_visible()
    yield "account, all"
    await dialog.get_by_text(exactly("Notifications")).click()
    await expect(dialog.get_by_role("region", name="On this device")).to_be_visible()
    await dialog.get_by_role("region", name="On this device").scroll_into_view_if_needed()
    for permission, words in (
        ("default", "You are not notified on this device"),
        ("granted", "you are notified while this page is open"),
        ("denied", "Your browser refuses notifications"),
    ):
        await page.evaluate(PERMISSION, permission)
        for _ in range(2):  # close it and open it again
            await dialog.get_by_text(exactly("Notifications")).click()
        await expect(dialog.get_by_text(words)).to_be_visible()
        yield f"account, notifications {permission}"


async def room_settings(page: Page, server: Server) -> AsyncIterator[str]:
    """What can be done with a message, and the panel about a room."""
    await make_room(await own(page, server), "Plans", "Closed")
    dialog = page.get_by_role("dialog")
    await speak(page, "the secret plan")
    await act(page, "the secret plan", "More")
    await expect(page.get_by_role("button", name="Forward…")).to_be_visible()
    yield "message, more"
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Details").click()
    panel = page.get_by_role("complementary", name="Plans")
    await expect(panel.get_by_text("1 member")).to_be_visible()
    yield "room details"
    await panel.get_by_role("button", name="Invite people").click()
    await expect(dialog.get_by_text("already a member")).to_be_visible()
    yield "nobody to invite"
    await close(page)
    for section in ("Room settings", "Banned and muted"):
        await panel.get_by_text(section).click()
    await expect(panel.get_by_text("Nobody is banned")).to_be_visible()
    await panel.get_by_label("Keep messages for").fill("1")
    yield "room settings"
    await panel.get_by_role("button", name="Archive").click()
    await expect(dialog.get_by_text("Nobody can write in it any more")).to_be_visible()
    yield "confirming"
    await dialog.get_by_role("button", name="Archive").click()
    await expect(page.get_by_text("This room is archived")).to_be_attached()
    await panel.get_by_role("button", name="Close").click()
    yield "archived room"


# --- a team at work ---


class Team:
    """Ada, the owner, Grace, Linus, and Margaret, whose name is long; and what they do, by HTTP."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tokens: dict[str, str] = {}
        self.rooms: dict[str, str] = {}

    async def come(self) -> None:
        """Make the accounts."""
        token = claim_link(self.server).partition("#")[2]
        self.tokens["ada"] = await self._enter("claim", token, "ada", "Ada Lovelace")
        invite = await self.ask("ada", "POST", "/invites", {"role": "member", "uses": 3})
        for handle, name in (
            ("grace", "Grace"),
            ("linus", "לינוס"),
            ("margaret", "Margaret Heafield Hamilton of the Draper Laboratory"),
        ):
            self.tokens[handle] = await self._enter("accept", invite["token"], handle, name)

    async def _enter(self, way: str, token: str, handle: str, name: str) -> str:
        given = {"token": token, "handle": handle, "name": name, "password": PASSWORD}
        return str(
            (await asked(self.server, "POST", f"/{way}", given | {"wants": "token"}))["token"]
        )

    async def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        answer = await asked(self.server, method, path, body or {}, self.tokens[who])
        assert "code" not in answer, answer
        return answer

    async def make(self, title: str, kind: str = "open", **more: Any) -> str:
        """Make a room with all of them in it, and return its key."""
        made = await self.ask("ada", "POST", "/rooms", {"kind": kind, "title": title, **more})
        self.rooms[title] = str(made["made"])
        others = {"who": ["grace", "linus", "margaret"]}
        await self.ask("ada", "POST", f"/rooms/{self.rooms[title]}/members", others)
        return self.rooms[title]

    async def upload(self, who: str, name: str, data: bytes) -> str:
        """Upload a file and return its key."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        url = f"{self.server.url}/api/v1/files"
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(url, params={"name": name}, data=data) as answer,
        ):
            return str((await answer.json())["file"])

    async def say(self, who: str, room: str, text: str, **more: Any) -> int:
        body = {"text": text, **more}
        said = await self.ask(who, "POST", f"/rooms/{room}/messages", body)
        return int(said["seq"])

    async def indexed(self, query: str, count: int) -> None:
        await indexed(self.server, query, count, self.tokens["ada"])


RECIPE = LinkPreview(
    "https://www.example.org/recipes/slow-beans-with-a-name-as-long-as-addresses-can-be.html",
    "Slow beans for a long evening, with more words than a line has",
    "The Recipe Book",
    "Soak them the night before. The rest takes four hours, of which you need ten minutes.",
)


async def preview(server: Server, room: str, *seqs: int) -> None:
    """Let messages show a preview, as if the server had fetched it. The server is away meanwhile."""
    await server.terminate()
    store = SqliteStore(server.data, "normal", lambda: "e1")
    for seq in seqs:
        change = ShowPreviews(room=room, seq=seq, edit=0, previews=(RECIPE,))
        await commit(store, change, by=OPERATOR)
    await store.close()
    await server.start()


async def have_dinner(team: Team, room: str) -> None:
    """Post files of several kinds, and two links with previews, the last of which is removed."""
    for who, text, files in dinner_posts():
        keys = [await team.upload(who, name, data) for name, data in files]
        await team.say(who, room, text, files=keys)
    texts = f"The recipe: {RECIPE.url}", f"Not this one, {RECIPE.url}"
    seqs = [await team.say("ada", room, text) for text in texts]
    await preview(team.server, room, *seqs)
    path = f"/rooms/{room}/messages/{seqs[-1]}/previews?url={quote(RECIPE.url)}"
    await team.ask("ada", "DELETE", path)
    await team.ask("ada", "PUT", f"/rooms/{room}/read", {"upto": seqs[-1]})


async def furnish(server: Server) -> Team:
    """A server as it is after some weeks."""
    team = Team(server)
    await team.come()
    engine = await team.make("engine", topic="How it works, and why")
    kitchen = await team.make("kitchen", "closed")
    dinner = await team.make("What is for dinner on the evening of the long release")
    forum = await team.make("help", titles=True)
    truth = "The log is the truth; a client is a position in it. So resume, long-poll and falling behind are all one act."
    first = await team.say("ada", engine, truth)
    second = await team.say("ada", engine, "I have written it up in `ARCHITECTURE.md`.")
    for who, emoji in (("grace", "👍"), ("linus", "👍"), ("margaret", "🎉")):
        await team.ask(who, "PUT", f"/rooms/{engine}/messages/{second}/reactions/{emoji}")
    question = "Does a snapshot at `N` and the events after it always fold to the same?"
    asking = await team.say("grace", engine, question, reply_to=first)
    await team.say("ada", f"{engine}:{asking}", "Yes: golden fixtures, both languages.")
    await team.say("linus", f"{engine}:{asking}", "גם אצלי, with both")
    await team.ask("ada", "PUT", f"/rooms/{engine}/pins/{first}")
    await team.ask("ada", "PUT", f"/me/saved/{engine}/{asking}")
    await team.say("ada", kitchen, "Tea?")
    await have_dinner(team, dinner)
    for title in ("Kettles", "Cups"):
        await team.say("grace", forum, f"Which {title.lower()}?", title=title)
    await team.ask("ada", "PUT", f"/rooms/{engine}/read", {"upto": asking})
    await team.ask("ada", "PUT", f"/rooms/{forum}/read", {"upto": 2})
    await team.say("grace", kitchen, "@ada yes!")
    direct = await team.ask("grace", "POST", "/rooms", {"kind": "direct", "who": ["ada"]})
    await team.say("grace", direct["made"], "hello")
    return team


async def come(page: Page, team: Team) -> None:
    """Bring Ada into the busiest room; she may have logged in before."""
    await page.goto(f"/r/{team.rooms['engine']}")
    if not await page.context.cookies():
        await log_in(page, "ada")
    await at_home(page, "Ada Lovelace")


async def reading(page: Page, team: Team) -> AsyncIterator[str]:
    """The room with what is new in it, and the list of rooms."""
    engine = team.rooms["engine"]
    code = 'Measured again:\n```python\ndef p99(posts: int = 12_400) -> str:\n    return f"{posts}/s in 8.1 ms"\n```'
    asking = "@ada can you look at the outbox before noon? It keeps its order after a reload now."
    for who, text in (
        ("linus", code),
        ("margaret", asking),
        ("linus", "אני אבדוק את זה מחר, see https://example.org/a/b?c=d"),
    ):
        await team.say(who, engine, text)
    await come(page, team)
    await expect(bodies(page).last).to_contain_text("https://example.org/a/b?c=d")
    await expect(page.locator(".newline")).to_be_attached()
    await expect(page.locator(".code-keyword").last).to_be_attached()
    yield "room"
    await menu(page)
    await expect(
        page.get_by_role("button", name=re.compile("kitchen 1 (א )?mention"))
    ).to_be_visible()
    yield "rooms"
    await press(page, "engine")
    await act_on(page.get_by_role("log").locator(".message").last, "React")
    await expect(page.get_by_role("button", name="React with 👍")).to_be_visible()
    rows = "all => new Set(all.map((each) => each.getBoundingClientRect().top)).size"
    if await has_mouse(page):
        assert await page.locator(".tools.open > *").evaluate_all(rows) == 1
    yield "reacting"


async def beside(page: Page, team: Team) -> AsyncIterator[str]:
    """What stands beside a room."""
    await come(page, team)
    await page.get_by_role("button", name="2 replies").click()
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread.get_by_role("log").locator(".body")).to_have_count(2)
    yield "thread"
    await page.get_by_role("complementary").get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="Pinned messages").click()
    await expect(page.get_by_role("button", name="Show it in the room")).to_be_visible()
    yield "pinned"
    await page.get_by_role("complementary").get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="Details").click()
    panel = page.get_by_role("complementary", name="engine")
    await panel.get_by_role("button", name="Manage Grace").click()
    yield "members"
    await panel.get_by_role("button", name="Ban…").click()
    yield "banning"
    await close(page)
    await panel.get_by_role("button", name="Close").click()
    await press(page, "Saved messages")
    await expect(page.get_by_role("button", name="Show it in engine")).to_be_visible()
    yield "saved"


async def writing(page: Page, team: Team) -> AsyncIterator[str]:
    """What helps one to write."""
    await come(page, team)
    await page.get_by_role("button", name="Insert an emoji").click()
    await page.get_by_role("searchbox").fill("tea")  # all of them would take axe a minute
    await expect(page.get_by_role("gridcell").nth(3)).to_be_visible()
    await page.keyboard.press("ArrowDown")
    is_turned = await page.locator("html").get_attribute("dir") == "rtl"
    await page.keyboard.press("ArrowLeft" if is_turned else "ArrowRight")
    await expect(page.get_by_role("gridcell").nth(1)).to_be_focused()
    yield "emoji picker"
    await close(page)
    await composer(page).fill("@")
    await expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
    yield "completion"
    await composer(page).fill("/")
    await expect(page.get_by_role("option").nth(3)).to_be_visible()
    yield "commands"
    await composer(page).fill("/nonsense")
    await page.locator("#composer").get_by_role("button", name="Send").click()
    await expect(page.locator("#composer").get_by_role("alert")).to_be_visible()
    yield "unknown command"
    await composer(page).fill("a draft\nof two lines")
    yield "draft"
    await composer(page).fill("")


async def over(page: Page, team: Team) -> AsyncIterator[str]:
    """Windows that keys open, and a forum."""
    await come(page, team)
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("listbox", name="Rooms and people")).to_be_visible()
    yield "switcher"
    await page.get_by_role("combobox", name="Rooms and people").fill("nothing of the kind")
    yield "switcher, nothing found"
    await close(page)
    await page.keyboard.press("Control+/")
    await expect(page.get_by_role("dialog", name="Keys and commands")).to_be_visible()
    yield "help"
    await close(page)
    await press(page, "help")
    await expect(page.get_by_role("button", name="Cups · 0 replies")).to_be_visible()
    yield "forum"


async def script_loading(page: Page) -> AsyncIterator[str]:
    """The administration, whose script has not come yet."""
    arrived = asyncio.Event()

    async def hold(route: Route) -> None:
        await arrived.wait()
        await route.fallback()

    await page.route("**/Admin-*.js", hold)
    await press(page, "Administration")
    await expect(page.get_by_role("main").get_by_text("Looking…")).to_be_visible()
    yield "administration, its script loading"
    arrived.set()
    await page.unroute_all(behavior="wait")
    await press(page, "engine")


async def unanswered(page: Page, team: Team) -> AsyncIterator[str]:
    """Whatever is asked for when it is opened: while it comes, and without a server."""
    await come(page, team)
    async for state in script_loading(page):
        yield state
    held: list[Route] = []

    async def hang(route: Route) -> None:
        held.append(route)  # there is no answer yet

    async def fail(route: Route) -> None:
        await route.abort()

    for how, answer, words in (
        ("loading", hang, re.compile("Looking…|Loading…")),
        ("offline", fail, re.compile("Can't reach the server")),
    ):
        await page.route("**/api/v1/**", answer)
        async for what in opened(page):
            await expect(page.get_by_text(words).locator("visible=true").first).to_be_visible()
            yield f"{what}, {how}"
            if how == "offline":  # each says it with a button that asks again
                again = page.get_by_role("button", name="Try again")
                await page.unroute("**/api/v1/**")
                count = await again.count()
                assert count, f"No button asks again: {what}"
                for left in reversed(range(count)):
                    await hit(again.first)
                    await expect(again).to_have_count(left)
                await expect(page.get_by_text(words)).to_have_count(0)
                await page.route("**/api/v1/**", answer)
        for route in held:
            await route.abort()
        held.clear()
        await page.unroute("**/api/v1/**")


async def opened(page: Page) -> AsyncIterator[str]:
    """Open one thing after the other that asks the server for what it shows."""
    await press(page, "Open rooms")
    yield "open rooms"
    await close(page)
    await press(page, "Account")
    await page.get_by_role("dialog").get_by_text(exactly("Devices")).click()
    yield "devices"
    await close(page)
    await press(page, "engine")  # which closes the list of rooms on a phone
    await page.get_by_role("button", name="Details").click()
    yield "details"
    await page.get_by_role("complementary").get_by_role("button", name="Close").click()
    await press(page, "Saved messages")
    yield "saved"
    await page.get_by_role("complementary").get_by_role("button", name="Close").click()
    await press(page, "Administration")
    yield "administration"
    await press(page, "engine")


def hits(page: Page) -> Locator:
    """The messages that a search found."""
    return page.get_by_role("main").locator(".hit")


async def seek(page: Page, query: str) -> None:
    await page.get_by_role("combobox", name="Search messages").fill(query)


async def searching(page: Page, team: Team) -> AsyncIterator[str]:
    """A search: empty, with results and what is around one, and with completion."""
    await team.indexed("truth", 1)
    await team.indexed("golden", 1)
    await come(page, team)
    if await has_mouse(page):
        await page.keyboard.press("Control+f")
    else:
        await page.get_by_role("button", name="Search in this room").tap()
    await expect(page.get_by_role("heading", name="What you can search for")).to_be_visible()
    yield "search"
    await seek(page, "truth")
    await expect(hits(page).locator("mark").first).to_be_visible()
    await hit(hits(page).first.get_by_role("button", name="Context"))
    await expect(hits(page).first.locator(".itself")).to_be_visible()
    yield "search, found"
    await seek(page, "is:thread golden")
    await expect(hits(page).get_by_text("in a thread")).to_be_visible()
    await page.get_by_role("combobox", name="Search messages").press_sequentially(" from:")
    await expect(page.get_by_role("option").nth(2)).to_be_visible()
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    yield "search, completion"


async def searching_in_vain(page: Page, team: Team) -> AsyncIterator[str]:
    """A search without results, one that is refused, and one without a server."""
    await come(page, team)
    await press(page, "Search messages")
    await seek(page, "nothingofthekind form:ada has:link")
    await expect(page.get_by_role("button", name="Search without filters")).to_be_visible()
    yield "search, nothing found"
    await seek(page, "has:nonsense")
    await expect(page.get_by_role("alert").filter(has_text="Unknown filter")).to_be_visible()
    yield "search, refused"
    await page.route("**/api/v1/search?*", lambda route: route.abort())
    await seek(page, "snapshot")
    await expect(page.get_by_text("The search continues when")).to_be_visible()
    yield "search, offline"
    await page.unroute("**/api/v1/search?*")
    await page.get_by_role("button", name="Try again").click()
    await expect(hits(page).locator("mark").first).to_have_text("snapshot")


async def missing(page: Page, team: Team) -> AsyncIterator[str]:
    """What one has missed: offered after an absence, without a server, and as it is."""
    kitchen = team.rooms["kitchen"]
    liked = await team.say(
        "grace", kitchen, "The kettle has its own reset, which makes you wonder."
    )
    for who in ("linus", "margaret"):
        await team.ask(who, "PUT", f"/rooms/{kitchen}/messages/{liked}/reactions/🎉")
    await come(page, team)
    await page.wait_for_function(f"{SEEN}.length")
    await page.add_init_script(ABSENT)
    await page.reload()
    await expect(page.get_by_text("While you were away")).to_be_visible()
    yield "after an absence"
    await page.route("**/api/v1/me/missed?*", lambda route: route.abort())
    await page.get_by_role("button", name="Show what you missed").click()
    await expect(page.get_by_role("main").get_by_text("Can't reach the server")).to_be_visible()
    yield "missed, offline"
    await page.unroute("**/api/v1/me/missed?*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("main").get_by_text("Mentions you").first).to_be_visible()
    yield "missed"


async def elsewhere(page: Page, server: Server) -> AsyncIterator[str]:
    """A room in another site's page: loading, empty, with messages, and without a server."""
    await page.route(
        "**/elsewhere", lambda route: route.fulfill(body=EMBEDS, content_type="text/html")
    )
    await page.goto("/elsewhere")
    room = page.locator("hubbub-room")
    await expect(room.get_by_text("Nobody has written anything yet.")).to_be_visible()
    yield "embedded, empty"
    await post(server, f"hello **there**, see {RECIPE.url}", "and `more`")
    await preview(server, "lobby", 1)
    await expect(room.get_by_role("link", name=RECIPE.title)).to_be_visible()
    await room.get_by_role("textbox", name="Message").fill("gladly")
    await room.get_by_role("button", name="Send").click()
    await expect(room.locator(".body")).to_have_count(3)
    yield "embedded"


async def with_files(page: Page, team: Team) -> AsyncIterator[str]:
    """Files that messages show, a picture over the page, and files on their way."""
    await come(page, team)
    dinner = "What is for dinner on the evening of the long release"
    await press(page, dinner)
    log = page.get_by_role("log")
    await expect(log.get_by_role("img", name="table.png")).to_have_js_property("complete", True)
    await expect(log.get_by_text("This file can't be shown")).to_be_attached()
    await expect(log.get_by_role("link", name=RECIPE.title)).to_have_count(1)
    yield "files"
    table = log.get_by_role("link", name="table.png")
    await table.scroll_into_view_if_needed()
    # The page knows that one has left the end, and goes back there no more if a size changes, not even between press and release.
    await expect(page.get_by_role("button", name="Jump to latest")).to_be_visible()
    await table.click()
    await expect(page.get_by_role("dialog", name="table.png").get_by_role("img")).to_be_visible()
    yield "viewer"
    await close(page)
    opened = asyncio.Event()
    await hold_uploads(page, opened)
    async for state in sending_files(page):
        yield state
    opened.set()
    await page.unroute_all(behavior="wait")


REFUSED = {
    "code": "too_large",
    "detail": "Storage limit reached: your files may use 10 bytes",
    "temporary": False,
}


async def hold_uploads(page: Page, opened: asyncio.Event) -> None:
    """Let no bytes of files pass until then, and refuse the film. Which file is begun first is up to the browser."""
    film = f"filename {b64encode(b'film.mov').decode()}"

    async def begin(route: Route) -> None:
        if route.request.headers.get("upload-metadata") == film:
            await route.fulfill(status=413, json=REFUSED)
        else:
            await route.continue_()

    async def hold(route: Route) -> None:
        if route.request.method == "PATCH":
            await opened.wait()
        await route.continue_()

    await page.route("**/api/v1/uploads", begin)
    await page.route("**/api/v1/uploads/*", hold)


async def sending_files(page: Page) -> AsyncIterator[str]:
    """Files that are attached, and sent with a message that is then discarded."""
    chosen = page.locator("#composer input[type=file]")
    chips = page.locator("#composer .attached li")
    for name, data in (
        ("menu.png", picture(640, 400, (90, 140, 200))),
        ("list.txt", b"1234567890"),
    ):
        await chosen.set_input_files({"name": name, "mimeType": kind_of(name), "buffer": data})
        await expect(chips.last).to_contain_text("0%")
    await chosen.set_input_files({"name": "film.mov", "mimeType": "", "buffer": b"-" * 5000})
    await expect(chips.last).to_contain_text("Storage limit reached: your files may use 10 bytes")
    await page.get_by_role("button", name="Pause list.txt").click()
    await expect(chips.nth(1)).to_contain_text("Paused")
    yield "attaching"
    await page.get_by_role("button", name="Remove film.mov").click()
    await speak(page, "The menu, and what I bought")
    waiting = page.locator(".pending")
    await expect(waiting).to_contain_text("2 files to upload")
    yield "sending files"
    await waiting.get_by_role("button", name="Discard").click()
    await expect(waiting).to_have_count(0)


TOURS: tuple[Tour, ...] = (
    *(coming, guest, free_rooms, failing),
    *(beginning, administering, account, room_settings),
    elsewhere,
)
AT_WORK: tuple[TourAtWork, ...] = (
    *(reading, beside, writing, over, with_files, searching, searching_in_vain),
    *(unanswered, missing),
)
