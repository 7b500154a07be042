"""`Client.me` against a real server: whatever happens, it knows what a new device is told, and says what has changed."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

import hubbub
from hubbub.client.account.changes import Changes, MyChange, Single
from hubbub.protocol.commands.starting import MyRoom, ShownPerson, Started
from hubbub.server.app import running
from hubbub.server.config import Settings
from tests.integration.test_made_rooms import Here, here, made
from tests.support.proxy import Proxy
from tests.support.site import site

__all__ = ["here"]  # a fixture
STEPS = 50


class Shadow:
    """The rooms and people as the changes alone tell them."""

    def __init__(self, me: hubbub.Me) -> None:
        self.rooms = dict(me.rooms)
        self.people = dict(me.people)
        self._reading = asyncio.create_task(self._read(me.changes()))

    async def _read(self, changes: Changes) -> None:
        async for change in changes:
            for each in change.changes if isinstance(change, hubbub.Refreshed) else [change]:
                self._fold(each)

    def _fold(self, change: Single) -> None:
        known: dict[str, Any] = self.rooms
        now: MyRoom | ShownPerson
        match change:
            case hubbub.PersonCame() | hubbub.PersonUpdated() | hubbub.PersonGone():
                known, key, now = self.people, change.account, change.person
            case hubbub.PresenceUpdated() | hubbub.DraftUpdated():
                raise AssertionError("nobody watches anybody, or writes a draft")
            case (
                hubbub.ThreadAdded()
                | hubbub.ThreadDropped()
                | hubbub.ThreadMoved()
                | hubbub.ThreadRead()
            ):
                raise AssertionError("there are no threads")
            case _:
                key, now = change.room.room, change.room
        match change:
            case hubbub.RoomJoined() | hubbub.PersonCame():
                assert key not in known, change
                known[key] = now
            case hubbub.RoomLeft() | hubbub.PersonGone():
                assert known.pop(key) == now, change
            case _:
                assert known[key] == change.before != now, change
                known[key] = now

    async def check(self) -> None:
        """Raise what reading found."""
        if self._reading.done():
            await self._reading


@dataclass
class There:
    """Where the server is."""

    address: str
    up: asyncio.Event


class Device(NamedTuple):
    """A client of mary's, and the network that it is on."""

    client: hubbub.Client
    network: Proxy

    def cut(self) -> None:
        for way in list(self.network.ways):
            way.cut()


@asynccontextmanager
async def device(here: Here, who: str = "mary") -> AsyncIterator[Device]:
    """A client that is in step."""
    there = There(f"127.0.0.1:{here.site.server.port}", asyncio.Event())
    there.up.set()
    async with (
        Proxy(there).listening() as network,
        hubbub.connect(network.address, token=here.people[who].token) as client,
    ):
        await client.me.open()
        yield Device(client, network)


async def fresh(here: Here, who: str = "mary") -> tuple[dict[str, MyRoom], dict[str, ShownPerson]]:
    """What a new device is told."""
    started = msgspec.convert(await here.at[who].ask("start"), Started)
    return {row.room: row for row in started.rooms}, started.people or {}


async def agree(here: Here, me: hubbub.Me, *shadows: Shadow) -> None:
    """Wait until all know what a new device is told."""
    rooms, people = await fresh(here)
    knowing: list[hubbub.Me | Shadow] = [me, *shadows]

    async def is_so() -> bool:
        for shadow in shadows:
            await shadow.check()
        return all((each.rooms, each.people) == (rooms, people) for each in knowing)

    with suppress(TimeoutError):
        await eventually(is_so)
    for each in knowing:
        assert (dict(each.rooms), dict(each.people)) == (rooms, people)


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(30):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.02)


async def until(changes: Changes, kind: type[MyChange]) -> Any:
    """The next change of a kind."""
    async with asyncio.timeout(30):
        async for change in changes:
            if isinstance(change, kind):
                return change
    raise AssertionError(f"there was no {kind.__name__}")


class Deeds:
    """What happens around mary, at random."""

    def __init__(self, here: Here, device: Device, dice: random.Random) -> None:
        self._here, self._device, self._dice = here, device, dice
        self._rooms: list[str] = []
        self._opened: dict[str, hubbub.Room] = {}

    async def one(self) -> None:
        """Do something, if it is allowed."""
        deeds = [
            *(self._make, self._invite, self._invite, self._remove, self._leave, self._post),
            *(self._post, self._post, self._change, self._react, self._join, self._appoint),
            *(self._open, self._close, self._direct, self._rename, self._archive, self._cut),
            *(self._mention, self._read, self._read, self._mark, self._delete),
        ]
        with suppress(hubbub.Refused):
            await self._dice.choice(deeds)()

    async def _ask(self, by: str, do: str, **fields: Any) -> None:
        """Send a command about some room. It may be refused: not all that happens makes sense."""
        if not self._rooms:
            await self._make()
        with suppress(AssertionError):
            await self._here.at[by].ask(do, room=self._dice.choice(self._rooms), **fields)

    async def _make(self) -> None:
        kind = self._dice.choice(["open", "closed"])
        who = [self._here.key("mary")] if self._dice.random() < 0.5 else []
        self._rooms.append(await made(self._here.at["grace"], kind, who=who))

    async def _direct(self) -> None:
        by, other = self._dice.choice([("grace", "mary"), ("mary", "grace")])
        self._rooms.append(await made(self._here.at[by], "direct", who=[self._here.key(other)]))

    async def _invite(self) -> None:
        await self._ask("grace", "invite", who=[self._here.key("mary")])

    async def _remove(self) -> None:
        await self._ask("grace", "remove", who=self._here.key("mary"))

    async def _leave(self) -> None:
        await self._ask("mary", "leave")

    async def _join(self) -> None:
        await self._ask("mary", "join")

    async def _post(self) -> None:
        await self._ask(self._dice.choice(["grace", "mary"]), "post", text="hi")

    async def _mention(self) -> None:
        text = self._dice.choice(["@mary", "@mary", "@room", "@here"])
        await self._ask("grace", "post", text=text)

    async def _read(self) -> None:
        await self._ask("mary", "read", upto=self._dice.choice([3, 6, 9, 99]))

    async def _mark(self) -> None:
        do, fields = self._dice.choice([("mark_unread", {}), ("set", {"level": "all"})])
        await self._ask("mary", do, **fields)

    async def _delete(self) -> None:
        await self._ask("grace", "delete", seq=self._dice.randint(4, 12))

    async def _react(self) -> None:
        await self._ask("grace", "react", seq=self._dice.randint(1, 9), emoji="👍")

    async def _change(self) -> None:
        await self._ask("grace", "change", title=f"T{self._dice.randint(1, 99)}")

    async def _appoint(self) -> None:
        role = self._dice.choice(["host", "member"])
        await self._ask("grace", "appoint", who=self._here.key("mary"), role=role)

    async def _archive(self) -> None:
        await self._ask("grace", self._dice.choice(["archive", "restore", "restore"]))

    async def _rename(self) -> None:
        who = self._dice.choice(["ada", "grace", "mary"])
        new = self._dice.choice(
            [{"name": f"N{self._dice.randint(1, 9)}"}, {"status_text": "away"}, {"status_text": ""}]
        )
        answer = await self._here.people[who].ask("PATCH", "/me", new)
        assert answer.code in (None, "name_taken"), answer  # nobody else is called like ada

    async def _open(self) -> None:
        if closed := [each for each in self._rooms if each not in self._opened]:
            room = self._dice.choice(closed)
            self._opened[room] = await self._device.client.follow(room)

    async def _close(self) -> None:
        if self._opened:
            await self._opened.pop(self._dice.choice(list(self._opened))).unfollow()

    async def _cut(self) -> None:
        self._device.cut()


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_it_knows_what_a_new_device_is_told(here: Here, seed: int) -> None:
    async with device(here) as mine:
        me = mine.client.me
        shadow = Shadow(me)
        deeds = Deeds(here, mine, random.Random(seed))
        for _ in range(STEPS):
            await deeds.one()
        await agree(here, me, shadow)


async def test_a_room_is_there_when_one_is_added_and_gone_when_one_is_removed(here: Here) -> None:
    grace, mary = here.at["grace"], here.key("mary")
    async with device(here) as mine:
        me = mine.client.me
        changes = me.changes()
        room = await made(grace, who=[mary], alias="kitchen")
        joined = await until(changes, hubbub.RoomJoined)
        assert (joined.room.room, joined.room.title, joined.room.alias) == (
            *(room, "Plans", "kitchen"),
        )
        assert me.rooms[room] == joined.room
        await grace.ask("post", room=room, text="hi")
        moved = await until(changes, hubbub.RoomMoved)
        assert (moved.room.nth, moved.before.nth) == (1, 0)
        assert moved.room.head == moved.before.head + 1
        await grace.ask("appoint", room=room, who=mary, role="host")
        assert (await until(changes, hubbub.RoomUpdated)).room.role == "host"
        await grace.ask("remove", room=room, who=mary)
        assert (await until(changes, hubbub.RoomLeft)).room.room == room
        assert room not in me.rooms
        await grace.ask("post", room=room, text="without mary")
        await here.people["grace"].ask("PATCH", "/me", {"name": "Grace H."})
        told = await anext(changes)
        assert isinstance(told, hubbub.PersonUpdated)
        assert (told.account, told.person.name) == (here.key("grace"), "Grace H.")
        assert me.people[here.key("grace")] == told.person


async def test_a_direct_that_is_left_is_hidden_until_the_next_message(here: Here) -> None:
    async with device(here) as mine:
        me = mine.client.me
        changes = me.changes()
        direct = await mine.client.direct([here.key("grace")])
        await until(changes, hubbub.RoomJoined)
        await here.at["mary"].ask("leave", room=direct)
        assert (await until(changes, hubbub.RoomHidden)).room.is_hidden
        await here.at["grace"].ask("post", room=direct, text="still there?")
        moved = await until(changes, hubbub.RoomMoved)
        assert moved.before.is_hidden and not moved.room.is_hidden
        await agree(here, me)


async def test_a_room_that_is_opened_and_closed_is_in_step_all_the_time(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")], alias="kitchen")
    async with device(here) as mine:
        me = mine.client.me
        opened = await mine.client.follow("#kitchen")
        assert opened.name == room
        await opened.post("one")
        event = await anext(aiter(opened))
        assert event.room == room
        await agree(here, me)
        assert me.rooms[room].nth == 1
        await here.at["grace"].ask("change", room=room, title="Kitchen")
        await agree(here, me)
        await opened.unfollow()
        await here.at["grace"].ask("post", room=room, text="two")
        await agree(here, me)
        mine.cut()
        await here.at["grace"].ask("post", room=room, text="three")
        await agree(here, me)
        assert me.rooms[room].nth == 3


async def test_one_room_is_not_followed_twice_under_two_names(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")], alias="kitchen")
    async with device(here) as mine:
        opened = await mine.client.follow(room)
        with pytest.raises(ValueError, match=room):
            await mine.client.follow("#kitchen")
        with pytest.raises(ValueError, match="@directory"):
            await mine.client.follow("@directory")
        await opened.post("one")
        assert (await anext(aiter(opened))).seq > 0


async def test_the_commands_of_a_made_room(here: Here) -> None:
    grace, gus = here.key("grace"), here.key("gus")
    async with device(here) as mine:
        client = mine.client
        key = await client.create_room("open", "Plans", people=[grace], alias="plans", slow=10)
        room = await client.follow(key)
        assert await room.invite(grace) is None
        assert await room.mute(grace, seconds=60) and await room.unmute(grace)
        assert await room.appoint(grace, "host") and await room.appoint(grace, "host") is None
        assert await room.remove(grace) and await room.remove(grace) is None
        assert await room.ban(grace) and await room.unban(grace) and await room.unban(grace) is None
        assert await room.invite(grace, gus)
        assert await room.change(title="Kitchen", kind="closed", alias="")
        assert await room.archive()
        with pytest.raises(hubbub.Refused, match="archived"):
            await room.post("too late")
        assert await room.restore()
        with pytest.raises(hubbub.Refused, match="not_found"):
            await room.appoint(here.key("ada"), "host")
        await agree(here, client.me)
        shown = client.me.rooms[key]
        assert (shown.title, shown.kind, shown.alias, shown.role) == (
            *("Kitchen", "closed", "", "host"),
        )
        direct = await client.direct([grace])
        assert await client.direct([grace]) == direct
        assert await client.create_room("open", "Once", client_message_id="k") == (
            await client.create_room("open", "Once", client_message_id="k")
        )


async def test_a_client_without_an_account_is_told_so(here: Here) -> None:
    async with hubbub.connect(here.site.stranger.url, name="someone") as client:
        with pytest.raises(RuntimeError, match="open"):
            _ = client.me.rooms
        with pytest.raises(hubbub.Refused, match="Only accounts"):
            await client.me.open()
        with pytest.raises(hubbub.Refused, match="forbidden"):
            await anext(client.me.changes())


async def test_a_guest_who_becomes_a_member_and_back_is_told_the_people(here: Here) -> None:
    await made(here.at["ada"], who=[here.key("gus")])
    async with device(here, "gus") as mine:
        me = mine.client.me
        assert {each.handle for each in me.people.values()} == {"ada", "gus"}
        for role, seen in (("member", 4), ("guest", 2)):
            path = f"/people/{here.key('gus')}/role"
            assert (await here.people["ada"].ask("PUT", path, {"role": role})).status == 200

            async def is_so(seen: int = seen, role: str = role) -> bool:
                return (len(me.people), me.person.role) == (seen, role)

            await eventually(is_so)
        assert (dict(me.rooms), dict(me.people)) == await fresh(here, "gus")


async def test_a_restart_of_the_server_leaves_nothing_out(tmp_path: Path) -> None:
    async with site(tmp_path) as first:
        mary = await first.ada.bring_in("mary")
        client = await hubbub.connect(first.stranger.url, token=mary.token).open()
        ada = await hubbub.connect(first.stranger.url, token=first.ada.token).open()
        await client.me.open()
        shadow = Shadow(client.me)
        room = await ada.create_room("closed", "Plans", people=[mary.account])
    settings = Settings(data=tmp_path, host="127.0.0.1", port=first.server.port, guests="off")
    async with running(settings):
        await ada.post(room, "after the restart")
        await ada.send("change", room=room, title="Kitchen")
        started = msgspec.convert(await client.send("start"), Started)
        rooms = {row.room: row for row in started.rooms}

        async def is_so() -> bool:
            await shadow.check()
            return shadow.rooms == rooms

        await eventually(is_so)
        assert client.me.rooms[room].nth == 1 and shadow.rooms == client.me.rooms
        await client.close()
        await ada.close()


async def test_counts_keep_themselves_on_every_device(here: Here) -> None:
    grace, mary = here.at["grace"], here.key("mary")
    room = await made(grace, who=[mary])
    async with device(here) as phone, device(here) as desk:
        changes = desk.client.me.changes()
        await desk.client.me.open()
        seqs = [(await grace.ask("post", room=room, text=text))["seq"] for text in ("x", "@mary")]

        async def lit() -> bool:
            rows = [each.client.me.rooms[room] for each in (phone, desk)]
            return all((row.unread, row.mentions) == (2, 1) for row in rows)

        await eventually(lit)
        assert await phone.client.me.read(room, seqs[1])
        read = await until(changes, hubbub.RoomRead)
        while read.room.unread:
            read = await until(changes, hubbub.RoomRead)
        assert (read.room.read, read.room.unread, read.room.mentions) == (seqs[1], 0, 0)
        assert await phone.client.me.mark_unread(room)
        while not (await until(changes, hubbub.RoomRead)).room.marked:
            pass
        assert await phone.client.me.set(room, level="none", starred=True)
        updated = await until(changes, hubbub.RoomUpdated)
        assert (updated.room.level, updated.room.starred) == ("none", True)
        await agree(here, desk.client.me)


async def test_settings_and_blocks_are_the_same_on_every_device(here: Here) -> None:
    async with device(here) as phone, device(here) as desk:
        for each in (phone, desk):
            await each.client.me.open()
        assert await phone.client.me.prefer("theme", {"dark": True})
        assert await phone.client.me.prefer("theme", {"dark": True}) is None
        assert await phone.client.me.block("grace") and await phone.client.me.block("grace") is None

        async def known(theme: object, *blocked: str) -> bool:
            me = desk.client.me
            return me.preferences.get("theme") == theme and me.blocked == {*blocked}

        await eventually(partial(known, {"dark": True}, here.key("grace")))
        assert await phone.client.me.prefer("theme", None)
        assert await phone.client.me.unblock("grace")
        await eventually(partial(known, None))
