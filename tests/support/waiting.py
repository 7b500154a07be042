"""Requests that wait for their answer while a test does something else."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import ClientSession

T = TypeVar("T")


async def noticed(http: ClientSession, url: str = "/") -> None:
    """Wait until the server has read what was sent before, and seen who hung up: it answers what comes after."""
    async with http.get(url) as answer:
        await answer.read()


async def under_way(
    asking: Coroutine[Any, Any, T], http: ClientSession, url: str = "/"
) -> asyncio.Task[T]:
    """A request of this session that the server has read, and perhaps not answered yet."""
    asked = asyncio.create_task(asking)
    await asyncio.sleep(0)  # it takes the connection that is free, or begins one
    await noticed(http, url)
    return asked
