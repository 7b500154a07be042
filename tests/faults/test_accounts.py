"""Whatever dies or fails, there is no half-made account, and no invite is used twice."""

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

import apsw
import pytest

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.disks import FailingDisk
from tests.support.signing_up import sign_up
from tests.support.soundness import unsound
from tests.support.team import Team, inviting, newcomer, using

FLUSHES = range(2, 22)  # odd ones die before they are done, even ones after


@pytest.mark.timeout(240)
async def test_a_process_that_dies_in_any_flush_leaves_no_half_made_account(tmp_path: Path) -> None:
    made = 0
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.signing_up", str(tmp_path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    for number in FLUSHES:
        used_up = await until_killed(process, number)
        store = SqliteStore(tmp_path, "full", lambda: "e1")
        assert await unsound(Team(store)) == []
        accounts = len(await store.rows(ACCOUNT))
        assert accounts >= max(made, used_up)
        await store.close()
        made = accounts
    assert made > 3
    process.kill()  # a fork of it may still hold its output, so nobody waits for the end of that
    await process.wait()


async def until_killed(process: asyncio.subprocess.Process, flush: int) -> int:
    """How many invites were used up before this flush, in which one died."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{flush}\n".encode())
    used_up = 0
    while not (line := await process.stdout.readline()).startswith(b"ended"):
        assert line, "it ended by itself"
        used_up += 1
    assert int(line.split()[1]) == -signal.SIGKILL
    return used_up


@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError], ids=["EIO", "ENOSPC"])
@pytest.mark.parametrize("act", ["write", "flush"])
async def test_a_failing_disk_leaves_no_half_made_account(
    act: str, error: type[apsw.Error], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FailingDisk()
    monkeypatch.setattr(apsw, "Connection", partial(apsw.Connection, vfs=disk.name))
    number, refused = 0, 0
    while len(disk.failed) == number:
        number += 1
        team = Team(SqliteStore(tmp_path / str(number), "full", lambda: "e1"))
        await claimed(team)
        disk.fail(act, number, error)
        for each in range(3):
            try:
                await sign_up(team, each)
            except StoreFailed:
                refused += 1
        disk.work()
        assert await unsound(team) == []
        again = [
            await sign_up(team, each) for each in range(3)
        ]  # repeated by those who were not answered
        assert [sorted(map(str, codes[1:])) for codes in again] == [["None", "gone"]] * 3
        assert await unsound(team) == []
        assert len(await team.store.rows(ACCOUNT)) == 4
        await team.store.close()
    assert refused >= 3


async def claimed(team: Team) -> None:
    claim = using("claim", "ada", OPERATOR.id, secret="hash")
    assert await team.code(OPERATOR, inviting("claim", role="owner")) is None
    assert await team.code(newcomer("ada"), claim) is None
