"""A guard as small as one can be: the state document of a `team-…` room lists who may read, write and moderate there."""

from hubbub.domain.access import Operation, Permission
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import DOCUMENTS, DocumentKey, document_of
from hubbub.domain.facts import Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Aspect, Guard, Rules
from hubbub.protocol.errors import Refusal

# The table, for rooms of this kind: what each place in the room allows.
MAY = {
    "host": frozenset[Permission](Operation),
    "member": frozenset[Permission](Operation)
    - {Operation.PATCH, Operation.EDIT_ANY, Operation.DELETE_ANY},
}


def _needs(wanted: Needs, _: Principal, room: str) -> None:
    wanted.row(DOCUMENTS, DocumentKey(room))


def _refuse(
    ledger: Ledger, principal: Principal, operation: Permission, room: str
) -> Refusal | None:
    places = document_of(ledger.row(DOCUMENTS, DocumentKey(room))).value
    if not places:  # a new room: whoever comes first makes it
        return None
    place = places.get(principal.name)
    if place is None:
        return Refusal("not_found", "No such room, or no access to it")
    if operation not in MAY[place]:
        return Refusal("forbidden", f"Not allowed to {operation.label}")
    return None


def is_team(room: str) -> bool:
    return room.startswith("team-")


TEAMS = Aspect(guards=(Guard(is_team, _needs, _refuse),))
TEAM_RULES = Rules([*RULES.aspects, TEAMS])
