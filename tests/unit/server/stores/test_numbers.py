"""The numbers of messages in the index of SQLite: each kind is in the order of places, and all that a search needs are in its spans."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hubbub.server.stores.search import END, LAST_TIME, SEQ_BITS
from hubbub.server.stores.sqlite.numbers import (
    KINDS,
    MOST_PLACES,
    mark_of,
    numbers_of,
    place_of,
    placed_numbers,
    span_of,
    timed_numbers,
)

SECOND = 1 << 10
NOW = 1_795_000_000_000
TIMES = st.one_of(
    *(st.integers(time, time + 2) for time in (0, NOW, NOW + SECOND, LAST_TIME - 2)),
    st.integers(0, LAST_TIME),
)
LOWS = st.sampled_from((0, 1, 2, 1_000, (1 << SEQ_BITS) - 1)) | st.integers(0, (1 << SEQ_BITS) - 1)
PLACES = st.builds(lambda time, low: time << SEQ_BITS | low, TIMES, LOWS)
SEQS = st.integers(1, 2**40)


def kind_of(number: int) -> int:
    (found,) = [
        k for k in range(KINDS) if span_of(k, 0, END)["low"] <= number < span_of(k, 0, END)["high"]
    ]
    return found


@given(PLACES, SEQS)
def test_a_message_can_have_a_number_of_each_kind_and_is_never_placed_at_another_time(
    place: int, seq: int
) -> None:
    numbers = [*numbers_of(place)]
    assert len({*numbers}) == len(numbers) == MOST_PLACES + KINDS - 1
    assert [kind_of(n) for n in numbers] == [0, 1] + [2] * MOST_PLACES
    mark = mark_of(place, seq)
    assert mark >> 10 == seq and -(2**63) <= mark < 2**63
    places = [place_of(n, mark) for n in numbers]
    assert places == sorted({*places})  # the better a number, the earlier in the same millisecond
    assert {each >> SEQ_BITS for each in places} == {place >> SEQ_BITS} and places[-1] < END


@given(st.lists(PLACES, max_size=20))
def test_all_numbers_are_looked_at(places: list[int]) -> None:
    pairs = placed_numbers(places)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(pairs))
    looked = {*timed_numbers(places)} | {n for first, last in pairs for n in range(first, last + 1)}
    assert looked == {number for place in places for number in numbers_of(place)}


@given(st.lists(st.tuples(PLACES, st.integers(0, 4)), max_size=12), PLACES, PLACES)
def test_each_kind_is_in_the_order_of_places_and_spans_have_one_too_many_at_each_end(
    some: list[tuple[int, int]], low: int, high: int
) -> None:
    low, high = sorted((low, high))
    held = dict[int, int]()
    for place, which in some:
        held.setdefault(
            [*numbers_of(place)][which], place_of([*numbers_of(place)][which], mark_of(place, 1))
        )
    for kind in range(KINDS):
        numbers = sorted(n for n in held if kind_of(n) == kind)
        assert [held[n] for n in numbers] == sorted(held[n] for n in numbers)
        span = span_of(kind, low, high)
        there = [n for n in numbers if span["low"] <= n < span["high"]]
        wanted = [n for n in numbers if low <= held[n] < high]
        assert wanted == [n for n in there if n in wanted]
        inner = there[1:-1]
        assert set(inner) <= set(wanted)
