"""A node behind PgBouncer, which gives it another connection of the database for each transaction."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.native import native
from tests.integration.test_postgres import hubbub, nodes, said
from tests.integration.web import over_http
from tests.support.balancers import program
from tests.support.ports import free_port
from tests.support.postgres import NOBODY, Postgres

PGBOUNCER = program("pgbouncer")
START_SECONDS = 30.0


SETTINGS = """
[databases]
{name} = host=127.0.0.1 port={port} user=hubbub
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


@pytest.fixture
def settings() -> Iterator[Path]:
    """A file that whoever the pooler runs as may read: it refuses to be root."""
    with tempfile.NamedTemporaryFile(prefix="hubbub-pooler-") as file:
        if os.geteuid() == 0:
            os.chown(file.name, NOBODY, NOBODY)
        yield Path(file.name)


@asynccontextmanager
async def pooled(url: str, settings: Path) -> AsyncIterator[str]:
    """The address of the same database, by a pooler with few connections."""
    parts, port = urlsplit(url), free_port()
    text = SETTINGS.format(name=parts.path[1:], port=parts.port, own_port=port)
    await asyncio.to_thread(settings.write_text, text)
    who = str(NOBODY)
    prefix = ("setpriv", "--reuid", who, "--regid", who, "--clear-groups")
    process = await asyncio.create_subprocess_exec(
        *(prefix if os.geteuid() == 0 else ()),
        *(str(PGBOUNCER), "-q", str(settings)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.02)
        yield f"postgres://hubbub@127.0.0.1:{port}{parts.path}?statement_cache_size=0"
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


@pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer")
async def test_all_goes_on_behind_a_pooler(
    postgres: Postgres, settings: Path, tmp_path: Path
) -> None:
    direct = await postgres.fresh()
    async with pooled(direct, settings) as url, nodes(postgres, tmp_path, 2, url) as servers:
        async with (
            native(servers[0].port, "ada", key="made up at random") as ada,
            native(servers[1].port) as grace,
        ):
            await grace.ask("join", room="lobby")
            for n in range(50):
                await ada.ask("post", room="lobby", text=str(n))
            assert await said(grace, 50) == [str(n) for n in range(50)]
            await ada.ask("edit", room="lobby", seq=1, text="zero")
            await ada.ask("patch", room="lobby", patch={"a": 1})
            snapshot = await grace.ask("join", room="lobby")
            assert (snapshot["head"], snapshot["state"]) == (52, {"a": 1})
            async with over_http(servers[1]) as curl:
                asked = [curl.ask("GET", "/lobby/messages?limit=50") for _ in range(20)]
                pages = [answer.body["messages"] for answer in await asyncio.gather(*asked)]
                assert [len(page) for page in pages] == [50] * 20
            data = ("--data", str(tmp_path))
            assert (await hubbub(url, "token", "create", "--name", "ci", *data)).code == 0
            assert " ci " in (await hubbub(url, "token", "list", *data)).out
            posted = await hubbub(direct, "backup", str(tmp_path / "copy.db"), *data)
            assert posted.code == 0, posted.err
        await postgres.execute(
            "SELECT hubbub.post('lobby', 'from the outbox')", urlsplit(direct).path[1:]
        )
        async with native(servers[0].port) as client:
            while (await client.ask("join", room="lobby"))["head"] < 53:
                await client.ask("leave", room="lobby")
                await asyncio.sleep(0.05)
        assert not any("Traceback" in line for server in servers for line in server.output)


@pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer")
async def test_by_a_pooler_it_is_known_whether_a_server_is_there(
    postgres: Postgres, settings: Path, tmp_path: Path
) -> None:
    file, data = str(tmp_path / "monday.db"), ("--data", str(tmp_path))
    direct = await postgres.fresh()
    async with pooled(direct, settings) as url, nodes(postgres, tmp_path, 1, url) as (server,):
        async with native(server.port) as ada:
            await ada.ask("post", room="lobby", text="hello")
        assert (await hubbub(url, "backup", file, *data)).code == 0
        refused = await hubbub(url, "restore", file, *data)
        assert refused.code == 1 and "a server is using this database" in refused.err
        copied = await hubbub(url, "db", "copy", url, f"sqlite:{tmp_path / 'copy'}")
        assert copied.code == 0 and "A server is using the source" in copied.err
        await server.terminate()
        restored = await hubbub(url, "restore", file, *data)
        assert restored.code == 0, restored.err
