"""Sessions that poll are bounded as connections are, and shown in the metrics."""

from pathlib import Path

import aiohttp
import pytest

from tests.support.server import Server

MOST = 3
SOCKET_IO = "/socket.io/?EIO=4&transport=polling"


async def opened(http: aiohttp.ClientSession, number: int, door: str) -> tuple[int, str]:
    """Begin a session; the answer's status and text."""
    if door == "socketio":
        async with http.get(SOCKET_IO) as answer:
            return answer.status, await answer.text()
    async with http.post(f"/{door}/000/s{number}/xhr") as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("door", ["socketio", "sockjs", "sockjs-plain"])
async def test_there_are_no_more_than_connections_may_be(tmp_path: Path, door: str) -> None:
    async with (
        Server(tmp_path, "--max-connections", str(MOST)) as server,
        aiohttp.ClientSession(server.url) as http,
    ):
        begun = [await opened(http, number, door) for number in range(MOST)]
        assert [status for status, _ in begun] == [200] * MOST
        status, answer = await opened(http, MOST, door)
        assert status == 503 and "too many sessions" in answer
        async with http.get("/metrics") as figures:
            text = await figures.text()
        assert f'hubbub_connections{{transport="{door}-polling"}} {MOST}.0' in text
        if door == "socketio":  # one that ends makes room
            sid = begun[0][1].split('"')[3]
            async with http.post(f"{SOCKET_IO}&sid={sid}", data="1") as ended:
                assert ended.status == 200
            assert (await opened(http, MOST, door))[0] == 200
