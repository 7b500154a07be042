"""Values on several nodes come to agree, whatever is lost, late or doubled, once each has been reminded."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.domain.live.allotment import VALUE_COST, Allotment
from hubbub.domain.live.values import MAX_ROOM_BYTES, MAX_VALUES, Stamped, Values, packed
from hubbub.protocol.messages import Value


def value(content: Any, key: str = "van", ttl: float = 60.0) -> Value:
    return Value("map", "ada", key, content, ttl)


def seen(values: Values, now: float = 0.0) -> dict[str, Any]:
    return {each.key: each.value for each in values.live(now)}


def put(values: Values, each: Value, now: float = 0.0) -> Stamped:
    stamped = values.put(each, now)
    assert stamped is not None
    return stamped


def test_of_two_values_the_one_put_after_the_other_was_heard_is_the_newer() -> None:
    ours, theirs = Values("a"), Values("b")
    first = put(theirs, value(1))
    assert ours.hear(first, "b", 0.0)
    second = put(ours, value(2))
    assert theirs.hear(second, "a", 0.0)
    assert not ours.hear(first, "b", 0.0)
    assert seen(ours) == seen(theirs) == {"van": 2}


def test_of_two_put_at_once_all_nodes_take_the_same() -> None:
    ours, theirs = Values("a"), Values("b")
    mine, yours = put(ours, value("mine")), put(theirs, value("yours"))
    assert ours.hear(yours, "b", 0.0)
    assert not theirs.hear(mine, "a", 0.0)
    assert seen(ours) == seen(theirs) == {"van": "yours"}


def test_old_news_do_not_bring_back_what_was_removed() -> None:
    ours, theirs = Values("a"), Values("b")
    old = put(theirs, value(1))
    assert ours.hear(old, "b", 0.0)
    removal = put(ours, value(None))
    assert not ours.hear(old, "b", 0.0)
    assert theirs.hear(removal, "a", 0.0)
    assert seen(ours) == seen(theirs) == {}
    assert not ours.has_own and not theirs.has_own


def test_others_are_reminded_only_of_what_was_put_here_with_the_time_that_is_left() -> None:
    ours = Values("a")
    assert ours.hear(Stamped(value(1, "bus"), 7), "b", 0.0)
    mine = put(ours, value(2, ttl=30.0), 10.0)
    assert ours.own(25.0) == [Stamped(value(2, ttl=15.0), mine.clock)]
    assert mine.clock == 8
    assert ours.own(40.0) == []


def test_the_bound_holds_for_what_is_heard_and_what_was_removed_makes_room() -> None:
    ours = Values("a")
    for n in range(MAX_VALUES):
        assert ours.hear(Stamped(value(n, str(n)), 1), "b", 0.0)
    assert not ours.hear(Stamped(value(1, "one more"), 1), "b", 0.0)
    assert ours.put(value(1, "one more"), 0.0) is None
    put(ours, value(None, "3"))
    put(ours, value(1, "one more"))
    assert len(seen(ours)) == MAX_VALUES


@pytest.mark.parametrize("node", ["", "a"])
def test_without_other_nodes_nothing_is_kept_of_what_was_removed(node: str) -> None:
    ours = Values(node)
    put(ours, value(1))
    put(ours, value(None))
    assert len(ours.own(0.0)) == (1 if node else 0)


NODES = "abc"
PUTS = st.lists(
    st.tuples(
        st.sampled_from(NODES),
        st.sampled_from(["van", "bus"]),
        st.sampled_from([None, 1, 2]),
        st.lists(st.sampled_from(NODES), max_size=4),  # who hears it at once, maybe twice
    ),
    max_size=30,
)


@given(PUTS, st.randoms(use_true_random=False))
def test_after_a_round_of_reminders_all_nodes_show_the_same(
    puts: list[tuple[str, str, int | None, list[str]]], dice: Any
) -> None:
    nodes = {name: Values(name) for name in NODES}
    for name, key, content, hearers in puts:
        stamped = put(nodes[name], value(content, key))
        for hearer in hearers:
            if hearer != name:
                nodes[hearer].hear(stamped, name, 0.0)
    reminders = [(name, each) for name in NODES for each in nodes[name].own(0.0)] * 2
    dice.shuffle(reminders)
    for name, each in reminders:
        for hearer in set(NODES) - {name}:
            nodes[hearer].hear(each, name, 0.0)
    first, *others = map(seen, nodes.values())
    assert all(other == first for other in others)


LARGE = "x" * 4000


def fill(values: Values, owner: str, count: int = MAX_VALUES, now: float = 0.0) -> int:
    """How many large values an owner can put."""
    return sum(
        values.put(value(LARGE, f"{owner} {n}"), now, owner) is not None for n in range(count)
    )


@pytest.mark.parametrize("node", ["", "a"])
def test_a_room_has_a_bound_of_bytes_that_come_back(node: str) -> None:
    values = Values(node)
    most = fill(values, "ada")
    assert MAX_ROOM_BYTES * 0.98 < most * len(LARGE) <= MAX_ROOM_BYTES
    assert values.put(value(LARGE, "ada 0"), 0.0, "ada")  # in place of one
    assert not values.put(value(LARGE * 2, "ada 0"), 0.0, "ada")
    assert values.put(value(None, "ada 1"), 0.0, "ada")
    assert fill(values, "grace") == 1
    assert fill(values, "grace", now=61.0) == most


def test_a_person_and_all_together_have_bounds_over_all_rooms() -> None:
    size = len(LARGE) + 2 + len("ada 10") + VALUE_COST
    allotment = Allotment(each=100 * size, in_all=150 * size)
    rooms = [Values("", allotment) for _ in range(4)]
    assert sum(fill(room, "ada", 40) for room in rooms) in range(100, 102)
    assert sum(fill(room, "bob", 40) for room in rooms) in range(50, 53)
    assert not rooms[0].hear(Stamped(value(LARGE, "new"), 7), "b", 0.0)
    rooms[0].clear()
    assert fill(rooms[0], "cyd", 40) in range(38, 42)
    for room in rooms:
        room.expire(61.0)
    assert allotment.total == 0


def test_whose_value_is_replaced_gets_its_bytes_back() -> None:
    allotment = Allotment()
    room = Values("", allotment)
    for owner in ("ada", "bob") * 10:
        room.put(value(LARGE), 0.0, owner)
    assert allotment.total < 2 * len(LARGE)
    room.put(value(None), 0.0, "cyd")
    assert allotment.total == 0
    assert not allotment._taken


def test_a_value_is_kept_as_the_bytes_that_it_has() -> None:
    many = packed(value([{}] * 1000))
    assert len(many.value) == 3001
    assert packed(many) is many
    assert packed(value(None)).value is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"),
            st.sampled_from("kl"),
            st.sampled_from([None, 1, "long"]),
            st.booleans(),
        )
    )
)
def test_nothing_is_left_of_what_is_over(steps: list[tuple[str, str, Any, bool]]) -> None:
    allotment = Allotment()
    room = Values("here", allotment)
    for clock, (owner, key, content, is_heard) in enumerate(steps):
        if is_heard:
            room.hear(Stamped(value(content, key), clock), "there", 0.0)
        else:
            room.put(value(content, key), 0.0, owner)
    assert (allotment.total > 0) is bool(steps)
    room.expire(61.0)
    assert (allotment.total, room._bytes, dict(allotment._taken)) == (0, 0, {})
