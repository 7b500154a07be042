"""Measure the page, and say how far each figure is from its limit."""

import argparse
import asyncio
import math
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import CDPSession, Page

from benchmarks.generator import CACHE, HERE
from benchmarks.page.stage import Stage, cpu, serve, stage, watch

RATE = 1_000  # messages a second
MIB = 1 << 20
TYPED = "somebody types while all of this arrives in the room, and each key is seen at once"
OPEN = """(room) => new Promise((resolve) => {
  document.querySelector(`#rooms [data-room="${room}"]`).click();
  (function look() {
    if (document.querySelector(`.message[data-room="${room}"]`)) resolve();
    else requestAnimationFrame(look);
  })();
})"""
READ_UP = """async (upto) => {
  const scroller = document.getElementById('scroller');
  let most = 0;
  for (let first = Infinity; first > upto; ) {
    scroller.scrollTop = 0;
    await new Promise(requestAnimationFrame);
    const rows = document.querySelectorAll('.log .message');
    most = Math.max(most, rows.length);
    first = Number(rows[0].dataset.seq);
  }
  return most;
}"""
READ_HERE = """() => {
  const scroller = document.getElementById('scroller');
  const { top } = scroller.getBoundingClientRect();
  spied.seq = [...scroller.querySelectorAll('.message')].find((row) => row.getBoundingClientRect().top > top).dataset.seq;
  spied.tops = [];
}"""
PAINTED = """() => new Promise((resolve) => {
  (function look() {
    if (!document.querySelector('.message')) return requestAnimationFrame(look);
    const { responseEnd } = performance.getEntriesByType('navigation')[0];
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - responseEnd)));
  })();
})"""


class Figure(NamedTuple):
    """What was measured."""

    what: str
    value: float
    limit: float
    unit: str


async def opening(on: Stage) -> list[Figure]:
    """The processor's time until a room of many messages is shown."""
    page = await on.page(on.reader.rooms[1])
    await page.wait_for_function("document.querySelectorAll('#rooms .unread').length > 1")
    session = await watch(page)
    await page.wait_for_timeout(3000)  # until what the page does after its beginning is done
    before = await cpu(session)
    await page.evaluate(OPEN, on.room)
    await page.wait_for_timeout(300)
    took = await cpu(session) - before
    unread = await page.locator("#rooms .unread").count()
    await page.context.close()
    rooms = len(on.reader.rooms)
    return [
        Figure("main thread, to open the room", 1000 * took, 100, "ms"),
        Figure(f"of {rooms} unread rooms, those not shown as unread", rooms - unread, 3, ""),
    ]


async def typing(on: Stage, seconds: int) -> list[Figure]:
    """What a frame costs, and how long a key waits, while very many messages come."""
    page = await on.page(on.room)
    await to_end(page)
    session = await watch(page)
    field = page.locator("#composer textarea")
    await field.wait_for()
    await page.evaluate("() => { spied.frames = 0; spied.waits = []; }")
    before = await cpu(session)
    writing = asyncio.create_task(on.write(RATE * seconds, RATE))
    while not writing.done():
        await field.press_sequentially(TYPED[:10], delay=100)
    await writing
    took = await cpu(session) - before
    spied = await page.evaluate("spied")
    each = 1000 * took / spied["frames"]
    await page.context.close()
    return [
        Figure(f"main thread, a frame of {RATE:,} messages/s", each, 9, "ms"),
        Figure("longest wait of a key meanwhile", max(spied["waits"]), 100, "ms"),
    ]


async def reading(on: Stage, far: int) -> list[Figure]:
    """Whether what one reads moves, how many rows there are, and how the heap grows as one reads far up and goes back."""
    page = await on.page(on.room)
    await to_end(page)
    session = await watch(page)
    newest = int(await page.locator(".log .message").last.get_attribute("data-seq") or 0)
    most = await page.evaluate(READ_UP, newest - 2000)
    await page.evaluate(READ_HERE)
    await on.write(2 * RATE)
    await page.locator("#pill", has_text="2,000 new").wait_for()
    tops = (await page.evaluate("spied"))["tops"]
    moved = math.inf if any(top is None for top in tops) else max(tops) - min(tops)
    await page.evaluate("() => { spied.seq = undefined; spied.tops = []; }")
    begun = await heap(session)
    most = max(most, await page.evaluate(READ_UP, newest - far))
    for _ in range(5):
        await page.locator("#pill").click()
        most = max(most, await page.evaluate(READ_UP, newest - 500))
    grown = await heap(session) - begun
    await page.context.close()
    return [
        Figure("what one reads moves by, at most", moved, 1, "px"),
        Figure("rows of messages, at most", most, 200, ""),
        Figure(f"heap grown after {far:,} messages up and back", max(grown, 0) / MIB, 4, "MiB"),
    ]


async def to_end(page: Page) -> None:
    """Go from what is new to the newest message."""
    await page.wait_for_timeout(1000)
    if await page.locator("#pill").is_visible():
        await page.locator("#pill").click()
    await page.locator("#pill").wait_for(state="hidden")


async def heap(session: CDPSession) -> float:
    """How large the heap is without what nobody uses."""
    await session.send("HeapProfiler.collectGarbage")
    return float((await session.send("Runtime.getHeapUsage"))["usedSize"])


async def starting(on: Stage) -> list[Figure]:
    """How long the page takes to show its messages with a warm cache, and without a server."""
    page = await on.page(on.room)
    await page.evaluate("navigator.serviceWorker.ready")
    await page.wait_for_function("navigator.serviceWorker.controller !== null")
    await page.wait_for_timeout(3000)  # until this device keeps the room
    on.process.kill()
    await on.process.wait()
    took = []
    for _ in range(5):
        await page.reload(wait_until="commit")
        took.append(await page.evaluate(PAINTED))
    await page.context.close()
    on.process = await serve(on.data, on.port)
    return [Figure("from the start to the messages, without a server", min(took), 300, "ms")]


async def measure(options: argparse.Namespace) -> list[Figure]:
    """Measure all of it, one after the other."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        async with stage(Path(folder), options.messages, options.rooms) as on:
            parts: tuple[Callable[[], Awaitable[list[Figure]]], ...] = (
                lambda: opening(on),
                lambda: typing(on, options.seconds),
                lambda: reading(on, options.far),
                lambda: starting(on),
            )
            for part in parts:
                found += await part()
    return found


def draw(found: list[Figure], path: Path) -> None:
    """Draw each figure as a share of its limit."""
    from matplotlib import pyplot

    from benchmarks.plots import INK, REST, STYLE

    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(figsize=(8, 0.42 * len(found) + 1.6), layout="constrained")
        for place, each in enumerate(reversed(found)):
            share = min(each.value / each.limit, 2)
            axes.barh(place, share, color="#d9480f" if share > 1 else REST, height=0.68)
            label = f"{each.value:.1f} of {each.limit:g} {each.unit}"
            axes.annotate(
                label, (max(share, 1), place), (6, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(range(len(found)), [each.what for each in reversed(found)])
        axes.axvline(1, color=INK, lw=1.5)
        axes.margins(x=0.3)
        axes.set_xticks([0, 0.5, 1], ["0", "", "limit"])
        axes.set_title("The page, against its limits")
        figure.savefig(path, dpi=160, metadata={"Software": None})


def main() -> int:
    """Measure, print a table and draw; the exit code says whether all limits hold."""
    parser = argparse.ArgumentParser("python -m benchmarks.page", description=__doc__)
    for name, value in (("messages", 100_000), ("rooms", 300), ("seconds", 10), ("far", 10_000)):
        parser.add_argument(f"--{name}", type=int, default=value, help=f"by default {value:,}")
    parser.add_argument("--picture", type=Path, default=HERE / "results" / "bench-page.png")
    options = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    options.picture.parent.mkdir(exist_ok=True)
    found = asyncio.run(measure(options))
    print("| what | measured | limit |\n|---|---:|---:|")
    for what, measured, limit, unit in found:
        print(f"| {what} | {measured:.1f} {unit} | {limit:g} {unit} |")
    draw(found, options.picture)
    print(f"Drawn to {options.picture}", file=sys.stderr)
    return int(any(each.value > each.limit for each in found))


if __name__ == "__main__":
    sys.exit(main())
