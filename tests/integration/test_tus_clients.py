"""tus-js-client and Uppy upload to this server: whole, in parts, paused, cut, given up, gone, dropped and refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.programs import program
from tests.support.site import Site, Someone, site


def content(size: int) -> bytes:
    return (b"0123456789abcdef-" * (size // 17 + 1))[:size]


class Cutting:
    """A proxy that cuts a connection once so many bytes have passed to the server: once for each number in `left`."""

    def __init__(self, port: int, *left: int) -> None:
        self._port = port
        self.left = list(left)

    async def _carry(self, source: Any, target: Any, *, is_up: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
                passed += len(data)
                if is_up and self.left and passed >= self.left[0]:
                    self.left.pop(0)
                    target.transport.abort()
                    return
        target.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection("127.0.0.1", self._port)
        up = self._carry(reader, behind[1], is_up=True)
        await asyncio.gather(up, self._carry(behind[0], writer, is_up=False))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its address, for the duration of the block."""
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        finally:
            listener.close()


async def got(who: Someone, room: str, file: str) -> tuple[str, bytes]:
    """Post an uploaded file, and get it: its name, and what is in it."""
    posted = await who.ask("POST", f"/rooms/{room}/messages", {"files": [file]})
    assert posted.status == 201, posted.body
    told = await who.ask("GET", f"/rooms/{room}/messages/{posted.body['seq']}")
    headers = {"Authorization": f"Bearer {who.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{who.url}/api/v1/files/{file}") as answer,
    ):
        return told.body["message"]["files"][0]["name"], await answer.read()


async def stories(site: Site, cutting: Cutting) -> dict[str, Any]:
    """The outcome of each story that the clients tell."""
    came: dict[str, Any] = {}
    async with cutting.listening() as proxy:
        addresses = [f"{each}/api/v1/uploads" for each in (site.ada.url, proxy)]
        async with program("tus.js", *addresses, site.ada.token) as client:
            while (said := json.loads(await client.says())).get("story") != "":
                if "wait" in said:
                    assert (await site.ada.ask("DELETE", f"/uploads/{said['wait']}")).status == 204
                    client.tell("go on")
                    continue
                came[said["story"]] = said["came"]
                if said["story"] == "cut":
                    assert not cutting.left
                    cutting.left += [100_000, 700_000]  # for Uppy
    assert not cutting.left
    return came


@pytest.mark.timeout(120)
async def test_real_clients_of_tus_upload_pause_go_on_and_drop(tmp_path: Path) -> None:
    async with site(tmp_path, max_file_size=4_000_000) as made:
        ada = made.ada
        room = (await ada.ask("POST", "/rooms", {"kind": "closed", "title": "K"})).body["made"]
        came = await stories(made, Cutting(made.server.port, 50_000, 900_000, 300_000))
        again, gone = came["again"], came["gone"]
        sizes = dict.fromkeys(("whole", "parts", "paused"), 300_000) | {
            "empty": 0,
            "cut": 3_000_000,
        }
        files = {came[name]: size for name, size in sizes.items()}
        files |= {again["file"]: 300_000, gone["file"]: 300_000}
        for file, size in files.items():
            assert await got(ada, room, file) == ("Grüße.bin", content(size)), came
        assert (again["isSame"], again["hasGoneOn"], gone["isSame"]) == (True, True, False)
        assert (await ada.ask("GET", f"/uploads/{came['dropped']}")).code == "not_found"
        assert came["large"] == {"status": 413, "why": "too_large"}
        assert came["stranger"] == {"status": 401}
        of_uppy = [await got(ada, room, file) for file in came["uppy"]["files"]]
        assert of_uppy == [(name, content(1_000_000)) for name in ("one.bin", "two.bin")]
