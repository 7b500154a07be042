"""What other nodes have committed, as hints tell it: put together, so that little is delivered at a time."""

from collections.abc import Iterable, Iterator

from hubbub.domain.facts import Batch
from hubbub.server.engine.feeds import Feed


def together(heard: Iterable[tuple[Feed, Batch]]) -> Iterator[tuple[Feed, Batch]]:
    """Yield hints in the order in which to deliver them, with consecutive events of a room as one batch.

    What takes rights is delivered after all that came before it, also of other rooms, and before all that came later.
    """
    joined: dict[Feed, Batch] = {}
    for feed, hint in heard:
        before = joined.pop(feed, None)
        if before is None or hint.first != before.last + 1:
            if before is not None:
                yield feed, before
            joined[feed] = hint._replace(bodies=[*hint.bodies])
        else:
            before.bodies.extend(hint.bodies)
            affected, after = before.affected + hint.affected, max(before.after, hint.after)
            joined[feed] = before._replace(affected=affected, after=after, ends=hint.ends)
        if hint.affected:
            yield from joined.items()
            joined.clear()
    yield from joined.items()
