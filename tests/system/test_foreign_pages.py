"""A page of another site in a real browser, which does to a server of this machine whatever browsers let it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from tests.integration.web import over_http
from tests.support.server import Server

ATTEMPTS = """async (hub) => {
    const socket = hub.replace("http", "ws");
    const over = (thing, ...names) => new Promise((resolve) =>
        names.forEach((name) => thing.addEventListener(name, () => resolve(name))));
    const put = (kind, fields) => {
        const element = Object.assign(document.createElement(kind), fields);
        document.body.append(element);
        return element;
    };
    const said = [];
    addEventListener("message", (message) => said.push(message.data));
    const session = () => `${hub}/sockjs/000/${Math.random().toString(36).slice(2)}`;
    const frames = [
        `${hub}/sockjs/iframe.html#w1`, `${hub}/`, `${hub}/api/v1/rooms/private`,
        `${hub}/sockjs-plain/0/framed/eventsource?name=boss`,
        `${hub}/socket.io/?EIO=4&transport=polling`,
    ];
    const tell = (frame, type, data) =>
        frame.contentWindow.postMessage(JSON.stringify({ windowId: "w1", type, data }), "*");
    const command = (fields) => JSON.stringify(JSON.stringify({ id: 1, ...fields }));
    const framed = frames.map(async (src) => {
        const frame = put("iframe", { src });
        await over(frame, "load", "error");
        tell(frame, "s", JSON.stringify(["1.6.1", "xhr-polling", session(), `${hub}/sockjs`]));
        tell(frame, "m", command({ do: "hello", name: "victim" }));
        tell(frame, "m", command({ do: "post", room: "private", text: "from elsewhere" }));
    });
    const forms = [
        [`${hub}/api/v1/rooms/private/messages`, "post"], [`${hub}/socket.io/?EIO=4&transport=polling`, "get"],
        [`${hub}/sockjs-plain/0/form/xhr`, "post"], [`${hub}/sockjs-plain/0/form/xhr_send`, "post"],
    ].map(async ([action, method], number) => {
        const target = put("iframe", { name: `target${number}` });
        const form = put("form", { action, method, target: target.name, enctype: "text/plain" });
        form.append(Object.assign(document.createElement("input"), { name: '{"text":"', value: '"}' }));
        form.submit();
        await over(target, "load", "error");
    });
    const read = [];
    const targets = [
        `${hub}/api/v1/rooms/private`, `${hub}/api/v1/rooms/private/events?since=0`, `${hub}/metrics`,
        `${hub}/sockjs-plain/0/img/eventsource?name=boss`, `${hub}/socket.io/?EIO=4&transport=polling`,
    ];
    const elements = targets.flatMap((src) =>
        ["img", "script", "video"].map((kind) => over(put(kind, { src, preload: "auto" }), "load", "error")));
    const fetched = targets.flatMap((target) => ["cors", "no-cors"].flatMap((mode) =>
        ["GET", "POST"].map(async (method) => {
            const answer = await fetch(target, { mode, method, credentials: "include", ...(method === "POST" ? { body: '{"text":"x"}' } : {}) });
            if (answer.type !== "opaque") read.push(target);
        })));
    navigator.sendBeacon(`${hub}/api/v1/rooms/private/messages`, '{"text":"from elsewhere"}');
    const streams = [`${hub}/api/v1/rooms/private/events?name=boss`, `${hub}/sockjs-plain/0/es/eventsource?name=boss`]
        .map(async (target) => {
            const stream = new EventSource(target);
            if (await over(stream, "open", "error") === "open") read.push(target);
            stream.close();
        });
    const doors = ["/", "/ws?name=boss", "/echo", "/socket.io/?EIO=4&transport=websocket",
        "/sockjs/websocket", "/sockjs-plain/0/ws/websocket"];
    const sockets = doors.map(async (door) => {
        if (await over(new WebSocket(socket + door), "open", "error") === "open") read.push(door);
    });
    const code = `fetch("${hub}/socket.io/?EIO=4&transport=polling", { mode: "no-cors" }).catch(() => 0).then(() => postMessage(0))`;
    const worker = new Worker(URL.createObjectURL(new Blob([code])));
    await Promise.allSettled([...framed, ...forms, ...elements, ...fetched, ...streams, ...sockets, over(worker, "message")]);
    return { read, said };
}"""


@pytest.fixture
async def foreign() -> AsyncIterator[str]:
    """The address of a page on another site, which the browser finds on this machine, too."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><body>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://evil.example:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_page_of_another_site_reads_posts_and_holds_nothing(
    page: Page, foreign: str, server: Server
) -> None:
    async with over_http(server, "ada") as ada:
        await ada.post("private", "what others must not read")
        await page.goto(foreign)
        result = await page.evaluate(ATTEMPTS, server.url)
        assert result == {"read": [], "said": []}
        messages = (await ada.get("/private/messages"))["messages"]
        assert [message["text"] for message in messages] == ["what others must not read"]
        assert [room["room"] for room in (await ada.get(""))["rooms"]] == ["private"]
        assert await held(server) == 0
    async with over_http(server, "boss") as boss:
        await boss.post("private", "the name is mine")


async def held(server: Server) -> int:
    """How many connections and sessions stay open."""
    async with over_http(server) as http, http.session.get(f"{server.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return int(
        sum(float(line.split()[1]) for line in lines if line.startswith("hubbub_connections"))
    )


async def test_a_link_from_another_site_opens_the_page(
    page: Page, foreign: str, server: Server
) -> None:
    await page.goto(foreign)
    await page.evaluate(
        "(url) => { document.body.innerHTML = `<a href='${url}'>talk</a>` }",
        f"{server.url}/?name=ada",
    )
    await page.get_by_text("talk").click()
    box = page.get_by_role("textbox").last
    await box.fill("hello")
    await box.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("hello")


async def test_no_site_can_frame_the_page(page: Page, foreign: str, server: Server) -> None:
    await page.goto(foreign)
    await page.evaluate(
        "(src) => document.body.append(Object.assign(document.createElement('iframe'), { src }))",
        server.url,
    )
    frame = page.frame_locator("iframe")
    await expect(frame.locator("body")).to_be_attached()
    assert await frame.get_by_role("textbox").count() == 0
