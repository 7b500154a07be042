import pytest

from hubbub.rooms.access import TABLE, Operation, Role, may
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


@pytest.mark.parametrize("operation", Operation)
def test_a_guest_may_do_everything_but_change_what_others_wrote(operation: Operation) -> None:
    assert may(ADA, operation) is GUESTS_MAY[operation]
    assert may(stranger("guest-1"), operation) is GUESTS_MAY[operation]


def test_every_role_has_its_row() -> None:
    assert set(TABLE) == set(Role)
