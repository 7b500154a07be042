"""Previews of links: what is fetched from a site of the test's own, what isn't, and what rooms are told."""

import asyncio
import gzip
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hubbub.events import LinkPreview
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.people.outside.lookups import Found, Lookups
from hubbub.server.people.outside.reachable import Reachable
from hubbub.server.people.rates import Rates
from hubbub.server.previews import pages as previews
from hubbub.server.previews.pages import Pages
from tests.integration.conftest import KEY
from tests.integration.native import Native, native
from tests.support.server import Server

HTML = "<title>A title</title><meta name=description content='About it'>"


@dataclass
class Site:
    """A site on loopback, which says whatever a test wants, and how often it was asked for it."""

    port: int = 0
    asked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    answers: dict[str, Callable[[web.Request], Any]] = field(default_factory=dict)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path}"

    def preview(self, path: str) -> LinkPreview:
        return LinkPreview(self.url(path), "A title", description="About it")

    def says(self, path: str, text: str | bytes = HTML, status: int = 200, **headers: str) -> str:
        """Let a path answer so; returns its address."""
        body = text.encode() if isinstance(text, str) else text
        headers = {"Content-Type": "text/html"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        self.answers[path] = lambda _: web.Response(status=status, body=body, headers=headers)
        return self.url(path)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/")
        self.asked[path] += 1
        self.is_asked.set()
        usual = web.Response(text=HTML, content_type="text/html")
        found = self.answers[path](request) if path in self.answers else usual
        return found if isinstance(found, web.StreamResponse) else await found


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    application = web.Application()
    application.router.add_get("/{path:.*}", site.handle)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.port = runner.addresses[0][1]
    yield site
    site.is_over.set()
    await runner.cleanup()


class Names(Lookups):
    """Names as a test says: what each look-up answers, in order."""

    def __init__(self, *found: list[str]) -> None:
        super().__init__()
        self.found = list(found)

    async def addresses(self, host: str, family: socket.AddressFamily) -> Found:
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, each) for each in self.found.pop(0)
        ]


class Fetching:
    """Pages whose clock stands still, and what became of each link."""

    def __init__(self, site: Site, *names: list[str]) -> None:
        reach = Reachable.of(["127.0.0.0/8"], [site.port])
        self.names = Names(*names)
        self.outcomes: list[str] = []
        self.now = 0.0
        if names:
            reach = Reachable(reach.networks, reach.ports, lookups=self.names)
        own = "https://chat.example"
        self.pages = Pages(reach, own, lambda: self.now, self.outcomes.append)

    async def outcome(self, url: str, who: str = "ada") -> str:
        """What becomes of a link without a preview."""
        assert await self.pages.preview(url, who) is None
        return self.outcomes[-1] if self.outcomes else ""


async def test_nothing_is_remembered_of_what_was_fetched_and_no_proxy_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching = Fetching(site)
    monkeypatch.setenv("http_proxy", site.url("proxy").replace("127.0.0.1", "proxy.invalid"))
    monkeypatch.setenv("no_proxy", "")
    for _ in range(2):
        assert await fetching.pages.preview(site.url("a"), "ada") == site.preview("a")
    assert (site.asked["a"], fetching.outcomes) == (2, ["found", "found"])


async def test_redirects_are_followed_where_requests_may_go(site: Site) -> None:
    fetching = Fetching(site)
    site.says("b", "", 302, Location="/c")
    site.says("a", "", 301, Location=site.url("b", "127.0.0.2").replace("127.0.0.2", "127.0.0.1"))
    found = await fetching.pages.preview(site.url("a"), "ada")
    assert found == site.preview("a"), "under the address that was posted"
    site.says("loop", "", 302, Location="loop")
    assert await fetching.outcome(site.url("loop")) == "failed"
    assert site.asked["loop"] == previews.MOST_REDIRECTS + 1
    for place in (
        *("http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest"),
        *("http://127.0.0.1:22/", "file:///etc/passwd", "https://chat.example/"),
    ):
        url = site.says(f"to-{place}".replace("/", "-"), "", 307, Location=place)
        assert await fetching.outcome(url) == "not_allowed", place
    site.says("nowhere", "", 302, Location="http://[")
    assert await fetching.outcome(site.url("nowhere")) == "failed"


async def test_names_are_looked_up_once_and_private_addresses_dropped(site: Site) -> None:
    fetching = Fetching(site, ["10.0.0.1", "127.0.0.1"], ["::ffff:10.0.0.1", "::1", "192.168.0.1"])
    url = site.url("a", "a.example")
    assert await fetching.pages.preview(url, "ada"), "by the only address that is allowed"
    assert len(fetching.names.found) == 1, "and nobody asked again"
    assert await fetching.outcome(site.url("b", "b.example")) == "not_allowed"
    assert set(site.asked) == {"a"}


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "[::ffff:7f00:1]",
            "[::1]",
            "0",
            "2130706433",
            "0x7f000001",
            "127.1",
            "localhost",
        ),
        *("①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1", "127.0.0.1.", "[64:ff9b::7f00:1]"),
    ],
)
async def test_no_form_of_a_private_address_is_reached(host: str, site: Site) -> None:
    outcomes: list[str] = []
    pages = Pages(Reachable.of([], [site.port]), "", lambda: 0.0, outcomes.append)
    assert await pages.preview(site.url("a", host), "ada") is None
    assert not site.asked
    assert outcomes in (["not_allowed"], ["failed"])


async def test_what_is_no_page_has_no_preview(site: Site) -> None:
    fetching = Fetching(site)
    bomb = gzip.compress(b"<title>A title</title>" + b"x" * 10_000_000)
    site.says("bomb", bomb, Content_Encoding="gzip")
    site.says("text", HTML, Content_Type="text/plain")
    site.says("untitled", "<p>hello")
    for path in ("bomb", "text", "untitled"):
        assert await fetching.outcome(site.url(path)) == "none"
    site.says("missing", HTML, 404)
    assert await fetching.outcome(site.url("missing")) == "failed"
    for url in ("http://ada:secret@127.0.0.1/", "https://chat.example/", "http://[/", "http://"):
        before = list(fetching.outcomes)
        assert await fetching.pages.preview(url, "ada") is None
        assert fetching.outcomes == before, "it is not even asked"


async def test_only_the_beginning_of_a_huge_page_is_read_and_a_slow_one_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching = Fetching(site)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(HTML.encode())
        with suppress(ConnectionError):
            while not site.is_over.is_set():  # or until nobody listens
                await response.write(b"x" * 65_536)
        return response

    async def slow(_: web.Request) -> web.StreamResponse:
        await site.is_over.wait()
        return web.Response()

    site.answers |= {"huge": endless, "slow": slow}
    assert await fetching.pages.preview(site.url("huge"), "ada") == site.preview("huge")
    monkeypatch.setattr(previews, "FETCH_SECONDS", 0.01)
    assert await fetching.outcome(site.url("slow")) == "failed"


async def test_a_server_that_failed_is_asked_once_more(site: Site) -> None:
    fetching = Fetching(site)
    site.answers["a"] = lambda _: web.Response(
        status=500 if site.asked["a"] == 1 else 200, text=HTML, content_type="text/html"
    )
    assert await fetching.pages.preview(site.url("a"), "ada") == site.preview("a")
    site.says("b", HTML, 503)
    assert await fetching.outcome(site.url("b")) == "failed" and site.asked["b"] == 2


async def test_nobody_has_very_many_links_fetched(site: Site) -> None:
    fetching = Fetching(site)
    for n in range(int(previews.HOST_AT_ONCE)):
        assert await fetching.pages.preview(site.url(f"{n}"), f"p{n}")
    assert await fetching.outcome(site.url("more"), "grace") == "too_early", "of one host"
    fetching.now = 60.0
    assert await fetching.pages.preview(site.url("more"), "grace")
    fetching.pages._people = Rates(0.001, 1.0)
    assert await fetching.pages.preview(site.url("first"), "mary")
    assert await fetching.outcome(site.url("second"), "mary") == "too_early", "of one person"
    fetching.pages._all = Rates(0.001, 1.0)
    assert await fetching.pages.preview(site.url("first"), "ada")
    assert await fetching.outcome(site.url("second"), "grace") == "too_early", "of all"


async def test_links_that_fail_or_are_slow_count_as_several(site: Site) -> None:
    fetching = Fetching(site)
    site.says("missing", "", 404)

    def slow(_: web.Request) -> web.Response:
        fetching.now += previews.SLOW_SECONDS + 1
        return web.Response(text=HTML, content_type="text/html")

    site.answers["slow"] = slow
    assert await fetching.pages.preview(site.url("slow"), "ada")
    for _ in range(3):
        assert await fetching.outcome(site.url("missing")) == "failed"
    assert await fetching.outcome(site.url("missing")) == "too_early"
    assert await fetching.pages.preview(site.url("a"), "grace"), "others are not concerned"


# --- a server ---


@asynccontextmanager
async def served(data: Path, site: Site) -> AsyncIterator[tuple[Native, Native]]:
    """Run a server that previews links, with ada, who follows the lobby, and grace."""
    given = Settings(
        data=data,
        host="127.0.0.1",
        port=0,
        link_previews="all",
        outgoing_network=("127.0.0.0/8",),
        outgoing_port=(str(site.port),),
    )
    async with (
        running(given) as server,
        native(server.port, "ada", key=KEY) as ada,
        native(server.port, "grace") as grace,
    ):
        await ada.ask("join", room="lobby")
        yield ada, grace


async def test_messages_show_previews_until_their_links_are_gone(
    site: Site, tmp_path: Path
) -> None:
    async with served(tmp_path, site) as (ada, grace):
        a, b = site.url("a"), site.url("b")
        site.says("b", "<title>Another</title><script>alert(1)</script>")
        await ada.ask("post", room="lobby", text=f"{a} and {b}, not `{site.url('code')}`")
        heard = [await ada.event() for _ in range(2)]
        cards = [
            {"url": a, "title": "A title", "description": "About it"},
            {"url": b, "title": "Another"},
        ]
        assert (heard[1]["event"], heard[1]["message"], heard[1]["previews"]) == (
            "previewed",
            1,
            cards,
        )
        refused = await grace.refused("remove_preview", room="lobby", seq=1, url=a)
        assert refused["code"] == "forbidden"
        await ada.ask("remove_preview", room="lobby", seq=1, url=a)
        assert (await ada.event())["previews"] == cards[1:]
        shown = (await grace.ask("join", room="lobby"))["messages"][0]
        assert shown["previews"] == cards[1:]
        await ada.ask("edit", room="lobby", seq=1, text=f"{a} only")
        assert [(await ada.event())["event"] for _ in range(2)] == ["edited", "previewed"]
        await ada.ask("post", room="lobby", text=f"again {a}")
        again = [await ada.event() for _ in range(2)]
        assert again[1]["message"] == again[0]["seq"] and again[1]["previews"] == cards[:1]
        assert site.asked == {"a": 2, "b": 1}, "each once for each message, and none in code"


async def test_who_is_killed_while_fetching_shows_the_preview_once(
    site: Site, tmp_path: Path
) -> None:
    go = asyncio.Event()

    async def held(_: web.Request) -> web.Response:
        await go.wait()
        return web.Response(text=HTML, content_type="text/html")

    site.answers["a"] = held
    flags = ("--link-previews", "all", "--outgoing-network", "127.0.0.0/8")
    async with Server(tmp_path, *flags, "--outgoing-port", str(site.port)) as server:
        async with native(server.port, "ada", key=KEY) as ada:
            await ada.ask("post", room="lobby", text=site.url("a"))
            await site.is_asked.wait()
            await server.kill()
        go.set()
        await server.start()
        async with native(server.port, "grace") as grace:
            await grace.ask("join", room="lobby", since=0)
            events = [await grace.event() for _ in range(2)]
            assert events[1]["previews"] == [
                {"url": site.url("a"), "title": "A title", "description": "About it"}
            ]
            await grace.ask("post", room="lobby", text="and nothing else")
            assert (await grace.event())["seq"] == 3
    assert site.asked["a"] == 2
