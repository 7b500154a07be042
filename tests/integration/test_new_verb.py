"""A new verb is one aspect, one command, one event and one route: here those of `tests.support.wave`, given to a server.

Every door, store, document and client then has it.
"""

import gc
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import jwt
import pytest
from websockets.asyncio.client import connect

import hubbub
from hubbub.client import Client
from hubbub.domain.aspects import RULES
from hubbub.domain.rules import Aspect, Fold, Rules
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.http.routes import RESOURCES
from hubbub.server.parts import Parts
from tests.integration.native import native
from tests.integration.stream import streamed
from tests.integration.test_socketio_rooms import socket_io
from tests.integration.test_sockjs_rooms import Poller, command
from tests.integration.web import Http
from tests.support.postgres import Postgres
from tests.support.wave import aspect, route
from tests.support.wave.command import Wave
from tests.support.wave.event import Waved

WITH_WAVE = Rules([*RULES.aspects, aspect.ASPECT])
SECRET = b"a secret of the tests, long enough for them"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
async def port(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> AsyncIterator[int]:
    """The port of a server with one more aspect and one more route."""
    store = "sqlite" if request.param == "sqlite" else await postgres.fresh()
    folder = tmp_path_factory.mktemp("verb")
    secret = folder / "secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    settings = Settings(
        host="127.0.0.1", port=0, data=folder / "data", store=store, jwt_secret_file=secret
    )
    resources = (*RESOURCES, route.resource)
    async with running(settings, parts=Parts(resources=resources, rules=WITH_WAVE)) as server:
        yield server.port
    gc.unfreeze()


@pytest.fixture
def url(port: int) -> str:
    """The address of this server."""
    return f"http://127.0.0.1:{port}"


@pytest.fixture
async def http(url: str, room: str) -> AsyncIterator[Http]:
    """A client of the HTTP API without a name, who has posted message 1 in the room."""
    timeout = aiohttp.ClientTimeout(15)
    async with aiohttp.ClientSession(url, timeout=timeout) as session:
        client = Http(session, url, None)
        await client.post(room, "hi")
        yield client


async def test_over_http_and_to_whoever_waits_for_events(http: Http, room: str) -> None:
    async with streamed(http, f"/{room}/events?since=1") as stream:
        answer = await http.ask("POST", f"/{room}/messages/1/waves", {"hands": 2})
        assert (answer.status, answer.body.get("seq")) == (201, 2), answer
        event = (await stream.event()).data
    assert {"event": "waved", "message": 1, "hands": 2}.items() <= event.items()
    assert (await http.get(f"/{room}/events?since=1&wait=5"))["events"] == [event]


async def test_over_the_native_websocket(port: int, http: Http, room: str) -> None:
    async with native(port, "ada") as ada, native(port, "grace") as grace:
        await grace.ask("join", room=room)
        assert (await ada.ask("wave", room=room, seq=1))["seq"] == 2
        event = await grace.event()
    assert (event["event"], event["by"], event["message"]) == ("waved", "ada", 1)


@pytest.mark.parametrize(
    "fields, code",
    [({}, "bad_request"), ({"seq": 1, "hands": 3}, "bad_request"), ({"seq": 9}, "not_found")],
)
async def test_a_wrong_wave_is_refused(
    port: int, http: Http, room: str, fields: dict[str, int], code: str
) -> None:
    async with native(port) as ada:
        assert (await ada.refused("wave", room=room, **fields))["code"] == code


async def test_a_plain_client_hears_only_messages(port: int, http: Http, room: str) -> None:
    async with connect(f"ws://127.0.0.1:{port}/?room={room}&since=1") as plain:
        await http.ask("POST", f"/{room}/messages/1/waves", {})
        await http.post(room, "next")
        assert await plain.recv() == "next"


async def test_over_socket_io(port: int, url: str, http: Http, room: str) -> None:
    async with socket_io(url, name="ada") as ada, socket_io(url) as grace:
        await grace.ask("join", {"room": room})
        answer = await ada.ask("wave", {"room": room, "seq": 1})
        assert answer["ok"]["seq"] == 2
        (event,) = await grace.heard("waved")
    assert (event["by"], event["message"]) == ("ada", 1)


async def test_over_socket_io_by_polling(http: Http, room: str) -> None:
    path = "/socket.io/?EIO=4&transport=polling"

    async def take() -> str:
        async with http.session.get(path) as answer:
            return await answer.text()

    path += "&sid=" + json.loads((await take())[1:])["sid"]
    wave = json.dumps(["wave", {"room": room, "seq": 1}])
    for packets in ("40", f"421{wave}"):  # a connect packet; an event with the acknowledgement 1
        async with http.session.post(path, data=packets) as answer:
            assert answer.status == 200
    seen = ""
    while "431[" not in seen:
        seen += await take()
    assert json.loads(seen[seen.index("431[") + 3 :].split("\x1e")[0])[0]["ok"]["seq"] == 2


async def test_over_sockjs(http: Http, room: str) -> None:
    ada = Poller(http.session)
    await ada.take()
    await ada.send(command("join", room=room), command("wave", room=room, seq=1))
    seen = await ada.messages()
    while not any(frame.get("event") == "waved" for frame in seen):
        seen += await ada.messages()
    assert [frame["ok"]["seq"] for frame in seen if "seq" in frame.get("ok", {})] == [2]


async def test_over_sockjs_over_a_websocket(port: int, http: Http, room: str) -> None:
    async with connect(f"ws://127.0.0.1:{port}/sockjs/0/{uuid4()}/websocket") as socket:
        assert await socket.recv() == "o"
        commands = command("join", room=room), command("wave", room=room, seq=1)
        await socket.send(json.dumps(commands))
        seen: list[dict[str, Any]] = []
        while not any(frame.get("event") == "waved" for frame in seen):
            messages = json.loads(str(await socket.recv()).removeprefix("a"))
            seen += map(json.loads, messages)
    assert [frame["ok"]["seq"] for frame in seen if "seq" in frame.get("ok", {})] == [2]


async def test_it_keeps_records_of_its_own(port: int, http: Http, room: str) -> None:
    async with native(port, "ada") as ada, native(port, "grace") as grace:
        await ada.ask("join", room=room)
        for waving in (ada, ada, grace):
            await waving.ask("wave", room=room, seq=1)
        events = [await ada.event() for _ in range(3)]
    assert [event.get("times", 1) for event in events] == [1, 2, 1]


async def test_by_the_sdk(url: str, http: Http, room: str) -> None:
    folded: list[tuple[int, int]] = []
    fold = Fold(Waved, lambda view, event: folded.append((view.seq, event.hands)))
    rules = Rules([*RULES.aspects, Aspect(events=(Waved,), folds=(fold,))])
    async with Client(url, name="ada", rules=rules) as ada, hubbub.connect(url) as older:
        joined, known = await ada.join(room), await older.join(room)
        assert (await ada.send("wave", room=room, seq=1, hands=2))["seq"] == 2
        event = await anext(joined.stream())
        assert isinstance(event, Waved) and (event.by, event.hands) == ("ada", 2)
        assert folded == [(2, 2)]
        await ada.post(room, "next")
        next_known = await anext(known.stream())  # who doesn't know the kind misses nothing else
        assert isinstance(next_known, hubbub.Posted) and next_known.seq == 3


async def test_what_is_about_a_message_is_erased_with_it(port: int, room: str) -> None:
    async with native(port, "mary", key="made up at random") as mary:
        await mary.ask("post", room=room, text="hi")
        await mary.ask("wave", room=room, seq=1, hands=2)
        await mary.ask("delete", room=room, seq=1)
        await mary.ask("join", room=room, since=0)
        events = [await mary.event() for _ in range(3)]
    assert [event["event"] for event in events] == ["posted", "waved", "deleted"]
    assert events[1]["erased"] is True
    assert "hands" not in events[1] and "message" not in events[1]


@pytest.mark.parametrize("scope, is_let", [("post", True), ("read", False), ("moderate", False)])
async def test_the_access_table_decides_who_may(
    port: int, http: Http, room: str, scope: str, is_let: bool
) -> None:
    claims = {"sub": scope, "name": scope, "exp": 4_000_000_000, "can": [scope], "rooms": ["*"]}
    token = jwt.encode(claims, SECRET, "HS256")
    headers = {"Authorization": f"Bearer {token}"}
    answer = await http.ask("POST", f"/{room}/messages/1/waves", {}, headers=headers)
    assert answer.status == (201 if is_let else 403)
    async with native(port, token=token) as client:
        if is_let:
            assert (await client.ask("wave", room=room, seq=1))["seq"] == 3
        else:
            assert (await client.refused("wave", room=room, seq=1))["code"] == "forbidden"


async def test_it_is_in_the_documents_for_machines(http: Http) -> None:
    async with http.session.get("/api/v1/openapi.json") as answer:
        described = (await answer.json())["paths"]["/api/v1/rooms/{room}/messages/{seq}/waves"][
            "post"
        ]
    assert (described["operationId"], described["summary"]) == ("wave", "Wave at a message.")
    assert described["security"] == [{}, {"token": ["post"]}]
    async with http.session.get("/api/v1/asyncapi.json") as answer:
        components = (await answer.json())["components"]
    for message, kind in [("Command", Wave), ("Event", Waved)]:
        reference = {"$ref": f"#/components/schemas/{kind.__name__}"}
        assert reference in components["messages"][message]["payload"]["anyOf"]
        assert kind.__name__ in components["schemas"]


PLACES = {  # the part of the toy verb, and where that of a real one lies
    "event": "events/",
    "command": "protocol/messages.py",
    "aspect": "domain/aspects/",
    "route": "server/http/resources/",
}
LISTS = {
    "domain/aspects/__init__.py",
    "server/http/routes.py",
}  # which the test's server is given instead


def test_the_house_has_a_place_for_each_part_and_none_for_others() -> None:
    """The row in ARCHITECTURE.md says what the toy verb consists of, and which lists name a real one."""
    package = ROOT / "tests" / "support" / "wave"
    assert {file.stem for file in package.glob("*.py")} - {"__init__"} == set(PLACES)
    page = (ROOT / "ARCHITECTURE.md").read_text()
    (touched,) = re.findall(r"^\| a verb[^|]*\|([^|]*)\|", page, re.MULTILINE)
    named = re.findall(r"`([\w/]+(?:\.py|/))`", touched)
    assert set(named) == {*PLACES.values(), *LISTS}
    assert all((ROOT / "src" / "hubbub" / place).exists() for place in named)
