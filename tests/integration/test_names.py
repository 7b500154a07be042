"""Names in any script, at every door that takes one."""

import json
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from websockets.asyncio.client import connect

from hubbub.domain.aspects import RULES
from hubbub.protocol.commands.conversation import KeepDraft, Save, Unsave
from hubbub.protocol.commands.preferences import Prefer
from hubbub.protocol.commands.rooms import Create, InvitePeople
from hubbub.protocol.commands.subscriptions import Subscribe
from hubbub.protocol.errors import CODES
from hubbub.protocol.keys import ABSENT_ROOM
from hubbub.protocol.messages import Command, Post, Unfollow
from hubbub.server.http.operations import HttpOperation, operations_of
from hubbub.server.http.parameters import Body
from hubbub.server.http.routes import ROUTES
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.integration.native import native
from tests.integration.test_made_rooms import Here, here, made
from tests.integration.web import over_http
from tests.support.devices import AUTH, P256DH
from tests.support.names import SCRIPTS, UNSEEN
from tests.support.paths import filled
from tests.support.server import Server
from tests.support.stores import commit

__all__ = ["here"]  # a fixture

WORDS = [word for words in SCRIPTS.values() for word in words]
WRONG = {
    **dict.fromkeys(UNSEEN.values(), "letters"),
    unicodedata.normalize("NFD", "küche"): "NFC",
    "@ada": "reserved",
}
# All that a command needs; each ignores what it has no field for.
SOMEONE, NO_ROOM, RESERVED = "@p7m2q9x4w1z3k", "@r7m2q9x4w1z3k", "@old"
FIELDS = {
    **{"room": NO_ROOM, "seq": 1, "text": "x", "emoji": "x", "patch": {}, "key": "k"},
    **{
        "kind": "open",
        "role": "member",
        "who": SOMEONE,
        "upto": 1,
        "file": "",
        "url": "https://a.example/",
    },
}
FIELDS_OF: dict[type[Command], dict[str, Any]] = {
    InvitePeople: {"who": [SOMEONE]},
    Create: {"who": [SOMEONE], "title": "x", "key": None},
    **{kind: {"of": {"room": "lobby", "message": 1}} for kind in (Save, Unsave)},
    KeepDraft: {"where": "lobby"},
    Prefer: {"name": "theme", "value": 1},
    Subscribe: {"endpoint": "https://push.example/1", "p256dh": P256DH, "auth": AUTH},
}
ROUTED = [each for each in operations_of(ROUTES) if "room" in each.path_names]


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with Server(tmp_path_factory.mktemp("names") / "data") as server:
        yield server


async def over_socketio(server: Server, **auth: str) -> Any:
    """The answer to a CONNECT."""
    address = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    async with connect(address) as socket:
        await socket.recv()
        await socket.send("40" + json.dumps(auth))
        answer = str(await socket.recv())
        return answer[:2], answer


async def test_a_room_or_person_may_be_called_in_any_script(server: Server) -> None:
    async with over_http(server) as http:
        for word in WORDS:
            await http.post(quote(word), "x")
            people = await http.ask("POST", f"/people/messages?name={quote(word)}", {"text": "x"})
            assert people.status == 201, (word, people)
            async with native(server.port, word) as client:
                assert (await client.ask("join", room=word))["head"] == 1
            async with connect(f"ws://127.0.0.1:{server.port}/?room={quote(word)}") as plain:
                await plain.send("x")
                assert await plain.recv() == "x"
            assert (await over_socketio(server, name=word, room=word))[0] == "40", word
        listed = (await http.get("?limit=1000"))["rooms"]
        assert set(WORDS) <= {row["room"] for row in listed}


@pytest.mark.parametrize("word", WRONG)
async def test_what_is_no_name_says_why_at_every_door(server: Server, word: str) -> None:
    why = WRONG[word]
    async with over_http(server) as http:
        for answer in (
            await http.ask("POST", f"/{quote(word)}/messages", {"text": "x"}),
            await http.ask("POST", f"/lobby/messages?name={quote(word)}", {"text": "x"}),
        ):
            assert (answer.status, answer.code) == (400, "bad_request")
            assert why in answer.body["detail"]
    async with native(server.port) as client:
        assert why in (await client.refused("hello", name=word))["message"]
        assert why in (await client.refused("join", room=word))["message"]
    for auth in ({"name": word}, {"room": word}):
        kind, answer = await over_socketio(server, **auth)
        assert kind == "44" and why in answer, answer
    async with aiohttp.ClientSession(server.url) as session:
        for path in (f"/?name={quote(word)}", f"/?room={quote(word)}", f"/ws?name={quote(word)}"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(path)
            assert caught.value.status == 400, path


@pytest.mark.parametrize(
    "kind",
    [
        k
        for k in RULES.commands.kinds
        if "room" in k.__struct_fields__ and not issubclass(k, Unfollow)
    ],
    ids=lambda kind: kind.__name__,
)
async def test_no_command_takes_a_reserved_name_or_a_key_that_no_room_has(
    server: Server, kind: type[Command]
) -> None:
    do, fields = str(kind.__struct_config__.tag), FIELDS | FIELDS_OF.get(kind, {})
    async with native(server.port) as client:
        error = await client.refused(do, **(fields | {"room": RESERVED}))
        assert error["code"] == "bad_request" and "reserved" in error["message"]
        assert (await client.refused(do, **fields))["code"] == "not_found"


@pytest.mark.parametrize("operation", ROUTED, ids=lambda operation: operation.name)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("room, told", [(RESERVED, "bad_request"), (NO_ROOM, "not_found")])
async def test_no_route_takes_a_reserved_name_or_a_key_that_no_room_has(
    server: Server, operation: HttpOperation[Any], accept: str, room: str, told: str
) -> None:
    path = filled(operation.path, room=quote(room), seq=1, who=SOMEONE)
    body = operation.body
    headers = {"Accept": accept} | ({"Content-Type": body.content_type} if body else {})
    fields = (
        {"text": "x"} | FIELDS | (FIELDS_OF.get(body.command, {}) if isinstance(body, Body) else {})
    )
    content = json.dumps(fields) if body else None
    async with aiohttp.ClientSession() as http:
        url = f"{server.url}{path}?url=https://a.example/"
        async with http.request(operation.method, url, data=content, headers=headers) as answer:
            problem = await answer.json()
    assert (answer.status, problem["code"]) == (CODES[told].status, told), problem
    assert told != "bad_request" or "reserved" in problem["detail"]


@pytest.mark.parametrize("who", ["mary", "gus", "visitor"])
@pytest.mark.parametrize("thread", ["", ":4"])
async def test_an_alias_tells_nobody_of_a_room_that_they_may_not_read(
    here: Here, who: str, thread: str
) -> None:
    room, by = await made(here.at["grace"], alias="plans"), here.at[who]
    await here.at["grace"].ask("post", room=room, text="x")
    for kind in RULES.commands.kinds:
        if "room" in kind.__struct_fields__:
            do, fields = kind.__struct_config__.tag, FIELDS | FIELDS_OF.get(kind, {})
            told = []
            for alias in ("#plans", "#nobodys"):
                name = {"room": None, "where": alias} if kind is KeepDraft else {"room": alias}
                given = {k: v + thread if v == alias else v for k, v in (fields | name).items()}
                await by.send({"id": 1, "do": do} | {k: v for k, v in given.items() if v})
                told.append(
                    {**await by.reply(), "ok": None} if kind is KeepDraft else await by.reply()
                )
            assert told[0] == told[1] and room not in str(told), do
    if who != "visitor":
        (draft,) = (await by.ask("list_drafts"))["drafts"]
        assert draft["where"] == ABSENT_ROOM + thread


async def test_rooms_that_had_a_reserved_name_are_not_listed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data", "normal", lambda: "e1")
    await commit(store, *(Post(room=room, text="x") for room in ("@old", "a@b", "~", "7")))
    await store.close()
    async with Server(tmp_path / "data") as server, over_http(server) as http:
        assert [row["room"] for row in (await http.get(""))["rooms"]] == ["7", "a@b", "~"]
