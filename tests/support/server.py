"""A real hubbub server in a process of its own, to be started, killed and started again by tests."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from hubbub.server.people.passwords import Argon2
from tests.support.nats import nats_running
from tests.support.nursery import CHEAP, Forked, is_read_later, nursery
from tests.support.ports import free_port
from tests.support.postgres import running
from tests.support.stores import prepare

START_SECONDS = 30.0
STOP_SECONDS = 30.0
_READY = re.compile(r"hubbub is ready: +https?://[^\s/]*:(\d+)")


class Server:
    """`hubbub serve` on a free port of 127.0.0.1, with its data in `data`.

        async with Server(tmp_path) as server:
            ...                     # server.url, server.port, server.pid
            await server.kill()     # as a power cut would
            await server.start()    # the same port, the same data

    `flags` are added to the command line, and `environment` to the environment; `prepare` is called
    in the new process before it becomes the server. Every wait is bounded; what the server wrote is in `output`, and in the message of any failure.
    """

    def __init__(
        self,
        data: Path,
        *flags: str,
        environment: dict[str, str] | None = None,
        port: int = 0,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        self.data = data
        self.port = port or free_port()
        self.output: list[str] = []
        self._flags = flags
        self._environment = environment or {}
        self._prepare = prepare
        self._process: asyncio.subprocess.Process | Forked | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start, and wait for the line that says it is ready; again on the same port as before."""
        assert not self.is_running, "the server runs already"
        self._ready.clear()
        async with asyncio.timeout(START_SECONDS):
            self._process = await self._begin()
        self._reading = asyncio.create_task(self._read())
        await self._until_ready()

    async def kill(self) -> None:
        """Kill it as a power cut would (SIGKILL), and wait until it is gone."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """Stop it politely (SIGTERM) and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def ended(self) -> int:
        """Wait until it ends by itself, and return its exit code."""
        return await self._end(None)

    async def restart(self, *, kill: bool = True) -> None:
        """Kill (or stop politely) and start again."""
        await (self.kill() if kill else self.terminate())
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_running:
            await self.kill()

    async def _begin(self) -> asyncio.subprocess.Process | Forked:
        """Fork it, unless it needs a fresh process."""
        words = (
            *("serve", "--host", "127.0.0.1", "--port", str(self.port), "--data", str(self.data)),
            *self._flags,
        )
        environment = os.environ | {"PYTHONUNBUFFERED": "1"} | self._environment
        if self._prepare is None and is_read_later(self._environment):
            return await nursery().fork(*words, environment=environment)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hubbub", *words),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=self._prepare,
        )

    async def _until_ready(self) -> None:
        assert self._reading is not None
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait(
            {ready, self._reading}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        ready.cancel()
        if not self._ready.is_set():
            if self.is_running:
                await self.kill()
            raise AssertionError(f"the server was not ready in time; it wrote:\n{self._text()}")

    async def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        async for line in self._process.stdout:
            self.output.append(line.decode(errors="replace"))
            if not self._ready.is_set() and (found := _READY.search(self.output[-1])):
                self.port = int(found[1])
                self._ready.set()

    async def _end(self, how: signal.Signals | None) -> int:
        assert self._process is not None and self._reading is not None, "the server never ran"
        if how is not None and self._process.returncode is None:
            self._process.send_signal(how)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                code = await self._process.wait()
                await self._reading
        except TimeoutError:
            self._process.kill()
            raise AssertionError(f"the server did not stop; it wrote:\n{self._text()}") from None
        return code

    def _text(self) -> str:
        return "".join(self.output[-200:])


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Generator[tuple[object, ...]]:
    """A hash takes little memory and time, as in servers that are forked. Yields the parameters of real ones."""
    with pytest.MonkeyPatch.context() as patched:
        real = Argon2.__init__.__defaults__
        assert real
        patched.setattr(Argon2.__init__, "__defaults__", CHEAP)
        yield real


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A fresh server of the test's own."""
    async with Server(prepare(tmp_path / "data")) as server:
        yield server


@pytest.fixture(scope="session")
async def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """One server for all tests that neither stop it nor mind what is in other rooms.

    Its parameter says on which store and broker, if not SQLite: `postgres`, or `postgres and nats`.
    """
    environment: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        kind = getattr(request, "param", "sqlite")
        if "postgres" in kind:
            postgres = await stack.enter_async_context(running())
            environment["HUBBUB_STORE"] = await postgres.fresh()
        if "nats" in kind:
            broker = await stack.enter_async_context(nats_running())
            environment["HUBBUB_BROKER"] = broker.url
        data = tmp_path_factory.mktemp("shared") / "data"
        yield await stack.enter_async_context(Server(data, environment=environment))
