"""The kinds of stores, and how each is opened: the only module that names them all.

A store is `sqlite` (in the data directory) or `postgres://…`; as one end of a copy, SQLite is `sqlite:DIRECTORY`.
PostgreSQL's modules are imported only when they are used: asyncpg takes some megabytes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hubbub.domain.rules import Rules
from hubbub.server.stores.base import Durability, Store, Token
from hubbub.server.stores.sqlite.store import SqliteStore
from hubbub.server.stores.sqlite.tables import SqliteTables
from hubbub.server.stores.sqlite.tokens import SqliteTokens
from hubbub.server.stores.tables import Tables

SQLITE = "sqlite"


class IssuedTokens(Protocol):
    """The tokens of a store, with or without a running server. Methods raise StoreFailed."""

    def add(self, token: Token) -> None:
        """Store an issued token."""

    def revoke(self, id_or_name: str, at: str) -> list[str]:
        """Revoke tokens, which takes effect within a second even while they are in use. Returns their ids."""

    def list(self) -> list[Token]:
        """Return the tokens that are not revoked, oldest first."""

    def close(self) -> None:
        """Close what is open."""


async def open_store(
    store: str, data: Path, durability: Durability, new_epoch: Callable[[], str], rules: Rules
) -> Store:
    """Open a server's store. Raises StoreFailed, LogsReplaced, OSError."""
    if store == SQLITE:
        return SqliteStore(data, durability, new_epoch, rules)
    from hubbub.server.stores.postgres.store import PostgresStore

    _make_for_logs(data)
    return await PostgresStore.open(store, durability, new_epoch, rules)


def open_tokens(store: str, data: Path) -> IssuedTokens:
    """Open the tokens of a store. Raises StoreFailed."""
    if store == SQLITE:
        return SqliteTokens(data)
    from hubbub.server.stores.postgres.tokens import PostgresTokens

    _make_for_logs(data)
    return PostgresTokens(store)


async def open_tables(address: str, *, is_source: bool) -> Tables:
    """Open one end of a copy. Raises StoreFailed."""
    kind, _, directory = address.partition(":")
    if kind == SQLITE:
        return SqliteTables.of(_expanded(directory), is_source=is_source)
    from hubbub.server.stores.postgres.tables import PostgresTables

    open_ = PostgresTables.source if is_source else PostgresTables.target
    return await open_(address)


def _make_for_logs(data: Path) -> None:
    """Make the data directory of a store that is elsewhere: the audit log is kept there."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)


def _expanded(directory: str) -> Path:
    """Expand `~`, which a shell leaves alone after `sqlite:`."""
    return Path(directory).expanduser()
