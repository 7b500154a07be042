"""Faults of every kind, one after the other, while everyone posts and follows; then the checker judges.

It goes in segments, each with a fresh database and crowd, so that memory is bounded and restarts are quick.
"""

import asyncio
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.checker import Finding
from tests.support.crowd import Crowd
from tests.support.proxy import Proxy
from tests.support.quick_server import QuickServer

PACE = 2_000.0  # a second, that each who posts would like
STUCK_SECONDS = 60.0  # without which so many posts must be acknowledged
WEIGHTS = (4, 1, 2, 1, 4)  # of kills, stops, cuts, held-up connections, troubles of the disk
DISK_TROUBLES = ("unreadable", "full", "broken", "flushless", "stuck", "slow")


@dataclass
class Tally:
    """What was endured so far."""

    faults: Counter[str] = field(default_factory=Counter)
    posts: int = 0  # acknowledged
    events: int = 0
    deliveries: int = 0
    findings: list[Finding] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return (
            f"{self.faults.total()} faults ({kinds}), {self.posts} posts acknowledged, "
            f"{self.events} events, {self.deliveries} deliveries, {len(self.findings)} violations, "
            f"{time.monotonic() - self.began:.0f} s, {mib} MiB"
        )


class Segment:
    """One server, one crowd, and the faults that befall them."""

    def __init__(self, data: Path, dice: random.Random, tally: Tally, bug: str) -> None:
        self._dice, self._tally = dice, tally
        self._troubles = data / "troubles"
        self._troubles.mkdir(parents=True)
        sabotage = " and ".join(filter(None, (bug, f"troubled_by:{self._troubles}")))
        self._server = QuickServer(data, "--message-rate", "0", sabotage=sabotage)
        self._proxy = Proxy(self._server)
        self._crowd = Crowd(self._server, dice.randrange(2**32), PACE, detour=self._proxy)
        self._kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": self._kill,
            "stop": self._stop,
            "cut": self._cut,
            "hold": self._hold,
            "disk": self._trouble_the_disk,
        }

    async def endure(self, faults: int, posts_each: int) -> None:
        """Go through so many faults, that many posts apart; then heal, and be judged."""
        async with self._server, self._proxy.listening():
            async with self._crowd.living():
                for _ in range(faults):
                    await self._more(posts_each)
                    kind = self._dice.choices(list(self._kinds), WEIGHTS)[0]
                    await self._kinds[kind]()
                await self._more(posts_each)
                log = await self._crowd.heal()
            await self._server.kill()
        self._tally.findings += self._crowd.check(log, self._server.data)
        self._tally.events += len(log)
        self._tally.deliveries += self._crowd.delivered
        attempts = [a for client in self._crowd.clients for a in client.record.attempts]
        self._tally.posts += sum(a.kind == "posted" and bool(a.answers) for a in attempts)

    async def _more(self, count: int) -> None:
        """Wait until so many more changes were acknowledged."""
        upto = self._crowd.acknowledged + count
        async with asyncio.timeout(STUCK_SECONDS):
            while self._crowd.acknowledged < upto:  # noqa: ASYNC110 - the clients tell nobody
                await asyncio.sleep(0.01)

    async def _kill(self) -> None:
        self._tally.faults["kill"] += 1
        await self._server.kill()
        await self._server.start()

    async def _stop(self) -> None:
        self._tally.faults["stop"] += 1
        self._server.signal(signal.SIGSTOP)
        await self._a_moment()
        self._server.signal(signal.SIGCONT)

    async def _cut(self) -> None:
        self._tally.faults["cut"] += 1
        for way in self._proxy.some(self._dice):
            way.cut()

    async def _hold(self) -> None:
        self._tally.faults["hold"] += 1
        held = self._proxy.some(self._dice)
        for way in held:
            way.hold()
        await self._a_moment()
        for way in held:
            way.release()

    async def _trouble_the_disk(self) -> None:
        trouble = self._dice.choice(DISK_TROUBLES)
        self._tally.faults[trouble] += 1
        flag = self._troubles / trouble
        flag.touch()
        await self._a_moment()
        flag.unlink()

    async def _a_moment(self) -> None:
        await asyncio.sleep(self._dice.uniform(0.05, 0.3))  # this is how long the fault lasts
