"""Three nodes, PostgreSQL and NATS, each killed, stopped or cut off again and again, while clients of every kind go from node to node."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import aiohttp
import nats
import pytest
from nats.aio.msg import Msg

from tests.support.checker import Fault, Finding
from tests.support.clocks import set_wrong
from tests.support.crowd import ROOM, Crowd
from tests.support.nats import Nats, nats_running
from tests.support.network import HERE, Network, Place, is_possible, network
from tests.support.postgres import Postgres, running
from tests.support.quick_server import QuickServer

FAULTS = int(os.environ.get("TEST_NODE_FAULTS", "11"))
SEED = int(os.environ.get("TEST_SEED", random.randrange(10**6)))
LONGEST_STOP = float(os.environ.get("TEST_LONGEST_STOP", "6"))  # seconds
NODES = ("a", "b", "c")
SOON = 10.0  # seconds, with short leases
PACE = 12.0  # changes a second of the busiest clients
MANY_OLD = 500  # messages of the broker, to be repeated


class Parts(NamedTuple):
    """What a cluster is made of; without a network all of it is on this machine's loopback."""

    nodes: list[QuickServer]
    postgres: Postgres
    nats: Nats
    clocks: list[Path]
    net: Network | None

    def place(self, name: str) -> Place:
        """Where a part is."""
        assert self.net is not None
        return self.net.places[name]


class Cluster:
    """What can be hit, and how."""

    def __init__(self, parts: Parts, dice: random.Random, kinds: Sequence[str]) -> None:
        self.parts, self._dice = parts, dice
        self.faults: Counter[str] = Counter()
        self._ways: dict[str, Callable[[], Awaitable[None]]] = {
            "node killed": self._kill_a_node,
            "node stopped": self._stop_a_node,
            "database killed": self._kill_the_database,
            "database stopped": self._stop_the_database,
            "broker wiped": self._wipe_the_broker,
            "broker stopped": self._stop_the_broker,
            "messages of the broker repeated": self._repeat_messages,
            "a node's clock moved": self._move_a_clock,
        }
        if parts.net is not None:
            self._ways["node cut off from the database"] = lambda: self._part("postgres")
            self._ways["node cut off from the broker"] = lambda: self._part("nats")
            self._ways["node cut off from clients"] = lambda: self._part("")
        self.kinds = kinds or list(self._ways)

    async def suffer(self) -> None:
        """Go through one fault, of a kind that has been as rare as any, and recover."""
        fewest = min(self.faults[kind] for kind in self.kinds)
        kind = self._dice.choice([kind for kind in self.kinds if self.faults[kind] == fewest])
        self.faults[kind] += 1
        await self._ways[kind]()

    async def a_moment(self) -> None:
        """As long as a fault lasts, or until the next."""
        await asyncio.sleep(self._dice.uniform(0.05, 0.4))

    async def a_while(self) -> None:
        """As long as something stands still, or is cut off: mostly for a moment, now and then for long."""
        await asyncio.sleep(0.05 + LONGEST_STOP * self._dice.random() ** 3)

    async def _kill_a_node(self) -> None:
        node = self._dice.choice(self.parts.nodes)
        await node.kill()
        await self.a_moment()
        await node.start()

    async def _stop_a_node(self) -> None:
        node = self._dice.choice(self.parts.nodes)
        node.signal(signal.SIGSTOP)
        await self.a_while()
        node.signal(signal.SIGCONT)

    async def _kill_the_database(self) -> None:
        await self.parts.postgres.stop(signal.SIGQUIT)
        await self.a_moment()
        await self.parts.postgres.start()

    async def _stop_the_database(self) -> None:
        self.parts.postgres.send_to_all(signal.SIGSTOP)
        await self.a_while()
        self.parts.postgres.send_to_all(signal.SIGCONT)

    async def _wipe_the_broker(self) -> None:
        await self.parts.nats.kill()
        await self.a_moment()
        await self.parts.nats.start()

    async def _stop_the_broker(self) -> None:
        self.parts.nats.send(signal.SIGSTOP)
        await self.a_while()
        self.parts.nats.send(signal.SIGCONT)

    async def _repeat_messages(self) -> None:
        """Somebody on the broker says again what was said, in another order; and what was never said."""
        heard: list[Msg] = []

        async def hear(message: Msg) -> None:
            heard.append(message)

        with suppress(nats.errors.Error, OSError):
            client = await nats.connect(self.parts.nats.url, allow_reconnect=False)
            listening = await client.subscribe("hubbub.>", cb=hear)
            await self.a_while()
            await listening.unsubscribe()
            for message in self._dice.sample(heard[-MANY_OLD:], k=len(heard[-MANY_OLD:])) * 2:
                await client.publish(message.subject, message.data)
                await client.publish(message.subject, message.data[:-1] + b"x")
            await client.close()

    async def _move_a_clock(self) -> None:
        set_wrong(self._dice.choice(self.parts.clocks), self._dice.uniform(-86_400, 86_400))

    async def _part(self, name: str) -> None:
        net = self.parts.net
        assert net is not None
        other = self.parts.place(name) if name else net.test
        node = self.parts.place(self._dice.choice(NODES))
        net.part(node, other)
        await self.a_while()
        net.join(node, other)


@asynccontextmanager
async def clusters(
    folder: Path, dice: random.Random, sabotage: str, kinds: Sequence[str]
) -> AsyncIterator[tuple[Cluster, Callable[[], Awaitable[list[bytes]]]]]:
    """A cluster of three, and a way to read its log. It needs no network if it is to suffer only these kinds of faults."""
    async with AsyncExitStack() as stack:
        net = None
        if is_possible() and not kinds:
            net = stack.enter_context(network([*NODES, "postgres", "nats"]))
        places = net.places if net else dict.fromkeys([*NODES, "postgres", "nats"], HERE)
        postgres = await stack.enter_async_context(running(places["postgres"]))
        broker = await stack.enter_async_context(nats_running(places["nats"]))
        url = await postgres.fresh()
        flags = ["--message-rate", "0", "--store", url, "--broker", broker.url]
        if net:
            flags += ["--insecure-http", "--guests", "on"]
        nodes, clocks = list[QuickServer](), list[Path]()
        for name in NODES:
            clocks.append(folder.with_name(f"{folder.name} clock of {name}"))
            set_wrong(clocks[-1], 0)
            orders = filter(None, ("short_leases", f"wall_clock:{clocks[-1]}", sabotage))
            server = QuickServer(
                folder / name, *flags, sabotage=" and ".join(orders), place=places[name]
            )
            nodes.append(await stack.enter_async_context(server))
        parts = Parts(nodes, postgres, broker, clocks, net)
        try:
            yield Cluster(parts, dice, kinds), lambda: postgres.log(ROOM, url)
        except BaseException:
            for name, server in zip(NODES, nodes, strict=True):
                print(f"node {name}:", *server.output[-20:], sep="\n")
            raise


class Outcome(NamedTuple):
    """What the checker finds, and what was the matter with who is shown to be there."""

    findings: list[Finding]
    presence: str


async def endured(
    folder: Path, faults: int, seed: int, sabotage: str = "", kinds: Sequence[str] = ()
) -> Outcome:
    """What is found after so many faults, of these kinds or all."""
    dice = random.Random(seed)
    async with clusters(folder, dice, sabotage, kinds) as (cluster, read_log):
        nodes = cluster.parts.nodes
        crowd = Crowd(nodes[0], seed, pace=PACE, sites=nodes)
        async with crowd.living():
            for _ in range(faults):
                await crowd.goes_on(11)
                await cluster.a_moment()
                await cluster.suffer()
            by_http, log = await crowd.heal(), await read_log()
            while len(log) > len(by_http):  # what nobody waited for was committed even later
                by_http, log = await crowd.heal(), await read_log()
            presence = await shown_alike(nodes, lambda here: here > 0)
        findings = crowd.check_against(log, by_http)
        presence = presence or await shown_alike(nodes, lambda here: here == 0)
    print(dict(cluster.faults), f"{len(by_http)} events, {crowd.acknowledged} acknowledged")
    print(*map(str, findings[:5]), presence, sep="\n")
    assert findings or crowd.acknowledged > 10 * faults, "there was too little going on"
    return Outcome(findings, presence)


async def shown_alike(nodes: list[QuickServer], is_right: Callable[[int], bool]) -> str:
    """What is wrong with who is said to be in the room, if all nodes don't come to say the same."""
    until = time.monotonic() + SOON
    async with aiohttp.ClientSession() as http:
        while True:
            said = []
            for node in nodes:
                url = f"http://{node.address}/api/v1/rooms/{ROOM}"
                async with http.get(url) as answer:
                    said.append((await answer.json())["members"])
            if said == said[:1] * len(said) and is_right(said[0]["count"]):
                return ""
            if time.monotonic() > until:
                return f"presence did not converge: {said}"
            await asyncio.sleep(0.1)


@pytest.mark.timeout(180 + (4 + LONGEST_STOP) * FAULTS)
async def test_no_promise_is_broken_when_any_part_of_a_cluster_fails(tmp_path: Path) -> None:
    print(f"TEST_SEED={SEED} TEST_NODE_FAULTS={FAULTS} TEST_LONGEST_STOP={LONGEST_STOP}")
    assert await endured(tmp_path, FAULTS, SEED) == ([], "")


BUGS = {
    "ignore_a_gap": {Fault.HOLE},
    "deliver_before_commit": {Fault.NOT_DURABLE, Fault.ALTERED, Fault.REPEATED},
    "trust_a_lost_commit": {Fault.LOST, Fault.NOT_DURABLE, Fault.ALTERED},
    "numbers_from_a_sequence": {Fault.HOLE},
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("bug", BUGS)
async def test_the_checker_finds(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.crowd.HEAL_SECONDS", 2.0)  # some never get all
    monkeypatch.setattr("tests.faults.test_nodes.SOON", 0.0)
    found: set[Fault] = set()
    for turn in range(5):
        hit = "database killed" if bug == "deliver_before_commit" else "broker wiped"
        outcome = await endured(tmp_path / str(turn), 3, SEED + turn, bug, [hit])
        found = {finding.fault for finding in outcome.findings}
        if found & BUGS[bug]:
            return
    pytest.fail(f"found {found}")


@pytest.mark.timeout(400)
async def test_it_finds_people_who_are_no_longer_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.test_nodes.SOON", 6.0)
    for turn in range(5):
        outcome = await endured(
            tmp_path / str(turn), 3, SEED + turn, "forget_nobody", ["node killed"]
        )
        if "did not converge" in outcome.presence:
            return
    pytest.fail("nobody was left behind")
