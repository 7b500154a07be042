"""The page without a server: it opens, reads and writes, and says what it can't keep."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.chromium import WITH_WORKER
from tests.support.newcomers import People, at_home, make_room, people_of, toast
from tests.support.ports import free_port
from tests.support.server import Server
from tests.system.test_page import (
    Open,
    bodies,
    come_back,
    composer,
    here,
    in_the_log,
    kept,
    message,
    post,
    say,
    unsent,
    use,
    visiting,
)

pytestmark = pytest.mark.timeout(120)

CACHED = """async () => {
  const found = [];
  for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
  return found;
}"""


async def stored(page: Page, room: str, count: int) -> None:
    """Wait until this device keeps so many messages of a room."""
    await page.evaluate(STORED, [room, count])


# Whatever is in this device's databases, by the names of database and store.
DUMP = """async () => {
  const done = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const found = {};
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    for (const store of db.objectStoreNames) found[`${name} ${store}`] = await done(db.transaction(store).objectStore(store).getAll());
    db.close();
  }
  return found;
}"""


def until_kept(condition: str) -> str:
    """A script that waits until a condition holds for `all` that this device keeps of an account, a `room` and a `count`."""
    return f"""async ([room, count]) => {{
  const dump = {DUMP};
  for (;;) {{
    const all = Object.entries(await dump()).flatMap(([name, rows]) => (name.endsWith(" kv") ? rows : []));
    if ({condition}) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }}
}}"""


KNOWN = until_kept(
    "all.some((each) => each?.rooms?.has?.(room)) && all.some((each) => each?.[room])"
)
UNREAD = until_kept("all.some((each) => each?.rooms?.get?.(room)?.unread === count)")


def until_stored(condition: str) -> str:
    """A script that waits until a condition holds for the `row` of a `room`, and a `count`."""
    return f"""async ([room, count]) => {{
  const dump = {DUMP};
  const is = (rows) => rows.some((row) => row.room === room && {condition});
  for (;;) {{
    if (Object.entries(await dump()).some(([name, rows]) => name.endsWith(" rooms") && is(rows))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }}
}}"""


STORED = until_stored("row.count >= count")
THREADS = until_stored("row.threads.size >= count")


async def kept_unread(page: Page, room: str, count: int) -> None:
    """Wait until this device knows how many messages of a room an account has not read."""
    await page.evaluate(UNREAD, [room, count])


async def kept_of_account(page: Page, room: str) -> None:
    """Wait until this device knows that an account has a room, and what it is writing there."""
    await page.evaluate(KNOWN, [room, 0])


@pytest.fixture
async def visit_shared(browser: Browser, shared_server: Server) -> AsyncIterator[Open]:
    """Opens pages of the shared server; the test fails if one threw, or its console had an error."""
    async with visiting(browser, shared_server, **WITH_WORKER) as visit:
        yield visit


@pytest.fixture
async def visit(browser: Browser, server: Server) -> AsyncIterator[Open]:
    """The same of a server of the test's own, which it may stop."""
    async with visiting(browser, server, **WITH_WORKER) as visit:
        yield visit


# --- the page's own files ---


async def test_the_service_worker_keeps_the_page_and_nothing_of_the_api(
    shared_server: Server, visit_shared: Open
) -> None:
    page = await here(await visit_shared("/?name=ada&room=worker"))
    await kept(page)
    await page.reload()
    await here(page)  # under the worker by now
    await say(page, "through the worker")
    await expect(bodies(page)).to_have_text(["through the worker"])
    await page.evaluate("fetch('/api/v1/rooms').then((answer) => answer.json())")
    await page.evaluate("fetch('/healthz').then((answer) => answer.text())")
    cached = await page.evaluate(CACHED)
    assert {path for path in cached if not path.startswith("/web/")} == set()
    assert {"/web/index.html", "/web/manifest.webmanifest"} <= {*cached}
    assert "/web/sw.js" not in cached


async def test_the_page_opens_without_a_server(server: Server, visit: Open) -> None:
    page = await here(await visit("/?name=ada"))
    await kept(page)
    await server.kill()
    await page.goto(f"{server.url}/r/lobby")
    await expect(composer(page)).to_be_visible()


async def test_a_newer_version_waits_until_it_is_wanted(
    shared_server: Server, visit_shared: Open
) -> None:
    """It never takes over by itself: somebody may be writing."""
    page = await here(await visit_shared("/?name=ada&room=versions", bypass_csp=True))
    await kept(page)
    newer = page.get_by_text("There is a new version of hubbub")
    await expect(newer).to_be_hidden()
    await composer(page).fill("half a sentence")
    begun = await page.evaluate("performance.timeOrigin")
    await page.evaluate(
        "async () => { await navigator.serviceWorker.register('/web/sw.js?newer', { scope: '/' }); }"
    )
    await expect(newer).to_be_visible()
    assert await page.evaluate(
        "navigator.serviceWorker.getRegistration().then(({ waiting }) => waiting !== null)"
    )
    assert await page.evaluate("performance.timeOrigin") == begun
    await expect(composer(page)).to_have_value("half a sentence")
    async with page.expect_event("framenavigated"):
        await page.get_by_role("button", name="Reload").click()
    await here(page)
    assert await page.evaluate("navigator.serviceWorker.controller.scriptURL.endsWith('newer')")


# --- reading and writing without a server ---

REACTIONS = ["👍", "❤️", "😂", "🎉", "👀"]


async def reactions(server: Server) -> dict[str, list[str]]:
    """Who has reacted to the room's messages, by text."""
    url = f"{server.url}/api/v1/rooms/lobby/messages?limit=200"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        found = (await answer.json())["messages"]
    return {each["text"]: sorted(each["reactions"]) for each in found if "reactions" in each}


async def react(page: Page, text: str, *emoji: str) -> None:
    """React to a message with several emoji, one after the other."""
    for each in emoji:
        await use(page, text, "React", f"React with {each}")


async def test_what_is_written_offline_over_reloads_arrives_once_and_in_order(
    server: Server, visit: Open
) -> None:
    ada = await here(await visit("/?name=ada"))
    await post(server, "before")
    await expect(bodies(ada)).to_have_text(["before"])
    await kept(ada)
    await stored(ada, "lobby", 1)
    await server.kill()
    await ada.reload()
    await expect(bodies(ada)).to_have_text(["before"])
    await react(ada, "before", *REACTIONS)
    for i in range(8):
        await say(ada, f"offline {i}")
    await expect(unsent(ada)).to_have_count(8)
    await ada.reload()
    await expect(unsent(ada)).to_have_count(8)
    await expect(message(ada, "before").locator(".reactions button")).to_have_count(5)
    await come_back(server, ada)
    await expect(unsent(ada)).to_have_count(0)
    await expect(ada.locator(".changing")).to_have_count(0)
    written = ["before", *(f"offline {i}" for i in range(8))]
    await expect(bodies(ada)).to_have_text(written)
    assert await in_the_log(server) == written
    assert (await reactions(server))["before"] == sorted(REACTIONS)


async def test_two_tabs_that_write_at_once_have_one_sender(server: Server, visit: Open) -> None:
    first = await visit("/")
    await first.get_by_label("Your name").fill("ada")
    await first.get_by_role("button", name="Start talking").click()
    await here(first)
    await kept(first)
    second = await here(await visit("/", beside=first))
    await post(server, "before")
    await expect(bodies(second)).to_have_text(["before"])
    await stored(first, "lobby", 1)
    await server.kill()
    await asyncio.gather(first.reload(), second.reload())
    await react(first, "before", *REACTIONS[:3])
    await react(second, "before", *REACTIONS[3:])
    for i in range(4):
        await asyncio.gather(say(first, f"first {i}"), say(second, f"second {i}"))
    for page in (first, second):  # each shows what waits in both
        await expect(unsent(page)).to_have_count(8)
    await come_back(server, first, second)
    for page in (first, second):
        await expect(unsent(page)).to_have_count(0)
        await expect(bodies(page)).to_have_count(9)
    log = await in_the_log(server)
    assert [text for text in log if "first" in text] == [f"first {i}" for i in range(4)]
    assert [text for text in log if "second" in text] == [f"second {i}" for i in range(4)]
    assert len(log) == 9
    assert (await reactions(server))["before"] == sorted(REACTIONS)
    await first.close()
    await say(second, "and the other tab sends now")
    await expect(unsent(second)).to_have_count(0)
    await expect(bodies(second).last).to_have_text("and the other tab sends now")


async def test_only_what_was_missed_comes_when_the_page_is_opened_again(
    shared_server: Server, visit_shared: Open
) -> None:
    page = await here(await visit_shared("/?name=ada&room=missed"))
    await post(shared_server, *(f"kept {i}" for i in range(5)), room="missed")
    await stored(page, "missed", 5)
    await page.goto("about:blank")
    await post(shared_server, "missed", room="missed")
    answers: list[dict[str, Any]] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda text: answers.append(json.loads(text))),
    )
    await page.goto(f"{shared_server.url}/?name=ada&room=missed")
    await expect(bodies(page)).to_have_text([*(f"kept {i}" for i in range(5)), "missed"])
    (followed,) = [
        answer["ok"] for answer in answers if answer.get("ok", {}).get("room") == "missed"
    ]
    assert (followed["mode"], followed["missed"]) == ("resumed", 1)
    assert [answer["text"] for answer in answers if answer.get("event") == "posted"] == ["missed"]


ONLY_HIDDEN = "requestIdleCallback = () => 0;"  # the page keeps rooms only when it is hidden
HIDE = """() => {
  Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
  dispatchEvent(new Event("visibilitychange"));
}"""
HOLD = """async () => {
  window.isHeld = true;
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((resolve) => { indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result); });
    if (!db.objectStoreNames.contains("messages")) continue;
    const store = db.transaction(["rooms", "messages"], "readwrite").objectStore("rooms");
    const hold = () => { if (isHeld) store.count().onsuccess = hold; };
    await new Promise((resolve) => { store.count().onsuccess = () => { resolve(); hold(); }; });
  }
}"""


async def test_what_is_kept_has_no_hole_if_more_comes_while_it_is_written(
    shared_server: Server, visit_shared: Open
) -> None:
    page = await here(await visit_shared("/?name=ada&room=whole", script=ONLY_HIDDEN))
    await page.evaluate(HIDE)
    await stored(page, "whole", 0)
    await post(shared_server, *(f"kept {i}" for i in range(60)), room="whole")
    await expect(bodies(page).last).to_have_text("kept 59")
    await page.evaluate(HOLD)
    await page.evaluate(HIDE)
    await post(shared_server, "meanwhile", room="whole")
    await expect(bodies(page).last).to_have_text("meanwhile")
    await page.evaluate(HIDE)
    await page.evaluate("isHeld = false")
    await asyncio.wait_for(stored(page, "whole", 61), 30)


# --- what a browser does not allow ---

NO_DATABASE = "indexedDB.open = () => { throw new DOMException('not here', 'SecurityError'); };"
NO_SPACE = """
for (const act of ['put', 'add'])
  IDBObjectStore.prototype[act] = () => { throw new DOMException('no space', 'QuotaExceededError'); };
"""


@pytest.mark.parametrize(
    "broken, said",
    [(NO_DATABASE, "Your browser keeps nothing"), (NO_SPACE, "This device is out of space")],
)
async def test_a_device_that_keeps_nothing_says_so_and_all_else_works(
    broken: str, said: str, server: Server, visit: Open
) -> None:
    page = await here(await visit("/?name=ada", script=broken))
    await say(page, "one")
    await expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
    await expect(bodies(page)).to_have_text(["one"])
    await server.kill()
    await say(page, "two")
    await expect(unsent(page)).to_have_count(1)
    await come_back(server, page)
    await expect(unsent(page)).to_have_count(0)
    assert await in_the_log(server) == ["one", "two"]
    await page.get_by_role("button", name="This device").click()
    await expect(page.get_by_role("dialog")).to_contain_text(said)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="OK").click()
    await expect(page.get_by_text(said)).to_be_hidden()


async def test_over_http_on_a_network_tabs_take_turns_and_the_page_says_what_is_missing(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    lan = f"http://hubbub.lan:{port}"
    async with (
        Server(tmp_path / "data", "--public-url", lan, "--guests", "on", port=port) as server,
        visiting(browser, server, **WITH_WORKER) as visit,
    ):
        first = await visit(lan)
        assert not await first.evaluate("isSecureContext || 'serviceWorker' in navigator")
        await first.get_by_label("Your name").fill("ada")
        await first.get_by_role("button", name="Start talking").click()
        await here(first)
        second = await here(await visit(lan, beside=first))
        await server.kill()
        await asyncio.gather(say(first, "first"), say(second, "second"))
        for page in (first, second):
            await expect(unsent(page)).to_have_count(2)
        await come_back(server, first, second)
        for page in (first, second):
            await expect(unsent(page)).to_have_count(0)
        await expect(bodies(second)).to_have_count(2)
        assert sorted(await bodies(second).all_inner_texts()) == ["first", "second"]
        await first.get_by_role("button", name="This device").click()
        await expect(first.get_by_role("dialog")).to_contain_text("over http")
        await first.close()  # the other one sends from now on
        await say(second, "third")
        await expect(unsent(second)).to_have_count(0)


FORMER = """
if (!sessionStorage.getItem('begun')) {
  sessionStorage.setItem('begun', 'yes');
  const at = 1700000000000;
  const keep = (tab, entry) => localStorage.setItem(`hubbub.outbox.ada/${tab}`, JSON.stringify([entry]));
  keep('one', { room: 'former', text: 'of old', client_message_id: 'a1', at: new Date(at).toISOString() });
  keep('two', { post: { room: 'former', text: 'of late', client_message_id: 'b2' }, at, state: 'waiting' });
  localStorage.setItem('hubbub.outbox.ada/broken', '{');
}
"""


async def test_what_former_versions_of_the_page_left_unsent_is_taken_over_once(
    shared_server: Server, visit_shared: Open
) -> None:
    page = await here(await visit_shared("/?name=ada&room=former", script=FORMER))
    await expect(bodies(page)).to_have_count(2)
    assert sorted(await in_the_log(shared_server, "former")) == ["of late", "of old"]
    keys = await page.evaluate("Object.keys(localStorage)")
    assert not [key for key in keys if key.startswith("hubbub.outbox.")]


async def test_logging_out_leaves_no_database(browser: Browser, tmp_path: Path) -> None:
    async with people_of(browser, tmp_path / "data", **WITH_WORKER) as people:
        ada = await people.owner()
        await make_room(ada, "Kitchen")
        await say(ada, "a secret")
        room = await ada.evaluate("location.pathname.split('/').pop()")
        await stored(ada, room, 1)
        other = await ada.context.new_page()
        await other.goto(people.server.url)
        await at_home(other, "Ada")
        await ada.get_by_role("button", name="Account").click()
        await ada.get_by_role("button", name="Log out").click()
        await expect(ada.get_by_label("Your name")).to_be_visible()
        await expect(other.locator("#app")).to_have_count(0)
        assert await ada.evaluate("indexedDB.databases()") == []
        assert "secret" not in json.dumps(
            await ada.evaluate("({...localStorage, ...sessionStorage})")
        )


NOTHING_WAITS = f"""async () => Object.entries(await ({DUMP})()).every(([name, rows]) => !name.endsWith(" outbox") || !rows.length)"""


async def change_everything(page: Page) -> None:
    """Without a server, change what needs no answer: pins, what is saved, the status, settings, and what one is told of a room."""
    row = message(page, "the kettle is on")
    await row.locator(".body").hover()
    await row.get_by_role("button", name="Pin").click()
    await expect(row.locator(".pinned")).to_be_visible()
    await row.get_by_role("button", name="More").click()
    async with toast(page, "The message is saved.*"):
        await row.get_by_role("button", name="Save for later").click()
    for command in ("/status tea time", "/notify none", "/notify all"):
        await say(page, command)
        await expect(composer(page)).to_have_value("")
    await page.get_by_role("button", name="Account").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("Notifications", exact=True).click()
    await dialog.get_by_label("Keywords").fill("kettle, cups")
    async with toast(page, "Saved.*"):
        await dialog.get_by_role("button", name="Save").click()
    await dialog.get_by_text("Profile", exact=True).click()
    await expect(dialog.get_by_label("Status")).to_have_value("tea time")


async def back_with_the_saved(people: People, page: Page) -> None:
    """The server is back while one looks at the saved messages, which come by themselves, with the one that waited."""
    await page.get_by_role("button", name="Saved messages").click()
    panel = page.get_by_role("complementary", name="Saved messages")
    await expect(panel.get_by_text("Can't reach the server")).to_be_visible()
    await come_back(people.server, page)
    await expect(panel.get_by_role("button", name="Show it in Kitchen")).to_be_visible()


async def all_is_changed(people: People, page: Page, room: str) -> None:
    """The server has all that was changed without it, each once."""
    await page.wait_for_function(NOTHING_WAITS)
    pins = await people.ask(page, "GET", f"/rooms/{room}/pins", None)
    saved = await people.ask(page, "GET", "/me/saved", None)
    assert [each["message"]["seq"] for each in pins["pins"]] == [
        each["of"]["message"] for each in saved["saved"]
    ]
    assert len(pins["pins"]) == 1
    me = await people.ask(page, "GET", "/me", None)
    assert (me["name"], me["status_text"]) == ("Ada", "tea time")
    chosen = await people.ask(page, "GET", "/me/preferences", None)
    assert chosen["preferences"] == {"keywords": ["kettle", "cups"]}
    await page.get_by_role("button", name="Details").click()
    await expect(page.get_by_label("Notify me of")).to_have_value("all")


async def answered(people: People, page: Page, room: str) -> Locator:
    """What says that there is a reply, once this device has kept that."""
    seq = await message(page, "the kettle is on").get_attribute("data-seq")
    await people.ask(page, "POST", f"/rooms/{room}:{seq}/messages", {"text": "for tea"})
    await page.evaluate(THREADS, [room, 1])
    return page.get_by_role("button", name="1 reply")


async def test_an_account_reads_without_a_server_and_goes_on_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    async with people_of(browser, tmp_path / "data", **WITH_WORKER) as people:
        ada = await people.owner()
        await make_room(ada, "Kitchen")
        await say(ada, "the kettle is on")
        room = await ada.evaluate("location.pathname.split('/').pop()")
        await kept(ada)
        await stored(ada, room, 1)
        replies = await answered(people, ada, room)
        await composer(ada).fill("half a sentence")
        await kept_of_account(ada, room)
        await people.server.kill()
        await ada.reload()
        await expect(ada.get_by_role("heading", name="Kitchen")).to_be_visible()
        await expect(ada.get_by_role("log").locator(".by").first).to_have_text("Ada")
        await expect(bodies(ada)).to_have_text(["the kettle is on"])
        await expect(replies).to_be_visible()
        await expect(composer(ada)).to_have_value("half a sentence")
        await composer(ada).press("Enter")
        await expect(unsent(ada)).to_have_count(1)
        await change_everything(ada)
        await ada.reload()
        pinned = message(ada, "the kettle is on").locator(".pinned")
        await expect(pinned).to_be_visible()
        await expect(unsent(ada)).to_have_count(1)
        await back_with_the_saved(people, ada)
        await expect(bodies(ada)).to_have_text(["the kettle is on", "half a sentence"])
        await expect(composer(ada)).to_have_value("")
        await expect(pinned).to_be_visible()
        await all_is_changed(people, ada, room)
        people.wrong.clear()  # the server was away


async def change_some(page: Page) -> None:
    """Without a server, post, save a message, and change what is sent by HTTP."""
    for text in ("/status tea time", "written as Ada"):
        await say(page, text)
        await expect(composer(page)).to_have_value("")
    await use(page, "the kettle is on", "More", "Save for later")
    await expect(unsent(page)).to_have_count(1)


async def changed(people: People, page: Page) -> tuple[str, int]:
    """The status of whose page this is, and how much they have saved."""
    me = await people.ask(page, "GET", "/me", None)
    return me["status_text"], len((await people.ask(page, "GET", "/me/saved", None))["saved"])


async def test_what_waits_is_never_sent_as_another_account(
    browser: Browser, tmp_path: Path
) -> None:
    async with people_of(browser, tmp_path / "data", **WITH_WORKER) as people:
        ada = await people.owner()
        grace = await people.invited(ada, "Grace")
        adas: Any = await ada.context.cookies()
        graces: Any = await grace.context.cookies()
        await people.closed_room(ada, "Kitchen", "grace")
        await say(ada, "the kettle is on")
        room = await ada.evaluate("location.pathname.split('/').pop()")
        await stored(ada, room, 1)
        await people.server.kill()
        await change_some(ada)
        await ada.context.add_cookies(graces)  # as if she had logged in in another tab
        await come_back(people.server, ada)
        await at_home(ada, "Grace")
        await here(ada)
        assert await changed(people, grace) == ("", 0)
        assert await ada.evaluate(f"({NOTHING_WAITS})()") is False
        await ada.context.add_cookies(adas)
        async with ada.expect_request(lambda each: each.method == "PATCH") as patched:
            await ada.reload()
            await at_home(ada, "Ada")
        await ada.wait_for_function(NOTHING_WAITS)
        await expect(bodies(ada)).to_have_text(["the kettle is on", "written as Ada"])
        await expect(ada.get_by_role("log").locator(".by")).to_have_text(["Ada", "Ada"])
        assert await changed(people, ada) == ("tea time", 1)
        assert (await patched.value).headers.get("hubbub-account", "").startswith("@p")
        people.wrong.clear()  # the server was away
