"""The page that says what is kept, and for how long, is about all that there is, and says what the code says."""

import re
from dataclasses import fields
from pathlib import Path

from hubbub.domain.aspects.people.accounts import RESERVED_DAYS
from hubbub.domain.aspects.people.audit import ADDRESS_DAYS
from hubbub.server.config import Settings
from hubbub.server.people.entrance import RESET_SECONDS
from hubbub.server.people.sessions import LIFETIME
from hubbub.server.reactors.retention import TOLD_DAYS, TOLD_EVENTS
from hubbub.server.stores.sqlite.file import open_database
from tests.support.checkout import ROOT
from tests.support.postgres import Postgres
from tests.support.stores import postgresql

PAGE = (ROOT / "docs" / "explanation" / "what-is-kept.md").read_text()
ROWS = {
    cells[0].strip("` "): line
    for line in PAGE.splitlines()
    if line.startswith("| `") and (cells := line.strip("|").split("|"))
}
DAY = 86_400


async def test_it_lists_every_table_of_both_databases(tmp_path: Path, postgres: Postgres) -> None:
    database = open_database(tmp_path)
    query = (
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"
    )
    tables = {name for (name,) in database.execute(query) if not name.startswith("sqlite_")}
    database.close()
    store = await postgresql(tmp_path, postgres)
    connection = await store.connect()  # type: ignore[attr-defined]
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'hubbub'::regnamespace"
    found = await connection.fetch(f"{query} AND relkind IN ('r', 'p') AND NOT relispartition")
    await connection.close()
    await store.close()
    assert ROWS.keys() == tables | {name for (name,) in found}


def test_it_names_every_setting_that_says_how_long() -> None:
    settings = {each.name for each in fields(Settings) if each.name.startswith("keep")}
    named = {name.strip("-").replace("-", "_") for name in re.findall(r"`--(keep[\w-]*)`", PAGE)}
    assert settings and settings == named


def test_it_says_for_how_long_as_the_code_does() -> None:
    assert f"for {TOLD_DAYS} days and at most {TOLD_EVENTS:,} events" in ROWS["change"]
    assert f"{ADDRESS_DAYS} days" in ROWS["audit_address"]
    assert f"for {RESERVED_DAYS} days" in ROWS["handle"]
    assert f"{LIFETIME / DAY:.0f} days after their last use" in ROWS["session"]
    assert f"{RESET_SECONDS / 3600:.0f} hours" in ROWS["credential"]
