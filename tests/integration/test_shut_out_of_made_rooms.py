"""Who is shut out of a room that people made gets the event that says so, and nothing after it: on every door, on every node."""

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import pytest

from hubbub.server.app import running
from hubbub.server.config import Settings
from tests.integration.native import Native, native
from tests.integration.test_shut_out import DOORS, ONLY_MESSAGES, Ear, Whom, say, until
from tests.support.every_case import EVERY_CASE
from tests.support.nodes import NODES, shared_by
from tests.support.postgres import Postgres
from tests.support.site import Someone, site

GONE = {"code": "not_found", "message": "No such room, or no access to it", "temporary": False}
BANNED = {"code": "banned", "message": "Banned from this room", "temporary": False}


class Case(NamedTuple):
    """How somebody is shut out: of a room of what kind, by what, and the event and the error that tell them."""

    kind: str
    is_member: bool
    by: dict[str, Any]
    event: str
    refused: dict[str, Any]

    def out(self, room: str, who: Someone) -> dict[str, Any]:
        """The command that shuts somebody out."""
        whom = {} if self.by["do"] == "change" else {"who": who.account}
        return {"room": room} | self.by | whom


CASES = {
    "removed from a closed room": Case("closed", True, {"do": "remove"}, "removed", GONE),
    "banned from a closed room": Case("closed", True, {"do": "ban"}, "banned", GONE),
    "banned from an open room": Case("open", True, {"do": "ban"}, "banned", BANNED),
    "banned from it, as no member": Case("open", False, {"do": "ban"}, "banned", BANNED),
    "the room is closed": Case("open", False, {"do": "change", "kind": "closed"}, "changed", GONE),
}


class Here(NamedTuple):
    """The ports of two nodes, which may be one, and some accounts."""

    nodes: str
    here: int
    there: int
    ada: Someone
    grace: Someone
    has_live_state_in_common: bool


def cases(here: Here, door: str) -> list[tuple[str, Case]]:
    """Half of the cases, so that any two of a door, a case and a number of nodes meet, but not all three."""
    number = [*DOORS].index(door) + NODES.index(here.nodes)
    return [*CASES.items()] if EVERY_CASE else [*CASES.items()][number % 2 :: 2]


@pytest.fixture(scope="module", params=NODES)
async def here(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> AsyncIterator[Here]:
    folder = tmp_path_factory.mktemp("made")
    async with AsyncExitStack() as stack:
        given: dict[str, Any] = {**await shared_by(request.param, stack, postgres)}
        first = await stack.enter_async_context(site(folder / "0", **given))
        there = first.server.port
        if request.param != "one node":
            settings = Settings(host="127.0.0.1", port=0, data=folder / "1", **given)
            there = (await stack.enter_async_context(running(settings))).port
        grace = await first.ada.bring_in("grace")
        are_joined = request.param != "two nodes"
        yield Here(request.param, first.server.port, there, first.ada, grace, are_joined)
    gc.unfreeze()


@pytest.fixture
async def mary(here: Here, request: pytest.FixtureRequest) -> Someone:
    """Whom the test shuts out."""
    return await here.ada.bring_in(f"mary-{abs(hash(request.node.name)) % 10**9}")


async def shut_out(grace: Native, ear: Ear, out: dict[str, Any], log: str) -> list[str]:
    """Shut out whoever hears a log; what they hear of it and of what is said before and after, to the end."""
    await grace.ask("post", room=log, text="hello")
    await until(ear.next, "hello")
    before, after = ({"do": "post", "room": log, "text": text} for text in ("before", "after"))
    await say(grace, before, out, after)
    return await until(ear.next, "")


@pytest.mark.parametrize("door", DOORS)
async def test_the_last_one_gets_is_the_event_that_shuts_one_out(
    here: Here, mary: Someone, door: str
) -> None:
    async with native(here.here, token=here.grace.token) as grace:
        for name, case in cases(here, door):
            who = [mary.account] if case.is_member else []
            room = (await grace.ask("create", kind=case.kind, title=name, who=who))["made"]
            await grace.ask("post", room=room, text="first")
            whom = Whom({"token": mary.token}, case.refused)
            async with DOORS[door](here.there, room, whom) as ear:
                heard = await shut_out(grace, ear, case.out(room, mary), room)
                told = [] if door in ONLY_MESSAGES else [case.event]
                if door == "long polls" and len(heard) == 2:
                    told = []  # the event came between two of them: the next one is refused
                assert heard == ["before", *told, ""], name
                assert await ear.again() == case.refused["code"], name


@pytest.mark.parametrize("door", DOORS)
async def test_whoever_is_shut_out_of_a_room_is_cut_off_from_its_threads(
    here: Here, mary: Someone, door: str
) -> None:
    """The event is in the room's log; what was said in the thread before it comes, and nothing that was said after."""
    async with native(here.here, token=here.grace.token) as grace:
        for name, case in cases(here, door):
            who = [mary.account] if case.is_member else []
            room = (await grace.ask("create", kind=case.kind, title=name, who=who))["made"]
            root = await grace.ask("post", room=room, text="root")
            thread = f"{room}:{root['seq']}"
            await grace.ask("post", room=thread, text="first")
            whom = Whom({"token": mary.token}, case.refused)
            async with DOORS[door](here.there, thread, whom) as ear:
                heard = await shut_out(grace, ear, case.out(room, mary), thread)
                assert heard in ([""], ["before", ""]), name
                if here.here == here.there:
                    assert heard == ["before", ""], name
                assert await ear.again() == case.refused["code"], name


@pytest.mark.parametrize("door", DOORS)
async def test_what_another_node_says_in_a_thread_after_a_ban_never_arrives(
    here: Here, mary: Someone, door: str
) -> None:
    """The ban is committed on one node, the reply on the one where the banned follow the thread."""
    async with (
        native(here.here, token=here.grace.token) as grace,
        native(here.there, token=here.grace.token) as there,
    ):
        room = (await grace.ask("create", kind="closed", title="x", who=[mary.account]))["made"]
        root = await grace.ask("post", room=room, text="root")
        thread = f"{room}:{root['seq']}"
        await grace.ask("post", room=thread, text="first")
        async with DOORS[door](here.there, thread, Whom({"token": mary.token}, GONE)) as ear:
            await grace.ask("post", room=thread, text="hello")
            await until(ear.next, "hello")
            await grace.ask("ban", room=room, who=mary.account)
            await there.ask("post", room=thread, text="after")
            assert await ear.next() == ""
            assert await ear.again() == "not_found"


@pytest.mark.parametrize("door", DOORS)
async def test_who_becomes_a_guest_is_cut_off_from_open_rooms(
    here: Here, mary: Someone, door: str
) -> None:
    async with native(here.here, token=here.grace.token) as grace:
        room = (await grace.ask("create", kind="open", title="Open"))["made"]
        await grace.ask("post", room=room, text="first")
        async with DOORS[door](here.there, room, Whom({"token": mary.token}, GONE)) as ear:
            await grace.ask("post", room=room, text="hello")
            await until(ear.next, "hello")
            path = f"/people/{mary.account}/role"
            assert (await here.ada.ask("PUT", path, {"role": "guest"})).status == 200
            await grace.ask("post", room=room, text="after")
            assert await ear.next() == ""
            assert await ear.again() == "not_found"
