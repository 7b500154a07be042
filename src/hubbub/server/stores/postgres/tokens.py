"""Issues and revokes tokens in a PostgreSQL store, with or without running servers."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

from asyncpg import Connection

from hubbub.server.stores import queries, tokens
from hubbub.server.stores.base import Token
from hubbub.server.stores.postgres.records import PostgresRecords
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.tokens import TOKENS

T = TypeVar("T")
Q = queries.load("postgres")


class PostgresTokens:
    """The tokens in a database. Each method connects anew, and raises StoreFailed if it can't."""

    def __init__(self, url: str) -> None:
        self._url = url

    def add(self, token: Token) -> None:
        """Store an issued token."""

        async def act(connection: Connection) -> None:
            await connection.execute(Q.count_end)
            await PostgresRecords(connection).add(TOKENS, [tokens.row_of(token)])

        self._run(lambda store: store.in_transaction(act))

    def revoke(self, id_or_name: str, at: str) -> list[str]:
        """Revoke tokens, which takes effect within a second even while they are in use. Returns their ids."""

        async def act(connection: Connection) -> list[str]:
            kept = PostgresRecords(connection)
            await connection.execute(Q.count_end)  # which waits for others that change tokens
            rows = tokens.revoked(await kept.read(TOKENS), id_or_name, at)
            for row in rows:
                await kept.clear(TOKENS, row.id)
            await kept.add(TOKENS, rows)
            return [row.id for row in rows]

        return self._run(lambda store: store.in_transaction(act))

    def list(self) -> list[Token]:
        """Return the tokens that are not revoked, oldest first."""
        return tokens.valid(self._run(lambda store: store.rows(TOKENS)))

    def close(self) -> None:
        """Do nothing: no connection is kept open."""

    def _run(self, act: Callable[[PostgresStore], Awaitable[T]]) -> T:
        async def run() -> T:
            store = await PostgresStore.open(self._url, "normal", lambda: secrets.token_hex(8))
            try:
                return await act(store)
            finally:
                await store.close()

        return asyncio.run(run())
