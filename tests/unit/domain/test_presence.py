from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hubbub.domain.live.presence import MAX_NAMES, MAX_NAMES_BETWEEN_NODES, Attendance
from hubbub.protocol.messages import Members, Presence
from hubbub.protocol.people import Person, people


def attendance(*names: str) -> Attendance:
    """A room in which these are, and that was told."""
    here = Attendance("lobby")
    for name in names:
        here.enter(Person(name))
    here.changes()
    return here


def crowd(count: int) -> list[str]:
    return [f"guest-{n:03}" for n in range(count)]


def test_at_first_nobody_is_here() -> None:
    here = Attendance("lobby")
    assert len(here) == 0
    assert here.members() == Members(0, [])
    assert not here.has_changed


def test_people_are_told_by_name_in_order() -> None:
    here = attendance("grace", "ada")
    assert here.members() == Members(2, ["ada", "grace"])
    assert here.everyone() == Presence("lobby", 2, names=["ada", "grace"])


def test_a_person_with_two_connections_is_here_once_until_both_are_gone() -> None:
    here = attendance("ada", "ada")
    assert len(here) == 1
    here.exit(Person("ada"))
    assert not here.has_changed
    assert here.members() == Members(1, ["ada"])
    here.exit(Person("ada"))
    assert here.changes() == Presence("lobby", 0, joined=[], left=["ada"])


def test_two_people_of_one_name_are_two() -> None:
    ada, other = Person("ada"), Person("ada", "aaaaaaaaaaa=")
    here = attendance("ada")
    here.enter(other)
    assert here.changes() == Presence("lobby", 2, joined=["ada"], left=[], joined_ids=[other.id])
    assert here.members() == Members(2, ["ada", "ada"], [other.id, None])
    here.exit(ada)
    assert here.changes() == Presence("lobby", 1, joined=[], left=["ada"])
    assert here.everyone() == Presence("lobby", 1, names=["ada"], ids=[other.id])
    there = Attendance("lobby")
    there.hear("b", here.here()[0], 0, until=1.0)
    assert there.members() == here.members()


def test_who_came_and_who_went_is_told_once() -> None:
    here = attendance("ada")
    here.enter(Person("grace"))
    here.exit(Person("ada"))
    assert here.changes() == Presence("lobby", 1, joined=["grace"], left=["ada"])
    assert not here.has_changed
    assert here.changes() == Presence("lobby", 1, joined=[], left=[])


def test_who_came_and_went_between_two_tellings_is_not_told() -> None:
    here = attendance("ada")
    here.enter(Person("grace"))
    here.exit(Person("grace"))
    here.exit(Person("ada"))
    here.enter(Person("ada"))
    assert not here.has_changed


def test_up_to_a_hundred_people_are_told_by_name() -> None:
    here = attendance(*crowd(MAX_NAMES))
    assert here.members() == Members(100, crowd(100))
    here.exit(Person("guest-000"))
    here.enter(Person("ada"))
    assert here.changes() == Presence("lobby", 100, joined=["ada"], left=["guest-000"])


def test_more_are_only_counted() -> None:
    here = attendance(*crowd(MAX_NAMES))
    here.enter(Person("ada"))
    assert here.members() == Members(101, [])
    assert here.everyone() == Presence("lobby", 101)
    assert here.changes() == Presence("lobby", 101)
    here.enter(Person("grace"))
    assert here.changes() == Presence("lobby", 102)


def test_when_a_crowd_thins_out_all_names_are_told_again() -> None:
    here = attendance(*crowd(MAX_NAMES + 1))
    here.exit(Person("guest-000"))
    assert here.changes() == Presence("lobby", 100, names=crowd(101)[1:])
    here.exit(Person("guest-001"))
    assert here.changes() == Presence("lobby", 99, joined=[], left=["guest-001"])


def test_who_came_when_it_was_a_crowd_for_a_moment_is_told_all_names() -> None:
    here = attendance(*crowd(MAX_NAMES))
    here.enter(Person("ada"))
    assert here.everyone() == Presence("lobby", 101)
    here.exit(Person("ada"))
    assert here.has_changed
    assert here.changes() == Presence("lobby", 100, names=crowd(100))
    assert not here.has_changed


def test_who_comes_while_anothers_page_reloads_is_told_of_them() -> None:
    here = attendance("ada")
    here.exit(Person("ada"))
    assert here.everyone() == Presence("lobby", 0)
    here.enter(Person("ada"))
    assert here.changes() == Presence("lobby", 1, joined=["ada"], left=[])
    here.enter(Person("grace"))
    assert here.everyone() == Presence("lobby", 2, names=["ada", "grace"])
    here.exit(Person("grace"))
    assert here.changes() == Presence("lobby", 1, joined=[], left=["grace"])


def told(known: set[str] | None, push: Presence) -> set[str] | None:
    """Whom a client knows to be here after a push; None: it only knows how many."""
    if push.names is not None:
        return set(push.names)
    if push.joined is None or push.left is None:
        return set() if push.count == 0 else None
    assert known is not None, "changes of what it can't know"
    return (known | set(push.joined)) - set(push.left)


names = st.sampled_from(crowd(MAX_NAMES + 3))


@given(
    start=st.sampled_from([0, 98, 99, 100, 101, 102]),
    steps=st.lists(st.lists(st.tuples(st.booleans(), names), max_size=4), max_size=8),
)
def test_who_follows_the_changes_knows_who_is_here(
    start: int, steps: list[list[tuple[bool, str]]]
) -> None:
    here = attendance(*crowd(start))
    present = Counter(crowd(start))
    followers = [told(None, here.everyone())]
    for step in steps:
        for enters, name in step:
            if enters:
                here.enter(Person(name))
                present[name] += 1
            elif present[name]:
                here.exit(Person(name))
                present[name] -= 1
            followers.append(told(None, here.everyone()))  # another one comes just now
        expected = set(+present)
        if here.has_changed:
            push = here.changes()
            followers = [told(known, push) for known in followers]
            assert push.count == len(expected)
        assert len(here) == len(expected)
        for known in followers:
            assert known == (expected if len(expected) <= MAX_NAMES else None)


def test_who_is_on_two_nodes_is_here_once_until_gone_from_both() -> None:
    here = attendance("ada")
    here.hear("b", people(["ada", "grace"], None), 0, until=20.0)
    assert here.changes() == Presence("lobby", 2, joined=["grace"], left=[])
    here.exit(Person("ada"))
    assert not here.has_changed and here.has_changed_here
    here.hear("b", people(["grace"], None), 0, until=20.0)
    assert here.changes() == Presence("lobby", 1, joined=[], left=["ada"])


def test_a_node_of_which_nothing_is_heard_is_believed_for_a_time() -> None:
    here = attendance("ada")
    here.hear("b", people(["grace"], None), 0, until=20.0)
    here.hear("c", people(["alan"], None), 5, until=30.0)
    here.changes()
    here.expire(19.9)
    assert not here.has_changed
    here.expire(20.0)
    assert here.changes() == Presence("lobby", 7, joined=[], left=["grace"])
    here.expire(30.0)
    assert here.members() == Members(1, ["ada"])


def test_of_a_crowd_on_one_node_others_are_told_the_number() -> None:
    there = Attendance("lobby")
    for name in (names := [f"guest-{n}" for n in range(MAX_NAMES_BETWEEN_NODES)]):
        there.enter(Person(name))
    assert there.here() == (people(names, None), 0)
    there.enter(Person("ada"))
    assert there.here() == ([], MAX_NAMES_BETWEEN_NODES + 1)
    assert not there.has_changed_here
    here = attendance("ada")
    here.hear("b", *there.here(), until=20.0)
    assert here.has_changed
    assert here.changes() == Presence("lobby", MAX_NAMES_BETWEEN_NODES + 2)
    here.hear("b", people([], None), MAX_NAMES_BETWEEN_NODES, until=20.0)
    assert here.has_changed
    assert here.changes() == Presence("lobby", MAX_NAMES_BETWEEN_NODES + 1)
    assert not here.has_changed


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sets(st.sampled_from(["ada", "grace", "alan"]))),
        max_size=20,
    )
)
def test_what_nodes_say_one_after_the_other_adds_up(said: list[tuple[str, set[str]]]) -> None:
    here = attendance()
    told: set[str] = set()
    for node, names in said:
        here.hear(node, people(names, None), 0, until=1.0)
        changes = here.changes()
        told = (told | set(changes.joined or ())) - set(changes.left or ())
    last = dict(said)
    assert told == set().union(*last.values())
    assert here.members().names == sorted(told)
    here.expire(1.0)
    assert len(here) == 0
