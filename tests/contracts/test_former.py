"""With the setting `edits = last`, what a message said before it was edited is nowhere in a store, and nobody reads it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.former import EraseFormer, last_only
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.facts import Accepted, Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.events import Edited, FormerErased, Posted, Reference
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change, Delete, Edit, Message, Patch, Post, React
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.former import Former
from hubbub.server.stores.base import Store
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.contracts.test_erasing import SAID, SECRET, assert_gone, holds_secret
from tests.contracts.test_erasing_files import traces
from tests.contracts.test_law import THOROUGH, check_law
from tests.support.everything import everything
from tests.support.fakes import ADA, AT
from tests.support.laws import Law
from tests.support.laws_of_rooms import LawOfRooms
from tests.support.postgres import Postgres
from tests.support.rooms import ROOM_RULES
from tests.support.stores import commit, log_of, store_with

LAST_ONLY = last_only(RULES)
PLACE: dict[str, Any] = {"room": "lobby", "at": AT, "by": "ada", "id": ADA.person.id}
KINDS = ["memory", "sqlite", "postgres"]


@pytest.fixture(params=KINDS)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[Store]:
    """A store where only the last text of a message is kept."""
    store = await store_with(LAST_ONLY, request.param, tmp_path, postgres)
    yield store
    await store.close()


@pytest.fixture(params=KINDS)
async def keeping(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[Store]:
    """A store where all texts are kept."""
    store = await store_with(RULES, request.param, tmp_path, postgres)
    yield store
    await store.close()


def as_said(post: Post) -> Post:
    """The same, but the name of its event, which no edit changes, tells nothing."""
    return replace(post, emitted_as=post.emitted_as and "said")


@pytest.mark.parametrize("post", SAID.values(), ids=SAID.keys())
async def test_what_was_said_before_an_edit_is_in_no_table_and_no_answer(
    store: Store, post: Post
) -> None:
    said = as_said(post)
    await commit(store, said, React(room="lobby", seq=1, emoji="👍"))
    assert any(map(holds_secret, (await everything(store)).values()))
    await commit(store, Edit(room="lobby", seq=1, text="once"))
    await assert_gone(store)
    await commit(store, Edit(room="lobby", seq=1, text=SECRET))
    await commit(store, Edit(room="lobby", seq=1, text="stays"))
    await assert_gone(store)
    log = await log_of(store, "lobby")
    first = Posted(seq=1, **PLACE, client_message_id="01J", emitted_as=said.emitted_as)
    assert log[0] == first and first.is_former
    assert log[2:] == [
        Edited(seq=3, **PLACE, erased=True),
        Edited(seq=4, **PLACE, erased=True),
        Edited(seq=5, **PLACE, message=1, text="stays", erases=True),
    ]
    (message,) = (await store.snapshot("lobby", 9)).page.messages
    assert (message.text, message.edited_at, message.deleted) == ("stays", AT, False)
    assert message.reactions == {"👍": ["ada"]}


async def test_what_no_edit_changes_stays_in_the_log(store: Store) -> None:
    await commit(store, Post(room="kitchen", text="x"), Post(room="lobby", text="x"))
    of = Reference("kitchen", 1)
    await commit(store, Post(room="lobby", text=SECRET, reply_to=1, of=of, client_message_id="k"))
    await commit(store, Edit(room="lobby", seq=2, text="stays"))
    await assert_gone(store)
    assert (await log_of(store, "lobby"))[1] == Posted(
        seq=2, **PLACE, reply_to=1, of=of, client_message_id="k"
    )
    again = Post(room="lobby", text=SECRET, reply_to=1, of=of, client_message_id="k")
    answers, batches = await commit(store, again)
    assert (answers, batches) == ([Accepted(2, AT, is_duplicate=True)], [])


async def test_all_stores_leave_the_same_bytes(store: Store) -> None:
    await commit(store, Post(room="küche", text=SECRET, client_message_id='"grüß"\n'))
    await commit(store, Edit(room="küche", seq=1, text="x"), Edit(room="küche", seq=1, text="y"))
    place, who = f'"room":"küche","seq":{{}},"at":"{AT}","by":"ada"', f'"id":"{ADA.person.id}"'
    key = r'"client_message_id":"\"grüß\"\n"'
    assert [body.decode() for body in (await store.read("küche", 0, 2)).bodies] == [
        f'{{"event":"posted",{place.format(1)},{key},{who}}}',
        f'{{"event":"edited",{place.format(2)},{who},"erased":true}}',
    ]


async def test_what_one_commit_posts_and_edits_is_delivered_as_it_is_stored(store: Store) -> None:
    _, (batch,) = await commit(
        store,
        Post(room="lobby", text=SECRET),
        Edit(room="lobby", seq=1, text=SECRET),
        Patch(room="lobby", patch={"n": 1}),
        Edit(room="lobby", seq=1, text="stays"),
    )
    assert not holds_secret(batch)
    assert (await store.read("lobby", 0, 9)).bodies == batch.bodies
    await assert_gone(store)


async def test_other_messages_keep_what_they_say(store: Store) -> None:
    for room in ("lobby", "kitchen"):
        await commit(store, *[Post(room=room, text=f"{room} {n}") for n in (1, 2)])
    await commit(store, Edit(room="lobby", seq=1, text="new"))
    said = [e.text for e in await log_of(store, "lobby") if isinstance(e, Posted | Edited)]
    assert said == [None, "lobby 2", "new"]
    said = [e.text for e in await log_of(store, "kitchen") if isinstance(e, Posted | Edited)]
    assert said == ["kitchen 1", "kitchen 2"]


async def test_what_was_edited_can_still_be_deleted(store: Store) -> None:
    await commit(store, Post(room="lobby", text="x"), Edit(room="lobby", seq=1, text=SECRET))
    await commit(store, Delete(room="lobby", seq=1))
    await assert_gone(store)
    assert (await store.snapshot("lobby", 9)).page.messages == [
        Message(seq=1, at=AT, by="ada", id=ADA.person.id, deleted=True)
    ]


async def test_a_file_holds_no_former_text(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, "normal", lambda: "e1", LAST_ONLY)
    await store.scrub()
    await commit(store, Post(room="lobby", text=SECRET), Post(room="lobby", text="x"))
    await commit(store, Edit(room="lobby", seq=1, text=SECRET * 2000))
    await commit(store, Edit(room="lobby", seq=1, text="stays"))
    assert "hubbub.db-wal" in traces(tmp_path)
    await store.scrub()
    assert traces(tmp_path) == {}
    await store.close()


# --- edits from before the setting ---


def submitting(store: Store) -> Callable[[Principal, Change], Any]:
    async def submit(principal: Principal, change: Change) -> Answer:
        return (await store.commit([Proposal(principal, change)], AT)).answers[0]

    return submit


async def test_older_edits_are_found_and_what_was_said_before_them_erased(keeping: Store) -> None:
    store = keeping
    await commit(store, Post(room="lobby", text=SECRET), Post(room="lobby", text="as it was"))
    for text in (SECRET, SECRET, "stays"):
        await commit(store, Edit(room="lobby", seq=1, text=text))
    await commit(store, Post(room="kitchen", text="as it was"))
    before = (await store.snapshot("lobby", 9)).page.messages
    await go_round(Former(store, submitting(store)), store)
    await assert_gone(store)
    assert (await store.snapshot("lobby", 9)).page.messages == before
    assert (await log_of(store, "lobby"))[5:] == [
        FormerErased(
            room="lobby",
            seq=6,
            at=AT,
            by=OPERATOR.name,
            id=OPERATOR.person.id,
            messages=[1],
            edits=[5],
        )
    ]
    await go_round(Former(store, submitting(store)), store)
    assert [(await store.head(room)).seq for room in ("lobby", "kitchen")] == [6, 1]


async def test_they_are_erased_in_bounded_parts(
    keeping: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.server.reactors.former.EVENTS_AT_ONCE", 3)
    store = keeping
    await commit(store, Post(room="lobby", text=SECRET), Post(room="lobby", text=SECRET))
    for seq, text in ((1, SECRET), (2, "stays"), (1, SECRET), (1, "stays")):
        await commit(store, Edit(room="lobby", seq=seq, text=text))
    await go_round(Former(store, submitting(store)), store)
    await assert_gone(store)
    said = [e for e in await log_of(store, "lobby") if isinstance(e, FormerErased)]
    assert [(e.messages, e.edits) for e in said] == [([1], [3]), ([2, 1], [4, 6])]
    texts = [message.text for message in (await store.snapshot("lobby", 9)).page.messages]
    assert texts == ["stays", "stays"]


async def test_edits_of_a_message_that_is_no_longer_kept_are_found_as_well(keeping: Store) -> None:
    store = keeping
    await commit(store, *[Post(room="lobby", text="x") for _ in range(2)])
    for seq, text in ((1, SECRET), (1, "stays"), (2, "y")):
        await commit(store, Edit(room="lobby", seq=seq, text=text))
    await store.trim("lobby", 1)
    await commit(store, Delete(room="lobby", seq=2))
    await go_round(Former(store, submitting(store)), store)
    await assert_gone(store)
    assert [e for e in await log_of(store, "lobby", 1) if isinstance(e, Edited)] == [
        Edited(seq=3, **PLACE, erased=True),
        Edited(seq=4, **PLACE, message=1, text="stays"),
        Edited(seq=5, **PLACE, erased=True),
    ]


async def test_nobody_but_the_server_may_erase_them(keeping: Store) -> None:
    await commit(keeping, Post(room="lobby", text="x"), Edit(room="lobby", seq=1, text="y"))
    change = EraseFormer(room="lobby", edits=((1, 2),))
    answer = await submitting(keeping)(ADA, change)
    assert isinstance(answer, Refusal) and answer.code == "forbidden"


# --- the law ---


@pytest.mark.timeout(240)
@pytest.mark.parametrize("rules, law", [(RULES, Law), (ROOM_RULES, LawOfRooms)])
def test_the_law_holds(rules: Rules, law: Callable[..., Law], tmp_path: Path) -> None:
    last = last_only(rules)
    check_law(
        lambda own: SqliteStore(own, "normal", lambda: "e1", last),
        tmp_path,
        THOROUGH,
        lambda open_store: law(open_store, last),
    )
