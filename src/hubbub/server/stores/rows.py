"""What stores have in common when they read: how much goes into a page, and what a row of a message says."""

from collections.abc import Iterable
from typing import Any

from hubbub import events
from hubbub.protocol.messages import Message
from hubbub.protocol.view import Reactions, changed, message_of, with_reactions

PAGE_EVENTS = 500
PAGE_BYTES = 128 * 1024
MAX_MESSAGES_BYTES = 256 * 1024  # in one answer: it has to be queued as a whole
AFTER_ALL = 2**63 - 1


def bounded(found: Iterable[tuple[Any, ...]], limit: int) -> tuple[list[tuple[Any, ...]], bool]:
    """The first rows of messages, at most `limit` and about `MAX_MESSAGES_BYTES`, and whether there are more."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in found:
        if len(rows) == limit or size >= MAX_MESSAGES_BYTES:
            return rows, True
        rows.append(row)
        size += len(row[1]) + len(row[2] or b"")
    return rows, False


def message(seq: int, posted: bytes, edited: bytes | None, reactions: Reactions | None) -> Message:
    """A message as it is now."""
    event = events.decode(posted)
    assert isinstance(event, events.Posted) and event.seq == seq
    found = message_of(event)
    if edited is not None:
        edit = events.decode(edited)
        assert isinstance(edit, events.Edited)
        found = changed(found, edit)
    return with_reactions(found, reactions) if reactions else found


def first_bytes(bodies: Iterable[bytes]) -> list[bytes]:
    """Bodies up to about `PAGE_BYTES`, at least one if there are any."""
    taken: list[bytes] = []
    size = 0
    for body in bodies:
        taken.append(body)
        size += len(body)
        if size >= PAGE_BYTES:
            break
    return taken
