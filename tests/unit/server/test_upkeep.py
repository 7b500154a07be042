"""What runs beside the hub, without a server around it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.http.metrics import Metrics
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Credentials, Door
from hubbub.server.people.rates import Limits
from hubbub.server.people.tokens import Tokens, digest_of
from hubbub.server.stores.base import Token
from hubbub.server.transports.base import Links
from hubbub.server.upkeep import BEAT, beside_others, end, heartbeats, revocations
from tests.support.fakes import AT, MemoryStore, timeless


class StuckStore(MemoryStore):
    """A store that doesn't answer any more whether tokens were revoked, if it `is_stuck`."""

    is_stuck = False

    async def tokens_version(self) -> int:
        if self.is_stuck:
            await asyncio.Event().wait()
        return await super().tokens_version()


def token(name: str, until: float | None = None) -> Token:
    return Token(name, name, digest_of(f"hubbub_{name}"), ("read",), ("*",), "", until)


@asynccontextmanager
async def guarded(store: MemoryStore) -> AsyncIterator[Door]:
    """A door for who has one of the store's tokens, and what looks after it."""
    tokens = Tokens()
    await tokens.refresh(store)
    door = Door((tokens,), now=asyncio.get_running_loop().time)
    fanout = FanOut(store)
    hub = Hub(store, Journal(store, fanout.deliver, lambda: AT), fanout, door, Limits(256, 0))
    keeping = asyncio.create_task(heartbeats(hub, fanout, Links(), Metrics()))
    checking = asyncio.create_task(revocations(door, tokens, store))
    try:
        yield door
    finally:
        await end([keeping, checking])
        await hub.stop()


@timeless
async def test_whose_token_expires_is_shown_out_although_the_database_does_not_answer() -> None:
    store = StuckStore()
    store.given_tokens = [token("ada", until=5.0), token("grace")]
    async with guarded(store) as door:
        ada, grace = (door.enter(Credentials(token=f"hubbub_{name}")) for name in ("ada", "grace"))
        store.is_stuck = True
        await asyncio.sleep(5 + 2 * BEAT)
        assert ada.is_expelled and not grace.is_expelled


@timeless
async def test_whose_token_is_revoked_is_shown_out_within_a_beat() -> None:
    store = StuckStore()
    store.given_tokens = [token("ada"), token("grace")]
    async with guarded(store) as door:
        ada, grace = (door.enter(Credentials(token=f"hubbub_{name}")) for name in ("ada", "grace"))
        store.given_tokens = [token("grace")]
        await asyncio.sleep(1.1 * BEAT)
        assert ada.is_expelled and not grace.is_expelled


@timeless
async def test_the_log_says_when_looks_fail_and_when_they_go_on_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    store.is_shared = True
    look, beat = beside_others(FanOut(store), store, has_broker=True)
    beat.close()
    store.is_failing = True
    looking = asyncio.create_task(look)
    await asyncio.sleep(60)
    store.is_failing = False
    await asyncio.sleep(60)
    looking.cancel()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "Can't look for events from other nodes: the disk is full",
        "Recovered: can look for events from other nodes again",
    ]
