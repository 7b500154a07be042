"""Whom a client watches, against a server that a test plays: on the first connection, and on later ones."""

import asyncio
from typing import Any

from hubbub.client.account.changes import Refreshed, summary
from hubbub.client.account.sight import HOLD
from hubbub.protocol.presence import PersonPresence
from tests.unit.client.fakes import FakeLink, Json, Play, play, settle

GRACE, MARY, GUS = "@p000000000001", "@p000000000002", "@p000000000003"
ONLINE, AWAY, OFFLINE = {"state": "online"}, {"state": "away"}, {"state": "offline"}


async def watch(scene: Play, link: FakeLink, **people: Json) -> None:
    """Watch some people, who are so."""
    keys = {"grace": GRACE, "mary": MARY, "gus": GUS}
    watching = asyncio.create_task(scene.client.me.watch([*map(keys.__getitem__, people)]))
    command = await link.heard()
    assert command["do"] == "watch" and command["people"] == [keys[who] for who in people]
    link.accept(command, people={keys[who]: state for who, state in people.items() if state})
    await watching


def changed(link: FakeLink, **people: Any) -> None:
    link.say({"notice": "presence", "people": {GRACE: people["grace"]}})


def states(scene: Play) -> dict[str, str]:
    return {who: presence.state for who, presence in scene.client.me.presence.items()}


async def test_notices_change_what_is_known_of_those_who_are_watched() -> None:
    async with play() as (scene, link):
        changes = scene.client.me.changes()
        await watch(scene, link, grace=ONLINE, mary=OFFLINE, gus={})
        assert states(scene) == {GRACE: "online", MARY: "offline"}
        for state in (AWAY, {"state": "sleeping"}, None):
            changed(link, grace=state)
        await settle()
        assert states(scene) == {MARY: "offline"}
        told = [changes._waiting.popleft() for _ in range(len(changes))]
        assert [(each.account, each.presence and each.presence.state) for each in told] == [  # type: ignore[union-attr]
            *((GRACE, "online"), (MARY, "offline")),
            *((GRACE, "away"), (GRACE, "sleeping"), (GRACE, None)),
        ]
        assert [each.presence for each in summary([Refreshed(tuple(told))])] == [  # type: ignore[union-attr, arg-type]
            PersonPresence("offline")
        ]
        await watch(scene, link, mary=ONLINE)
        assert states(scene) == {MARY: "online"}


async def test_after_a_reconnect_it_watches_again_and_lets_people_be_on_their_way() -> None:
    async with play() as (scene, link):
        await watch(scene, link, grace=ONLINE, mary=AWAY, gus=ONLINE)
        resting = asyncio.create_task(scene.client.me.away())
        link.accept(await link.heard())
        await resting
        again = await scene.reconnect(link)
        command = await again.heard()
        assert command["do"] == "away"
        again.accept(command)
        command = await again.heard()
        assert command["people"] == [GRACE, MARY, GUS]
        again.accept(command, people={GRACE: OFFLINE, MARY: OFFLINE})
        await settle()
        assert states(scene) == {GRACE: "online", MARY: "away"}  # gus may not be known any more
        changed(again, grace=AWAY)
        await settle()
        assert states(scene) == {GRACE: "away", MARY: "away"}
        await scene.clock.advance(HOLD)
        assert states(scene) == {GRACE: "away", MARY: "offline"}


async def test_who_is_back_says_nothing_on_the_next_connection() -> None:
    async with play() as (scene, link):
        for act in (scene.client.me.away, scene.client.me.back):
            acting = asyncio.create_task(act())
            link.accept(await link.heard())
            await acting
        again = await scene.reconnect(link)
        await settle()
        assert not again.heard_already()


async def test_whoever_may_not_watch_any_more_knows_nobody() -> None:
    async with play() as (scene, link):
        await watch(scene, link, grace=ONLINE)
        again = await scene.reconnect(link)
        again.refuse(await again.heard(), "forbidden")
        await settle()
        assert states(scene) == {}
