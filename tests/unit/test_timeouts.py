"""A test that hangs is ended by itself, and the run goes on: see tests/support/timeouts.py."""

import asyncio
import signal
from collections.abc import Callable

import pytest
import uvloop


def ring() -> None:
    signal.raise_signal(signal.SIGALRM)


def test_what_is_not_async_fails_where_it_stands() -> None:
    with pytest.raises(pytest.fail.Exception, match="longer than its time limit"):
        ring()


def waiting() -> None:
    async def wait() -> None:
        asyncio.get_running_loop().call_soon(ring)
        await asyncio.Event().wait()

    uvloop.run(wait())


def busy() -> None:
    async def work() -> None:
        ring()

    uvloop.run(work())


@pytest.mark.parametrize("hangs", [waiting, busy])
def test_a_loop_ends_with_what_it_was_started_for(hangs: Callable[[], None]) -> None:
    with pytest.raises((asyncio.CancelledError, pytest.fail.Exception), match="its time limit"):
        hangs()


@pytest.fixture
async def hung_fixture() -> str:
    asyncio.get_running_loop().call_soon(ring)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()
        return str(error)
    return ""


def test_an_async_fixture_is_cancelled(hung_fixture: str) -> None:
    assert "its time limit" in hung_fixture
