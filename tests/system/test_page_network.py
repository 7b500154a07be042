"""The page over a bad network, and in a busy room: what two people see in the end is what the log says, and nothing moves under one who reads."""

import asyncio
import os
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect
from playwright.async_api import TimeoutError as TimedOut

from tests.integration.test_sdk_in_step import There
from tests.support.newcomers import People, claim_link, invite_link, make_room, people_of
from tests.support.ports import free_port
from tests.support.proxy import Proxy
from tests.support.server import Server
from tests.system.test_page import (
    AWAY,
    FEW_SHOWN,
    MOST_SHOWN,
    bodies,
    composer,
    here,
    say,
    use,
    visiting,
)
from tests.system.test_page_offline import stored

COUNT = int(os.environ.get("TEST_PAGE_MESSAGES", "8"))  # of each kind, from each person
AHEAD = 5  # messages that somebody writes before the first is edited
SEED = int(os.environ.get("TEST_PAGE_SEED", "1"))
# What browsers say of requests that the network or the server has let down.
LET_DOWN = re.compile(f"{AWAY.pattern}|ERR_INCOMPLETE_")
# What the messages of each say in the end, and what the other made of them.
DONE = {
    name: [[f"{name} {i} anew (edited)", [f"{theirs} 1"]] for i in range(COUNT)]
    for name, theirs in (("Ada", "🎉"), ("Grace", "👍"))
}
FRAME = "() => new Promise(requestAnimationFrame)"
DEEDS = (Path(__file__).parent / "deeds.js").read_text()

pytestmark = pytest.mark.timeout(180 + 2 * COUNT)

# All that is drawn of a log: who said what, whether it was edited, and the reactions.
DRAWN = """(log) => [...log.querySelectorAll('.message')].map((row) => [
  Number(row.dataset.seq), row.querySelector('.by').textContent, row.querySelector('.body').textContent,
  [...row.querySelectorAll('.reactions button')].map((each) => each.textContent.replaceAll('\\u00a0', ' ').trim()).sort(),
])"""
SHOWS = f"""([label, expected, few]) => {{
  const log = document.querySelector(`[role=log][aria-label="${{label}}"]`);
  const drawn = log && ({DRAWN})(log);
  const isEnough = drawn?.length >= Math.min(few, expected.length);
  return isEnough && JSON.stringify(drawn) === JSON.stringify(expected.slice(-drawn.length)) && drawn.length;
}}"""


class Trouble:
    """What happens to the network while people write, by dice: connections are cut or held up; and once the server is killed."""

    def __init__(self, people: People, network: Proxy) -> None:
        self._server = people.server
        self._network = network
        self._dice = random.Random(SEED)
        self._restart: asyncio.Task[None] | None = None
        self.cuts = self.delays = self.kills = 0

    async def come(self, name: str, i: int) -> None:
        """Somebody is about to write their `i`th message."""
        if name == "Ada" and i == COUNT // 2:
            self._restart = asyncio.create_task(self._kill())
        what = self._dice.random()
        if what < 0.15:
            for way in self._network.some(self._dice):
                way.cut()
                self.cuts += 1
        elif what < 0.4:
            for way in self._network.some(self._dice):
                way.hold()
                self.delays += 1
                asyncio.get_running_loop().call_later(self._dice.random() / 2, way.release)

    async def over(self) -> None:
        assert self._restart is not None
        await self._restart
        assert self.cuts and self.delays and self.kills == 1

    async def _kill(self) -> None:
        await self._server.kill()
        await self._server.start()
        self.kills += 1


async def logged(page: Page, base: str, room: str) -> list[list[Any]]:
    """The messages of a log as the HTTP API tells them, like DRAWN."""
    found: list[list[Any]] = []
    more, before = True, ""
    while more:
        url = f"{base}/api/v1/rooms/{room}/messages?limit=200{before}"
        answer = await page.context.request.get(url)
        assert answer.ok, await answer.text()
        body = await answer.json()
        names = {key: person["name"] for key, person in body.get("people", {}).items()}
        found = [_as_drawn(each, names) for each in body["messages"]] + found
        more, before = body["more"], f"&before={found[0][0]}" if found else ""
    return found


async def shows(page: Page, label: str, log: list[list[Any]]) -> None:
    """Wait until the page shows the end of a log."""
    with suppress(TimedOut):
        await page.wait_for_function(SHOWS, arg=[label, log, FEW_SHOWN])
    drawn = await page.get_by_role("log", name=label).evaluate(DRAWN)
    assert len(drawn) >= min(FEW_SHOWN, len(log))
    assert drawn == log[-len(drawn) :]


def _as_drawn(each: dict[str, Any], names: dict[str, str]) -> list[Any]:
    edited = " (edited)" if "edited_at" in each else ""
    reactions = sorted(f"{emoji} {len(by)}" for emoji, by in each.get("reactions", {}).items())
    return [each["seq"], names.get(each["by"], each["by"]), each["text"] + edited, reactions]


@asynccontextmanager
async def two_behind(people: People) -> AsyncIterator[tuple[Proxy, Page, Page]]:
    """Two people in one room, and in the thread of its first message, behind a proxy."""
    there = There(f"127.0.0.1:{people.server.port}", asyncio.Event())
    there.up.set()
    async with Proxy(there).listening() as network:
        through = f"http://{network.address}"
        direct = people.server.url
        ada = await people.enter(claim_link(people.server).replace(direct, through), "Ada")
        grace = await people.enter((await invite_link(ada)).replace(direct, through), "Grace")
        await make_room(ada, "Kitchen")
        await say(ada, "the root")
        await grace.goto(ada.url)
        await grace.get_by_role("button", name="Join", exact=True).click()
        for page in (ada, grace):
            await use(page, "the root", "Reply in thread")
            for composer in ("#composer", "#thread-composer"):
                await expect(page.locator(composer)).to_be_visible()
        yield network, ada, grace
        for context in people.contexts:
            await context.close()  # as long as the network is there
        people.wrong[:] = [wrong for wrong in people.wrong if not LET_DOWN.search(wrong)]


async def test_two_people_on_a_bad_network_see_in_the_end_what_the_log_says(
    browser: Browser, tmp_path: Path
) -> None:
    async with people_of(browser, tmp_path / "data") as people, two_behind(people) as found:
        network, ada, grace = found
        trouble = Trouble(people, network)
        each = {"count": COUNT, "ahead": AHEAD}
        for page in (ada, grace):
            await page.expose_function("trouble", trouble.come)
        await asyncio.gather(
            ada.evaluate(DEEDS, each | {"name": "Ada", "other": "Grace", "emoji": "👍"}),
            grace.evaluate(DEEDS, each | {"name": "Grace", "other": "Ada", "emoji": "🎉"}),
        )
        await trouble.over()
        for page in (ada, grace):
            await page.evaluate("dispatchEvent(new Event('online'))")
            await expect(page.locator(".pending, .changing")).to_have_count(0)
        room = ada.url.rpartition("/")[2]
        base = f"http://{network.address}"
        log, thread = await whole(ada, base, room)
        for page in (ada, grace):
            await shows(page, "Messages", log)
            await shows(page, "Replies", thread)
        assert log[0][1:] == ["Ada", "the root", []]
        for name in ("Ada", "Grace"):
            replies = [f"{name} replies {i}" for i in range(COUNT)]
            assert [each[2] for each in thread if each[1] == name] == replies
        assert (len(log), len(thread)) == (1 + 2 * COUNT, 2 * COUNT)


async def whole(page: Page, base: str, room: str) -> tuple[list[list[Any]], list[list[Any]]]:
    """The log of a room and that of its thread, once all that both did has arrived."""
    while True:
        log = await logged(page, base, room)
        found = {name: [each[2:] for each in log[1:] if each[1] == name] for name in DONE}
        if found == DONE:
            return log, await logged(page, base, f"{room}:{log[0][0]}")
        await page.evaluate(FRAME)


# --- a busy room ---

WRITERS = 4
TYPED = "typed"  # AT_ONCE messages arrive with each key
AT_ONCE = 400
# Once a frame: the most rows there were, and where what one reads stands.
SPY = """addEventListener('load', () => {
  window.spied = { rows: 0, tops: new Set() };
  const look = () => {
    const rows = [...document.querySelectorAll('.message')];
    spied.rows = Math.max(spied.rows, rows.length);
    const read = spied.seq && rows.find((row) => row.dataset.seq === spied.seq);
    if (spied.seq) spied.tops.add(read ? read.getBoundingClientRect().top : 'gone');
    requestAnimationFrame(look);
  };
  look();
})"""
READ_UP = """() => {
  const scroller = document.getElementById('scroller');
  scroller.scrollTop = 400;
  const { top } = scroller.getBoundingClientRect();
  spied.seq = [...scroller.querySelectorAll('.message')].find((row) => row.getBoundingClientRect().top > top).dataset.seq;
}"""
SPIED = "({ rows: spied.rows, tops: [...spied.tops] })"


async def write(url: str, name: str, count: int) -> None:
    """Post messages as fast as the server takes them, fifty of them under way at once."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/ws", protocols=["hubbub.v1"]) as socket,
    ):
        await socket.send_json({"do": "hello", "id": 0, "name": name})
        await socket.receive_json()
        for first in range(0, count, 50):
            for i in range(first, first + 50):
                text = f"{name} {i}"
                await socket.send_json({"do": "post", "id": i + 1, "room": "lobby", "text": text})
            for _ in range(50):
                answer = await socket.receive_json()
                assert "ok" in answer, answer


async def flood(server: Server, count: int) -> None:
    """Several people write that many messages in all."""
    each = count // WRITERS
    await asyncio.gather(*(write(server.url, f"writer{n}", each) for n in range(WRITERS)))


async def test_a_busy_room_draws_few_rows_and_nothing_moves_under_one_who_reads(
    browser: Browser, tmp_path: Path
) -> None:
    async with (
        Server(tmp_path / "data", "--message-rate", "0") as server,
        visiting(browser, server) as visit,
    ):
        page = await visit("/?name=ada", script=SPY)
        opening = asyncio.create_task(flood(server, 2000))
        await here(page)
        await opening
        await flood(server, 200)  # whatever came before it was there
        await expect(page.locator('[data-seq="2200"]')).to_be_visible()
        await page.evaluate(READ_UP)
        await expect(page.locator("#pill")).to_be_visible()
        for i, key in enumerate(TYPED):
            await asyncio.gather(flood(server, AT_ONCE), composer(page).press_sequentially(key))
            count = f"{(i + 1) * AT_ONCE:,} new messages"
            await expect(page.locator("#pill")).to_contain_text(count)
        await expect(composer(page)).to_have_value(TYPED)
        spied = await page.evaluate(SPIED)
        assert spied["rows"] <= MOST_SHOWN
        assert len(spied["tops"]) == 1 and spied["tops"] != ["gone"], spied


# --- reading far up ---

OWN = 1000  # messages apart from the newest that the page holds, and of the newest
NEWEST = 500
# Read on, upwards or downwards, until a message is drawn. Whatever is drawn meanwhile has no gap, and none to what was drawn before.
READ_ON = """async ([seq, isUp]) => {
  const scroller = document.getElementById('scroller');
  for (let seqs, before; ; before = seqs) {
    seqs = [...scroller.querySelectorAll('.log .message')].map((row) => Number(row.dataset.seq));
    if (seqs.some((each, i) => i && each !== seqs[i - 1] + 1)) throw new Error(`A gap: ${seqs}`);
    if (before && !seqs.some((each) => before.includes(each))) throw new Error(`A jump from ${before} to ${seqs}`);
    if (isUp ? seqs[0] <= seq : seqs.at(-1) >= seq) return;
    scroller.scrollTop = isUp ? 0 : scroller.scrollHeight;
    await new Promise(requestAnimationFrame);
  }
}"""
STANDS = """(seq) => document.querySelector(`#scroller [data-seq="${seq}"]`)?.getBoundingClientRect().top"""
MESSAGES_IN = """function() {
  return new Set(this.flatMap((map) => [...map.values()]).filter((each) => each?.seq && each.by && each.text)).size;
}"""


async def held(page: Page) -> int:
    """How many messages the page has in memory."""
    session = await page.context.new_cdp_session(page)
    maps = await session.send("Runtime.evaluate", {"expression": "Map.prototype"})
    found = await session.send(
        "Runtime.queryObjects", {"prototypeObjectId": maps["result"]["objectId"]}
    )
    given = {"objectId": found["objects"]["objectId"], "functionDeclaration": MESSAGES_IN}
    counted = await session.send("Runtime.callFunctionOn", given | {"returnByValue": True})
    await session.detach()
    return int(counted["result"]["value"])


async def holds_few(page: Page) -> None:
    """Wait until the page has let go of what it needs no longer."""
    while await held(page) > OWN + NEWEST:  # noqa: ASYNC110 - there is no event
        await asyncio.sleep(0.1)


async def react(server: Server, seq: int) -> None:
    """React to a message, as a program does."""
    url = f"{server.url}/api/v1/rooms/lobby/messages/{seq}/reactions/%F0%9F%8E%89?name=charles"
    async with aiohttp.ClientSession() as http, http.put(url) as answer:
        assert answer.status == 200


async def test_one_who_reads_far_up_holds_few_messages_and_stays_there_though_the_room_begins_anew(
    browser: Browser, tmp_path: Path
) -> None:
    async with Server(tmp_path / "data", "--message-rate", "0") as server:
        there = There(f"127.0.0.1:{server.port}", asyncio.Event())
        there.up.set()
        async with Proxy(there).listening() as network, visiting(browser, server) as visit:
            await flood(server, 1800)
            page = await here(await visit(f"http://{network.address}/?name=ada"))
            await expect(bodies(page)).not_to_have_count(0)
            await page.evaluate(READ_ON, [1, True])
            await holds_few(page)
            await page.evaluate(READ_ON, [1400, False])  # to where it meets the newest ones
            await flood(server, 600)  # more than are held of those
            pill = page.get_by_role("button", name="600 new messages")
            await expect(pill).to_be_visible()
            await holds_few(page)
            await pill.click()
            await expect(page.locator('[data-seq="2400"]')).to_be_in_viewport()

            await stored(page, "lobby", 300)
            await page.reload()  # it follows from what is kept, and no more than 1,000 events
            await here(page)
            await page.evaluate(READ_ON, [2100, True])
            before = await page.evaluate(STANDS, 2150)
            there.address = f"127.0.0.1:{free_port()}"  # where nobody is
            for way in list(network.ways):
                way.cut()
            await flood(server, 1200)
            await react(server, 2150)
            there.address = f"127.0.0.1:{server.port}"
            await page.evaluate("dispatchEvent(new Event('online'))")
            await expect(page.locator('[data-seq="2150"] .reactions')).to_be_attached()
            assert await page.evaluate(STANDS, 2150) == before
            await page.evaluate(READ_ON, [2500, False])
