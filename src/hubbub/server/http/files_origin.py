"""The origin from which browsers show files, if the settings name one besides the page's.

It serves nothing but files. Cookies and tokens count for nothing there, only a ticket in the address of each file.
"""

from urllib.parse import urlencode

from aiohttp import web

from hubbub.domain.principals import Principal
from hubbub.protocol.errors import RefusalError
from hubbub.server.files.downloads import NO_FILE
from hubbub.server.http.origins import canonical
from hubbub.server.people.tickets import Tickets

# What it serves; {file} is what a ticket is for.
ROUTES = frozenset({"/api/v1/files/{file}", "/api/v1/files/{file}/thumbnails/{side}"})


class FilesOrigin:
    """Recognizes requests to the origin of files and whoever makes them, and makes addresses there."""

    def __init__(self, origin: str, tickets: Tickets) -> None:
        """`origin` is empty if the page's own shows files."""
        self.origin = canonical(origin.rstrip("/"))
        self._tickets = tickets

    def is_asked(self, request: web.Request) -> bool:
        """Whether a request is for this origin. A proxy may have ended TLS, so the scheme doesn't count."""
        if self.origin is None:
            return False
        return canonical(f"{self.origin.partition(':')[0]}://{request.host}") == self.origin

    async def holder(self, request: web.Request, route: str | None) -> Principal:
        """Return who asks for a file. Raises HTTPNotFound for anything else, and RefusalError without a valid ticket."""
        if route not in ROUTES or request.method not in ("GET", "HEAD"):
            raise web.HTTPNotFound
        file = request.match_info["file"]
        principal = await self._tickets.holder(request.query.get("ticket", ""), file)
        if principal is None:
            raise RefusalError.of(NO_FILE)
        return principal

    async def address(self, path: str, file: str, principal: Principal) -> str | None:
        """Return where a session may get a file. None if the principal has none. Raises RefusalError (`unavailable`)."""
        ticket = await self._tickets.make(principal, file)
        return None if ticket is None else f"{self.origin}{path}?{urlencode({'ticket': ticket})}"


FILES_ORIGIN = web.AppKey("files_origin", FilesOrigin)
HOLDER = web.RequestKey("holder", Principal)  # of the ticket that a request has at this origin
