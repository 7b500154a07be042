"""Issues and revokes tokens, with or without a running server."""

import json
from pathlib import Path

import apsw

from hubbub.server.stores import queries
from hubbub.server.stores.base import StoreFailed, Token
from hubbub.server.stores.sqlite.reader import SqliteReader
from hubbub.server.stores.sqlite.store import open_database

Q = queries.load("sqlite")


class SqliteTokens:
    """The tokens in a data directory. Raises StoreFailed if it can't be used."""

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._database = open_database(directory)
        except (OSError, apsw.Error) as error:
            raise StoreFailed(f"Can't use the data directory {directory}: {error}") from error

    def add(self, token: Token) -> None:
        """Store an issued token."""
        row = (*token[:3], json.dumps(token.can), json.dumps(token.rooms), *token[5:])
        with self._database:
            self._database.execute(Q.add_token, row)
            self._database.execute(Q.tokens_changed)

    def revoke(self, id_or_name: str, at: str) -> list[str]:
        """Revoke tokens, which takes effect within a second even while they are in use. Returns their ids."""
        with self._database:
            ids = [row[0] for row in self._database.execute(Q.revoke_tokens, (at, id_or_name))]
            self._database.execute(Q.tokens_changed)
        return ids

    def list(self) -> list[Token]:
        """Return the tokens that are not revoked, oldest first."""
        return SqliteReader(self._database).tokens()

    def close(self) -> None:
        """Close the file."""
        self._database.close()
