"""What is queued when a link is lost before it could be sent."""

import pytest
from msgspec.json import decode

from hubbub.client.errors import Unknown
from hubbub.client.wire.outbox import Outbox, keyed
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post, React, Signal, Unfollow

CHANGES: list[Change] = [
    Post(room="lobby", text="hi"),
    Edit(room="lobby", seq=1, text="hi"),
    Delete(room="lobby", seq=1),
    React(room="lobby", seq=1, emoji="👍"),
    Patch(room="lobby", patch={}),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
async def test_a_change_is_sent_again_after_a_lost_link_with_the_same_key(change: Change) -> None:
    outbox = Outbox()
    outbox.link_found()
    pending = outbox.add(keyed(change))
    (first,) = outbox.unsent()
    outbox.link_lost()
    assert not pending.answer.done()
    assert list(outbox.unsent()) == [first] and decode(first)["client_message_id"]


async def test_a_key_that_was_given_stays_and_what_is_no_change_gets_none() -> None:
    given, unfollow = (
        Post(room="lobby", text="hi", client_message_id="mine"),
        Unfollow(room="lobby"),
    )
    assert keyed(given) is given
    assert keyed(unfollow) is unfollow


async def test_a_command_by_its_fields_is_sent_again_only_with_a_key() -> None:
    outbox = Outbox()
    outbox.link_found()
    fields = {"do": "wave", "room": "lobby"}
    lost, kept = outbox.add(fields), outbox.add({**fields, "client_message_id": "mine"})
    assert len(list(outbox.unsent())) == 2
    outbox.link_lost()
    assert isinstance(lost.answer.exception(), Unknown) and not kept.answer.done()


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
    outbox.tell(Unfollow(room="lobby"))
    outbox.add(Post(room="lobby", text="last"))
    assert [decode(frame)["do"] for frame in outbox.unsent()] == ["post", "unfollow", "post"]


async def test_of_what_nobody_waits_for_only_the_newest_is_kept() -> None:
    outbox = Outbox()
    outbox.link_found()
    for _ in range(500):
        outbox.tell(Signal(room="lobby", signal="typing"))
    assert len(list(outbox.unsent())) == 100
