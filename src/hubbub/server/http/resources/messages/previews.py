"""Previews of the links in a message."""

from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.messages import LONGEST_URL, RemovePreview
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, SEQ, Parameter
from hubbub.server.http.requests import principal_of


def _url(request: web.Request) -> str:
    url = request.query.get("url", "")
    if 0 < len(url) <= LONGEST_URL:
        return url
    raise RefusalError("bad_request", f"Invalid `url`: use 1 to {LONGEST_URL} characters")


URL = Parameter(
    "url",
    "query",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_URL},
    _url,
    "The link, exactly as in the preview",
)

resource = Resource()


@resource.operation(
    HttpOperation(
        "DELETE",
        "/api/v1/rooms/{room}/messages/{seq}/previews",
        "removePreview",
        needs=Operation.DELETE_OWN,
        takes=(ROOM, SEQ, URL, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy", "gone"}),
    )
)
async def remove_preview(request: web.Request) -> ChangeReply | web.Response:
    """Remove the preview of a link from a message. It stays removed as long as the link is in the text."""
    principal = principal_of(request)
    change = RemovePreview(room=ROOM.of(request), seq=SEQ.of(request), url=URL.of(request))
    return await commit(request, principal, change)
