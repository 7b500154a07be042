"""Thumbnails of pictures: made once somebody wants to see one, and kept beside the file, with which they go.

Those that can't be made are remembered, too: as empty ones.
"""

import asyncio
import logging
from collections import Counter
from functools import partial

from hubbub.domain.files import FileUse
from hubbub.protocol.files import THUMBNAIL_SIDES, thumbnail_of
from hubbub.server.files.base import Files, StorageFull
from hubbub.server.files.jobs import Job
from hubbub.server.files.shrinker import Picture, Shrinker

AT_ONCE = 32  # files whose thumbnails are being made, or wait for that
PATIENCE = 10.0  # seconds that whoever asks for one waits, before it gets the file

log = logging.getLogger(__name__)


class Thumbnails:
    """Finds thumbnails, or has them made, if there is what makes them."""

    def __init__(self, files: Files, shrinker: Shrinker | None) -> None:
        self._files = files
        self._shrinker = shrinker
        self._making: dict[str, asyncio.Task[None]] = {}
        self.outcomes = Counter[str]()

    async def find(self, use: FileUse, side: int) -> int | None:
        """Return how many bytes a thumbnail of a picture has; None if there is none. Raises FilesFailed."""
        size = await self._files.size(thumbnail_of(use.file, side))
        if size is None and self._shrinker is not None:
            await self._wait_for(use, self._shrinker)
            size = await self._files.size(thumbnail_of(use.file, side))
        return size or None

    async def close(self) -> None:
        """Give up what is being made."""
        for task in [*self._making.values()]:
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    async def _wait_for(self, use: FileUse, shrinker: Shrinker) -> None:
        """Have the thumbnails of a picture made, together with all who want them."""
        task = self._making.get(use.file)
        if task is None:
            if len(self._making) >= AT_ONCE:
                self.outcomes["busy"] += 1
                return
            task = self._making[use.file] = asyncio.create_task(self._make(use, shrinker))
            task.add_done_callback(_heard)
        await asyncio.wait([task], timeout=PATIENCE)
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error

    async def _make(self, use: FileUse, shrinker: Shrinker) -> None:
        try:
            reading = partial(self._files.reading, use.file, 0, use.size)
            picture = Picture(use.account, use.size, reading)
            made = await shrinker.shrink(Job.THUMBNAILS, picture)
            self.outcomes["busy" if made is None else "made" if made else "impossible"] += 1
            if made is not None:
                sides = sorted(THUMBNAIL_SIDES, reverse=True)
                for side, data in zip(sides, made or [b""] * len(sides), strict=True):
                    await self._files.keep(thumbnail_of(use.file, side), data)
        except StorageFull as error:
            log.warning("No space for thumbnails: %s", error)
        finally:
            del self._making[use.file]


def _heard(task: asyncio.Task[None]) -> None:
    """Look what became of it: nobody may be waiting any more."""
    if not task.cancelled():
        task.exception()
