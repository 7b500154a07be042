"""The contract of a broker: it carries hints from node to node, and what is live.

A hint may be lost, come twice, late, or in another order: the store has the truth, and nodes look
there now and then. What is live may be lost, too: nodes remind each other of it. So losing the broker
loses nothing, and costs only time.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from hubbub.rooms.ledger import Batch
from hubbub.rooms.live import LiveReport


class Broker(Protocol):
    """Tells other nodes what was committed and is live here, and hears what was and is there."""

    @property
    def node(self) -> str:
        """What this node is called among the others; empty if there are none."""

    @property
    def answers_within(self) -> float:
        """Seconds that other nodes take to answer who asks; 0 if there are none."""

    @property
    def returned(self) -> asyncio.Event:
        """Set when others may have missed what was told, and have told what was not heard."""

    def follow(self, room: str) -> None:
        """Someone here follows a room: hints about it are wanted."""

    def leave(self, room: str) -> None:
        """Nobody here does any more."""

    def tell(self, batches: Sequence[Batch]) -> None:
        """Batches were committed. Never waits."""

    def share(self, live: LiveReport) -> None:
        """Something is live here. Never waits."""

    async def close(self) -> None:
        """Tell what was to be told, and let go."""


class Local:
    """There are no other nodes, or they only look into the store."""

    node = ""
    answers_within = 0.0

    def __init__(self) -> None:
        self.returned = asyncio.Event()

    def follow(self, room: str) -> None:
        """Nothing is needed."""

    def leave(self, room: str) -> None:
        """Nothing is needed."""

    def tell(self, batches: Sequence[Batch]) -> None:
        """There is nobody to tell."""

    def share(self, live: LiveReport) -> None:
        """There is nobody to tell."""

    async def close(self) -> None:
        """Nothing is held."""
