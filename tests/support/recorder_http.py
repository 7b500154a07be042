"""Recorded clients over HTTP: server-sent events, long-polls, and posts."""

from typing import Any

import msgspec
from aiohttp import ClientSession, ClientTimeout

from tests.support.checker import Attempt, Run
from tests.support.recorder import Client, Frame


class SseClient(Client):
    """Server-sent events, resumed by Last-Event-ID."""

    _last_id = ""

    async def _visit(self) -> None:
        headers = {"Accept": "text/event-stream", **self._credentials}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        url = f"{self._rooms_url}/events?since=0&name={self._name}"
        async with (
            ClientSession(timeout=ClientTimeout(None), read_bufsize=2**20) as session,
            session.get(url, headers=headers) as response,
        ):
            if response.status != 200:
                await self._turned_away(await response.text())
                return
            self.record.runs.append(Run(self.seq))
            position = ""
            async for line in response.content:
                field, _, value = line.rstrip(b"\n").partition(b": ")
                if field == b"event":  # a reset
                    self.record.turned_away = line.decode()
                    break
                if field == b"id":
                    position = value.decode()
                elif field == b"data" and position:
                    self._note(position, value)
                    position = ""

    def _note(self, position: str, body: bytes) -> None:
        epoch, _, seq = position.rpartition(":")
        self.record.epochs.add(epoch)
        self._last_id = position
        self._take(int(seq), body)


class PollPage(msgspec.Struct):
    """The answer of a long-poll, each event as it came."""

    epoch: str
    head: int
    events: list[msgspec.Raw]


class LongPollClient(Client):
    """Long-polls, one request after the other."""

    async def _visit(self) -> None:
        async with ClientSession(timeout=ClientTimeout(20)) as session:
            while True:
                epoch = f"&epoch={self._atlas.epoch}" if self._atlas.epoch else ""
                url = f"{self._rooms_url}/events?since={self.seq}&wait=10{epoch}"
                async with session.get(url) as response:
                    answer = await response.read()
                    if response.status != 200:
                        return await self._turned_away(answer.decode())
                page = msgspec.json.decode(answer, type=PollPage)
                self.record.epochs.add(page.epoch)
                self.record.runs.append(Run(self.seq))
                for raw in page.events:
                    body = bytes(raw)
                    self._take(msgspec.json.decode(body, type=Frame).seq or 0, body)


class HttpPoster(Client):
    """Follows nothing; posts, and tries again with the same Idempotency-Key until it is told."""

    async def _visit(self) -> None:
        async with ClientSession(timeout=ClientTimeout(20)) as session:
            while True:
                for attempt in self._retries():
                    await self._post(session, attempt)
                await self._pause()
                if self.is_posting:
                    self._attempt()

    async def _post(self, session: ClientSession, attempt: Attempt) -> None:
        assert attempt.key is not None
        headers = {"Idempotency-Key": attempt.key, **self._credentials}
        url = f"{self._rooms_url}/messages" + (f"?name={self._name}" if self._name else "")
        async with session.post(url, json={"text": attempt.mark}, headers=headers) as response:
            answer = msgspec.json.decode(await response.read(), type=dict[str, Any])
        if response.status == 201:
            self.record.epochs.add(answer["epoch"])
            self._told(attempt, answer, None)
        else:
            self._told(attempt, None, answer["code"])
