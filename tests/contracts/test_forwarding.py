"""Forwarded messages and former texts, whoever keeps them."""

from hubbub.domain.facts import MessageKey
from hubbub.events import Posted, Reference, outline
from hubbub.protocol.commands.rooms import Remove
from hubbub.protocol.messages import Delete, Edit, Post, React
from tests.contracts.test_erasing import holds_secret
from tests.support.everything import everything
from tests.support.fakes import AT, MemoryStore
from tests.support.rooms import ADA, ADMIN, GRACE, GUEST, MARGARET, House

SECRET = "geheim"


async def said(house: House, text: str = SECRET) -> Reference:
    """A message by ada in a closed room of hers, grace's and a guest's."""
    room = await house.make(ADA, "closed", GRACE, GUEST)
    return Reference(room, (await house.do(ADA, Post(room=room, text=text))).seq or 0)


async def test_a_forwarded_message_is_referred_to_and_not_copied(house: House) -> None:
    of = await said(house)
    await house.do(GRACE, Post(room="lobby", text="look", of=of))
    assert await house.log("lobby") == [Posted("lobby", 1, AT, GRACE.id, "look", of=of)]
    (message,) = (await house.store.history("lobby", None, None, 9)).messages
    assert (message.text, message.of) == ("look", of)
    await house.do(ADA, Delete(room=of.room, seq=of.message))
    assert not any(map(holds_secret, (await everything(house.store)).values()))
    await house.do(GRACE, Delete(room="lobby", seq=1))
    assert (await house.log("lobby"))[0] == Posted("lobby", 1, AT, GRACE.id, erased=True)


async def test_only_who_may_read_a_message_forwards_it(house: House) -> None:
    of = await said(house)
    tried = {GRACE: None, GUEST: None, ADMIN: "forbidden", MARGARET: "not_found"}
    for who, code in tried.items():
        post = Post(room="lobby", text="look", of=of)
        assert await house.codes((who, post)) == [code]
        nowhere = Post(room="lobby", text="look", of=Reference("@r999999999999", 4))
        assert await house.codes((who, nowhere)) == ["not_found"]
    assert await house.codes(
        (ADA, Remove(room=of.room, who=GRACE.id)),
        (GRACE, Post(room="lobby", text="look", of=of)),
        (ADA, Delete(room=of.room, seq=of.message)),
        (ADA, Post(room="lobby", text="look", of=of)),
    ) == [None, "not_found", None, "gone"]


async def test_a_message_of_the_same_commit_is_forwarded(house: House) -> None:
    room = await house.make(ADA, "closed")
    head = (await house.store.head(room)).seq
    first, second = Reference(room, head + 1), Reference(room, head + 2)
    assert await house.codes(
        (ADA, Post(room="lobby", text="too early", of=first)),
        (ADA, Post(room=room, text="hi")),
        (ADA, Post(room=room, text="in the same room", of=first)),
        (ADA, Post(room="lobby", text="of a forwarding one", of=second)),
    ) == ["not_found", None, None, None]


async def test_the_edits_of_a_message_are_read_in_order(house: House) -> None:
    of = await said(house, "one")
    other = (await house.do(ADA, Post(room=of.room, text="other"))).seq or 0
    for text in ("two", "three"):
        await house.do(ADA, Edit(room=of.room, seq=of.message, text=text))
        await house.do(ADA, React(room=of.room, seq=of.message, emoji=text))
        await house.do(ADA, Edit(room=of.room, seq=other, text="another"))
    key = MessageKey(of.room, of.message)
    first, second = bodies = await house.store.edits(key, 0, 9)
    assert b'"two"' in first and b'"three"' in second
    assert await house.store.edits(key, 0, 1) == bodies[:1]
    assert await house.store.edits(key, other + 1, 9) == bodies[1:]
    assert await house.store.edits(MessageKey("nowhere", 1), 0, 9) == []
    await house.do(ADA, Delete(room=of.room, seq=of.message))
    assert not any(b"text" in body for body in await house.store.edits(key, 0, 9))


async def test_of_large_edits_fewer_are_read_but_one_at_least(house: House) -> None:
    of = await said(house, "one")
    for letter in "abcd":
        edit = Edit(room=of.room, seq=of.message, text=letter * 60_000)
        await house.do(ADA, edit)
    key, after, found = MessageKey(of.room, of.message), 0, list[bytes]()
    while page := await house.store.edits(key, after, 9):
        assert isinstance(house.store, MemoryStore) or sum(map(len, page)) < 200_000
        found += page
        after = outline(page[-1]).seq
    assert len(found) == 4
