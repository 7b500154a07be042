"""The contract of a broker: it carries hints and live state from node to node.

Hints may be lost, duplicated, late or reordered: the store has the truth, and nodes check it
regularly. Live state may be lost as well: nodes remind each other of it. So losing the broker loses
nothing; it only adds delay.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from hubbub.domain.facts import Batch
from hubbub.domain.live.values import LiveReport


class Broker(Protocol):
    """Tells other nodes what is committed and live here, and receives what is committed and live there."""

    @property
    def node(self) -> str:
        """The name of this node among the others; empty if there are none."""

    @property
    def answers_within(self) -> float:
        """Seconds within which other nodes answer a question; 0 if there are none."""

    @property
    def returned(self) -> asyncio.Event:
        """Set after an interruption, when messages in both directions may have been lost."""

    async def run(self) -> None:
        """Stay connected as long as the server runs. If it raises, it is called again."""

    def follow(self, room: str) -> None:
        """Start receiving hints about a room, since a client here follows it."""

    def leave(self, room: str) -> None:
        """Stop receiving hints about a room, since no client here follows it any more."""

    def tell(self, batches: Sequence[Batch]) -> None:
        """Tell others about committed batches. Never waits."""

    def share(self, live: LiveReport) -> None:
        """Tell others about live state on this node. Never waits."""

    async def close(self) -> None:
        """Send what is still waiting, and disconnect."""


class Local:
    """The broker for a single node, or for nodes that only check the store."""

    node = ""
    answers_within = 0.0

    def __init__(self) -> None:
        self.returned = asyncio.Event()

    async def run(self) -> None:
        """Do nothing."""

    def follow(self, room: str) -> None:
        """Do nothing."""

    def leave(self, room: str) -> None:
        """Do nothing."""

    def tell(self, batches: Sequence[Batch]) -> None:
        """Do nothing."""

    def share(self, live: LiveReport) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""
