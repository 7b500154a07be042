"""The server's own emoji on the page: in texts, in reactions, for accounts and for visitors, and in every format."""

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from hubbub.protocol.images import image_of
from tests.support.images import IMAGES, WITH_SECRETS, png
from tests.support.newcomers import PASSWORD, People, asked, make_room
from tests.system.test_page import message, say

pytestmark = pytest.mark.timeout(180)

DECODES = """async (bytes) => {
    const { width, height } = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    return [width, height];
}"""


async def put(people: People, name: str, image: bytes) -> None:
    """Add an emoji as ada."""
    entered = {"handle": "ada", "password": PASSWORD, "wants": "token"}
    token = (await asked(people.server, "POST", "/login", entered))["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/png"}
    async with (
        aiohttp.ClientSession() as http,
        http.put(f"{people.server.url}/api/v1/emoji/{name}", data=image, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def is_shown(image: Locator, name: str) -> None:
    """Wait until an emoji is there and drawn."""
    await expect(image).to_have_attribute("alt", f":{name}:")
    await image.evaluate("(image) => image.decode()")
    assert await image.evaluate("(image) => image.naturalWidth") > 0


@pytest.mark.parametrize("data", [*(i[3] for i in IMAGES.values()), *WITH_SECRETS.values()])
async def test_what_is_kept_of_an_image_is_still_one(page: Page, data: bytes) -> None:
    assert await page.evaluate(DECODES, list(image_of(data).data)) == list(image_of(data)[1:3])


async def test_accounts_see_emoji_in_texts_and_reactions_and_react_with_them(
    people: People,
) -> None:
    ada = await people.owner()
    await make_room(ada, "Kitchen", "Open")
    await say(ada, "early :parrot:, and :none:parrot:parrot: <b>:parrot:</b>")
    said = message(ada, "early")
    assert not await said.locator(".body img").count()
    await put(people, "parrot", png())
    await expect(said.locator(".body img")).to_have_count(3)
    await is_shown(said.locator(".body img").first, "parrot")
    await expect(said.locator(".body")).to_have_text("early , and :noneparrot: <b></b>")
    await said.hover()
    await said.get_by_role("button", name="React", exact=True).click()
    await said.get_by_role("button", name="React with :parrot:").click()
    await is_shown(said.locator(".reactions img"), "parrot")
    await ada.reload()
    await is_shown(said.locator(".reactions img"), "parrot")


async def test_visitors_see_emoji(people: People) -> None:
    await people.owner()
    await put(people, "parrot", png())
    visitor = await people.visit()
    await visitor.goto(f"{people.server.url}/?name=vera#lobby")
    await say(visitor, "a :parrot: here")
    await is_shown(message(visitor, "here").locator(".body img"), "parrot")
