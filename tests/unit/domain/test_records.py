from typing import NamedTuple

import pytest

from hubbub.domain.records import Table


class PinKey(NamedTuple):
    room: str
    message: int


class Pin(NamedTuple):
    room: str
    message: int
    by: str


def test_a_row_begins_with_its_key() -> None:
    pins = Table("pin", PinKey, Pin)
    assert Pin("lobby", 7, "ada")[: pins.width] == PinKey("lobby", 7)
    with pytest.raises(TypeError, match="pin"):
        Table("pin", Pin, PinKey)
