"""What records promise, wherever they are kept; a new store joins `tests.support.records.KEPT`."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Facts, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.records import AnyTable, Prefix, Table
from hubbub.server.stores.records import Between
from tests.support.fakes import AT
from tests.support.postgres import Postgres
from tests.support.records import KEPT, Kept

ODD = [
    "",
    "1",
    "1.0",
    "null",
    "[1]",
    '"',
    "'",
    "\\",
    "' OR 1 --",
    "ü👍",
    "\u2028",
    " ",
    "$1",
    "?",
    "%",
]


class ThingKey(NamedTuple):
    """Identifies a thing."""

    room: str
    at: int
    name: str


class Thing(NamedTuple):
    """A row with every kind of column."""

    room: str
    at: int
    name: str
    text: str = ""
    is_on: bool = False
    size: float = 0.0
    body: bytes = b""
    no_text: str | None = None
    no_flag: bool | None = None
    no_size: float | None = None
    no_body: bytes | None = None
    no_number: int | None = None


class Mark(NamedTuple):
    """A row that is nothing but its key, with a seq that is not the second column."""

    room: str
    name: str
    seq: int


THINGS = Table("thing", ThingKey, Thing, indexes=(("room", "name"),), trimmed_by="at")
MARKS = Table("mark", Mark, Mark, trimmed_by="seq")


@pytest.fixture(params=KEPT)
async def kept(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[Kept]:
    async with KEPT[request.param]((THINGS, MARKS), postgres) as found:
        yield found


async def known(
    kept: Kept, *keys: tuple[AnyTable, Prefix], counts: Any = (), lists: Any = ()
) -> Facts:
    wanted, facts = Needs(), Facts()
    for table, *prefix in lists:
        wanted.list(table, *prefix)
    for table, key in keys:
        wanted.row(table, key)
    for table, *prefix in counts:
        wanted.count(table, *prefix)
    await kept.learn(wanted, facts)
    return facts


async def ledger(kept: Kept, *rows: Any) -> Ledger:
    """A ledger that knows these rows as they are stored."""
    keys = [(_table(row), row[:3]) for row in rows]
    return Ledger(RULES, Needs(), await known(kept, *keys), AT)


async def put(kept: Kept, *rows: Any) -> None:
    deciding = await ledger(kept, *rows)
    for row in rows:
        deciding.put(_table(row), row)
    await kept.write(deciding)


def _table(row: Any) -> AnyTable:
    return MARKS if isinstance(row, Mark) else THINGS


def names(rows: list[Any]) -> list[str]:
    return [row.name for row in rows]


WHOLE = Thing("lobby", 2**53, "ü", "text", True, 0.1, b"\0\xff", "text", False, 2e9, b"", -1)


async def test_a_row_is_found_as_it_was_put(kept: Kept) -> None:
    rows = [Thing("lobby", 1, "a"), WHOLE, Thing("lobby", 2, "c", is_on=True, no_flag=True)]
    await put(kept, *rows)
    facts = await known(kept, *((THINGS, row[:3]) for row in rows))
    assert facts.rows[THINGS] == {row[:3]: row for row in rows}
    for row in facts.rows[THINGS].values():
        assert type(row) is Thing
        assert [type(value) for value in row[3:7]] == [str, bool, float, bytes]
    assert await kept.read(THINGS) == sorted(rows)


async def test_what_is_not_there_is_known_not_to_be(kept: Kept) -> None:
    await put(kept, Thing("lobby", 1, "a"))
    others = [("lobby", 1, "b"), ("lobby", 2, "a"), ("Lobby", 1, "a")]
    facts = await known(
        kept, *((THINGS, key) for key in others), counts=[(THINGS, "attic"), (MARKS, "lobby")]
    )
    assert facts.rows == {THINGS: dict.fromkeys(others)}
    assert facts.counts == {THINGS: {("attic",): 0}, MARKS: {("lobby",): 0}}


async def test_keys_may_look_like_anything(kept: Kept) -> None:
    rows = [Thing(room or "-", 1, name, name) for room in ODD for name in ODD]
    await put(kept, *rows)
    facts = await known(kept, *((THINGS, row[:3]) for row in rows))
    assert facts.rows[THINGS] == {row[:3]: row for row in rows}
    for room in ODD[1:]:
        assert names(await kept.read(THINGS, room)) == sorted(ODD)
    deciding = await ledger(kept, *rows)
    for row in rows[::2]:
        deciding.drop(THINGS, ThingKey(*row[:3]))
    await kept.write(deciding)
    assert await kept.read(THINGS) == sorted(rows[1::2])


async def test_a_row_takes_the_place_of_one_with_its_key(kept: Kept) -> None:
    await put(kept, WHOLE, Mark("lobby", "a", 1))
    other = Thing(*WHOLE[:3], text="other")
    await put(kept, other, Mark("lobby", "a", 1))
    assert await kept.read(THINGS) == [other]
    assert await kept.read(MARKS) == [Mark("lobby", "a", 1)]


async def test_rows_are_counted_by_prefixes_of_any_width(kept: Kept) -> None:
    await put(kept, *(Thing("lobby", n % 3, f"{n}") for n in range(10)), Mark("lobby", "a", 1))
    asked = [("lobby",), ("lobby", 0), ("lobby", 2), ("lobby", 3), ("lobby", 1, "4"), ("attic",)]
    facts = await known(kept, counts=[(THINGS, *prefix) for prefix in asked] + [(MARKS, "lobby")])
    assert facts.counts[THINGS] == dict(zip(asked, [10, 4, 3, 0, 1, 0], strict=True))
    assert facts.counts[MARKS] == {("lobby",): 1}


async def test_rows_of_many_prefixes_are_found_at_once_beside_those_of_keys(kept: Kept) -> None:
    rows = [Thing("lobby", n % 3, f"{n}") for n in range(10)] + [Thing("attic", 0, "x")]
    await put(kept, *rows, Mark("lobby", "a", 1))
    lists = [(THINGS, "lobby", 0), (THINGS, "attic"), (THINGS, "cellar"), (MARKS, "lobby")]
    key = ("lobby", 1, "4")
    facts = await known(kept, (THINGS, key), lists=lists, counts=[(THINGS, "lobby")])
    wanted = [row for row in rows if row[:2] == ("lobby", 0) or row.room == "attic"]
    assert facts.rows[THINGS] == {row[:3]: row for row in wanted} | {key: Thing(*key)}
    assert facts.rows[MARKS] == {("lobby", "a", 1): Mark("lobby", "a", 1)}
    assert facts.counts[THINGS] == {("lobby",): 10}
    facts = await known(kept, lists=[(THINGS, "cellar")])
    assert facts.rows[THINGS] == {}


async def test_rows_are_listed_by_prefix_in_the_order_of_their_keys(kept: Kept) -> None:
    rows = [Thing(room, at, name) for room in "bBä" for at in (10, 9) for name in "aÄA"]
    await put(kept, *rows)
    assert await kept.read(THINGS) == sorted(rows)
    assert await kept.read(THINGS, "b") == sorted(row for row in rows if row.room == "b")
    assert names(await kept.read(THINGS, "b", 9)) == ["A", "a", "Ä"]
    assert names(await kept.read(THINGS, "b", 9, "a")) == ["a"]
    assert await kept.read(THINGS, "c") == []


async def test_rows_are_listed_by_the_events_that_trim_them_in_both_directions(kept: Kept) -> None:
    await put(
        kept, *(Mark("lobby", name, seq) for seq, name in enumerate("dcba")), Mark("attic", "x", 1)
    )
    await put(kept, *(Thing("lobby", at, name) for at in (1, 2, 3) for name in "ab"))
    assert names(await kept.read(MARKS, "lobby", between=Between(1, 2))) == ["c", "b"]
    assert names(await kept.read(MARKS, "lobby", between=Between(1, 9, True))) == ["a", "b", "c"]
    backwards = await kept.read(THINGS, "lobby", between=Between(1, 2, True))
    assert [row[1:3] for row in backwards] == [(2, "b"), (2, "a"), (1, "b"), (1, "a")]


async def test_what_is_dropped_by_prefix_goes_and_the_rest_stays(kept: Kept) -> None:
    rows = [Thing(room, at, name) for room in ("a", "b") for at in (1, 2) for name in "xy"]
    await put(kept, *rows, Mark("a", "x", 1))
    deciding = await ledger(kept)
    deciding.drop_all(THINGS, "a", 1)
    deciding.drop_all(THINGS, "b")
    deciding.drop_all(MARKS, "a")
    await kept.write(deciding)
    assert await kept.read(THINGS) == [Thing("a", 2, "x"), Thing("a", 2, "y")]
    assert await kept.read(MARKS) == []


async def test_what_one_batch_puts_and_drops_ends_as_it_was_said_last(kept: Kept) -> None:
    rows = [Thing("lobby", 1, name) for name in "abcd"]
    a, b, c, d = rows
    await put(kept, a, b)
    deciding = await ledger(kept, *rows)
    deciding.drop(THINGS, ThingKey(*a[:3]))
    deciding.put(THINGS, a._replace(text="again"))
    deciding.put(THINGS, c)
    deciding.drop_all(THINGS, "lobby", 1)
    deciding.put(THINGS, b._replace(text="after all"))
    deciding.put(THINGS, d)
    deciding.drop(THINGS, ThingKey(*d[:3]))
    await kept.write(deciding)
    assert await kept.read(THINGS) == [b._replace(text="after all")]


async def test_a_large_batch_is_learned_and_written_at_once(kept: Kept) -> None:
    rows = [Thing("lobby", n, str(n), body=bytes([n % 256])) for n in range(1_500)]
    await put(kept, *rows)
    facts = await known(
        kept,
        *((THINGS, row[:3]) for row in rows),
        counts=[(THINGS, "lobby", n) for n in range(1_501)],
    )
    assert facts.rows[THINGS] == {row[:3]: row for row in rows}
    assert list(facts.counts[THINGS].values()).count(1) == 1_500
    deciding = await ledger(kept, *rows)
    for row in rows[1:]:
        deciding.drop(THINGS, ThingKey(*row[:3]))
    await kept.write(deciding)
    assert await kept.read(THINGS) == rows[:1]


async def test_what_is_cleared_goes_in_its_log_only(kept: Kept) -> None:
    marks = [Mark(room, str(seq), seq) for room in ("lobby", "lobby2") for seq in range(5)]
    await put(kept, *marks)
    await kept.clear(MARKS, "lobby", between=Between(0, 2))
    assert await kept.read(MARKS) == marks[3:]
    await kept.clear(MARKS, "lobby", "4")
    assert await kept.read(MARKS) == [marks[3], *marks[5:]]
    await kept.clear(MARKS)
    assert await kept.read(MARKS) == []


async def test_nothing_to_learn_or_write_is_fine(kept: Kept) -> None:
    await kept.write(await ledger(kept))
    assert await kept.read(THINGS) == []
