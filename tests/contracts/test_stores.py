"""What any store promises: `hubbub.server.stores.base`, line by line. A new one joins `tests.support.stores.STORES`."""

import asyncio

import pytest

from hubbub.domain.access import RoomKind
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import Document
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.previews import ShowPreviews
from hubbub.domain.aspects.reactions import REACTIONS, ReactionKey, reactions_to
from hubbub.domain.facts import ANSWERED, Accepted, Commit, Head, Needs, Proposal
from hubbub.domain.patterns import spans
from hubbub.events import Edited, LinkPreview, Posted
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import (
    Change,
    Delete,
    Edit,
    Message,
    Patch,
    Post,
    React,
    RemovePreview,
    Unreact,
)
from hubbub.server.stores.base import RoomRow, Store
from tests.support.fakes import ADA, AT, GRACE, guest, holder, stranger, user
from tests.support.stores import REAL, commit, log_of, nths

LATER = "2026-11-23T09:00:01.000Z"


async def post(store: Store, count: int, room: str = "lobby") -> None:
    await commit(store, *(Post(room=room, text=f"message {n + 1}") for n in range(count)))


def numbers(messages: list[Message]) -> list[int]:
    return [message.seq for message in messages]


# --- a room without events ---


async def test_a_room_that_nobody_wrote_in_is_empty(store: Store) -> None:
    assert await store.head("lobby") == Head(0, 1)
    assert await store.read("lobby", 0, 100) == (1, [])
    assert await store.snapshot("lobby", 50) == ((0, [], False, ()), ({}, 0), ())
    assert await store.history("lobby", None, None, 50) == (0, [], False, ())
    assert await store.document("lobby") == Document({}, 0)
    assert await store.rooms("", 100) == []


async def test_a_refused_change_makes_no_room(store: Store) -> None:
    (answer,) = (await commit(store, Delete(room="lobby", seq=1))).answers
    assert isinstance(answer, Refusal) and answer.code == "not_found"
    assert await store.rooms("", 100) == []
    assert await store.head("lobby") == Head(0, 1)


async def test_nothing_to_commit_is_fine(store: Store) -> None:
    assert await store.commit([], AT) == Commit([], [])


# --- commits ---


async def test_a_batch_is_answered_in_order_and_stored_as_delivered(store: Store) -> None:
    answers, batches = await commit(
        store,
        Post(room="lobby", text="hi"),
        Post(room="kitchen", text="tea?"),
        Delete(room="lobby", seq=9),
        Post(room="lobby", bytes=b"\x00\xff"),
    )
    assert answers[:2] == [Accepted(1, AT), Accepted(1, AT)]
    assert isinstance(answers[2], Refusal)
    assert answers[3] == Accepted(2, AT)
    assert {batch.room: (batch.first, len(batch.bodies)) for batch in batches} == {
        "lobby": (1, 2),
        "kitchen": (1, 1),
    }
    for batch in batches:
        assert (await store.read(batch.room, 0, 100)).bodies == batch.bodies


async def test_numbers_go_on_from_batch_to_batch(store: Store) -> None:
    for first in (1, 4, 7):
        _, (batch,) = await commit(store, *[Post(room="lobby", text="hi")] * 3)
        assert (batch.first, batch.last) == (first, first + 2)
    assert [event.seq for event in await log_of(store, "lobby")] == list(range(1, 10))


async def test_batches_are_stored_in_the_order_of_the_calls(store: Store) -> None:
    texts = [str(n) for n in range(50)]
    pending = [store.commit([Proposal(ADA, Post(room="lobby", text=t))], AT) for t in texts]
    commits = await asyncio.gather(*pending)
    assert [batch.first for _, (batch,) in commits] == list(range(1, 51))
    posted = [event for event in await log_of(store, "lobby") if isinstance(event, Posted)]
    assert [event.text for event in posted] == texts


async def test_what_was_committed_is_what_is_read_next(store: Store) -> None:
    for head in range(1, 6):
        await post(store, 1)
        assert (await store.head("lobby")).seq == head
        assert (await store.snapshot("lobby", 50)).page.head == head


async def test_a_thousand_changes_fit_into_one_commit(store: Store) -> None:
    await post(store, 1)
    changes: list[Change] = [Post(room=f"room-{n % 7}", text=str(n)) for n in range(700)]
    changes += [Edit(room="lobby", seq=1, text=str(n)) for n in range(300)]
    answers, batches = await commit(store, *changes)
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert len(batches) == 8
    assert len(await log_of(store, "lobby")) == 301
    assert len(await log_of(store, "room-0")) == 100
    (message,) = (await store.history("lobby", None, None, 50)).messages
    assert message.text == "299"


async def test_every_kind_of_change_is_stored(store: Store) -> None:
    await commit(
        store,
        Post(room="lobby", text="hi", client_message_id="01J"),
        Post(room="lobby", text="there", reply_to=1),
        Edit(room="lobby", seq=1, text="hello"),
        React(room="lobby", seq=1, emoji="👍"),
        React(room="lobby", seq=2, emoji="👍"),
        Unreact(room="lobby", seq=2, emoji="👍"),
        Delete(room="lobby", seq=2),
        Patch(room="lobby", patch={"topic": "lunch", "n": 1}),
        Patch(room="lobby", patch={"n": None}),
    )
    kinds = [type(event).__name__ for event in await log_of(store, "lobby")]
    assert kinds == [
        *("Posted", "Posted", "Edited", "Reacted", "Reacted", "Unreacted", "Deleted"),
        *("Patched", "Patched"),
    ]
    page, document, _ = await store.snapshot("lobby", 50)
    assert page == (
        9,
        [
            Message(
                seq=1,
                at=AT,
                by="ada",
                text="hello",
                client_message_id="01J",
                edited_at=AT,
                reactions={"👍": ["ada"]},
                id=ADA.person.id,
                reaction_ids={"👍": [ADA.person.id]},
            ),
            Message(seq=2, at=AT, by="ada", deleted=True, id=ADA.person.id),
        ],
        False,
        (),
    )
    assert document == Document({"topic": "lunch"}, 9)
    assert await store.document("lobby") == document


async def test_a_change_finds_what_earlier_commits_left(store: Store) -> None:
    await commit(store, Post(room="lobby", text="hi", client_message_id="01J"))
    await commit(store, React(room="lobby", seq=1, emoji="👍"), by=GRACE)
    answers, _ = await commit(
        store,
        Post(room="lobby", text="hi", client_message_id="01J"),
        React(room="lobby", seq=1, emoji="👍"),
        Edit(room="lobby", seq=2, text="not a message"),
        Delete(room="lobby", seq=1),
        at=LATER,
    )
    assert answers[0] == Accepted(1, AT, is_duplicate=True)
    assert answers[1] == Accepted(3, LATER)
    assert isinstance(answers[2], Refusal) and answers[2].code == "not_found"
    assert answers[3] == Accepted(4, LATER)
    ((refusal,), _) = await commit(store, React(room="lobby", seq=1, emoji="👍"))
    assert isinstance(refusal, Refusal) and refusal.code == "gone"


async def test_keys_are_known_by_room_and_owner(store: Store) -> None:
    key = "01J"
    first = Post(room="lobby", text="hi", client_message_id=key)
    await commit(store, first, by=stranger("guest-1"))
    (again,), _ = await commit(store, first, by=stranger("guest-2"), at=LATER)
    assert again == Accepted(1, AT, is_duplicate=True)
    (ada,), _ = await commit(store, first, at=LATER)
    (kitchen,), _ = await commit(
        store, Post(room="kitchen", text="hi", client_message_id=key), by=stranger("guest-1")
    )
    assert ada == Accepted(2, LATER)
    assert kitchen == Accepted(1, AT)


LINK = "https://a.example/"
CALLED: list[Change] = [
    Edit(room="lobby", seq=1, text=f"x {LINK}", client_message_id="k"),
    Delete(room="lobby", seq=1, client_message_id="k"),
    React(room="lobby", seq=1, emoji="👍", client_message_id="k"),
    Unreact(room="lobby", seq=1, emoji="🎉", client_message_id="k"),
    Patch(room="lobby", patch={"n": 1}, client_message_id="k"),
    RemovePreview(room="lobby", seq=1, url=LINK, client_message_id="k"),
]


def test_every_command_of_free_rooms_with_a_key_of_its_own_is_tried() -> None:
    free = {c for c, rule in RULES.by_command.items() if RoomKind.FREE in rule.operation.rows}
    assert {type(change) for change in CALLED} == free - RULES.repeating.keys()


@pytest.mark.parametrize("change", CALLED, ids=lambda change: type(change).__name__)
async def test_a_repeated_change_gets_the_first_answer_and_is_made_once(
    store: Store, change: Change
) -> None:
    await commit(store, Post(room="lobby", text=LINK, client_message_id="k"))
    await commit(store, React(room="lobby", seq=1, emoji="🎉"))
    previews = (LinkPreview(LINK, "A title"),)
    await commit(store, ShowPreviews(room="lobby", seq=1, edit=0, previews=previews), by=OPERATOR)
    answers, _ = await commit(store, change, change)
    assert answers == [Accepted(4, AT), Accepted(4, AT, is_duplicate=True)]
    (again,), batches = await commit(store, change, at=LATER)
    assert (again, batches) == (Accepted(4, AT, is_duplicate=True), [])
    ((others,), _) = await commit(store, change, by=GRACE, at=LATER)
    assert others != again
    await store.trim("lobby", 5)
    assert await store.rows(ANSWERED) == []


async def test_a_change_that_changed_nothing_is_decided_again(store: Store) -> None:
    await post(store, 1)
    react = React(room="lobby", seq=1, emoji="👍", client_message_id="k")
    unreact = Unreact(room="lobby", seq=1, emoji="👍", client_message_id="u")
    answers, _ = await commit(store, unreact, react, unreact)
    assert answers == [Accepted(None, AT), Accepted(2, AT), Accepted(3, AT)]


async def test_keys_and_names_may_look_like_anything(store: Store) -> None:
    odd = ["1", "1.0", "null", "[1]", '"', "'", "01J' OR 1 --", "ü👍", "\u2028", " "]
    changes: list[Change] = [Post(room="lobby", text=key, client_message_id=key) for key in odd]
    await commit(store, *changes)
    answers, batches = await commit(store, *changes, at=LATER)
    assert answers == [Accepted(n + 1, AT, is_duplicate=True) for n in range(len(odd))]
    assert batches == []
    emoji: list[Change] = [React(room="lobby", seq=1, emoji=e) for e in odd]
    await commit(store, *emoji)
    answers, _ = await commit(store, *emoji)
    assert {answer.seq for answer in answers if isinstance(answer, Accepted)} == {None}


async def test_rooms_are_told_apart_by_every_letter(store: Store) -> None:
    for room in ("lobby", "Lobby", "lobby ", "lobb", "löbby"):
        (answer,), _ = await commit(store, Post(room=room, text="hi"))
        assert answer == Accepted(1, AT)


async def test_a_document_may_be_any_json(store: Store) -> None:
    for seq, value in enumerate([None, 0, "", [], [None], False, {"a": [1.5, None]}], start=1):
        await commit(store, Patch(room="lobby", patch=value))
        assert await store.document("lobby") == Document(value, seq)


async def test_a_document_is_compared_with_its_version(store: Store) -> None:
    await commit(store, Patch(room="lobby", patch={"n": 1}), Post(room="lobby", text="hi"))
    (kept, late), _ = await commit(
        store,
        Patch(room="lobby", patch={"n": 2}, if_seq=1),
        Patch(room="lobby", patch={"n": 3}, if_seq=1),
    )
    assert kept == Accepted(3, AT)
    assert isinstance(late, Refusal) and late.code == "conflict"
    assert await store.document("lobby") == Document({"n": 2}, 3)


# --- reading the log ---


async def test_reading_on_gives_each_event_once_and_in_order(store: Store) -> None:
    await post(store, 1200)
    both: list[Change] = [Edit(room="lobby", seq=7, text="x"), Patch(room="lobby", patch={})]
    await commit(store, *both * 50)
    for after in (0, 1, 499, 500, 501, 1199, 1200, 1299, 1300):
        seqs = [event.seq for event in await log_of(store, "lobby", after)]
        assert seqs == list(range(after + 1, 1301))


async def test_no_more_is_read_than_was_asked_for(store: Store) -> None:
    await post(store, 10)
    for after, upto in [(0, 1), (0, 3), (4, 5), (9, 10), (9, 99)]:
        seqs = [RULES.events.decode(b).seq for b in (await store.read("lobby", after, upto)).bodies]
        assert seqs == list(range(after + 1, min(upto, 10) + 1))[: len(seqs)]
        assert seqs
    for after, upto in [(0, 0), (10, 10), (10, 99), (5, 3)]:
        assert (await store.read("lobby", after, upto)).bodies == []


async def test_large_events_are_read_too(store: Store) -> None:
    texts = ["x" * 300_000, "small", "y" * 100_000, "z" * 100_000]
    await commit(store, *(Post(room="lobby", text=text) for text in texts))
    posted = [event for event in await log_of(store, "lobby") if isinstance(event, Posted)]
    assert [event.text for event in posted] == texts


async def test_reading_while_others_write_sees_whole_commits(store: Store) -> None:
    """Each commit posts and patches: whoever sees one of the two sees the other."""

    async def write() -> None:
        for n in range(1, 41):
            await commit(store, Post(room="lobby", text="hi"), Patch(room="lobby", patch={"n": n}))

    writing = asyncio.create_task(write())
    while not writing.done():
        page, document, _ = await store.snapshot("lobby", 50)
        assert page.head % 2 == 0
        assert len(page.messages) == page.head // 2
        assert document.seq == page.head
        assert document.value == ({"n": page.head // 2} if page.head else {})
        await asyncio.sleep(0)
    await writing


# --- messages ---


async def test_a_snapshot_has_the_last_messages_oldest_first(store: Store) -> None:
    await post(store, 10)
    await commit(store, *[Patch(room="lobby", patch={})] * 5)
    page = (await store.snapshot("lobby", 3)).page
    assert (page.head, numbers(page.messages), page.more) == (15, [8, 9, 10], True)
    page = (await store.snapshot("lobby", 10)).page
    assert (numbers(page.messages), page.more) == (list(range(1, 11)), False)
    page = (await store.snapshot("lobby", 11)).page
    assert (numbers(page.messages), page.more) == (list(range(1, 11)), False)


@pytest.mark.parametrize(
    "before, after, limit, seqs, more",
    [
        (None, None, 3, [8, 9, 10], True),
        (None, None, 10, [*range(1, 11)], False),
        (8, None, 3, [5, 6, 7], True),
        (4, None, 3, [1, 2, 3], False),
        (3, None, 3, [1, 2], False),
        (1, None, 3, [], False),
        (0, None, 3, [], False),
        (-5, None, 3, [], False),
        (99, None, 3, [8, 9, 10], True),
        (2**63 - 1, None, 3, [8, 9, 10], True),
        (None, 0, 3, [1, 2, 3], True),
        (None, 7, 3, [8, 9, 10], False),
        (None, 6, 3, [7, 8, 9], True),
        (None, 9, 3, [10], False),
        (None, 10, 3, [], False),
        (None, -(2**63), 3, [1, 2, 3], True),
        (None, 2**63 - 1, 3, [], False),
    ],
)
async def test_history_is_leafed_through_in_both_directions(
    store: Store, before: int | None, after: int | None, limit: int, seqs: list[int], more: bool
) -> None:
    await post(store, 10)
    page = await store.history("lobby", before, after, limit)
    assert (page.head, numbers(page.messages), page.more) == (10, seqs, more)


async def test_history_counts_messages_not_events(store: Store) -> None:
    for _ in range(4):
        await commit(store, Post(room="lobby", text="hi"), Patch(room="lobby", patch={}))
    page = await store.history("lobby", 7, None, 2)
    assert (numbers(page.messages), page.more) == ([3, 5], True)


async def test_namesakes_react_each_for_themselves(store: Store) -> None:
    await post(store, 1)
    ada, *namesakes = [ADA, guest("ada"), holder("ada"), user("ada", "1"), user("ada", "2")]
    for person in (ada, *namesakes, ada):
        await commit(store, React(room="lobby", seq=1, emoji="👍"), by=person)
    for person in (ada, ada):
        await commit(store, Unreact(room="lobby", seq=1, emoji="👍"), by=person)
    (message,) = (await store.history("lobby", None, None, 50)).messages
    assert reactions_to(message) == {"👍": [person.person for person in namesakes]}


async def test_a_message_is_its_authors_and_no_namesakes(store: Store) -> None:
    authors = [ADA, guest("ada"), holder("ada"), user("ada", "1"), user("ada", "2")]
    for author in authors:
        key = Post(room="lobby", text="hi", client_message_id="01J")
        await commit(store, key, by=author)
        (again,), _ = await commit(store, key, by=author)
        assert isinstance(again, Accepted) and again.is_duplicate
    for seq, author in enumerate(authors, start=1):
        for person in authors:
            (answer,), _ = await commit(store, Edit(room="lobby", seq=seq, text="x"), by=person)
            is_accepted = isinstance(answer, Accepted)
            assert is_accepted == (person is author and person is not authors[1])


async def test_reactions_stand_in_the_order_of_reacting(store: Store) -> None:
    await post(store, 2)
    people = [guest("zoe"), ADA, GRACE]
    react, unreact = (
        React(room="lobby", seq=1, emoji="👍"),
        Unreact(room="lobby", seq=1, emoji="👍"),
    )
    for person in people:
        await commit(store, react, by=person)
    await commit(store, unreact, react, by=people[0])
    first, second = (await store.history("lobby", None, None, 50)).messages
    assert first.reactions == {"👍": ["ada", "grace", "zoe"]}
    assert second.reactions is None


# --- rooms ---


async def test_rooms_are_listed_by_name_page_by_page(store: Store) -> None:
    for room in ("lobby", "kitchen", "Attic", "küche", "garden"):
        await post(store, 2, room)
    names = ["Attic", "garden", "kitchen", "küche", "lobby"]
    assert await store.rooms("", 100) == [RoomRow(name, 2, 2) for name in names]
    assert [row.room for row in await store.rooms("", 2)] == names[:2]
    assert [row.room for row in await store.rooms("garden", 2)] == names[2:4]
    assert [row.room for row in await store.rooms("hall", 9)] == names[2:]
    assert await store.rooms("lobby", 9) == []


# --- counting messages ---


async def test_messages_are_counted_in_each_room_whatever_else_happens_there(store: Store) -> None:
    again = Post(room="lobby", text="a", client_message_id="01J")
    await commit(
        store,
        again,
        Patch(room="lobby", patch={"n": 1}),
        Post(room="kitchen", text="b"),
        Post(room="lobby", text="c"),
        again,
        React(room="lobby", seq=1, emoji="👍"),
        Post(room="nowhere", text="d", reply_to=99),
    )
    assert await nths(store, "lobby") == {1: 1, 3: 2}
    assert await store.heads(["lobby", "kitchen", "nowhere"]) == {
        "lobby": Head(4, 1, 2),
        "kitchen": Head(1, 1, 1),
    }
    await commit(
        store,
        Edit(room="lobby", seq=1, text="a!"),
        again,
        Post(room="lobby", text="e"),
        Delete(room="lobby", seq=3),
        Post(room="lobby", text="f"),
        Post(room="kitchen", text="g"),
    )
    assert await nths(store, "lobby") == {1: 1, 3: 2, 6: 3, 8: 4}
    assert await nths(store, "kitchen") == {1: 1, 2: 2}
    await commit(store, Patch(room="kitchen", patch={"n": 2}))
    assert await store.head("kitchen") == Head(3, 1, 2)
    assert await store.rooms("", 9) == [RoomRow("kitchen", 3, 2), RoomRow("lobby", 8, 4)]


async def test_messages_that_were_trimmed_stay_counted(store: Store) -> None:
    await post(store, 3)
    await store.trim("lobby", 2)
    await post(store, 1)
    assert await nths(store, "lobby") == {3: 3, 4: 4}
    await store.trim("lobby", 4)
    await commit(store, Patch(room="lobby", patch={"n": 1}))
    assert await store.head("lobby") == Head(5, 5, 4)
    await post(store, 1)
    assert await nths(store, "lobby") == {6: 5}


# --- trimming ---


async def test_what_is_trimmed_is_gone_and_the_rest_stays(store: Store) -> None:
    await commit(
        store,
        Post(room="lobby", text="old", client_message_id="01J"),
        React(room="lobby", seq=1, emoji="👍"),
        Patch(room="lobby", patch={"topic": "lunch"}),
        Post(room="lobby", text="new", client_message_id="01K"),
        React(room="lobby", seq=4, emoji="👍"),
    )
    await post(store, 3, "kitchen")
    await store.trim("lobby", 3)
    assert await store.head("lobby") == Head(5, 4, 2)
    assert await store.head("kitchen") == Head(3, 1, 3)
    for after in (0, 1, 2):
        assert await store.read("lobby", after, 5) == (4, [])
    assert [event.seq for event in await log_of(store, "lobby", 3)] == [4, 5]
    page, document, _ = await store.snapshot("lobby", 50)
    assert (numbers(page.messages), page.more) == ([4], False)
    assert page.messages[0].reactions == {"👍": ["ada"]}
    assert document == Document({"topic": "lunch"}, 3)
    (edit, old, new), _ = await commit(
        store,
        Edit(room="lobby", seq=1, text="newer"),
        Post(room="lobby", text="old", client_message_id="01J"),
        Post(room="lobby", text="new", client_message_id="01K"),
    )
    assert isinstance(edit, Refusal) and edit.code == "not_found"
    assert old == Accepted(6, AT)
    assert new == Accepted(4, AT, is_duplicate=True)


async def test_numbers_go_on_after_everything_was_trimmed(store: Store) -> None:
    await post(store, 3)
    await store.trim("lobby", 3)
    assert await store.head("lobby") == Head(3, 4, 3)
    assert await store.read("lobby", 3, 3) == (4, [])
    assert await store.rooms("", 9) == [RoomRow("lobby", 3, 3)]
    await post(store, 1)
    assert [event.seq for event in await log_of(store, "lobby", 3)] == [4]


@pytest.mark.parametrize("upto", [-1, 0, 1, 2])
async def test_trimming_never_goes_back(store: Store, upto: int) -> None:
    await post(store, 5)
    await store.trim("lobby", 3)
    await store.trim("lobby", upto)
    assert await store.head("lobby") == Head(5, 4, 5)


async def test_trimming_never_goes_beyond_the_head(store: Store) -> None:
    await post(store, 2)
    await store.trim("lobby", 99)
    assert await store.head("lobby") == Head(2, 3, 2)


async def test_trimming_a_room_that_is_not_there_does_nothing(store: Store) -> None:
    await store.trim("lobby", 3)
    assert await store.rooms("", 9) == []


async def test_a_check_succeeds_and_leaves_nothing_to_see(store: Store) -> None:
    await store.check()
    assert await store.rooms("", 9) == []


async def test_rooms_are_listed_by_spans_and_no_others_are_read(store: Store) -> None:
    for room in ("a", "a-1", "a-2", "b", "b-1", "c", "ü-1"):
        await post(store, 1, room)

    async def listed(patterns: tuple[str, ...], after: str = "", limit: int = 9) -> list[str]:
        return [row.room for row in await store.rooms(after, limit, spans(patterns))]

    assert await listed(("a-*", "c", "ü*", "nobody")) == ["a-1", "a-2", "c", "ü-1"]
    assert await listed(("a-*", "c", "ü*"), limit=3) == ["a-1", "a-2", "c"]
    assert await listed(("a-*", "c", "ü*"), after="a-1") == ["a-2", "c", "ü-1"]
    assert await listed(("a-*", "c", "ü*"), after="a-2", limit=1) == ["c"]
    assert await listed(("a-*", "c"), after="c") == []
    assert await listed(("*-1",)) == []
    assert await listed(()) == []


async def test_a_text_may_contain_nul(store: Store) -> None:
    """A plain client may send one, and everyone receives it verbatim."""
    await commit(store, Post(room="lobby", text="a\0b"))
    await commit(store, Edit(room="lobby", seq=1, text="c\0d"))
    posted, edited = await log_of(store, "lobby")
    assert isinstance(posted, Posted)
    assert isinstance(edited, Edited)
    assert (posted.text, edited.text) == ("a\0b", "c\0d")
    assert (await store.history("lobby", None, None, 50)).messages[0].text == "c\0d"


@pytest.mark.parametrize("store", REAL, indirect=True)
async def test_the_reactions_of_a_page_count_as_its_texts_do(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.server.stores.rows.MAX_MESSAGES_BYTES", 6000)
    await commit(store, *[Post(room="lobby", text=str(n)) for n in range(1, 11)])
    people = [stranger(f"someone-{n:022}") for n in range(60)]
    for seq in (3, 5, 9):
        await store.commit(
            [Proposal(by, React(room="lobby", seq=seq, emoji="👍")) for by in people], LATER
        )
    names = [by.name for by in people]
    whole = await store.history("lobby", None, 9, 1)
    assert [(m.seq, m.reactions) for m in whole.messages] == [(10, None)]
    last = (await store.snapshot("lobby", 50)).page
    assert [m.seq for m in last.messages] == [5, 6, 7, 8, 9, 10]
    assert last.more
    assert [m.reactions for m in last.messages if m.reactions] == [{"👍": names}] * 2
    first = await store.history("lobby", None, 0, 50)
    assert [m.seq for m in first.messages] == [1, 2, 3, 4, 5]
    assert first.more
    rest = await store.history("lobby", 5, None, 50)
    assert [m.seq for m in rest.messages] == [1, 2, 3, 4]
    assert not rest.more


async def test_what_the_rules_ask_is_found_for_reading_as_well(store: Store) -> None:
    await commit(store, Post(room="lobby", text="a"), React(room="lobby", seq=1, emoji="👍"))
    wanted = Needs(logs={"lobby", "nowhere"})
    there, missing = (ReactionKey("lobby", seq, "👍", ADA.id) for seq in (1, 2))
    wanted.row(REACTIONS, there)
    wanted.row(REACTIONS, missing)
    wanted.count(REACTIONS, "lobby")
    wanted.count(REACTIONS, "nowhere")
    found = await store.find(wanted)
    assert found.heads == {"lobby": Head(2, 1, 1)} or found.heads == {
        "lobby": Head(2, 1, 1),
        "nowhere": Head(),
    }
    assert found.rows[REACTIONS][missing] is None
    row = found.rows[REACTIONS][there]
    assert row is not None and row[: REACTIONS.width] == there
    assert found.counts[REACTIONS] == {("lobby",): 1, ("nowhere",): 0}
    nothing = await store.find(Needs())
    assert (nothing.heads, nothing.rows, nothing.counts) == ({}, {}, {})
