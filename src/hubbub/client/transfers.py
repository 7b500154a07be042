"""Uploads and downloads files over HTTP: each goes on where it was after a lost connection."""

import asyncio
import base64
import hashlib
import io
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import IO
from urllib.parse import quote

import aiohttp
import msgspec

from hubbub.client.errors import Refused, Unreachable
from hubbub.client.files import FilePlace, OnProgress, UploadedFile
from hubbub.client.wire.backoff import Backoff
from hubbub.client.wire.http import LONG, bearer, refusal_in

PIECE = 256 * 1024  # bytes read at once
ATTEMPTS = 6  # in a row without any progress
TUS = {"Tus-Resumable": "1.0.0"}
LOST = (aiohttp.ClientError, TimeoutError)


class _Upload(msgspec.Struct, frozen=True):
    offset: int
    file: UploadedFile | None = None


async def upload(
    place: FilePlace, source: Path | bytes, name: str | None, on_progress: OnProgress | None = None
) -> UploadedFile:
    """Upload a file. Raises Refused, Unreachable, and OSError if it can't be read."""
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as read:
        size = read.seek(0, os.SEEK_END)
        called = name or (source.name if isinstance(source, Path) else "")
        async with _session(place) as http:
            return await _Sending(place, http, read, size, on_progress).send(called)


class _Sending:
    """One upload, by tus."""

    def __init__(
        self,
        place: FilePlace,
        http: aiohttp.ClientSession,
        read: IO[bytes],
        size: int,
        on_progress: OnProgress | None,
    ) -> None:
        self._place = place
        self._http = http
        self._read = read
        self._size = size
        self._on_progress = on_progress or (lambda *_: None)
        self._url = ""

    async def send(self, name: str) -> UploadedFile:
        """Send all of it."""
        tries = _Tries(self._place)
        await tries.until_done(lambda: self._begin(name))
        offset = 0
        while True:
            before = offset
            try:
                upload = await self._ask()
                offset = upload.offset
                self._on_progress(offset, self._size)
                if upload.file is not None:
                    return upload.file
                await self._send_from(offset)
            except (*LOST, Refused) as error:
                await tries.wait(error, has_moved=offset > before)

    async def _begin(self, name: str) -> None:
        called = base64.b64encode(name.encode(errors="replace")).decode()
        given = {"Upload-Length": str(self._size), "Upload-Metadata": f"filename {called}"}
        url = self._place.url("/api/v1/uploads")
        async with self._http.post(url, headers=TUS | given, allow_redirects=False) as answer:
            await _check(answer)
            self._url = self._place.url(answer.headers["Location"])

    async def _ask(self) -> _Upload:
        async with self._http.get(self._url, allow_redirects=False) as answer:
            await _check(answer)
            return msgspec.json.decode(await answer.read(), type=_Upload)

    async def _send_from(self, offset: int) -> None:
        headers = TUS | {
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Content-Length": str(self._size - offset),
        }
        self._read.seek(offset)
        sending = self._http.patch(
            self._url, data=self._pieces(), headers=headers, allow_redirects=False
        )
        async with sending as answer:
            await _check(answer)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while data := await asyncio.to_thread(self._read.read, PIECE):
            yield data
            self._on_progress(self._read.tell(), self._size)


async def set_avatar(place: FilePlace, whose: str, file: str) -> None:
    """Give an account or a room a picture, made of a file; empty: none. Raises Refused, Unreachable."""
    kind = "people" if whose.startswith("@p") else "rooms"
    url = place.url(f"/api/v1/{kind}/{quote(whose, safe='@')}/avatar")

    async def act() -> None:
        async with http.put(url, json={"file": file}, allow_redirects=False) as answer:
            await _check(answer)

    async with _session(place) as http:
        await _Tries(place).until_done(act)


async def download(place: FilePlace, file: str, target: Path) -> None:
    """Write a file to a new one. Raises Refused, Unreachable, and OSError if it can't be written."""
    # short enough for any disk, and never the name of an abandoned part
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as write:
            await _fetch(place, file, write)
        os.link(part, target)  # unlike a rename, this never replaces an existing file
    finally:
        part.unlink(missing_ok=True)


async def _fetch(place: FilePlace, file: str, write: IO[bytes]) -> None:
    tries, done, digest = _Tries(place), 0, hashlib.sha256()
    url, wanted = place.url(f"/api/v1/files/{quote(file, safe='')}"), None
    async with _session(place) as http:
        while True:
            before = done
            headers = {"Range": f"bytes={done}-", "If-Range": f'"{file}"'} if done else {}
            try:
                async with http.get(url, headers=headers, allow_redirects=False) as answer:
                    await _check(answer)
                    wanted = answer.headers.get("Repr-Digest")
                    async for data in answer.content.iter_chunked(PIECE):
                        digest.update(data)
                        await asyncio.to_thread(write.write, data)
                        done += len(data)
                break
            except (*LOST, Refused) as error:
                await tries.wait(error, has_moved=done > before)
    if wanted not in (None, f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"):
        raise Unreachable("The file is not what was uploaded: try again")


class _Tries:
    """Waits between attempts, longer and longer, and gives up after some in a row without progress."""

    def __init__(self, place: FilePlace) -> None:
        self._place = place
        self._backoff = Backoff(place.draw)
        self._left = ATTEMPTS

    async def until_done(self, act: Callable[[], Awaitable[None]]) -> None:
        """Repeat something until it succeeds."""
        while True:
            try:
                await act()
                return
            except (*LOST, Refused) as error:
                await self.wait(error, has_moved=False)

    async def wait(self, error: Exception, *, has_moved: bool) -> None:
        """Wait before the next attempt. Raises what can't be mended, and Unreachable at last."""
        if isinstance(error, Refused) and not (error.temporary or error.code == "conflict"):
            raise error
        if has_moved:
            self._left = ATTEMPTS
            self._backoff.reset()
        self._left -= 1
        if self._left <= 0:
            if isinstance(error, Refused):
                raise error
            why = str(error) or "no answer in time"
            raise Unreachable(f"Can't reach {self._place.address}: {why}") from None
        after = error.retry_after if isinstance(error, Refused) else None
        await asyncio.sleep(self._backoff.next(after or 0.0))


def _session(place: FilePlace) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=LONG, headers=bearer(place.token))


async def _check(answer: aiohttp.ClientResponse) -> None:
    """Raise Refused unless a request did what it was to do; Unreachable if this is no hubbub place."""
    if answer.status >= 300:
        raise refusal_in(str(answer.url.origin()), answer.status, await answer.read())
