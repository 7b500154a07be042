"""Files over HTTP: uploading whole and in parts, posting, and who gets them, as long as they may."""

import asyncio
import base64
import errno
import fcntl
import hashlib
import io
import os
import shutil
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import aiohttp.web
import pytest

from hubbub import cli
from hubbub.domain.aspects.files import MAX_WAITING
from hubbub.protocol.files import KEY_BYTES
from hubbub.server.files import directory, sweeping, uploads
from hubbub.server.files.directory import Appender
from tests.support.downloads import held_back
from tests.support.images import GIF, IMAGES, JPEG, png
from tests.support.site import Answer, Site, Someone, site, site_again

MAX_FILE, PER_PERSON = 3_000_000, 8_000_000
TUS = {"Tus-Resumable": "1.0.0"}
PART = TUS | {"Content-Type": "application/offset+octet-stream"}
NOISE = hashlib.shake_256(b"noise").digest(300_000)


class Here(NamedTuple):
    """A server, its files, and three accounts: two of them share a closed room."""

    site: Site
    files: Path
    ada: Someone
    grace: Someone
    eve: Someone  # no member
    room: str


@pytest.fixture(scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    data = tmp_path_factory.mktemp("files")
    limits = {"max_file_size": MAX_FILE, "files_per_person": PER_PERSON}
    async with site(data, guests="on", **limits) as made:
        grace, eve = await made.ada.bring_in("grace"), await made.ada.bring_in("eve")
        given = {"kind": "closed", "title": "Kitchen", "who": [grace.account]}
        room = (await made.ada.ask("POST", "/rooms", given)).body["made"]
        yield Here(made, data / "files", made.ada, grace, eve, room)


async def raw(
    who: Someone, method: str, path: str, data: Any = None, **headers: str
) -> tuple[int, Any, bytes]:
    """Ask for something under /api/v1, with a body as it is."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if who.token:
        given["Authorization"] = f"Bearer {who.token}"
    data = io.BytesIO(data) if isinstance(data, bytes) else data
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as http,
        http.request(method, f"{who.url}/api/v1{path}", data=data, headers=given) as answer,
    ):
        return answer.status, answer.headers, await answer.read()


async def upload(who: Someone, data: bytes, name: str = "notes.txt") -> Answer:
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{who.url}/api/v1/files",
            params={"name": name},
            data=io.BytesIO(data),
            headers={"Authorization": f"Bearer {who.token}"},
        ) as answer,
    ):
        return Answer(answer.status, await answer.json(content_type=None), answer.headers)


async def post(here: Here, who: Someone, *files: str, **fields: Any) -> Answer:
    return await who.ask("POST", f"/rooms/{here.room}/messages", {"files": [*files]} | fields)


async def posted(here: Here, data: bytes, name: str = "notes.txt") -> tuple[str, int]:
    """Post a file of Ada's; returns its key, and the message's number."""
    file = (await upload(here.ada, data, name)).body["file"]
    answer = await post(here, here.ada, file)
    assert answer.status == 201, answer.body
    return file, answer.body["seq"]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - files have no event
            await asyncio.sleep(0.02)


def on_disk(here: Here, file: str) -> bool:
    return any(here.files.rglob(file))


# --- who gets a file ---


async def test_a_file_is_there_for_whoever_may_read_a_message_that_shows_it(here: Here) -> None:
    told = (await upload(here.ada, NOISE, "plan.bin")).body
    assert told == {
        "file": told["file"],
        "name": "plan.bin",
        "type": "application/octet-stream",
        "size": len(NOISE),
        "sha256": hashlib.sha256(NOISE).hexdigest(),
    }
    path = f"/files/{told['file']}"
    for who in (here.ada, here.grace, here.eve, here.site.stranger):
        assert (await who.ask("GET", path)).code == "not_found"
    answer = await post(here, here.ada, told["file"], text="Here is the plan")
    message = (
        await here.grace.ask("GET", f"/rooms/{here.room}/messages/{answer.body['seq']}")
    ).body["message"]
    assert message["text"] == "Here is the plan"
    shown = {name: told[name] for name in ("file", "name", "type", "size")}
    assert message["files"] == [shown]
    for who in (here.ada, here.grace):
        assert (await raw(who, "GET", path))[::2] == (200, NOISE)
    nobody = await here.eve.ask("GET", path)
    unknown = await here.eve.ask("GET", f"/files/{'0' * (KEY_BYTES * 8 // 5)}")
    assert (nobody.status, nobody.body) == (404, unknown.body)
    assert (await here.site.stranger.ask("GET", path)).body == unknown.body


async def test_only_its_owner_posts_a_file_and_only_once(here: Here) -> None:
    file = (await upload(here.ada, b"x")).body["file"]
    assert (await post(here, here.grace, file)).code == "not_found"
    assert (await post(here, here.eve, file)).code == "not_found"
    assert (await post(here, here.ada, file, file)).code == "bad_request"
    in_lobby = await here.ada.ask("POST", "/rooms/lobby/messages", {"files": [file]})
    assert (in_lobby.status, in_lobby.code) == (400, "bad_request")
    assert (await post(here, here.ada, *[f"{n}" for n in range(11)])).code == "bad_request"
    answer = await post(here, here.ada, file)
    assert (answer.status, (await post(here, here.ada, file)).code) == (201, "not_found")
    page = (await here.grace.ask("GET", f"/rooms/{here.room}/messages?limit=1")).body
    assert [(each["text"], len(each["files"])) for each in page["messages"]] == [("", 1)]


async def test_who_is_removed_gets_nothing_more_in_the_middle_of_a_file(here: Here) -> None:
    mary = await here.site.ada.bring_in(f"mary-{len(NOISE)}")
    members = f"/rooms/{here.room}/members"
    await here.ada.ask("POST", members, {"who": [mary.account]})
    file, _ = await posted(here, NOISE)
    first = await raw(mary, "GET", f"/files/{file}", Range="bytes=0-999")
    assert (first[0], first[2]) == (206, NOISE[:1000])
    assert (await here.ada.ask("DELETE", f"{members}/{mary.account}")).status == 200
    for headers in ({"Range": "bytes=1000-"}, {"If_None_Match": f'"{file}"'}, {}):
        assert (await raw(mary, "GET", f"/files/{file}", **headers))[0] == 404
    assert (await raw(here.grace, "GET", f"/files/{file}"))[0] == 200


async def test_who_is_removed_while_a_file_is_sent_is_cut_off(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = held_back(monkeypatch)
    mary = await here.site.ada.bring_in("mary-cut")
    members = f"/rooms/{here.room}/members"
    await here.ada.ask("POST", members, {"who": [mary.account]})
    file, _ = await posted(here, NOISE * 10)
    url, headers = f"{mary.url}/api/v1/files/{file}", {"Authorization": f"Bearer {mary.token}"}
    async with (
        aiohttp.ClientSession(read_bufsize=1024) as http,
        http.get(url, headers=headers) as answer,
    ):
        assert answer.status == 200
        got = len(await answer.content.readany())
        assert (await here.ada.ask("DELETE", f"{members}/{mary.account}")).status == 200
        gate.set()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert got < 10 * len(NOISE)


async def test_who_hangs_up_in_the_middle_of_a_file_is_no_failure(
    here: Here, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file, _ = await posted(here, NOISE)
    sound = aiohttp.web.StreamResponse.write

    async def write(self: aiohttp.web.StreamResponse, data: bytes) -> None:
        if self._req is not None and self._req.transport is not None:
            self._req.transport.abort()  # as when the peer has done so: aiohttp learns it in a moment
        await sound(self, data)

    monkeypatch.setattr(aiohttp.web.StreamResponse, "write", write)
    with pytest.raises(aiohttp.ClientError):
        await raw(here.ada, "GET", f"/files/{file}")
    assert "failed" not in caplog.text


# --- uploads in parts ---


async def begun(who: Someone, size: int, name: str = "film.mp4") -> str:
    """Begin an upload by tus, and return its path."""
    given = {"Upload-Length": str(size), "Upload-Metadata": f"filename {in_base64(name)},x"}
    status, headers, _ = await raw(who, "POST", "/uploads", None, **TUS, **given)
    assert status == 201
    assert headers["Tus-Resumable"] == "1.0.0"
    left = parsedate_to_datetime(headers["Upload-Expires"]).timestamp() - time.time()
    assert 23.5 * 3600 < left <= 24 * 3600
    return str(headers["Location"]).removeprefix("/api/v1")


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def offset(who: Someone, path: str) -> int:
    status, headers, body = await raw(who, "HEAD", path, **TUS)
    assert (status, body, headers["Cache-Control"]) == (200, b"", "no-store")
    return int(headers["Upload-Offset"])


async def cut_after(who: Someone, path: str, at: int, data: bytes) -> None:
    """Begin to send the rest of a file, and hang up once some of it is kept."""
    host, port = who.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    headers = PART | {
        "Host": f"{host}:{port}",
        "Authorization": f"Bearer {who.token}",
        "Upload-Offset": str(at),
        "Content-Length": str(len(data) - at),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"PATCH /api/v1{path} HTTP/1.1\r\n{head}\r\n".encode())
    writer.write(data[at : at + uploads.WRITTEN_BYTES + 50_000])
    await moved_on(who, path, at)
    writer.close()


async def moved_on(who: Someone, path: str, at: int) -> int:
    """Wait until more of an upload is kept than so much; returns how much."""
    async with asyncio.timeout(30):
        while (now := await offset(who, path)) == at:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
    return now


async def is_over(who: Someone, path: str) -> bool:
    """Whether no request sends anything."""
    answer = await raw(who, "PATCH", path, b"", **PART, Upload_Offset=str(await offset(who, path)))
    return answer[0] == 204


async def sent(who: Someone, path: str, data: bytes) -> int:
    """Send the rest of a file as soon as no other request does. Returns where it went on."""
    async with asyncio.timeout(30):
        while True:
            at = await offset(who, path)
            answer = await raw(who, "PATCH", path, data[at:], **PART, Upload_Offset=str(at))
            if answer[0] == 204:
                assert answer[1]["Upload-Offset"] == str(len(data))
                return at
            assert answer[0] in (409, 503), answer  # the one that was cut is not over yet


async def test_an_upload_that_is_cut_goes_on_where_it_was(here: Here) -> None:
    data = (NOISE * 5)[:1_200_000]
    path = await begun(here.ada, len(data), "../../film.mp4")
    for _ in range(5):
        async with asyncio.timeout(30):
            before = await offset(here.ada, path)
            await cut_after(here.ada, path, before, data)
            while not await is_over(here.ada, path):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
        assert await offset(here.ada, path) > before
    assert (await raw(here.ada, "PATCH", path, b"x", **PART, Upload_Offset="0"))[0] == 409
    assert await sent(here.ada, path, data) >= 5 * uploads.WRITTEN_BYTES
    file = (await here.ada.ask("GET", path)).body["file"]
    assert (file["name"], file["sha256"]) == ("film.mp4", hashlib.sha256(data).hexdigest())
    await post(here, here.ada, file["file"])
    assert (await raw(here.grace, "GET", f"/files/{file['file']}"))[2] == data


async def test_whoever_asks_about_an_upload_of_another_finds_none(here: Here) -> None:
    path = await begun(here.ada, 10)
    for method, headers in (("GET", {}), ("PATCH", PART | {"Upload-Offset": "0"}), ("DELETE", {})):
        status, _, body = await raw(here.grace, method, path, b"0123456789", **headers)
        assert (status, b"not_found" in body) == (404, True), method
    assert await offset(here.ada, path) == 0
    assert (await post(here, here.ada, path.rpartition("/")[2])).code == "conflict"
    assert (await raw(here.ada, "DELETE", path, **TUS))[0] == 204
    assert (await raw(here.ada, "HEAD", path))[0] == 404
    assert not on_disk(here, path.rpartition("/")[2])


async def test_tus_says_what_it_can_and_refuses_what_it_cannot(here: Here) -> None:
    status, headers, _ = await raw(here.ada, "OPTIONS", "/uploads")
    assert (status, headers["Tus-Version"]) == (204, "1.0.0")
    assert headers["Tus-Extension"] == "creation,expiration,termination"
    assert headers["Tus-Max-Size"] == str(MAX_FILE)
    refusals: list[tuple[int, dict[str, str]]] = [
        (412, {"Upload-Length": "1"}),
        (412, {"Upload-Length": "1", "Tus-Resumable": "0.2.2"}),
        (400, TUS),
        (400, TUS | {"Upload-Length": "-1"}),
        (400, TUS | {"Upload-Length": "1e3"}),
        (413, TUS | {"Upload-Length": str(MAX_FILE + 1)}),
        (413, TUS | {"Upload-Length": "9" * 15}),
        (400, TUS | {"Upload-Length": "1", "Upload-Metadata": "filename ?"}),
        (400, TUS | {"Upload-Length": "1", "Upload-Metadata": "filename /w=="}),
    ]
    for expected, given in refusals:
        assert (await raw(here.ada, "POST", "/uploads", **given))[0] == expected, given
    path = await begun(here.ada, 4)
    for expected, given in (
        (412, {"Upload-Offset": "0"}),
        (400, PART),
        (415, TUS | {"Upload-Offset": "0", "Content-Type": "text/plain"}),
        (413, PART | {"Upload-Offset": "0"}),
    ):
        status, _, body = await raw(here.ada, "PATCH", path, b"too long", **given)
        assert (status, b'"code"' in body) == (expected, True), given
    assert await offset(here.ada, path) == 0
    assert (await raw(here.ada, "PATCH", path, b"fits", **PART, Upload_Offset="0"))[0] == 204


async def test_pages_of_other_origins_can_follow_an_upload(tmp_path: Path) -> None:
    async with site(tmp_path, allow_origin=("https://app.example",)) as here:
        begin = TUS | {"Upload-Length": "3", "Origin": "https://app.example"}
        _, headers, _ = await raw(here.ada, "POST", "/uploads", **begin)
        told = {each.strip() for each in headers["Access-Control-Expose-Headers"].split(",")}
        assert {name for name in headers if name.startswith(("Upload-", "Tus-"))} <= told
        assert {"Location", "ETag", "Retry-After"} <= told


async def silent() -> AsyncIterator[bytes]:
    """Some of a file, and then nothing more, from a client whose connection was cut without a word."""
    yield NOISE[: uploads.WRITTEN_BYTES + 50_000]
    await asyncio.Event().wait()


async def test_a_newer_request_takes_over_from_one_that_is_silent(here: Here) -> None:
    path = await begun(here.ada, len(NOISE))
    first = asyncio.create_task(raw(here.ada, "PATCH", path, silent(), **PART, Upload_Offset="0"))
    at = await moved_on(here.ada, path, 0)
    for who in (here.grace, here.eve):  # whose requests end nothing
        assert (await raw(who, "DELETE", path, **TUS))[0] == 404
        assert (await raw(who, "PATCH", path, b"x", **PART, Upload_Offset=str(at)))[0] == 404
    assert not first.done()
    more = NOISE[at:-1]
    second = await raw(here.ada, "PATCH", path, more, **PART, Upload_Offset=str(at))
    assert (second[0], second[1]["Upload-Offset"]) == (204, str(len(NOISE) - 1))
    with suppress(aiohttp.ClientError):  # which it may find while it still sends
        status, _, body = await first
        assert (status, b"A newer request" in body) == (409, True)
    assert await sent(here.ada, path, NOISE) == len(NOISE) - 1
    digest = (await here.ada.ask("GET", path)).body["file"]["sha256"]
    assert digest == hashlib.sha256(NOISE).hexdigest()


async def test_requests_that_race_for_an_upload_lose_and_double_nothing(here: Here) -> None:
    for _ in range(3):
        path = await begun(here.ada, len(NOISE))
        stuck = asyncio.create_task(
            raw(here.ada, "PATCH", path, silent(), **PART, Upload_Offset="0")
        )
        await asyncio.gather(*(sent(here.ada, path, NOISE) for _ in range(3)))
        with suppress(aiohttp.ClientError):
            assert (await stuck)[0] == 409
        digest = (await here.ada.ask("GET", path)).body["file"]["sha256"]
        assert digest == hashlib.sha256(NOISE).hexdigest()
        assert (await raw(here.ada, "DELETE", path, **TUS))[0] == 204


async def test_an_upload_that_is_dropped_is_written_no_more(here: Here) -> None:
    path = await begun(here.ada, len(NOISE))
    first = asyncio.create_task(raw(here.ada, "PATCH", path, silent(), **PART, Upload_Offset="0"))
    await moved_on(here.ada, path, 0)
    assert (await raw(here.ada, "DELETE", path, **TUS))[0] == 204
    assert not on_disk(here, path.rpartition("/")[2])
    with suppress(aiohttp.ClientError):
        assert (await first)[0] == 409


async def test_an_upload_that_is_dropped_while_it_is_finished_is_gone(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sound = await begun(here.ada, 3), directory.Directory._finish

    def finish(self: Any, file: str) -> Any:
        (here.files / "parts" / file).unlink()
        return sound(self, file)

    monkeypatch.setattr(directory.Directory, "_finish", finish)
    status, _, body = await raw(here.ada, "PATCH", path, b"abc", **PART, Upload_Offset="0")
    assert (status, b"No such upload" in body) == (404, True)


async def test_an_upload_is_said_to_be_there_once_no_other_request_writes_it(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await begun(here.ada, 9)
    part = here.files / "parts" / path.rpartition("/")[2]
    with part.open("wb") as other, monkeypatch.context() as impatient:
        impatient.setattr(directory, "ATTEMPTS", 1)
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"all of it")
        other.flush()
        assert (await here.ada.ask("GET", path)).code == "busy"
    assert (await here.ada.ask("GET", path)).body["file"]["size"] == 9


async def test_one_account_sends_only_a_few_files_at_once_and_all_of_them_not_very_many(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"0"
        await gate.wait()
        yield b"1"

    paths = [await begun(here.eve, 2) for _ in range(uploads.AT_ONCE + 1)]
    sent = [
        asyncio.create_task(raw(here.eve, "PATCH", path, slowly(), **PART, Upload_Offset="0"))
        for path in paths
    ]
    done, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED, timeout=30)
    assert [(task.result()[0], task.result()[1]["Retry-After"]) for task in done] == [(429, "1")]
    gate.set()
    assert sorted([(await task)[0] for task in sent]) == [204] * uploads.AT_ONCE + [429]
    monkeypatch.setattr(uploads, "ALL_AT_ONCE", 0)
    path = await begun(here.eve, 1)
    status, _, body = await raw(here.eve, "PATCH", path, b"x", **PART, Upload_Offset="0")
    assert (status, b'"busy"' in body) == (503, True)


async def test_a_slow_upload_goes_on_as_long_as_something_comes(tmp_path: Path) -> None:
    async with site(tmp_path, request_timeout=1.0) as made:
        path = await begun(made.ada, 12)
        held = 0

        async def slowly() -> AsyncIterator[bytes]:
            for _ in range(12):
                yield b"x"
                await asyncio.sleep(0.2)

        await raw(made.ada, "PATCH", path, slowly(), **PART, Upload_Offset="0")
        held = await offset_or_size(made.ada, path)
        assert held == 12


async def offset_or_size(who: Someone, path: str) -> int:
    return int((await who.ask("GET", path)).body["offset"])


# --- limits ---


async def test_files_are_limited_one_by_one_and_all_together(here: Here) -> None:
    mary = await here.site.ada.bring_in("mary-full")
    assert (await upload(mary, b"x" * (MAX_FILE + 1))).code == "too_large"
    for _ in range(PER_PERSON // MAX_FILE):
        await begun(mary, MAX_FILE)
    path = await begun(mary, PER_PERSON % MAX_FILE)
    full = await upload(mary, b"x")
    assert (full.status, full.body["limit"]) == (413, PER_PERSON)
    await raw(mary, "DELETE", path, **TUS)
    assert (await upload(mary, b"x")).status == 201


async def test_nobody_keeps_many_files_that_are_not_posted(here: Here) -> None:
    mary = await here.site.ada.bring_in("mary-many")
    for _ in range(MAX_WAITING):
        await begun(mary, 1)
    assert (await upload(mary, b"x")).code == "too_large"


async def test_a_full_disk_is_said_and_leaves_nothing_half_stored(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    mary, data = await here.site.ada.bring_in("mary-disk"), NOISE
    before = {path for path in here.files.rglob("*") if path.is_file()}
    sound, left = Appender._add, len(data) // 2

    def add(self: Appender, some: bytes) -> None:
        nonlocal left
        sound(self, some[:left])
        left -= len(some)
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0))
        status, _, body = await raw(mary, "POST", "/uploads", **TUS, Upload_Length="9")
        assert (status, b"storage_full" in body) == (507, True)
        assert (await upload(mary, data)).status == 507
    path = await begun(mary, len(data))
    with monkeypatch.context() as patch:
        patch.setattr(Appender, "_add", add)
        assert (await raw(mary, "PATCH", path, data, **PART, Upload_Offset="0"))[0] == 507
        assert (await upload(mary, data)).status == 507
    assert await offset(mary, path) == len(data) // 2  # and it goes on from there
    await sent(mary, path, data)
    assert (await mary.ask("GET", path)).body["file"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert (await raw(mary, "DELETE", path, **TUS))[0] == 204
    assert {path for path in here.files.rglob("*") if path.is_file()} == before
    for _ in range(MAX_WAITING):  # no row is left either
        await begun(mary, 1)


async def test_a_file_that_could_not_be_flushed_is_given_up(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await begun(here.ada, 4)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        status, _, body = await raw(here.ada, "PATCH", path, b"ab", **PART, Upload_Offset="0")
    assert (status, b"unavailable" in body) == (503, True)
    assert (await raw(here.ada, "HEAD", path))[0] == 404
    assert not on_disk(here, path.rpartition("/")[2])


# --- what becomes of files ---


async def test_a_file_goes_with_its_message(here: Here) -> None:
    (file, seq), (other, _) = await posted(here, NOISE), await posted(here, NOISE)
    assert (await here.ada.ask("DELETE", f"/rooms/{here.room}/messages/{seq}")).status == 200
    assert (await raw(here.ada, "GET", f"/files/{file}"))[0] == 404
    await until(lambda: not on_disk(here, file))
    assert on_disk(here, other)


async def test_what_nobody_posts_in_time_goes(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    mary = await here.site.ada.bring_in("mary-late")
    file, path = (await upload(mary, b"x")).body["file"], await begun(mary, 9)
    _, seq = await posted(here, b"swept later")
    monkeypatch.setattr(sweeping, "KEPT_SECONDS", 0.0)
    await here.ada.ask("DELETE", f"/rooms/{here.room}/messages/{seq}")
    await until(lambda: not (on_disk(here, file) or on_disk(here, path.rpartition("/")[2])))
    assert (await mary.ask("GET", path)).code == "not_found"


# --- parts of files ---


async def test_parts_of_a_file_and_what_one_has_already(here: Here) -> None:
    file, _ = await posted(here, b"0123456789")
    path = f"/files/{file}"
    for asked, status, told, body in (
        ("bytes=2-4", 206, "bytes 2-4/10", b"234"),
        ("bytes=7-", 206, "bytes 7-9/10", b"789"),
        ("bytes=-3", 206, "bytes 7-9/10", b"789"),
        ("bytes=0-", 206, "bytes 0-9/10", b"0123456789"),
        ("bytes=0-99", 206, "bytes 0-9/10", b"0123456789"),
        ("bytes=-99", 206, "bytes 0-9/10", b"0123456789"),
        ("bytes=5-2", 200, None, b"0123456789"),
        ("lines=1-2", 200, None, b"0123456789"),
        ("bytes=" + ",".join(["0-0"] * 900), 200, None, b"0123456789"),
        ("bytes=10-", 416, "bytes */10", None),
        ("bytes=-0", 416, "bytes */10", None),
    ):
        answer = await raw(here.grace, "GET", path, Range=asked)
        assert (answer[0], answer[1].get("Content-Range")) == (status, told), asked[:20]
        assert body is None or answer[2] == body
        head = await raw(here.grace, "HEAD", path, Range=asked)
        assert (head[0], head[2]) == (status, b""), asked[:20]
    for condition, status in (
        ({"If_None_Match": f'W/"x", "{file}"'}, 304),
        ({"If_None_Match": '"x"'}, 200),
        ({"If_Range": '"x"', "Range": "bytes=1-1"}, 200),
        ({"If_Range": f'"{file}"', "Range": "bytes=1-1"}, 206),
    ):
        assert (await raw(here.grace, "GET", path, **condition))[0] == status, condition


# --- what is served, whatever it is ---

_MP4 = struct.pack(">I", 24) + b"ftypisom" + b"\0" * 12
_WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"
SHOWN = {
    **{name: (type_, data) for name, (type_, _, _, data) in IMAGES.items()},
    "mp4": ("video/mp4", _MP4),
    "newer mp4": ("video/mp4", _MP4.replace(b"isom", b"iso9")),
    "webm": ("video/webm", _WEBM),
    "mp3": ("audio/mpeg", b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\0" * 9),
    "bare mp3": ("audio/mpeg", b"\xff\xfb\x90\0" * 9),
    "ogg": ("audio/ogg", b"OggS\0\2" + b"\0" * 20),
    "wav": ("audio/wav", b"RIFF\x24\0\0\0WAVEfmt "),
    # What claims to be two things is the one of its first bytes, and runs nothing.
    "gif and script": ("image/gif", GIF + b"/*<script>alert(1)</script>*/"),
    "jpeg and html": ("image/jpeg", JPEG + b"<html><script>alert(1)</script>"),
    "png and zip": ("image/png", png() + b"PK\3\4"),
}
SAVED = {
    "nothing": b"",
    "text": b"hello",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "xml": b'<?xml version="1.0"?><svg/>',
    "pdf": b"%PDF-1.7",
    "javascript": b"alert(1)",
    "zip bomb": b"PK\3\4" + b"\0" * 1000,
    "gzip": b"\x1f\x8b\x08" + b"\0" * 100,
    "50,000 x 50,000 pixels": png(50_000, 50_000),
    "no picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
    "half a jpeg": b"\xff\xd8\xff\xe0\0\x10",
    "executable": b"\x7fELF" + b"\0" * 60,
    "quicktime": struct.pack(">I", 24) + b"ftypqt  " + b"\0" * 12,
}


async def test_what_is_served_runs_nowhere(here: Here) -> None:
    kinds = {name: (type_, "inline", data) for name, (type_, data) in SHOWN.items()}
    saved = "application/octet-stream", "attachment"
    kinds |= {name: (*saved, data) for name, data in SAVED.items()}
    for name, (type_, kind, data) in kinds.items():
        file, _ = await posted(here, data, "a.html")
        status, headers, body = await raw(here.grace, "GET", f"/files/{file}")
        assert (status, body) == (200, data), name
        assert headers["Content-Type"] == type_, name
        assert headers["Content-Disposition"].partition(";")[0] == kind, name
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "private, no-cache"


async def test_a_body_that_a_form_sends_is_refused_before_it_is_read(here: Here) -> None:
    parts = b"".join(b"--x\r\n\r\n\r\n" for _ in range(100_000))
    for type_ in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        status, _, body = await raw(here.ada, "POST", "/files", parts, Content_Type=type_)
        assert (status, b"octet-stream" in body) == (415, True)
    packed = await raw(here.ada, "POST", "/files", b"x", Content_Encoding="gzip")
    assert packed[0] == 415

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"

    assert (await raw(here.ada, "POST", "/files", endless()))[0] == 400


@pytest.mark.parametrize(
    "given, name, header",
    [
        ("../../etc/passwd", "passwd", "passwd"),
        ("C:\\boot\\a.exe", "a.exe", "a.exe"),
        ("..", "file", "file"),
        ("", "file", "file"),
        ("\u200d", "file", "file"),
        ("CON", "_CON", "_CON"),
        ("lpt1 .tar.gz", "_lpt1 .tar.gz", "_lpt1 .tar.gz"),
        ("nul.txt", "_nul.txt", "_nul.txt"),
        ("👩‍👧.png", "👩‍👧.png", "___.png"),
        ('a"b<c>.txt', "a_b_c_.txt", "a_b_c_.txt"),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1", "aSet-Cookie_ x=1"),
        ("\u202egnp.exe", "gnp.exe", "gnp.exe"),
        ("Čaj 茶.txt", "Čaj 茶.txt", "_aj _.txt"),
        ("x" * 300 + ".png", "x" * 116 + ".png", "x" * 116 + ".png"),
        ("茶" * 300 + ".png", "茶" * 65 + ".png", "_" * 65 + ".png"),
        ("茶" * 66, "茶" * 66, "_" * 66),
        ("茶" * 67, "茶" * 66, "_" * 66),
    ],
)
async def test_names_are_safe(here: Here, given: str, name: str, header: str) -> None:
    told = (await upload(here.ada, b"x", given)).body
    assert told["name"] == name
    await post(here, here.ada, told["file"])
    _, headers, _ = await raw(here.grace, "GET", f"/files/{told['file']}")
    assert f'filename="{header}"' in headers["Content-Disposition"]
    assert "filename*=UTF-8''" in headers["Content-Disposition"]


async def test_a_key_is_no_path(here: Here) -> None:
    for key in ("..%2f..%2fhubbub.db", "%2e%2e", "a%00b", "parts", "x" * 24, "%ff"):
        status, _, body = await raw(here.ada, "GET", f"/files/{key}")
        assert (status, b'"code"' in body) in ((404, True), (400, True)), key


# --- backups ---


async def test_files_are_in_backups_and_come_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, backup = tmp_path / "data", tmp_path / "monday.db"
    async with site(data) as made:
        room = (await made.ada.ask("POST", "/rooms", {"kind": "closed", "title": "x"})).body["made"]
        here = Here(made, data / "files", made.ada, made.ada, made.ada, room)
        (kept, _), (lost, seq) = [await posted(here, NOISE) for _ in range(2)]
        assert await command("backup", str(backup), data=data) == 0
        assert "2 files, 600,000 bytes" in capsys.readouterr().err
        await made.ada.ask("DELETE", f"/rooms/{room}/messages/{seq}")
        await until(lambda: not on_disk(here, lost))
        later, _ = await posted(here, b"later")
        assert await command("verify", data=data) == 0
        assert "All files are there and intact: 2" in capsys.readouterr().out
    next(here.files.rglob(kept)).unlink()
    assert await command("verify", data=data) == 1
    assert f"the file {kept} of message" in (said := capsys.readouterr().err) and "missing" in said
    assert await command("restore", str(backup), data=data) == 0
    assert next(here.files.rglob(kept)).read_bytes() == NOISE
    assert await command("verify", data=data) == 0  # what was deleted since is deleted again
    async with site_again(data) as stranger:
        ada = await stranger.log_in("ada")
        assert (await raw(ada, "GET", f"/files/{kept}"))[::2] == (200, NOISE)
        assert (await raw(ada, "GET", f"/files/{lost}"))[0] == 404
        await until(lambda: not (on_disk(here, lost) or on_disk(here, later)))
    whole = next(here.files.rglob(kept))
    whole.write_bytes(b"?" * len(NOISE))
    assert await command("verify", data=data) == 1
    assert "damaged" in capsys.readouterr().err
    other = tmp_path / "other"
    assert await command("restore", str(backup), data=other) == 0
    assert sorted(path.name for path in (other / "files").rglob("*") if path.is_file()) == sorted(
        [kept, lost]
    )


async def command(*arguments: str, data: Path) -> int:
    return await asyncio.to_thread(cli.main, [*arguments, "--data", str(data)])
