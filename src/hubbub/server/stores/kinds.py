"""The contract of a kind of store: how its addresses look, what it can do, and how it is opened, copied and examined."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from hubbub.domain.rules import Rules
from hubbub.server.findings import Finding
from hubbub.server.stores.base import Durability, Progress, Store, Token
from hubbub.server.stores.tables import Tables


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


class Kind(Protocol):
    """A kind of store. `store` is an address as the settings have it, and `data` the data directory.

    Implementations import their database's library only when they are used.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def schemes(self) -> tuple[str, ...]:
        """What its addresses begin with, before a colon or alone."""

    @property
    def form(self) -> str:
        """How the settings name such a store, for people."""

    @property
    def end_form(self) -> str:
        """How such a store is named as one end of a copy, for people."""

    @property
    def is_shared(self) -> bool:
        """Whether several nodes may use one store."""

    def check(self, store: str) -> None:
        """Raise BadAddress, which doesn't show the address, if the settings can't have this."""

    def check_end(self, address: str) -> None:
        """Raise BadAddress, which doesn't show the address, if this is not one end of a copy."""

    def place(self, store: str, data: Path) -> str:
        """Return where the data is, for people, without a password."""

    async def open(
        self,
        store: str,
        data: Path,
        durability: Durability,
        new_epoch: Callable[[], str],
        rules: Rules,
        progress: Progress,
    ) -> Store:
        """Open a server's store, after upgrading it if need be. Raises StoreFailed, LogsReplaced, OSError."""

    async def open_beside(self, store: str, data: Path, rules: Rules) -> Store:
        """Open a store for a command, whether or not servers are using it. Raises StoreFailed, LogsReplaced."""

    def open_tokens(self, store: str, data: Path) -> IssuedTokens:
        """Open the tokens of a store. Raises StoreFailed."""

    async def open_tables(self, address: str, *, is_source: bool) -> Tables:
        """Open one end of a copy. Raises StoreFailed."""

    async def back_up(self, store: str, data: Path, target: Path, progress: Progress) -> None:
        """Copy the data to a new file, while servers may be using it. Raises StoreFailed, OSError."""

    async def restore(
        self, store: str, data: Path, copy: Path, epoch: str, progress: Progress
    ) -> str:
        """Replace the data with such a file, as new logs. No server may be using it.

        Returns where the replaced data is kept, for people; empty if there was none. Raises StoreFailed, OSError.
        """

    def examine(self, store: str, data: Path) -> Iterator[Finding]:
        """Look for what keeps a server from using it, or soon will."""
