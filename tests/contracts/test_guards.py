"""A guard decides in the ledger, on the state at that very change, whatever the store."""

from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from pathlib import Path

import pytest

from hubbub.domain.access import Permission
from hubbub.domain.facts import Accepted, Answer, Needs, Proposal
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import Known
from hubbub.domain.rules import Asking, Aspect, Guard, Rules
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post, React, Unreact
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.fakes import ADA, AT, GRACE, MemoryStore, holder
from tests.support.postgres import Postgres
from tests.support.stores import log_of, store_with
from tests.support.toy_guard import (
    CLUB_RULES,
    TEAM_RULES,
    LetIn,
    ShutOut,
    make_postgres,
    make_sqlite,
)

TEAM = "team-1"
MODERATOR = replace(holder("mod"), scopes=frozenset(Scope))
CHANGES = [
    Post(room=TEAM, text="let me in"),
    Post(room=TEAM, text="let me in", client_message_id="k"),
    Edit(room=TEAM, seq=2, text="x"),
    Delete(room=TEAM, seq=2),
    React(room=TEAM, seq=2, emoji="x"),
    Unreact(room=TEAM, seq=2, emoji="x"),
    Patch(room=TEAM, patch={"grace": "host"}),
]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[Store]:
    store = await store_with(TEAM_RULES, request.param, tmp_path, postgres)
    yield store
    await store.close()


def code(answer: Answer) -> str | None:
    return answer.code if isinstance(answer, Refusal) else None


async def codes(store: Store, *proposals: tuple[Principal, Change]) -> list[str | None]:
    """How one commit answers: the code of each refusal, None for what it accepts."""
    commit = await store.commit([Proposal(*each) for each in proposals], AT)
    return [code(answer) for answer in commit.answers]


async def made(store: Store, **places: str) -> None:
    """Make the room with these places, in which ada wrote message 2."""
    made = (ADA, Patch(room=TEAM, patch={"ada": "host", **places}))
    assert await codes(store, made, (ADA, Post(room=TEAM, text="hi"))) == [None, None]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
async def test_who_has_no_place_changes_nothing(store: Store, change: Change) -> None:
    await made(store)
    assert await codes(store, (GRACE, change)) == ["not_found"]
    assert len(await log_of(store, TEAM)) == 2


async def test_a_place_given_or_taken_counts_from_the_very_next_change(store: Store) -> None:
    await made(store)
    post = (GRACE, Post(room=TEAM, text="x"))
    come = (ADA, Patch(room=TEAM, patch={"grace": "member"}))
    go = (ADA, Patch(room=TEAM, patch={"grace": None}))
    assert await codes(store, post, come, post, go, post) == [
        *("not_found", None, None, None, "not_found")
    ]
    assert await codes(store, post) == ["not_found"]


async def test_a_place_allows_what_its_row_says(store: Store) -> None:
    await made(store, grace="member")
    post, patch = Post(room=TEAM, text="x"), Patch(room=TEAM, patch={"grace": "host"})
    assert await codes(store, (GRACE, post), (GRACE, patch)) == [None, "forbidden"]


@pytest.mark.parametrize("change", [Edit(room=TEAM, seq=2, text="x"), Delete(room=TEAM, seq=2)])
@pytest.mark.parametrize("place, expected", [("member", "forbidden"), ("host", None)])
async def test_no_scope_is_worth_more_than_the_place(
    store: Store, change: Change, place: str, expected: str | None
) -> None:
    await made(store, mod=place)
    assert await codes(store, (MODERATOR, change)) == [expected]


async def test_a_repeated_change_gets_its_first_answer_from_outside_too(store: Store) -> None:
    await made(store, grace="member")
    post = (GRACE, Post(room=TEAM, text="x", client_message_id="k"))
    gone = (ADA, Patch(room=TEAM, patch={"grace": None}))
    assert await codes(store, post, gone) == [None, None]
    [answer] = (await store.commit([Proposal(*post)], AT)).answers
    assert answer == Accepted(3, AT, is_duplicate=True)


async def test_free_rooms_have_no_guard(store: Store) -> None:
    await made(store)
    lobby = Post(room="lobby", text="hi")
    team = (GRACE, Post(room=TEAM, text="x"))
    assert await codes(store, (GRACE, lobby), team, (GRACE, lobby)) == [None, "not_found", None]


CLUB = "club-1"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def club(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres
) -> AsyncIterator[Store]:
    store: Store
    if request.param == "memory":
        store = MemoryStore(rules=CLUB_RULES)
    elif request.param == "sqlite":
        await make_sqlite(tmp_path)
        store = SqliteStore(tmp_path, "normal", lambda: "e1", CLUB_RULES)
    else:
        await make_postgres(url := await postgres.prepared())
        store = await PostgresStore.open(url, "normal", lambda: "e1", CLUB_RULES)
    yield store
    await store.close()


async def test_a_commit_says_whom_its_events_affect_and_refuses_what_they_do_after_them(
    club: Store,
) -> None:
    post = Proposal(GRACE, Post(room=CLUB, text="x"))
    out = Proposal(ADA, ShutOut(room=CLUB, who=GRACE.id))
    back = Proposal(ADA, LetIn(room=CLUB, who=GRACE.id))
    lobby = Proposal(GRACE, Post(room="lobby", text="x"))
    commit = await club.commit([post, out, post, lobby, back, post, out], AT)
    assert [code(answer) for answer in commit.answers] == [
        *(None, None, "not_found", None, None, None, None)
    ]
    batches = {batch.room: batch for batch in commit.batches}
    affected = [(seq, GRACE.id) for seq in (2, 3, 5)]
    assert list(batches[CLUB].affected) == affected
    assert batches["lobby"].affected == ()
    page = await club.read(CLUB, 0, 99)
    assert list(CLUB_RULES.affected_by(1, page.bodies)) == affected, "as read from the store"
    assert code((await club.commit([post], AT)).answers[0]) == "not_found"


async def test_a_room_is_looked_at_once_and_a_free_one_never_asked_about() -> None:
    looked: list[str] = []
    asked: list[str] = []

    def applies(room: str) -> bool:
        looked.append(room)
        return room == TEAM

    def needs(_: Needs, asking: Collection[Asking]) -> None:
        asked.extend(room for _, room in asking)

    def refuse(_: Known, __: Principal, ___: Permission, room: str) -> Refusal | None:
        asked.append(room)
        return None

    rules = Rules([*TEAM_RULES.aspects[:-1], Aspect(guards=(Guard(applies, needs, refuse),))])
    posts = [(ADA, Post(room=room, text="x")) for room in ("lobby", TEAM, "lobby", "lobby")]
    assert await codes(MemoryStore(rules=rules), *posts) == [None] * 4
    assert sorted(looked) == ["lobby", TEAM]
    assert asked == [TEAM, TEAM]
