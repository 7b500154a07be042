"""Checks the connection to a server: its name, TLS, proxies in between, and each transport."""

import asyncio
import re
import ssl
import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec
from yarl import URL

from hubbub.protocol.messages import Error
from hubbub.server.findings import Finding, ok, problem, warning

TIMEOUT = 10.0
ROOM = "lobby"
ECHOES = 20
HELD_BACK = 3.0  # seconds; without buffering, the first bytes of a stream arrive at once
EXPIRES_SOON = 21  # days
PROXY = "add to the configuration of the proxy (here for nginx):\n  "
UPGRADE_FIX = (
    f"{PROXY}proxy_http_version 1.1;\n"
    "  proxy_set_header Upgrade $http_upgrade;\n"
    "  proxy_set_header Connection $http_connection;"
)
BUFFER_FIX = f"{PROXY}proxy_buffering off;"
HOST_FIX = f"{PROXY}proxy_set_header Host $http_host;"
TIMEOUT_FIX = f"{PROXY}proxy_read_timeout 120s;"
LOG_FIX = "see the log of the server, and check its disk or PostgreSQL"
TOKEN_FIX = "set HUBBUB_TOKEN to a token from `hubbub token create`"

OTHER_FIX = "check that the address is that of a hubbub server"
MAX_BODY_BYTES = 65_536
_SHOWN_FROM = re.compile(r"img-src 'self' ([^ ;]+)")  # in the policy of the page

# A server that does not answer, closes the connection or sends something unexpected.
Failure = (
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    ValueError,
    TypeError,
    RecursionError,
    msgspec.MsgspecError,
)


class _Details(msgspec.Struct):
    """The interesting fields of a response: a problem (RFC 9457), or that of /healthz."""

    status: str | int = ""
    detail: str = ""
    missing: list[str] = []


class _Greeted(msgspec.Struct):
    server: str
    user: str


class _Greeting(msgspec.Struct):
    ok: _Greeted | None = None
    error: Error | None = None


async def examine(address: str, token: str | None) -> AsyncIterator[Finding]:
    """Check the connection to a server, as one of its clients."""
    url = _http(address)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    # A connection for each request: a proxy may close one that looks as if it could be used again.
    once = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(url, headers=headers, timeout=timeout, connector=once) as http:
        reached = await _reach(http, url)
        for finding in reached:
            yield finding
        if any(finding.how == "problem" for finding in reached):
            return
        looks = {
            "ready": _ready(http),
            "WebSocket": _echo(http, url),
            "native": _native(http),
            "long-poll": _long_poll(http),
            "events": _stream(http),
            "files": _files(http),
        }
        for what, looking in [(w, asyncio.create_task(look)) for w, look in looks.items()]:
            try:
                if found := await looking:
                    yield found
            except Failure as error:
                yield problem(what, _why(error))


def _http(address: str) -> URL:
    text = address if "://" in address else f"http://{address}"
    url = URL(text)
    scheme = {"ws": "http", "wss": "https"}.get(url.scheme, url.scheme)
    return url.with_scheme(scheme).origin()


async def _reach(http: aiohttp.ClientSession, url: URL) -> list[Finding]:
    """Check that hubbub answers at the address, its encryption and its clock."""
    try:
        async with http.get("/healthz") as answer:
            details = await _details(answer)
    except aiohttp.ClientConnectorCertificateError as error:
        reason = error.certificate_error
        return [
            problem(
                "TLS", str(reason), "renew the certificate; --tls-cert must contain the whole chain"
            )
        ]
    except Failure as error:
        return [
            problem(
                "reach",
                f"{url}: {_why(error)}",
                "check that `hubbub serve` is running there, and that no firewall blocks the port",
            )
        ]
    if answer.status == 403:
        return [
            problem(
                "name", details.detail or "refused", f"restart the server with --public-url {url}"
            )
        ]
    if answer.status != 200 or details.status != "ok":
        fix = "check the port and, behind a proxy, that the proxy reaches the server"
        return [problem("reach", f"{url} answers {answer.status}, but is not hubbub", fix)]
    return [
        ok("reach", f"{url} answers"),
        *([await _certificate(url)] if url.scheme == "https" else []),
        *_encrypted(url),
        _clock(answer.headers.get("Date", "")),
    ]


def _encrypted(url: URL) -> list[Finding]:
    if url.scheme == "https" or url.host in {"localhost", "127.0.0.1", "::1"}:
        return []
    return [
        warning(
            "TLS",
            "the connection is not encrypted: others can read everything",
            "start the server with --tls-cert and --tls-key, or behind a proxy with TLS",
        )
    ]


async def _certificate(url: URL) -> Finding:
    _, writer = await asyncio.open_connection(url.host, url.port, ssl=True)
    until = datetime.fromtimestamp(
        ssl.cert_time_to_seconds(writer.get_extra_info("peercert")["notAfter"]), UTC
    )
    writer.close()
    days = (until - datetime.now(UTC)).days
    if days < EXPIRES_SOON:
        return warning(
            "TLS",
            f"the certificate expires in {days} days",
            "renew it, then send SIGHUP to the server",
        )
    return ok("TLS", f"the certificate is valid until {until:%Y-%m-%d}")


def _clock(date: str) -> Finding:
    try:
        behind = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a time zone
        return warning("clock", "the response has no valid Date header")
    if abs(behind) > 5:
        return warning(
            "clock",
            f"the clocks of the server and this machine differ by {abs(behind):.0f} s",
            "synchronize both clocks with NTP",
        )
    return ok("clock", "agrees with this machine")


async def _ready(http: aiohttp.ClientSession) -> Finding:
    async with http.get("/readyz") as answer:
        if answer.status == 200:
            return ok("ready", "the server can write to its database")
        detail = (await _details(answer)).detail or answer.reason
        return problem("ready", f"{answer.status}: {detail}", LOG_FIX)


async def _echo(http: aiohttp.ClientSession, url: URL) -> Finding:
    """Check the handshake and, if the server offers /echo, text and binary messages in both directions."""
    try:
        socket = await http.ws_connect("/echo")
    except aiohttp.WSServerHandshakeError as error:
        return await _handshake(http, url, "echo" if error.status != 404 else "ws")
    async with socket:
        times = []
        for n in range(ECHOES):
            began = time.perf_counter()
            await socket.send_str(f"ä {n}")
            await socket.send_bytes(bytes([n, 255]))
            if await socket.receive_str(timeout=TIMEOUT) != f"ä {n}":
                return problem(
                    "WebSocket",
                    "/echo returned different text",
                    "find the proxy that rewrites messages",
                )
            if await socket.receive_bytes(timeout=TIMEOUT) != bytes([n, 255]):
                return problem(
                    "WebSocket",
                    "/echo returned different bytes",
                    "find the proxy that rewrites messages",
                )
            times.append(time.perf_counter() - began)
    return ok(
        "WebSocket",
        f"text and bytes, round trip {statistics.median(times) * 1000:.1f} ms (median)",
    )


async def _handshake(http: aiohttp.ClientSession, url: URL, door: str) -> Finding:
    """Check the handshake alone, and find out why it fails."""
    headers = {
        **{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
        "Sec-WebSocket-Key": "aHViYnViJ3MgZG9jdG9yIQ==",
    }
    try:
        async with http.ws_connect(f"/{door}"):
            return ok("WebSocket", "the handshake succeeds; /echo is not available")
    except aiohttp.WSServerHandshakeError:
        async with aiohttp.request("GET", url / door, headers=headers) as answer:
            return _no_handshake(answer.status, await _details(answer))


def _no_handshake(status: int, details: _Details) -> Finding:
    missing = " and ".join(details.missing)
    if missing:
        return problem("WebSocket", f"a proxy drops the header {missing}", UPGRADE_FIX)
    detail = details.detail or "no 101 Switching Protocols"
    return problem("WebSocket", f"the handshake failed with status {status}: {detail}", UPGRADE_FIX)


async def _native(http: aiohttp.ClientSession) -> Finding:
    async with http.ws_connect("/ws", protocols=["hubbub.v1"]) as socket:
        await socket.send_json({"id": 1, "do": "hello"})
        greeting = msgspec.json.decode(await socket.receive_str(timeout=TIMEOUT), type=_Greeting)
    if greeting.error is not None:
        return problem("native", greeting.error.message, TOKEN_FIX)
    if greeting.ok is None:
        return problem("native", "unexpected reply to `hello`", OTHER_FIX)
    return ok("native", f"{greeting.ok.server}, as {greeting.ok.user}")


async def _long_poll(http: aiohttp.ClientSession) -> Finding:
    began = time.perf_counter()
    async with http.get(f"/api/v1/rooms/{ROOM}/events", params={"wait": "1"}) as answer:
        details = await _details(answer)
    if answer.status == 200:
        return ok("long-poll", f"answered after {time.perf_counter() - began:.1f} s")
    if answer.status in {401, 403, 404}:
        return warning("long-poll", details.detail or str(answer.status), TOKEN_FIX)
    if details.detail:  # from the server itself
        return problem("long-poll", f"{answer.status}: {details.detail}", LOG_FIX)
    return problem("long-poll", f"failed with status {answer.status}", TIMEOUT_FIX)


async def _stream(http: aiohttp.ClientSession) -> Finding:
    headers = {"Accept": "text/event-stream"}
    async with http.get(f"/api/v1/rooms/{ROOM}/events", headers=headers) as answer:
        if answer.status != 200:
            detail = (await _details(answer)).detail or str(answer.status)
            return warning("events", detail, TOKEN_FIX)
        try:
            async with asyncio.timeout(HELD_BACK):
                await answer.content.readuntil(b"\n\n")
        except TimeoutError:
            return problem("events", "a proxy buffers the stream", BUFFER_FIX)
    return ok("events", "the stream starts at once")


async def _files(http: aiohttp.ClientSession) -> Finding | None:
    """Check that the origin of files, if the page names one, leads to the server, which refuses everything else there."""
    async with http.get("/") as answer:
        found = _SHOWN_FROM.search(answer.headers.get("Content-Security-Policy", ""))
    if found is None:
        return None
    there = URL(found[1])
    try:  # without the token, which is not for that origin
        async with aiohttp.request("GET", there / "healthz", timeout=http.timeout) as answer:
            details = await _details(answer)
    except Failure as error:
        fix = "check that DNS, the certificate and the proxy lead this host to the server"
        return problem("files", f"{there}: {_why(error)}", fix)
    if answer.status == 404 and details.detail:
        return ok("files", f"browsers show them from {there}")
    return problem("files", f"{there} doesn't serve this server's files", HOST_FIX)


async def _details(answer: aiohttp.ClientResponse) -> _Details:
    """The fields of a response by hubbub. Empty if something else answered."""
    body = b""
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return _Details()
    try:
        return msgspec.json.decode(body, type=_Details)
    except (msgspec.MsgspecError, RecursionError):
        return _Details()


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or str(error)
    return str(error) or type(error).__name__
