"""Whoever asks about many rooms again and again delays nobody else."""

import asyncio
from functools import partial

import pytest

from hubbub.domain.principals import Principal, Role
from hubbub.protocol.errors import RefusalError
from hubbub.server.hub.turns import AT_ONCE, Turns
from hubbub.server.people.rates import LISTINGS_PER_SECOND, Limits, Throttle

ADA, GRACE = (Principal(name, Role.ACCOUNT, name) for name in ("ada", "grace"))


async def hold(turns: Turns, who: Principal, done: asyncio.Event) -> None:
    async with turns.of(who):
        await done.wait()


async def test_each_account_has_one_turn_at_a_time_so_that_others_get_theirs() -> None:
    turns, done = Turns(Throttle(Limits(256, 0))), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(hold(turns, ADA, done)) for _ in range(2 * AT_ONCE)]
        await asyncio.sleep(0)  # all have begun
        grace = group.create_task(hold(turns, GRACE, done))
        await asyncio.sleep(0)
        assert turns.any._value == AT_ONCE - 2
        done.set()
    assert all(task.done() for task in (*held, grace))


async def test_who_asks_too_often_is_told_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "time", partial(float, 1.0))
    turns = Turns(Throttle(Limits(256, 1_000)))
    for _ in range(int(2 * LISTINGS_PER_SECOND)):
        async with turns.of(ADA):
            pass
    with pytest.raises(
        RefusalError, match="make requests about many rooms at most 10 times"
    ) as refused:
        async with turns.of(ADA):
            pass
    assert refused.value.refusal.retry_after == pytest.approx(1 / LISTINGS_PER_SECOND)
    async with turns.of(GRACE):
        pass
