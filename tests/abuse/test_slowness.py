"""Those who take their time, at every door: they are cut off, and don't keep anyone waiting."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from hubbub.server.config import Settings
from hubbub.server.http.bounds import BoundedRunner
from hubbub.server.process.listening import bound, port_of
from tests.abuse.doors import BODIES, DOORS, SESSIONS, head, session
from tests.integration.raw import Raw, connected

TIMEOUT = 1.0  # of the target


async def test_ten_seconds_are_waited_unless_said_otherwise() -> None:
    assert Settings().request_timeout == 10.0


async def test_a_silent_socket_is_cut_off(port: int) -> None:
    async with connected(port) as raw:
        assert TIMEOUT - 0.1 < await seconds_until_cut(raw) < TIMEOUT + 5


@pytest.mark.parametrize("door", DOORS)
async def test_a_head_that_trickles_in_is_cut_off(port: int, door: str) -> None:
    async with connected(port) as raw:
        trickle = asyncio.create_task(send_slowly(raw, head(door, DOORS[door])))
        assert await seconds_until_cut(raw) < TIMEOUT + 5
        trickle.cancel()


async def test_a_second_head_that_trickles_in_is_cut_off(port: int) -> None:
    async with connected(port) as raw:
        raw.send(head("/healthz"))
        assert (await raw.response()).status == 200
        trickle = asyncio.create_task(send_slowly(raw, head("/healthz")))
        assert await seconds_until_cut(raw) < TIMEOUT + 5
        trickle.cancel()


async def test_who_asks_again_later_is_not_cut_off(port: int) -> None:
    async with connected(port) as raw:
        for pause in (0, 1.3 * TIMEOUT):
            await asyncio.sleep(pause)  # is what is tested
            raw.send(head("/healthz"))
            assert (await raw.response()).status == 200


@pytest.mark.parametrize("method, target", BODIES)
async def test_a_body_that_does_not_come_is_given_up(port: int, method: str, target: str) -> None:
    headers = (BODIES[method, target], "Content-Length: 50")
    async with connected(port) as raw:
        raw.send(head(target, headers, line=f"{method} {{}} HTTP/1.1") + b'{"text": ')
        response = await raw.response()
        assert (response.status, json.loads(response.body)["code"]) == (408, "timed_out")


@pytest.mark.parametrize("opening", SESSIONS)
async def test_a_body_that_does_not_come_to_a_session_is_given_up(port: int, opening: str) -> None:
    async with connected(port) as raw:
        target = await session(raw, opening)
        raw.send(head(target, ("Content-Length: 50",), line="POST {} HTTP/1.1") + b'["')
        response = await raw.response()
        assert (response.status, json.loads(response.body)["code"]) == (408, "timed_out")
        assert await raw.rest() == b""


@pytest.mark.parametrize("rest", [b"", b"zz\r\n"], ids=["missing", "malformed"])
async def test_a_body_that_fails_after_the_answer_is_no_fault_of_the_server(
    rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401)

    application = web.Application()
    application.router.add_post("/", refuse)
    async with served(application, request_timeout=0.2) as port, connected(port) as raw:
        raw.send(head("/", ("Transfer-Encoding: chunked",), line="POST {} HTTP/1.1"))
        assert (await raw.response(has_body=False)).status == 401
        raw.send(rest)
        assert await raw.rest() == b""
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_who_does_not_read_what_is_sent_is_cut_off() -> None:
    """However much of it: TCP itself watches whether any of it is taken."""
    has_ended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            await response.write(b"x" * 10_000_000)
        finally:
            has_ended.set()
        return response

    application = web.Application()
    application.router.add_get("/", answer)
    async with served(application, request_timeout=9) as port, connected(port) as raw:
        raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
        raw.send(300 * head("/"))
        async with asyncio.timeout(30):
            await has_ended.wait()


@asynccontextmanager
async def served(application: web.Application, request_timeout: float) -> AsyncIterator[int]:
    """The port where an application is served within bounds."""
    runner = BoundedRunner(
        application,
        max_connections=9,
        request_timeout=request_timeout,
        shutdown_timeout=1,
        unread_timeout=1,
    )
    await runner.setup()
    (bound_socket,) = bound("127.0.0.1", 0)
    listener = await runner.listen(bound_socket, None)
    try:
        yield port_of([bound_socket])
    finally:
        listener.close()
        await runner.cleanup()


async def seconds_until_cut(raw: Raw) -> float:
    began = time.monotonic()
    try:
        assert await raw.rest() == b""
    except ConnectionResetError:
        pass  # it was still sending
    return time.monotonic() - began


async def send_slowly(raw: Raw, data: bytes) -> None:
    for byte in data[:-1]:
        raw.send(bytes([byte]))
        await asyncio.sleep(0.2)  # all of it would take more than 8 seconds
