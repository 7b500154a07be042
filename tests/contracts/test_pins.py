"""Pinned messages, whoever keeps them."""

from hubbub.domain.aspects.conversation.pins import MAX_PINS, PINS, Pinning
from hubbub.domain.facts import Accepted, MessageKey
from hubbub.domain.screening import screen_change
from hubbub.events.conversation import Pinned, Unpinned
from hubbub.protocol.commands.conversation import Pin, Unpin
from hubbub.protocol.commands.rooms import Archive
from hubbub.protocol.messages import Delete, Post
from tests.support.fakes import AT, MemoryStore
from tests.support.rooms import ADA, GRACE, GUEST, MARGARET, ROOM_RULES, House


async def made(house: House, *texts: str) -> tuple[str, list[int]]:
    """A room of ada, grace and a guest, with messages by grace; returns the numbers of these."""
    room = await house.make(ADA, "closed", GRACE, GUEST)
    answers = await house.answers(*((GRACE, Post(room=room, text=text)) for text in texts))
    return room, [answer.seq for answer in answers if isinstance(answer, Accepted) and answer.seq]


async def test_a_pin_is_an_event_and_a_row_and_in_the_snapshot(house: House) -> None:
    room, (first, second) = await made(house, "one", "two")
    pinned = await house.do(ADA, Pin(room=room, seq=second))
    await house.do(GRACE, Pin(room=room, seq=first))
    assert await house.log(room, second) == [
        Pinned(room, second + 1, AT, ADA.id, message=second),
        Pinned(room, second + 2, AT, GRACE.id, message=first),
    ]
    rows = await house.store.rows(PINS, room)
    assert rows[1] == Pinning(room, second, ADA.id, AT, pinned.seq or 0)
    assert (await house.store.snapshot(room, 1)).pins == (second, first)


async def test_what_is_pinned_already_is_not_pinned_again(house: House) -> None:
    room, (seq,) = await made(house, "one")
    twice = (ADA, Pin(room=room, seq=seq)), (GRACE, Pin(room=room, seq=seq))
    first, second = await house.answers(*twice)
    assert isinstance(first, Accepted) and first.seq == seq + 1
    assert second == Accepted(None, AT)
    unpins = (ADA, Unpin(room=room, seq=seq)), (GRACE, Unpin(room=room, seq=seq))
    first, second = await house.answers(*unpins)
    assert isinstance(first, Accepted) and first.seq == seq + 2
    assert second == Accepted(None, AT)
    assert (await house.log(room))[-1] == Unpinned(room, seq + 2, AT, ADA.id, message=seq)
    assert (await house.store.snapshot(room, 1)).pins == ()


async def test_a_deleted_message_is_pinned_no_longer_and_the_pin_is_erased(house: House) -> None:
    room, (seq, other) = await made(house, "one", "two")
    pin, delete = (ADA, Pin(room=room, seq=seq)), (GRACE, Delete(room=room, seq=seq))
    await house.answers((ADA, Pin(room=room, seq=other)), pin)
    await house.do(*delete)
    assert (await house.store.snapshot(room, 1)).pins == (other,)
    assert [row.message for row in await house.store.rows(PINS, room)] == [other]
    assert (await house.log(room, other + 1))[0] == Pinned(room, other + 2, AT, ADA.id, erased=True)
    for change in (Pin, Unpin):
        assert (await house.refused(ADA, change(room=room, seq=seq))).code == "gone"


async def test_a_room_has_a_bounded_number_of_pins(house: House) -> None:
    room, seqs = await made(house, *map(str, range(MAX_PINS + 2)))
    *most, last, beyond = seqs
    await house.answers(*((ADA, Pin(room=room, seq=seq)) for seq in most))
    refusal = await house.refused(ADA, Pin(room=room, seq=last))
    assert (refusal.code, f"at most {MAX_PINS}" in refusal.detail) == ("too_large", True)
    assert await house.codes(
        (GRACE, Delete(room=room, seq=most[0])),  # which makes room in the same commit
        (ADA, Pin(room=room, seq=last)),
        (ADA, Pin(room=room, seq=beyond)),
        (ADA, Unpin(room=room, seq=most[1])),
        (ADA, Pin(room=room, seq=beyond)),
    ) == [None, None, "too_large", None, None]
    assert len(await house.store.rows(PINS, room)) == MAX_PINS


async def test_pins_are_trimmed_with_their_messages(house: House) -> None:
    room, (first, second) = await made(house, "one", "two")
    await house.answers(*((ADA, Pin(room=room, seq=seq)) for seq in (second, first)))
    await house.store.trim(room, first)
    assert (await house.store.snapshot(room, 1)).pins == (second,)
    assert [row.message for row in await house.store.rows(PINS, room)] == [second]


async def test_who_may_not_pin_does_not(house: House) -> None:
    room, (seq,) = await made(house, "one")
    pin = Pin(room=room, seq=seq)
    assert await house.codes((MARGARET, pin), (GUEST, pin)) == ["not_found", "forbidden"]
    await house.do(ADA, Archive(room=room))
    assert await house.codes((ADA, pin), (ADA, Unpin(room=room, seq=seq))) == ["archived"] * 2
    assert await house.store.rows(PINS) == []


async def test_there_are_no_pins_in_free_rooms(house: House) -> None:
    await house.do(GRACE, Post(room="lobby", text="hi"))
    for change in (Pin(room="lobby", seq=1), Unpin(room="lobby", seq=1)):
        refusal = screen_change(ROOM_RULES, GRACE, change, 256)
        assert refusal is not None and refusal.code == "forbidden"


async def test_messages_are_read_by_their_numbers_in_any_order(house: House) -> None:
    room, (first, second) = await made(house, "one", "two")
    await house.do(GRACE, Post(room="lobby", text="three"))
    keys = [MessageKey(*key) for key in ((room, second), ("lobby", 1), (room, 99), (room, first))]
    heads, found = await house.store.messages([*keys, MessageKey("nowhere", 1)])
    assert [each and (each.message.text, each.nth) for each in found] == [
        ("two", 2),
        ("three", 1),
        None,
        ("one", 1),
        None,
    ]
    assert {name: head.seq for name, head in heads.items()} == {room: second, "lobby": 1}
    assert await house.store.messages([]) == ({}, [])


async def test_of_large_messages_fewer_are_read_but_one_at_least(house: House) -> None:
    room, seqs = await made(house, *["x" * 300_000] * 2)
    if isinstance(house.store, MemoryStore):
        return  # it has no bounds
    _, found = await house.store.messages([MessageKey(room, seq) for seq in seqs])
    assert len(found) == 1 and found[0] and len(found[0].message.text or "") == 300_000
