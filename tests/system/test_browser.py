"""A browser goes on loading while other tests make networks."""

import pytest
from aiohttp import ClientSession
from playwright.async_api import Page

from tests.support.network import is_possible, network
from tests.support.server import Server

ROOM = "/api/v1/rooms/deaf"
# Chromium has six connections to a site. A request that waits for one is what a change of the network would end.
POLL = f"""() => {{
    window.polls = Array.from({{ length: 7 }}, (_, number) =>
        fetch(`{ROOM}/events?since=0&wait=20&number=${{number}}`).then((answer) => answer.status));
}}"""


@pytest.mark.skipif(not is_possible(), reason="takes root, and Debian's iproute2")
async def test_a_network_that_comes_and_goes_ends_no_request(
    page: Page, shared_server: Server
) -> None:
    await page.route("**/bare", lambda route: route.fulfill(body="", content_type="text/html"))
    await page.goto(f"{shared_server.url}/bare")
    async with page.expect_request("**/events?*number=6"):
        await page.evaluate(POLL)
    with network(["elsewhere"]):
        pass
    async with ClientSession(shared_server.url) as http:
        posted = await http.post(f"{ROOM}/messages?name=ada", json={"text": "hi"})
        assert posted.status == 201
    assert await page.evaluate("Promise.all(window.polls)") == [200] * 7
