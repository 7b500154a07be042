"""Files: uploads begin, end and are dropped; a message's files go with it. How messages show them is in `domain.files`."""

from hubbub.domain.access import Permission, RoomKind, account
from hubbub.domain.aspects.people.accounts import (
    NO_ACCOUNT,
    OPERATOR,
    active,
    existing,
    forbidden,
    is_at_least,
    role_of,
    to_know,
)
from hubbub.domain.aspects.people.audit import BY_RULE, Internal, note, to_note
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.files import (
    FILE,
    FILE_LIMIT,
    FILE_USE,
    LIMITED,
    File,
    FileKey,
    FileLimit,
    FileLimitKey,
)
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.rules import Aspect, Consequence, Rule
from hubbub.events import Deleted, Erased, PersonRemoved
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import DIRECTORY, is_account_key, is_made_key
from hubbub.protocol.messages import RoomName

MAX_LIMIT = 2**50  # bytes
MAX_WAITING = 100  # files of one account that are not posted yet

KEEP_FILES = Permission("upload files", {RoomKind.OWN: account(Scope.POST)})


class BeginUpload(Internal, frozen=True, kw_only=True):
    """Begins an upload of the account whose log is `room`: a file of this name, and so many bytes."""

    file: str
    name: str
    size: int


class FinishUpload(Internal, frozen=True, kw_only=True):
    """Notes that all of a file is there, and what it is; see `File`."""

    file: str
    type: str
    digest: str
    width: int | None = None
    height: int | None = None


class DropFile(Internal, frozen=True, kw_only=True):
    """Drops a file that is not posted yet, whether or not all of it is there."""

    file: str


class LimitFiles(Internal, frozen=True, kw_only=True):
    """Sets how many bytes files may take: see `FileLimit`. Without a size, the default holds again."""

    room: RoomName = DIRECTORY
    whose: str
    size: int | None


def _begin_needs(wanted: Needs, _: Principal, change: BeginUpload) -> None:
    to_know(wanted, change.room)
    wanted.row(FILE, FileKey(change.room, change.file))
    wanted.count(FILE, change.room)


def _begin(ledger: Ledger, principal: Principal, change: BeginUpload) -> Answer:
    if principal.id != change.room or active(ledger, change.room) is None:
        return Refusal("forbidden", f"Not allowed to {KEEP_FILES.label}")
    if ledger.count(FILE, change.room) >= MAX_WAITING:
        why = f"Too many files that are not posted yet: an account keeps at most {MAX_WAITING}"
        return Refusal("too_large", why)
    ledger.put(FILE, File(change.room, change.file, change.name, change.size, ledger.now))
    return ledger.unchanged()


def _row_needs(wanted: Needs, _: Principal, change: FinishUpload | DropFile) -> None:
    wanted.row(FILE, FileKey(change.room, change.file))


def _finish(ledger: Ledger, principal: Principal, change: FinishUpload) -> Answer:
    row = _own_row(ledger, principal, change)
    if isinstance(row, Refusal):
        return row
    row = row._replace(is_whole=True, type=change.type, digest=change.digest)
    ledger.put(FILE, row._replace(width=change.width, height=change.height))
    return ledger.unchanged()


def _drop(ledger: Ledger, principal: Principal, change: DropFile) -> Answer:
    row = _own_row(ledger, principal, change)
    if isinstance(row, Refusal):
        return row
    ledger.drop(FILE, FileKey(change.room, change.file))
    return ledger.unchanged()


def _own_row(
    ledger: Ledger, principal: Principal, change: FinishUpload | DropFile
) -> File | Refusal:
    row = ledger.row(FILE, FileKey(change.room, change.file))
    if row is None or principal.id not in (change.room, OPERATOR.id):
        return Refusal("not_found", "No such upload")
    return row


def _limit_needs(wanted: Needs, principal: Principal, change: LimitFiles) -> None:
    to_know(wanted, principal.id)
    if is_account_key(change.whose):
        to_know(wanted, change.whose)
    to_note(wanted)
    wanted.row(FILE_LIMIT, FileLimitKey(DIRECTORY, change.whose))


def _limit(ledger: Ledger, principal: Principal, change: LimitFiles) -> Answer:
    if not is_at_least(role_of(ledger, principal), "admin"):
        return forbidden("limit files")
    about = change.whose if is_account_key(change.whose) else None
    if about is not None and existing(ledger, about) is None:
        return NO_ACCOUNT
    key = FileLimitKey(DIRECTORY, change.whose)
    row: FileLimit | None = ledger.row(FILE_LIMIT, key)
    if change.size == (row.size if row else None):
        return ledger.unchanged()
    if change.size is None:
        ledger.drop(FILE_LIMIT, key)
    else:
        ledger.put(FILE_LIMIT, FileLimit(*key, change.size))
    size = "default" if change.size is None else str(change.size)
    details = {"bytes": size} if about else {"of": change.whose, "bytes": size}
    return note(ledger, principal, change, "file limit changed", about, **details)


def _screen_limit(change: LimitFiles, _: int) -> Refusal | None:
    if change.whose not in LIMITED and not is_account_key(change.whose):
        return Refusal("not_found", "No such limit")
    if change.size is not None and not 0 <= change.size <= MAX_LIMIT:
        return Refusal("bad_request", f"Invalid limit: use 0 to {MAX_LIMIT} bytes")
    return None


def _deleted(ledger: Ledger, event: Deleted) -> None:
    if is_made_key(event.room):
        ledger.drop_all(FILE_USE, event.room, event.message)


def _erased(ledger: Ledger, event: Erased) -> None:
    if is_made_key(event.room):
        for message in event.messages:
            ledger.drop_all(FILE_USE, event.room, message)


def _removed(ledger: Ledger, event: PersonRemoved) -> None:
    ledger.drop_all(FILE, event.account)
    ledger.drop_all(FILE_LIMIT, DIRECTORY, event.account)


ASPECT = Aspect(
    tables=(FILE, FILE_USE, FILE_LIMIT),
    rules=(
        Rule(BeginUpload, BY_RULE, _begin_needs, _begin, is_internal=True),
        Rule(FinishUpload, BY_RULE, _row_needs, _finish, is_internal=True),
        Rule(DropFile, BY_RULE, _row_needs, _drop, is_internal=True),
        Rule(LimitFiles, BY_RULE, _limit_needs, _limit, _screen_limit, is_internal=True),
    ),
    consequences=(
        Consequence(Deleted, _deleted),
        Consequence(Erased, _erased),
        Consequence(PersonRemoved, _removed),
    ),
)
