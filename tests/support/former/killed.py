"""A program that upgrades a database, and is killed once a share of the rows is upgraded."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from hubbub.domain.aspects import RULES
from hubbub.server.stores import migrations
from hubbub.server.stores.registry import kind_of


async def main(store: str, directory: str, share: float, rows_at_once: int) -> None:
    def progress(_what: str, done: int, total: int) -> None:
        if done >= share * total:
            os.kill(os.getpid(), signal.SIGKILL)

    migrations.ROWS_AT_ONCE = rows_at_once
    await kind_of(store).open(store, Path(directory), "full", lambda: "other", RULES, progress)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
