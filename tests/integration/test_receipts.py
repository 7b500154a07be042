"""Receipts: who sees how far others have read, on which node, at which door, and who does not."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

import hubbub
from hubbub.server.hub import receipts
from tests.integration.native import Native, native
from tests.integration.test_sdk_in_step import eventually
from tests.integration.test_shut_out_of_made_rooms import Here, here, mary
from tests.integration.test_socketio_rooms import socket_io
from tests.support.site import Someone

__all__ = ["here", "mary"]  # fixtures


async def receipt(by: Native) -> tuple[str, int]:
    """The next receipt: who has read, and up to where."""
    while (signal := await by.signal())["signal"] != "receipt":
        pass
    return signal["by"], signal["upto"]


async def made(by: Native, *who: Someone, **settings: Any) -> str:
    people = [person.account for person in who]
    answer = await by.ask("create", kind="closed", title="Plans", who=people, **settings)
    return str(answer["made"])


def shown(snapshot: dict[str, Any]) -> dict[str, int]:
    """The receipts of a snapshot."""
    return {each["by"]: each["upto"] for each in snapshot["live"] if each["signal"] == "receipt"}


async def test_members_see_how_far_others_have_read_and_whoever_comes_later_does(
    here: Here, mary: Someone
) -> None:
    async with (
        native(here.here, token=here.grace.token) as grace,
        native(here.there, token=mary.token) as there,
        native(here.here, token=mary.token) as same,
    ):
        other = there if here.has_live_state_in_common else same
        room = await made(grace, mary)
        await same.ask("follow", room=room)
        seqs = [(await grace.ask("post", room=room, text="x"))["seq"] for _ in range(3)]
        for seq in (seqs[1], seqs[0], seqs[2]):
            await other.ask("read", room=room, upto=seq)
        found: dict[str, int] = {}
        while found != {here.grace.account: seqs[2], mary.account: seqs[2]}:
            by, upto = await receipt(same)
            assert upto > found.get(by, 0), "the newest of each counts"
            found[by] = upto
        for each in (here.here, here.there):
            async with native(each, token=here.grace.token) as late:
                snapshot = await late.ask("follow", room=room)
                assert shown(snapshot) == {here.grace.account: seqs[2], mary.account: seqs[2]}
        log = (await grace.ask("history", room=room))["messages"]
        assert [message["seq"] for message in log] == seqs, "nothing of it is in the room's log"


async def test_receipts_travel_to_nodes_that_a_broker_joins(here: Here, mary: Someone) -> None:
    if not here.has_live_state_in_common:
        return
    async with (
        native(here.here, token=here.grace.token) as grace,
        native(here.there, token=mary.token) as other,
    ):
        room = await made(grace, mary)
        await grace.ask("follow", room=room)
        seq = (await grace.ask("post", room=room, text="x"))["seq"]
        await other.ask("read", room=room, upto=seq)
        while await receipt(grace) != (mary.account, seq):
            pass


async def by_room(here: Here, mary: Someone, grace: Native, room: str) -> None:
    await grace.ask("change", room=room, receipts=False)


async def by_opening(here: Here, mary: Someone, grace: Native, room: str) -> None:
    await grace.ask("change", room=room, kind="open", public="read")


async def by_setting(here: Here, mary: Someone, grace: Native, room: str) -> None:
    answer = await mary.ask("PUT", "/me/preferences/receipts", {"value": False})
    assert answer.status == 200


@pytest.mark.parametrize("forbid", [by_room, by_opening, by_setting])
async def test_nobody_sees_what_the_room_or_the_account_does_not_show(
    here: Here, mary: Someone, forbid: Callable[..., Awaitable[None]]
) -> None:
    async with (
        native(here.here, token=here.grace.token) as grace,
        native(here.here, token=mary.token) as other,
    ):
        room = await made(grace, mary)
        await forbid(here, mary, grace, room)
        await grace.ask("follow", room=room)
        seq = (await grace.ask("post", room=room, text="x"))["seq"]
        await other.ask("read", room=room, upto=seq)
        seen_by = await made(grace, mary)  # another room, where grace's own receipt comes
        await grace.ask("follow", room=seen_by)
        last = (await grace.ask("post", room=seen_by, text="x"))["seq"]
        while (signal := await grace.signal()) != {
            **{"signal": "receipt", "room": seen_by},
            **{"by": here.grace.account, "upto": last},
        }:
            assert signal.get("by") != mary.account, signal
        assert mary.account not in shown(await other.ask("follow", room=room))


async def test_whoever_follows_a_room_once_it_is_public_sees_none_of_before(
    here: Here, mary: Someone
) -> None:
    async with (
        native(here.here, token=here.grace.token) as grace,
        native(here.here, token=mary.token) as other,
        native(here.here, token=mary.token) as late,
    ):
        room = await made(grace, mary)
        seq = (await grace.ask("post", room=room, text="x"))["seq"]
        await other.ask("read", room=room, upto=seq)
        assert shown(await other.ask("follow", room=room)) != {}
        await grace.ask("change", room=room, kind="open", public="read")
        assert shown(await late.ask("follow", room=room)) == {}


async def test_large_rooms_have_none(
    here: Here, mary: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "MAX_MEMBERS", 1)
    async with native(here.here, token=here.grace.token) as grace:
        small, large = await made(grace), await made(grace, mary)
        for room in (large, small):
            await grace.ask("follow", room=room)
            await grace.ask("post", room=room, text="x")
        while (signal := await grace.signal())["signal"] != "receipt":
            pass
        assert signal["room"] == small
        async with native(here.there, token=mary.token) as other:
            assert shown(await other.ask("follow", room=large)) == {}


async def test_nobody_sends_one_for_another(here: Here) -> None:
    async with native(here.here, token=here.grace.token) as grace:
        room = await made(grace)
        refused = await grace.refused("signal", room=room, signal="receipt", key="@p", value=9)
        assert refused["code"] == "bad_request"


async def test_other_doors_and_the_sdk_show_them(here: Here, mary: Someone) -> None:
    async with native(here.here, token=here.grace.token) as grace:
        room = await made(grace, mary)
        seq = (await grace.ask("post", room=room, text="x"))["seq"]
        url, expected = f"http://127.0.0.1:{here.here}", {mary.account: seq}
        async with (
            hubbub.connect(url, token=here.grace.token) as client,
            socket_io(url, token=here.grace.token) as page,
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {here.grace.token}"}) as http,
            http.get(
                f"{url}/api/v1/rooms/{room}/events", headers={"Accept": "text/event-stream"}
            ) as stream,
        ):
            followed = await client.follow(room)
            await page.ask("follow", {"room": room})
            async with hubbub.connect(url, token=mary.token) as reader:
                await reader.me.read(room, seq)

            async def is_shown() -> bool:
                return expected.items() <= followed.receipts.items()

            await eventually(is_shown)
            async for line in stream.content:
                if b'"receipt"' in line and mary.account.encode() in line:
                    break
