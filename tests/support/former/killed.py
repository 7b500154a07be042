"""A program that upgrades a database, and is killed once it has been told so often how far it is."""

import asyncio
import os
import signal
import sys
from itertools import count
from pathlib import Path

from hubbub.domain.aspects import RULES
from hubbub.server.stores import migrations
from hubbub.server.stores.registry import kind_of


async def main(store: str, directory: str, after: int, rows_at_once: int) -> None:
    told = count(1)

    def progress(_what: str, _done: int, _total: int) -> None:
        if next(told) == after:
            os.kill(os.getpid(), signal.SIGKILL)

    migrations.ROWS_AT_ONCE = rows_at_once
    await kind_of(store).open(store, Path(directory), "full", lambda: "other", RULES, progress)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
