"""`client.me` of the JavaScript SDK against a real server: it knows what the Python SDK's knows, whatever happens."""

import asyncio
import json
import random
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from hubbub.protocol.commands.starting import MyRoom, ShownPerson
from tests.integration.test_made_rooms import Here, here, made
from tests.integration.test_sdk_in_step import Deeds, Device, There, eventually, fresh
from tests.support.node import NODE, node_script
from tests.support.proxy import Proxy

__all__ = ["here"]  # a fixture
pytestmark = pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js: make clients")
SCRIPT = Path(__file__).parent / "clients" / "me.mjs"
STEPS = 50


class Script:
    """The program that keeps in step. It stands in for a client where `Deeds` opens and closes rooms."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def say(self, *words: str) -> Any:
        """Give it a command. Returns the answer."""
        assert self._process.stdin is not None
        async with self._turn:
            self._process.stdin.write(f"{' '.join(words)}\n".encode())
            return await self.hear()

    async def hear(self) -> Any:
        """The next answer."""
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            return json.loads(await self._process.stdout.readline())

    async def follow(self, room: str) -> "Opened":
        """Follow a room in full."""
        await self.say("follow", room)
        return Opened(self, room)


class Opened:
    """A room that the program follows."""

    def __init__(self, script: Script, room: str) -> None:
        self._script, self._room = script, room

    async def unfollow(self) -> None:
        """Follow it no longer."""
        await self._script.say("unfollow", self._room)


@asynccontextmanager
async def device(here: Here, who: str = "mary") -> AsyncIterator[tuple[Script, Proxy]]:
    """A program that is in step, and the network that it is on."""
    there = There(f"127.0.0.1:{here.site.server.port}", asyncio.Event())
    there.up.set()
    token = here.people[who].token
    assert token is not None
    async with (
        Proxy(there).listening() as network,
        node_script(SCRIPT, f"http://{network.address}", token) as process,
    ):
        script = Script(process)
        assert await script.hear() == {"account": here.key(who), "person": who}
        yield script, network


def known(said: Any) -> tuple[dict[str, MyRoom], dict[str, ShownPerson]]:
    """What the program says of rooms and people."""
    for row in said["rooms"]:
        row |= {name: row[name] or None for name in ("archived_at", "people")}
    rows = msgspec.convert(said["rooms"], list[MyRoom])
    people = msgspec.convert(said["people"], dict[str, ShownPerson])
    return {row.room: row for row in rows}, people


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_it_knows_what_a_new_device_is_told(here: Here, seed: int) -> None:
    async with device(here) as (script, network):
        deeds = Deeds(here, Device(cast(Any, script), network), random.Random(seed))
        for _ in range(STEPS):
            await deeds.one()
        wanted = await fresh(here)

        said: dict[str, Any] = {}

        async def is_so() -> bool:
            said.update(await script.say("look"))
            return known(said) == known(said["shadow"]) == wanted

        with suppress(TimeoutError):
            await eventually(is_so)
        assert known(said) == wanted
        assert known(said["shadow"]) == wanted


async def test_it_says_what_changes_and_what_is_worth_a_notification(here: Here) -> None:
    grace, mary = here.at["grace"], here.key("mary")
    told: list[Any] = []
    async with device(here) as (script, _):
        room = await made(grace, who=[mary])

        async def until(kind: str) -> Any:
            async def is_so() -> bool:
                told.extend((await script.say("look"))["told"])
                return any(change["change"] == kind for change in told)

            await eventually(is_so)
            found = next(change for change in told if change["change"] == kind)
            told.clear()
            return found

        joined = await until("room_joined")
        assert (joined["room"]["room"], joined["room"]["title"]) == (room, "Plans")
        await grace.ask("post", room=room, text="nothing for mary")
        moved = await until("room_moved")
        # A device that had to ask for its new room may learn of the post from the answer, which doesn't say by whom.
        by = moved.get("by", here.key("grace"))
        assert (moved["room"]["unread"], by, moved["notify"]) == (1, here.key("grace"), False)
        await grace.ask("post", room=room, text="but this is, @mary")

        async def is_mentioned() -> bool:
            said = (await script.say("look"))["told"]
            return any(each["notify"] and each["room"]["mentions"] == 1 for each in said)

        await eventually(is_mentioned)
        await here.at["mary"].ask("read", room=room, upto=99)
        read = await until("room_read")
        assert (read["room"]["unread"], read["room"]["mentions"]) == (0, 0)
        seen = await script.say("watch", here.key("grace"))
        assert seen[here.key("grace")]["state"] in ("online", "offline")
        await grace.ask("remove", room=room, who=mary)
        assert (await until("room_left"))["room"]["room"] == room


async def test_it_says_what_happens_to_threads(here: Here) -> None:
    (grace, mary), told = (here.at["grace"], here.at["mary"]), list[Any]()
    room = await made(grace, who=[here.key("mary")])

    async def thread() -> str:
        """A thread of which mary wrote the first message, so that she follows it."""
        return f"{room}:{(await mary.ask('post', room=room, text='what of it?'))['seq']}"

    old = await thread()
    await grace.ask("post", room=old, text="much")
    async with device(here) as (script, network):

        async def is_told(*wanted: Any) -> None:
            """Wait for a change. Others, of what is counted later, may come before it."""

            async def is_there() -> bool:
                for change in (await script.say("look"))["told"]:
                    if row := change.get("thread"):
                        counted = row["thread"], row["unread"], row["mentions"]
                        told.append((change["change"], *counted))
                return any(each[-len(wanted) :] == wanted for each in told)

            await eventually(is_there)
            told.clear()

        await script.say(f"watch {here.key('grace')}")  # by then it knows which threads there are
        await grace.ask("post", room=old, text="more")
        await is_told("thread_moved", old, 2, 0)
        for way in [*network.ways]:
            way.cut()
        await grace.ask("post", room=old, text="while mary is away")
        await is_told("thread_moved", old, 3, 0)
        await mary.ask("read", room=old, upto=99)
        await is_told("thread_read", old, 0, 0)
        new = await thread()
        await grace.ask("post", room=new, text="a reply")
        await is_told("thread_added", new, 1, 0)
        await grace.ask("post", room=new, text="@mary again")
        await is_told(new, 2, 1)  # the mention and the reply may be told one after the other
        await mary.ask("unfollow_thread", room=old)
        await is_told("thread_dropped", old, 0, 0)
