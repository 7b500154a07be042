"""The access table of made rooms as the design has it, transcribed independently of the code, and what is asked before it."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from hubbub.domain.access import Operation
from hubbub.domain.places import MadeKind, RoomPlace

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
    Operation.END_THREAD: "delete another",
    Operation.PIN: "pin",
    Operation.JOIN: "join",
    Operation.LEAVE: "leave",
    Operation.MARK: "leave",
    Operation.INVITE: "invite a member",
    Operation.INVITE_GUEST: "invite a guest",
    Operation.MODERATE: "remove",
    Operation.TITLE: "title",
    Operation.DESCRIBE: "topic",
    Operation.DEPICT: "topic",
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


@cache
def case(operation: Operation, kind: MadeKind, place: RoomPlace) -> Case:
    found = cell(operation, kind, place)
    code = {"✓": None, "–": None, "3": FORBIDDEN, "4": NOT_FOUND}[found[0]]
    may_know = cell(Operation.KNOW, kind, place) != "4"
    return Case(operation, kind, place, code, found[1:], may_know)


WRITES = {
    *("post", "react", "send signals", "upload files"),
    *("edit messages", "edit the messages of others"),
}
KEPT_IN_ARCHIVES = {"see the room", "read", "mark as read", "delete messages", "restore the room"}
OF_THOSE_WHO_POST = {"post", "upload files", "mention everyone"}


def unless(known: bool, code: str | None) -> str | None:
    """What those are answered who may not know of the room, or else this."""
    return code if known else NOT_FOUND


def banned(c: Case) -> str | None:
    return "banned" if c.kind is MadeKind.OPEN else NOT_FOUND


def archived(c: Case) -> str | None:
    kept = c.operation.label in KEPT_IN_ARCHIVES
    return c.code if kept else unless(c.may_know, "archived")


def muted(c: Case) -> str | None:
    speaks = c.operation.label in WRITES | {"mention everyone"}
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
