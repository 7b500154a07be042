"""The numbers of messages in the index of SQLite, and what they say of the places of these.

FTS5 keeps differences between the numbers of messages, so the index is the smaller, the smaller these are. A message is called by
its time in units of about a second. If another one is called so, it is called by its time in milliseconds, and else by its place,
or the next one that is free. Numbers of the three kinds lie apart, and each kind is in the order of places.
"""

from collections.abc import Iterable, Iterator

from hubbub.server.stores.search import END, LAST_TIME, SEQ_BITS

UNITS = (10, 0)  # each is two to the power of so many milliseconds, the largest first
KINDS = len(UNITS) + 1
OFFSET_BITS = UNITS[0]
MOST_PLACES = 1_000  # to try for a message

_APART = LAST_TIME + 1  # above all times
_PLACES = END + 1  # how far below 0 numbers begin that are places
_SLOTS = 1 << SEQ_BITS  # in a millisecond: one for each unit, and then those of places


def mark_of(place: int, seq: int) -> int:
    """Return what is noted of a message beside its number: its own one in its log, and the part of its time that is less than a unit."""
    return seq << OFFSET_BITS | (place >> SEQ_BITS) & (1 << OFFSET_BITS) - 1


def numbers_of(place: int) -> Iterator[int]:
    """Yield the numbers that a message can have which belongs at a place, the best first."""
    yield from _timed(place)
    first = _first(place)
    yield from range(first, first + MOST_PLACES)


def timed_numbers(places: Iterable[int]) -> list[int]:
    """Return the numbers of messages by their times alone."""
    return [number for place in places for number in _timed(place)]


def placed_numbers(places: Iterable[int]) -> list[list[int]]:
    """Return the first and last of the numbers of messages by their places, those that touch one another as one."""
    found: list[list[int]] = []
    for first in sorted(map(_first, places)):
        if found and first <= found[-1][1] + 1:
            found[-1][1] = first + MOST_PLACES - 1
        else:
            found.append([first, first + MOST_PLACES - 1])
    return found


def place_of(number: int, mark: int) -> int:
    """Return the place of a message, by which hits are ordered: no two have the same."""
    if number < 0:
        return number + _PLACES
    bits = _APART.bit_length() - number.bit_length()
    time = number << bits & LAST_TIME | mark & (1 << bits) - 1
    return time << SEQ_BITS | UNITS.index(bits)


def span_of(kind: int, low: int, high: int) -> dict[str, int]:
    """Return the span from `low` on and before `high` with all numbers of a kind of messages from a place on and before another.

    The first and the last message in it may be earlier or later.
    """
    if kind == len(UNITS):
        return {"low": low - _PLACES, "high": high - _PLACES}
    first, last = low >> SEQ_BITS, high - 1 >> SEQ_BITS
    bits = UNITS[kind]
    return {"low": (first | _APART) >> bits, "high": (last | _APART) + (1 << bits) >> bits}


def _timed(place: int) -> Iterator[int]:
    time = place >> SEQ_BITS | _APART
    return (time >> bits for bits in UNITS)


def _first(place: int) -> int:
    """Return the first number by place: all that can be tried are in its millisecond."""
    time, low = divmod(place, _SLOTS)
    return (time << SEQ_BITS) + len(UNITS) + low % (_SLOTS - MOST_PLACES - len(UNITS)) - _PLACES
