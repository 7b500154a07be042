"""The page and its files, and the doors that say how the server is."""

import json
import re
import struct
from pathlib import Path

import pytest

from hubbub.server.http.resources.server.page import CONTENT_TYPES
from tests.integration.raw import Response, connected
from tests.support.server import Server

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web" / "dist"


async def get(server: Server, target: str, method: str = "GET") -> Response:
    """A request whose target nobody has tidied up."""
    async with connected(server.port) as raw:
        raw.send_request(f"{method} {target} HTTP/1.1", {"Host": "localhost"})
        return await raw.response(has_body=method != "HEAD")


async def test_the_page_is_at_the_root_and_may_load_only_what_is_ours(
    shared_server: Server,
) -> None:
    response = await get(shared_server, "/")
    assert response.status == 200
    assert response.body == (WEB / "index.html").read_bytes()
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in response.headers["content-security-policy"].split(";")
    )
    for nothing in ("default-src", "frame-ancestors", "object-src", "base-uri"):
        assert policy.pop(nothing) == "'none'"
    assert policy.pop("require-trusted-types-for") == "'script'"
    assert policy.pop("trusted-types") == "hubbub"
    assert {*policy.values()} == {"'self'"}
    assert "unsafe" not in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_every_file_of_the_page_is_served_as_it_is(shared_server: Server) -> None:
    files = [path for path in WEB.iterdir() if path.is_file()]
    assert {".html", ".js", ".css"} <= {path.suffix for path in files}
    assert CONTENT_TYPES[".js"].startswith("text/javascript")  # whatever this machine's table says
    for path in files:
        response = await get(shared_server, f"/web/{path.name}")
        assert (response.status, response.body) == (200, path.read_bytes())
        assert response.headers["content-type"] == CONTENT_TYPES[path.suffix]
        assert response.headers["content-security-policy"]


def test_the_direction_of_what_somebody_wrote_is_not_built_as_a_language() -> None:
    """Nothing says in which language it is, so that :lang() would never hold."""
    styles = [path.read_text() for path in WEB.glob("*.css")]
    assert any(":dir(" in css for css in styles)
    assert not any(":lang(" in css for css in styles)


async def test_the_service_worker_may_open_every_page(shared_server: Server) -> None:
    worker = await get(shared_server, "/web/sw.js")
    assert worker.headers["service-worker-allowed"] == "/"
    assert worker.headers["cache-control"] == "no-cache"  # or browsers would keep an old one
    assert "service-worker-allowed" not in (await get(shared_server, "/web/favicon.svg")).headers
    listed = json.loads(worker.body.decode().partition("=")[2].partition("]")[0] + "]")
    built = {f"/web/{path.name}" for path in WEB.iterdir() if path.is_file()}
    assert {*listed} == built - {"/web/sw.js"}


async def test_the_installed_page_has_the_icons_that_it_names(shared_server: Server) -> None:
    manifest = json.loads((await get(shared_server, "/web/manifest.webmanifest")).body)
    assert manifest["scope"] == manifest["start_url"] == "/"
    for icon in manifest["icons"]:
        body = (await get(shared_server, icon["src"])).body
        assert body.startswith(b"\x89PNG")
        width, height = struct.unpack_from(">II", body, 16)
        assert icon["sizes"] == f"{width}x{height}"
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}


async def test_the_page_names_only_files_that_are_there(shared_server: Server) -> None:
    page = (WEB / "index.html").read_text()
    named = re.findall(r'(?:src|href)="(/?web/[^"#]+)"', page)
    assert named
    for path in named:
        assert (await get(shared_server, f"/{path.lstrip('/')}")).status == 200, path


@pytest.mark.parametrize(
    "target",
    [
        "/web/nothing.js",
        "/web/",
        "/web",
        "/web/index.html/",
        "/web/../README.md",
        "/web/../web/index.html",
        "/web/..%2fREADME.md",
        "/web/%2e%2e/README.md",
        "/web/%2e%2e%2fpyproject.toml",
        "/web/..%5cREADME.md",
        "/web/....//README.md",
        "/web//etc/passwd",
        "/web/%2fetc%2fpasswd",
        "/web/index.html%00.js",
        "/web/.",
        "/web/..",
        "/README.md",
        "/../README.md",
        "/src/hubbub/events/__init__.py",
        "/nothing",
    ],
)
async def test_nothing_else_is_served(shared_server: Server, target: str) -> None:
    response = await get(shared_server, target)
    assert response.status in {400, 404}
    assert b"hubbub" not in response.body
    if response.status == 404:
        assert response.headers["content-type"] == "application/problem+json"
        assert b'"not_found"' in response.body


async def test_the_page_can_only_be_got(shared_server: Server) -> None:
    assert (await get(shared_server, "/", "HEAD")).status == 200
    response = await get(shared_server, "/", "POST")
    assert response.status == 405
    assert response.headers["allow"] == "GET,HEAD"


@pytest.mark.parametrize(
    "door, body", [("/healthz", b'{"status":"ok"}'), ("/readyz", b'{"status":"ready"}')]
)
async def test_the_server_says_how_it_is(shared_server: Server, door: str, body: bytes) -> None:
    response = await get(shared_server, door)
    assert (response.status, response.body) == (200, body)
    assert response.headers["cache-control"] == "no-store"
    assert (await get(shared_server, door, "HEAD")).status == 200
    assert (await get(shared_server, door, "POST")).status == 405


@pytest.mark.parametrize(
    "door, status", [("/healthz", 200), ("/readyz", 200), ("/api/v1/rooms", 403)]
)
async def test_balancers_may_ask_without_saying_whom(
    shared_server: Server, door: str, status: int
) -> None:
    async with connected(shared_server.port) as raw:
        raw.send_request(f"GET {door} HTTP/1.0", {})
        assert (await raw.response()).status == status


@pytest.mark.parametrize("target", ["/", "/api/v1/rooms", "/nothing", "/ws"])
async def test_no_answer_tells_what_the_server_is_made_of(
    shared_server: Server, target: str
) -> None:
    assert (await get(shared_server, target)).headers["server"] == "hubbub"
