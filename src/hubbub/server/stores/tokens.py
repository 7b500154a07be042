"""Tokens as records: how they are kept, and what issuing and revoking makes of them."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from hubbub.domain.records import Table
from hubbub.server.stores.base import Token


class TokenKey(NamedTuple):
    """Identifies a token."""

    id: str


class TokenRow(NamedTuple):
    """A token as it is kept, valid or revoked. `can` and `rooms` are JSON arrays; see `base.Token`."""

    id: str
    name: str
    digest: str
    can: str
    rooms: str
    created_at: str
    expires_at: float | None
    revoked_at: str | None


TOKENS = Table("token", TokenKey, TokenRow)


def row_of(token: Token) -> TokenRow:
    """Return the row of a token that is issued."""
    can, rooms = _json(token.can), _json(token.rooms)
    return TokenRow(*token[:3], can, rooms, token.created_at, token.expires_at, revoked_at=None)


def valid(rows: Iterable[TokenRow]) -> list[Token]:
    """Return the tokens that are not revoked, oldest first."""
    found = [_token(row) for row in rows if row.revoked_at is None]
    return sorted(found, key=lambda token: (token.created_at, token.id))


def revoked(rows: Iterable[TokenRow], id_or_name: str, at: str) -> list[TokenRow]:
    """Return the rows, as they become, of the valid tokens with this id or name."""
    return [
        row._replace(revoked_at=at)
        for row in rows
        if row.revoked_at is None and id_or_name in (row.id, row.name)
    ]


def _token(row: TokenRow) -> Token:
    return Token(*row[:3], _list(row.can), _list(row.rooms), row.created_at, row.expires_at)


def _json(names: tuple[str, ...]) -> str:
    return msgspec.json.encode(names).decode()


def _list(names: str) -> tuple[str, ...]:
    return msgspec.json.decode(names, type=tuple[str, ...])
