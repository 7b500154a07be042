"""What is gone is nowhere on any node either: not in what nodes answer, by any door, nor in what they hold in memory."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from nats.js.api import StreamConfig

from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.messages import Change
from hubbub.server import upkeep
from hubbub.server.app import Running, running
from hubbub.server.config import Settings
from hubbub.server.http.operations import operations_of
from hubbub.server.http.routes import ROUTES
from hubbub.server.hub.writing import Policy
from hubbub.server.people.passwords import Argon2
from tests.contracts.test_nowhere import WAYS, Left, Way, unexpected
from tests.integration.native import Native, native
from tests.support.everything import everything
from tests.support.held import texts_held
from tests.support.lived import FREE, RITA, SESSION, Life, person
from tests.support.marks import marks_in
from tests.support.nats import Nats, keeping, nats_running, streams_of
from tests.support.paths import filled
from tests.support.postgres import Postgres
from tests.support.site import Someone, site
from tests.support.team import Team

QUESTIONS = [kind for aspect in RULES.aspects for kind in aspect.questions]
READS = [op.path for op in operations_of(ROUTES) if op.method == "GET"]


class Node(NamedTuple):
    server: Running
    tasks: set[asyncio.Task[Any]]


class Nodes(Team):
    """Submits changes to one node after the other."""

    def __init__(self, nodes: list[Node], ada: Principal) -> None:
        super().__init__(nodes[0].server.hub.reading._store)
        self.now = time.time()
        self._ada = ada
        self._doers = cycle(node.server.hub.writing for node in nodes)

    async def do(self, by: Principal | str, *changes: Change) -> Answer:
        """See the team, which calls the owner ada."""
        who = self._ada if isinstance(by, str) else by
        doers = [next(self._doers) for _ in changes]
        answers = [
            await doer.commit(who, change, Policy.UNLIMITED)
            for doer, change in zip(doers, changes, strict=True)
        ]
        return answers[-1]


class Broker(NamedTuple):
    """A NATS server that can keep messages, and the folder in which it would."""

    server: Nats
    folder: Path

    async def kept(self, *streams: StreamConfig) -> list[str]:
        """The names of the streams that it keeps, once it keeps these, too; and of files in which there are words of fields."""
        names = [str(info.config.name) for info in await streams_of(self.server, *streams)]
        files = [each for each in self.folder.rglob("*") if each.is_file()]
        return names + [each.name for each in files if [*marks_in(each.read_text("latin-1"))]]


class Here(NamedTuple):
    """Some nodes, with those who are there."""

    nodes: list[Node]
    ada: Someone
    mary: Someone
    life: Life
    team: Nodes
    broker: Broker | None


@pytest.fixture(params=["sqlite", "postgres", "postgres and nats"])
async def here(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Here]:
    monkeypatch.setattr(Argon2.__init__, "__defaults__", (1_024,))
    monkeypatch.setattr(upkeep, "LOOK_BESIDE_BROKER", upkeep.LOOK)
    async with AsyncExitStack() as stack:
        given: dict[str, Any] = {"store": "sqlite", "message_rate": 0}  # all is asked at once
        if request.param != "sqlite":
            given["store"] = await postgres.fresh()
        broker = None
        if request.param == "postgres and nats":
            (tmp_path / "broker").mkdir()
            running_nats = nats_running(settings=keeping(tmp_path / "broker"))
            nats = await stack.enter_async_context(running_nats)
            broker = Broker(nats, tmp_path / "broker")
            given["broker"] = nats.url
        before = asyncio.all_tasks()
        first = await stack.enter_async_context(site(tmp_path / "0", guests="on", **given))
        nodes = [Node(first.server, asyncio.all_tasks() - before)]
        if request.param != "sqlite":
            before = asyncio.all_tasks()
            settings = Settings(host="127.0.0.1", port=0, data=tmp_path / "1", **given)
            second = await stack.enter_async_context(running(settings))
            nodes.append(Node(second, asyncio.all_tasks() - before))
        mary = await first.ada.bring_in("mary")
        team = Nodes(nodes, as_principal(first.ada))
        life = Life(team.do, as_principal(first.ada), as_principal(mary))
        yield Here(nodes, first.ada, mary, life, team, broker)


def as_principal(someone: Someone) -> Principal:
    bare = person("x")
    return Principal(someone.account, bare.role, someone.account, bare.scopes)


ASKED = ("", "?since=0")


async def follow(client: Native, life: Life, *more: str) -> list[str]:
    """Follow all logs that one may, from the beginning; return them."""
    logs = [*dict.fromkeys(room for room, _ in life.marys), "@me", "@directory", *more]
    for log in logs:
        await client.ask("follow", room=log, since=0)
    return logs


async def answers_of(node: Node, who: Someone, life: Life) -> AsyncIterator[tuple[str, str]]:
    """What a node answers to every question over HTTP, about every message and account."""
    headers = {"Authorization": f"Bearer {who.token}"}
    for path in READS:
        parts = [{"room": room, "seq": seq} for room, seq in life.ritas + life.marys]
        targets = {filled(path, **part, account=RITA.id, where=FREE) for part in parts}
        queries = ASKED if path.endswith("/events") else ASKED[:1]
        for target in (target + query for target in targets for query in queries):
            url = f"http://127.0.0.1:{node.server.port}{target}"
            async with who._http.get(url, headers=headers) as answer:
                yield target, await answer.text()


async def told_by(node: Node, who: Someone, life: Life) -> AsyncIterator[tuple[str, str]]:
    """What a node says over a WebSocket: all logs from 0, snapshots, and the answer to every question."""
    async with native(node.server.port, token=who.token) as client:
        logs = await follow(client, life)
        yield "start", json.dumps(await client.ask("start"))
        for kind in QUESTIONS:
            places = [{"room": room, "seq": seq} for room, seq in life.ritas + life.marys]
            asked_for = {
                json.dumps({k: v for k, v in each.items() if k in kind.__struct_fields__})
                for each in places
            }
            for fields in map(json.loads, sorted(asked_for)):
                client._last_id += 1
                asked = {"do": kind.__struct_config__.tag, "id": client._last_id} | fields
                await client.send(asked)
                yield kind.__name__, json.dumps(await client.reply())
        for log in logs:
            await client.ask("unfollow", room=log)
            yield f"a snapshot of {log}", json.dumps(await client.ask("follow", room=log))
        for told in (client.events, client.signals, client.notices):
            yield "what came", json.dumps(list(told))


async def told_to_all(here: Here, way: str) -> Left:
    """The fields whose words anyone gets to see on any node, or at the end in the database, and where."""
    left: Left = {}
    asked = [told_by(node, here.mary, here.life) for node in here.nodes]
    if way == LAST and here.broker is None:  # hundreds of requests, which no broker hears of
        asked.append(answers_of(here.nodes[-1], here.ada, here.life))
    found = [each for some in asked async for each in some]
    if way == LAST:  # tests/contracts/test_nowhere.py looks there after each
        found += (await everything(here.team.store)).items()
    for place, said in found:
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


async def come(here: Here, node: Node, stack: AsyncExitStack) -> list[Native]:
    """Let everyone come, and see who and what is there."""
    tokens = (here.mary.token, SESSION.text, here.ada.token)
    clients = [
        await stack.enter_async_context(native(node.server.port, token=token)) for token in tokens
    ]
    for client in clients:
        await follow(client, here.life, here.life.room, FREE)
        await client.ask("watch", people=[RITA.id, here.mary.account])
        await client.send({"do": "signal", "room": here.life.room, "signal": "typing"})
    return clients


async def look(here: Here, node: Node) -> None:
    """Have a node remember what it shows to all."""
    async with native(node.server.port, token=here.mary.token) as client:
        await client.ask("start")
        for room in dict.fromkeys(room for room, _ in here.life.marys):
            await client.ask("follow", room=room)


async def until_forgotten(node: Node, way: Way) -> None:
    """Wait until a node has nothing in memory of what is gone."""
    left = unexpected(in_memory(node), way)
    for _ in range(PATIENCE):  # the roll of names is read anew within a second
        if not left:
            break
        await asyncio.sleep(0.1)
        left = unexpected(in_memory(node), way)
    assert left == {}


# One after the other: messages that are gone are written again before the next, and an account is removed only once.
FIRST, SECOND, LAST = "keeping no more", "deleting", "removing all"
OTHERS = [way for way in WAYS if way not in (FIRST, SECOND, "removing", LAST)]
IN_ORDER = [FIRST, SECOND, *OTHERS, LAST]
PATIENCE = 200  # looks, a tenth of a second apart


@pytest.mark.timeout(300)
async def test_what_goes_is_nowhere_on_any_node(here: Here) -> None:
    life, nodes = here.life, here.nodes
    await life.begin()
    async with AsyncExitStack() as stack:
        for node in nodes:
            await come(here, node, stack)
        for name in IN_ORDER:
            way = WAYS[name]
            if name != SECOND:
                await life.say()
            for node in nodes:
                await look(here, node)
                assert "Edit.text" in in_memory(node)
            await way.act(here.team, life)
            for node in nodes:
                await until_forgotten(node, way)
            assert unexpected(await told_to_all(here, name), way) == {}, name
        if here.broker is not None:
            assert await here.broker.kept() == [], "it only passes on"
            words = StreamConfig("words", subjects=["hubbub.>"])
            assert await here.broker.kept(words) == ["words"], "it could keep something"
