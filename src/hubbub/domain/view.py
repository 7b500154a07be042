"""A client's view of a room: a snapshot, and the events after it folded in by the aspects (`Rules.fold`).

The law: folding the events after N into a snapshot at N gives the same as a fresh snapshot.
"""

from collections.abc import Iterable
from typing import Any

from hubbub.events import Event
from hubbub.protocol.messages import Message


class RoomView:
    """The messages by seq, the state document, and the seqs of pinned messages in the order of pinning, as of `seq`."""

    def __init__(
        self,
        seq: int = 0,
        messages: list[Message] | None = None,
        state: Any = None,
        state_seq: int = 0,
        pins: Iterable[int] = (),
    ) -> None:
        self.seq = seq
        self.messages: dict[int, Message] = {m.seq: m for m in messages or []}
        self.state: Any = {} if state is None and state_seq == 0 else state
        self.state_seq = state_seq
        self.pins = list(pins)

    def step(self, event: Event) -> None:
        """Move on to the next event. Raises ValueError if this is another one."""
        if event.seq != self.seq + 1:
            raise ValueError(f"Event {event.seq} does not follow event {self.seq}")
        self.seq = event.seq

    def skip(self, seq: int) -> None:
        """Continue after `seq`, whatever was before it."""
        self.seq = seq

    def hold(self, state: Any, seq: int) -> None:
        """Show this state, as of `seq`."""
        self.state, self.state_seq = state, seq
