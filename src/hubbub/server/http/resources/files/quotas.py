"""How much files take, and how much they may: shown to whom they belong, and set by owners and admins."""

import msgspec
from aiohttp import web

from hubbub.domain.aspects.files import LimitFiles
from hubbub.domain.files import FileLimits
from hubbub.server.files.quotas import FilesOf
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import OWN_ACCOUNT, READ_OWN, account_of, session_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import TEXT, Body, Parameter
from hubbub.server.http.requests import HUB
from hubbub.server.http.resources.files.files import UPLOADS_OF_SERVER
from hubbub.server.http.resources.server.administration import ADMIN, ADMINISTER, admin_of
from hubbub.server.hub.large_files import LargeFile
from hubbub.server.transports.requests import place_of

FILES = f"{ADMIN}/files"
WHOSE = Parameter(
    "whose",
    "path",
    TEXT | {"pattern": "^(file|person|server|@p[0-9a-hjkmnp-tv-z]{12})$", "example": "person"},
    lambda request: request.match_info["whose"],
)

resource = Resource()


class MyFilesReply(msgspec.Struct):
    """How many bytes your files use and may use, and the maximum size of one file."""

    used: int
    limit: int
    file_limit: int


class FilesOfPerson(msgspec.Struct):
    """How many bytes the files of an account use and may use, and whether that is an individual limit."""

    account: str
    handle: str
    name: str
    used: int
    limit: int
    is_own_limit: bool

    @classmethod
    def of(cls, found: FilesOf) -> "FilesOfPerson":
        """Return what is told of somebody's files."""
        row, used, limit, is_own_limit = found
        return cls(row.account, row.handle, row.name, used, limit, is_own_limit)


class FileUseReply(msgspec.Struct):
    """How many bytes all files use, the current limits, and the server's defaults.

    `people` are the 100 accounts that use the most space, and all with individual limits.
    """

    used: int
    limits: FileLimits
    defaults: FileLimits
    people: list[FilesOfPerson]


class LargeFileItem(msgspec.Struct):
    """A file that a message shows. `handle` and `person` are empty if the account was removed.

    `room`, `title`, `seq` and `at` say where and when it was posted. Where admins may not know of the room, as of directs, they are
    null, and so is `file`. `name` and `type` are null where admins may not read.
    """

    file: str | None
    size: int
    at: str | None
    account: str
    handle: str
    person: str
    room: str | None
    title: str | None
    seq: int | None
    name: str | None
    type: str | None
    may_delete: bool

    @classmethod
    def of(cls, found: LargeFile) -> "LargeFileItem":
        """Return what is told of a file."""
        use, account, room = found.use, found.account, found.room
        return cls(
            file=use.file if room else None,
            size=use.size,
            at=found.at if room else None,
            account=use.account,
            handle=account.handle if account else "",
            person=account.name if account else "",
            room=use.room if room else None,
            title=room.title if room else None,
            seq=use.seq if room else None,
            name=use.name if found.may_read else None,
            type=use.type if found.may_read else None,
            may_delete=found.may_delete,
        )


class LargestFilesReply(msgspec.Struct):
    """The 100 largest files that messages show, the largest first."""

    files: list[LargeFileItem]


class NewLimit(msgspec.Struct):
    """The limit in bytes; null: the server's default, or, for an account, the limit for everyone."""

    size: int | None


LIMIT = Body(NewLimit)


@resource.operation(
    HttpOperation("GET", "/api/v1/me/files", "getMyFiles", needs=READ_OWN, answers=MyFilesReply)
)
async def get_my_files(request: web.Request) -> MyFilesReply:
    """Get how much space your files use and may use."""
    principal, quotas = account_of(request, READ_OWN), request.app[UPLOADS_OF_SERVER].quotas
    limits = await quotas.limits_of(principal.id)
    return MyFilesReply(await quotas.taken(principal.id), limits.person, limits.file)


@resource.operation(
    HttpOperation("GET", FILES, "getFileUse", needs=ADMINISTER, answers=FileUseReply)
)
async def get_file_use(request: web.Request) -> FileUseReply:
    """Get how much space files use and may use, and which accounts use the most. For owners and admins."""
    await admin_of(request)
    quotas = request.app[UPLOADS_OF_SERVER].quotas
    used, limits, people = await quotas.use()
    return FileUseReply(used, limits, quotas.defaults, [FilesOfPerson.of(each) for each in people])


@resource.operation(
    HttpOperation(
        "GET", f"{FILES}/largest", "getLargestFiles", needs=ADMINISTER, answers=LargestFilesReply
    )
)
async def get_largest_files(request: web.Request) -> LargestFilesReply:
    """List the largest files: whose they are, and, except in directs of others, where and since when. For owners and admins."""
    found = await request.app[HUB].large_files.largest(await admin_of(request))
    return LargestFilesReply([LargeFileItem.of(each) for each in found])


@resource.operation(
    HttpOperation(
        "PUT",
        f"{FILES}/limits/{{whose}}",
        "limitFiles",
        needs=OWN_ACCOUNT,
        takes=(WHOSE, KEY),
        body=LIMIT,
        answers=ChangeReply,
        refuses=frozenset({"busy", "not_found"}),
    )
)
async def limit_files(request: web.Request) -> ChangeReply | web.Response:
    """Set how many bytes files may use: each file, those of each person, all files, or those of one account. For owners and admins.

    Existing files are never deleted.
    """
    principal, _ = session_of(request)
    size = (await LIMIT.read(request, principal)).size
    address = place_of(request).address
    change = LimitFiles(whose=WHOSE.of(request), size=size, address=address)
    return await commit(request, principal, change)
