"""Whoever hangs up during an upload or a download, at whichever await, leaves no descriptor open, and nothing of what had begun."""

import asyncio
import os
import sys
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import uvloop

from hubbub.domain.facts import Answer
from hubbub.domain.files import FILE, FileLimits, FileUse
from hubbub.domain.principals import Principal
from hubbub.protocol.files import THUMBNAIL_SIDES, thumbnail_of
from hubbub.protocol.messages import Change
from hubbub.server.files import shrinker
from hubbub.server.files.directory import PARTS, Directory
from hubbub.server.files.downloads import Download, Downloads, FilePart
from hubbub.server.files.jobs import ASKED, READY
from hubbub.server.files.portraits import Portraits
from hubbub.server.files.quotas import Quotas
from hubbub.server.files.shrinker import Shrinker
from hubbub.server.files.thumbnails import Thumbnails
from hubbub.server.files.uploads import Uploads
from hubbub.server.hub.rights import Rights
from hubbub.server.stores.base import untold
from hubbub.server.stores.sqlite.kind import Sqlite
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.images import JPEG
from tests.support.rooms import ADA, ROOM_RULES, House

LIMITS = FileLimits(2**20, 2**30, 0)
PROGRAM = f"""
import struct, sys
def tell(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
tell({READY!r})
while head := sys.stdin.buffer.read({ASKED.size}):
    sys.stdin.buffer.read(struct.unpack({ASKED.format!r}, head)[2])
    tell(head[:8] + bytes([2]) + 2 * bytes([0, 0, 0, 1, 120]))
"""


UNFINISHED = "1" * 24


class Node:
    """What a node does with files, in a directory of its own."""

    def __init__(self, house: House, path: Path) -> None:
        self.path, self._house, store = path, house, house.store
        self.files = Directory(path / "files")
        self.shrinker = Shrinker(program=(sys.executable, "-I", "-S", "-c", PROGRAM))
        self.uploads = Uploads(store, self.files, self.submit, Quotas(store, LIMITS))
        self._thumbnails = Thumbnails(self.files, self.shrinker)
        self._downloads = Downloads(store, self.files, self._thumbnails, no_rights)
        self._portraits = Portraits(store, self.files, self.uploads, self.shrinker, no_rights)

    async def submit(self, who: Principal, change: Change) -> Answer:
        [answer] = await self._house.answers((who, change))
        return answer

    async def rows(self) -> set[str]:
        return {row.file for row in await self._house.store.rows(FILE)}

    async def begin(self, _: str = "") -> None:
        await self.uploads.begin(ADA, "photo", len(JPEG))

    async def upload(self, _: str = "") -> str:
        return (await self.uploads.take(ADA, "photo", len(JPEG), chunks())).row.file

    async def append(self, _: str) -> None:
        async with self.files.appending(UNFINISHED) as part:
            await part.add(b"x")

    async def download(self, file: str) -> None:
        found = Download(file, file, "photo", "image/jpeg", len(JPEG))
        reading = self._downloads.reading(ADA, found, FilePart(0, len(JPEG)))
        assert b"".join([data async for data in reading]) == JPEG

    async def thumbnails(self, file: str) -> None:
        use = FileUse(ADA.id, 1, 0, ADA.id, file, "photo", len(JPEG), "image/jpeg", "", 3, 2)
        for side in THUMBNAIL_SIDES:
            self.files.path_of(thumbnail_of(file, side)).unlink(missing_ok=True)
        assert await self._thumbnails.find(use, THUMBNAIL_SIDES[0]) == 1

    async def portrait(self, file: str) -> None:
        assert await self._portraits.make(ADA, file) == b"x"

    async def open_store(self, _: str) -> None:
        opening = Sqlite().open("sqlite", self.path / "b", "normal", str, ROOM_RULES, untold)
        await asyncio.shield((await opening).close())


Act = Callable[[Node, str], Coroutine[Any, Any, object]]
ACTS: tuple[Act, ...] = (
    *(Node.begin, Node.upload, Node.append, Node.download),
    *(Node.thumbnails, Node.portrait, Node.open_store),
)


def no_rights() -> Rights:
    raise AssertionError("nobody asks for them")


async def chunks() -> AsyncIterator[bytes]:
    yield JPEG[:100]
    yield JPEG[100:]


def descriptors() -> list[str]:
    return os.listdir("/proc/self/fd")


class HangingUp:
    """Does something, and cancels whoever does it at one await: while it waits, or just as what it waits for is there."""

    def __init__(self, at: int, *, is_late: bool) -> None:
        self.has_hung_up = False
        self._at, self._is_late = at, is_late

    @types.coroutine
    def during(self, act: Coroutine[Any, Any, object]) -> Generator[Any, None, None]:
        task, go_on = asyncio.current_task(), partial(act.send, None)
        assert task is not None
        for number in count(1):
            try:
                waited = go_on()
            except StopIteration:
                return
            if number == self._at:
                self.has_hung_up = True
                if self._is_late and waited is not None:
                    waited.add_done_callback(lambda _: task.cancel())
                else:
                    asyncio.get_running_loop().call_soon(task.cancel)
            try:
                yield waited
            except BaseException as error:
                go_on = partial(act.throw, error)
            else:
                go_on = partial(act.send, None)


async def all_is_done() -> None:
    """Wait until whatever goes on by itself has ended."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


async def hang_up_at_each_await(path: Path, act: Act) -> None:
    store = SqliteStore(path / "a", "normal", lambda: "e1", ROOM_RULES)
    node = Node(await House.opened(store), path)
    file = await node.upload()
    await node.files.begin(UNFINISHED, 1000)
    await node.portrait(file)
    await node.shrinker.close()
    before = len(descriptors())
    for is_late in (False, True):
        for at in count(1):
            hanging_up = HangingUp(at, is_late=is_late)
            doing = asyncio.create_task(do(hanging_up.during(act(node, file))))
            await asyncio.wait({doing})
            await all_is_done()
            if not hanging_up.has_hung_up:
                await doing
                break
            assert await node.rows() == {file}, (at, is_late)
            assert os.listdir(node.path / "files" / PARTS) == [UNFINISHED], (at, is_late)
        for made in await node.rows() - {file}:
            await node.uploads.drop(ADA, made)
        assert at > 1
    await node.shrinker.close()
    await node.files.close()
    async with asyncio.timeout(30):  # pipes are closed a little later
        while len(descriptors()) > before:  # noqa: ASYNC110 - they have no event
            await asyncio.sleep(0)
    await store.close()


async def do(act: Awaitable[None]) -> None:
    await act


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_whoever_hangs_up_leaves_no_descriptor_and_no_upload(
    act: Act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shrinker, "REST", 0.0)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(hang_up_at_each_await(tmp_path, act))
