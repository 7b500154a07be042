"""Files as records, and what messages show of them: whose they are, and where they were posted.

A file that was uploaded belongs to its account alone. The message that posts it takes it over: from then on it is there for
those who may read the message, as long as that exists. Knows nothing of where the bytes are.
"""

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from hubbub.domain.access import Operation
from hubbub.domain.facts import Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.events import Attached, Posted
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_made_key
from hubbub.protocol.messages import MOST_ALT_BYTES, Alts, Edit, Post


class FileKey(NamedTuple):
    """Identifies a file in the own log of the account that uploads it."""

    account: str
    file: str


class File(NamedTuple):
    """A file that is being uploaded, or was uploaded and not posted yet.

    `size` is in bytes, `at` when it was begun, in seconds since 1970. The rest is known once it `is_whole`: its media type by its
    first bytes, its SHA-256, and the size of a picture in pixels.
    """

    account: str
    file: str
    name: str
    size: int
    at: float
    is_whole: bool = False
    type: str = ""
    digest: str = ""
    width: int | None = None
    height: int | None = None


class FileUseKey(NamedTuple):
    """Identifies a file by the message that shows it, and its place there."""

    room: str
    seq: int
    place: int


class FileUse(NamedTuple):
    """A file that a message shows; what it says of the file is as in `File`. `alt` is its alt text."""

    room: str
    seq: int
    place: int
    account: str
    file: str
    name: str
    size: int
    type: str
    digest: str
    width: int | None
    height: int | None
    alt: str | None = None


class FileLimitKey(NamedTuple):
    """Identifies a limit on files by what it is for; its log is the directory."""

    log: str
    whose: str


class FileLimit(NamedTuple):
    """How many bytes files may take, as an admin has set it in place of the default.

    `whose` is an account, whose files together it limits; or one of `LIMITED`: each file, the files of each person, or all.
    """

    log: str
    whose: str
    size: int


class FileLimits(msgspec.Struct, frozen=True):
    """How many bytes each file, the files of each person, and all files may use; 0 for all: only the disk limits them."""

    file: int
    person: int
    server: int


LIMITED = FileLimits.__struct_fields__
FILE_LIMIT = Table("file_limit", FileLimitKey, FileLimit)
FILE = Table("file", FileKey, File, indexes=(("file",),))
FILE_USE = Table(
    "file_use",
    FileUseKey,
    FileUse,
    indexes=(("file",), ("account", "size"), ("size",)),
    trimmed_by="seq",
)


def fault(post: Post) -> str | None:
    """Return what is wrong with the files of a post, or None."""
    if not (post.alts or {}).keys() <= set(post.files or ()):
        return "Invalid `alts`: name only files of this message"
    if post.files is None:
        return None
    if not is_made_key(post.room):
        return "Files need a room with members: make one, or leave them out"
    return "Name each file only once" if len(set(post.files)) < len(post.files) else None


def to_attach(wanted: Needs, principal: Principal, post: Post) -> None:
    """Name what must be known of the files of a post. Their author's own log guards them."""
    if principal.is_account:
        wanted.logs.add(principal.id)
        for file in post.files or ():
            wanted.row(FILE, FileKey(principal.id, file))


def refused(ledger: Ledger, principal: Principal, post: Post) -> Refusal | None:
    """Return why someone who may post may not post these files, or None."""
    if not principal.is_account:
        return Refusal("forbidden", "Not allowed to post files without an account")
    if refusal := ledger.refusal(principal, Operation.UPLOAD, post.room):
        return refusal
    for file in post.files or ():
        row = ledger.row(FILE, FileKey(principal.id, file))
        if row is None:
            why = "No such file of yours to post: it was never uploaded, posted before, or has expired"
            return Refusal("not_found", why)
        if not row.is_whole:
            return Refusal("conflict", "This file is not uploaded completely: send the rest first")
    return None


def attached(ledger: Ledger, principal: Principal, post: Post) -> list[Attached]:
    """Return what a message shows of its files, which are known to be there."""
    rows = [ledger.row(FILE, FileKey(principal.id, file)) for file in post.files or ()]
    alts = post.alts or {}
    return [
        Attached(r.file, r.name, r.type, r.size, r.width, r.height, alts.get(r.file, ""))
        for r in rows
        if r
    ]


def attach(ledger: Ledger, principal: Principal, event: Posted) -> None:
    """Let a message take over its files."""
    for place, shown in enumerate(event.files or ()):
        key = FileKey(principal.id, shown.file)
        row = ledger.row(FILE, key)
        assert row is not None
        ledger.drop(FILE, key)
        size = row.width, row.height
        what = *key, row.name, row.size, row.type, row.digest, *size
        ledger.add(FILE_USE, FileUse(event.room, event.seq, place, *what, shown.alt or None))


def screen_alts(alts: Alts | None) -> Refusal | None:
    """Return why no message may have all these alt texts, or None. Each edit of the message repeats them, so they are few."""
    if not alts or len(encode(alts)) <= MOST_ALT_BYTES:
        return None
    why = f"Alt texts too long: those of a message may take {MOST_ALT_BYTES:,} bytes together"
    return Refusal("too_large", why)


def described(ledger: Ledger, edit: Edit) -> Alts | Refusal | None:
    """Keep the alt texts that an edit gives. Return those of all files of the message, or why it can't have them."""
    uses = ledger.known(FILE_USE, edit.room, edit.seq)
    alts = {use.file: use.alt for use in uses} | (edit.alts or {})
    if len(alts) > len(uses):
        return Refusal("not_found", "`alts` names a file that this message doesn't have")
    said = {file: alt for file, alt in alts.items() if alt} or None
    if edit.alts and (refusal := screen_alts(said)):
        return refusal
    for use in uses:
        if (alt := alts[use.file] or None) != use.alt:
            ledger.put(FILE_USE, use._replace(alt=alt))
    return said


def with_alts(files: list[Attached], alts: Alts | None) -> list[Attached]:
    """Return the files of a message after an edit that says these alt texts."""
    return [replace(each, alt=(alts or {}).get(each.file, "")) for each in files]
