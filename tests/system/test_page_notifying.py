"""Notifications on the page: when the browser is asked, what is shown by whom, what a click opens, and what takes them away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Worker, expect

from tests.support.chromium import WITH_WORKER
from tests.support.devices import AUTH, P256DH
from tests.support.newcomers import people_of, rooms
from tests.system.test_page import bodies, kept, say, use
from tests.system.test_page_rooms import settings

pytestmark = pytest.mark.timeout(180)

ENDPOINT = "https://push.example/1"
# A browser without a window has neither a push service nor somebody to ask: this is what it would do.
BROWSER = f"""
globalThis.asked = 0;
globalThis.taken = [];
let permission = sessionStorage.getItem("permission") ?? "default", subscription = null;
globalThis.decide = (decided) => {{ permission = decided; sessionStorage.setItem("permission", decided); }};
Object.defineProperty(Notification, "permission", {{ get: () => permission }});
Notification.requestPermission = async () => {{
  asked += 1;
  if (permission === "default") decide("granted");
  return permission;
}};
PushManager.prototype.getSubscription = async () => subscription;
PushManager.prototype.subscribe = async ({{ applicationServerKey, userVisibleOnly }}) => {{
  if (!userVisibleOnly || applicationServerKey.length !== 87) throw new TypeError("Invalid options");
  const toJSON = () => ({{ endpoint: "{ENDPOINT}", keys: {{ p256dh: "{P256DH}", auth: "{AUTH}" }} }});
  return (subscription = {{ endpoint: "{ENDPOINT}", toJSON, unsubscribe: async () => {{ subscription = null; }} }});
}};
ServiceWorkerRegistration.prototype.getNotifications = async ({{ tag }}) => [{{ close: () => taken.push(tag) }}];
"""
WORKER = """() => {
  self.shown = [];
  self.registration.showNotification = async (title, { body, tag, data }) => { shown.push({ title, body, tag, data }); };
  self.happens = (event) => new Promise((resolve, reject) => {
    event.waitUntil = (done) => done.then(resolve, reject);
    self.dispatchEvent(event);
  });
}"""
NOTIFIES = """navigator.locks.query().then(({ held, pending }) =>
  held.some(({ name }) => name.startsWith("hubbub:")) && !pending.length)"""
PUSH = "(data) => happens(new PushEvent('push', { data })).then(() => shown.at(-1))"
CLICK = """(data) => {
  const event = new ExtendableEvent("notificationclick");
  event.notification = { close() {}, data };
  return happens(event).catch((error) => error.name);
}"""


@pytest.fixture(scope="module")
async def ready(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Page, Page]]:
    """The pages of Ada, the owner, and of Grace, whose browser can be asked for permission, and has the service worker, which notifies."""
    async with people_of(browser, tmp_path_factory.mktemp("notifying") / "data") as people:
        ada = await people.owner()
        invite = await people.ask(ada, "POST", "/invites", {"role": "member"})
        link = f"{people.server.url}/i#{invite['token']}"
        grace = await people.enter(link, "Grace", **WITH_WORKER)
        await people.closed_room(ada, "Kitchen", "grace")
        await grace.context.add_init_script(BROWSER)
        await kept(grace)
        yield ada, grace


@pytest.fixture
async def two(ready: tuple[Page, Page]) -> tuple[Page, Page]:
    """Both are in the room Kitchen; Grace has not opened it yet, and her browser was not asked."""
    _, grace = ready
    await grace.evaluate("sessionStorage.clear(); location.hash = 'lobby'")
    await grace.reload()
    await expect(rooms(grace)).to_contain_text("Kitchen")
    return ready


async def worker_of(page: Page) -> Worker:
    (worker,) = page.context.service_workers
    await worker.evaluate(WORKER)
    return worker


async def subscription(page: Page) -> Any:
    return await page.evaluate(
        "fetch('/api/v1/me/subscription').then((answer) => answer.json()).then(({ key, ...more }) => more)"
    )


async def test_the_browser_is_asked_after_a_click_and_the_page_says_how_it_stands(
    two: tuple[Page, Page],
) -> None:
    _, grace = two
    here = await settings(grace, "Notifications")
    await expect(here.get_by_text("You are not notified on this device.")).to_be_visible()
    assert await grace.evaluate("asked") == 0
    await here.get_by_label("Show what was written").check()
    await here.get_by_role("button", name="Notify me here").click()
    await expect(here.get_by_text("whether or not this page is open")).to_be_visible()
    assert await grace.evaluate("asked") == 1
    assert await subscription(grace) == {"endpoint": ENDPOINT, "shows_text": True}
    async with grace.expect_response(lambda answer: answer.request.method == "PUT"):
        await here.get_by_label("Show what was written").uncheck()
    assert await subscription(grace) == {"endpoint": ENDPOINT, "shows_text": False}
    await here.get_by_role("button", name="Only while this page is open").click()
    await expect(here.get_by_text("you are notified while this page is open")).to_be_visible()
    assert await subscription(grace) == {"endpoint": None, "shows_text": False}

    async def reopened() -> None:
        await here.locator("summary").click()
        await here.locator("summary").click()

    await grace.evaluate("decide('denied')")
    await reopened()
    await expect(here.get_by_text("Your browser refuses notifications")).to_be_visible()
    await expect(here.get_by_role("button", name="Notify me")).to_have_count(0)
    await grace.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })")
    await reopened()
    await expect(here.get_by_text("where the address begins with https")).to_be_visible()


async def test_a_notification_shows_what_came_opens_it_and_goes_once_that_is_read(
    two: tuple[Page, Page],
) -> None:
    ada, grace = two
    await grace.evaluate("decide('granted'); localStorage.setItem('hubbub.notify.text', '')")
    async with asyncio.timeout(30):
        while not await grace.evaluate(NOTIFIES):
            pass
    worker = await worker_of(grace)
    await say(ada, "nothing for anybody")
    await say(ada, "@grace tea?")
    await expect(grace).to_have_title("(1) lobby – hubbub")
    await grace.wait_for_function("taken.length === 0")
    shown = await told(worker, 1)
    room = shown["tag"]
    assert shown == {
        "title": "Ada in Kitchen",
        "body": "@grace tea?",
        "tag": room,
        "data": {"room": room, "seq": shown["data"]["seq"]},
    }

    assert await worker.evaluate(CLICK, shown["data"]) in (
        None,
        "InvalidAccessError",
    )  # nobody clicked
    await expect(bodies(grace).filter(has_text="tea?")).to_be_visible()
    await grace.wait_for_function("(room) => taken.includes(room)", arg=room)

    await is_told_of_replies(ada, grace, worker, room)

    plain = {"room": room, "seq": 7}
    for pushed, title in (
        (plain, "New message"),
        (plain | {"mention": True}, "You were mentioned"),
        (plain | {"by": "Ada", "text": "x"}, "Ada"),
    ):
        found = await worker.evaluate(PUSH, await grace.evaluate("JSON.stringify", pushed))
        assert (found["title"], found["tag"], found["data"]) == (title, room, plain)
    assert (await worker.evaluate(PUSH, "nonsense"))["title"] == "New message"


async def is_told_of_replies(ada: Page, grace: Page, worker: Worker, room: str) -> None:
    """Replies in a thread that she follows notify as mentions do, and a click opens the thread."""
    await say(grace, "which kettle?")
    await use(ada, "which kettle?", "Reply in thread")
    reply = ada.get_by_role("complementary", name="Thread").get_by_role("textbox", name="Reply")
    await reply.fill("the red one")
    await reply.press("Enter")
    shown = await told(worker, 2)
    thread = shown["tag"]
    assert thread.startswith(f"{room}:")
    assert shown == {
        "title": "Ada in Kitchen",
        "body": "the red one",
        "tag": thread,
        "data": {"room": thread, "seq": 1},
    }
    await worker.evaluate(CLICK, shown["data"])
    opened = grace.get_by_role("complementary", name="Thread")
    await expect(opened.locator(".body")).to_have_text(["which kettle?", "the red one"])
    await grace.wait_for_function("(thread) => taken.includes(thread)", arg=thread)
    await reply.fill("or the blue one")
    await reply.press("Enter")
    await expect(opened.locator(".body").last).to_have_text("or the blue one")
    await opened.get_by_role("button", name="Close").click()
    await say(ada, "@grace and now?")
    await expect(bodies(grace).filter(has_text="and now?")).to_be_visible()
    assert len(await worker.evaluate("shown")) == 2  # what she sees at once notifies of nothing


async def told(worker: Worker, count: int) -> Any:
    """Wait until so many notifications were shown; returns the last one."""
    async with asyncio.timeout(30):
        while (shown := await worker.evaluate("shown")) is None or len(shown) < count:
            pass
    return shown[-1]
