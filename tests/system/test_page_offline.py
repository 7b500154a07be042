"""The page without a server: it opens, reads and writes, and says what it can't keep."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.support.server import Server
from tests.system.test_page import Open, bodies, composer, here, kept, say, visiting

expect.set_options(timeout=15_000)

pytestmark = pytest.mark.timeout(120)

CACHED = """async () => {
  const found = [];
  for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
  return found;
}"""


@pytest.fixture
async def visit_shared(browser: Browser, shared_server: Server) -> AsyncIterator[Open]:
    """Opens pages of the shared server; the test fails if one threw, or its console had an error."""
    async with visiting(browser, shared_server) as visit:
        yield visit


@pytest.fixture
async def visit(browser: Browser, server: Server) -> AsyncIterator[Open]:
    """The same of a server of the test's own, which it may stop."""
    async with visiting(browser, server) as visit:
        yield visit


# --- the page's own files ---


async def test_the_service_worker_keeps_the_page_and_nothing_of_the_api(
    shared_server: Server, visit_shared: Open
) -> None:
    page = await here(await visit_shared("/?name=ada&room=worker"))
    await kept(page)
    await page.reload()
    await here(page)  # under the worker by now
    await say(page, "through the worker")
    await expect(bodies(page)).to_have_text(["through the worker"])
    await page.evaluate("fetch('/api/v1/rooms').then((answer) => answer.json())")
    await page.evaluate("fetch('/healthz').then((answer) => answer.text())")
    cached = await page.evaluate(CACHED)
    assert {path for path in cached if not path.startswith("/web/")} == set()
    assert {"/web/index.html", "/web/manifest.webmanifest"} <= {*cached}
    assert "/web/sw.js" not in cached


async def test_the_page_opens_without_a_server(server: Server, visit: Open) -> None:
    page = await here(await visit("/?name=ada"))
    await kept(page)
    await server.kill()
    await page.goto(f"{server.url}/r/lobby")
    await expect(composer(page)).to_be_visible()


async def test_a_newer_version_waits_until_it_is_wanted(
    shared_server: Server, visit_shared: Open
) -> None:
    """It never takes over by itself: somebody may be writing."""
    page = await here(await visit_shared("/?name=ada&room=versions", bypass_csp=True))
    await kept(page)
    newer = page.get_by_text("There is a new version of hubbub")
    await expect(newer).to_be_hidden()
    await composer(page).fill("half a sentence")
    begun = await page.evaluate("performance.timeOrigin")
    await page.evaluate(
        "async () => { await navigator.serviceWorker.register('/web/sw.js?newer', { scope: '/' }); }"
    )
    await expect(newer).to_be_visible()
    assert await page.evaluate("performance.timeOrigin") == begun
    await expect(composer(page)).to_have_value("half a sentence")
    async with page.expect_event("framenavigated"):
        await page.get_by_role("button", name="Reload").click()
    await here(page)
    assert await page.evaluate("navigator.serviceWorker.controller.scriptURL.endsWith('newer')")
