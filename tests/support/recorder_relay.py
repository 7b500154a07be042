"""A recorded client that speaks as Socket.IO's tutorials do: `send(text)`, and what comes back under its name."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.checker import Attempt, Run
from tests.support.lines import socketio
from tests.support.recorder import Client


class RelayClient(Client):
    """Texts and offsets, and nothing else; comes back by Socket.IO's own connection state recovery."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record.is_plain = True
        self._pid = ""

    async def _visit(self) -> None:
        auth = {"pid": self._pid, "offset": str(self.seq)} if self._pid else {"since": 0}
        async with socketio(self._site.address, self._room, auth) as (packets, send, welcome):
            if self._pid not in ("", welcome["pid"]):
                return await self._turned_away(json.dumps(welcome))
            self._pid = welcome["pid"]
            self.record.epochs.add(self._pid.partition(":")[0])
            self.record.runs.append(Run(self.seq))
            waiting: dict[int, Attempt] = {}
            speaking = asyncio.create_task(self._speak(send, waiting))
            try:
                async for packet in packets:
                    self._hear(packet, waiting)
            finally:
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)

    async def _speak(
        self, send: Callable[[str], Awaitable[object]], waiting: dict[int, Attempt]
    ) -> None:
        number = 0
        while self._pace and self.is_posting:
            attempt = self._attempt()
            attempt.key = None  # it has no words for one, so it never asks again
            number += 1
            waiting[number] = attempt
            await send(f"42{number}{json.dumps(['message', attempt.mark])}")
            await self._pause()

    def _hear(self, packet: str, waiting: dict[int, Attempt]) -> None:
        number, _, body = packet[2:].partition("[")
        said = json.loads(f"[{body}")
        if packet.startswith("43"):
            error = said[0].get("error") or {}
            self._told(waiting.pop(int(number)), said[0].get("ok"), error.get("code"))
        else:
            name, text, offset = said
            assert name == "message", packet
            self._take(int(offset), text.encode())
