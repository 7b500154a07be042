"""The contract of a broker: it carries hints from node to node, and only that.

A hint may be lost, come twice, late, or in another order: the store has the truth, and nodes look
there now and then. So losing the broker loses nothing, and costs only time.
"""

from collections.abc import Sequence
from typing import Protocol

from hubbub.rooms.ledger import Batch


class Broker(Protocol):
    """Tells other nodes what was committed here, and hears what was committed there."""

    def follow(self, room: str) -> None:
        """Someone here follows a room: hints about it are wanted."""

    def leave(self, room: str) -> None:
        """Nobody here does any more."""

    def tell(self, batches: Sequence[Batch]) -> None:
        """Batches were committed. Never waits."""

    async def close(self) -> None:
        """Tell what was to be told, and let go."""


class Local:
    """There are no other nodes, or they only look into the store."""

    def follow(self, room: str) -> None:
        """Nothing is needed."""

    def leave(self, room: str) -> None:
        """Nothing is needed."""

    def tell(self, batches: Sequence[Batch]) -> None:
        """There is nobody to tell."""

    async def close(self) -> None:
        """Nothing is held."""
