"""Serves the files of the web messenger as they were built."""

import logging
from pathlib import Path

from aiohttp import web

from hubbub.protocol.errors import RefusalError
from hubbub.server.http.files_origin import FILES_ORIGIN
from hubbub.server.http.operations import Resource

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{files}; media-src 'self'{files}; connect-src 'self';"
    " worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none';"
    " require-trusted-types-for 'script'; trusted-types hubbub"
)
HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
# The service worker opens the page at all its addresses, not only below its own.
WORKER, SCOPE = "sw.js", {"Service-Worker-Allowed": "/"}

# Not the machine's own table: with `nosniff` a module of another type would not run.
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}

resource = Resource()

NOT_BUILT = "The web page is not built"
TO_BUILD = "Run make install in the checkout that hubbub runs from"

log = logging.getLogger(__name__)


def find_page() -> Path | None:
    """Return the folder of the page's files: in the package, or beside its sources. None if it is not built."""
    package = Path(__file__).parents[4]
    candidates = (package / "web", package.parents[1] / "web" / "dist")
    return next((path for path in candidates if (path / "index.html").is_file()), None)


def warn_if_not_built() -> None:
    """Log what to do about a page that is not there. Everything else works without it."""
    if find_page() is None:
        log.warning("%s. %s", NOT_BUILT, TO_BUILD)


@resource.route("GET", "/claim")
@resource.route("GET", "/i")
@resource.route("GET", "/reset")
@resource.route("GET", "/r/{room}")
@resource.route("GET", "/r/{room}/{seq}")
async def linked(request: web.Request) -> web.StreamResponse:
    """Serve the page at an address that a link leads to. What it is about, only the page looks at."""
    return await index(request)


async def index(request: web.Request) -> web.StreamResponse:
    """Serve the page."""
    page = find_page()
    if page is None:
        raise RefusalError("not_found", NOT_BUILT, hint=TO_BUILD)
    return await _serve(request, page / "index.html")


@resource.route("GET", "/web/{name}")
async def asset(request: web.Request) -> web.StreamResponse:
    """Serve one of the page's files, found by name among those that exist, never by path."""
    page = find_page()
    known = {path.name: path for path in page.iterdir() if path.is_file()} if page else {}
    path = known.get(request.match_info["name"])
    if path is None:
        raise web.HTTPNotFound
    return await _serve(request, path)


async def _serve(request: web.Request, path: Path) -> web.StreamResponse:
    origin = request.app[FILES_ORIGIN].origin
    headers = HEADERS | {
        "Content-Security-Policy": POLICY.format(files=f" {origin}" if origin else ""),
        "Content-Type": CONTENT_TYPES.get(path.suffix, "application/octet-stream"),
    }
    return web.FileResponse(path, headers=headers | (SCOPE if path.name == WORKER else {}))
