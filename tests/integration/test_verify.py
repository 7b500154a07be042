"""`hubbub verify` finds whatever was done to the audit log behind the server's back."""

from contextlib import closing
from pathlib import Path

import apsw
import asyncpg
import pytest

from hubbub import cli
from hubbub.protocol.keys import AUDIT
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.integration.test_copying import hubbub_command
from tests.support.postgres import Postgres
from tests.support.team import Team
from tests.support.team_story import do_everything

IN_LOG = "room = (SELECT id FROM {room} WHERE name = '@audit')"
TAMPERED = {  # SQL, and what is said of it
    "UPDATE {change} SET body = CAST(replace(CAST(body AS TEXT), '@server', '@sorver') AS BLOB) WHERE {log} AND seq = 1": "at entry 1",
    "DELETE FROM {change} WHERE {log} AND seq = 7": "lacks entry 7",
    "DELETE FROM {change} WHERE {log} AND seq > 20": "after entry 20",
    "DELETE FROM {change} WHERE {log}": "after entry 0",
    "UPDATE {change} SET body = (SELECT body FROM {change} WHERE {log} AND seq = 8) WHERE {log} AND seq = 9": "at entry 9",
    "DELETE FROM {head}": "has too many",
}


def on_sqlite(sql: str) -> str:
    return sql.replace("{log}", IN_LOG).format(room="room", change="change", head="audit_head")


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data directory with an audit log."""
    store = SqliteStore(tmp_path, "normal", lambda: "e1")
    await do_everything(Team(store), at_once=False)
    (tmp_path / "intact").write_text(await intact(store))
    await store.close()
    return tmp_path


async def intact(store: Store) -> str:
    """What is said of the audit log as long as nobody touched it."""
    entries = (await store.head(AUDIT)).seq
    assert entries > 20
    return f"The audit log is intact: {entries} entries"


def verified(data: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code, and what was said."""
    return cli.main(["verify", "--data", str(data)]), "".join(capsys.readouterr())


@pytest.mark.timeout(180)
def test_what_nobody_touched_is_intact(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verified(data, capsys)
    assert (code, said.startswith((data / "intact").read_text())) == (0, True), said


async def test_so_is_what_a_server_is_using(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(data, "normal", lambda: "e1")
    ran = await hubbub_command("verify", "--data", data)
    assert ran.code == 0 and "intact" in ran.out, ran
    await store.close()


async def test_so_is_an_empty_one(tmp_path: Path) -> None:
    await SqliteStore(tmp_path, "normal", lambda: "e1").close()
    ran = await hubbub_command("verify", "--data", tmp_path)
    assert ran.code == 0 and "0 entries" in ran.out, ran


@pytest.mark.parametrize("sql, expected", TAMPERED.items())
async def test_it_says_where_the_log_was_changed(data: Path, sql: str, expected: str) -> None:
    with closing(apsw.Connection(str(data / FILE_NAME))) as database:
        database.execute(on_sqlite(sql)).fetchall()
        assert database.changes()
    ran = await hubbub_command("verify", "--data", data)
    assert ran.code == 1 and expected in ran.err, ran


async def test_where_there_is_no_database_it_says_so(tmp_path: Path) -> None:
    ran = await hubbub_command("verify", "--data", tmp_path)
    assert ran.code == 1 and "No database" in ran.err, ran


async def test_it_reads_postgresql_as_well(postgres: Postgres, tmp_path: Path) -> None:
    url = await postgres.fresh()
    store = await PostgresStore.open(url, "normal", lambda: "e1")
    await do_everything(Team(store), at_once=False)
    said = await intact(store)
    ran = await hubbub_command("verify", "--data", tmp_path, store=url)
    assert ran.code == 0 and ran.out.startswith(said), ran
    database = await asyncpg.connect(url)
    await database.execute(
        "DELETE FROM hubbub.change WHERE seq = 7"
        " AND room = (SELECT id FROM hubbub.room WHERE name = '@audit')"
    )
    await database.close()
    ran = await hubbub_command("verify", "--data", tmp_path, store=url)
    assert ran.code == 1 and "lacks entry 7" in ran.err, ran
    await store.close()
