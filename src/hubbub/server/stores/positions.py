"""Positions of reactors as records: how far each has come in each room."""

from typing import NamedTuple

from hubbub.domain.records import Table


class PositionKey(NamedTuple):
    """Identifies a position."""

    reactor: str
    room: str


class ReactorPosition(NamedTuple):
    """The seq of the last event in a room that a reactor is done with."""

    reactor: str
    room: str
    seq: int


POSITIONS = Table("reactor_position", PositionKey, ReactorPosition)
