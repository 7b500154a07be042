"""Files on the page: attaching, uploading over cuts, reloads and tabs, and looking at what messages show."""

import asyncio
import base64
import hashlib
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, Response, Route, expect

from tests.support.chromium import WITH_WORKER
from tests.support.images import png, wave
from tests.support.newcomers import PASSWORD, Friends, People, asked, people_of
from tests.support.ports import free_port
from tests.system.test_page import bodies, come_back, composer, kept, message
from tests.system.test_page_offline import stored
from tests.system.test_page_rooms import enter, thread

expect.set_options(timeout=15_000)

pytestmark = pytest.mark.timeout(180)

MAX_FILE = 2 * 2**20
NOISE = hashlib.shake_256(b"files").digest(1_500_000)
SOME_NOISE = NOISE[:100_000]
UPLOADS = "**/api/v1/uploads/*"

# Gives files to an element as the clipboard or a mouse does: [names and texts, kind of event, a folder besides].
GIVE = """([target, files, kind, folder]) => {
  const data = new DataTransfer();
  for (const [name, type, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const element = document.querySelector(target);
  if (kind === "paste") element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  else element.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def some(name: str, data: bytes, kind: str = "application/octet-stream") -> Any:
    """A file to choose."""
    return {"name": name, "mimeType": kind, "buffer": data}


@dataclass
class Cast:
    """Ada, who owns the server, in the room Kitchen; `token` is hers."""

    people: People
    ada: Page
    room: str
    token: str

    async def shown(self) -> list[dict[str, Any]]:
        """The messages with files, as the server has them."""
        path = f"/rooms/{self.room}/messages?limit=100"
        page = await asked(self.people.server, "GET", path, None, self.token)
        return [each for each in page["messages"] if each.get("files")]

    async def content(self, file: str) -> bytes:
        """What is in a file that Ada may see."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.people.server.url}/api/v1/files/{file}"
        async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
            assert answer.status == 200
            return await answer.read()

    async def post(self, *files: tuple[str, bytes], **fields: Any) -> int:
        """Post files as Ada."""
        keys = []
        for name, data in files:
            headers = {"Authorization": f"Bearer {self.token}"}
            url = f"{self.people.server.url}/api/v1/files"
            async with (
                aiohttp.ClientSession(headers=headers) as http,
                http.post(url, params={"name": name}, data=data) as answer,
            ):
                keys.append((await answer.json())["file"])
        path = f"/rooms/{self.room}/messages"
        body = {"files": keys} | fields
        said = await asked(self.people.server, "POST", path, body, self.token)
        return int(said["seq"])


@asynccontextmanager
async def casting(browser: Browser, data: Path, **profile: Any) -> AsyncIterator[Cast]:
    port = str(free_port())
    origins = (
        *("--port", port, "--public-url", f"http://127.0.0.1:{port}"),
        *("--files-origin", f"http://files.localhost:{port}"),
    )
    limit = "--max-file-size", str(MAX_FILE)
    async with people_of(browser, data, *origins, *limit, **profile) as people:
        ada = await people.owner()
        await people.closed_room(ada, "Kitchen")
        entered = {"handle": "ada", "password": PASSWORD, "wants": "token"}
        token = (await asked(people.server, "POST", "/login", entered))["token"]
        yield Cast(people, ada, ada.url.rpartition("/")[2], token)


@pytest.fixture(scope="module")
async def cast(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cast]:
    async with casting(browser, tmp_path_factory.mktemp("files") / "data") as made:
        yield made


@pytest.fixture(scope="module")
async def grace(cast: Cast) -> Page:
    """Grace's page, in that room, too."""
    page = await cast.people.invited(cast.ada, "Grace")
    await cast.people.ask(cast.ada, "POST", f"/rooms/{cast.room}/members", {"who": ["grace"]})
    await enter(page)
    return page


@pytest.fixture
async def ada(cast: Cast) -> AsyncIterator[Page]:
    """Ada's page, with nothing written or attached."""
    page = cast.ada
    await page.bring_to_front()
    yield page
    await page.unroute_all()
    await page.keyboard.press("Escape")
    while await chips(page).count():
        await chips(page).first.get_by_role("button", name="Remove").click()
    await composer(page).fill("")


def answers_of_files(page: Page) -> list[tuple[str | None, bool]]:
    """Which host answers, from now on, when the page shows a file, and whether with the file itself."""
    given = list[tuple[str | None, bool]]()

    def note(got: Response) -> None:
        if "/files/" in got.url:
            given.append((urlsplit(got.url).hostname, got.ok))

    page.on("response", note)
    return given


def chips(page: Page) -> Locator:
    return page.locator("#composer").get_by_role("list", name="Attached files").locator("li")


def pending(page: Page) -> Locator:
    """The messages that wait."""
    return page.get_by_role("list", name="Not yet sent").locator(".pending")


async def choose(page: Page, *files: Any) -> None:
    await page.locator("#composer input[type=file]").set_input_files(list(files))


class Gate:
    """Holds the parts of uploads back until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.held = 0

    async def __call__(self, route: Route) -> None:
        if route.request.method == "PATCH":
            self.held += 1
            await self.opened.wait()
        await route.continue_()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def test_files_are_sent_with_a_message_and_shown_in_their_boxes(
    cast: Cast, ada: Page, grace: Page
) -> None:
    gate = Gate()
    await ada.route(UPLOADS, gate)
    await choose(ada, some("plan.png", png(600, 400), "image/png"), some("notes.txt", b"notes"))
    await expect(chips(ada)).to_have_count(2)
    await expect(chips(ada).first).to_contain_text("plan.png")
    alt = chips(ada).get_by_role("textbox", name="Alt text for")  # of the picture only
    is_wide = "field => field.offsetWidth > 0.9 * field.closest('li').clientWidth"
    assert await alt.evaluate(is_wide), "the field has a line of its own, so that its hint fits"
    await alt.fill("The floor plan")
    await alt.press("Enter")
    await expect(composer(ada)).to_be_focused()
    await composer(ada).fill("Have a look")
    await composer(ada).press("Enter")
    await expect(chips(ada)).to_have_count(0)
    await expect(pending(ada)).to_contain_text("Sending… 2 files to upload")
    await composer(ada).fill("and this, meanwhile")
    await composer(ada).press("Enter")
    await expect(message(ada, "and this, meanwhile")).to_be_visible()
    await expect(pending(ada)).to_have_count(1)
    gate.opened.set()
    shown = message(grace, "Have a look").get_by_role("list", name="Files")
    picture = shown.get_by_role("img", name="The floor plan", exact=True)
    await expect(picture).to_have_js_property("naturalWidth", 600)
    assert await picture.evaluate("({ width, height }) => [width, height]") == [360, 240]
    await expect(shown.get_by_role("link", name="notes.txt TXT · 5 bytes")).to_be_visible()
    await expect(pending(ada)).to_have_count(0)


async def test_pictures_are_pasted_and_files_are_dropped_anywhere_in_a_room(
    cast: Cast, ada: Page, grace: Page
) -> None:
    picture = ["image.png", "image/png", list(png(4, 4))]
    await ada.evaluate(GIVE, ["#composer textarea", [picture], "paste", False])
    await expect(chips(ada)).to_have_count(1)
    await expect(chips(ada)).to_contain_text(re.compile(r"Pasted picture .+\.png"))
    dropped = [["a.txt", "text/plain", [97]], ["b.txt", "text/plain", [98]]]
    await ada.evaluate(GIVE, ["#scroller", dropped, "dragenter", False])
    await expect(ada.get_by_text("Drop files to attach them in Kitchen")).to_be_visible()
    await ada.evaluate(GIVE, ["#scroller", dropped, "drop", False])
    await expect(ada.get_by_text("Drop files to attach them in Kitchen")).to_be_hidden()
    await expect(chips(ada)).to_have_count(3)
    await composer(ada).press("Enter")  # a message with files needs no text
    shown = grace.get_by_role("log").locator(".message").last
    await expect(shown.get_by_role("link", name=re.compile("b.txt"))).to_be_visible()
    await expect(pending(ada)).to_have_count(0)
    (last,) = (await cast.shown())[-1:]
    assert [each["name"] for each in last["files"]][1:] == ["a.txt", "b.txt"]


async def test_what_is_too_large_or_too_much_is_said_before_anything_is_sent(
    cast: Cast, ada: Page
) -> None:
    await choose(ada, some("film.mov", b"-" * (MAX_FILE + 1)))
    why = ada.locator("#composer").get_by_role("alert")
    await expect(why).to_have_text("film.mov is too large (2 MiB): the limit is 2 MiB")
    await expect(chips(ada)).to_have_count(0)
    limit = "/admin/files/limits/file"
    await cast.people.ask(ada, "PUT", limit, {"size": 2 * MAX_FILE})
    await choose(ada, some("film.mov", b"-" * (MAX_FILE + 1)))
    await ada.get_by_role("button", name="Remove film.mov").click()
    await expect(chips(ada)).to_have_count(0)
    await cast.people.ask(ada, "PUT", limit, {"size": None})
    await choose(ada, *(some(f"{i}.txt", b"-") for i in range(11)))
    await expect(why).to_have_text("A message can have up to 10 files. Send these first")
    await expect(chips(ada)).to_have_count(10)
    await composer(ada).fill("x")
    await expect(why).to_have_count(0)


async def test_four_are_uploaded_at_once_and_each_can_be_paused_and_removed(
    cast: Cast, ada: Page
) -> None:
    gate = Gate()
    await ada.route(UPLOADS, gate)
    await choose(ada, *(some(f"{i}.txt", b"-" * 9) for i in range(6)))
    await expect(chips(ada).filter(has_text="Waiting for its turn")).to_have_count(2)
    await ada.get_by_role("button", name="Pause 0.txt").click()
    await expect(chips(ada).first).to_contain_text("Paused")
    await expect(chips(ada).filter(has_text="Waiting for its turn")).to_have_count(1)
    await ada.get_by_role("button", name="Remove 1.txt").click()
    await expect(chips(ada)).to_have_count(5)
    await expect(chips(ada).filter(has_text="Waiting for its turn")).to_have_count(0)
    gate.opened.set()
    await expect(chips(ada).filter(has_text="Uploaded")).to_have_count(4)
    await expect(chips(ada).first).to_contain_text("Paused")
    await ada.get_by_role("button", name="Resume 0.txt").click()
    await expect(chips(ada).filter(has_text="Uploaded")).to_have_count(5)


async def test_an_upload_that_is_cut_three_times_arrives_as_it_is(
    cast: Cast, ada: Page, grace: Page
) -> None:
    cuts, gate, passed = 3, Gate(), 0

    async def cut(route: Route) -> None:
        nonlocal cuts, passed
        if route.request.method == "PATCH" and cuts:
            cuts -= 1
            await route.abort("connectionreset")
        elif route.request.method == "PATCH" and (passed := passed + 1) > 1:
            await gate(route)
        else:
            await route.continue_()

    await ada.route(UPLOADS, cut)
    await choose(ada, some("noise.bin", NOISE))
    progress = chips(ada).get_by_role("progressbar", name="Upload of noise.bin")
    await expect(progress).to_have_js_property("value", 32 * 1024)  # a part, small after cuts
    await expect(progress).to_have_js_property("max", len(NOISE))
    gate.opened.set()
    await composer(ada).fill("cut")
    await composer(ada).press("Enter")
    await expect(message(grace, "cut").get_by_role("list", name="Files")).to_be_visible()
    assert not cuts
    cast.people.wrong.clear()  # what the browser says of the cuts
    (last,) = (await cast.shown())[-1:]
    assert sha256(await cast.content(last["files"][0]["file"])) == sha256(NOISE)


async def test_what_the_server_refuses_says_why_and_can_be_tried_again(
    cast: Cast, ada: Page, grace: Page
) -> None:
    refused = {
        "code": "too_large",
        "detail": "Storage limit reached: your files may use 9 bytes",
        "temporary": False,
    }
    await ada.route("**/api/v1/uploads", lambda route: route.fulfill(status=413, json=refused))
    await choose(ada, some("a.txt", b"-" * 10))
    await expect(chips(ada)).to_contain_text(
        "Not uploaded: Storage limit reached: your files may use 9 bytes"
    )
    await composer(ada).fill("refused")
    await composer(ada).press("Enter")
    await expect(ada.locator("#composer .why")).to_contain_text("Try again, or remove it")
    await ada.unroute("**/api/v1/uploads")
    await ada.get_by_role("button", name="Try a.txt again").click()
    await expect(chips(ada)).to_contain_text("Uploaded")
    await composer(ada).press("Enter")
    await expect(message(grace, "refused").get_by_role("list", name="Files")).to_be_visible()


async def test_pictures_are_looked_at_one_after_the_other_by_keyboard(
    cast: Cast, ada: Page
) -> None:
    given = answers_of_files(ada)
    await cast.post(("one.png", png(800, 600)), ("two.png", png(900, 600)), text="pictures")
    await cast.post(("three.png", png(3000, 2000)), text="one more")
    first = ada.get_by_role("link", name="one.png")
    await expect(ada.get_by_role("img", name="three.png")).to_be_visible()
    await first.focus()
    await ada.keyboard.press("Enter")
    viewer = ada.get_by_role("dialog", name="one.png")
    await expect(viewer.get_by_role("img", name="one.png")).to_be_visible()
    await ada.keyboard.press("ArrowRight")
    await ada.keyboard.press("ArrowRight")
    viewer = ada.get_by_role("dialog", name="three.png")
    picture = viewer.get_by_role("img", name="three.png")
    await expect(picture).to_have_js_property("naturalWidth", 3000)
    assert await picture.evaluate("image => image.width < innerWidth")
    await ada.keyboard.press("+")
    await expect(viewer.get_by_role("button", name="Actual size")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert await picture.evaluate("image => image.width") == 3000
    await ada.keyboard.press("-")
    await ada.keyboard.press("ArrowRight")  # it is the last one
    await expect(viewer).to_be_visible()
    assert set(given) == {("127.0.0.1", False), ("files.localhost", True)}
    async with ada.expect_download() as saving:
        await viewer.get_by_role("link", name="Save").click()
    assert (await saving.value).suggested_filename == "three.png"
    await ada.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()
    await expect(first).to_be_focused()


# A film of a canvas, recorded by the browser, in base64: [its type].
FILMED = """async (mimeType) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
  const [brush, film, parts] = [canvas.getContext("2d"), new MediaRecorder(canvas.captureStream(), { mimeType }), []];
  const painting = setInterval(() => brush.fillRect(Math.random() * 64, Math.random() * 36, 9, 9), 20);
  await new Promise((resolve) => {
    film.ondataavailable = ({ data }) => parts.push(data) === 2 && film.stop();
    film.onstop = resolve;
    film.start(200);
  });
  clearInterval(painting);
  return btoa(String.fromCharCode(...new Uint8Array(await new Blob(parts).arrayBuffer())));
}"""
MINUTES = 15  # of a sound that is too large for a browser to get all of it before it plays


async def shared(people: People, page: Page, given: dict[str, bytes]) -> Locator:
    """Post files in the open room; returns what shows them."""
    session = {each["name"]: each["value"] for each in await page.context.cookies()}
    keys, url = [], f"{people.server.url}/api/v1/files"
    async with aiohttp.ClientSession(
        cookies=session, headers={"Origin": people.server.url}
    ) as http:
        for name, data in given.items():
            async with http.post(url, params={"name": name}, data=io.BytesIO(data)) as made:
                keys.append((await made.json())["file"])
    path = f"/rooms/{page.url.rpartition('/')[2]}/messages"
    await people.ask(page, "POST", path, {"files": keys})
    return page.get_by_role("log").get_by_role("list", name="Files").last


async def played(page: Page, shown: Locator) -> set[tuple[str | None, int]]:
    """Play all of it, go to the end of the sound, and leave the room while it plays.

    Returns who answered requests for ranges, and from which half of the sound on.
    """
    answers = set[tuple[str | None, int]]()

    async def note(got: Response) -> None:
        wanted = (await got.request.all_headers()).get("range", "").replace("=", " ")
        if "/files/" in got.url and wanted and got.status != 307:
            assert got.status == 206
            assert got.headers["content-range"].startswith(wanted)
            first = int(wanted.removeprefix("bytes ").partition("-")[0])
            answers.add((urlsplit(got.url).hostname, 2 * first // len(wave(60 * MINUTES))))

    page.on("response", note)
    await shown.get_by_role("link", name=re.compile("words.txt")).focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    sound = await shown.locator("audio").element_handle()
    plays = "player => player.currentTime > 0 && !player.paused && !player.error"
    await page.wait_for_function(plays, arg=sound)
    for kind in ("webm", "mp4"):
        film = await shown.locator(f"video[aria-label='film.{kind}']").element_handle()
        assert film is not None
        assert await film.evaluate("film => film.play().then(() => film.videoWidth)") == 64
        await page.wait_for_function("film => film.currentTime > 0 && !film.error", arg=film)
    await page.wait_for_function("sound => sound.paused", arg=sound)  # one at a time
    late = 60 * (MINUTES - 1)
    await page.evaluate(
        "([sound, late]) => { sound.currentTime = late; return sound.play(); }", [sound, late]
    )
    there = "([sound, late]) => sound.currentTime > late && !sound.seeking && !sound.paused"
    await page.wait_for_function(there, arg=[sound, late])
    await enter(page, "Pantry")
    await page.wait_for_function("sound => !sound.isConnected && sound.paused", arg=sound)
    page.remove_listener("response", note)
    return answers


async def test_sounds_and_films_play_and_stop_when_one_leaves_the_room(
    cast: Cast, ada: Page, friends: Friends
) -> None:
    limit = "/admin/files/limits/file"
    await cast.people.ask(ada, "PUT", limit, {"size": 2**30})
    films = {
        f"film.{kind}": base64.b64decode(await ada.evaluate(FILMED, f"video/{kind}"))
        for kind in ("webm", "mp4")
    }
    given = {"words.txt": b"words", "talk.wav": wave(60 * MINUTES)} | films
    for people, page, host in (
        (cast.people, ada, "files.localhost"),
        (friends.people, friends.ada, "127.0.0.1"),
    ):
        await people.closed_room(page, "Pantry")
        await people.closed_room(page, "Cinema")
        shown = await shared(people, page, given)
        assert await played(page, shown) == {(host, 0), (host, 1)}
    await cast.people.ask(ada, "PUT", limit, {"size": None})
    await enter(ada)


async def test_files_go_in_threads_and_are_saved_pinned_and_forwarded_with_their_messages(
    cast: Cast, ada: Page
) -> None:
    seq = await cast.post(("kettle.png", png(30, 20)), ("song.wav", wave()), text="The kettle")
    room = cast.room
    for method, path in (("PUT", f"/rooms/{room}/pins/{seq}"), ("PUT", f"/me/saved/{room}/{seq}")):
        await asked(cast.people.server, method, path, {}, cast.token)
    forwarded = {"text": "see", "of": {"room": room, "message": seq}}
    await asked(cast.people.server, "POST", f"/rooms/{room}/messages", forwarded, cast.token)
    kettle = message(ada, "The kettle").first
    await expect(kettle.locator("audio")).to_have_attribute("aria-label", "song.wav")
    await expect(ada.locator(".forwarded").get_by_role("img", name="kettle.png")).to_be_visible()
    for name in ("Pinned messages", "Saved messages"):
        await ada.get_by_role("button", name=name).first.click()
        beside = ada.get_by_role("complementary")
        await expect(beside.get_by_role("img", name="kettle.png")).to_be_visible()
    await ada.goto(f"{cast.people.server.url}/r/{room}/{seq}")
    await kettle.hover()
    await kettle.get_by_role("button", name="Reply in thread").click()
    await thread(ada).locator("input[type=file]").set_input_files([some("milk.txt", b"milk")])
    await expect(thread(ada).get_by_role("list", name="Attached files")).to_contain_text("milk.txt")
    await thread(ada).get_by_role("textbox", name="Reply").press("Enter")
    shown = thread(ada).get_by_role("log").get_by_role("link", name=re.compile("milk.txt"))
    await expect(shown).to_be_visible()
    await thread(ada).get_by_role("button", name="Close").click()


async def test_a_message_with_files_is_edited_and_deleted(cast: Cast, ada: Page) -> None:
    await cast.post(("a.txt", b"a"), ("lake.png", png(30, 20)), text="wrong words")
    said = message(ada, "wrong words")
    await expect(said).to_be_visible()
    await composer(ada).press("ArrowUp")
    await ada.get_by_role("textbox", name="Edit message").fill("")
    alt = ada.get_by_role("log").get_by_role("textbox", name="Alt text for lake.png")
    await alt.fill("A lake at dawn")
    await alt.press("Enter")
    last = ada.get_by_role("log").locator(".message").last
    await expect(last).not_to_contain_text("wrong words")
    await expect(last.get_by_role("link", name=re.compile("a.txt"))).to_be_visible()
    await last.get_by_role("img", name="A lake at dawn", exact=True).click()
    viewer = ada.get_by_role("dialog", name="lake.png")
    await expect(viewer.get_by_role("img", name="A lake at dawn")).to_be_visible()
    await expect(viewer.get_by_text("A lake at dawn")).to_be_visible()
    await ada.keyboard.press("Escape")
    await last.hover()
    await last.get_by_role("button", name="Delete", exact=True).click()
    await last.get_by_role("button", name="Delete?").click()
    await expect(last.get_by_role("list", name="Files")).to_have_count(0)
    await expect(last).to_contain_text("deleted")


async def test_what_one_may_no_longer_see_or_hear_says_so(cast: Cast, ada: Page) -> None:
    await ada.route("**/api/v1/files/*", lambda route: route.fulfill(status=404, json={}))
    await cast.post(("gone.png", png(40, 30)), ("gone.wav", wave()), text="gone")
    gone, play = message(ada, "gone").last, "player => player.play().catch(() => {})"
    await gone.locator("audio").evaluate(play)
    why = "This file is no longer here, or you can't see it any more"
    await expect(gone.get_by_text(why)).to_have_count(2)
    await ada.unroute("**/api/v1/files/*")
    broken = png(40, 30)[:-40]
    await cast.post(("broken.png", broken), ("broken.wav", wave()[:30]), text="broken files")
    await expect(message(ada, "broken files")).to_contain_text("This file can't be shown")
    await message(ada, "broken files").locator("audio").evaluate(play)
    await expect(message(ada, "broken files")).to_contain_text("This file can't be played")


async def test_however_long_a_name_is_nothing_is_wider_than_a_phone(cast: Cast, ada: Page) -> None:
    await cast.post((f"{'talk ' * 20}.wav", wave()), (f"{'x' * 99}.txt", b"x"), text="long names")
    shown = message(ada, "long names").last.get_by_role("list", name="Files")
    size = ada.viewport_size
    assert size is not None
    await ada.set_viewport_size({"width": 360, "height": 740})
    await expect(shown.get_by_role("link", name=re.compile("xxx"))).to_be_visible()
    wider = "list => [...list.querySelectorAll('*')].filter((each) => each.getBoundingClientRect().right > innerWidth).length"
    assert await shown.evaluate(wider) == 0
    await ada.set_viewport_size(size)


async def write_with_a_file(page: Page, name: str) -> None:
    await choose(page, some(f"{name}.bin", SOME_NOISE + name.encode()))
    await expect(chips(page)).to_contain_text(f"{name}.bin")
    await composer(page).fill(name)
    await composer(page).press("Enter")


async def test_files_attached_offline_in_two_tabs_arrive_once_after_reloads(
    browser: Browser, tmp_path: Path
) -> None:
    async with casting(browser, tmp_path / "data", **WITH_WORKER) as cast:
        ada = cast.ada
        await kept(ada)
        await cast.post(("table.png", png(40, 30)), text="table")
        await stored(ada, cast.room, 1)
        other = await ada.context.new_page()
        await other.goto(ada.url)
        await expect(composer(other)).to_be_visible()
        await expect(other.get_by_role("button", name="Attach files")).to_be_visible()
        await cast.people.server.kill()
        for page, name in ((ada, "first"), (other, "second")):
            await write_with_a_file(page, name)
            await expect(pending(ada).filter(has_text=name)).to_contain_text(f"{name}.bin")
        await choose(other, some("draft.png", png(4, 4), "image/png"))
        await chips(other).get_by_role("textbox").fill("A dot")
        await expect(chips(ada)).to_contain_text("draft.png")
        await expect(pending(other)).to_have_count(2)
        await asyncio.gather(ada.reload(), other.reload())
        for page in (ada, other):
            await expect(pending(page)).to_have_count(2)
            alt = chips(page).get_by_role("textbox", name="Alt text for draft.png")
            await expect(alt).to_have_value("A dot")
        await expect(message(ada, "table")).to_contain_text("appear once you're back online")
        await come_back(cast.people.server, ada, other)
        for page in (ada, other):
            await expect(pending(page)).to_have_count(0)
            await expect(bodies(page)).to_have_text(["table", "first", "second"])
            await expect(chips(page)).to_contain_text("Uploaded")
            table = message(page, "table").get_by_role("img", name="table.png")
            await expect(table).to_have_js_property("naturalWidth", 40)
        digests = {
            each["text"]: [sha256(await cast.content(file["file"])) for file in each["files"]]
            for each in await cast.shown()
            if each["text"] != "table"
        }
        assert digests == {
            name: [sha256(SOME_NOISE + name.encode())] for name in ("first", "second")
        }
        cast.people.wrong.clear()  # the server was away


async def test_a_device_without_space_says_so_and_uploads_all_the_same(
    browser: Browser, tmp_path: Path
) -> None:
    async with casting(browser, tmp_path / "data") as cast:
        full = """const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (value, ...more) {
          if (value?.content) throw new DOMException("no space", "QuotaExceededError");
          return put.call(this, value, ...more);
        };"""
        await cast.ada.add_init_script(full)
        await cast.ada.reload()
        gate = Gate()
        await cast.ada.route(UPLOADS, gate)
        await choose(cast.ada, some("a.txt", b"a"))
        await expect(chips(cast.ada)).to_contain_text("Not enough space on this device")
        await composer(cast.ada).fill("kept nowhere")
        await composer(cast.ada).press("Enter")
        await expect(pending(cast.ada)).to_contain_text("1 file to upload")  # and is kept
        await cast.ada.reload()
        await expect(pending(cast.ada)).to_contain_text("This device no longer has the file")
        await pending(cast.ada).get_by_role("button", name="Discard").click()
        await cast.ada.unroute_all(behavior="ignoreErrors")
        gate.opened.set()
        await choose(cast.ada, some("b.txt", b"b"))
        await expect(chips(cast.ada)).to_contain_text("Uploaded")
        await composer(cast.ada).fill("sent at once")
        await composer(cast.ada).press("Enter")
        await expect(
            message(cast.ada, "sent at once").get_by_role("list", name="Files")
        ).to_be_visible()
