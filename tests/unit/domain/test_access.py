import re
from itertools import product

import pytest

from hubbub.domain.access import (
    ALL_ROOMS,
    RIGHTS,
    Operation,
    Principal,
    Role,
    allowed,
    may,
    may_know,
)
from hubbub.domain.screening import screen
from tests.support.fakes import ADA, stranger

GUESTS_MAY = {
    Operation.READ: True,
    Operation.POST: True,
    Operation.EDIT_OWN: True,
    Operation.EDIT_ANY: False,
    Operation.DELETE_OWN: True,
    Operation.DELETE_ANY: False,
    Operation.REACT: True,
    Operation.PATCH: True,
    Operation.SIGNAL: True,
}
ROOMS = ("build-1", "build-", "build", "Build-1", "prebuild-1", "lobby", "a.b", "axb")
PATTERNS = (ALL_ROOMS, ("build-*",), ("lobby", "*-1"), ("a.b",), ("*", "lobby"))


@pytest.mark.parametrize("operation", Operation)
def test_a_guest_may_do_everything_but_change_what_others_wrote(operation: Operation) -> None:
    assert may(ADA, operation) is GUESTS_MAY[operation]
    assert may(stranger("guest-1"), operation) is GUESTS_MAY[operation]


def test_every_operation_is_in_some_right() -> None:
    assert allowed(RIGHTS) == set(Operation)
    with pytest.raises(KeyError):
        allowed(["read", "everything"])


@pytest.mark.parametrize(
    "right, operation, rooms, room", [*product(RIGHTS, Operation, PATTERNS, ROOMS)]
)
def test_each_cell_of_right_operation_and_room(
    right: str, operation: Operation, rooms: tuple[str, ...], room: str
) -> None:
    principal = Principal("ci", Role.TOKEN, "token/1", RIGHTS[right], rooms)
    is_known = any(re.fullmatch(p.replace(".", "[.]").replace("*", ".*"), room) for p in rooms)
    refusal = screen(principal, operation, room)
    if not is_known:
        assert refusal is not None and refusal.code == "not_found"  # nor that it is there
        assert "lobby" not in refusal.detail
    elif operation not in RIGHTS[right]:
        assert refusal is not None and refusal.code == "forbidden"
    else:
        assert refusal is None
    assert may_know(principal, room) is is_known
