"""What becomes of duties that fail."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from hubbub.server.duties import MOST_SECONDS, Duty, DutyFailed, keep_at
from hubbub.server.stores.base import LogsReplaced, StoreFailed
from tests.support.fakes import timeless


class Chore:
    """A duty that fails so often as is planned."""

    def __init__(self, *plan: Exception | None, every: float = 2.0, **more: Any) -> None:
        self._plan = [*plan]
        self.at: list[float] = []  # times
        self.failed: list[str] = []
        duty = Duty("chore", "do the chore", self._do, every, **more)
        self.task = asyncio.create_task(keep_at(duty, self.failed.append))

    async def _do(self) -> None:
        self.at.append(round(asyncio.get_running_loop().time()))
        if self._plan and (error := self._plan.pop(0)):
            raise error


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(" s: ")[0] for record in caplog.records]


@timeless
async def test_after_unexpected_failures_it_goes_on_later_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chore = Chore(*[ValueError("secret")] * 8, None, KeyError("secret"))
    await asyncio.sleep(225)
    assert chore.at == [2, 4, 6, 10, 18, 34, 66, 126, 186, 188, 190, *range(192, 225, 2)]
    waits = [2, 2, 4, 8, 16, 32, 60, 60]
    again = "Can't do the chore; trying again in"
    assert said(caplog) == [
        *[f"{again} {seconds}" for seconds in waits],
        "Recovered: can do the chore again",
        f"{again} 2",
        "Recovered: can do the chore again",
    ]
    assert "secret" not in caplog.text and "test_duties.py" in caplog.text
    assert chore.failed == ["chore"] * 9


@timeless
async def test_what_it_expects_is_said_once_and_not_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chore = Chore(*[StoreFailed("the disk is full")] * 3)
    await asyncio.sleep(21)
    assert chore.at == [*range(2, 21, 2)] and not chore.failed
    expected = ["Can't do the chore: the disk is full", "Recovered: can do the chore again"]
    assert said(caplog) == expected


@timeless
async def test_one_that_had_gone_on_for_long_goes_on_soon() -> None:
    begun: list[float] = []

    async def serve() -> None:
        begun.append(asyncio.get_running_loop().time())
        await asyncio.sleep(100)
        raise ValueError

    task = asyncio.create_task(keep_at(Duty("broker", "serve", serve, at_once=True), print))
    await asyncio.sleep(305)
    assert not task.done()
    assert begun == pytest.approx([0, 101, 202, 303], abs=0.01)


@timeless
async def test_it_ends_when_nothing_can_be_trusted_any_more() -> None:
    chore = Chore(LogsReplaced("the logs were replaced"))
    with pytest.raises(LogsReplaced):
        await chore.task
    assert not chore.failed


@timeless
async def test_it_goes_on_however_often_it_fails() -> None:
    chore = Chore(*[ValueError() for _ in range(1_100)])
    await asyncio.sleep(1_200 * MOST_SECONDS)
    assert len(chore.failed) == 1_100 and not chore.task.done()


@timeless
async def test_it_waits_no_longer_than_it_may() -> None:
    chore = Chore(*[ValueError()] * 8, every=0.5, most=2.0)
    await asyncio.sleep(12)
    assert [late - early for early, late in pairwise(chore.at[1:7])] == [2] * 5


@timeless
async def test_one_without_which_nothing_is_secure_ends_the_server_when_it_keeps_failing() -> None:
    mistake = ValueError("secret")
    chore = Chore(mistake, StoreFailed(""), None, mistake, mistake, tries=2)
    with pytest.raises(DutyFailed, match=r"^Can't do the chore, in 2 tries: ValueError at ") as why:
        await chore.task
    assert chore.at == [2, 4, 6, 8, 10] and "secret" not in str(why.value)
    assert chore.failed == ["chore"] * 3
