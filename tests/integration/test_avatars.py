"""Pictures of people and rooms over HTTP: who sets them, what is kept of them, and who gets them."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

import hubbub
from tests.integration.native import native
from tests.integration.test_files import Here, raw, upload
from tests.integration.test_thumbnails import GPS, RED, is_like, photo, picture
from tests.support.commands import Ran
from tests.support.commands import hubbub as command
from tests.support.images import GIF, png
from tests.support.site import Someone, site


@pytest.fixture(scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    data = tmp_path_factory.mktemp("avatars")
    async with site(data, guests="on") as made:
        grace, eve = await made.ada.bring_in("grace"), await made.ada.bring_in("eve")
        yield Here(made, data / "files", made.ada, grace, eve, "lobby")


async def put(who: Someone, data: bytes, of: Someone | None = None) -> tuple[int, str]:
    """Upload a picture and set it. Returns the status, and the code of a refusal."""
    file = (await upload(who, data, "me.jpg")).body["file"]
    answer = await who.ask("PUT", f"/people/{(of or who).account}/avatar", {"file": file})
    return answer.status, answer.code or ""


async def avatar_of(who: Someone) -> str:
    return str((await who.ask("GET", "/me")).body["avatar"])


async def test_a_picture_is_a_small_square_for_whoever_sees_the_account(here: Here) -> None:
    data = photo(1600, 1200)
    assert await put(here.ada, data) == (200, "")
    avatar = await avatar_of(here.ada)
    answers = [
        await raw(who, "GET", f"/avatars/{avatar}")
        for who in (here.ada, here.grace, here.site.stranger)
    ]
    assert [answer[0] for answer in answers] == [200] * 3
    _, headers, body = answers[0]
    assert headers["Content-Type"] == "image/webp"
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    image = Image.open(io.BytesIO(body))
    assert (image.size, image.format) == ((256, 256), "WEBP")
    assert is_like(image.convert("RGB").getpixel((250, 128)), RED)
    assert GPS not in body
    people = (await here.grace.ask("GET", "/start")).body["people"]
    assert people[here.ada.account]["avatar"] == avatar
    posted = await here.ada.ask("POST", "/rooms/lobby/messages", {"text": "hello"})
    page = (await here.grace.ask("GET", "/rooms/lobby/messages?limit=1")).body
    assert (posted.status, page["people"][here.ada.account]["avatar"]) == (201, avatar)


async def test_a_new_picture_has_another_address_and_the_former_one_is_gone(here: Here) -> None:
    await put(here.grace, picture(90, 60))
    former = await avatar_of(here.grace)
    await put(here.grace, GIF)
    now = await avatar_of(here.grace)
    assert (await raw(here.ada, "GET", f"/avatars/{former}"))[0] == 404
    assert (await raw(here.ada, "GET", f"/avatars/{now}"))[0] == 200
    assert (await here.grace.ask("PATCH", "/me", {"avatar": former})).code == "bad_request"
    assert (await here.grace.ask("PATCH", "/me", {"avatar": ""})).status == 200
    assert (await avatar_of(here.grace), (await raw(here.ada, "GET", f"/avatars/{now}"))[0]) == (
        "",
        404,
    )
    await put(here.grace, GIF)
    nothing = {"file": ""}
    path = f"/people/{here.grace.account}/avatar"
    assert (await here.eve.ask("PUT", path, nothing)).code == "forbidden"
    assert (await here.ada.ask("PUT", path, nothing)).status == 200  # as an admin
    assert await avatar_of(here.grace) == ""


async def test_only_who_may_speak_for_an_account_gives_it_a_picture_of_their_own(
    here: Here,
) -> None:
    assert await put(here.eve, GIF, here.grace) == (403, "forbidden")
    assert await put(here.ada, GIF, here.eve) == (200, "")
    file = (await upload(here.ada, GIF)).body["file"]
    path = f"/people/{here.eve.account}/avatar"
    for given in (file, "x", "0" * 24):
        assert (await here.eve.ask("PUT", path, {"file": given})).code == "not_found"


async def depict(who: Someone, room: str, data: bytes = GIF) -> str:
    """Give a room a picture; returns its key."""
    file = (await upload(who, data)).body["file"]
    answer = await who.ask("PUT", f"/rooms/{room}/avatar", {"file": file})
    assert answer.status == 200, answer
    return str((await who.ask("GET", f"/rooms/{room}/settings")).body["avatar"])


async def test_a_room_shows_its_picture_to_those_who_may_know_of_it_and_to_nobody_else(
    here: Here,
) -> None:
    grace, eve = here.grace, here.eve
    given = {"kind": "closed", "title": "Attic", "who": ["eve"]}
    room = (await grace.ask("POST", "/rooms", given)).body["made"]
    avatar = await depict(grace, room, photo(1600, 1200))
    status, headers, body = await raw(eve, "GET", f"/avatars/{avatar}")
    assert (status, headers["Cache-Control"]) == (200, "private, max-age=31536000, immutable")
    assert Image.open(io.BytesIO(body)).size == (256, 256)
    assert (await raw(here.site.stranger, "GET", f"/avatars/{avatar}"))[0] == 404
    [row] = [r for r in (await eve.ask("GET", "/start")).body["rooms"] if r["room"] == room]
    [mine] = [r for r in (await eve.ask("GET", "/me/rooms")).body["rooms"] if r["room"] == room]
    assert row["avatar"] == mine["avatar"] == avatar
    event = (await eve.ask("GET", f"/rooms/{room}/events?since=0")).body["events"][-1]
    assert (event["event"], event["by"], event["avatar"]) == ("changed", grace.account, avatar)
    assert (await grace.ask("DELETE", f"/rooms/{room}/members/eve")).status == 200
    assert (await raw(eve, "GET", f"/avatars/{avatar}"))[0] == 404
    assert (await raw(grace, "GET", f"/avatars/{avatar}"))[0] == 200


async def test_the_command_line_sets_pictures_and_takes_them_away(
    here: Here, tmp_path: Path
) -> None:
    (tmp_path / "me.gif").write_bytes(GIF)
    (tmp_path / "not.png").write_bytes(b"hello")
    room = await here.grace.ask("POST", "/rooms", {"kind": "open", "title": "Pan", "alias": "pan"})
    key = room.body["made"]

    async def run(*words: str | Path, who: Someone = here.grace) -> Ran:
        return await command("picture", "--url", who.url, *words, HUBBUB_TOKEN=who.token)

    async def shown() -> tuple[bool, bool]:
        settings = (await here.grace.ask("GET", f"/rooms/{key}/settings")).body
        return bool(await avatar_of(here.grace)), bool(settings["avatar"])

    assert await shown() == (False, False)
    assert (await run(tmp_path / "me.gif")).err == "Picture saved\n"
    assert (await run(tmp_path / "me.gif", "--of", "#pan", "-q")).err == ""
    assert await shown() == (True, True)
    assert (await run("--remove", "--of", key)).err == "Picture removed\n"
    assert (await run("--remove", "--of", "@Grace", who=here.ada)).code == 0  # as an admin
    assert await shown() == (False, False)
    for words, code, why in (
        ((tmp_path / "me.gif", "--of", "ada"), 3, "forbidden"),
        ((tmp_path / "me.gif", "--of", "nobody"), 2, "No account with the handle 'nobody'"),
        ((tmp_path / "me.gif", "--of", "#nowhere"), 3, "not_found"),
        ((tmp_path / "not.png",), 3, "Can't take this picture"),
        ((tmp_path / "none.png",), 2, "No such file"),
        ((), 2, "Give either a FILE or --remove"),
        ((tmp_path / "me.gif", "--remove"), 2, "Give either a FILE"),
    ):
        ran = await run(*words)
        assert (ran.code, why in ran.err) == (code, True), ran
    assert await shown() == (False, False)


async def test_the_directory_shows_pictures_and_says_when_they_change(here: Here) -> None:
    room = (await here.grace.ask("POST", "/rooms", {"kind": "open", "title": "Hall"})).body["made"]
    former = await depict(here.grace, room)
    avatar = await depict(here.ada, room)
    listed = (await here.eve.ask("GET", "/directory")).body["rooms"]
    assert [each["avatar"] for each in listed if each["room"] == room] == [avatar]
    log = (await here.eve.ask("GET", "/rooms/@directory/events?since=0&limit=500")).body["events"]
    assert [each["avatar"] for each in log if each.get("where") == room and "avatar" in each] == [
        former,
        avatar,
    ]
    assert (await raw(here.eve, "GET", f"/avatars/{former}"))[0] == 404
    assert (await here.ada.ask("PUT", f"/rooms/{room}/avatar", {"file": ""})).status == 200
    assert (await here.ada.ask("GET", f"/rooms/{room}/settings")).body["avatar"] == ""
    assert (await raw(here.eve, "GET", f"/avatars/{avatar}"))[0] == 404


async def test_a_connection_and_the_python_sdk_set_pictures_of_rooms(here: Here) -> None:
    grace = here.grace
    room = (await grace.ask("POST", "/rooms", {"kind": "closed", "title": "Den"})).body["made"]
    file = (await upload(grace, GIF)).body["file"]
    async with native(here.site.server.port, token=grace.token) as client:
        assert (await client.ask("set_avatar", room=room, file=file))["seq"] == 3
        assert (await client.refused("set_avatar", room=room, file="x"))["code"] == "not_found"
        assert (await client.refused("set_avatar", room="lobby", file=file))["code"] == "forbidden"
    async with hubbub.connect(grace.url, token=grace.token) as me:
        before = (await grace.ask("GET", f"/rooms/{room}/settings")).body["avatar"]
        await me.set_avatar(room, await me.upload(picture(90, 60), name="den.png"))
        now = (await grace.ask("GET", f"/rooms/{room}/settings")).body["avatar"]
        await me.set_avatar(room, None)
    assert before and now and before != now
    assert (await grace.ask("GET", f"/rooms/{room}/settings")).body["avatar"] == ""


async def test_what_is_no_picture_is_refused_and_changes_nothing(here: Here) -> None:
    await put(here.eve, GIF)
    before = await avatar_of(here.eve)
    for data in (b"hello", b"<svg/>", png(50_000, 50_000), picture(90, 60)[:200]):
        assert await put(here.eve, data) == (400, "bad_request")
    assert await avatar_of(here.eve) == before


async def test_the_python_sdk_sets_a_picture_and_takes_it_away(here: Here) -> None:
    eve = here.eve
    async with hubbub.connect(eve.url, token=eve.token) as client:
        before = await avatar_of(eve)
        await client.set_avatar(eve.account, await client.upload(picture(90, 60), name="me.jpg"))
        assert await avatar_of(eve) not in ("", before)
        with pytest.raises(hubbub.Refused):
            await client.set_avatar(here.grace.account, None)
        await client.set_avatar(eve.account, None)
        assert await avatar_of(eve) == ""


async def test_a_removed_account_leaves_no_picture(here: Here) -> None:
    mary = await here.site.ada.bring_in("mary")
    await put(mary, GIF)
    avatar = await avatar_of(mary)
    assert (await here.ada.ask("POST", f"/people/{mary.account}/remove", {})).status == 200
    assert (await raw(here.ada, "GET", f"/avatars/{avatar}"))[0] == 404


async def test_without_pillow_there_are_no_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.server.filing.can_shrink", lambda: False)
    async with site(tmp_path) as made:
        assert await put(made.ada, GIF) == (415, "unsupported")
