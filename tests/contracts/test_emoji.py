"""Emoji of a server: rows and images that come and go with an event, in every store, and no more than there may be."""

import pytest

from hubbub.domain.aspects import emoji
from hubbub.domain.aspects.emoji import AddEmoji, RemoveEmoji, image_from
from hubbub.domain.tables.emoji import EMOJI, EMOJI_IMAGE, Emoji, EmojiImage
from hubbub.events import Event
from hubbub.events.emoji import EmojiAdded, EmojiRemoved
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Post, React
from tests.support.everything import everything
from tests.support.images import GIF, png
from tests.support.rooms import ADA, ADMIN, GRACE, House


def add(name: str, image: bytes = GIF) -> AddEmoji:
    return AddEmoji(name=name, image=image_from(image))


async def told(house: House) -> list[Event]:
    log = await house.log(DIRECTORY)
    return [event for event in log if isinstance(event, EmojiAdded | EmojiRemoved)]


async def test_an_emoji_is_a_row_and_an_image_until_it_is_removed(house: House) -> None:
    done = await house.do(ADMIN, add("parrot"))
    [event] = await told(house)
    assert isinstance(event, EmojiAdded) and event.seq == done.seq and event.by == ADMIN.id
    shown = (event.image, "image/gif", 1, 1)
    assert await house.store.rows(EMOJI) == [Emoji(DIRECTORY, "parrot", *shown, ADMIN.id)]
    assert await house.store.rows(EMOJI_IMAGE) == [EmojiImage(DIRECTORY, "parrot", GIF)]
    assert (await house.do(ADMIN, add("parrot"))).seq is None
    assert (await house.refused(ADMIN, add("parrot", png()))).code == "name_taken"
    await house.do(ADMIN, RemoveEmoji(name="parrot"))
    assert await house.store.rows(EMOJI) == []
    assert await house.store.rows(EMOJI_IMAGE) == []
    assert (await told(house))[1:] == [
        EmojiRemoved(DIRECTORY, (done.seq or 0) + 1, event.at, ADMIN.id, name="parrot")
    ]
    assert repr(GIF) not in repr(await everything(house.store))


async def test_a_server_takes_only_so_many_also_in_one_commit(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emoji, "MAX_EMOJI", 3)
    commit = [(ADMIN, add(f"e{n}")) for n in range(5)]
    assert await house.codes(*commit) == [None, None, None, "too_large", "too_large"]
    again = [(ADMIN, RemoveEmoji(name="e0")), (ADMIN, add("e7")), (ADMIN, add("e8"))]
    assert await house.codes(*again) == [None, None, "too_large"]
    assert {row.name for row in await house.store.rows(EMOJI)} == {"e1", "e2", "e7"}


async def test_of_two_who_add_a_name_at_once_one_does(house: House) -> None:
    commit = [(ADMIN, add("parrot")), (ADMIN, add("parrot", png())), (GRACE, add("other"))]
    assert await house.codes(*commit) == [None, "name_taken", "forbidden"]
    assert [row.data for row in await house.store.rows(EMOJI_IMAGE)] == [GIF]


async def test_a_reaction_knows_what_was_added_and_removed_before_it_in_the_same_commit(
    house: House,
) -> None:
    room = await house.make(ADA, "open")
    seq = (await house.do(ADA, Post(room=room, text="x"))).seq or 0
    react = React(room=room, seq=seq, emoji=":parrot:")
    assert await house.codes(
        *((ADA, react), (ADMIN, add("parrot")), (ADMIN, RemoveEmoji(name="parrot"))),
        *((ADA, react), (ADMIN, add("parrot")), (ADA, react)),
    ) == ["bad_request", None, None, "bad_request", None, None]
