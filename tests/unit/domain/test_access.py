import re
from itertools import product

import pytest

from hubbub.domain.access import UNKNOWN, Operation, Permission, RoomKind, Row, kind_of, may, refuse
from hubbub.domain.principals import (
    ALL_ROOMS,
    GUEST_SCOPES,
    SCOPES,
    Principal,
    Role,
    Scope,
    scopes_of,
)
from tests.support.fakes import ADA, account, holder, stranger, user


def for_all(scopes: str) -> dict[str, str]:
    return dict.fromkeys(("guest", "token", "user", "account"), scopes)


def by_accounts(scopes: str) -> dict[str, str]:
    return for_all("") | {"account": scopes}


def by_guests_too(scopes: str) -> dict[str, str]:
    return by_accounts(scopes) | {"guest": scopes}


ONLY_IN_MADE_ROOMS = (
    *(Operation.KNOW, Operation.UPLOAD, Operation.PIN, Operation.JOIN, Operation.LEAVE),
    *(Operation.MARK, Operation.INVITE, Operation.INVITE_GUEST, Operation.MODERATE),
    *(Operation.TITLE, Operation.DESCRIBE, Operation.DEPICT, Operation.MANAGE, Operation.RESTORE),
    *(Operation.END_THREAD, Operation.NAME_ALL),
)
# Any one of the scopes is enough. Whoever adds an operation, a role or a kind of room says here who may do what.
EXPECTED = {
    RoomKind.FREE: {
        Operation.READ: for_all("read"),
        Operation.POST: for_all("post"),
        Operation.EDIT_OWN: for_all("post moderate"),
        Operation.EDIT_ANY: for_all("moderate") | {"guest": ""},
        Operation.DELETE_OWN: for_all("post moderate"),
        Operation.DELETE_ANY: for_all("moderate") | {"guest": ""},
        Operation.REACT: for_all("post"),
        Operation.PATCH: for_all("patch"),
        Operation.SIGNAL: for_all("post"),
        **{key: for_all("") for key in ONLY_IN_MADE_ROOMS},
    },
    RoomKind.OWN: {operation: for_all("") for operation in Operation}
    | {Operation.READ: for_all("") | {"account": "read"}},
    RoomKind.SERVER: {operation: for_all("") for operation in Operation}
    | {Operation.READ: for_all("") | {"account": "read"}},
    # In made rooms, whoever may do it needs one of these scopes. Guests do only what they may in public rooms.
    RoomKind.MADE: {
        Operation.KNOW: by_guests_too("read"),
        Operation.READ: by_guests_too("read"),
        Operation.POST: by_guests_too("post"),
        Operation.EDIT_OWN: by_guests_too("post moderate"),
        Operation.DELETE_OWN: by_guests_too("post moderate"),
        Operation.REACT: by_guests_too("post"),
        Operation.SIGNAL: by_guests_too("post"),
        Operation.EDIT_ANY: by_accounts("moderate"),
        Operation.DELETE_ANY: by_accounts("moderate"),
        Operation.PATCH: by_accounts("patch"),
        Operation.UPLOAD: by_accounts("post"),
        Operation.PIN: by_accounts("post"),
        Operation.JOIN: by_accounts("post"),
        Operation.LEAVE: by_accounts("post"),
        Operation.MARK: by_accounts("post"),
        Operation.INVITE: by_accounts("post"),
        Operation.INVITE_GUEST: by_accounts("moderate"),
        Operation.MODERATE: by_accounts("moderate"),
        Operation.TITLE: by_accounts("patch moderate"),
        Operation.DESCRIBE: by_accounts("patch moderate"),
        Operation.DEPICT: by_accounts("patch moderate"),
        Operation.MANAGE: by_accounts("moderate"),
        Operation.RESTORE: by_accounts("moderate"),
        Operation.END_THREAD: by_accounts("moderate"),
        Operation.NAME_ALL: by_accounts("post"),
    },
}
ROOM_OF = {
    RoomKind.FREE: "lobby",
    RoomKind.OWN: "@pada000000000",
    RoomKind.SERVER: "@directory",
    RoomKind.MADE: "@r7m2q9x4w1z3k",
}
ROOMS = ("build-1", "build-", "build", "Build-1", "prebuild-1", "lobby", "a.b", "axb")
PATTERNS = (ALL_ROOMS, ("build-*",), ("lobby", "*-1"), ("a.b",), ("*", "lobby"))


@pytest.mark.parametrize("operation", Operation)
def test_each_cell_of_the_table(operation: Operation) -> None:
    wrong = []
    for kind, role in product(RoomKind, Role):
        enough = scopes_of(EXPECTED[kind][operation][role.value].split())
        expected = {frozenset({scope}): scope in enough for scope in Scope}
        expected |= {frozenset(Scope): bool(enough), frozenset(): False}
        for scopes, allowed in expected.items():
            principal = Principal("x", role, "app/token/1", scopes)
            if may(principal, operation, ROOM_OF[kind]) is not allowed:
                wrong.append((kind, role, scopes))
    assert wrong == []


@pytest.mark.parametrize("role", Role)
def test_what_no_row_allows_is_refused(role: Role) -> None:
    principal = Principal("x", role, "app/token/1", frozenset(Scope))
    assert may(principal, Permission("wave", {RoomKind.FREE: {role: frozenset(Scope)}}), "lobby")
    others: dict[Role, frozenset[Scope]] = {r: frozenset(Scope) for r in Role if r is not role}
    tables: list[dict[RoomKind, Row]] = [
        {},
        {RoomKind.FREE: {}},
        {RoomKind.FREE: others},
        {RoomKind.MADE: {role: frozenset(Scope)}},
    ]
    for rows in tables:
        refusal = refuse(principal, Permission("wave", rows), "lobby")
        assert refusal is not None
        assert (refusal.code, refusal.detail) == ("forbidden", "Not allowed to wave")


def test_a_refusal_names_what_is_not_allowed() -> None:
    reader = Principal("ada", Role.TOKEN, "app/token/1", frozenset({Scope.READ}))
    in_free_rooms = [op for op in Operation if op not in ONLY_IN_MADE_ROOMS]
    assert {
        op.name: getattr(refuse(reader, op, "lobby"), "detail", None) for op in in_free_rooms
    } == {
        "READ": None,
        "POST": "Not allowed to post",
        "EDIT_OWN": "Not allowed to edit messages",
        "EDIT_ANY": "Not allowed to edit the messages of others",
        "DELETE_OWN": "Not allowed to delete messages",
        "DELETE_ANY": "Not allowed to delete the messages of others",
        "REACT": "Not allowed to react",
        "PATCH": "Not allowed to change the state document",
        "SIGNAL": "Not allowed to send signals",
    }


@pytest.mark.parametrize("kind", RoomKind)
def test_the_first_character_tells_a_room_s_kind(kind: RoomKind) -> None:
    assert kind_of(ROOM_OF[kind]) is kind
    assert kind_of("a@b") is RoomKind.FREE
    refusal = refuse(ADA, Operation.READ, ROOM_OF[kind])
    is_decided_elsewhere = kind is RoomKind.MADE  # by the guard of the room
    assert (refusal is None) is (kind is RoomKind.FREE or is_decided_elsewhere)


@pytest.mark.parametrize("room", ["a b", "", "@x", "@r7m2q9", "@R7m2q9x4w1z3k", "@r7m2q9x4w1z3k "])
def test_what_is_no_name_and_no_key_is_no_room(room: str) -> None:
    assert kind_of(room) is None
    for principal in (account("ada"), ADA):
        refusal = refuse(principal, Operation.READ, room)
        assert refusal is not None and refusal.code == "bad_request"


@pytest.mark.parametrize("room", ["@directory", "@audit"])
@pytest.mark.parametrize("principal", [account("ada"), ADA, holder("ci"), user("mary", "1")])
def test_only_accounts_read_the_logs_of_the_server(principal: Principal, room: str) -> None:
    refusal = refuse(principal, Operation.READ, room)
    if principal.role is Role.ACCOUNT:  # which accounts may, their guard says
        assert refusal is None
    else:
        assert refusal is not None and refusal.code == "forbidden"
    refusal = refuse(principal, Operation.POST, room)
    assert refusal is not None and refusal.code == "forbidden"


@pytest.mark.parametrize("room", ["@pada000000000", "@pgrace0000000"])
@pytest.mark.parametrize("principal", [account("ada"), ADA, holder("ci"), user("mary", "1")])
def test_an_own_log_is_read_by_its_account_only(principal: Principal, room: str) -> None:
    is_own = principal.id == room
    refusal = refuse(principal, Operation.READ, room)
    assert (refusal is None) is is_own
    assert refusal is None or refusal == UNKNOWN
    refusal = refuse(principal, Operation.POST, room)
    assert refusal is not None and refusal.code == ("forbidden" if is_own else "not_found")


def test_an_account_goes_by_its_key_alone() -> None:
    ada = account("ada")
    assert (ada.person, ada.id, ada.may_own) == (("@pada000000000", None), "@pada000000000", True)


def test_guests_have_every_scope_but_that_of_moderators() -> None:
    assert {*Scope} - GUEST_SCOPES == {Scope.MODERATE}
    assert ADA.scopes == stranger("guest-1").scopes == GUEST_SCOPES


def test_each_scope_has_a_name() -> None:
    assert scopes_of(SCOPES) == {*Scope}
    with pytest.raises(KeyError):
        scopes_of(["read", "everything"])


def told(scope: Scope, operation: Operation, rooms: tuple[str, ...], room: str) -> str | None:
    """The code that the holder of a token with these rooms is refused with, if any."""
    principal = Principal("ci", Role.TOKEN, "app/token/1", frozenset({scope}), rooms)
    refusal = refuse(principal, operation, room)
    if refusal is None:
        return None
    assert refusal.code == "forbidden" or "lobby" not in refusal.detail  # nor that it is there
    return refusal.code


def expected(scope: Scope, operation: Operation, rooms: tuple[str, ...], room: str) -> str | None:
    if not any(re.fullmatch(p.replace(".", "[.]").replace("*", ".*"), room) for p in rooms):
        return "not_found"
    enough = EXPECTED[RoomKind.FREE][operation]["token"].split()
    return None if scope.value in enough else "forbidden"


@pytest.mark.parametrize("operation", Operation)
def test_each_cell_of_scope_and_room(operation: Operation) -> None:
    cells = [*product(Scope, (operation,), PATTERNS, ROOMS)]
    assert len(cells) == len(Scope) * len(PATTERNS) * len(ROOMS)
    assert {cell: told(*cell) for cell in cells} == {cell: expected(*cell) for cell in cells}
