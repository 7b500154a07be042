"""What is queued when a link is lost before it could be sent."""

from msgspec.json import decode

from hubbub.client.outbox import Outbox
from hubbub.protocol.messages import Leave, Patch, Post, Signal


async def test_a_patch_that_the_lost_link_never_saw_is_kept() -> None:
    outbox = Outbox()
    outbox.link_found()
    pending = outbox.add(Patch(room="lobby", patch={}))
    outbox.link_lost()
    assert not pending.answer.done()
    assert [decode(frame)["do"] for frame in outbox.unsent()] == ["patch"]


async def test_what_nobody_waits_for_is_lost_with_its_link() -> None:
    outbox = Outbox()
    outbox.link_found()
    outbox.tell(Signal(room="lobby", signal="typing"))
    outbox.link_lost()
    outbox.link_found()
    assert list(outbox.unsent()) == []


async def test_what_nobody_waits_for_keeps_its_place_among_the_commands() -> None:
    outbox = Outbox()
    outbox.link_found()
    outbox.add(Post(room="lobby", text="first"))
    outbox.tell(Leave(room="lobby"))
    outbox.add(Post(room="lobby", text="last"))
    assert [decode(frame)["do"] for frame in outbox.unsent()] == ["post", "leave", "post"]


async def test_of_what_nobody_waits_for_only_the_newest_is_kept() -> None:
    outbox = Outbox()
    outbox.link_found()
    for _ in range(500):
        outbox.tell(Signal(room="lobby", signal="typing"))
    assert len(list(outbox.unsent())) == 100
