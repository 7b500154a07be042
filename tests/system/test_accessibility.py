"""axe-core finds nothing wrong with any state of the page, and nothing is too wide: light and dark, on a desk and on a phone, and
from right to left. All texts are from the catalogue: the page is built with one for tests (web/tests/turned.ts), which marks each text.

With TEST_PICTURES=FOLDER (`make pictures`), there is a picture of each of them, too; with TEST_DENSE, as it is with messages close together.
"""

import asyncio
import fcntl
import os
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from playwright.async_api import Browser, Page, Route, expect

from hubbub.server.http.resources.server.page import CONTENT_TYPES
from tests.support.checkout import ROOT
from tests.support.chromium import NO_WORKER, WITH_WORKER
from tests.support.node import NODE, NODE_PATH
from tests.support.server import Server
from tests.system.states import (
    AT_WORK,
    TOURS,
    Team,
    Tour,
    TourAtWork,
    account,
    beside,
    free_rooms,
    furnish,
    missing,
    reading,
    with_files,
    writing,
)

AXE = NODE_PATH / "axe-core" / "axe.min.js"
PICTURES = os.environ.get("TEST_PICTURES", "")
DENSE = os.environ.get("TEST_DENSE", "")

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make clients"),
]


Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


class Device(NamedTuple):
    """A device to look at the page with: its size, other sizes that the same screen may have, and colour schemes."""

    size: tuple[int, int]
    others: tuple[tuple[int, int], ...]
    schemes: tuple[Scheme, ...]
    profile: dict[str, Any]


TABLET, NARROW = (768, 1024), (360, 740)
DEVICES = {
    "desk": Device((1280, 800), (NARROW, TABLET, (640, 400)), SCHEMES, {}),  # the last: at 200 %
    # Its colours are those of the desk.
    "phone": Device(
        NARROW,
        ((320, 740),),
        SCHEMES if PICTURES else ("light",),
        {"has_touch": True, "is_mobile": True},
    ),
}
# The tours with a phone. Each tour of a desk also looks at a narrow window, so others are needed only for pictures,
# and from right to left (TURNED).
BY_PHONE = (free_rooms, reading, with_files) if not PICTURES else (*TOURS, *AT_WORK)
TURNED = [(reading, "desk"), (beside, "phone"), (writing, "phone")]
OF_COLORS = ("color-contrast", "link-in-text-block")  # the rules that look at them
VITE = ROOT / "web" / "node_modules" / "vite" / "bin" / "vite.js"
# The messages whose rule, beside which their author stands, isn't where a line begins.
MARGIN_AT_THE_END = """[...document.querySelectorAll(".message .main")].filter((main) => {
    const { borderLeftWidth: left, borderRightWidth: right, direction } = getComputedStyle(main);
    const speaker = main.parentElement.querySelector(".speaker").getBoundingClientRect();
    const [starts, ends] = direction === "rtl" ? [right, left] : [left, right];
    const isBeside = direction === "rtl" ? speaker.left >= main.getBoundingClientRect().left : speaker.left <= main.getBoundingClientRect().left;
    return starts === "0px" || ends !== "0px" || (speaker.width > 0 && !isBeside);
}).map((main) => `the margin of ${main.textContent}`)"""
# Names of rooms that begin elsewhere than the line does.
NAMES_ASIDE = """[...document.querySelectorAll("#rooms bdi")].filter((name) => {
    const range = document.createRange();
    range.selectNodeContents(name);
    const [text, box] = [range.getBoundingClientRect(), name.getBoundingClientRect()];
    const isTurned = getComputedStyle(name.parentElement).direction === "rtl";
    return text.width < box.width && Math.abs(isTurned ? box.right - text.right : text.left - box.left) > 1;
}).map((name) => `${name.textContent} does not begin where its line does`)"""
# What is wider than the screen, and not in anything that scrolls by itself.
TOO_WIDE = """(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [`${scrollWidth - clientWidth} pixels too wide`] : [];
})()"""
# What one presses or writes in that stands over an edge of the screen, and is not in anything that scrolls sideways.
OVER_THE_EDGE = """[...document.querySelectorAll("button, a[href], input, select, textarea")].filter((each) => {
    const { left, right, width } = each.getBoundingClientRect();
    const isWithin = left >= -1 && right <= document.documentElement.clientWidth + 1;
    if (isWithin || !width || !each.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
    for (let over = each; over; over = over.parentElement) if (over.scrollWidth > over.clientWidth && /auto|scroll/.test(getComputedStyle(over).overflowX)) return false;
    return true;
}).map((each) => `over the edge: ${each.outerHTML}`)"""
# Fields with a button over where their text may stand.
COVERED = """[...document.querySelectorAll("input, textarea")].filter((field) => {
    const { left, right, width } = field.getBoundingClientRect();
    const { paddingLeft, paddingRight } = getComputedStyle(field);
    const [from, to] = [left + parseFloat(paddingLeft), right - parseFloat(paddingRight)];
    return width && [...field.parentElement.querySelectorAll(":scope > button")].some((each) => {
        const button = each.getBoundingClientRect();
        const isBeside = button.top >= field.getBoundingClientRect().bottom || button.bottom <= field.getBoundingClientRect().top;
        return button.width && !isBeside && button.left < to && button.right > from;
    });
}).map((field) => `a button covers the text of ${field.outerHTML}`)"""
# Hints in empty fields that would end in the middle of a letter where they don't fit.
CUT_OFF = """[...document.querySelectorAll(":is(input, textarea):placeholder-shown")]
    .filter((field) => getComputedStyle(field).textOverflow !== "ellipsis")
    .map((field) => `cut off: ${field.placeholder}`)"""
# Whether something is shown that no size showed in which this state was looked at before.
SHOWS_MORE = """() => {
    const shown = [...document.querySelectorAll("*")].filter((each) => each.checkVisibility({ visibilityProperty: true }));
    const before = (window.shownBefore ??= new WeakSet());
    const isMore = shown.some((each) => !before.has(each));
    for (const each of shown) before.add(each);
    return isMore;
}"""
# Texts in Latin letters that are not from the catalogue, whose texts are marked, nor written by people or the server.
UNTRANSLATED = """(() => {
    const [begin, end] = document.documentElement.dir === "rtl" ? ["א", "ת"] : ["\\u00ad", "\\u200b"];
    const marks = new RegExp(begin === "א" ? "(?<![א-ת])([את])(?![א-ת])" : `([${begin}${end}])`);
    const theirs = "bdi, .body, [dir=auto], .reactions, .files, .stage, code, pre, kbd, time, .day, .why, #no-room p, noscript, script, [role=gridcell], .keys";
    const embedded = document.querySelector("hubbub-room")?.shadowRoot.querySelectorAll("*") ?? [];
    const all = [...document.body.querySelectorAll("*"), ...embedded];
    const shown = new Set(all.filter((each) => each.localName === "bdi").map((each) => each.textContent));
    const bare = (text) => {
        let depth = 0;
        const rest = text.split(marks).map((part) => {
            depth += { [begin]: 1, [end]: -1 }[part] ?? 0;
            return depth || part === end ? "" : part;
        });
        return rest.join("").replace(/\\([^)]*\\)$/, ""); // a key
    };
    const found = [];
    const see = (text, where) => /\\p{Script=Latin}/u.test(bare(text)) && !shown.has(text) && found.push(`not in the catalogue: ${text} in ${where.outerHTML.slice(0, 200)}`);
    for (const each of all) {
        if (each.closest(theirs)) continue;
        for (const name of ["aria-label", "title", "placeholder", "alt"]) if (each.hasAttribute(name)) see(each.getAttribute(name), each);
        for (const node of each.childNodes) if (node.nodeType === Node.TEXT_NODE) see(node.data, each);
    }
    return found;
})()"""
# The regions of the page that are out of place or empty (decision 078).
OUT_OF_PLACE = """(() => {
    const { clientWidth: wide, clientHeight: high, dir } = document.documentElement;
    const boxOf = (selector) => {
        const each = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width);
        if (!each) return undefined;
        const { left, right, top, bottom, width, height } = each.getBoundingClientRect();
        const start = dir === "rtl" ? wide - right : left;
        const { innerText } = each.shadowRoot?.querySelector(".room") ?? each;
        const words = innerText.length - (each.querySelector("header")?.innerText.length ?? 0);
        return { selector, start, end: start + width, top, bottom, width, height, words };
    };
    const found = [];
    const is = (box, ...holds) => box && holds.some((one) => !one) && found.push(`out of place, or empty: ${JSON.stringify(box)}`);
    const near = (one, other, by = 2) => Math.abs(one - other) <= by;
    const boxes = ["#sidebar", "#app > main", "#app > main > header", "#scroller", "#composer", "#panel", "dialog", ".first > *", "hubbub-room", ".hit .main"].map(boxOf);
    const [sidebar, main, head, scroller, composer, panel, dialog, card, embedded, hit] = boxes;
    if (!sidebar && !main && !card && !embedded && !panel) found.push("nothing is there");
    const isWide = wide >= 720;
    const full = (box) => near(box.top, 0) && near(box.bottom, high);
    if (isWide) is(sidebar, sidebar && full(sidebar), near(sidebar?.start, 0), near(sidebar?.width, 248, 12), sidebar?.words > 20);
    const ends = panel && wide >= 1080 ? panel.start : wide;
    is(main, main && full(main), near(main?.start, isWide ? 248 : 0, 12), near(main?.end, ends), main?.words > 0);
    is(head, near(head?.top, 0), head?.height >= 36 && head?.height <= 100, near(head?.width, main?.width));
    is(scroller, scroller?.top >= head?.bottom - 1, scroller?.height >= high / 6, scroller?.bottom <= (composer ?? main)?.bottom + 1);
    is(composer, composer?.start >= main?.start && composer?.end <= main?.end, composer?.bottom <= high && composer?.bottom >= high - 80, composer?.width >= 240);
    is(panel, panel && full(panel), near(panel?.end, wide), panel?.width >= Math.min(wide, 290), panel?.width <= wide * (isWide ? 0.6 : 1), panel?.words > 0);
    is(dialog, dialog?.top >= 0 && dialog?.bottom <= high && dialog?.start >= 0 && dialog?.end <= wide, near(dialog?.start + dialog?.end, wide, 8), dialog?.width >= 260, dialog?.words > 0);
    is(card, near(card?.start + card?.end, wide, 8), card?.width <= 640, card?.words > 0);
    is(hit, hit?.width >= (wide < 600 ? 0.8 * wide : 240));
    is(embedded, embedded?.width >= 240, embedded?.height >= 160, embedded?.words > 0);
    return found;
})()"""
TOO_LARGE = f"[...{TOO_WIDE}, ...{OVER_THE_EDGE}, ...{COVERED}, ...{CUT_OFF}, ...{OUT_OF_PLACE}]"
# What axe finds, and nothing of the rest that it tells: to hand that over takes about as long as to find it.
RUN_AXE = """async (options) => (await axe.run(options)).violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`))"""
ASK_AXE = f"(options) => 'axe' in window ? ({RUN_AXE})(options) : null"


@pytest.fixture(scope="module")
async def team(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Team]:
    """A team at work, on a server that tours share."""
    async with Server(tmp_path_factory.mktemp("team") / "data") as server:
        yield await furnish(server)


@pytest.fixture(scope="module")
async def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, built with a catalogue whose texts are marked and can run from right to left."""
    if not VITE.is_file():
        pytest.skip("what builds the page is not installed: make install builds it")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all processes of this run
    folder = shared / "marked"
    flags = ("--config", "tests/turned.config.ts", "--outDir", str(folder), "--logLevel", "error")
    with (shared / "marked.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not folder.exists():
            building = await asyncio.create_subprocess_exec(
                *(NODE, VITE, "build", *flags), cwd=ROOT / "web"
            )
            assert await building.wait() == 0
    return folder


@pytest.fixture(scope="module")
async def seats(browser: Browser, team: Team, marked: Path) -> AsyncIterator[Mapping[str, Page]]:
    """A page for each device, on which the tours of the team at work go one after the other."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(arriving(device, browser, team.server, marked))
            for name, device in DEVICES.items()
        }


async def instead(route: Route, folder: Path) -> None:
    """Answer with a file of another build, under the same policy."""
    path = route.request.url.partition("/web/")[2]
    if not path and route.request.resource_type != "document":
        await route.continue_()
        return
    answer = await route.fetch() if not path else None  # its policy holds for this page as well
    body = (folder / (path or "index.html")).read_bytes()
    kind = CONTENT_TYPES.get(Path(path or "index.html").suffix)
    await route.fulfill(response=answer, body=body, content_type=kind)


@asynccontextmanager
async def arriving(
    device: Device,
    browser: Browser,
    server: Server,
    folder: Path | None = None,
    workers: dict[str, str] = NO_WORKER,
    is_turned: bool = False,
) -> AsyncIterator[Page]:
    """A page of somebody who has not been here, on a device; as it was built into a folder, if one is given."""
    async with await browser.new_context(
        reduced_motion="reduce",
        base_url=server.url,
        viewport={"width": device.size[0], "height": device.size[1]},
        **(workers | device.profile),
    ) as context:
        if folder:
            await context.route(
                re.compile(r"^http://[^/]+/(web/.+|r/.+|reset|i|claim)?(#.*)?$"),
                lambda route: instead(route, folder),
            )
        if is_turned:
            await context.add_init_script("localStorage.setItem('turned', 'yes')")
        if DENSE:
            await context.add_init_script("localStorage.setItem('hubbub.dense', 'yes')")
        yield await context.new_page()


async def faults(page: Page, *rules: str, without: tuple[str, ...] = ()) -> list[str]:
    """What axe finds, by these rules or all, without some: the rule, and what it found it in."""
    left_out = {rule: {"enabled": False} for rule in without}
    # The rules that need styles and media to be fetched first are about screens that are locked, and media that plays by itself.
    options = {"resultTypes": ["violations"], "rules": left_out, "preload": False}
    options |= {"runOnly": rules} if rules else {}
    found: list[str] | None = await page.evaluate(ASK_AXE, options)
    if found is None:
        await page.evaluate(AXE.read_text())
        found = await page.evaluate(RUN_AXE, options)
    assert found is not None
    return found


class Looking:
    """Looks at one state after another on a device, and keeps what is wrong with them."""

    def __init__(self, page: Page, name: str, device: Device, is_marked: bool = True) -> None:
        self.wrong: list[str] = []
        self._page = page
        self._name = name
        self._device = device
        self._is_marked = is_marked

    async def at(self, state: str) -> None:
        """Look at a state in both schemes, which differ in colours alone, and whether it fits into narrower screens.

        Of those, axe looks at the narrow one, and at others only where they show more, but not at colours, which it has seen
        on the desk. When pictures are made, it looks at everything in every size.
        """
        await self._page.evaluate("delete window.shownBefore")
        await self._page.evaluate(SHOWS_MORE)
        for scheme in self._device.schemes:
            await self._page.emulate_media(color_scheme=scheme)
            rules = OF_COLORS if scheme == "dark" and not PICTURES else ()
            self._complain(await faults(self._page, *rules), state, scheme)
            await self._picture(state, scheme)
        wrong = f"[...{TOO_LARGE}, ...{MARGIN_AT_THE_END}, ...{NAMES_ASIDE}]"
        self._complain(await self._page.evaluate(wrong), state, "its size and sides")
        if self._is_marked:
            self._complain(await self._page.evaluate(UNTRANSLATED), state, "its texts")
        for size in self._device.others:
            await self._resize(size)
            self._complain(await self._page.evaluate(TOO_LARGE), state, str(size))
            if PICTURES or await self._page.evaluate(SHOWS_MORE) or size == NARROW:
                found = await faults(self._page, without=() if PICTURES else OF_COLORS)
                self._complain(found, state, str(size))
            await self._picture(state, str(size[0]))
        await self._resize(self._device.size)
        await self._without_colours(state)

    def _complain(self, found: list[str], state: str, when: str) -> None:
        self.wrong += [f"{state}, {when}: {each}" for each in found]

    async def _resize(self, size: tuple[int, int]) -> None:
        await self._page.set_viewport_size({"width": size[0], "height": size[1]})

    async def _without_colours(self, state: str) -> None:
        """As the page looks where the system forces its own colours."""
        if PICTURES:
            await self._page.emulate_media(forced_colors="active")
            await self._picture(state, "forced")
            await self._page.emulate_media(forced_colors="none")

    async def _picture(self, state: str, how: str) -> None:
        if PICTURES:
            name = f"{state.replace(', ', '-').replace(' ', '-')}.{self._name}.{how}.png"
            await self._page.screenshot(path=Path(PICTURES) / name)


async def look(states: AsyncIterator[str], looking: Looking) -> None:
    """Go on a tour and look at each state. Raises AssertionError at its end, with all that is wrong."""
    async for state in states:
        await looking.at(state)
    assert not looking.wrong, "\n".join(looking.wrong)


def on_tour(tours: Iterable[Any]) -> pytest.MarkDecorator:
    """A tour and a device each."""
    found = [
        pytest.param(tour, device, id=f"{tour.__name__}-{device}")
        for tour, device in product(tours, DEVICES)
        if device == "desk" or tour in BY_PHONE
    ]
    return pytest.mark.parametrize("tour, device", found)


@on_tour(TOURS)
async def test_axe_finds_nothing_and_all_fits(
    browser: Browser, server: Server, marked: Path, tour: Tour, device: str
) -> None:
    # The account window says other things without a service worker, which needs the server's own page.
    folder, workers = (None, WITH_WORKER) if tour is account else (marked, NO_WORKER)
    async with arriving(DEVICES[device], browser, server, folder, workers) as page:
        await look(tour(page, server), Looking(page, device, DEVICES[device], bool(folder)))


@on_tour(AT_WORK)
async def test_axe_finds_nothing_where_a_team_works_and_all_fits(
    browser: Browser,
    team: Team,
    marked: Path,
    seats: Mapping[str, Page],
    tour: TourAtWork,
    device: str,
) -> None:
    if tour is not missing:  # whose page must load anew
        await look(tour(seats[device], team), Looking(seats[device], device, DEVICES[device]))
        await seats[device].goto("about:blank")  # or it would read what is new to other tours
        return
    async with arriving(DEVICES[device], browser, team.server, marked) as page:
        await look(tour(page, team), Looking(page, device, DEVICES[device]))


@pytest.mark.parametrize(
    "tour, device",
    [*product(AT_WORK, DEVICES)] if PICTURES else TURNED,
    ids=lambda given: given if isinstance(given, str) else given.__name__,
)
async def test_so_it_is_from_right_to_left(
    browser: Browser, team: Team, marked: Path, tour: TourAtWork, device: str
) -> None:
    async with arriving(DEVICES[device], browser, team.server, marked, is_turned=True) as page:
        await page.goto("/")
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        await look(tour(page, team), Looking(page, f"{device}-rtl", DEVICES[device]))
