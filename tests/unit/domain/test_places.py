"""Every cell of the access table, in every standing, against a transcription of its own."""

from collections.abc import Callable
from itertools import product

import pytest

from hubbub.domain.access import Operation, Permission
from hubbub.domain.places import MadeKind, RoomPlace, Standing, refusal
from tests.support.access_table import (
    FORBIDDEN,
    NOT_FOUND,
    Case,
    archived,
    banned,
    case,
    cell,
    for_hosts,
    muted,
    public_to,
    slow,
)

CASES = [case(*each) for each in product(Operation, MadeKind, RoomPlace)]


def without_setting(*labels: str) -> Callable[[Case], str | None]:
    """Cells with footnote 2 or 4, of these operations."""

    def expected(c: Case) -> str | None:
        is_set = c.marked in ("²", "⁴") and c.operation.label in labels
        return FORBIDDEN if is_set else c.code

    return expected


READING = ("see the room", "read")
STANDINGS: dict[str, tuple[Standing, Callable[[Case], str | None]]] = {
    "as a new room is": (Standing(), lambda c: c.code),
    "suspended": (Standing(status="suspended"), lambda _: "unauthenticated"),
    "removed": (Standing(status="removed"), lambda _: "unauthenticated"),
    "banned": (Standing(is_banned=True), banned),
    "archived": (Standing(is_archived=True), archived),
    "muted": (Standing(is_muted=True), muted),
    "only hosts post": (Standing(only_hosts_post=True), for_hosts),
    "slow": (Standing(slow_for=2.5), slow),
    "slow, but a bot": (Standing(slow_for=2.5, is_bot=True), lambda c: c.code),
    "public to read": (Standing(public="read"), public_to(*READING)),
    "public to post": (
        Standing(public="post"),
        public_to(*READING, "post", "react", "send signals", "edit messages", "delete messages"),
    ),
    "members may not invite": (
        Standing(members_may_invite=False),
        without_setting("invite people"),
    ),
    "members may not edit": (
        Standing(members_may_edit=False),
        without_setting(
            *("change the title", "change topic and alias", "change the picture"),
            "change the state document",
        ),
    ),
    "members may not name all": (
        Standing(members_may_name_all=False),
        without_setting("mention everyone"),
    ),
    "of 50": (Standing(size=50), lambda c: c.code),
    "of 51": (Standing(size=51), without_setting("mention everyone")),
}


def code(standing: Standing, operation: Permission) -> str | None:
    found = refusal(standing, operation)
    return found.code if found else None


@pytest.mark.parametrize("kind", MadeKind)
@pytest.mark.parametrize("name", STANDINGS)
def test_each_cell_in_each_standing(name: str, kind: MadeKind) -> None:
    standing, expected = STANDINGS[name]
    cases = [each for each in CASES if each.kind is kind]
    assert len(cases) == 25 * 6
    told = {
        (c.operation.label, c.place.name): code(
            standing._replace(kind=kind, places=(c.place,)), c.operation
        )
        for c in cases
    }
    assert told == {(c.operation.label, c.place.name): expected(c) for c in cases}


LAYERS = {
    "unauthenticated": Standing(status="suspended"),
    "banned": Standing(is_banned=True),
    "archived": Standing(is_archived=True),
    "muted": Standing(is_muted=True),
    "forbidden": Standing(only_hosts_post=True),
    "rate_limited": Standing(slow_for=1.0),
}


@pytest.mark.parametrize("first", range(len(LAYERS)))
def test_what_comes_first_is_what_one_is_told(first: int) -> None:
    standing = Standing((RoomPlace.MEMBER,), MadeKind.OPEN)
    for other in [*LAYERS.values()][first:]:
        changed = {k: v for k, v in other._asdict().items() if v != Standing._field_defaults[k]}
        standing = standing._replace(**changed)
    assert code(standing, Operation.POST) == [*LAYERS][first]


@pytest.mark.parametrize("operation", Operation)
def test_where_one_may_not_know_all_is_as_in_a_room_that_is_not_there(operation: Operation) -> None:
    nowhere = refusal(Standing(), operation)
    assert nowhere is not None and nowhere.code == NOT_FOUND
    for kind, place, extra in product(MadeKind, RoomPlace, LAYERS.values()):
        standing = extra._replace(kind=kind, places=(place,))
        found = refusal(standing, operation)
        if found is not None and found.code == NOT_FOUND:
            assert found == nowhere


def test_two_places_allow_what_either_of_them_does() -> None:
    for kind, one, other in product((MadeKind.OPEN, MadeKind.CLOSED), RoomPlace, RoomPlace):
        for operation in Operation:
            alone = [code(Standing((place,), kind), operation) for place in (one, other)]
            both = code(Standing((one, other), kind), operation)
            assert (both is None) is (None in alone), (kind, one, other, operation)


def test_a_refusal_says_how_long_it_lasts() -> None:
    member = Standing((RoomPlace.MEMBER,), MadeKind.OPEN)
    until = 1_795_943_283.5
    gone = refusal(member._replace(is_banned=True, banned_until=until), Operation.READ)
    mute = refusal(member._replace(is_muted=True, muted_until=until), Operation.POST)
    slow = refusal(member._replace(slow_for=2.5), Operation.POST)
    assert gone is not None and gone.facts == {"until": until}
    assert mute is not None and mute.facts == {"until": until}
    assert slow is not None and slow.retry_after == 2.5


@pytest.mark.parametrize("kind, place", [*product(MadeKind, RoomPlace)])
def test_what_has_no_row_is_refused(kind: MadeKind, place: RoomPlace) -> None:
    wave = Permission("wave", {})
    expected = NOT_FOUND if cell(Operation.KNOW, kind, place) == "4" else FORBIDDEN
    assert code(Standing((place,), kind), wave) == expected


def test_who_wants_more_people_in_a_direct_is_told_how() -> None:
    found = refusal(Standing((RoomPlace.MEMBER,), MadeKind.DIRECT), Operation.INVITE)
    assert found is not None and found.code == FORBIDDEN and found.hint
