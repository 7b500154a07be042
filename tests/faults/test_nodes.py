"""Two nodes, PostgreSQL and NATS, each killed or stopped again and again, while clients of every kind are on both nodes."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.checker import Fault, Finding
from tests.support.crowd import ROOM, Crowd
from tests.support.nats import Nats, nats_running
from tests.support.postgres import Postgres, running
from tests.support.quick_server import QuickServer

FAULTS = int(os.environ.get("HUBBUB_NODE_FAULTS", "60"))
SEED = int(os.environ.get("HUBBUB_SEED", random.randrange(10**6)))


class Cluster:
    """What can be hit, and how."""

    def __init__(
        self, nodes: list[QuickServer], postgres: Postgres, nats: Nats, dice: random.Random
    ) -> None:
        self._nodes, self._postgres, self._nats, self._dice = nodes, postgres, nats, dice
        self.faults: Counter[str] = Counter()
        self._ways: dict[str, Callable[[], Awaitable[None]]] = {
            "node killed": self._kill_a_node,
            "node stopped": self._stop_a_node,
            "database killed": self._kill_the_database,
            "database stopped": self._stop_the_database,
            "broker wiped": self._wipe_the_broker,
        }
        self.kinds: Sequence[str] = list(self._ways)

    async def suffer(self) -> None:
        """Go through one fault, and recover."""
        kind = self._dice.choice(self.kinds)
        self.faults[kind] += 1
        await self._ways[kind]()

    async def a_moment(self) -> None:
        """As long as a fault lasts, or until the next."""
        await asyncio.sleep(self._dice.uniform(0.05, 0.4))

    async def _kill_a_node(self) -> None:
        node = self._dice.choice(self._nodes)
        await node.kill()
        await self.a_moment()
        await node.start()

    async def _stop_a_node(self) -> None:
        node = self._dice.choice(self._nodes)
        node.signal(signal.SIGSTOP)
        await self.a_moment()
        node.signal(signal.SIGCONT)

    async def _kill_the_database(self) -> None:
        await self._postgres.stop(signal.SIGQUIT)
        await self.a_moment()
        await self._postgres.start()

    async def _stop_the_database(self) -> None:
        self._postgres.send_to_all(signal.SIGSTOP)
        await self.a_moment()
        self._postgres.send_to_all(signal.SIGCONT)

    async def _wipe_the_broker(self) -> None:
        await self._nats.kill()
        await self.a_moment()
        await self._nats.start()


@asynccontextmanager
async def clusters(
    folder: Path, dice: random.Random, sabotage: str = ""
) -> AsyncIterator[tuple[Cluster, list[QuickServer], Callable[[], Awaitable[list[bytes]]]]]:
    """A cluster of two, and a way to read its log."""
    async with running() as postgres, nats_running() as nats, AsyncExitStack() as stack:
        url = await postgres.fresh()
        flags = ("--message-rate", "0", "--store", url, "--broker", nats.url)
        nodes = [
            await stack.enter_async_context(QuickServer(folder / str(n), *flags, sabotage=sabotage))
            for n in range(2)
        ]
        yield Cluster(nodes, postgres, nats, dice), nodes, lambda: postgres.log(ROOM, url)


async def endured(
    folder: Path, faults: int, seed: int, sabotage: str = "", kinds: Sequence[str] = ()
) -> list[Finding]:
    """What the checker finds after so many faults, of these kinds or all."""
    dice = random.Random(seed)
    async with clusters(folder, dice, sabotage) as (cluster, nodes, read_log):
        cluster.kinds = kinds or cluster.kinds
        crowd = Crowd(nodes[0], seed, pace=60, detour=nodes[1])
        async with crowd.living():
            for _ in range(faults):
                await cluster.a_moment()
                await cluster.suffer()
            by_http = await crowd.heal()
        findings = crowd.check_against(await read_log(), by_http)
    print(dict(cluster.faults), f"{len(by_http)} events, {crowd.acknowledged} acknowledged")
    print(*map(str, findings[:5]), sep="\n")
    assert findings or crowd.acknowledged > 10 * faults, "there was too little going on"
    return findings


@pytest.mark.timeout(120 + 4 * FAULTS)
async def test_no_promise_is_broken_when_any_part_of_a_cluster_fails(tmp_path: Path) -> None:
    print(f"HUBBUB_SEED={SEED} HUBBUB_NODE_FAULTS={FAULTS}")
    assert await endured(tmp_path, FAULTS, SEED) == []


BUGS = {
    "ignore_a_gap": {Fault.HOLE},
    "trust_a_lost_commit": {Fault.LOST, Fault.NOT_DURABLE, Fault.ALTERED},
    "numbers_from_a_sequence": {Fault.HOLE},
}


@pytest.mark.timeout(150)
@pytest.mark.parametrize("bug", BUGS)
async def test_the_checker_finds(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.crowd.HEAL_SECONDS", 2.0)  # some never get all
    found: set[Fault] = set()
    for turn in range(5):
        findings = await endured(tmp_path / str(turn), 3, SEED + turn, bug, ["broker wiped"])
        found = {finding.fault for finding in findings}
        if found & BUGS[bug]:
            return
    pytest.fail(f"found {found}")
