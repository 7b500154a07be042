"""Files: uploading one whole, and getting what messages show."""

import base64
import re
from contextlib import aclosing
from email.utils import formatdate

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.domain.aspects.files import KEEP_FILES
from hubbub.domain.files import File
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.fields import elements
from hubbub.protocol.files import INLINE, THUMBNAIL_SIDES, disposition
from hubbub.server.files.downloads import Download, Downloads, FilePart
from hubbub.server.files.uploads import Uploads
from hubbub.server.http.entering import account_of
from hubbub.server.http.files_origin import FILES_ORIGIN, HOLDER
from hubbub.server.http.headers import HEADERS
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.origins import Authority
from hubbub.server.http.parameters import Content, Parameter, file_key, header, text
from hubbub.server.http.problems import AUTHORITY, problem
from hubbub.server.http.requests import principal_of
from hubbub.server.http.streamed import streamed

FILES = "/api/v1/files"
UPLOADS_OF_SERVER = web.AppKey("uploads", Uploads)
DOWNLOADS = web.AppKey("downloads", Downloads)
FILE = file_key("file")
SIDE = Parameter(
    "side",
    "path",
    {"type": "integer", "enum": [*THUMBNAIL_SIDES]},
    lambda request: _side_of(request.match_info["side"]),
)
NAME = text("name", "What the file is called")
RANGE = header("Range", "Only these bytes, such as bytes=0-99; several ranges count as none")
TICKET = text("ticket", "The ticket from the server's redirect, at the origin of files")
CONTENT = Content("application/octet-stream")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")

# As for anything from strangers: it runs nothing, on no page, and every reader is asked again whether it may.
AS_FILE = {
    "Content-Security-Policy": f"sandbox; {HEADERS['Content-Security-Policy']}",
    "Cache-Control": "private, no-cache",
    "Accept-Ranges": "bytes",
}
# At the origin of files: the page, which has another one, may show it; and its address, which has a ticket, isn't sent on.
AT_FILES_ORIGIN = {
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}

resource = Resource()


class FileReply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A file that was uploaded. It is there for others once a message of its owner shows it."""

    file: str
    name: str
    type: str
    size: int
    sha256: str
    width: int | None = None
    height: int | None = None

    @classmethod
    def of(cls, row: File) -> "FileReply":
        """Return what is told of a file."""
        shown = {name: getattr(row, name) for name in cls.__struct_fields__ if name != "sha256"}
        return cls(**shown, sha256=row.digest)


@resource.operation(
    HttpOperation(
        "POST",
        FILES,
        "uploadFile",
        needs=KEEP_FILES,
        takes=(NAME,),
        body=CONTENT,
        answers=FileReply,
        status=201,
        refuses=frozenset({"busy", "storage_full"}),
    )
)
async def upload_file(request: web.Request) -> FileReply:
    """Upload a whole file. A message can then show it, within 24 hours."""
    principal = account_of(request, KEEP_FILES)
    size, uploads = CONTENT.size(request), request.app[UPLOADS_OF_SERVER]
    name, chunks = NAME.of(request) or "", CONTENT.read(request)
    return FileReply.of((await uploads.take(principal, name, size, chunks)).row)


@resource.operation(
    HttpOperation(
        "GET",
        f"{FILES}/{{file}}",
        "getFile",
        needs=Operation.READ,
        takes=(FILE, RANGE, TICKET),
        answers=bytes,
        answers_type="*/*",
        refuses=frozenset({"bad_range"}),
    )
)
async def get_file(request: web.Request) -> web.StreamResponse:
    """Get a file, or some of it, that a message shows which one may read."""
    principal = principal_of(request)
    if elsewhere := await _elsewhere(request, principal):
        return elsewhere
    return await _answer(request, await request.app[DOWNLOADS].find(principal, FILE.of(request)))


@resource.operation(
    HttpOperation(
        "GET",
        f"{FILES}/{{file}}/thumbnails/{{side}}",
        "getThumbnail",
        needs=Operation.READ,
        takes=(FILE, SIDE, RANGE, TICKET),
        answers=bytes,
        answers_type="image/*",
        refuses=frozenset({"bad_range"}),
    )
)
async def get_thumbnail(request: web.Request) -> web.StreamResponse:
    """Get a picture that a message shows, small enough for a square of so many pixels; if it can't be made smaller, as it is."""
    side, find = SIDE.of(request), request.app[DOWNLOADS].find_thumbnail
    principal = principal_of(request)
    if elsewhere := await _elsewhere(request, principal):
        return elsewhere
    return await _answer(request, await find(principal, FILE.of(request), side))


async def _elsewhere(request: web.Request, principal: Principal) -> web.Response | None:
    """Return the redirect to the origin of files, if a browser would show the answer. Raises RefusalError, StoreFailed."""
    files = request.app[FILES_ORIGIN]
    is_by_cookie = request.get(AUTHORITY) is Authority.COOKIE
    is_shown = request.headers.get("Sec-Fetch-Dest") != "empty"  # as for scripts
    if files.origin is None or not (is_by_cookie and is_shown):
        return None
    found = await request.app[DOWNLOADS].find(principal, FILE.of(request))
    location = await files.address(request.rel_url.raw_path, found.file, principal)
    if location is None:
        return None
    return web.Response(status=307, headers={"Location": location, "Cache-Control": "no-store"})


async def _answer(request: web.Request, found: Download) -> web.StreamResponse:
    headers = _headers_of(found, request) | (AT_FILES_ORIGIN if HOLDER in request else {})
    if _has_it(request, found):
        return web.Response(status=304, headers=headers)
    part = _part_of(request, found)
    if part is None:
        return problem(
            Refusal("bad_range", f"The file has {found.size} bytes"),
            headers={"Content-Range": f"bytes */{found.size}"},
        )
    return await _send(request, found, part, headers)


async def _send(
    request: web.Request,
    found: Download,
    part: FilePart,
    headers: dict[str, str],
) -> web.StreamResponse:
    if part.is_range:
        last = part.first + part.length - 1
        headers = headers | {"Content-Range": f"bytes {part.first}-{last}/{found.size}"}
    response = web.StreamResponse(status=206 if part.is_range else 200, headers=headers)
    response.content_length = part.length
    if request.method == "HEAD" or not part.length:
        return response
    reading = request.app[DOWNLOADS].reading(principal_of(request), found, part)
    async with streamed(request, response) as write, aclosing(reading):
        async for data in reading:
            await write(data)
    return response


def _headers_of(found: Download, request: web.Request) -> dict[str, str]:
    may_show = HOLDER in request or request.app[FILES_ORIGIN].origin is None
    kind = "inline" if may_show and found.type in INLINE else "attachment"
    headers = AS_FILE | {
        "Content-Type": found.type,
        "Content-Disposition": disposition(kind, found.name),
        "ETag": f'"{found.key}"',
    }
    if found.digest:
        digest = base64.b64encode(bytes.fromhex(found.digest)).decode()
        headers["Repr-Digest"] = f"sha-256=:{digest}:"
    return headers


def _has_it(request: web.Request, found: Download) -> bool:
    """Whether whoever asks has the file already, which never changes (RFC 9110 section 13.1.2)."""
    known = [each.removeprefix("W/") for each in elements(request.headers, "If-None-Match")]
    return f'"{found.key}"' in known or "*" in known


def _part_of(request: web.Request, found: Download) -> FilePart | None:
    """Return which part of a file is wanted; None if there is no such part (RFC 9110 section 14)."""
    whole = FilePart(0, found.size, is_range=False)
    asked = _RANGE.fullmatch((RANGE.of(request) or "").strip())
    condition = request.headers.get("If-Range")
    if asked is None or condition not in (None, f'"{found.key}"'):
        return whole
    first, last = asked.groups()
    if not first:
        if not last:
            return whole
        count = min(int(last), found.size)
        return FilePart(found.size - count, count) if count else None
    if last and int(last) < int(first):
        return whole
    end = min(int(last) + 1, found.size) if last else found.size
    return FilePart(int(first), end - int(first)) if int(first) < found.size else None


def _side_of(given: str) -> int:
    for side in THUMBNAIL_SIDES:
        if given == str(side):
            return side
    raise RefusalError(
        "not_found", f"Thumbnails have {' or '.join(map(str, THUMBNAIL_SIDES))} pixels"
    )


def date_of(seconds: float) -> str:
    """Return a time as headers have it (RFC 9110 section 5.6.7)."""
    return formatdate(seconds, usegmt=True)
