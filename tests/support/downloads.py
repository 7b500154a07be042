"""Downloads that are under way for as long as a test wants."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from hubbub.server.files.directory import Directory


def held_back(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """From now on, of each file only the first bytes are read until the event is set. Each bit that is sent is checked."""
    gate, sound = asyncio.Event(), Directory.reading

    async def reading(self: Directory, *given: Any) -> AsyncGenerator[bytes]:
        async for data in sound(self, *given):
            yield data
            await gate.wait()  # or all of it would be under way by now

    monkeypatch.setattr(Directory, "reading", reading)
    monkeypatch.setattr("hubbub.server.files.downloads.CHECKED_BYTES", 1)
    return gate
