"""Issues and revokes tokens, with or without a running server."""

from pathlib import Path

import apsw

from hubbub.server.stores import queries, tokens
from hubbub.server.stores.base import StoreFailed, Token
from hubbub.server.stores.sqlite.file import open_database
from hubbub.server.stores.sqlite.records import SqliteRecords
from hubbub.server.stores.tokens import TOKENS

Q = queries.load("sqlite")


class SqliteTokens:
    """The tokens in a data directory. Raises StoreFailed if it can't be used."""

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._database = open_database(directory)
            self._records = SqliteRecords(self._database)
        except (OSError, apsw.Error) as error:
            raise StoreFailed(f"Can't use the data directory {directory}: {error}") from error

    def add(self, token: Token) -> None:
        """Store an issued token."""
        with self._database:
            self._database.execute(Q.count_end)
            self._records.put(TOKENS, [tokens.row_of(token)])

    def revoke(self, id_or_name: str, at: str) -> list[str]:
        """Revoke tokens, which takes effect within a second even while they are in use. Returns their ids."""
        with self._database:
            self._database.execute(
                Q.count_end
            )  # first, so that nobody writes between reading and writing
            rows = tokens.revoked(self._records.read(TOKENS), id_or_name, at)
            self._records.put(TOKENS, rows)
        return [row.id for row in rows]

    def list(self) -> list[Token]:
        """Return the tokens that are not revoked, oldest first."""
        return tokens.valid(self._records.read(TOKENS))

    def close(self) -> None:
        """Close the file."""
        self._database.close()
