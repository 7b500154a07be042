"""`python -m tests.faults.soak_files`: a large upload over a slow link that breaks, and a thousand slow downloads at once."""

import argparse
import asyncio
import hashlib
import random
import re
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.support.memory import MIB, peak_of, resident_bytes
from tests.support.proxy import Proxy
from tests.support.quick_server import QuickServer
from tests.support.resting import loop_seconds
from tests.support.site import Someone, chosen

BLOCK = 64 * 1024
NOISE = hashlib.shake_256(b"noise").digest(BLOCK - 8)
RATE = 20 * MIB  # bytes a second of the slow link
TUS = {"Tus-Resumable": "1.0.0"}
PART = TUS | {"Content-Type": "application/offset+octet-stream"}
MOST_GROWTH = 20 * MIB  # of an upload
MOST_EACH = MIB  # that a download may hold: what may be queued for a connection
MOST_WAIT = (
    0.050  # seconds of CPU of the loop that a bystander usually waits, as in benchmarks/harm
)
AT_LEAST = 5  # posts
SIP = 64 * 1024  # bytes that a slow reader takes at once, and has room for
CLAIM = re.compile(r"/claim#(\S+)")
AGAIN = 0.02  # seconds until it is asked again how far an upload is


class Here(NamedTuple):
    """A server of a process of its own, its owner, and a closed room."""

    server: QuickServer
    ada: Someone
    room: str


class Size(NamedTuple):
    """How large a file is, how often its link breaks, how many take how many bytes of it, and how many seconds apart."""

    mib: int
    cuts: int
    readers: int
    each: int
    pause: float


class Uploaded(NamedTuple):
    """What an upload cost."""

    file: str
    cuts: int
    growth: int  # bytes of memory, at the highest
    seconds: float


class Served(NamedTuple):
    """What many downloads cost: memory at the highest, and what the loop did from each post of a bystander to its answer, in seconds of CPU."""

    growth: int
    waits: list[float]

    @property
    def usual(self) -> float:
        """What half of the posts did not exceed."""
        return statistics.median(self.waits)

    def __str__(self) -> str:
        slow, most = sorted(self.waits)[int(len(self.waits) * 0.99)] * 1e3, max(self.waits) * 1e3
        loop = f"{self.usual * 1e3:.1f} ms of CPU of the loop (p99 {slow:.1f}, most {most:.1f})"
        return (
            f"{len(self.waits)} posts beside them, each {loop}; {self.growth / MIB:.1f} MiB at most"
        )


def block(number: int) -> bytes:
    """A part of the file, unlike all others."""
    return number.to_bytes(8) + NOISE


def digest(size: int) -> str:
    """The SHA-256 of a file of whole blocks."""
    found = hashlib.sha256()
    for number in range(size // BLOCK):
        found.update(block(number))
    return found.hexdigest()


@asynccontextmanager
async def claimed(data: Path) -> AsyncIterator[Here]:
    """Such a server."""
    limits = "--max-file-size", str(2**40), "--files-per-person", str(2**40)
    async with (
        QuickServer(data, "--guests", "off", "--message-rate", "0", *limits) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        while (found := CLAIM.search("".join(server.output))) is None:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0)
        stranger = Someone(http, f"http://{server.address}")
        ada = await stranger.enter("/claim", token=found[1], **chosen("ada"))
        made = await ada.ask("POST", "/rooms", {"kind": "closed", "title": "Kitchen"})
        yield Here(server, ada, made.body["made"])


# --- an upload that is cut ---


async def upload(server: QuickServer, who: Someone, size: int, cuts: int, rate: int) -> Uploaded:
    """Upload a file over a slow link that breaks so often, going on each time where it was."""
    dice, before, began = random.Random(size), resident_bytes(server.pid), time.monotonic()
    at = sorted(dice.sample(range(1, size), cuts))
    begin = TUS | {"Upload-Length": str(size), "Upload-Metadata": "filename ZmlsbQ=="}
    path = (await who.ask("POST", "/uploads", headers=begin)).headers["Location"]
    peak = peak_of(server.pid)
    async with Proxy(server, rate).listening() as link:
        while (held := await offset(who, path)) < size:
            await send(who, f"http://{link.address}{path}", held, size, link, at)
    told = (await who.ask("GET", path.removeprefix("/api/v1"))).body["file"]
    assert told["sha256"] == digest(size), "it is another file now"
    return Uploaded(told["file"], cuts - len(at), peak() - before, time.monotonic() - began)


async def send(who: Someone, url: str, held: int, size: int, link: Proxy, cuts: list[int]) -> None:
    """Send the rest of a file, up to where the link breaks next."""

    async def rest() -> AsyncIterator[bytes]:
        for number in range(held // BLOCK, size // BLOCK):
            if cuts and number * BLOCK > cuts[0]:
                del cuts[0]
                for way in list(link.ways):
                    way.cut()
            yield block(number)[max(0, held - number * BLOCK) :]

    headers = PART | {"Upload-Offset": str(held), "Authorization": f"Bearer {who.token}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as http,
            http.patch(url, data=rest(), headers=headers) as answer,
        ):
            assert answer.status in (204, 409, 503), await answer.text()
    except aiohttp.ClientError:
        pass
    await asyncio.sleep(AGAIN)  # what was cut is perhaps not over yet


async def offset(who: Someone, path: str) -> int:
    answer = await who.ask("GET", path.removeprefix("/api/v1"))
    return int(answer.body["offset"])


# --- many downloads at once ---


async def serve(here: Here, file: str, size: Size) -> Served:
    """Let many take a file slowly while a bystander posts."""
    before, peak = resident_bytes(here.server.pid), peak_of(here.server.pid)
    waits: list[float] = []
    gate = asyncio.Barrier(size.readers + 1)
    async with asyncio.TaskGroup() as posting:
        done = asyncio.Event()
        posting.create_task(post(here, gate, done, waits))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(size.readers):
                tasks.create_task(sip(here, file, size, gate))
        done.set()
    return Served(peak() - before, waits)


async def sip(here: Here, file: str, size: Size, gate: asyncio.Barrier) -> None:
    """Take the beginning of a file in small sips, once all others have begun to, too; then go."""
    reader, writer = await narrow(here.server)
    head = f"GET /api/v1/files/{file} HTTP/1.1\r\nHost: {here.server.address}\r\nAuthorization: Bearer {here.ada.token}\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    await gate.wait()
    expected = (block(number) for number in count())
    got, wanted = 0, b""
    while got < min(size.each, size.mib * MIB):
        sipped = await reader.read(SIP)
        assert sipped, "it was cut off"
        while len(wanted) < len(sipped):
            wanted += next(expected)
        assert sipped == wanted[: len(sipped)], "it is another file"
        got, wanted = got + len(sipped), wanted[len(sipped) :]
        await asyncio.sleep(size.pause * random.uniform(0.5, 1.5))  # this is how slow it is
    writer.transport.abort()


async def narrow(server: QuickServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which little is under way at once."""
    host, _, port = server.address.partition(":")
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SIP)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, (host, int(port)))
    return await asyncio.open_connection(sock=made, limit=SIP)


async def post(here: Here, gate: asyncio.Barrier, done: asyncio.Event, waits: list[float]) -> None:
    """As long as all download, but a few times at least, post, and note what the server's loop does until the answer comes."""
    await gate.wait()
    while not done.is_set() or len(waits) < AT_LEAST:
        before = loop_seconds(here.server.pid)
        answer = await here.ada.ask("POST", f"/rooms/{here.room}/messages", {"text": "hello"})
        waits.append(loop_seconds(here.server.pid) - before)
        assert answer.status == 201, answer.body


async def soak(size: Size, data: Path) -> tuple[Uploaded, Served]:
    """Do all that at some size, and print how it goes. Fails if anything comes as it was not sent."""
    async with claimed(data) as here:
        sent = await upload(here.server, here.ada, size.mib * MIB, size.cuts, RATE)
        cost = f"{sent.growth / MIB:.1f} MiB of memory at most, {sent.seconds:.0f} s"
        print(f"{size.mib} MiB over a link that broke {sent.cuts} times: {cost}", flush=True)
        shown = await here.ada.ask("POST", f"/rooms/{here.room}/messages", {"files": [sent.file]})
        assert shown.status == 201, shown.body
        served = await serve(here, sent.file, size)
        print(f"{size.readers} downloads at once: {served}", flush=True)
    return sent, served


def broken(size: Size, sent: Uploaded, served: Served) -> list[str]:
    """Return which bounds did not hold."""
    bounds = {
        f"the link broke {sent.cuts} times": sent.cuts == size.cuts,
        "the upload took memory": sent.growth < MOST_GROWTH,
        "the downloads took memory": served.growth < size.readers * MOST_EACH,
        "the downloads held others up": served.usual < MOST_WAIT,
    }
    return [what for what, is_kept in bounds.items() if not is_kept]


def main() -> int:
    """Parse the command line; exit status 1 if a bound was broken."""
    parser = argparse.ArgumentParser("python -m tests.faults.soak_files", description=__doc__)
    parser.add_argument("--mib", type=int, default=2_048)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--readers", type=int, default=1_000)
    parser.add_argument("--each", type=int, default=2 * MIB, help="bytes that each reader takes")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between what it takes")
    with tempfile.TemporaryDirectory(prefix="hubbub-files-") as data:
        size = Size(**vars(parser.parse_args()))
        found = broken(size, *asyncio.run(soak(size, Path(data))))
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
