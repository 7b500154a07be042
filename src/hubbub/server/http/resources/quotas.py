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
from hubbub.server.http.resources.administration import ADMIN, ADMINISTER, admin_of
from hubbub.server.http.resources.files import UPLOADS_OF_SERVER
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
