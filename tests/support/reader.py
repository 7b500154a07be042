"""Somebody who follows a page of the documentation to the letter.

They sit at a machine of their own (a network namespace, so that `localhost:8181` is theirs), in a fresh
checkout in which `make install` has run, and type one command after the other. A server runs on
until they start the next one, as if in another terminal. It takes root, and Debian's iproute2.
"""

import asyncio
import os
import re
import shutil
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from tests.support.checkout import ROOT, copy_checkout
from tests.support.docs import STOP
from tests.support.network import Place, network
from tests.support.node import NODE

SECONDS = 45.0
# What `make test` was told is not for the makes of readers.
OF_MAKE = {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
OURS = {name: value for name, value in os.environ.items() if name not in OF_MAKE}

# npm finds its registry as in the tests' own environment, and asks it only for packages.
NPM = {
    "HOME": os.environ["HOME"],
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "NPM_CONFIG_PREFER_OFFLINE": "true",
}
TYPED = "typed by the reader"
SAID = "said by alan"
HOSTS = "127.0.0.1 localhost chat.example.org app.example.org\n::1 localhost\n{} db.example nats.example\n"

# What does not end by itself, and what it has to show. Whoever shows what happens is given something to show.
SERVERS = (
    (r"\b(make|hubbub) serve\b", r"is ready: .*"),
    (r"\bhttp\.server\b", r"Serving HTTP .*"),
)
LASTING = (
    (r"\bmake example\b|\bnode (chat|names|resume)\.js\b", TYPED),
    (r"\bnode example\.js\b|\bpython hello\.py\b|\bcurl -N\b|\bhubbub tail\b", SAID),
)


class Reader:
    """Types commands, each in the environment and folder that those before have left."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder = copy_checkout(folder / "hubbub")
        self.place = place
        self._state = folder / "state"
        home = folder / "home"
        home.mkdir()
        (home / ".curlrc").write_text("fail\nshow-error\n")  # or an error would not be noticed
        _install(self.folder)
        programs = folder / "programs"
        programs.mkdir()
        (programs / "node").symlink_to(NODE)
        (programs / "npm").symlink_to(NODE.parents[1] / "lib/node_modules/npm/bin/npm-cli.js")
        path = f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self._environment = {
            "HOME": str(home),
            "PATH": path,
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }
        self._state.write_text(f"cd {self.folder}\n")
        self._server: Process | None = None
        self.beside = AsyncExitStack()  # what runs up to the end, such as other sites

    def set(self, **variables: str) -> None:
        """Set variables of the reader's environment."""
        self._environment |= variables

    async def type(self, command: str) -> str:
        """Run a command; what it printed. It ends with 0, or lasts and shows what it should."""
        if command == STOP:
            await self.stop()
            return ""
        for pattern, shown in SERVERS:
            if re.search(pattern, command):
                return await self._serve(command, shown)
        for pattern, shown in LASTING:
            if re.search(pattern, command):
                return await self._last(command, shown)
        return await self._run(command)

    async def keep(self, command: str, shown: str) -> None:
        """Have another program run up to the end."""
        process = await self._begin(command)
        self.beside.push_async_callback(_end, process)
        await _until(process, command, shown)

    async def stop(self) -> None:
        """Press Ctrl-C where the server runs."""
        if self._server is not None:
            await _end(self._server, signal.SIGINT)
            self._server = None

    async def _run(self, command: str) -> str:
        keep = f'{{ export -p; printf "cd %q\\n" "$PWD"; }} > {self._state}'
        process = await self._begin(f"{{ {command}\n}} <<< '{TYPED}'\n{keep}")
        assert process.stdout is not None
        try:
            async with asyncio.timeout(SECONDS):
                output = (await process.stdout.read()).decode()
                await process.wait()
        finally:
            await _end(process)
        assert process.returncode == 0, f"{command}\n{output}"
        return output

    async def _serve(self, command: str, shown: str) -> str:
        await self.stop()
        self._server = await self._begin(command)
        return await _until(self._server, command, shown)

    @asynccontextmanager
    async def talking(self, command: str) -> AsyncIterator["Talk"]:
        """A program that lasts, to type into; it is ended after the block."""
        process = await self._begin(command)
        try:
            yield Talk(self, process, command)
        finally:
            await _end(process)

    async def _last(self, command: str, shown: str) -> str:
        async with self.talking(command) as talk:
            room = re.search(r"(?:tail |rooms/)([\w-]+)", command)
            return await talk.shows(TYPED, wanted=shown, room=room[1] if room else "lobby")

    async def post(self, room: str) -> None:
        """Have somebody else write to a room of the server."""
        url = f"http://127.0.0.1:8181/api/v1/rooms/{room}/messages?name=alan"
        others = ("curl", "-s", "-o", "/dev/null", "--json", f'{{"text": "{SAID}"}}', url)
        posting = await asyncio.create_subprocess_exec(*self.place.prefix, *others)
        await posting.wait()

    async def _begin(self, command: str) -> Process:
        """Start a command. Only npm needs more than this machine: the registry that the tests use."""
        is_npm = re.search(r"\bnpm install\b", command) is not None
        prefix = () if is_npm else self.place.prefix
        return await asyncio.create_subprocess_exec(
            *(*prefix, "bash", "-c", f"set -ea; . {self._state}; {command}"),
            env=OURS | self._environment | NPM if is_npm else self._environment,
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
        )


def _install(folder: Path) -> None:
    """What `make install` has made in the tests' own checkout, with stamps by which make has nothing to do."""
    for name, stamps in ((".venv-build", ("build", "node")), (".venv", ("run", "examples"))):
        (folder / name / "stamps").mkdir(parents=True)
        for part in (ROOT / name).iterdir():
            if part.name != "stamps":
                (folder / name / part.name).symlink_to(part)
        for stamp in stamps:
            (folder / name / "stamps" / stamp).touch()
    shutil.copytree(ROOT / "web" / "dist", folder / "web" / "dist")
    shutil.copy2(ROOT / "web" / "dist.sha256", folder / "web")


class Talk:
    """A program that shows what happens, and perhaps posts what one types."""

    def __init__(self, reader: Reader, process: Process, command: str) -> None:
        self._reader = reader
        self._process = process
        self._command = command
        self.shown: list[str] = []

    def type(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        with suppress(ConnectionError):
            self._process.stdin.write(f"{line}\n".encode())

    async def shows(self, line: str, wanted: str = "", room: str = "lobby") -> str:
        """Type a line, and have others write, again and again until it has shown that line, or what is wanted."""
        seen = asyncio.Event()
        giving = asyncio.create_task(self._give(line, room, seen))
        try:
            return await _until(self._process, self._command, wanted or line, self.shown)
        finally:
            seen.set()
            await giving

    async def _give(self, line: str, room: str, seen: asyncio.Event) -> None:
        while not seen.is_set():  # no program tells when it listens
            self.type(line)
            await self._reader.post(room)
            with suppress(TimeoutError):
                await asyncio.wait_for(seen.wait(), 0.3)


async def _until(
    process: Process, command: str, wanted: str, shown: list[str] | None = None
) -> str:
    """Read what it prints until it has shown that."""
    assert process.stdout is not None
    lines = [] if shown is None else shown
    try:
        async with asyncio.timeout(SECONDS):
            while line := (await process.stdout.readline()).decode():
                lines.append(line.rstrip("\n"))
                if re.search(wanted, line):
                    return line
    except TimeoutError:
        lines.append("(and no more)")
    raise AssertionError("\n".join([command, *lines]))


async def _end(process: Process, how: signal.Signals = signal.SIGKILL) -> None:
    """End it and all that it started, and read what is left."""
    assert process.stdin is not None
    process.stdin.close()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    try:
        async with asyncio.timeout(SECONDS):
            await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@asynccontextmanager
async def reading(folder: Path) -> AsyncIterator[Reader]:
    """A reader, whose server and machine are gone afterwards."""
    with network(["reader"]) as net:
        place = net.places["reader"]
        etc = Path("/etc/netns") / place.prefix[3]  # `ip netns exec` puts it over /etc
        etc.mkdir(parents=True)
        try:
            (etc / "hosts").write_text(HOSTS.format(place.host))
            reader = Reader(folder, place)
            async with reader.beside:
                reader.beside.push_async_callback(reader.stop)
                yield reader
        finally:
            shutil.rmtree(etc)
