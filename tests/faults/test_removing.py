"""Whatever dies or fails while an account is removed, it is there whole, or gone once the server is back."""

from functools import partial
from pathlib import Path

import apsw
import pytest

from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.domain.tables.accounts import ACCOUNT, account_row
from hubbub.protocol.messages import Change
from hubbub.server.people.removing import finish_all
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.contracts.test_removing import DAVE, finish, live, nowhere, remove
from tests.support.disks import FailingDisk
from tests.support.team import Team

STRIDE = {"write": 9, "flush": 1}  # there are many writes, and each is tried on a new server


@pytest.mark.timeout(240)
@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError], ids=["EIO", "ENOSPC"])
@pytest.mark.parametrize("act", ["write", "flush"])
async def test_a_failing_disk_leaves_no_half_removed_person(
    act: str, error: type[apsw.Error], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FailingDisk()
    monkeypatch.setattr(apsw, "Connection", partial(apsw.Connection, vfs=disk.name))
    number, tried, refused = 1, 0, 0
    while len(disk.failed) == tried:
        number, tried = number + STRIDE[act], tried + 1
        team = Team(SqliteStore(tmp_path / str(number), "full", lambda: "e1"))
        await team.begin()
        await live(team)
        disk.fail(act, number, error)
        try:
            assert await remove(team, "ada", "dave", erases=True) is None
            await finish(team)
        except StoreFailed:
            refused += 1
        disk.work()
        await check(team)
        await team.store.close()
    assert refused > 3


async def check(team: Team) -> None:
    """The account is whole, or removed, and then the server goes on to the end."""
    (row,) = await team.store.rows(ACCOUNT, *account_row(DAVE))
    if row.status == "active":
        assert row.handle == "geheim"
        assert await remove(team, "ada", "dave", erases=True) is None
    await finish(team)
    await nowhere(team)
    await team.audited()


async def test_a_server_that_is_killed_after_any_change_is_followed_by_one_that_goes_on(
    tmp_path: Path,
) -> None:
    """What a killed process leaves of SQLite's files is what was committed, so a copy of them after each commit will do."""
    team = Team(SqliteStore(tmp_path / "first", "full", lambda: "e1"))
    await team.begin()
    await live(team)
    copies: list[Path] = []

    def copy() -> None:
        other = tmp_path / f"killed {len(copies)}"
        other.mkdir()
        for file in (tmp_path / "first").glob("hubbub.db*"):
            (other / file.name).write_bytes(file.read_bytes())
        copies.append(other)

    async def submit(principal: Principal, change: Change) -> Answer:
        answer = await team.do(principal, change)
        copy()
        return answer

    assert await remove(team, "ada", "dave", erases=True) is None
    copy()
    await finish_all(team.store, submit)
    await team.store.close()
    assert len(copies) > 5
    for killed in copies:
        again = Team(SqliteStore(killed, "full", lambda: "e1"))
        again.now = team.now
        await check(again)
        await again.store.close()
