from typing import Any, NamedTuple

import pytest

from hubbub.domain.records import Column, Table


class Key(NamedTuple):
    room: str


class Row(NamedTuple):
    room: str
    size: int | None
    is_on: bool


class Loose(NamedTuple):
    room: str | None


class Strange(NamedTuple):
    room: str
    value: Any


class Either(NamedTuple):
    room: str
    value: int | str


def test_columns_are_what_the_annotations_say() -> None:
    table = Table("row", Key, Row)
    assert table.columns == (
        Column("room", str, False),
        Column("size", int, True),
        Column("is_on", bool, False),
    )
    assert table.key == table.columns[:1]


@pytest.mark.parametrize(
    "key, row",
    [(Row, Key), (Loose, Loose), (Key, Strange), (Key, Either)],
    ids=["not the key", "an optional key", "no type", "two types"],
)
def test_a_table_that_can_not_be_stored_is_refused(key: Any, row: Any) -> None:
    with pytest.raises(TypeError):
        Table("row", key, row)
