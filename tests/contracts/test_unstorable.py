"""One bad value harms nobody else: what a store can't write is refused alone, and the rest of its commit is there."""

import asyncio
from collections.abc import Callable, Sequence

import apsw
import pytest

from hubbub.domain.facts import Accepted, Batch, Proposal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post, React
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.commits import PostgresCommits
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.fakes import ADA, AT, GRACE, stranger
from tests.support.postgres import Postgres
from tests.support.stores import REAL, commit, log_of

pytestmark = pytest.mark.parametrize("store", REAL, indirect=True)

# What no store can write, beside what a database refuses for reasons of its own.
BAD: dict[str, Proposal] = {
    "a surrogate in a key": Proposal(
        ADA, Post(room="lobby", text="x", client_message_id="k\udcfcy")
    ),
    "a surrogate in a text": Proposal(ADA, Post(room="lobby", text="\udcfc")),
    "a surrogate in an owner": Proposal(stranger("\udcfc"), Post(room="lobby", text="x")),
    "a surrogate in a room's name": Proposal(ADA, Post(room="\udcfc", text="x")),
    "a surrogate in an emoji": Proposal(ADA, React(room="lobby", seq=1, emoji="\udcfc")),
    "a surrogate in a patch": Proposal(ADA, Patch(room="lobby", patch={"a": "\udcfc"})),
    "a number that no column holds": Proposal(ADA, Edit(room="lobby", seq=2**70, text="x")),
    "nesting without end": Proposal(ADA, Patch(room="lobby", patch=[])),
}
nested: list[object] = []
for _ in range(100_000):
    nested = [nested]
BAD["nesting without end"] = Proposal(ADA, Patch(room="lobby", patch=nested))


def innocent(count: int) -> list[Proposal]:
    return [Proposal(GRACE, Post(room=f"room {n % 3}", text=str(n))) for n in range(count)]


@pytest.mark.parametrize("name", BAD)
async def test_what_can_not_be_stored_is_refused_alone(store: Store, name: str) -> None:
    place = list(BAD).index(name)
    await commit(store, Post(room="lobby", text="hi"))
    proposals = innocent(8)
    proposals.insert(place, BAD[name])
    answers, batches = await store.commit(proposals, AT)
    bad = answers.pop(place)
    assert isinstance(bad, Refusal), bad
    assert bad.code in ("bad_request", "not_found", "too_large") and not bad.row.temporary
    assert all(isinstance(answer, Accepted) for answer in answers)
    delivered = by_room(batches)
    for room, bodies in delivered.items():
        assert (await store.read(room, 0, 99)).bodies == bodies
    assert {room: len(bodies) for room, bodies in delivered.items()} == {
        **{"room 0": 3, "room 1": 3, "room 2": 2}
    }
    assert await commit(store, Post(room="room 0", text="next")) == (
        [Accepted(4, AT)],
        [(await last(store, "room 0"))],
    )


def by_room(batches: Sequence[Batch]) -> dict[str, list[bytes]]:
    """What is delivered of each room, in order. A commit that was made in parts has several batches of a room."""
    delivered: dict[str, list[bytes]] = {}
    for batch in batches:
        bodies = delivered.setdefault(batch.room, [])
        assert batch.first == len(bodies) + 1
        bodies += batch.bodies
    return delivered


async def last(store: Store, room: str) -> Batch:
    head = (await store.head(room)).seq
    return Batch(room, head, (await store.read(room, head - 1, head)).bodies)


async def bomb(store: Store, postgres: Postgres) -> None:
    """Have the database itself refuse certain messages."""
    if isinstance(store, SqliteStore):
        database = apsw.Connection(str(store._directory / FILE_NAME))
        database.execute("""
            CREATE TRIGGER bomb BEFORE INSERT ON message WHEN instr(CAST(NEW.posted AS TEXT), 'bomb')
            BEGIN SELECT RAISE(ABORT, 'a bomb'); END
        """)
        database.close()
    else:
        assert isinstance(store, PostgresStore)
        database_name = store._dsn.rpartition("/")[2]
        await postgres.execute(
            "ALTER TABLE hubbub.message ADD CHECK (position('bomb' in convert_from(posted, 'UTF8')) = 0)",
            database_name,
        )


async def test_several_that_the_database_refuses_are_found_among_many(
    store: Store, postgres: Postgres
) -> None:
    await bomb(store, postgres)
    texts = ["bomb" if n in (3, 4, 77, 199) else str(n) for n in range(200)]
    changes: list[Change] = [
        Post(room=f"r{n % 5}", text=text, client_message_id=f"k{n}") for n, text in enumerate(texts)
    ]
    answers, batches = await commit(store, *changes)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, Refusal)] == [3, 4, 77, 199]
    delivered = by_room(batches)
    assert len(delivered) == 5
    for room, bodies in delivered.items():
        assert [event.seq for event in await log_of(store, room)] == [*range(1, len(bodies) + 1)]
        assert (await store.read(room, 0, 999)).bodies == bodies
    again, _ = await commit(store, *changes[:3])
    assert again == [answer._replace(is_duplicate=True) for answer in answers[:3]]  # type: ignore[union-attr]


async def test_what_is_deleted_beside_a_bad_one_is_delivered_as_it_is_stored(
    store: Store, postgres: Postgres
) -> None:
    await bomb(store, postgres)
    _, batches = await commit(
        store,
        Post(room="lobby", text="secret"),
        Post(room="kitchen", text="bomb"),
        Edit(room="lobby", seq=1, text="secret"),
        Delete(room="lobby", seq=1),
    )
    bodies = by_room(batches)["lobby"]
    assert b"secret" not in b"".join(bodies)
    assert (await store.read("lobby", 0, 9)).bodies == bodies


async def test_commits_behind_and_before_a_bad_one_keep_their_order(
    store: Store, postgres: Postgres
) -> None:
    await bomb(store, postgres)
    texts = ["one", "bomb", "two"]
    pending = [store.commit([Proposal(ADA, Post(room="lobby", text=t))], AT) for t in texts]
    first, bad, second = await asyncio.gather(*pending)
    assert (first.answers, second.answers) == ([Accepted(1, AT)], [Accepted(2, AT)])
    assert isinstance(bad.answers[0], Refusal) and bad.batches == []


async def test_a_commit_of_good_ones_is_tried_only_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart: Callable[..., object] = lambda *_: pytest.fail("the slow way")  # noqa: E731
    monkeypatch.setattr("hubbub.server.stores.sqlite.writer.SqliteWriter._decide_apart", apart)
    monkeypatch.setattr(PostgresCommits, "_write_apart", apart)
    answers, _ = await store.commit(innocent(8), AT)
    assert all(isinstance(answer, Accepted) for answer in answers)
