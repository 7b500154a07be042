"""Which pages get an answer: every route, by the page that asks, with guests and without them.

The routes are the application's own list, so that a new one fails here until it says how it is reached.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import NamedTuple
from uuid import uuid4

import pytest

from hubbub.server.http.routes import ROUTES
from tests.integration.raw import HANDSHAKE, Raw, Response, connected
from tests.support.every_case import EVERY_CASE
from tests.support.server import Server

PUBLIC = "https://chat.example"
FILES = "https://files.example"
ALLOWED = "https://app.example"
JSON = {"Content-Type": "application/json"}
ROOM = "/api/v1/rooms/{room}"
PERSON = "/api/v1/people/{account}"


class Way(NamedTuple):
    """A request to a route that lets people in.

    `is_shell`: its answer is the same for everyone. `is_return`: a provider sends browsers there, and no other page may ask.
    """

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: str = ""
    needs_token: bool = False  # without guests
    needs_account: bool = False
    is_shell: bool = False
    is_return: bool = False


def api(target: str, method: str = "GET", body: str = "", **headers: str) -> list[Way]:
    return [Way(f"/api/v1/rooms{target}", method, JSON | headers, body, needs_token=True)]


def entering(target: str) -> list[Way]:
    """For anyone, whoever the server lets in otherwise. Here it asks for a token, and lacks everything else."""
    return [Way(f"/api/v1{target}", "POST", JSON, '{"wants":"token"}')]


def own(target: str, method: str = "GET", body: str = "") -> list[Way]:
    """For accounts alone."""
    return [Way(f"/api/v1{target}", method, JSON, body, needs_account=True)]


def sockjs(prefix: str) -> list[Way]:
    session = f"{prefix}/000/NEW"
    return [
        Way(f"{prefix}/info"),
        Way(f"{prefix}/websocket", headers=HANDSHAKE),
        Way(f"{session}/websocket", headers=HANDSHAKE),
        Way(f"{session}/eventsource"),
        Way(f"{session}/xhr", "POST"),
        Way(f"{session}/xhr_streaming", "POST"),
        Way(f"{session}/xhr_send", "POST"),
        Way(f"{session}/xhr_send", "OPTIONS"),
        Way(f"{prefix}/iframe.html"),
    ]


def engineio(door: str) -> list[Way]:
    return [
        Way(f"{door}?EIO=4&transport=polling"),
        Way(f"{door}?EIO=4&transport=polling&sid=x", "POST", body="40"),
        Way(f"{door}?EIO=4&transport=websocket", headers=HANDSHAKE),
    ]


WAYS: dict[tuple[str, str], list[Way]] = {
    ("GET", "/"): [Way("/", is_shell=True), Way("/", headers=HANDSHAKE, needs_token=True)],
    ("GET", "/web/{name}"): [Way("/web/favicon.svg", is_shell=True)],
    ("GET", "/claim"): [Way("/claim", is_shell=True)],
    ("GET", "/i"): [Way("/i", is_shell=True)],
    ("GET", "/reset"): [Way("/reset", is_shell=True)],
    ("GET", "/r/{room}"): [Way("/r/@r7m2q9x4w1z3k", is_shell=True)],
    ("GET", "/r/{room}/{seq}"): [Way("/r/@r7m2q9x4w1z3k/7", is_shell=True)],
    ("GET", "/ws"): [Way("/ws", headers=HANDSHAKE)],
    ("GET", "/echo"): [Way("/echo", headers=HANDSHAKE)],
    ("*", "/socket.io/"): engineio("/socket.io/"),
    ("*", "/sockjs"): [Way("/sockjs")],
    ("*", "/sockjs/{rest:.*}"): sockjs("/sockjs"),
    ("*", "/sockjs-plain"): [Way("/sockjs-plain")],
    ("*", "/sockjs-plain/{rest:.*}"): sockjs("/sockjs-plain"),
    ("POST", "/api/v1/login"): entering("/login"),
    ("POST", "/api/v1/claim"): entering("/claim"),
    ("GET", "/oidc/start"): [Way("/oidc/start")],
    ("POST", "/api/v1/oidc/start"): entering("/oidc/start"),
    ("GET", "/oidc/callback"): [Way("/oidc/callback?code=x&state=x", is_return=True)],
    ("POST", "/api/v1/logout"): own("/logout", "POST"),
    ("POST", "/api/v1/accept"): entering("/accept"),
    ("POST", "/api/v1/signup"): entering("/signup"),
    ("POST", "/api/v1/invites"): own("/invites", "POST", "{}"),
    ("GET", "/api/v1/invites"): own("/invites"),
    ("DELETE", "/api/v1/invites/{invite}"): own("/invites/x", "DELETE"),
    ("GET", "/api/v1/people"): own("/people"),
    ("POST", "/api/v1/people"): own("/people", "POST", "{}"),
    ("GET", f"{PERSON}/presence"): own("/people/x/presence"),
    ("PUT", f"{PERSON}/role"): own("/people/x/role", "PUT", "{}"),
    ("POST", f"{PERSON}/suspend"): own("/people/x/suspend", "POST"),
    ("POST", f"{PERSON}/resume"): own("/people/x/resume", "POST"),
    ("POST", f"{PERSON}/remove"): own("/people/x/remove", "POST", "{}"),
    ("GET", "/api/v1/me/export"): own("/me/export"),
    ("POST", "/api/v1/me/remove"): own("/me/remove", "POST", "{}"),
    ("DELETE", f"{PERSON}/sessions"): own("/people/x/sessions", "DELETE"),
    ("DELETE", f"{PERSON}/sessions/{{session}}"): own("/people/x/sessions/x", "DELETE"),
    ("GET", "/api/v1/admin/people/{account}/sessions"): own("/admin/people/x/sessions"),
    ("GET", "/api/v1/admin/rooms"): own("/admin/rooms"),
    ("GET", "/api/v1/admin/settings"): own("/admin/settings"),
    ("GET", "/api/v1/admin/figures"): own("/admin/figures"),
    ("GET", "/api/v1/admin/audit"): own("/admin/audit"),
    ("GET", "/api/v1/admin/files"): own("/admin/files"),
    ("GET", "/api/v1/admin/files/largest"): own("/admin/files/largest"),
    ("PUT", "/api/v1/admin/files/limits/{whose}"): own(
        "/admin/files/limits/person", "PUT", '{"size": 1}'
    ),
    ("GET", "/api/v1/me/files"): own("/me/files"),
    ("GET", "/api/v1/admin/connections"): own("/admin/connections"),
    ("DELETE", "/api/v1/admin/connections/{connection}"): own("/admin/connections/1", "DELETE"),
    ("POST", f"{PERSON}/reset"): own("/people/x/reset", "POST"),
    ("POST", "/api/v1/reset"): entering("/reset"),
    ("GET", "/api/v1/me"): own("/me"),
    ("GET", "/api/v1/start"): own("/start"),
    ("GET", "/api/v1/me/blocks"): own("/me/blocks"),
    ("PUT", "/api/v1/me/blocks/{account}"): own("/me/blocks/x", "PUT"),
    ("DELETE", "/api/v1/me/blocks/{account}"): own("/me/blocks/x", "DELETE"),
    ("GET", "/api/v1/me/subscription"): own("/me/subscription"),
    ("PUT", "/api/v1/me/subscription"): own("/me/subscription", "PUT", "{}"),
    ("DELETE", "/api/v1/me/subscription"): own("/me/subscription", "DELETE"),
    ("GET", "/api/v1/me/preferences"): own("/me/preferences"),
    ("PUT", "/api/v1/me/preferences/{name}"): own("/me/preferences/x", "PUT", "{}"),
    ("GET", "/api/v1/me/saved"): own("/me/saved"),
    ("GET", "/api/v1/search"): [Way("/api/v1/search?q=x", headers=JSON, needs_token=True)],
    ("PUT", "/api/v1/me/saved/{where}/{seq}"): own("/me/saved/doors/9", "PUT", "{}"),
    ("DELETE", "/api/v1/me/saved/{where}/{seq}"): own("/me/saved/doors/9", "DELETE"),
    ("GET", "/api/v1/me/drafts"): own("/me/drafts"),
    ("PUT", "/api/v1/me/drafts/{where}"): own("/me/drafts/doors", "PUT", '{"text":"x"}'),
    ("DELETE", "/api/v1/me/drafts/{where}"): own("/me/drafts/doors", "DELETE"),
    ("GET", "/api/v1/emoji"): [Way("/api/v1/emoji", needs_token=True)],
    ("PUT", "/api/v1/emoji/{name}"): [
        Way("/api/v1/emoji/x", "PUT", {"Content-Type": "image/png"}, "x", needs_account=True)
    ],
    ("DELETE", "/api/v1/emoji/{name}"): own("/emoji/x", "DELETE"),
    ("GET", "/api/v1/emoji/{name}/{image}"): [Way("/api/v1/emoji/x/x", needs_token=True)],
    ("POST", "/api/v1/files"): [Way("/api/v1/files", "POST", body="x", needs_account=True)],
    ("GET", "/api/v1/files/{file}"): [Way("/api/v1/files/x", needs_token=True)],
    ("GET", "/api/v1/files/{file}/thumbnails/{side}"): [
        Way("/api/v1/files/x/thumbnails/360", needs_token=True)
    ],
    ("PUT", "/api/v1/people/{account}/avatar"): own(
        "/people/@p7m2q9x4w1z3k/avatar", "PUT", '{"file": ""}'
    ),
    ("GET", "/api/v1/avatars/{avatar}"): [Way("/api/v1/avatars/x", needs_token=True)],
    ("OPTIONS", "/api/v1/uploads"): [Way("/api/v1/uploads", "OPTIONS")],
    ("POST", "/api/v1/uploads"): own("/uploads", "POST"),
    **{
        (method, "/api/v1/uploads/{file}"): own("/uploads/x", method)
        for method in ("GET", "PATCH", "DELETE")
    },
    ("PATCH", "/api/v1/me"): own("/me", "PATCH", "{}"),
    ("POST", "/api/v1/me/password"): own("/me/password", "POST", "{}"),
    ("GET", "/api/v1/me/sessions"): own("/me/sessions"),
    ("DELETE", "/api/v1/me/sessions"): own("/me/sessions", "DELETE"),
    ("DELETE", "/api/v1/me/sessions/{session}"): own("/me/sessions/x", "DELETE"),
    ("GET", "/api/v1/me/tokens"): own("/me/tokens"),
    ("POST", "/api/v1/me/tokens"): own("/me/tokens", "POST", "{}"),
    ("DELETE", "/api/v1/me/tokens/{id}"): own("/me/tokens/x", "DELETE"),
    ("GET", f"{PERSON}/tokens"): own("/people/x/tokens"),
    ("POST", f"{PERSON}/tokens"): own("/people/x/tokens", "POST", "{}"),
    ("DELETE", f"{PERSON}/tokens/{{id}}"): own("/people/x/tokens/x", "DELETE"),
    ("GET", "/api/v1/rooms"): api(""),
    ("GET", ROOM): api("/doors"),
    ("POST", "/api/v1/rooms"): own("/rooms", "POST", "{}"),
    ("PATCH", ROOM): api("/doors", "PATCH", "{}"),
    ("PUT", f"{ROOM}/avatar"): api("/doors/avatar", "PUT", '{"file": ""}'),
    ("POST", f"{ROOM}/archive"): api("/doors/archive", "POST"),
    ("POST", f"{ROOM}/restore"): api("/doors/restore", "POST"),
    ("POST", f"{ROOM}/join"): api("/doors/join", "POST"),
    ("POST", f"{ROOM}/leave"): api("/doors/leave", "POST"),
    ("GET", f"{ROOM}/may"): api("/doors/may"),
    ("GET", f"{ROOM}/members"): api("/doors/members"),
    ("POST", f"{ROOM}/members"): api("/doors/members", "POST", '{"who":["x"]}'),
    ("PUT", f"{ROOM}/members/{{who}}"): api("/doors/members/x", "PUT", '{"role":"host"}'),
    ("DELETE", f"{ROOM}/members/{{who}}"): api("/doors/members/x", "DELETE"),
    ("GET", f"{ROOM}/bans"): api("/doors/bans"),
    ("GET", f"{ROOM}/mutes"): api("/doors/mutes"),
    ("GET", f"{ROOM}/settings"): api("/doors/settings"),
    ("PUT", f"{ROOM}/bans/{{who}}"): api("/doors/bans/x", "PUT", "{}"),
    ("DELETE", f"{ROOM}/bans/{{who}}"): api("/doors/bans/x", "DELETE"),
    ("PUT", f"{ROOM}/mutes/{{who}}"): api("/doors/mutes/x", "PUT", "{}"),
    ("DELETE", f"{ROOM}/mutes/{{who}}"): api("/doors/mutes/x", "DELETE"),
    ("GET", "/api/v1/me/rooms"): own("/me/rooms"),
    ("PATCH", "/api/v1/me/rooms/{room}"): [
        Way("/api/v1/me/rooms/doors", "PATCH", JSON, "{}", needs_token=True)
    ],
    ("PUT", f"{ROOM}/read"): api("/doors/read", "PUT", '{"upto":1}'),
    ("PUT", f"{ROOM}/unread"): api("/doors/unread", "PUT"),
    ("GET", "/api/v1/directory"): own("/directory"),
    ("POST", f"{ROOM}/messages"): api("/doors/messages", "POST", '{"text":"hello"}'),
    ("GET", f"{ROOM}/messages"): api("/doors/messages"),
    ("GET", f"{ROOM}/messages/{{seq}}"): api("/doors/messages/9"),
    ("GET", f"{ROOM}/messages/{{seq}}/source"): api("/doors/messages/9/source"),
    ("GET", f"{ROOM}/messages/{{seq}}/history"): api("/doors/messages/9/history"),
    ("PATCH", f"{ROOM}/messages/{{seq}}"): api("/doors/messages/9", "PATCH", '{"text":"ho"}'),
    ("DELETE", f"{ROOM}/messages/{{seq}}"): api("/doors/messages/9", "DELETE"),
    ("PUT", f"{ROOM}/messages/{{seq}}/reactions/{{emoji}}"): api(
        "/doors/messages/9/reactions/x", "PUT"
    ),
    ("DELETE", f"{ROOM}/messages/{{seq}}/reactions/{{emoji}}"): api(
        "/doors/messages/9/reactions/x", "DELETE"
    ),
    ("GET", f"{ROOM}/threads"): api("/doors/threads"),
    ("POST", f"{ROOM}/end"): api("/doors/end", "POST"),
    ("POST", f"{ROOM}/reopen"): api("/doors/reopen", "POST"),
    ("GET", "/api/v1/me/threads"): own("/me/threads"),
    ("GET", "/api/v1/me/missed"): own("/me/missed"),
    **{
        (method, "/api/v1/me/threads/{room}"): [
            Way("/api/v1/me/threads/doors", method, needs_token=True)
        ]
        for method in ("PUT", "DELETE")
    },
    ("DELETE", f"{ROOM}/messages/{{seq}}/previews"): api(
        "/doors/messages/9/previews?url=https://a.example/", "DELETE"
    ),
    ("GET", f"{ROOM}/pins"): api("/doors/pins"),
    ("PUT", f"{ROOM}/pins/{{seq}}"): api("/doors/pins/9", "PUT"),
    ("DELETE", f"{ROOM}/pins/{{seq}}"): api("/doors/pins/9", "DELETE"),
    ("GET", f"{ROOM}/state"): api("/doors/state"),
    ("PATCH", f"{ROOM}/state"): api(
        "/doors/state", "PATCH", "{}", **{"Content-Type": "application/merge-patch+json"}
    ),
    ("POST", f"{ROOM}/signals"): api(
        "/doors/signals", "POST", '{"kind":"typing","key":"x","value":true}'
    ),
    ("GET", f"{ROOM}/events"): [
        *api("/doors/events?since=0"),
        *api("/doors/events", Accept="text/event-stream"),
    ],
    ("GET", "/api/v1/ways"): [Way("/api/v1/ways")],
    ("GET", "/api/v1/openapi.json"): [Way("/api/v1/openapi.json")],
    ("GET", "/api/v1/asyncapi.json"): [Way("/api/v1/asyncapi.json")],
    ("GET", "/healthz"): [Way("/healthz")],
    ("GET", "/readyz"): [Way("/readyz")],
    ("GET", "/metrics"): [Way("/metrics")],
}

FOREIGN = (
    "null",
    "",
    "https://evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://evil-localhost:8181",
    "http://10.0.0.1",
    "https://evil.chat.example",
    "https://chat.example.evil.example",
    "http://app.example",
    "https://app.example:8443",
    "chrome-extension://localhost",
    "moz-extension://127.0.0.1",
    "file://",
)
LOOPBACK = ("http://localhost:3000", "https://127.0.0.1", "http://app.localhost:5173")
SITES = (None, "none", "same-origin", "same-site", "cross-site", "elsewhere")
SITES_BESIDE_AN_ORIGIN = (None, "same-origin", "cross-site")
# Every page asks these: one for each kind of answer, and for each piece of code that may check who asks. One page of each kind asks the others.
THOROUGHLY = {
    *(("GET", "/"), ("GET", "/ws"), ("*", "/socket.io/"), ("*", "/sockjs/{rest:.*}")),
    *(("POST", "/api/v1/login"), ("GET", "/oidc/callback"), ("GET", "/healthz"), ("GET", ROOM)),
    *(("GET", f"{ROOM}/events"), ("POST", f"{ROOM}/messages"), ("POST", "/api/v1/files")),
}
ONE_OF_EACH_KIND = {"null", "https://evil.example", "http://localhost:3000"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FRAME = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}


class Page(NamedTuple):
    """Whose page asks, in what a browser sends; whether it may, and whether it goes there itself."""

    headers: dict[str, str]
    may_ask: bool
    is_navigation: bool = False


def is_tried(route: tuple[str, str], page: Mapping[str, str]) -> bool:
    """Whether to try a route with a page that sends these headers."""
    is_like_others = page.get("Origin") in {*FOREIGN, *LOOPBACK} - ONE_OF_EACH_KIND
    is_usual = page.get("Sec-Fetch-Site") in (None, "same-origin", "cross-site")
    return EVERY_CASE or route in THOROUGHLY or (is_usual and not is_like_others)


def pages(server: Server, *, is_public: bool) -> list[Page]:
    """All that are to be tried at a server, which may know its public address."""
    own = f"http://127.0.0.1:{server.port}"
    origins = dict.fromkeys(FOREIGN, False) | {PUBLIC: is_public, ALLOWED: True}
    origins |= dict.fromkeys((own, *LOOPBACK), not is_public)
    with_origin = [
        Page({"Origin": origin, **({"Sec-Fetch-Site": site} if site else {}), **how}, may_ask)
        for origin, may_ask in origins.items()
        for site in SITES_BESIDE_AN_ORIGIN
        for how in ({}, NAVIGATION)[: 2 if site == "cross-site" else 1]  # a link has no Origin
    ]
    return with_origin + [
        Page({**({"Sec-Fetch-Site": site} if site else {}), **how}, may_ask, how is NAVIGATION)
        for site in SITES
        for may_ask in (site in (None, "none", "same-origin"),)
        for how in ({}, NAVIGATION, FRAME)
    ]


@pytest.fixture(scope="module", params=["guests", "no guests", "public"])
async def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Server, str]]:
    flags = {
        "guests": (),
        "no guests": ("--guests", "off"),
        "public": ("--public-url", PUBLIC, "--files-origin", FILES, "--guests", "on", "--echo"),
    }[request.param]
    data = tmp_path_factory.mktemp("pages") / "data"
    async with Server(data, "--allow-origin", ALLOWED, *flags) as server:
        yield server, request.param


class Asker:
    """Asks a server, over one connection for as long as the server keeps it."""

    def __init__(self, server: Server, stack: AsyncExitStack) -> None:
        self._server = server
        self._stack = stack
        self._raw: Raw | None = None

    async def __call__(self, way: Way, headers: Mapping[str, str]) -> Response:
        raw = self._raw
        if raw is None:
            raw = await self._stack.enter_async_context(connected(self._server.port))
        size = {"Content-Length": str(len(way.body))} if way.body else {}
        raw.send_request(
            f"{way.method} {way.target.replace('NEW', uuid4().hex)} HTTP/1.1",
            {"Host": f"127.0.0.1:{self._server.port}", **size, **way.headers, **headers},
        )
        raw.send(way.body.encode())
        response = await raw.response()
        is_kept = "content-length" in response.headers and "connection" not in response.headers
        self._raw = raw if is_kept else None
        return response


async def ask(server: Server, way: Way, headers: Mapping[str, str]) -> Response:
    async with AsyncExitStack() as stack:
        return await Asker(server, stack)(way, headers)


def is_foreign(response: Response) -> bool:
    return (
        response.status == 403 and b"Origin not allowed" in response.body
    )  # in JSON, or on a page


@pytest.mark.parametrize("route", [(r.method, r.path) for r in ROUTES], ids=" ".join)
async def test_a_route_answers_only_pages_that_may_ask(
    served: tuple[Server, str], route: tuple[str, str]
) -> None:
    server, kind = served
    async with AsyncExitStack() as stack:
        ask = Asker(server, stack)
        tried = [
            each
            for each in pages(server, is_public=kind == "public")
            if is_tried(route, each.headers)
        ]
        for way in WAYS[route]:  # a KeyError: say here how the new route is reached
            for page in tried:
                response = await ask(way, page.headers)
                is_for_links = (way.is_shell or way.is_return) and "Upgrade" not in way.headers
                is_link = page.is_navigation and is_for_links
                is_other = page.headers.get("Origin") in (ALLOWED, *LOOPBACK)
                may_ask = page.may_ask and not (way.is_return and is_other)
                told = (way, page, response)
                assert is_foreign(response) is not (may_ask or is_link), told
                if not is_foreign(response):
                    needs_more = way.needs_account or (way.needs_token and kind == "no guests")
                    assert (response.status == 401) is needs_more, told
                assert_protected(response)


HOLDING = (
    *("/ws", "/echo", "/socket.io/", "/sockjs"),
    *("/api/v1/rooms/doors/events", "/api/v1/me/export"),
)


def is_reading(way: Way) -> bool:
    """Whether it has no effect and is answered at once."""
    is_get = way.method == "GET" and "Upgrade" not in way.headers
    return is_get and not way.target.startswith(HOLDING)


def cookie_pages(server: Server, *, is_public: bool) -> list[tuple[dict[str, str], bool | None]]:
    """What browsers send with a cookie, and whether it speaks for them; None if only for reading."""
    own = PUBLIC if is_public else f"http://127.0.0.1:{server.port}"
    foreign = {*FOREIGN, *LOOPBACK, ALLOWED, PUBLIC, f"http://localhost:{server.port}"} - {own}
    return [
        ({}, None),
        *(({"Sec-Fetch-Site": site}, site in ("none", "same-origin")) for site in SITES if site),
        *(({"Origin": own, **site}, True) for site in ({}, {"Sec-Fetch-Site": "cross-site"})),
        *(({"Origin": origin}, False) for origin in sorted(foreign)),
        ({"Origin": ALLOWED, "Sec-Fetch-Site": "same-origin"}, False),
    ]


@pytest.mark.parametrize("route", [(r.method, r.path) for r in ROUTES], ids=" ".join)
async def test_a_cookie_speaks_for_our_own_pages_only(
    served: tuple[Server, str], route: tuple[str, str]
) -> None:
    server, kind = served
    is_public = kind == "public"
    name = "__Host-hubbub" if is_public else f"hubbub-{server.port}"
    async with AsyncExitStack() as stack:
        ask = Asker(server, stack)
        for way in WAYS[route]:
            for headers, speaks in cookie_pages(server, is_public=is_public):
                if not is_tried(route, headers):
                    continue
                response = await ask(way, headers | {"Cookie": f"a=b; {name}=unknown"})
                may_ask = is_reading(way) if speaks is None else speaks
                assert is_foreign(response) is not may_ask, (way, headers, response)


async def test_at_the_origin_of_files_there_is_nothing_without_a_ticket(
    served: tuple[Server, str],
) -> None:
    server, kind = served
    proofs: tuple[dict[str, str], ...] = (
        {},
        {"Cookie": "__Host-hubbub=unknown", "Sec-Fetch-Site": "same-origin", "Origin": FILES},
        {"Authorization": "Bearer unknown"},
        {"Hubbub-Key": "k" * 32, "Origin": PUBLIC},
    )
    async with AsyncExitStack() as stack:
        ask = Asker(server, stack)
        for ways in WAYS.values():
            for way in (*ways, ways[0]._replace(method="OPTIONS", headers={}, body="")):
                for headers in proofs:
                    response = await ask(way, headers | {"Host": FILES.removeprefix("https://")})
                    # Without that setting, it is the name of another server.
                    expected = 404 if kind == "public" else 403
                    assert response.status == expected, (way, headers, response)
                    given = {"set-cookie", "access-control-allow-origin"}
                    assert given.isdisjoint(response.headers)
                    assert_protected(response)


async def test_a_cookie_of_another_program_gives_no_authority(served: tuple[Server, str]) -> None:
    server, kind = served
    for name in ("hubbub-1", "hubbub", "session", f"hubbub-{server.port}0"):
        headers = {"Cookie": f"{name}=x\u00e9; ;=", "Origin": ALLOWED}
        response = await ask(server, WAYS["GET", ROOM][0], headers)
        assert response.status == (401 if kind == "no guests" else 200)


@pytest.mark.parametrize("value", ["", "a; {name}=b", "caf\u00e9", '"quoted"', "x" * 257])
async def test_a_cookie_of_ours_that_holds_no_token_is_refused(
    served: tuple[Server, str], value: str
) -> None:
    server, kind = served
    name = "__Host-hubbub" if kind == "public" else f"hubbub-{server.port}"
    cookie = {"Cookie": f"{name}={value.format(name=name)}", "Sec-Fetch-Site": "same-origin"}
    for way in (*WAYS["GET", ROOM], *WAYS["GET", "/ws"], *WAYS["*", "/socket.io/"]):
        response = await ask(server, way, cookie)
        assert response.status == 400, (way, response)
        assert name in json.loads(response.body)["detail"]


async def test_a_token_of_ones_own_counts_for_more_than_a_cookie(
    served: tuple[Server, str],
) -> None:
    server, kind = served
    name = "__Host-hubbub" if kind == "public" else f"hubbub-{server.port}"
    headers = {"Cookie": f"{name}=unknown", "Authorization": "Bearer unknown", "Origin": ALLOWED}
    assert not is_foreign(await ask(server, WAYS["GET", ROOM][0], headers))
    assert is_foreign(
        await ask(server, WAYS["GET", ROOM][0], headers | {"Authorization": "Basic x"})
    )


def assert_protected(response: Response) -> None:
    """What no answer is without, whatever it is."""
    if response.status == 101:  # no page, no image, no text
        return
    headers = response.headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["vary"] == "Origin"  # else a cache could give it to a page of another origin


@pytest.mark.parametrize(
    "line, status",
    [
        ("GET /nowhere HTTP/1.1", 404),
        ("PUT /healthz HTTP/1.1", 405),
        ("GET /sockjs/iframe.html HTTP/1.1", 404),
        ("GET /sockjs/iframe-1.6.1.html HTTP/1.1", 404),
        ("OPTIONS /api/v1/rooms HTTP/1.1", 405),
        ("GET / HTTP/9.9", 400),
        (f"GET /{'x' * 9000} HTTP/1.1", 431),
    ],
)
async def test_an_error_is_protected_as_well(shared_server: Server, line: str, status: int) -> None:
    async with connected(shared_server.port) as raw:
        response = await raw.request(line, {"Host": "localhost"})
    assert response.status == status
    assert_protected(response)


async def test_a_page_that_may_ask_is_told_so_before_it_asks(served: tuple[Server, str]) -> None:
    server, _ = served
    asking = {"Origin": ALLOWED, "Access-Control-Request-Method": "POST"}
    for (_, path), ways in WAYS.items():
        preflight = ways[0]._replace(method="OPTIONS", headers={}, body="")
        answer = await ask(server, preflight, asking)
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, ALLOWED), (
            path
        )
        assert_protected(answer)
        assert is_foreign(await ask(server, preflight, asking | {"Origin": "https://evil.example"}))
