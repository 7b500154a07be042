"""A test that takes too long fails alone, and shows where it stood.

An async test is cancelled at 80 % of its limit. At the limit, a signal ends what else may hang: a test that is not async,
a fixture, a loop of the test's own. If nothing of that helps, because it hangs outside of Python or while it cleans up,
the process ends, and shows where each thread stood. It does so on the real standard error: what a worker of pytest-xdist
writes to standard output is lost.
"""

import asyncio
import faulthandler
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from functools import wraps
from inspect import iscoroutinefunction
from types import CodeType, FrameType
from typing import Any, ParamSpec

import pytest
from _pytest.runner import CallInfo

OF_ASYNC_TESTS = 0.8  # times the limit
LAST_RESORT = 30.0  # seconds after the limit

Parameters = ParamSpec("Parameters")

# What runs a test's set-up, its call and its tear-down.
_PHASE: CodeType = vars(CallInfo)["from_call"].__func__.__code__
_standard_error = sys.__stderr__.fileno() if sys.__stderr__ else 2


def time_limit(item: pytest.Item) -> float:
    """The seconds that a test may take, with its fixtures."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0] if marker else item.config.getini("timeout"))


def pytest_configure() -> None:
    """Nothing is captured yet."""
    global _standard_error  # noqa: PLW0603 - no test may close it
    _standard_error = os.dup(_standard_error)
    signal.signal(signal.SIGALRM, ring)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that may take longest, so that nobody waits for one of them at the end."""
    items.sort(key=time_limit, reverse=True)
    for item in items:
        if isinstance(item, pytest.Function) and iscoroutinefunction(item.obj):
            item.obj = _bounded(item.obj, OF_ASYNC_TESTS * time_limit(item))


def _bounded(
    test: Callable[Parameters, Awaitable[None]], seconds: float
) -> Callable[Parameters, Awaitable[None]]:
    @wraps(test)
    async def bounded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        async with asyncio.timeout(seconds):
            await test(*args, **kwargs)

    return bounded


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    _have_last_resort(item)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Others stop the clocks when a test fails. It may still hang while it cleans up."""
    if isinstance(node, pytest.Item) and not node.config.getoption("usepdb"):
        signal.setitimer(signal.ITIMER_REAL, time_limit(node))
        _have_last_resort(node)


def _have_last_resort(item: pytest.Item) -> None:
    seconds = time_limit(item) + LAST_RESORT
    faulthandler.dump_traceback_later(seconds, file=_standard_error, exit=True)


def pytest_enter_pdb() -> None:
    faulthandler.cancel_dump_traceback_later()


def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    """Instead of a thread for each test, which is all that pytest-timeout has beside a signal that loops swallow."""
    signal.setitimer(signal.ITIMER_REAL, settings.timeout)
    return True


def pytest_timeout_cancel_timer() -> bool:
    signal.setitimer(signal.ITIMER_REAL, 0)
    return True


def ring(_: int, frame: FrameType | None) -> None:
    """End what hangs. A loop that waits would swallow an exception: what it was started for is cancelled."""
    outer = _outwards(frame)
    late = "This takes longer than its time limit"
    if _PHASE not in outer:  # pytest is at work, which nothing may disturb
        signal.setitimer(signal.ITIMER_REAL, 1)
    elif asyncio._get_running_loop() is None or asyncio.current_task() is not None:
        pytest.fail(late)
    elif runner := outer.get(asyncio.Runner.run.__code__):
        task: asyncio.Task[object] = runner.f_locals["task"]
        task.get_loop().call_soon_threadsafe(task.cancel, late)


def _outwards(frame: FrameType | None) -> dict[CodeType, FrameType]:
    """Who called whom, from the inside."""
    found: dict[CodeType, FrameType] = {}
    while frame is not None:
        found.setdefault(frame.f_code, frame)
        frame = frame.f_back
    return found
