"""Uploads whose process dies, or whose disk fails, at any of their moments: no file is lost, half or another, and nothing of them stays."""

import errno
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hubbub.domain.facts import Answer
from hubbub.domain.files import FILE, FileLimits
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import Change
from hubbub.server.files import sweeping
from hubbub.server.files.directory import Directory
from hubbub.server.files.quotas import Quotas
from hubbub.server.files.sweeping import Sweeper
from hubbub.server.files.uploads import WRITTEN_BYTES, Uploads
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.rooms import ADA, ROOM_RULES, House

DATA = hashlib.shake_256(b"film").digest(300_000)
PART = 70_000
LIMITS = FileLimits(2**20, 2**30, 0)
ACTS = ("open", "write", "fsync", "rename", "mkdir", "unlink")  # of the operating system


class Died(BaseException):
    """The process was killed. It does nothing more."""


class Moments:
    """Counts what an upload does to the disk and the database, and breaks at one moment: from then on, or once, with an error."""

    def __init__(self, at: int, error: int) -> None:
        """It is killed if there is no `error`: before what it does if `at` is even, else after."""
        self.count = 0
        self.broke = False
        self._at, self._error = at, error

    def reached(self, failure: type[Exception] = OSError) -> None:
        self.count += 1
        if self.broke and not self._error:
            raise Died
        if self.count == self._at:
            self.broke = True
            raise failure(self._error, os.strerror(self._error)) if self._error else Died

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*given: Any, **named: Any) -> Any:
            self.reached()
            done = act(*given, **named)
            if not self._error:  # a disk fails only before
                self.reached()
            return done

        return acting


class Uploader:
    """A process that takes uploads, in a directory and a store that others had before it."""

    def __init__(self, house: House, path: Path, moments: Moments | None = None) -> None:
        self._house, self._moments = house, moments
        self.files = Directory(path)
        self.uploads = Uploads(house.store, self.files, self.submit, Quotas(house.store, LIMITS))
        self.sweeper = Sweeper(house.store, self.files, self.submit)

    async def submit(self, who: Principal, change: Change) -> Answer:
        if self._moments:
            self._moments.reached(StoreFailed)
        [answer] = await self._house.answers((who, change))
        if self._moments:
            self._moments.reached(StoreFailed)
        return answer

    async def upload(self, file: str = "") -> str:
        """Upload the film, or what is missing of it. Returns its key."""
        file = file or (await self.uploads.begin(ADA, "film", len(DATA))).row.file
        self.file = file
        while (progress := await self.uploads.find(ADA, file)).held < len(DATA):
            await self.uploads.receive(ADA, file, progress.held, parts(progress.held))
        return file


async def parts(start: int) -> AsyncIterator[bytes]:
    """What is missing of the film, in two requests if it is more than a half."""
    end = len(DATA) // 2 if start < len(DATA) // 2 else len(DATA)
    for at in range(start, end, PART):
        yield DATA[at : min(at + PART, end)]


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[House]:
    store = SqliteStore(tmp_path / "data", "normal", lambda: "e1", ROOM_RULES)
    yield await House.opened(store)
    await store.close()


@pytest.mark.parametrize("error", [0, errno.EIO, errno.ENOSPC], ids=["death", "EIO", "ENOSPC"])
async def test_whenever_an_upload_breaks_it_goes_on_or_leaves_nothing(
    error: int, sqlite: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, at = tmp_path / "files", 0
    while True:
        at += 1
        moments = Moments(at, error)
        broken = Uploader(sqlite, folder, moments)
        with monkeypatch.context() as patch:
            for name in ACTS:
                patch.setattr(os, name, moments.around(getattr(os, name)))
            told = await tried(broken)
        await broken.files.close()
        again = Uploader(sqlite, folder)
        file = await gone_on(again, getattr(broken, "file", ""))
        assert not told or file == told, f"what was acknowledged is another file after {at}"
        [row] = await sqlite.store.by(FILE, "file", [file])
        assert row.is_whole and row.digest == hashlib.sha256(DATA).hexdigest()
        assert again.files.path_of(file).read_bytes() == DATA
        await sweep_after_a_day(again, monkeypatch)
        assert await sqlite.store.rows(FILE) == []
        assert [each for each in folder.rglob("*") if each.is_file()] == [], at
        await again.files.close()
        if not moments.broke:
            break
    print(f"{at} moments")
    assert at > 15


async def tried(broken: Uploader) -> str:
    """The key of the film, if it was said to be whole."""
    try:
        return await broken.upload()
    except RefusalError as error:
        if error.refusal.code not in ("unavailable", "storage_full"):
            raise
    except (Died, StoreFailed):
        pass
    return ""


async def gone_on(again: Uploader, file: str) -> str:
    """Go on as clients do: with that upload, as far as it is known, or with a new one."""
    try:
        return await again.upload(file)
    except RefusalError as error:
        if error.refusal.code != "not_found" or not file:
            raise
        return await again.upload()


async def sweep_after_a_day(again: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has posted by then goes."""
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "KEPT_SECONDS", 0.0)
        await again.sweeper.sweep()


async def test_what_comes_is_written_as_it_comes_and_not_held_in_memory(
    sqlite: House, tmp_path: Path
) -> None:
    uploader = Uploader(sqlite, tmp_path / "files")
    file = (await uploader.uploads.begin(ADA, "film", len(DATA))).row.file

    async def coming() -> AsyncIterator[bytes]:
        for at in range(0, len(DATA), PART):
            yield DATA[at : at + PART]
            held = await uploader.files.held(file)
            assert held is not None and at + PART - held < WRITTEN_BYTES <= 128 * 1024

    assert (await uploader.uploads.receive(ADA, file, 0, coming())).row.is_whole
    await uploader.files.close()


async def test_only_what_nobody_posts_within_a_day_is_swept_up(
    sqlite: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "files"
    uploader = Uploader(sqlite, folder)
    whole = await uploader.upload()
    begun = (await uploader.uploads.begin(ADA, "film", len(DATA))).row
    for lone in (folder / "00" / ("0" * 24), folder / "parts" / ("1" * 24)):  # which no row names
        lone.parent.mkdir(exist_ok=True)
        lone.write_bytes(b"x")
    for hours, kept in ((23.9, {whole, begun.file}), (24.1, set[str]())):
        now = begun.at + hours * 3600
        clock = SimpleNamespace(time=lambda now=now: now, monotonic=time.monotonic)
        monkeypatch.setattr(sweeping, "time", clock)
        await uploader.sweeper.sweep()
        assert {each.name for each in folder.rglob("*") if each.is_file()} == kept
        assert {row.file for row in await sqlite.store.rows(FILE)} == kept
    await uploader.files.close()
