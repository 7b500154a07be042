"""A server that puts control characters into everything it says, seen through a real terminal."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from hubbub.client import Acknowledgement
from hubbub.client.wire.reconnect import Welcome
from hubbub.domain.aspects import RULES
from hubbub.protocol.messages import AnySignal, Closing, Error, Page, Resumed, Snapshot
from tests.support.hostile import DEEP, NASTY, ROOM, SEQ, WRONG, filled, kinds, obeyed
from tests.support.pane import Pane

REASON = NASTY.encode()[:120]


class Hostile:
    """Answers the first visitor with nasty text in every field, and refuses the others with more of it."""

    def __init__(self, body: str | None = None) -> None:
        self._visits = 0
        self._body = body or json.dumps({"status": "ok", "detail": NASTY, "missing": [NASTY]})

    async def speak(self, request: web.Request) -> web.StreamResponse:
        """`/ws`."""
        socket = web.WebSocketResponse(protocols=["hubbub.v1"])
        await socket.prepare(request)
        self._visits += 1
        async for message in socket:
            command = json.loads(message.data)
            for frame in self._answer(command):
                await socket.send_json(frame)
            if command["do"] == "follow":
                await socket.close(code=4000, message=REASON)
        return socket

    async def answer(self, request: web.Request) -> web.Response:
        """Everything else."""
        status = {"/healthz": 200, "/readyz": 503}.get(request.path, 400)
        return web.Response(status=status, text=self._body, content_type="application/json")

    def _answer(self, command: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if self._visits > 1:
            yield {"re": command.get("id"), "error": filled(Error) | {"temporary": False}}
            return
        since = command.get("since")
        kind = {
            "hello": Welcome,
            "follow": Snapshot if since is None else Resumed,
            "history": Page,
            "post": Acknowledgement,
        }[command["do"]]
        yield {"re": command.get("id"), "ok": filled(kind) | self._limits(kind)}
        if command["do"] == "follow":
            yield from self._pushes((SEQ if since is None else since) + 1)

    def _limits(self, kind: Any) -> dict[str, Any]:
        limits = {"message_bytes": 65_536, "messages_per_s": 1, "rooms": 1}
        return {"limits": limits} if kind is Welcome else {}

    def _pushes(self, seq: int) -> Iterator[dict[str, Any]]:
        for n, kind in enumerate(RULES.events.kinds):
            yield filled(kind, room=ROOM) | {"seq": seq + 2 * n, "message": seq}
            emitted = {"room": ROOM, "seq": seq + 2 * n + 1, "text": None}
            yield filled(RULES.events.kinds[0]) | emitted
        yield from (filled(kind, room=ROOM) for kind in kinds(AnySignal))
        yield filled(Closing) | {"reconnect_after": 0}


@asynccontextmanager
async def serving(hostile: Hostile) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/ws", hostile.speak)
    app.router.add_route("*", "/{path:.*}", hostile.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def shown(*words: str, codes: set[int]) -> str:
    """What a command writes to a terminal until it ends."""
    async with Pane(*words) as pane:
        code = await pane.finish()
        assert code in codes, pane.raw
        assert obeyed(pane.raw) == set()
        assert "Traceback" not in pane.raw
        return pane.raw


COMMANDS = [
    (["chat", "URL", "--name", "ada"], {4}),
    (["tail", "lobby", "--url", "URL"], {4}),
    (["tail", "lobby", "--json", "--url", "URL"], {4}),
    (["send", "lobby", "hi", "--json", "--url", "URL"], {0}),
    (["doctor", "URL"], {1}),
]


@pytest.mark.parametrize("words, codes", COMMANDS)
async def test_no_text_of_a_server_reaches_the_terminal_raw(
    words: list[str], codes: set[int]
) -> None:
    async with serving(Hostile()) as url:
        raw = await shown(*(word.replace("URL", url) for word in words), codes=codes)
        assert "nasty" in raw
        assert r"\x1b[2J" in raw or r"\u001b[2J" in raw
        for line in raw.splitlines() if "--json" in words else ():
            assert line.startswith(("-- ", "hubbub: ")) or json.loads(line)


async def test_no_refusal_reaches_the_terminal_raw() -> None:
    hostile = Hostile()
    async with serving(hostile) as url:
        await shown("send", "lobby", "hi", "--url", url, codes={0})
        raw = await shown("send", "lobby", "hi", "--url", url, codes={3})
        assert r"Refused: \x1b[2J" in raw


@pytest.mark.parametrize("body", [DEEP, *map(json.dumps, WRONG), '{"status": []}', "\x1b[2J"])
async def test_no_wrong_answer_stops_the_doctor(body: str) -> None:
    async with serving(Hostile(body)) as url:
        assert "PROBLEM" in await shown("doctor", url, codes={1})
