"""The doors that stay open, through a real nginx with the configuration that is shipped."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.integration.native import native
from tests.support.ports import free_port
from tests.support.server import Server

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx (Debian: nginx-light)")


def configuration(directory: Path, port: int, upstream: int) -> str:
    """The shipped server, without TLS and on other ports, in a main file of the test's."""
    server = re.sub(r" *ssl_.*\n", "", SHIPPED.read_text())
    for shipped, here in (("443 ssl", f"127.0.0.1:{port}"), (":8181", f":{upstream}")):
        assert shipped in server
        server = server.replace(shipped, here)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "\n".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""{user} pid {directory}/pid; error_log {directory}/error.log;
        events {{}} http {{ access_log off; {places} {server} }}"""


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """A port that nginx listens on, and the one that it passes everything on to."""
    port, upstream = free_port(), free_port()
    file = tmp_path / "nginx.conf"
    file.write_text(configuration(tmp_path, port, upstream))
    command = [str(NGINX), "-p", str(tmp_path), "-c", str(file), "-e", str(tmp_path / "error.log")]
    subprocess.run(command, check=True, timeout=10)  # it listens when this returns
    yield port, upstream
    subprocess.run([*command, "-s", "stop"], check=True, timeout=10)


async def test_sockets_polls_and_streams_come_through(
    proxied: tuple[int, int], tmp_path: Path
) -> None:
    port, upstream = proxied
    url = f"http://127.0.0.1:{port}/api/v1/rooms/lobby/events"
    flags = ("--guests", "on", "--trusted-proxy", "127.0.0.1")
    async with (
        Server(tmp_path / "data", *flags, port=upstream),
        native(port, "ada") as ada,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as http,
        http.get(url, headers={"Accept": "text/event-stream"}) as stream,
    ):
        await ada.ask("join", room="lobby")
        poll = asyncio.create_task(http.get(f"{url}?since=0&wait=20"))
        await ada.ask("post", room="lobby", text="through nginx")
        assert (await ada.event())["text"] == "through nginx"
        async with await poll as answer:
            assert [e["text"] for e in (await answer.json())["events"]] == ["through nginx"]
        while not (line := await stream.content.readline()).startswith(b'data: {"event"'):
            assert line  # who is there comes as well
        assert json.loads(line.removeprefix(b"data:"))["text"] == "through nginx"
