"""Removed is nowhere on any node either: not in what nodes answer, by any door, nor in what they hold in memory."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.messages import Change, Post
from hubbub.server.app import Running, running
from hubbub.server.config import Settings
from hubbub.server.http.operations import operations_of
from hubbub.server.http.routes import ROUTES
from hubbub.server.hub.writing import Policy
from hubbub.server.people.passwords import Argon2
from tests.contracts.test_nowhere import WAYS, Left, unexpected
from tests.integration.native import Native, native
from tests.support.held import texts_held
from tests.support.lived import FREE, RITA, SESSION, Life, person
from tests.support.marks import marks_in
from tests.support.paths import filled
from tests.support.postgres import Postgres
from tests.support.site import Someone, chosen, site

QUESTIONS = [kind for aspect in RULES.aspects for kind in aspect.questions]
READS = [op.path for op in operations_of(ROUTES) if op.method == "GET"]


class Node(NamedTuple):
    server: Running
    tasks: set[asyncio.Task[Any]]


class Here(NamedTuple):
    """Some nodes, with those who are there."""

    nodes: list[Node]
    ada: Someone
    mary: Someone
    life: Life


@pytest.fixture(params=["sqlite", "postgres"])
async def here(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Here]:
    monkeypatch.setattr(Argon2.__init__, "__defaults__", (1_024,))
    store = await postgres.fresh() if request.param == "postgres" else "sqlite"
    async with AsyncExitStack() as stack:
        before = asyncio.all_tasks()
        first = await stack.enter_async_context(site(tmp_path / "0", store=store, guests="on"))
        nodes = [Node(first.server, asyncio.all_tasks() - before)]
        if request.param == "postgres":
            before = asyncio.all_tasks()
            settings = Settings(host="127.0.0.1", port=0, data=tmp_path / "1", store=store)
            second = await stack.enter_async_context(running(settings))
            nodes.append(Node(second, asyncio.all_tasks() - before))
        invite = (await first.ada.ask("POST", "/invites", {})).body["token"]
        mary = await first.stranger.enter("/accept", token=invite, **chosen("mary"))
        doers = [node.server.hub.writing for node in nodes] * 99

        async def do(by: Principal, change: Change) -> Answer:
            return await doers.pop().commit(by, change, Policy.UNLIMITED)

        life = Life(do, as_principal(first.ada), as_principal(mary))
        yield Here(nodes, first.ada, mary, life)


def as_principal(someone: Someone) -> Principal:
    bare = person("x")
    return Principal(someone.account, bare.role, someone.account, bare.scopes)


REMOVED = WAYS["removing all"]
REMEMBERED = {"Edit.text", "ChangePerson.name", "ChangePerson.handle"}
ASKED = ("", "?since=0")


async def follow(client: Native, life: Life, *more: str) -> list[str]:
    """Follow all logs that one may, from the beginning; return them."""
    logs = [*dict.fromkeys(room for room, _ in life.marys), "@me", "@directory", *more]
    for log in logs:
        await client.ask("follow", room=log, since=0)
    return logs


async def until_removed(ada: Native, life: Life) -> None:
    """Wait until a node has delivered all that a removal says: that it is done, and what was erased in each room."""
    rooms = {room for room, _ in life.ritas}
    finished = False
    while rooms or not finished:
        event = await ada.event()
        finished |= event.get("action") == "removal finished"
        if event["event"] == "erased":
            rooms.discard(event["room"])


async def answers_of(node: Node, who: Someone, life: Life) -> AsyncIterator[tuple[str, str]]:
    """What a node answers to every question over HTTP, about every message and account."""
    headers = {"Authorization": f"Bearer {who.token}"}
    for path in READS:
        parts = [{"room": room, "seq": seq} for room, seq in life.ritas + life.marys]
        targets = {filled(path, **part, account=RITA.id, where=FREE) for part in parts}
        for target in (target + query for target in targets for query in ASKED):
            url = f"http://127.0.0.1:{node.server.port}{target}"
            async with who._http.get(url, headers=headers) as answer:
                yield target, await answer.text()


async def told_by(node: Node, who: Someone, life: Life) -> AsyncIterator[tuple[str, str]]:
    """What a node says over a WebSocket: all logs from 0, snapshots, and the answer to every question."""
    async with native(node.server.port, token=who.token) as client:
        logs = await follow(client, life)
        yield "start", json.dumps(await client.ask("start"))
        for kind in QUESTIONS:
            for room, seq in life.ritas + life.marys:
                given = {"room": room, "seq": seq}
                fields = {each: given[each] for each in kind.__struct_fields__ if each in given}
                client._last_id += 1
                asked = {"do": kind.__struct_config__.tag, "id": client._last_id} | fields
                await client.send(asked)
                yield kind.__name__, json.dumps(await client.reply())
        for log in logs:
            await client.ask("unfollow", room=log)
            yield f"a snapshot of {log}", json.dumps(await client.ask("follow", room=log))
        for told in (client.events, client.signals, client.notices):
            yield "what came", json.dumps(list(told))


async def told_to_all(here: Here) -> Left:
    """The fields whose words anyone gets to see on any node, and where."""
    left: Left = {}
    asked = [told_by(node, here.mary, here.life) for node in here.nodes]
    for each in (*asked, answers_of(here.nodes[-1], here.ada, here.life)):
        async for place, said in each:
            for field in marks_in(said):
                left.setdefault(field, set()).add(place)
    return left


def in_memory(node: Node) -> Left:
    """The fields whose words a node has in memory, and what holds them."""
    left: Left = {}
    for text, how in texts_held([node.server.hub, node.server.entrance, *node.tasks]):
        for field in marks_in(text):
            left.setdefault(field, set()).add(how[-200:])
    return left


async def come(here: Here, node: Node, stack: AsyncExitStack) -> Native:
    """Let everyone come, and see who and what is there; return what tells ada of all that happens."""
    tokens = (here.mary.token, SESSION.text, here.ada.token)
    _, _, ada = clients = [
        await stack.enter_async_context(native(node.server.port, token=token)) for token in tokens
    ]
    for client in clients:
        await follow(client, here.life, *["@audit"] * (client is ada))
        await client.ask("watch", people=[RITA.id, here.mary.account])
        await client.send({"do": "signal", "room": here.life.room, "signal": "typing"})
    return ada


async def look(here: Here, node: Node) -> None:
    """Have a node remember what it shows to all."""
    async with native(node.server.port, token=here.mary.token) as client:
        await client.ask("start")
        for room in (here.life.room, FREE):
            await client.ask("follow", room=room)


async def reviewed(node: Node, patch: pytest.MonkeyPatch) -> None:
    """Wait until a node has forgotten what all accounts are called: soon after one is removed."""
    starting, has_forgotten = node.server.hub.starting, asyncio.Event()
    forget = starting.forget

    def tell() -> None:
        forget()
        has_forgotten.set()

    patch.setattr(starting, "forget", tell)
    while starting._everyone is not None:
        await has_forgotten.wait()
        has_forgotten.clear()


@pytest.mark.timeout(120)
async def test_whoever_is_removed_is_nowhere_on_any_node(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.life.live()
    async with AsyncExitStack() as stack:
        watching = [await come(here, node, stack) for node in here.nodes]
        for room in (here.life.room, FREE):
            await here.life.write(Post, room)
        for node in here.nodes:
            await look(here, node)
            assert in_memory(node).keys() >= REMEMBERED
        removing = f"/people/{RITA.id}/remove"
        assert (await here.ada.ask("POST", removing, {"messages": True})).status == 200
        for client in watching:
            await until_removed(client, here.life)
        for node in here.nodes:
            await reviewed(node, monkeypatch)
            for _ in range(20):  # the roll of names is read anew within a second
                if not unexpected(in_memory(node), REMOVED):
                    break
                await asyncio.sleep(0.1)
            assert unexpected(in_memory(node), REMOVED) == {}
        assert unexpected(await told_to_all(here), REMOVED) == {}
