"""Deleting erases: what was deleted is nowhere in a store, and no way of reading finds it. Numbers and places stay."""

import inspect
from typing import Any

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Accepted
from hubbub.events import Deleted, Edited, Patched, Posted, Reacted, Unreacted
from hubbub.protocol.messages import Change, Delete, Edit, Message, Patch, Post, React, Unreact
from hubbub.server.stores.base import Store
from tests.support.everything import OTHERS, READS, answers, everything
from tests.support.fakes import ADA, AT
from tests.support.stores import commit, log_of

SECRET = "geheim"
ARGUMENTS: dict[str, Any] = {"_placeholder": True, "num": 0}

SAID: dict[str, Post] = {
    "a text": Post(room="lobby", text=SECRET, client_message_id="01J"),
    "bytes": Post(room="lobby", bytes=SECRET.encode() * 3, client_message_id="01J"),
    "arguments": Post(
        room="lobby",
        emitted_as=SECRET,
        arguments=[SECRET, ARGUMENTS],
        attachments=[SECRET.encode()],
        client_message_id="01J",
    ),
    "a long text": Post(room="lobby", text=SECRET * 9_000, client_message_id="01J"),
}


def holds_secret(value: object) -> bool:
    """Whether the secret is in there, as text, as bytes, in base64 or in another's repr."""
    said = repr(value)
    return any(form in said for form in (SECRET, "Z2VoZWlt", SECRET.encode().hex()))


async def assert_gone(store: Store) -> None:
    for name, rows in (await everything(store)).items():
        assert not holds_secret(rows), name
    async for name, answer in answers(store):
        assert not holds_secret(answer), name


def test_every_way_of_reading_is_looked_at() -> None:
    methods = {n for n, m in inspect.getmembers(Store, inspect.isfunction) if not n.startswith("_")}
    assert methods - OTHERS == READS.keys()


@pytest.mark.parametrize("post", SAID.values(), ids=SAID.keys())
async def test_what_was_deleted_is_in_no_table_and_no_answer(store: Store, post: Post) -> None:
    await commit(store, post, Post(room="lobby", text="stays"))
    await commit(
        store,
        Edit(room="lobby", seq=1, text=SECRET),
        React(room="lobby", seq=1, emoji=SECRET),
        Edit(room="lobby", seq=2, text="still stays"),
    )
    await commit(store, Unreact(room="lobby", seq=1, emoji=SECRET))
    assert any(map(holds_secret, (await everything(store)).values()))
    await commit(store, Delete(room="lobby", seq=1))
    await assert_gone(store)
    place: dict[str, Any] = {"room": "lobby", "at": AT, "by": "ada", "id": ADA.person.id}
    assert await log_of(store, "lobby") == [
        Posted(seq=1, **place, erased=True),
        Posted(seq=2, **place, text="stays"),
        Edited(seq=3, **place, erased=True),
        Reacted(seq=4, **place, erased=True),
        Edited(seq=5, **place, message=2, text="still stays"),
        Unreacted(seq=6, **place, erased=True),
        Deleted(seq=7, **place, message=1),
    ]
    page = (await store.snapshot("lobby", 50)).page
    assert page.messages[0] == Message(seq=1, at=AT, by="ada", id=ADA.person.id, deleted=True)


async def test_an_erased_event_keeps_its_place_and_its_author(store: Store) -> None:
    await commit(store, Post(room="küche", text=SECRET))
    await commit(store, Edit(room="küche", seq=1, text=SECRET), Delete(room="küche", seq=1))
    assert (await store.read("küche", 0, 2)).bodies == [
        f'{{"event":"{event}","room":"küche","seq":{seq},"at":"{AT}","by":"ada","id":"{ADA.person.id}","erased":true}}'.encode()
        for seq, event in ((1, "posted"), (2, "edited"))
    ]


async def test_what_one_commit_posts_and_deletes_is_delivered_as_it_is_stored(
    store: Store,
) -> None:
    _, (batch,) = await commit(
        store,
        Post(room="lobby", text=SECRET),
        Edit(room="lobby", seq=1, text=SECRET),
        Patch(room="lobby", patch={"n": 1}),
        Delete(room="lobby", seq=1),
    )
    assert not holds_secret(batch)
    assert (await store.read("lobby", 0, 9)).bodies == batch.bodies
    assert [type(e) for e in map(RULES.events.decode, batch.bodies)] == [
        Posted,
        Edited,
        Patched,
        Deleted,
    ]
    await assert_gone(store)


async def test_a_retry_of_what_was_deleted_gets_the_first_answer_and_stores_nothing(
    store: Store,
) -> None:
    post = SAID["a text"]
    await commit(store, post)
    await commit(store, Delete(room="lobby", seq=1))
    answers, batches = await commit(store, post)
    assert (answers, batches) == ([Accepted(1, AT, is_duplicate=True)], [])
    await assert_gone(store)


async def test_messages_of_other_rooms_and_numbers_keep_what_they_say(store: Store) -> None:
    for room in ("lobby", "kitchen"):
        await commit(store, *[Post(room=room, text=f"{room} {n}") for n in (1, 2)])
        edits: list[Change] = [Edit(room=room, seq=n, text=f"{room} {n}!") for n in (1, 2)]
        await commit(store, *edits)
    await commit(store, Delete(room="lobby", seq=1))
    said = {e.seq: e.text for e in await log_of(store, "lobby") if isinstance(e, Posted | Edited)}
    assert said == {1: None, 2: "lobby 2", 3: None, 4: "lobby 2!"}
    said = {e.seq: e.text for e in await log_of(store, "kitchen") if isinstance(e, Posted | Edited)}
    assert said == {1: "kitchen 1", 2: "kitchen 2", 3: "kitchen 1!", 4: "kitchen 2!"}
