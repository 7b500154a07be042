"""What someone may do in a made room and why not, from rows wherever they are kept."""

from dataclasses import replace

import pytest

from hubbub.domain.access import Operation
from hubbub.domain.aspects.rooms.standings import may, needs, standing_of
from hubbub.domain.facts import Needs
from hubbub.domain.places import RoomPlace, refusal
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import Index
from hubbub.domain.tables.accounts import ACCOUNT, UNHEARD, Account, Unheard, account_row
from hubbub.domain.tables.rooms import (
    MEMBER,
    RESTRAINT,
    ROOM,
    MadeRoom,
    Member,
    MemberKey,
    Restraint,
    RoomKey,
)
from hubbub.protocol.keys import DIRECTORY
from tests.support.fakes import AT, guest, holder
from tests.support.rooms import ADA, GRACE

KEY, NO_ROOM = "@r000000000001", "@r000000000002"
NOW = 1_000.0
SPEAKING = {
    *(Operation.POST, Operation.REACT, Operation.SIGNAL, Operation.UPLOAD),
    *(Operation.EDIT_OWN, Operation.NAME_ALL),
}
BY_MEMBERS = {
    *(Operation.KNOW, Operation.READ, Operation.DELETE_OWN, Operation.PIN, Operation.JOIN),
    *(Operation.LEAVE, Operation.MARK, Operation.INVITE, Operation.TITLE, Operation.DESCRIBE),
    *(Operation.DEPICT, Operation.PATCH, *SPEAKING),
}


def known(
    kind: str = "closed",
    role: str = "member",
    member: str | None = "member",
    restraint: Restraint | None = None,
    status: str = "active",
) -> Index:
    """Rows of a room, and of grace in it."""
    flags = (True, True, True, True)
    room = MadeRoom(
        *(KEY, kind, "Kitchen", "", "", "none", "all", 0, 0, *flags, None, AT, ADA.id, None)
    )
    account = Account(
        *(DIRECTORY, GRACE.id, "grace", "Grace", "person", role, status, "", "", "", None, AT)
    )
    index, key = Index(lambda: NOW), MemberKey(KEY, GRACE.id)
    index.learn(ROOM, RoomKey(KEY), room)
    index.learn(ROOM, RoomKey(NO_ROOM), None)
    index.learn(ACCOUNT, account_row(GRACE.id), account)
    index.learn(MEMBER, key, Member(*key, member, 1, False) if member else None)
    index.learn(RESTRAINT, key, restraint)
    for place in (KEY, NO_ROOM):
        index.learn(UNHEARD, Unheard(GRACE.id, place), None)
    return index


def allowed(index: Index, principal: Principal = GRACE, size: int = 0) -> set[object]:
    return {op for op, refusal in may(index, principal, KEY, size).items() if refusal is None}


def test_may_answers_for_each_operation() -> None:
    answers = may(known(), GRACE, KEY)
    assert set(answers) == set(Operation)
    assert allowed(known()) == BY_MEMBERS
    refused = answers[Operation.MANAGE]
    assert refused is not None and refused.code == "forbidden"
    assert allowed(known(), size=51) == BY_MEMBERS - {Operation.NAME_ALL}


def test_may_says_why_not() -> None:
    muted = Restraint(KEY, GRACE.id, is_muted=True, muted_until=NOW + 1)
    answers = may(known(restraint=muted), GRACE, KEY)
    assert {op for op, refusal in answers.items() if refusal and refusal.code == "muted"} == {
        *SPEAKING,
        Operation.EDIT_ANY,
    }
    over = muted._replace(muted_until=NOW)
    assert allowed(known(restraint=over)) == BY_MEMBERS


@pytest.mark.parametrize("principal", [guest("ida", "a secret key"), holder("ci")])
def test_whoever_may_not_know_may_nothing_and_learns_nothing(principal: Principal) -> None:
    answers = may(known(), principal, KEY)
    nowhere = may(known(), principal, NO_ROOM)
    assert answers == nowhere
    assert {refusal.code for refusal in answers.values() if refusal} == {"not_found"}
    assert allowed(known(member=None)) == set()


@pytest.mark.parametrize("status", ["suspended", "removed"])
def test_who_is_not_active_has_no_place(status: str) -> None:
    answers = may(known(status=status), GRACE, KEY)
    assert {refusal and refusal.code for refusal in answers.values()} == {"unauthenticated"}


def test_a_credential_allows_no_more_than_its_scopes() -> None:
    reader = replace(GRACE, scopes=frozenset({Scope.READ}))
    poster = replace(GRACE, scopes=frozenset({Scope.POST}))
    index = known(member="host")
    assert allowed(index, reader) == {Operation.KNOW, Operation.READ}
    assert Operation.POST in allowed(index, poster)
    assert not allowed(index, poster) & {Operation.READ, Operation.MANAGE, Operation.PATCH}
    secret = may(known(member=None), reader, KEY)[Operation.POST]
    assert secret is not None and secret.code == "not_found"  # not that the scope is missing


@pytest.mark.parametrize(
    "kind, role, member, expected",
    [
        ("open", "member", None, "N"),
        ("open", "member", "member", "M"),
        ("open", "member", "host", "H"),
        ("open", "moderator", None, "H"),
        ("closed", "moderator", None, "N"),
        ("closed", "moderator", "member", "M"),
        ("closed", "admin", None, "NA"),
        ("closed", "owner", "host", "HA"),
        ("open", "guest", None, "X"),
        ("open", "guest", "member", "G"),
        ("closed", "guest", "host", "G"),
    ],
)
def test_a_place_is_what_one_is_in_the_room_and_on_the_server(
    kind: str, role: str, member: str | None, expected: str
) -> None:
    standing = standing_of(known(kind, role, member), GRACE, KEY)
    assert standing.places == tuple(map(RoomPlace, expected))


def test_the_same_is_asked_about_a_room_whether_or_not_it_is_there() -> None:
    for principal, tables in ((GRACE, {ROOM, MEMBER, RESTRAINT, ACCOUNT}), (holder("ci"), {ROOM})):
        wanted = Needs()
        needs(wanted, ((principal, KEY),))
        assert wanted.rows.keys() == tables
        assert all(len(keys) == 1 for keys in wanted.rows.values())


@pytest.mark.parametrize("kind", ["open", "closed", "direct"])
@pytest.mark.parametrize("role", ["member", "moderator", "admin", "guest"])
@pytest.mark.parametrize("member", [None, "member", "host"])
def test_the_short_way_answers_as_the_long_one(kind: str, role: str, member: str | None) -> None:
    index = known(kind, role, member)
    standing = standing_of(index, GRACE, KEY)
    assert may(index, GRACE, KEY) == {op: refusal(standing, op) for op in Operation}
