"""Makes the README's pictures of the page anew, of a team at work: `make readme-pictures`."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import ViewportSize, async_playwright, expect

from tests.support.checkout import ROOT
from tests.support.chromium import chromium_path
from tests.support.server import Server
from tests.system.states import Team, come, furnish

IMAGES = ROOT / "docs" / "images"
SIZE: ViewportSize = {"width": 1280, "height": 720}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CODE = 'Measured again:\n```python\ndef p99(posts: int = 12_400) -> str:\n    return f"{posts}/s in 8.1 ms"\n```'
CALL = "@ada can you look at the outbox before noon? It keeps its order after a reload now."


async def draw(team: Team) -> None:
    """Draw the room with what is new in it, and a thread beside it."""
    await team.say("linus", team.rooms["engine"], CODE)
    await team.say("margaret", team.rooms["engine"], CALL)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), chromium_sandbox=os.geteuid() != 0
        )
        context = await browser.new_context(
            base_url=team.server.url, viewport=SIZE, reduced_motion="reduce"
        )
        page = await context.new_page()
        await come(page, team)
        await expect(page.locator(".newline")).to_be_attached()
        await expect(page.locator(".code-keyword").last).to_be_attached()
        await page.get_by_role("button", name="2 replies").click()
        thread = page.get_by_role("complementary", name="Thread")
        await expect(thread.get_by_role("log").locator(".body")).to_have_count(2)
        await page.get_by_role("heading", name="engine").hover()
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            await page.screenshot(path=IMAGES / f"page-{scheme}.png")
        await browser.close()


async def main() -> None:
    """Furnish a server, and draw its page."""
    with tempfile.TemporaryDirectory() as folder:
        async with Server(Path(folder) / "data") as server:
            await draw(await furnish(server))


if __name__ == "__main__":
    asyncio.run(main())
