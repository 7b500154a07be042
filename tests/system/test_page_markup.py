"""Nothing that people write becomes markup, a handler, an address of a script, or a request, wherever the page shows it.

The texts are those of tests/fixtures/markup.json, each of a kind of its own. The fields are those of the code's own list of
commands: a new one fails until it is among the `SHOWN`, or has a reason not to be.
"""

import fnmatch
import html
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from tests.support.checkout import ROOT
from tests.support.images import png
from tests.support.marks import FIELDS
from tests.support.newcomers import PASSWORD, People, asked, indexed, make_room, people_of, rooms
from tests.system.test_page import composer

pytestmark = pytest.mark.timeout(240)

CORPUS: dict[str, str] = json.loads((ROOT / "tests" / "fixtures" / "markup.json").read_text())
TEXTS = list(CORPUS.values())
MOST_TAKEN = 95  # as titles, which take no control characters

# The fields that a page shows, and the test that writes the texts into them.
SHOWN = {
    "Post.text": "messages",
    "Post.title": "messages",
    "Post.mentions": "messages",
    "Edit.text": "messages",
    "React.emoji": "messages",
    "PostInThread.text": "a_thread",
    "Create.title": "rooms",
    "Create.topic": "rooms",
    "ChangeRoom.title": "rooms",
    "ChangeRoom.topic": "rooms",
    "AddPerson.name": "people",
    "ChangePerson.name": "oneself",
    "ChangePerson.status_text": "oneself",
    "Prefer.value": "oneself",
    "KeepDraft.text": "drafts",
    "OpenSession.name": "oneself",
    # The server takes letters and digits only; the test sees it refuse all else.
    "AddPerson.handle": "refused",
    "ChangePerson.handle": "refused",
    "Create.alias": "refused",
    "ChangeRoom.alias": "refused",
    "AddEmoji.name": "refused",
    "a room": "refused",
    "a file": "files",
    "Post.alts": "files",
    "Edit.alts": "files",
    "ShowPreviews.previews": "links",
}
NOWHERE = {  # those that no page shows, and why
    "*.client_message_id": "programs make it up",
    "*.address": "where a request came from; no page shows it",
    "Edit.mentions": "as those of a post",
    "Unreact.emoji": "it takes a reaction away",
    "RemoveEmoji.name": "it takes an emoji away",
    "RemovePreview.url": "it takes a preview away",
    "Post.arguments": "shown as JSON in a text, by the same component as messages",
    "PostInThread.*": "as those of a post, by the same components",
    "Post.bytes": "only its length is shown",
    "Post.attachments": "not shown",
    "BeginUpload.*": "as the name of a file that is uploaded at once",
    "Post.emitted_as": "not shown",
    "AddPerson.mailbox": "known to the server alone",
    "AddPerson.subject": "known to the server alone",
    "ChangePerson.avatar": "a key that the server makes; pages show what is there",
    "ChangePerson.image": "made by the server",
    "SetAvatar.file": "a key that the server made",
    "SetPortrait.*": "made by the server",
    "LimitFiles.whose": "the key of an account, or one of a few words",
    "ChangePerson.time_zone": "only zones that there are",
    "Patch.patch": "no page shows state documents",
    "Prefer.name": "no page lists settings by name",
    "Save.note": "no page shows the notes of saved messages",
    "a?* answer": "made by the server",
    "EndSubscription.*": "as those of Subscribe",
    "Subscribe.*": "the address and the key of a push service; no page shows them",
    "an image": "an image is decoded and written anew; see tests/unit/protocol",
}

# Drops files of these names on the conversation.
DROP = """(names) => {
  const data = new DataTransfer();
  for (const name of names) data.items.add(new File(["-"], name));
  document.querySelector("#scroller").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""

# Removes all of them again, which is faster than as many clicks.
REMOVE = """() => {
  for (const button of document.querySelectorAll("#composer .attached li > button:last-child")) button.click();
}"""

# Everything on a page that can only be ours, or a link that may be followed.
FOREIGN = """(host) => {
    const root = host ? document.querySelector(host).shadowRoot : document;
    const tags = new Set(("html head meta title link script body div span p a ul ol li dl dt dd section header footer main nav aside"
        + " article search h1 h2 h3 form label input textarea button select option fieldset legend details summary dialog svg use path"
        + " bdi small strong em s code pre blockquote br wbr mark time img kbd noscript hr"
        + " table thead tbody tr th td audio canvas progress hubbub-room").split(" "));
    const address = /^(https?:\\/\\/|mailto:|\\/web\\/|\\/api\\/v1\\/(emoji|me\\/export|files\\/\\w+$)|\\/r\\/@r|\\/manifest|\\/favicon)/;
    const ours = (at) => !/^(on|srcdoc|style$|formaction|background|ping|xlink:)/.test(at.name)
        && (!/^(href|src|srcset|action|data|poster)$/.test(at.name) || address.test(at.value));
    const foreign = [];
    for (const element of root.querySelectorAll("*")) {
        const isOurs = tags.has(element.localName) && [...element.attributes].every(ours);
        if (!isOurs) foreign.push(element.outerHTML.slice(0, 200));
        if (element.localName === "a" && (element.rel !== "noopener noreferrer" && !element.download && !element.href.includes("/api/v1/me/export")))
            foreign.push(element.outerHTML.slice(0, 200));
    }
    if (document.scripts.length !== 1) foreign.push(`${document.scripts.length} scripts`);
    return [...foreign, ...window.violations, ...window.ran];
}"""
WATCH = """
window.violations = [];
window.ran = [];
window.pwned = () => window.ran.push("a handler ran");
addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Stage:
    """Ada's page, and programs of hers and of Grace."""

    people: People
    page: Page
    ada: str
    grace: str
    kitchen: str

    async def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        return await asked(self.people.server, method, path, body, token or self.ada)

    async def all(self, method: str, path: str, bodies: list[dict[str, Any]]) -> list[Any]:
        """The answers to many requests over one connection."""
        headers = {"Authorization": f"Bearer {self.ada}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            answers = []
            for body in bodies:
                url = f"{self.people.server.url}/api/v1{path}"
                async with http.request(method, url, json=body) as answer:
                    answers.append((answer.status, await answer.json()))
        return answers

    async def taken(self, method: str, path: str, bodies: list[dict[str, Any]]) -> int:
        """How many of such requests the server has accepted."""
        return sum(status == 201 for status, _ in await self.all(method, path, bodies))

    async def check(self, host: str = "") -> None:
        """Nothing on the page, or inside of an element with a shadow, is from the texts."""
        assert await self.page.evaluate(FOREIGN, host) == []


@asynccontextmanager
async def talkative() -> AsyncIterator[int]:
    """The port of a site whose pages say of themselves what the texts are."""

    async def handle(request: web.Request) -> web.Response:
        at = int(request.match_info["at"])
        said = {"title": f"About {TEXTS[at]}", "site_name": TEXTS[at], "description": TEXTS[-at]}
        page = "".join(
            f'<meta property="og:{name}" content="{html.escape(text)}">'
            for name, text in said.items()
        )
        return web.Response(text=page, content_type="text/html")

    application = web.Application()
    application.router.add_get("/{at}", handle)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
async def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(browser, tmp_path_factory.mktemp("markup") / "data") as stage:
        yield stage


@asynccontextmanager
async def staged(browser: Browser, data: Path, *flags: str) -> AsyncIterator[Stage]:
    """A server with Ada's page and a room. In the end, no page has asked any other server for anything."""
    async with people_of(browser, data, *flags) as people:
        page = await people.owner()
        requests: list[str] = []
        page.context.on("request", lambda request: requests.append(request.url))
        page.on("dialog", lambda dialog: people.wrong.append(f"a dialog: {dialog.message}"))
        await page.context.add_init_script(WATCH)
        await page.reload()
        await make_room(page, "Kitchen", "Open")
        entered = {"handle": "ada", "password": PASSWORD, "wants": "token"}
        ada = (await asked(people.server, "POST", "/login", entered))["token"]
        link = await asked(people.server, "POST", "/invites", {}, ada)
        new = {"handle": "grace", "name": "Grace", "password": PASSWORD, "wants": "token"}
        grace = (await asked(people.server, "POST", "/accept", new | {"token": link["token"]}))[
            "token"
        ]
        yield Stage(people, page, ada, grace, page.url.rpartition("/")[2])
        origin = people.server.url
        assert [
            each for each in requests if not each.startswith((origin, origin.replace("http", "ws")))
        ] == []


def test_every_field_in_which_people_write_is_shown_to_be_harmless() -> None:
    assert len(CORPUS) == len(set(TEXTS)) >= 60
    left = [
        each
        for each in FIELDS
        if each not in SHOWN and not any(fnmatch.fnmatch(each, of) for of in NOWHERE)
    ]
    assert left == [], "say in SHOWN where the page shows these, or in NOWHERE why it doesn't"
    assert SHOWN.keys() <= set(FIELDS)
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(SHOWN.values()) <= tests


async def test_messages(stage: Stage) -> None:
    page, path = stage.page, f"/rooms/{stage.kitchen}/messages"
    posted = [answer for _, answer in await stage.all("POST", path, [{"text": t} for t in TEXTS])]
    titled = [{"text": "a title", "title": text[:80]} for text in TEXTS]
    assert await stage.taken("POST", path, titled) >= MOST_TAKEN
    await stage.all(
        "POST", path, [{"text": f"{text} @ada", "mentions": {text: "@p"}} for text in TEXTS[:20]]
    )
    first = posted[0]["seq"]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {stage.ada}"}) as http:
        url = f"{stage.people.server.url}/api/v1{path}"
        for at, text in enumerate(TEXTS):
            async with http.put(f"{url}/{first}/reactions/{quote(text, safe='')}"):
                pass  # those that are too long are refused
            if at % 10 == 0:
                async with http.patch(
                    f"{url}/{posted[at]['seq']}", json={"text": text[::-1] + text}
                ) as answer:
                    assert answer.status == 200
    await stage.taken("POST", path, [{"text": "a reply", "reply_to": posted[3]["seq"]}])
    block = TEXTS.index(CORPUS["a block of a language with markup"])
    for at in (block, len(TEXTS) - 1, 0):
        seq = posted[at]["seq"]
        await page.goto(f"{stage.people.server.url}/r/{stage.kitchen}/{seq}")
        await expect(page.locator(f'[data-seq="{seq}"].linked')).to_be_attached()
        if at == block:
            await expect(page.locator("pre .code-keyword").first).to_be_attached()
        await stage.check()
    await expect(page.locator(f'[data-seq="{first}"] .reactions button').nth(5)).to_be_attached()
    await stage.check()


async def test_links(browser: Browser, tmp_path: Path) -> None:
    """What pages say of themselves, on a server that fetches no link but these."""
    flags = "--link-previews", "made", "--outgoing-network", "127.0.0.1/32", "--outgoing-port"
    async with talkative() as port, staged(browser, tmp_path, *flags, str(port)) as stage:
        ats = range(1, len(TEXTS), len(TEXTS) // 8)[:9]
        links = [f"http://127.0.0.1:{port}/{at}" for at in ats]
        own, hosted, others = [{"text": " ".join(links[at : at + 3])} for at in (0, 3, 6)]
        page, kitchen = stage.page, stage.kitchen
        await stage.ask("POST", f"/rooms/{kitchen}/messages", own)
        await stage.ask("POST", f"/rooms/{kitchen}/members", {"who": ["grace"]})
        await stage.ask("POST", f"/rooms/{kitchen}/messages", hosted, stage.grace)
        new = {"kind": "closed", "title": "Grace's", "who": ["ada"]}
        room = (await stage.ask("POST", "/rooms", new, stage.grace))["made"]
        await stage.ask("POST", f"/rooms/{room}/messages", others, stage.grace)
        cards = page.locator(".previews > li")
        await expect(cards).to_have_count(6)
        for host in await cards.locator("small").all_inner_texts():
            assert host.startswith(f"127.0.0.1:{port}"), "whatever the page calls its site"
        await stage.check()
        # who wrote a message removes its previews, and who hosts the room; nobody else does
        await expect(cards.get_by_role("button")).to_have_count(6)
        await cards.get_by_role("button").last.click()
        await expect(cards).to_have_count(5)
        await page.goto(f"{stage.people.server.url}/r/{room}")
        await expect(cards).to_have_count(3)
        await expect(cards.get_by_role("button")).to_have_count(0)


async def test_a_search(stage: Stage) -> None:
    """The texts, authors and rooms of results, what is around them, and what was searched for."""
    page = stage.page
    title = CORPUS["an image that fails"]
    room = (await stage.ask("POST", "/rooms", {"kind": "open", "title": title}))["made"]
    texts = [{"text": f"sought {text} sought"} for text in TEXTS]
    await stage.all("POST", f"/rooms/{room}/messages", texts)
    await stage.ask("PATCH", "/me", {"name": title})
    await page.goto(f"{stage.people.server.url}/r/{room}")
    await indexed(stage.people.server, f"sought in:{room}", 50, stage.ada)
    await page.get_by_role("button", name="Search in this room").click()
    field = page.get_by_role("combobox", name="Search messages")
    await field.press_sequentially("sought")
    hits = page.locator(".hit")
    await expect(hits).to_have_count(20)
    for count in (40, 60):
        await page.get_by_role("button", name="Show more").click()
        await expect(hits).to_have_count(count)
    await expect(hits.locator("mark").first).to_have_text("sought")
    await stage.check()
    await hits.nth(3).get_by_role("button", name="Context").click()
    await expect(hits.locator(".near .body").nth(4)).to_be_attached()
    await stage.check()
    for text in TEXTS[::9]:
        await page.goto(f"{stage.people.server.url}/r/{room}#/search?q={quote(text, safe='')}")
        await expect(field).to_have_value(text)
        await stage.check()
    await field.fill("in:")
    await expect(page.get_by_role("option").first).to_be_attached()
    await stage.check()
    await page.goto(f"{stage.people.server.url}/r/{stage.kitchen}")
    await stage.ask("PATCH", "/me", {"name": "Ada"})


async def test_what_one_missed(stage: Stage) -> None:
    """The first message, mentions and what has reactions, and a room's title."""
    page = stage.page
    title = CORPUS["an image that fails"]
    room = (await stage.ask("POST", "/rooms", {"kind": "open", "title": title, "who": ["grace"]}))[
        "made"
    ]
    for number, text in enumerate(TEXTS[::7]):
        said = {"text": f"{'@ada ' if number % 2 else ''}{text}"}
        posted = await stage.ask("POST", f"/rooms/{room}/messages", said, stage.grace)
        path = f"/rooms/{room}/messages/{posted['seq']}/reactions/👍"
        await stage.ask("PUT", path, {}, stage.grace)
    await page.get_by_role("button", name="What you missed").click()
    await expect(page.get_by_role("main").locator(".hit").nth(5)).to_be_attached()
    await stage.check()
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.get_by_text("You have read everything")).to_be_visible()


async def test_a_thread(stage: Stage) -> None:
    page = stage.page
    root = (await stage.ask("POST", f"/rooms/{stage.kitchen}/messages", {"text": "a thread"}))[
        "seq"
    ]
    await stage.all(
        "POST", f"/rooms/{stage.kitchen}:{root}/messages", [{"text": text} for text in TEXTS[:40]]
    )
    await rooms(page).get_by_role("button", name="Kitchen", exact=True).click()
    await page.get_by_role("button", name="40 replies").last.click()
    await expect(
        page.get_by_role("complementary").get_by_role("log").locator(".body")
    ).to_have_count(40)
    await stage.check()
    await page.get_by_role("complementary").get_by_role("button", name="Close").click()


async def test_rooms(stage: Stage) -> None:
    """Titles and topics: in the list, the window of open rooms, the switcher, completion, and a room's head."""
    page = stage.page
    made = [{"kind": "open", "title": text[:80], "topic": text[:250]} for text in TEXTS]
    answers = await stage.all("POST", "/rooms", made)
    keys = [answer["made"] for status, answer in answers if status == 201]
    assert len(keys) >= MOST_TAKEN
    news = {"title": TEXTS[0], "topic": TEXTS[7]}
    await stage.ask("PATCH", f"/rooms/{keys[-1]}", news)
    await expect(rooms(page)).to_contain_text(TEXTS[0])
    await page.get_by_role("button", name="Open rooms").click()
    await expect(page.get_by_role("dialog").get_by_text("Joined").nth(60)).to_be_attached()
    await stage.check()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("tea")
    await expect(page.get_by_role("option").nth(9)).to_be_attached()
    await stage.check()
    await page.get_by_role("combobox").fill("<img src=x onerror=pwned()>")
    await stage.check()
    await page.keyboard.press("Escape")
    await composer(page).press_sequentially("#img")
    await expect(page.get_by_role("option").nth(2)).to_be_attached()
    await stage.check()
    await composer(page).fill("")
    for key in (keys[7], keys[-1]):
        await rooms(page).locator(f'[data-room="{key}"]').click()
        await expect(page.locator(f'[data-room="{key}"][aria-current]')).to_be_attached()
        await stage.check()
    assert "pwned" in await page.title()


async def test_people(stage: Stage) -> None:
    """Display names: in the window of people, the switcher, completion, and a room's members."""
    page = stage.page
    new = [{"handle": f"one{at}", "name": text[:64]} for at, text in enumerate(TEXTS)]
    assert await stage.taken("POST", "/people", new) >= MOST_TAKEN // 2
    for handle in ("one0", "one7"):
        await stage.ask("POST", f"/rooms/{stage.kitchen}/members", {"who": [handle]})
    await rooms(page).get_by_role("button", name="Kitchen", exact=True).click()
    await page.get_by_role("button", name="Write to…").click()
    await page.get_by_label("Find people").fill("img")
    await expect(page.get_by_role("dialog").get_by_text("@one7", exact=True)).to_be_visible()
    await stage.check()
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("one")
    await expect(page.get_by_role("option").nth(20)).to_be_attached()
    await stage.check()
    await page.keyboard.press("Escape")
    await composer(page).fill("")
    await composer(page).press_sequentially("@one")
    await expect(page.get_by_role("option").nth(3)).to_be_attached()
    await stage.check()
    await composer(page).fill("")


async def test_oneself(stage: Stage) -> None:
    """The own name and status, keywords, and what devices call themselves."""
    page = stage.page
    text = CORPUS["an end of an attribute"]
    for wanted in TEXTS:
        await stage.ask("PATCH", "/me", {"status_text": wanted[:100]})
    headers = {"User-Agent": text}
    given = {"handle": "ada", "password": PASSWORD, "wants": "token"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{stage.people.server.url}/api/v1/login", json=given) as answer,
    ):
        assert answer.status == 201
    await stage.ask("PATCH", "/me", {"name": CORPUS["an image that fails"], "status_text": text})
    await stage.ask("PUT", "/me/preferences/keywords", {"value": [text]})
    await expect(page.locator("#my-name")).to_have_text(CORPUS["an image that fails"])
    await page.get_by_role("button", name="Account", exact=True).click()
    for section in ("Profile", "Notifications", "Devices"):
        await page.get_by_role("dialog").get_by_text(section, exact=True).click()
    await expect(page.get_by_label("Keywords")).to_have_value(text)
    await expect(page.get_by_label("Status")).to_have_value(text)
    await expect(page.get_by_text("This device", exact=True)).to_be_visible()
    await stage.check()
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await stage.ask("PATCH", "/me", {"name": "Ada"})


async def test_refused(stage: Stage) -> None:
    """Handles, aliases, and names of emoji and free rooms."""
    names = [text for text in TEXTS if text != "__proto__"]
    for method, path, field in (
        ("POST", "/people", "handle"),
        ("PATCH", f"/rooms/{stage.kitchen}", "alias"),
        ("PATCH", "/me", "handle"),
    ):
        more = {"name": "Somebody"} if path == "/people" else {}
        answers = await stage.all(method, path, [more | {field: text} for text in names])
        assert {status for status, _ in answers} == {400}, path
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {stage.ada}"}) as http:
        for text in names:
            name = quote(text, safe="")
            for method, path in (("PUT", f"emoji/{name}"), ("POST", f"rooms/{name}/messages")):
                url = f"{stage.people.server.url}/api/v1/{path}"
                async with http.request(method, url, json={"text": "x"}) as answer:
                    assert answer.status in {400, 404, 415}, (path, text)


async def test_what_one_types_oneself(stage: Stage) -> None:
    """Drafts, commands, and what one searches for."""
    page = stage.page
    await rooms(page).get_by_role("button", name="Kitchen", exact=True).click()
    await page.get_by_role("button", name="Insert an emoji").click()
    search = page.get_by_role("searchbox", name="Find an emoji")
    for text in TEXTS[::6]:
        await search.fill(text)
    await stage.check()
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    for text in TEXTS[::6]:
        await composer(page).fill("/" + text.lstrip("/"))
        await composer(page).press("Enter")
        await expect(page.locator("#composer .why")).to_contain_text("Not sent")
        await stage.check()
    await composer(page).fill("enough")
    await composer(page).press("Enter")
    await expect(page.get_by_role("log").get_by_text("enough")).to_be_visible()


async def test_drafts(stage: Stage) -> None:
    page = stage.page
    text = CORPUS["an end of a text area"]
    await stage.ask("PUT", f"/me/drafts/{stage.kitchen}", {"text": text})
    await page.goto(f"{stage.people.server.url}/r/{stage.kitchen}")
    await expect(composer(page)).to_have_value(text)
    await stage.check()
    await composer(page).fill("")


async def test_a_forum_and_what_is_saved(stage: Stage) -> None:
    """Titles of threads, and the list of saved messages."""
    page = stage.page
    new = {"kind": "open", "title": TEXTS[0], "titles": True}
    forum = (await stage.ask("POST", "/rooms", new))["made"]
    path = f"/rooms/{forum}/messages"
    titled = [{"text": text, "title": text[:80]} for text in TEXTS[::4]]
    posted = [
        answer["seq"] for status, answer in await stage.all("POST", path, titled) if status == 201
    ]
    assert len(posted) > len(titled) // 2
    for seq in posted:
        await stage.ask("PUT", f"/me/saved/{forum}/{seq}", {"note": TEXTS[7]})
    await page.goto(f"{stage.people.server.url}/r/{forum}")
    await expect(page.get_by_role("log").locator(".replies")).to_have_count(len(posted))
    await page.get_by_role("button", name="Saved messages").click()
    saved = page.get_by_role("complementary", name="Saved messages")
    await expect(saved.locator(".body")).to_have_count(len(posted))
    await stage.check()
    await saved.get_by_role("button", name="Close").click()


async def uploaded(stage: Stage) -> list[str]:
    """The keys of files of several kinds that are called as the texts are."""
    kinds = (png(), b"RIFF\0\0\0\0WAVEfmt ", b"<script>alert(1)</script>")
    headers = {"Authorization": f"Bearer {stage.ada}"}
    files: list[str] = []
    async with aiohttp.ClientSession(headers=headers) as http:
        for at, text in enumerate(TEXTS):
            url = f"{stage.people.server.url}/api/v1/files"
            data = kinds[at % len(kinds)]
            async with http.post(url, params={"name": text[:60]}, data=data) as answer:
                if answer.status == 201:
                    files.append((await answer.json())["file"])
    return files


async def test_files(stage: Stage) -> None:
    """Their names, where they are pictures, played, or saved."""
    page = stage.page
    room = (await stage.ask("POST", "/rooms", {"kind": "open", "title": "Files"}))["made"]
    files = await uploaded(stage)
    assert len(files) > len(TEXTS) // 2
    parts = [files[at : at + 10] for at in range(0, len(files), 10)]
    posts = [
        {
            "files": part,
            "alts": dict(zip(part, (text[:200] for text in TEXTS[n * 10 :]), strict=False)),
        }
        for n, part in enumerate(parts)
    ]
    path = f"/rooms/{room}/messages"
    answers = await stage.all("POST", path, posts)
    assert {status for status, _ in answers} == {201}
    alts = dict(zip(parts[0], (text[:200] for text in reversed(TEXTS)), strict=False))
    await stage.ask("PATCH", f"{path}/{answers[0][1]['seq']}", {"text": "", "alts": alts})
    await page.goto(f"{stage.people.server.url}/r/{room}")
    await expect(page.get_by_role("log").locator(".files > li")).to_have_count(len(files))
    for shown in ("img", "audio", "a.file"):
        await expect(page.get_by_role("log").locator(f".files {shown}").nth(9)).to_be_attached()
    await stage.check()
    # and of those that are to be sent
    chips = page.locator("#composer .attached li")
    some = TEXTS[::4]  # the names of all are shown above
    for at in range(0, len(some), 10):
        names = some[at : at + 10]
        await page.evaluate(DROP, names)
        await expect(chips.filter(has_text="Uploaded")).to_have_count(len(names))
        await stage.check()
        await page.evaluate(REMOVE)
        await expect(chips).to_have_count(0)


async def test_the_admin_page(stage: Stage) -> None:
    """Names of people, with their sessions; titles of rooms; names in the lists of invites and in the audit log."""
    page = stage.page
    text = CORPUS["an image that fails"]
    names = [{"handle": f"two{at}", "name": each[:64]} for at, each in enumerate(TEXTS[::6])]
    assert await stage.taken("POST", "/people", names) > 0
    for kind, each in zip(("open", "closed"), TEXTS[:2], strict=True):
        await stage.ask("POST", "/rooms", {"kind": kind, "title": each, "topic": text})
    await stage.ask("PATCH", "/me", {"name": text})
    await stage.ask("POST", "/invites", {})
    await page.goto(f"{stage.people.server.url}/#/admin/people")
    rows = page.get_by_role("main").locator(".listing > li")
    await page.get_by_label("Find").fill("ada")
    await expect(rows.filter(has_text=text)).to_have_count(1)
    await rows.filter(has_text=text).get_by_role("button").first.click()
    await expect(page.get_by_role("main").locator(".sessions")).to_be_visible()
    await stage.check()
    nav = page.get_by_role("navigation", name="Administration")
    for part, shown in (("Rooms", TEXTS[1]), ("Invites", text), ("Audit log", text)):
        await nav.get_by_role("button", name=part).click()
        await expect(rows.filter(has_text=shown).first).to_be_attached()
        await stage.check()
    for part in ("Emoji", "Settings"):  # in figures, nothing is by people
        await nav.get_by_role("button", name=part).click()
        await expect(page.get_by_role("region", name=part)).to_be_visible()
        await stage.check()
    await stage.ask("PATCH", "/me", {"name": "Ada"})


async def test_an_embedded_room(stage: Stage) -> None:
    """Messages with their authors and reactions, a thread, and the heading that the other page gives."""
    page = stage.page
    room = (await stage.ask("POST", "/rooms", {"kind": "open", "title": "Beside"}))["made"]
    path = f"/rooms/{room}"
    answers = await stage.all("POST", f"{path}/messages", [{"text": text} for text in TEXTS])
    last = answers[-1][1]["seq"]
    for text in TEXTS[::9]:
        await stage.ask("PUT", f"{path}/messages/{last}/reactions/{quote(text, safe='')}")
    await stage.all("POST", f"{path}:{last}/messages", [{"text": text} for text in TEXTS[::3]])
    await stage.ask("PATCH", "/me", {"name": CORPUS["an image that fails"]})
    await page.evaluate(
        "(given) => import('/web/embed.js').then(({ embed }) => { embed('body', given); })",
        {"room": room, "token": stage.ada, "heading": TEXTS[0]},
    )
    shown = page.locator("hubbub-room")
    bodies = shown.locator(".pane .body")
    for count in (50, 100):
        await expect(bodies).to_have_count(count)
        await shown.get_by_role("button", name="Show earlier messages").click()
    await expect(bodies).to_have_count(len(TEXTS))
    await expect(shown.locator(".reactions button").first).to_be_attached()
    await stage.check("hubbub-room")
    await shown.locator(".replies").click()
    await expect(shown.locator(".thread .body")).to_have_count(1 + len(TEXTS[::3]))
    await stage.check("hubbub-room")
    await shown.evaluate("it => it.remove()")
    await stage.ask("PATCH", "/me", {"name": "Ada"})


async def test_addresses(stage: Stage) -> None:
    """The fragment and the query of an address, and the links of rooms and of the ways in."""
    page = await stage.people.visit("/?name=vera")
    try:
        await page.context.add_init_script(WATCH)
        for text in TEXTS[::36]:
            name = quote(text, safe="")
            for address in (
                f"/?name={name}&room={name}#{name}",
                f"/r/{name}/1",
                f"/i#{name}",
                f"/#token={name}&room={name}",
            ):
                await page.goto(stage.people.server.url + address)
                await expect(page.locator("#page > *").first).to_be_attached()
                assert await page.evaluate(FOREIGN) == [], address
    finally:
        await page.close()
