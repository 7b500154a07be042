"""A thread that runs calls one by one for the event loop."""

import asyncio
import threading
from asyncio import Future
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """Runs calls in its own thread, in order.

    A `ThreadPoolExecutor` takes three times as long for this, and each commit waits for it.
    """

    def __init__(self, name: str) -> None:
        self._tasks: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, act: Callable[[], T]) -> "Future[T]":
        """Run a call in the thread. It is skipped if its future is cancelled before its turn."""
        future: Future[T] = asyncio.get_running_loop().create_future()
        self._tasks.put((act, future))
        return future

    async def close(self) -> None:
        """End the thread once all calls are done."""
        self._tasks.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            act, future = task
            if not future.cancelled():
                _call(act, future)
            del task, act, future  # keep nothing alive while waiting


def _call(act: Callable[[], Any], future: "Future[Any]") -> None:
    loop = future.get_loop()
    settle: Callable[[Any], None]
    try:
        outcome, settle = act(), future.set_result
    except BaseException as error:  # any exception belongs to the caller, which waits for it
        outcome, settle = error, future.set_exception
    try:
        loop.call_soon_threadsafe(_settle, future, settle, outcome)
    except RuntimeError:
        pass  # the loop was closed, so nobody waits


def _settle(future: "Future[Any]", settle: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        settle(outcome)
