"""PostgreSQL as a kind of store: a schema in a database, which nodes may share."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

from hubbub.domain.rules import Rules
from hubbub.server.addresses import check
from hubbub.server.findings import Finding
from hubbub.server.stores.base import Durability, Progress, Store
from hubbub.server.stores.kinds import IssuedTokens
from hubbub.server.stores.tables import Tables


class Postgres:
    """See the contract in `kinds`. asyncpg, which takes some megabytes, is imported only when it is used."""

    name = "PostgreSQL"
    schemes = ("postgres", "postgresql")
    form = "postgres://USER:PASSWORD@HOST/DATABASE"
    end_form = "postgres://USER@HOST/DATABASE"
    is_shared = True

    def check(self, store: str) -> None:
        """See the contract."""
        check(store, self.schemes, needs_host=False)

    def check_end(self, address: str) -> None:
        """See the contract."""
        self.check(address)

    def place(self, store: str, data: Path) -> str:
        """See the contract."""
        parts = urlsplit(store)
        return f"{self.name}, {parts.hostname or 'local socket'}{parts.path}"

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
        from hubbub.server.stores.postgres.store import PostgresStore

        _make_for_logs(data)
        return await PostgresStore.open(store, durability, new_epoch, rules, progress)

    async def open_beside(self, store: str, data: Path, rules: Rules) -> Store:
        """See the contract."""
        from hubbub.server.stores.postgres.store import PostgresStore

        _make_for_logs(data)
        return await PostgresStore.open(store, "full", lambda: token_hex(8), rules)

    def open_tokens(self, store: str, data: Path) -> IssuedTokens:
        """See the contract."""
        from hubbub.server.stores.postgres.tokens import PostgresTokens

        _make_for_logs(data)
        return PostgresTokens(store)

    async def open_tables(self, address: str, *, is_source: bool) -> Tables:
        """See the contract."""
        from hubbub.server.stores.postgres.tables import PostgresTables

        open_ = PostgresTables.source if is_source else PostgresTables.target
        return await open_(address)

    async def back_up(self, store: str, data: Path, target: Path, progress: Progress) -> None:
        """See the contract."""
        from hubbub.server.stores.postgres import backup

        await backup.back_up(store, target, progress)

    async def restore(
        self, store: str, data: Path, copy: Path, epoch: str, progress: Progress
    ) -> str:
        """See the contract."""
        from hubbub.server.stores.postgres import backup

        return await backup.restore(store, copy, epoch, progress)

    def examine(self, store: str, data: Path) -> Iterator[Finding]:
        """See the contract."""
        from hubbub.server.stores.postgres.examination import examine

        async def all_of_them() -> list[Finding]:
            return [finding async for finding in examine(store)]

        yield from asyncio.run(all_of_them())


def _make_for_logs(data: Path) -> None:
    """Make the data directory of a store that is elsewhere: the audit log is kept there."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
