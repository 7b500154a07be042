from dataclasses import replace
from typing import Any

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import DOCUMENTS, MAX_DOCUMENT_BYTES, DocumentRow
from hubbub.domain.aspects.previews import PREVIEWS, PreviewsKey
from hubbub.domain.aspects.reactions import (
    MAX_REACTIONS,
    REACTIONS,
    Reaction,
    ReactionKey,
    reactions_to,
)
from hubbub.domain.facts import (
    Accepted,
    Answer,
    Commit,
    Facts,
    Head,
    MessageKey,
    Needs,
    PostKey,
    Proposal,
)
from hubbub.domain.identity import NAMELESS
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.view import RoomView
from hubbub.events import Deleted, Edited, Event, Patched, Posted, Reacted, Unreacted
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import (
    Change,
    Delete,
    Edit,
    Message,
    Patch,
    Post,
    React,
    Unreact,
)
from tests.support.fakes import ADA, AT, GRACE, guest, holder, outbox_by, stranger, user

ADAS_KEY = "ada's secret key"
NAMESAKES = [
    *(guest("ada"), guest("ada", "another secret key"), holder("ada")),
    *(user("ada", "1"), user("ada", "2"), outbox_by("ada")),
]
EARLIER = "2026-11-23T08:00:00.000Z"
GRACES = ReactionKey("lobby", 1, "👍", GRACE.id)


def lobby_facts() -> Facts:
    """A lobby with two messages by ada, the second deleted, a reaction by grace, and a document."""
    one, two = MessageKey("lobby", 1), MessageKey("lobby", 2)
    return Facts(
        heads={"lobby": Head(10, 1)},
        posts={PostKey("lobby", "01J", ADA.id): Accepted(1, EARLIER)},
        owners={one: ADA.id, two: ADA.id},
        deleted={two},
        rows={
            REACTIONS: {GRACES: Reaction(*GRACES, "grace", 3)},
            DOCUMENTS: {("lobby",): DocumentRow("lobby", b'{"topic":"lunch"}', 5)},
        },
        counts={REACTIONS: {("lobby", 1): 1}},
    )


def decide(*proposals: tuple[Principal, Change], facts: Facts | None = None) -> Commit:
    asked = [Proposal(*proposal) for proposal in proposals]
    return ledger_of(asked, facts).decide(asked)


def ledger_of(proposals: list[Proposal], facts: Facts | None = None) -> Ledger:
    """A ledger that knows what the proposals need, as a store would tell it."""
    known = lobby_facts() if facts is None else facts
    asked = RULES.needs(proposals)
    rows = {table: dict(found) for table, found in known.rows.items()}
    counts = dict(known.counts)
    known.expect(asked)
    for table, found in rows.items():
        known.rows.setdefault(table, {}).update(found)
    for table, numbers in counts.items():
        known.counts.setdefault(table, {}).update(numbers)
    return Ledger(RULES, asked, known, AT)


def by_ada(*changes: Change, facts: Facts | None = None) -> Commit:
    return decide(*((ADA, change) for change in changes), facts=facts)


def decoded(commit: Commit) -> list[Event]:
    return [RULES.events.decode(body) for batch in commit.batches for body in batch.bodies]


def codes(answers: list[Answer]) -> list[str | None]:
    return [answer.code if isinstance(answer, Refusal) else None for answer in answers]


def assert_refused(commit: Commit, code: str) -> None:
    assert codes(commit.answers) == [code]
    assert commit.batches == []


# --- each change becomes its event ---


@pytest.mark.parametrize(
    "principal, change, event",
    [
        (
            ADA,
            Post(room="lobby", text="hi"),
            Posted("lobby", 11, AT, "ada", "hi", id=ADA.person.id),
        ),
        (ADA, Post(room="lobby", text=""), Posted("lobby", 11, AT, "ada", "", id=ADA.person.id)),
        (
            ADA,
            Post(room="lobby", bytes=b"\xff"),
            Posted("lobby", 11, AT, "ada", bytes=b"\xff", id=ADA.person.id),
        ),
        (
            GRACE,
            Post(room="lobby", text="hi", client_message_id="01K", reply_to=1),
            Posted(
                "lobby",
                11,
                AT,
                "grace",
                "hi",
                client_message_id="01K",
                reply_to=1,
                id=GRACE.person.id,
            ),
        ),
        (
            ADA,
            Edit(room="lobby", seq=1, text="hello"),
            Edited("lobby", 11, AT, "ada", message=1, text="hello", id=ADA.person.id),
        ),
        (
            ADA,
            Delete(room="lobby", seq=1),
            Deleted("lobby", 11, AT, "ada", message=1, id=ADA.person.id),
        ),
        (
            ADA,
            React(room="lobby", seq=1, emoji="👍"),
            Reacted("lobby", 11, AT, "ada", message=1, emoji="👍", id=ADA.person.id),
        ),
        (
            GRACE,
            Unreact(room="lobby", seq=1, emoji="👍"),
            Unreacted("lobby", 11, AT, "grace", message=1, emoji="👍", id=GRACE.person.id),
        ),
        (
            GRACE,
            Patch(room="lobby", patch={"topic": None}),
            Patched("lobby", 11, AT, "grace", patch={"topic": None}, id=GRACE.person.id),
        ),
    ],
)
def test_a_change_becomes_the_event_with_the_next_number(
    principal: Principal, change: Change, event: Event
) -> None:
    commit = decide((principal, change))
    assert commit.answers == [Accepted(11, AT)]
    assert decoded(commit) == [event]
    assert [(batch.room, batch.first, batch.last) for batch in commit.batches] == [
        ("lobby", 11, 11)
    ]


def test_the_first_event_of_a_room_is_number_one() -> None:
    commit = by_ada(Post(room="kitchen", text="tea?"), facts=Facts())
    assert decoded(commit) == [Posted("kitchen", 1, AT, "ada", "tea?", id=ADA.person.id)]


def test_each_room_counts_for_itself_and_refusals_take_no_number() -> None:
    commit = by_ada(
        Post(room="lobby", text="one"),
        Post(room="kitchen", text="two"),
        Edit(room="lobby", seq=9, text="no such message"),
        Post(room="lobby", text="three"),
        Post(room="kitchen", text="four"),
    )
    assert codes(commit.answers) == [None, None, "not_found", None, None]
    assert [(b.room, b.first, len(b.bodies)) for b in commit.batches] == [
        ("lobby", 11, 2),
        ("kitchen", 1, 2),
    ]


# --- refusals ---


@pytest.mark.parametrize(
    "change",
    [
        Edit(room="lobby", seq=3, text="x"),
        Delete(room="lobby", seq=3),
        React(room="lobby", seq=3, emoji="👍"),
        Unreact(room="lobby", seq=3, emoji="👍"),
        Post(room="lobby", text="x", reply_to=3),
        Edit(room="kitchen", seq=1, text="x"),
        Delete(room="lobby", seq=0),
        Delete(room="lobby", seq=-1),
        Post(room="lobby", text="x", reply_to=11),  # itself
    ],
)
def test_what_concerns_no_message_is_not_found(change: Change) -> None:
    assert_refused(by_ada(change), "not_found")


@pytest.mark.parametrize(
    "change",
    [
        Edit(room="lobby", seq=2, text="x"),
        Delete(room="lobby", seq=2),
        React(room="lobby", seq=2, emoji="👍"),
        Unreact(room="lobby", seq=2, emoji="👍"),
        Post(room="lobby", text="x", reply_to=2),
    ],
)
def test_a_deleted_message_is_gone(change: Change) -> None:
    assert_refused(by_ada(change), "gone")


@pytest.mark.parametrize(
    "change", [Edit(room="lobby", seq=1, text="x"), Delete(room="lobby", seq=1)]
)
def test_only_its_author_edits_or_deletes_a_message(change: Change) -> None:
    assert_refused(decide((GRACE, change)), "forbidden")
    assert codes(by_ada(change).answers) == [None]


@pytest.mark.parametrize(
    "change", [Edit(room="lobby", seq=1, text="x"), Delete(room="lobby", seq=1)]
)
def test_whom_the_table_lets_may_change_anyones_message(change: Change) -> None:
    moderator = replace(holder("mod"), scopes=frozenset({Scope.MODERATE}))
    assert codes(decide((moderator, change)).answers) == [None]


@pytest.mark.parametrize(
    "change", [Edit(room="lobby", seq=1, text="x"), Delete(room="lobby", seq=1)]
)
@pytest.mark.parametrize("namesake", NAMESAKES)
def test_who_is_called_the_same_is_not_its_author(change: Change, namesake: Principal) -> None:
    assert_refused(decide((namesake, change)), "forbidden")


@pytest.mark.parametrize(
    "change", [Edit(room="lobby", seq=1, text="x"), Delete(room="lobby", seq=1)]
)
def test_the_same_key_is_the_same_author_under_any_name(change: Change) -> None:
    assert codes(decide((guest("ada l.", ADAS_KEY), change)).answers) == [None]


@pytest.mark.parametrize("author", [guest("ada"), stranger("guest-1")])
def test_a_guest_without_a_key_owns_nothing_later(author: Principal) -> None:
    post = Post(room="lobby", text="hi", client_message_id="01K")
    commit = decide(
        (author, post),
        (author, Edit(room="lobby", seq=11, text="x")),
        (author, Delete(room="lobby", seq=11)),
        (author, post),
    )
    assert codes(commit.answers) == [None, "forbidden", "forbidden", None]
    assert commit.answers[3] == Accepted(11, AT, is_duplicate=True)
    assert "key" in getattr(commit.answers[1], "detail", "")


def test_a_retry_by_one_who_got_another_name_is_still_known() -> None:
    post = Post(room="lobby", text="hi", client_message_id="01K")
    commit = decide((stranger("guest-1"), post), (stranger("guest-2"), post))
    assert commit.answers == [Accepted(11, AT), Accepted(11, AT, is_duplicate=True)]


def test_the_key_of_one_is_not_that_of_a_namesake() -> None:
    post = Post(room="lobby", text="hi", client_message_id="01K")
    everyone = [ADA, *NAMESAKES, stranger("ada")]
    assert len({person.id for person in everyone}) == len(everyone) - 1  # of guests without a key
    commit = decide(*((person, post) for person in everyone))
    assert commit.answers == [Accepted(11 + n, AT) for n in range(len(everyone))]


def test_namesakes_react_each_for_themselves() -> None:
    react, unreact = (kind(room="lobby", seq=1, emoji="🎉") for kind in (React, Unreact))
    commit = decide(
        *((person, react) for person in (ADA, *NAMESAKES)),
        (NAMESAKES[0], unreact),
        (NAMESAKES[0], unreact),
    )
    assert [isinstance(a, Accepted) and a.seq is not None for a in commit.answers] == [
        *(True for _ in (ADA, *NAMESAKES)),
        *(True, False),
    ]
    view = RoomView(10, [Message(seq=1, at=EARLIER, by="ada")])
    for event in decoded(commit):
        RULES.fold(view, event)
    left = [person.person for person in (ADA, *NAMESAKES[1:])]
    assert reactions_to(view.messages[1]) == {"🎉": left}


# --- idempotency keys ---


def test_the_same_key_gives_the_first_answer() -> None:
    again = Post(room="lobby", text="hi again", client_message_id="01J")
    commit = by_ada(again, again)
    assert commit.answers == [Accepted(1, EARLIER, is_duplicate=True)] * 2
    assert commit.batches == []


def test_a_retry_in_the_same_batch_gives_the_first_answer() -> None:
    post = Post(room="lobby", text="hi", client_message_id="01K")
    commit = by_ada(post, post, post)
    first = Accepted(11, AT)
    assert commit.answers == [first, *[first._replace(is_duplicate=True)] * 2]
    assert len(decoded(commit)) == 1


def test_a_key_belongs_to_its_author_and_room() -> None:
    commit = decide(
        (GRACE, Post(room="lobby", text="hi", client_message_id="01J")),
        (ADA, Post(room="kitchen", text="hi", client_message_id="01J")),
        (stranger("guest-1"), Post(room="lobby", text="hi", client_message_id="01J")),
    )
    assert commit.answers == [Accepted(11, AT), Accepted(1, AT), Accepted(12, AT)]


def test_nameless_guests_share_one_set_of_keys() -> None:
    post = Post(room="lobby", text="hi", client_message_id="01K")
    commit = decide((stranger("guest-1"), post), (stranger("guest-2"), post))
    assert commit.answers == [Accepted(11, AT), Accepted(11, AT, is_duplicate=True)]
    assert [event.by for event in decoded(commit)] == ["guest-1"]


def test_a_retry_counts_even_if_what_it_replied_to_is_gone_by_now() -> None:
    retry = Post(room="lobby", text="hi", client_message_id="01J", reply_to=2)
    assert by_ada(retry).answers == [Accepted(1, EARLIER, is_duplicate=True)]


def test_a_refused_post_does_not_use_up_its_key() -> None:
    commit = by_ada(
        Post(room="lobby", text="hi", client_message_id="01K", reply_to=9),
        Post(room="lobby", text="hi", client_message_id="01K"),
    )
    assert codes(commit.answers) == ["not_found", None]
    assert commit.answers[1] == Accepted(11, AT)


def test_posts_without_a_key_are_never_the_same() -> None:
    commit = by_ada(*[Post(room="lobby", text="hi")] * 3)
    assert [a.seq for a in commit.answers if isinstance(a, Accepted)] == [11, 12, 13]


# --- reactions ---


def test_what_changes_nothing_has_no_number() -> None:
    commit = decide(
        (GRACE, React(room="lobby", seq=1, emoji="👍")),
        (ADA, Unreact(room="lobby", seq=1, emoji="👍")),
        (GRACE, Unreact(room="lobby", seq=1, emoji="🎉")),
    )
    assert commit.answers == [Accepted(None, AT)] * 3
    assert commit.batches == []


def test_a_reaction_is_put_on_and_taken_off_and_put_on() -> None:
    react, unreact = (kind(room="lobby", seq=1, emoji="🎉") for kind in (React, Unreact))
    asked = [Proposal(ADA, change) for change in (react, react, unreact, unreact, react)]
    ledger = ledger_of(asked)
    commit = ledger.decide(asked)
    numbers = [answer.seq for answer in commit.answers if isinstance(answer, Accepted)]
    assert numbers == [11, None, 12, None, 13]
    key = ReactionKey("lobby", 1, "🎉", ADA.id)
    assert ledger.rows == {REACTIONS: {key: Reaction(*key, "ada", 13)}}


def test_what_was_taken_off_at_last_is_written_down_as_taken_off() -> None:
    asked = [Proposal(GRACE, Unreact(room="lobby", seq=1, emoji="👍"))]
    ledger = ledger_of(asked)
    ledger.decide(asked)
    assert ledger.rows == {REACTIONS: {GRACES: None}}


def test_all_reactions_go_with_their_message() -> None:
    asked = [
        Proposal(ADA, React(room="lobby", seq=1, emoji="🎉")),
        Proposal(ADA, Delete(room="lobby", seq=1)),
    ]
    ledger = ledger_of(asked)
    ledger.decide(asked)
    assert ledger.dropped == {REACTIONS: {("lobby", 1)}, PREVIEWS: {("lobby", 1)}}
    assert ledger.rows == {REACTIONS: {ReactionKey("lobby", 1, "🎉", ADA.id): None}}


class Looked(tuple[Any, ...]):
    """A key that counts how often it is looked at."""

    looks = 0

    def __getitem__(self, part: Any) -> Any:
        Looked.looks += 1
        return super().__getitem__(part)


@pytest.mark.parametrize("is_counted", [True, False])
def test_rows_of_a_message_are_found_without_a_look_at_those_of_others(is_counted: bool) -> None:
    messages = range(1, 101)
    rows = {seq: Reaction("lobby", seq, "👍", GRACE.id, "grace", seq) for seq in messages}
    known: Any = {Looked(row[:4]): row for row in rows.values()}
    if is_counted:  # so that all that changes is asked for
        known |= {Looked(("lobby", seq, "👍", ADA.id)): None for seq in messages}
    counts: Any = {Looked(("lobby", seq)): 1 for seq in messages} if is_counted else {}
    ledger = Ledger(RULES, Needs(), Facts(rows={REACTIONS: known}, counts={REACTIONS: counts}), AT)
    expected, Looked.looks = len(known) + len(counts), 0
    for seq, row in rows.items():
        assert ledger.known(REACTIONS, "lobby", seq) == [row]
        mine = Reaction("lobby", seq, "👍", ADA.id, "ada", 200)
        ledger.put(REACTIONS, mine)
        assert ledger.known(REACTIONS, "lobby", seq) == [row, mine]
        ledger.drop_all(REACTIONS, "lobby", seq)
        assert ledger.known(REACTIONS, "lobby", seq) == []
        assert not is_counted or ledger.count(REACTIONS, "lobby", seq) == 0
    assert Looked.looks == expected  # at each key once


def test_nobody_may_use_what_they_did_not_ask_for() -> None:
    ledger = Ledger(RULES, Needs(), Facts(), AT)
    for ask in (
        lambda: ledger.row(REACTIONS, GRACES),
        lambda: ledger.count(REACTIONS, "lobby", 1),
        lambda: ledger.put(REACTIONS, Reaction(*GRACES, "grace", 3)),
        lambda: ledger.head("lobby"),
    ):
        with pytest.raises(KeyError):
            ask()


def test_a_message_takes_only_so_many_reactions() -> None:
    facts = lobby_facts()
    facts.counts[REACTIONS]["lobby", 1] = MAX_REACTIONS - 1
    commit = decide(
        (ADA, React(room="lobby", seq=1, emoji="🎉")),
        (guest("joan"), React(room="lobby", seq=1, emoji="🎉")),
        (GRACE, React(room="lobby", seq=1, emoji="👍")),  # is there already
        (GRACE, Unreact(room="lobby", seq=1, emoji="👍")),
        (guest("joan"), React(room="lobby", seq=1, emoji="🎉")),
        facts=facts,
    )
    assert codes(commit.answers) == [None, "too_large", None, None, None]


# --- the document ---


@pytest.mark.parametrize(
    "if_seq, is_met", [(4, False), (5, True), (7, True), (10, True), (11, False)]
)
def test_a_patch_is_made_only_if_nobody_patched_since(if_seq: int, is_met: bool) -> None:
    commit = by_ada(Patch(room="lobby", patch={"n": 1}, if_seq=if_seq))
    assert codes(commit.answers) == [None if is_met else "conflict"]


def test_a_room_that_was_never_patched_is_at_version_zero() -> None:
    patch = Patch(room="kitchen", patch={"n": 1}, if_seq=0)
    assert codes(by_ada(patch, patch, facts=Facts()).answers) == [None, "conflict"]


def test_of_two_who_compare_and_set_at_once_one_wins() -> None:
    commit = decide(
        (ADA, Patch(room="lobby", patch={"turn": "ada"}, if_seq=5)),
        (GRACE, Patch(room="lobby", patch={"turn": "grace"}, if_seq=5)),
    )
    assert codes(commit.answers) == [None, "conflict"]


def test_patches_are_merged_one_after_the_other() -> None:
    patches: list[Any] = [{"n": {"a": 1}}, {"n": {"b": 2}, "topic": None}]
    asked = [Proposal(ADA, Patch(room="lobby", patch=patch)) for patch in patches]
    ledger = ledger_of(asked)
    ledger.decide(asked)
    assert ledger.rows == {
        DOCUMENTS: {("lobby",): DocumentRow("lobby", b'{"n":{"a":1,"b":2}}', 12)}
    }


def test_a_document_takes_only_so_many_bytes() -> None:
    fitting = "x" * (MAX_DOCUMENT_BYTES - len('{"topic":"lunch","n":""}'))
    assert codes(by_ada(Patch(room="lobby", patch={"n": fitting})).answers) == [None]
    too_large = Patch(room="lobby", patch={"n": fitting + "x"})
    small = Patch(room="lobby", patch={"n": 1})
    commit = by_ada(too_large, small)
    assert codes(commit.answers) == ["too_large", None]
    assert decoded(commit) == [Patched("lobby", 11, AT, "ada", patch={"n": 1}, id=ADA.person.id)]


# --- several changes that depend on one another ---


def test_a_message_can_be_changed_in_the_batch_that_posts_it() -> None:
    asked = [
        Proposal(ADA, Post(room="lobby", text="hi")),
        Proposal(GRACE, Post(room="lobby", text="yes?", reply_to=11)),
        Proposal(ADA, Edit(room="lobby", seq=11, text="hello")),
        Proposal(ADA, Edit(room="lobby", seq=11, text="hello!")),
        Proposal(GRACE, React(room="lobby", seq=11, emoji="👍")),
        Proposal(GRACE, Edit(room="lobby", seq=11, text="mine")),
        Proposal(ADA, Delete(room="lobby", seq=11)),
        Proposal(ADA, Edit(room="lobby", seq=11, text="too late")),
        Proposal(ADA, Delete(room="lobby", seq=11)),
        Proposal(GRACE, React(room="lobby", seq=11, emoji="🎉")),
        Proposal(GRACE, Post(room="lobby", text="hm", reply_to=11)),
    ]
    ledger = ledger_of(asked)
    commit = ledger.decide(asked)
    refused = ["forbidden", None, "gone", "gone", "gone", "gone"]
    assert codes(commit.answers) == [None] * 5 + refused
    assert [type(event) for event in decoded(commit)] == [
        *(Posted, Posted, Edited, Edited, Reacted, Deleted)
    ]
    assert [event.seq for event in decoded(commit)] == list(range(11, 17))
    assert not ledger.edited  # nothing is left to be edited
    assert ledger.erasures and ledger.erasures.deleted == {MessageKey("lobby", 11)}


def test_what_the_ledger_holds_is_what_it_delivers() -> None:
    asked = [
        Proposal(ADA, Post(room="lobby", text="hi", client_message_id="01K")),
        Proposal(ADA, Patch(room="lobby", patch={})),
        Proposal(ADA, Post(room="kitchen", text="hi")),
    ]
    ledger = ledger_of(asked)
    commit = ledger.decide(asked)
    written = {(post.room, post.seq): post.body for post in ledger.posts}
    written |= {(change.room, change.seq): change.body for change in ledger.changes}
    assert written == {
        (batch.room, seq): body
        for batch in commit.batches
        for seq, body in enumerate(batch.bodies, start=batch.first)
    }
    assert [post.key for post in ledger.posts] == [PostKey("lobby", "01K", ADA.id), None]


# --- needs ---


def test_the_ledger_says_what_it_has_to_know() -> None:
    wanted = RULES.needs(
        [
            Proposal(ADA, Post(room="lobby", text="hi", client_message_id="01J", reply_to=4)),
            Proposal(stranger("guest-1"), Post(room="lobby", text="hi", client_message_id="01J")),
            Proposal(ADA, Post(room="attic", text="hi")),
            Proposal(ADA, Edit(room="lobby", seq=1, text="x")),
            Proposal(ADA, Delete(room="kitchen", seq=2)),
            Proposal(ADA, React(room="lobby", seq=3, emoji="👍")),
            Proposal(GRACE, Unreact(room="lobby", seq=3, emoji="👍")),
            Proposal(GRACE, Patch(room="garden", patch={})),
        ]
    )
    assert wanted.logs == {"lobby", "kitchen", "attic", "garden"}
    assert wanted.posts == {PostKey("lobby", "01J", ADA.id), PostKey("lobby", "01J", NAMELESS)}
    assert wanted.messages == {("lobby", 4), ("lobby", 1), ("kitchen", 2), ("lobby", 3)}
    reactions = {ReactionKey("lobby", 3, "👍", person.id) for person in (ADA, GRACE)}
    previews = {PreviewsKey("lobby", 1)}
    assert wanted.rows == {REACTIONS: reactions, DOCUMENTS: {("garden",)}, PREVIEWS: previews}
    assert wanted.counts == {REACTIONS: {("lobby", 3)}}
