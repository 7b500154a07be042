"""Tokens that this server issued: `hubbub_` and 256 random bits. Only their hashes are known here."""

from collections.abc import Collection, Sequence

from hubbub.domain import identity
from hubbub.domain.principals import ALL_ROOMS, Principal, Role, scopes_of
from hubbub.protocol.secrets import digest_of
from hubbub.server.people.endings import Ending
from hubbub.server.stores.base import Records, Token
from hubbub.server.stores.tokens import TOKENS, valid

PREFIX = "hubbub_"


class Tokens:
    """The valid tokens, as last read from the store."""

    def __init__(self) -> None:
        self._version = -1
        self._by_digest: dict[str, Token] = {}
        self._ids: frozenset[str] = frozenset()
        self.names: frozenset[str] = frozenset()

    async def refresh(self, store: Records) -> bool:
        """Read the tokens again if any may have been issued or revoked, as far as the store has said. Returns whether that was so. Raises StoreFailed."""
        version = store.ends
        if version == self._version:
            return False
        self.replace(valid(await store.rows(TOKENS)))
        self._version = version
        return True

    def replace(self, tokens: Sequence[Token]) -> None:
        """Replace the valid tokens."""
        self._by_digest = {token.digest: token for token in tokens}
        self._ids = frozenset(identity.token_holder(token.id) for token in tokens)
        self.names = frozenset(token.name for token in tokens)

    async def prepare(self, token: str) -> None:
        """Everything is known already."""

    def principal(self, token: str) -> Principal | None:
        """Return the principal of a token, or None if it is not valid."""
        if not token.startswith(PREFIX):
            return None
        found = self._by_digest.get(digest_of(token))
        if found is None:
            return None
        return Principal(
            found.name,
            Role.TOKEN,
            identity.token_holder(found.id),
            scopes_of(found.can),
            ALL_ROOMS if found.rooms == ALL_ROOMS else found.rooms,
            float("inf") if found.expires_at is None else found.expires_at,
        )

    def is_valid(self, principal: Principal) -> bool:
        """Whether the principal's token has not been revoked."""
        return principal.role is not Role.TOKEN or principal.id in self._ids

    def note(self, _: Collection[str]) -> None:
        """Look at no logs."""

    def forget(self, _: Ending) -> set[str]:
        """Return nobody: these tokens belong to no account."""
        return set()
