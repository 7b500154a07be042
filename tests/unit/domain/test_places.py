"""Every cell of the access table, in every standing, against a transcription of its own."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import pytest

from hubbub.domain.access import Operation, Permission
from hubbub.domain.places import MadeKind, RoomPlace, Standing, refusal

# Transcribed from the design, in its own form: ✓ may, 3 = 403, 4 = 404, – has nothing to do. The footnotes: ¹ visibly,
# ² a setting, ³ a larger direct is a new one, ⁴ in rooms of up to 50.
DESIGN = """
| operation | open: H M G N A X | closed: H M G N A X | direct: M others |
| know it, see title and members | ✓ ✓ ✓ ✓ ✓ 4 | ✓ ✓ ✓ 4 ✓ 4 | ✓ 4 |
| read, history, search, files, follow | ✓ ✓ ✓ ✓ ✓ 4 | ✓ ✓ ✓ 4 3 4 | ✓ 4 |
| post, react, type, upload, reply | ✓ ✓ ✓ 3 3 4 | ✓ ✓ ✓ 4 3 4 | ✓ 4 |
| edit own, delete own | ✓ ✓ ✓ 3 3 4 | ✓ ✓ ✓ 4 3 4 | ✓ 4 |
| edit another's | 3 3 3 3 3 4 | 3 3 3 4 3 4 | 3 4 |
| delete another's, end a thread | ✓ 3 3 3 ✓ 4 | ✓ 3 3 4 3 4 | 3 4 |
| pin | ✓ ✓ 3 3 ✓ 4 | ✓ ✓ 3 4 3 4 | ✓ 4 |
| join by oneself | – – – ✓ ✓ 4 | – – – 4 ✓¹ 4 | – 4 |
| leave, set own level, mark read | ✓ ✓ ✓ 3 3 4 | ✓ ✓ ✓ 4 3 4 | ✓ 4 |
| invite a member | ✓ ✓ 3 ✓ ✓ 4 | ✓ ✓² 3 4 ✓ 4 | 3³ 4 |
| invite a guest, make an invite link | ✓ 3 3 3 ✓ 4 | ✓ 3 3 4 ✓ 4 | 3 4 |
| remove, ban, mute, slow mode, posters | ✓ 3 3 3 ✓ 4 | ✓ 3 3 4 ✓ 4 | 3 4 |
| title | ✓ ✓² 3 3 ✓ 4 | ✓ ✓² 3 4 ✓ 4 | ✓ 4 |
| topic, alias | ✓ ✓² 3 3 ✓ 4 | ✓ ✓² 3 4 ✓ 4 | 3 4 |
| kind, retention, receipts, appoint, archive | ✓ 3 3 3 ✓ 4 | ✓ 3 3 4 ✓ 4 | 3 4 |
| patch the state document | ✓ ✓² 3 3 ✓ 4 | ✓ ✓² 3 4 3 4 | ✓ 4 |
| @room | ✓ ✓⁴ 3 3 3 4 | ✓ ✓⁴ 3 4 3 4 | ✓ 4 |
"""
ROW_OF = {
    Operation.KNOW: "know it",
    Operation.READ: "read,",
    Operation.POST: "post,",
    Operation.REACT: "post,",
    Operation.SIGNAL: "post,",
    Operation.UPLOAD: "post,",
    Operation.EDIT_OWN: "edit own",
    Operation.DELETE_OWN: "edit own",
    Operation.EDIT_ANY: "edit another",
    Operation.DELETE_ANY: "delete another",
    Operation.PIN: "pin",
    Operation.JOIN: "join",
    Operation.LEAVE: "leave",
    Operation.MARK: "leave",
    Operation.INVITE: "invite a member",
    Operation.INVITE_GUEST: "invite a guest",
    Operation.MODERATE: "remove",
    Operation.TITLE: "title",
    Operation.DESCRIBE: "topic",
    Operation.MANAGE: "kind",
    Operation.RESTORE: "kind",
    Operation.PATCH: "patch",
    Operation.NAME_ALL: "@room",
}

FORBIDDEN, NOT_FOUND = "forbidden", "not_found"


def cell(operation: Operation, kind: MadeKind, place: RoomPlace) -> str:
    """What stands in the design."""
    (row,) = (line for line in DESIGN.splitlines() if line.startswith(f"| {ROW_OF[operation]}"))
    columns = row.strip("| ").split(" | ")[1:]
    verdicts = columns[["open", "closed", "direct"].index(kind.value)].split()
    if kind is MadeKind.DIRECT:
        return verdicts[0 if place.value in "HMG" else 1]
    return verdicts["HMGNAX".index(place.value)]


class Case(NamedTuple):
    """A cell, and what it says for a room with the default settings."""

    operation: Operation
    kind: MadeKind
    place: RoomPlace
    code: str | None
    marked: str = ""  # the footnote
    may_know: bool = True


def case(operation: Operation, kind: MadeKind, place: RoomPlace) -> Case:
    found = cell(operation, kind, place)
    code = {"✓": None, "–": None, "3": FORBIDDEN, "4": NOT_FOUND}[found[0]]
    may_know = cell(Operation.KNOW, kind, place) != "4"
    return Case(operation, kind, place, code, found[1:], may_know)


CASES = [case(*each) for each in product(Operation, MadeKind, RoomPlace)]

WRITES = {
    *("post", "react", "send signals", "upload"),
    *("edit messages", "edit the messages of others"),
}
KEPT_IN_ARCHIVES = {"know", "read", "mark as read", "delete messages", "restore"}
OF_THOSE_WHO_POST = {"post", "upload", "name all"}


def unless(known: bool, code: str | None) -> str | None:
    """What those are answered who may not know of the room, or else this."""
    return code if known else NOT_FOUND


def banned(c: Case) -> str | None:
    return "banned" if c.kind is MadeKind.OPEN else NOT_FOUND


def archived(c: Case) -> str | None:
    kept = c.operation.label in KEPT_IN_ARCHIVES
    return c.code if kept else unless(c.may_know, "archived")


def muted(c: Case) -> str | None:
    speaks = c.operation.label in WRITES | {"name all"}
    return unless(c.may_know, "muted") if speaks else c.code


def for_hosts(c: Case) -> str | None:
    closed = c.operation.label in OF_THOSE_WHO_POST and c.place is not RoomPlace.HOST
    return unless(c.may_know, FORBIDDEN) if closed else c.code


def slow(c: Case) -> str | None:
    waits = c.operation is Operation.POST and c.place is not RoomPlace.HOST
    return unless(c.may_know, "rate_limited") if waits else c.code


def public_to(*labels: str) -> Callable[[Case], str | None]:
    def expected(c: Case) -> str | None:
        if c.kind is not MadeKind.OPEN:
            return c.code
        if c.operation.label in labels:
            return None
        return FORBIDDEN if c.code is NOT_FOUND else c.code

    return expected


def without_setting(*labels: str) -> Callable[[Case], str | None]:
    """Cells with footnote 2 or 4, of these operations."""

    def expected(c: Case) -> str | None:
        is_set = c.marked in ("²", "⁴") and c.operation.label in labels
        return FORBIDDEN if is_set else c.code

    return expected


READING = ("know", "read")
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
    "members may not invite": (Standing(members_may_invite=False), without_setting("invite")),
    "members may not edit": (
        Standing(members_may_edit=False),
        without_setting("change the title", "change topic and alias", "change the state document"),
    ),
    "members may not name all": (Standing(members_may_name_all=False), without_setting("name all")),
    "of 50": (Standing(size=50), lambda c: c.code),
    "of 51": (Standing(size=51), without_setting("name all")),
}


def code(standing: Standing, operation: Permission) -> str | None:
    found = refusal(standing, operation)
    return found.code if found else None


@pytest.mark.parametrize("kind", MadeKind)
@pytest.mark.parametrize("name", STANDINGS)
def test_each_cell_in_each_standing(name: str, kind: MadeKind) -> None:
    standing, expected = STANDINGS[name]
    cases = [each for each in CASES if each.kind is kind]
    assert len(cases) == 23 * 6
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
