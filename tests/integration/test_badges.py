"""Badges, as the SDK shows them: two devices of one person, a third person, and a server that may restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from pathlib import Path

import pytest

import hubbub
from hubbub.client.account.changes import Changes
from hubbub.server.app import running
from hubbub.server.config import Settings
from tests.integration.test_made_rooms import Here, here, made
from tests.integration.test_sdk_in_step import There, eventually
from tests.support.proxy import Proxy
from tests.support.site import Someone, site

__all__ = ["here"]  # a fixture


class Badge:
    """The mentions that a device shows in a room, all that it ever showed, and the network that it is on."""

    def __init__(self, client: hubbub.Client, network: Proxy) -> None:
        self.client = client
        self.shown = [0]
        self.notified = 0
        self._head = 0
        self._network = network
        self._watching = asyncio.create_task(self._watch(client.me.changes()))

    async def _watch(self, changes: Changes) -> None:
        async for change in changes:
            self.notified += self.client.me.should_notify(change)
            for each in change.changes if isinstance(change, hubbub.Refreshed) else (change,):
                if isinstance(each, hubbub.RoomMoved | hubbub.RoomRead):
                    self.shown.append(each.room.mentions)
                    self._head = each.room.head

    @property
    def history(self) -> list[int]:
        """What it showed, one after the other."""
        return [value for value, _ in groupby(self.shown)]

    def go_offline(self) -> None:
        self._network.up.clear()
        for way in list(self._network.ways):
            way.cut()

    def come_back(self) -> None:
        self._network.up.set()

    async def hears_of(self, head: int) -> None:
        """Wait until it was told that a room has come so far."""

        async def has_heard() -> bool:
            return self._head == head

        await eventually(has_heard)

    async def shows(self, mentions: int, unread: int, room: str) -> None:
        """Wait until it shows this."""

        async def is_so() -> bool:
            row = self.client.me.rooms[room]
            return (row.mentions, row.unread, self.shown[-1]) == (mentions, unread, mentions)

        await eventually(is_so)


@asynccontextmanager
async def badge(port: int, who: Someone) -> AsyncIterator[Badge]:
    there = There(f"127.0.0.1:{port}", asyncio.Event())
    there.up.set()
    async with (
        Proxy(there).listening() as network,
        hubbub.connect(network.address, token=who.token) as client,
    ):
        await client.me.open()
        yield Badge(client, network)


@pytest.mark.parametrize("is_offline", [False, True], ids=["online", "offline"])
@pytest.mark.parametrize("restarts", [False, True], ids=["", "with a restart"])
async def test_a_mention_lights_the_badge_on_both_devices_and_reading_it_on_one_ends_it_on_the_other(
    tmp_path: Path, is_offline: bool, restarts: bool
) -> None:
    async with AsyncExitStack() as servers, AsyncExitStack() as devices:
        first = await servers.enter_async_context(site(tmp_path))
        port = first.server.port
        mary = await first.ada.bring_in("mary")
        connecting = hubbub.connect(first.stranger.url, token=first.ada.token)
        ada = await devices.enter_async_context(connecting)
        room = await ada.create_room("closed", "Plans", people=[mary.account])
        phone, desk = [await devices.enter_async_context(badge(port, mary)) for _ in range(2)]
        posted = await ada.post(room, "@mary, are you there?")
        for each in (phone, desk):
            await each.shows(1, 1, room)
        if is_offline:
            desk.go_offline()
        await phone.client.me.read(room, posted.seq)
        await phone.shows(0, 0, room)
        if restarts:
            await servers.aclose()
            again = Settings(data=tmp_path, host="127.0.0.1", port=port, guests="off")
            await servers.enter_async_context(running(again))
        desk.come_back()
        await desk.shows(0, 0, room)
        await ada.send("react", room=room, seq=posted.seq, emoji="👍")
        await ada.post(room, "good")
        for each in (phone, desk):
            await each.shows(0, 1, room)
            assert each.history == [0, 1, 0], "it never rises by itself"
            assert each.notified == 1
        new = (await devices.enter_async_context(badge(port, mary))).client.me.rooms[room]
        assert (new.mentions, new.unread) == (0, 1), "the server counts so, too"


async def test_a_badge_follows_blocks_and_keywords(here: Here) -> None:
    grace, mary = here.at["grace"], here.people["mary"]
    room = await made(grace, who=[here.key("mary")])
    async with badge(here.site.server.port, mary) as phone:
        await mary.ask("PUT", "/me/preferences/keywords", {"value": ["deploy"]})
        await grace.ask("post", room=room, text="deploy")
        await phone.shows(1, 1, room)  # or one notification may tell of both
        await grace.ask("post", room=room, text="@room")
        await phone.shows(2, 2, room)
        assert phone.client.me.preferences == {"keywords": ["deploy"]}
        await mary.ask("PUT", f"/me/blocks/{here.key('grace')}")
        await phone.shows(0, 2, room)
        assert phone.notified == 2


async def test_what_is_no_message_notifies_of_nothing_at_any_level(here: Here) -> None:
    grace, mary = here.at["grace"], here.people["mary"]
    room = await made(grace, who=[here.key("mary")])
    async with badge(here.site.server.port, mary) as phone:
        await phone.client.me.set(room, level="all")
        seq = (await grace.ask("post", room=room, text="hello"))["seq"]
        await phone.hears_of(seq)
        for do, fields in (("react", {"emoji": "👍"}), ("edit", {"text": "hello, you"})):
            await phone.hears_of((await grace.ask(do, room=room, seq=seq, **fields))["seq"])
        assert phone.notified == 1
