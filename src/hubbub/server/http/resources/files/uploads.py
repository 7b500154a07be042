"""Uploads in parts, by tus 1.0 (https://tus.io/protocols/resumable-upload): what breaks off goes on where it was.

The core protocol, with creation, expiration and termination. `HEAD` is that of the route for `GET`.
"""

import base64
import binascii
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from hubbub.domain.aspects.files import KEEP_FILES
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.server.files.uploads import UploadProgress
from hubbub.server.http.entering import READ_OWN, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import Content, Parameter, header, integer
from hubbub.server.http.problems import problem
from hubbub.server.http.requests import json
from hubbub.server.http.resources.files.files import FILE, UPLOADS_OF_SERVER, FileReply, date_of

UPLOADS = "/api/v1/uploads"
UPLOAD = f"{UPLOADS}/{{file}}"
VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
MAX_BYTES = 10**15

TUS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
RESUMABLE = header("Tus-Resumable", "The version of tus: 1.0.0")
METADATA = header(
    "Upload-Metadata", "`filename` and what it is in base64, and perhaps more, separated by commas"
)
PART = Content("application/offset+octet-stream", is_exact=True)

resource = Resource()


def _whole(name: str, description: str) -> Parameter[int | None]:
    """Declare a number of bytes in a header."""

    def read(request: web.Request) -> int | None:
        given = request.headers.get(name)
        if given is None:
            return None
        if not (given.isascii() and given.isdigit() and len(given) < 16):
            raise RefusalError("bad_request", f"Invalid {name}: use a whole number of bytes")
        return int(given)

    return Parameter(name, "header", integer(0, MAX_BYTES), read, description)


LENGTH = _whole("Upload-Length", "The size of the file")
OFFSET = _whole("Upload-Offset", "How many bytes of the file are there already")


class UploadReply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How far an upload is, and until when the rest must be there and the file be posted; once it is whole, the file."""

    offset: int
    size: int
    expires: str
    file: FileReply | None = None


@resource.route("OPTIONS", UPLOADS)
async def describe_uploads(request: web.Request) -> web.Response:
    """Say which version of tus this is, with which extensions, and how large a file may be."""
    most = (await request.app[UPLOADS_OF_SERVER].quotas.limits_of()).file
    told = {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(most)}
    return web.Response(status=204, headers=TUS | told)


@resource.operation(
    HttpOperation(
        "POST",
        UPLOADS,
        "beginUpload",
        needs=KEEP_FILES,
        takes=(RESUMABLE, LENGTH, METADATA),
        answers=UploadReply,
        status=201,
        refuses=frozenset({"unsupported_version", "too_large", "storage_full"}),
    )
)
async def begin_upload(request: web.Request) -> web.Response:
    """Begin an upload. The header `Location` says where its bytes go."""
    principal = account_of(request, KEEP_FILES)
    if refused := _other_version(request):
        return refused
    size, uploads = LENGTH.of(request), request.app[UPLOADS_OF_SERVER]
    if size is None:
        raise RefusalError("bad_request", "Send the header Upload-Length: the size of the file")
    name = _name_in(METADATA.of(request) or "")
    if size:
        progress = await uploads.begin(principal, name, size)
    else:
        progress = await uploads.take(principal, name, 0, _nothing())
    there = {"Location": f"{UPLOADS}/{progress.row.file}"}
    return json(_reply(progress), 201, _headers(progress) | there)


@resource.operation(
    HttpOperation("GET", UPLOAD, "getUpload", needs=READ_OWN, takes=(FILE,), answers=UploadReply)
)
async def get_upload(request: web.Request) -> web.Response:
    """Get how far an upload of one's own is."""
    principal = account_of(request, READ_OWN)
    progress = await request.app[UPLOADS_OF_SERVER].find(principal, FILE.of(request))
    return json(_reply(progress), headers=_headers(progress))


@resource.operation(
    HttpOperation(
        "PATCH",
        UPLOAD,
        "continueUpload",
        needs=KEEP_FILES,
        takes=(FILE, RESUMABLE, OFFSET),
        body=PART,
        answers=type(None),
        status=204,
        refuses=frozenset({"unsupported_version", "conflict", "busy", "storage_full"}),
    )
)
async def continue_upload(request: web.Request) -> web.Response:
    """Add bytes to an upload, after those that are there."""
    principal = account_of(request, KEEP_FILES)
    if refused := _other_version(request):
        return refused
    if (offset := OFFSET.of(request)) is None:
        raise RefusalError("bad_request", "Send the header Upload-Offset")
    receive = request.app[UPLOADS_OF_SERVER].receive
    progress = await receive(principal, FILE.of(request), offset, PART.read(request))
    return web.Response(status=204, headers=_headers(progress))


@resource.operation(
    HttpOperation(
        "DELETE",
        UPLOAD,
        "dropUpload",
        needs=KEEP_FILES,
        takes=(FILE,),
        answers=type(None),
        status=204,
    )
)
async def drop_upload(request: web.Request) -> web.Response:
    """Drop an upload of one's own, or a file that is not posted."""
    principal = account_of(request, KEEP_FILES)
    await request.app[UPLOADS_OF_SERVER].drop(principal, FILE.of(request))
    return web.Response(status=204, headers=TUS)


def _reply(progress: UploadProgress) -> UploadReply:
    row = progress.row
    file = FileReply.of(row) if row.is_whole else None
    return UploadReply(
        offset=progress.held, size=row.size, expires=date_of(progress.until), file=file
    )


def _headers(progress: UploadProgress) -> dict[str, str]:
    return TUS | {
        "Upload-Offset": str(progress.held),
        "Upload-Length": str(progress.row.size),
        "Upload-Expires": date_of(progress.until),
    }


def _other_version(request: web.Request) -> web.Response | None:
    if RESUMABLE.of(request) == VERSION:
        return None
    why = f"Unsupported version of tus: send the header Tus-Resumable: {VERSION}"
    return problem(Refusal("unsupported_version", why), TUS | {"Tus-Version": VERSION})


def _name_in(metadata: str) -> str:
    """Return the name of the file in the metadata of an upload. Raises RefusalError."""
    for each in metadata.split(","):
        key, _, value = each.strip().partition(" ")
        if key == "filename":
            return _decoded(value)
    return ""


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        raise RefusalError(
            "bad_request", "Invalid Upload-Metadata: give the name in UTF-8 and base64"
        ) from None


async def _nothing() -> AsyncIterator[bytes]:
    for data in list[bytes]():
        yield data
