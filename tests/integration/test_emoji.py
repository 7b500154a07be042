"""Emoji of a server's own: who adds, sees and removes them, over HTTP and on connections, and what is served."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import hubbub
from hubbub.domain.aspects.emoji import MAX_IMAGE_BYTES
from tests.integration.native import native
from tests.integration.test_copying import hubbub_command
from tests.support.images import GIF, HUGE, IMAGES, NOT_IMAGES, SECRET, WITH_SECRETS, chunk, png
from tests.support.site import Answer, Site, Someone, site

JsonObject = dict[str, Any]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, guests="on") as made:
        yield made


async def put(
    who: Someone,
    name: str,
    image: bytes | AsyncIterator[bytes],
    type_: str = "image/png",
    **headers: str,
) -> Answer:
    """Add an emoji, under a path that is sent as it is."""
    given = {"Content-Type": type_} | headers
    if who.token:
        given["Authorization"] = f"Bearer {who.token}"
    async with aiohttp.ClientSession() as http:
        url = f"{who.url}/api/v1/emoji/{name}"
        async with http.put(url, data=image, headers=given) as answer:
            return Answer(answer.status, await answer.json(content_type=None), answer.headers)


async def get(who: Someone, path: str) -> tuple[int, bytes, Any]:
    given = {"Authorization": f"Bearer {who.token}"} if who.token else {}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{who.url}/api/v1/emoji/{path}", headers=given) as answer,
    ):
        return answer.status, await answer.read(), answer.headers


async def listed(who: Someone) -> JsonObject:
    emoji: JsonObject = (await who.ask("GET", "/emoji")).body["emoji"]
    return emoji


async def test_everyone_whom_the_server_lets_in_sees_an_emoji_and_its_image(here: Site) -> None:
    guest = await here.ada.bring_in("gus", "guest")
    assert (await put(here.ada, "parrot", GIF, "image/gif")).status == 200
    for who in (here.ada, guest, here.stranger):
        item = (await listed(who))["parrot"]
        status, data, headers = await get(who, f"parrot/{item['image']}")
        assert (status, data) == (200, GIF)
        assert item == {
            **{"image": item["image"], "type": "image/gif", "width": 1, "height": 1},
            "by": here.ada.account,
        }
        assert headers["Content-Type"] == "image/gif"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
        policy = [part.strip() for part in headers["Content-Security-Policy"].split(";")]
        assert "sandbox" in policy and "default-src 'none'" in policy


async def test_without_guests_only_those_with_a_token_see_emoji(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        await put(here.ada, "parrot", GIF)
        image = (await listed(here.ada))["parrot"]["image"]
        assert (await get(here.ada, f"parrot/{image}"))[0] == 200
        assert (await here.stranger.ask("GET", "/emoji")).code == "unauthenticated"
        for path in (f"parrot/{image}", f"parrot/{image[::-1]}", "nothing/0"):
            assert (await get(here.stranger, path))[0] == 401


async def test_a_list_that_one_has_is_not_sent_again(here: Site) -> None:
    await put(here.ada, "parrot", GIF)
    known = (await here.ada.ask("GET", "/emoji")).body
    again = (await here.ada.ask("GET", f"/emoji?version={known['version']}")).body
    assert again == {"version": known["version"], "emoji": None}
    await put(here.ada, "other", GIF)
    new = (await here.ada.ask("GET", f"/emoji?version={known['version']}")).body
    assert new["version"] != known["version"] and set(new["emoji"]) == {"parrot", "other"}
    await here.ada.ask("DELETE", "/emoji/other")
    assert (await here.ada.ask("GET", "/emoji")).body == known


async def test_start_has_the_list_with_the_people_and_only_if_it_is_another(here: Site) -> None:
    guest = await here.ada.bring_in("gus", "guest")
    await put(here.ada, "parrot", GIF)
    for who in (here.ada, guest):
        started = (await who.ask("GET", "/start")).body
        assert set(started["emoji"]["emoji"]) == {"parrot"}
        version = started["emoji"]["version"]
        again = (await who.ask("GET", f"/start?emoji={version}")).body
        assert again["emoji"] == {"version": version, "emoji": None}
        assert (await who.ask("GET", "/start?rooms=@r7m2q9x4w1z3k")).body["emoji"] is None
    started = (await here.ada.ask("GET", "/start")).body
    since = f"/start?directory={started['directory']}&epoch={started['epoch']}"
    assert (await here.ada.ask("GET", since)).body["emoji"] is None
    assert set((await guest.ask("GET", since)).body["emoji"]["emoji"]) == {"parrot"}


async def test_connections_list_emoji_and_are_told_of_changes(here: Site) -> None:
    member = await here.ada.bring_in("mary")
    async with (
        native(here.server.port, token=member.token) as client,
        native(here.server.port, name="vera") as visitor,
    ):
        await client.ask("follow", room="@directory")
        await put(here.ada, "parrot", png())
        added = await client.event()
        assert (added["name"], added["type"], added["by"]) == (
            "parrot",
            "image/png",
            here.ada.account,
        )
        for one in (client, visitor):
            assert set((await one.ask("list_emoji"))["emoji"]) == {"parrot"}
        await here.ada.ask("DELETE", "/emoji/parrot")
        assert (await client.event())["name"] == "parrot"
        assert (await visitor.ask("list_emoji"))["emoji"] == {}


async def test_the_sdk_keeps_the_emoji_in_step(here: Site) -> None:
    member = await here.ada.bring_in("mary")
    await put(here.ada, "parrot", png())
    async with hubbub.connect(member.url, token=member.token) as client:
        me = await client.me.open()
        assert set(me.emoji) == {"parrot"}
        changes = me.changes()
        await put(here.ada, "other", GIF)
        await here.ada.ask("DELETE", "/emoji/parrot")
        await here.ada.ask("PATCH", "/me", {"status_text": "done"})  # comes after them
        async with asyncio.timeout(30):
            async for change in changes:
                if isinstance(change, hubbub.PersonUpdated):
                    break
        assert {name: item.type for name, item in me.emoji.items()} == {"other": "image/gif"}


# --- who may ---


async def test_only_owners_and_admins_add_and_remove_emoji(here: Site) -> None:
    await put(here.ada, "parrot", GIF)
    for role in ("guest", "member", "moderator"):
        who = await here.ada.bring_in(f"a-{role}", role)
        assert (await put(who, "other", GIF)).code == "forbidden", role
        assert (await who.ask("DELETE", "/emoji/parrot")).code == "forbidden", role
        assert (await who.ask("DELETE", "/emoji/none")).code == "forbidden", role
    assert (await put(here.stranger, "other", GIF)).code == "unauthenticated"
    assert (await here.stranger.ask("DELETE", "/emoji/parrot")).code == "unauthenticated"
    admin = await here.ada.bring_in("an-admin", "admin")
    assert (await put(admin, "other", GIF)).status == 200
    assert (await admin.ask("DELETE", "/emoji/parrot")).status == 200
    assert set(await listed(admin)) == {"other"}


async def test_where_members_may_they_remove_only_what_they_added(tmp_path: Path) -> None:
    async with site(tmp_path, emoji="members") as here:
        mary, grace = await here.ada.bring_in("mary"), await here.ada.bring_in("grace")
        guest = await here.ada.bring_in("gus", "guest")
        assert (await put(guest, "parrot", GIF)).code == "forbidden"
        assert (await put(mary, "parrot", GIF)).status == 200
        assert (await grace.ask("DELETE", "/emoji/parrot")).code == "forbidden"
        assert (await mary.ask("DELETE", "/emoji/parrot")).status == 200
        await put(mary, "parrot", GIF)
        assert (await here.ada.ask("DELETE", "/emoji/parrot")).status == 200


async def test_an_api_token_adds_emoji_only_with_the_scope_for_it(here: Site) -> None:
    for scopes, code in ((["read", "post"], "forbidden"), (["read", "moderate"], None)):
        made = await here.ada.ask("POST", "/me/tokens", {"name": "ci", "scopes": scopes})
        bot = Someone(here.ada._http, here.ada.url, made.body["token"], here.ada.account)
        assert (await put(bot, "parrot", GIF)).code == code


async def test_whoever_is_suspended_sees_none_and_what_they_added_stays_even_if_they_are_removed(
    here: Site,
) -> None:
    admin = await here.ada.bring_in("dave", "admin")
    await put(admin, "parrot", GIF)
    image = (await listed(admin))["parrot"]["image"]
    await here.ada.ask("POST", f"/people/{admin.account}/suspend")
    assert (await admin.ask("GET", "/emoji")).code == "unauthenticated"
    assert (await get(admin, f"parrot/{image}"))[0] == 401
    assert (await put(admin, "other", GIF)).code == "unauthenticated"
    assert (await listed(here.ada))["parrot"]["by"] == admin.account
    removal = f"/people/{admin.account}/remove"
    assert (await here.ada.ask("POST", removal, {"messages": True})).status == 200
    assert (await listed(here.ada))["parrot"]["by"] == admin.account
    assert (await get(here.ada, f"parrot/{image}"))[0] == 200


# --- what is taken ---


@pytest.mark.parametrize("name", IMAGES)
async def test_the_type_is_what_the_bytes_say_and_not_what_the_sender_says(
    here: Site, name: str
) -> None:
    type_, width, height, data = IMAGES[name]
    assert (await put(here.ada, "parrot", data, "image/svg+xml")).status == 200
    item = (await listed(here.ada))["parrot"]
    assert (item["type"], item["width"], item["height"]) == (type_, width, height)
    assert (await get(here.ada, f"parrot/{item['image']}"))[2]["Content-Type"] == type_


async def test_what_is_no_small_image_is_refused(here: Site) -> None:
    for data in (*HUGE.values(), *NOT_IMAGES.values()):
        answer = await put(here.ada, "parrot", data)
        assert answer.code == "bad_request", data
    assert await listed(here.ada) == {}


async def test_what_no_picture_needs_is_never_served(here: Site) -> None:
    for n, data in enumerate(WITH_SECRETS.values()):
        assert (await put(here.ada, f"e{n}", data)).status == 200
        item = (await listed(here.ada))[f"e{n}"]
        assert SECRET not in (await get(here.ada, f"e{n}/{item['image']}"))[1]


@pytest.mark.parametrize("max_message_bytes", [256, 65_536, 2**20])
async def test_an_image_may_be_as_large_as_it_may_whatever_the_size_of_messages(
    tmp_path: Path, max_message_bytes: int
) -> None:
    async with site(tmp_path, max_message_bytes=max_message_bytes) as here:
        whole = png(more=chunk(b"IDAT", b"\0" * (MAX_IMAGE_BYTES - len(png()) - 12)))
        assert len(whole) == MAX_IMAGE_BYTES
        assert (await put(here.ada, "parrot", whole)).status == 200
        for body in (whole + b"x", _in_pieces(whole + b"x")):
            assert (await put(here.ada, "other", body)).code == "too_large"
        assert set(await listed(here.ada)) == {"parrot"}


async def _in_pieces(data: bytes) -> AsyncIterator[bytes]:
    """A body whose size isn't said beforehand."""
    yield data


@pytest.mark.parametrize(
    "type_", ["application/json", "text/plain", "multipart/form-data", "application/xml", "imagex"]
)
async def test_a_form_of_another_site_can_add_none(here: Site, type_: str) -> None:
    assert (await put(here.ada, "parrot", GIF, type_)).code == "unsupported"


async def test_a_compressed_body_is_refused(here: Site) -> None:
    answer = await put(here.ada, "parrot", GIF, **{"Content-Encoding": "gzip"})
    assert answer.code in ("unsupported", "bad_request")


NAMES = [
    "x",
    "A",
    "Party",
    "a b",
    "a%2Fb",
    "..%2Fx",
    "%2e%2e",
    "a.b",
    "pаrrot",
    "ａｂ",
    "x" * 31,
    "a%00b",
    "a:b",
    "ab%0A",
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_is_a_few_plain_letters(here: Site, name: str) -> None:
    answer = await put(here.ada, name, GIF)
    assert answer.code in ("bad_request", "not_found"), answer
    assert await listed(here.ada) == {}


async def test_a_name_in_use_is_refused_and_the_same_image_changes_nothing(here: Site) -> None:
    assert (await put(here.ada, "+1", GIF)).status == 200
    assert (await put(here.ada, "+1", GIF)).body["seq"] is None
    assert (await put(here.ada, "+1", png())).code == "name_taken"
    assert (await here.ada.ask("DELETE", "/emoji/+1")).body["seq"]
    assert (await here.ada.ask("DELETE", "/emoji/+1")).body["seq"] is None
    assert (await put(here.ada, "+1", png())).status == 200


async def test_the_address_of_an_image_is_only_its_own(here: Site) -> None:
    await put(here.ada, "parrot", GIF)
    await put(here.ada, "other", png())
    items = await listed(here.ada)
    for path in (
        f"parrot/{items['other']['image']}",
        f"parrot/{items['parrot']['image'].upper()}",
        f"PARROT/{items['parrot']['image']}",
        f"parrot/{items['parrot']['image']}0",
    ):
        assert (await get(here.ada, path))[0] == 404, path
    await here.ada.ask("DELETE", "/emoji/parrot")
    assert (await get(here.ada, f"parrot/{items['parrot']['image']}"))[0] == 404


async def test_an_upload_that_is_repeated_is_carried_out_once(here: Site) -> None:
    first = await put(here.ada, "parrot", GIF, **{"Idempotency-Key": "k"})
    await here.ada.ask("DELETE", "/emoji/parrot")
    again = await put(here.ada, "parrot", GIF, **{"Idempotency-Key": "k"})
    assert again.body["seq"] == first.body["seq"] and again.body["duplicate"]
    assert await listed(here.ada) == {}


# --- reactions ---


async def test_in_a_made_room_one_reacts_only_with_emoji_that_exist(here: Site) -> None:
    made = await here.ada.ask("POST", "/rooms", {"kind": "open", "title": "Kitchen"})
    room = made.body["made"]
    seq = (await here.ada.ask("POST", f"/rooms/{room}/messages", {"text": "hi"})).body["seq"]
    path = f"/rooms/{room}/messages/{seq}/reactions"
    assert (await here.ada.ask("PUT", f"{path}/:parrot:")).code == "bad_request"
    await put(here.ada, "parrot", GIF)
    assert (await here.ada.ask("PUT", f"{path}/:parrot:")).status == 200
    await here.ada.ask("DELETE", "/emoji/parrot")
    assert (await here.ada.ask("PUT", f"{path}/:parrot:")).body["seq"] is None  # it is there
    message = (await here.ada.ask("GET", f"/rooms/{room}/messages/{seq}")).body["message"]
    assert message["reactions"] == {":parrot:": [here.ada.account]}
    assert (await here.ada.ask("DELETE", f"{path}/:parrot:")).status == 200
    assert (await here.ada.ask("PUT", f"{path}/:parrot:")).code == "bad_request"
    for text in ("👍", ":", "::", ":A:", ":-)", "parrot", ":parrot", "a:parrot:"):
        assert (await here.ada.ask("PUT", f"{path}/{text}")).status == 200, text


async def test_in_a_free_room_a_reaction_is_any_text(here: Site) -> None:
    seq = (await here.ada.ask("POST", "/rooms/lobby/messages", {"text": "hi"})).body["seq"]
    path = f"/rooms/lobby/messages/{seq}/reactions/:parrot:"
    assert (await here.ada.ask("PUT", path)).status == 200


# --- from the command line ---


async def test_an_operator_manages_emoji_while_the_server_runs(here: Site, tmp_path: Path) -> None:
    file = tmp_path / "parrot.gif"
    file.write_bytes(GIF)

    async def ran(*words: str | Path) -> tuple[int, str, str]:
        done = await hubbub_command("emoji", *words, "--data", tmp_path)
        return done.code, done.out, done.err

    assert (await ran("add", ":parrot:", file))[0] == 0
    code, out, _ = await ran("list")
    assert code == 0 and out.startswith(":parrot:  image/gif  1 × 1  by @server")
    assert (await ran("list", "--json"))[1].startswith('{"name": "parrot"')
    assert set(await listed(here.stranger)) == {"parrot"}
    file.write_bytes(NOT_IMAGES["svg"])
    assert (await ran("add", "other", file))[0] == 1
    assert (await ran("add", "other", tmp_path / "none"))[0] == 1
    assert (await ran("add", "Other", file))[0] == 1
    assert (await ran("remove", "parrot", "--yes"))[0] == 0
    assert (await ran("remove", "parrot", "--yes"))[0] == 1
    assert await listed(here.stranger) == {}
