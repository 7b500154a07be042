"""Serves the files of the web messenger as they are."""

from pathlib import Path

from aiohttp import web

from hubbub.server.http.operations import Resource

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        " object-src 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

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


def find_page() -> Path:
    """Return the folder of the page's files: in the package, or beside its sources."""
    package = Path(__file__).parents[3]
    candidates = (package / "web", package.parents[1] / "web")
    return next(path for path in candidates if (path / "index.html").is_file())


async def index() -> web.StreamResponse:
    """Serve the page."""
    return await _serve(find_page() / "index.html")


@resource.route("GET", "/web/{name}")
async def asset(request: web.Request) -> web.StreamResponse:
    """Serve one of the page's files, found by name among those that exist, never by path."""
    known = {path.name: path for path in find_page().iterdir() if path.is_file()}
    path = known.get(request.match_info["name"])
    if path is None:
        raise web.HTTPNotFound
    return await _serve(path)


async def _serve(path: Path) -> web.StreamResponse:
    content_type = CONTENT_TYPES.get(path.suffix, "application/octet-stream")
    return web.FileResponse(path, headers=HEADERS | {"Content-Type": content_type})
