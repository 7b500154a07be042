"""Who is there, as those learn who may know it: by every door, over HTTP, and from node to node."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

import hubbub
from hubbub.server import upkeep
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.engine import devices, presences, signals
from tests.integration.native import Json, Native, native
from tests.integration.test_made_rooms import Here, here, made
from tests.integration.test_shut_out import DOORS, Whom
from tests.integration.test_socketio_rooms import socket_io
from tests.support.nats import nats_running
from tests.support.postgres import Postgres
from tests.support.quick_server import QuickServer
from tests.support.site import Someone, site

__all__ = ["here"]  # a fixture

ONLINE, AWAY, OFFLINE = {"state": "online"}, {"state": "away"}, {"state": "offline"}
UNKNOWN = "@p00000000000z"
HIDING = "/me/preferences/hide_presence"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell without waiting, and let devices go soon."""
    monkeypatch.setattr(presences, "TELL_EVERY", 0.02)
    monkeypatch.setattr(devices, "GRACE", 0.1)


async def told(by: Native) -> dict[str, Json | None]:
    """What the next notice says of people."""
    while not by.notices:
        await by._read()
    notice = by.notices.popleft()
    assert notice["notice"] == "presence", notice
    people: dict[str, Json | None] = notice["people"]
    return people


async def until(by: Native, who: str, state: str | None) -> Json:
    """Read what is told until someone is in this state; None: until nothing may be known of them."""
    while True:
        found = await told(by)
        if who in found and (found[who] or {"state": None})["state"] == state:
            return found[who] or {}


async def watch(here: Here, by: str, *people: str) -> dict[str, Json]:
    """Watch people, and somebody who isn't there; returns how they are, by their names."""
    names = {here.key(who): who for who in people}
    answer = await here.at[by].ask("watch", people=[*names, UNKNOWN])
    return {names[key]: presence for key, presence in answer["people"].items()}


async def follows(here: Here, *people: str) -> None:
    """Let people be online."""
    for who in people:
        await here.at[who].ask("follow", room="@me")


def was_lately(presence: Json) -> bool:
    """Whether it is offline, and says since when."""
    return bool(presence["state"] == "offline" and presence["seen"] > 1_700_000_000)


async def test_whoever_follows_is_online_until_the_last_device_is_gone(here: Here) -> None:
    mary, key = here.at["mary"], here.key("grace")
    found = await watch(here, "mary", "grace")
    assert was_lately(found["grace"])
    async with AsyncExitStack() as stack:
        token = here.people["grace"].token
        first, second = [
            await stack.enter_async_context(native(here.site.server.port, token=token))
            for _ in range(2)
        ]
        await first.ask("follow", room="lobby")
        assert await told(mary) == {key: ONLINE}
        await second.ask("follow", room="@me")
        await first.ask("away")
        await second.ask("away")
        assert await told(mary) == {key: AWAY}
        await second.ask("back")
        assert await told(mary) == {key: ONLINE}
        await second.ask("unfollow", room="@me")
        assert await told(mary) == {key: AWAY}
        assert (await watch(here, "mary", "grace"))["grace"] == AWAY
    assert was_lately(await until(mary, key, "offline"))


async def test_a_device_that_reconnects_was_never_gone(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "GRACE", 60.0)
    port, token = here.site.server.port, here.people["grace"].token
    await follows(here, "ada")
    await watch(here, "mary", "grace", "ada")
    for _ in range(3):
        async with native(port, token=token) as device:
            await device.ask("follow", room="@directory")
    assert await told(here.at["mary"]) == {here.key("grace"): ONLINE}
    await here.at["ada"].ask("away")
    assert await told(here.at["mary"]) == {here.key("ada"): AWAY}  # and nothing of grace


@pytest.mark.parametrize("door", DOORS)
async def test_a_person_is_there_by_every_door(here: Here, door: str) -> None:
    room, key = await made(here.at["ada"], who=[here.key("grace")]), here.key("grace")
    await here.at["ada"].ask("post", room=room, text="hello")
    await watch(here, "mary", "grace")
    who = Whom({"token": here.people["grace"].token}, {"code": "not_found"})
    async with DOORS[door](here.site.server.port, room, who):
        if door == "long polls":
            await here.at["ada"].ask("follow", room="@me")  # a request is nobody's presence
            assert await watch(here, "mary", "grace", "ada") == {
                "ada": ONLINE,
                "grace": (await watch(here, "mary", "grace"))["grace"],
            }
            return
        await until(here.at["mary"], key, "online")
    if door != "socket.io polls":  # whose session is only gone when it misses a heartbeat
        assert was_lately(await until(here.at["mary"], key, "offline"))


@pytest.mark.parametrize("end", ["suspend", "remove"])
async def test_who_blocks_or_hides_looks_offline_and_whose_account_ends_is_not_there(
    here: Here, end: str
) -> None:
    mary, grace, key = here.at["mary"], here.people["grace"], here.key("grace")
    await follows(here, "grace")
    assert (await watch(here, "mary", "grace"))["grace"] == ONLINE
    block = f"/me/blocks/{here.key('mary')}"
    for hide, show in (
        (("PUT", block, None), ("DELETE", block, None)),
        (("PUT", HIDING, {"value": True}), ("PUT", HIDING, {"value": None})),
    ):
        assert (await grace.ask(*hide)).status == 200
        assert await told(mary) == {key: OFFLINE}
        assert (await watch(here, "mary", "grace"))["grace"] == OFFLINE
        assert (await grace.ask(*show)).status == 200
        assert await told(mary) == {key: ONLINE}
    assert (await watch(here, "ada", "grace"))["grace"] == ONLINE
    await here.people["ada"].ask("POST", f"/people/{key}/{end}", {})
    assert await told(mary) == {key: None}
    assert await watch(here, "mary", "grace") == {}


async def test_a_guest_sees_the_people_of_its_rooms_and_visitors_see_nobody(here: Here) -> None:
    gus, key = here.at["gus"], here.key("grace")
    await follows(here, "grace", "gus")
    assert await watch(here, "gus", "grace", "gus", "ada") == {"gus": ONLINE}
    assert await watch(here, "grace", "gus") == {"gus": ONLINE}
    room = await made(here.at["grace"], who=[here.key("gus")])
    assert await watch(here, "gus", "grace", "ada") == {"grace": ONLINE}
    await here.at["grace"].ask("remove", room=room, who=here.key("gus"))
    assert await told(gus) == {key: None}
    await here.at["grace"].ask("invite", room=room, who=[here.key("gus")])
    assert await told(gus) == {key: ONLINE}
    await here.people["ada"].ask("PUT", f"/people/{here.key('gus')}/role", {"role": "member"})
    await here.at["grace"].ask("remove", room=room, who=here.key("gus"))
    await here.at["grace"].ask("away")
    assert await told(gus) == {key: AWAY}  # which it may know as a member
    assert (await here.at["visitor"].refused("watch", people=[key]))["code"] == "forbidden"


async def test_http_answers_once(here: Here) -> None:
    await follows(here, "grace")
    path = f"/people/{here.key('grace')}/presence"
    assert (await here.people["mary"].ask("GET", path)).body == ONLINE
    for who, wanted in (("gus", path), ("mary", f"/people/{UNKNOWN}/presence")):
        answer = await here.people[who].ask("GET", wanted)
        assert (answer.status, answer.body["detail"]) == (
            404,
            "No such account, or no access to it",
        )
    assert (await here.site.stranger.ask("GET", path)).status == 401
    await here.people["grace"].ask("PUT", HIDING, {"value": True})
    assert (await here.people["mary"].ask("GET", path)).body == OFFLINE


async def test_socket_io_watches_too(here: Here) -> None:
    token, key = here.people["mary"].token, here.key("grace")
    async with socket_io(here.site.stranger.url, token=token) as mary:
        answer = await mary.ask("watch", {"people": [key]})
        assert was_lately(answer["ok"]["people"][key])
        await follows(here, "grace")
        assert (await mary.heard("presence"))[0]["people"] == {key: ONLINE}


async def test_nobody_watches_more_people_than_fit_on_a_screen(here: Here) -> None:
    many = [f"@p{n:012}" for n in range(201)]
    assert (await here.at["mary"].refused("watch", people=many))["code"] == "bad_request"
    assert (await here.at["mary"].ask("watch", people=many[:200])) == {"people": {}}
    assert (await here.at["mary"].ask("watch", people=["mary", "@me", "#x"])) == {"people": {}}


async def test_the_sdk_watches_on_every_connection(here: Here) -> None:
    key = here.key("grace")
    url, token = here.site.stranger.url, here.people["mary"].token
    async with hubbub.connect(url, token=token) as mary:
        changes = mary.me.changes()
        await mary.me.open()
        assert (await mary.me.watch([key]))[key].state == "offline"
        assert was_lately(msgspec.to_builtins(await presence_in(changes)))
        await follows(here, "grace")
        assert await presence_in(changes) == hubbub.PersonPresence("online")
        await mary.me.away()
        assert await eventually(here, "mary") == AWAY
        await here.at["grace"].ask("away")
        assert await presence_in(changes) == hubbub.PersonPresence("away")
        assert mary.me.presence[key].state == "away"


async def presence_in(changes: Any) -> hubbub.PersonPresence | None:
    """The next change of somebody's presence."""
    async for change in changes:
        if isinstance(change, hubbub.PresenceUpdated):
            return change.presence
    raise AssertionError("no more changes")


async def eventually(here: Here, who: str) -> Json:
    """How somebody is once they are not online any more."""
    while (found := await watch(here, "ada", who))[who] == ONLINE:
        pass
    return found[who]


# --- nodes ---


class Nodes(NamedTuple):
    """The ports of two nodes on one database, and some accounts."""

    here: int
    there: int
    ada: Someone
    grace: Someone


@asynccontextmanager
async def two_nodes(
    postgres: Postgres, folder: Path, broker: str = ""
) -> AsyncIterator[tuple[Nodes, dict[str, Any]]]:
    given: dict[str, Any] = {"store": await postgres.fresh(), "broker": broker}
    async with site(folder / "0", **given) as first:
        settings = Settings(host="127.0.0.1", port=0, data=folder / "1", **given)
        async with running(settings) as second:
            grace = await first.ada.bring_in("grace")
            yield Nodes(first.server.port, second.port, first.ada, grace), given


async def test_with_a_broker_all_nodes_know_who_is_there(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with (
        nats_running() as nats,
        two_nodes(postgres, tmp_path, nats.url) as (nodes, _),
        native(nodes.here, token=nodes.ada.token) as ada,
    ):
        key = nodes.grace.account
        await ada.ask("watch", people=[key])
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            grace = await enter(native(nodes.there, token=nodes.grace.token))
            await grace.ask("follow", room="@me")
            await until(ada, key, "online")
            await grace.ask("away")
            await until(ada, key, "away")
            other = await enter(native(nodes.here, token=nodes.grace.token))
            await other.ask("follow", room="@me")
            await until(ada, key, "online")
            await nodes.grace.ask("PUT", HIDING, {"value": True})
            await until(ada, key, "offline")
            await nodes.grace.ask("PUT", HIDING, {"value": None})
            await until(ada, key, "online")
        assert was_lately(await until(ada, key, "offline"))


async def test_without_a_broker_a_node_knows_its_own_devices_and_rights_still_end_everywhere(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with (
        two_nodes(postgres, tmp_path) as (nodes, _),
        native(nodes.here, token=nodes.ada.token) as ada,
        native(nodes.there, token=nodes.ada.token) as elsewhere,
        native(nodes.there, token=nodes.grace.token) as grace,
    ):
        key = nodes.grace.account
        for each in (ada, elsewhere):
            await each.ask("watch", people=[key])
        await grace.ask("follow", room="@me")
        await until(elsewhere, key, "online")
        assert was_lately((await ada.ask("watch", people=[key]))["people"][key])
        await nodes.grace.ask("PUT", f"/me/blocks/{nodes.ada.account}")  # on the other node
        assert await until(elsewhere, key, "offline") == OFFLINE


@pytest.mark.timeout(90)
async def test_a_node_that_is_killed_takes_its_devices_with_it(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, value in (
        (signals, "LEASE", 4.0),
        (upkeep, "REMIND_EVERY", 1.0),
        (upkeep, "SWEEP_EVERY", 0.5),
    ):
        monkeypatch.setattr(module, name, value)
    async with (
        nats_running() as nats,
        two_nodes(postgres, tmp_path, nats.url) as (nodes, given),
        native(nodes.here, token=nodes.ada.token) as ada,
    ):
        key = nodes.grace.account
        await ada.ask("watch", people=[key])
        flags = ("--store", given["store"], "--broker", nats.url)
        async with QuickServer(tmp_path / "2", *flags, sabotage="short_leases") as third:
            with suppress(ConnectionClosed):
                async with native(third.port, token=nodes.grace.token) as grace:
                    await grace.ask("follow", room="@me")
                    await until(ada, key, "online")
                    await third.kill()
                    await grace.event()
            assert was_lately(await until(ada, key, "offline"))
            await third.start()


async def test_the_own_log_shows_nobody(here: Here) -> None:
    await follows(here, "grace")
    await here.at["grace"].ask("away")
    snapshot = await here.at["grace"].ask("follow", room="@me")
    assert snapshot["members"] == {"count": 0, "names": []}
    await here.at["grace"].ask("back")
    await watch(here, "grace", "mary")
    while here.at["grace"].signals:
        signal = await here.at["grace"].signal()
        assert signal == {"signal": "presence", "room": here.key("grace"), "count": 0}, signal
