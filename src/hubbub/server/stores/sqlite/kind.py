"""SQLite as a kind of store: a file in the data directory, for one node."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

from hubbub.domain.rules import Rules
from hubbub.server.addresses import BadAddress
from hubbub.server.findings import Finding
from hubbub.server.process.handovers import handed_over
from hubbub.server.stores.base import Durability, Progress, Store
from hubbub.server.stores.kinds import IssuedTokens
from hubbub.server.stores.tables import Tables


class Sqlite:
    """See the contract in `kinds`. A copy's end is `sqlite:DIRECTORY`."""

    name = "SQLite"
    schemes = ("sqlite",)
    form = "sqlite"
    end_form = "sqlite:DIRECTORY"
    is_shared = False

    def check(self, store: str) -> None:
        """See the contract."""
        if store != self.form:
            raise BadAddress("SQLite's file is in the data directory, which --data sets")

    def check_end(self, address: str) -> None:
        """See the contract."""
        if not address.partition(":")[2]:
            raise BadAddress("it lacks the directory")

    def place(self, store: str, data: Path) -> str:
        """See the contract."""
        return str(data.resolve())

    async def open(
        self,
        store: str,
        data: Path,
        durability: Durability,
        new_epoch: Callable[[], str],
        rules: Rules,
        progress: Progress,
    ) -> Store:
        """See the contract."""
        from hubbub.server.stores.sqlite.store import SqliteStore

        # An upgrade may take long, and the server must hear of signals meanwhile.
        return await handed_over(
            asyncio.to_thread(SqliteStore, data, durability, new_epoch, rules, progress),
            SqliteStore.close,
        )

    async def open_beside(self, store: str, data: Path, rules: Rules) -> Store:
        """See the contract."""
        from hubbub.server.stores.sqlite.store import SqliteStore

        return SqliteStore(data, "full", lambda: token_hex(8), rules, is_beside=True)

    def open_tokens(self, store: str, data: Path) -> IssuedTokens:
        """See the contract."""
        from hubbub.server.stores.sqlite.tokens import SqliteTokens

        return SqliteTokens(data)

    async def open_tables(self, address: str, *, is_source: bool) -> Tables:
        """See the contract. Expands `~`, which a shell leaves alone after `sqlite:`."""
        from hubbub.server.stores.sqlite.tables import SqliteTables

        return SqliteTables.of(_directory(address), is_source=is_source)

    async def back_up(self, store: str, data: Path, target: Path, progress: Progress) -> None:
        """See the contract."""
        from hubbub.server.stores.sqlite import backup

        await asyncio.to_thread(backup.back_up, data, target, progress)

    async def restore(
        self, store: str, data: Path, copy: Path, epoch: str, progress: Progress
    ) -> str:
        """See the contract."""
        from hubbub.server.stores.sqlite import backup

        kept = await asyncio.to_thread(backup.restore, data, copy, epoch, progress)
        return str(kept or "")

    def examine(self, store: str, data: Path) -> Iterator[Finding]:
        """See the contract."""
        from hubbub.server.stores.sqlite.examination import examine
        from hubbub.server.stores.sqlite.file import FILE_NAME

        return examine(data / FILE_NAME)


def _directory(address: str) -> Path:
    return Path(address.partition(":")[2]).expanduser()
