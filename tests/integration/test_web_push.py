"""Web Push from a browser's keys to what the browser reads: through a push service on loopback, decrypted by a package of others."""

import asyncio
import json
import socket
import ssl
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import jwt
import pytest
from aiohttp import ClientSession, connector, web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from hubbub.protocol.commands.subscriptions import decoded
from hubbub.server.people.outside.lookups import MOST_LOOKUPS
from hubbub.server.people.outside.outgoing import CannotReach, NotAllowed, ask
from hubbub.server.people.outside.reachable import Reachable
from tests.support.certificates import certify
from tests.support.devices import AUTH, P256DH, PRIVATE
from tests.support.node import node_script
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.site import Site, Someone, chosen, site

DECRYPT = """
const [ece, { createECDH }] = [require("http_ece"), require("crypto")];
const [message, key, authSecret] = process.argv.slice(2);
const privateKey = createECDH("prime256v1");
privateKey.setPrivateKey(key, "base64url");
const options = { version: "aes128gcm", privateKey, authSecret };
process.stdout.write(ece.decrypt(Buffer.from(message, "base64url"), options));
"""


@dataclass
class Service:
    """A push service: what it got, and what it answers."""

    port: int
    status: int = 201
    got: asyncio.Queue[tuple[web.Request, bytes]] = field(default_factory=asyncio.Queue)

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}/push/1?x=y"

    @property
    def allowed(self) -> dict[str, Any]:
        """The settings with which a server reaches it."""
        return {"outgoing_network": ("127.0.0.0/8",), "outgoing_port": (str(self.port),)}

    async def take(self, request: web.Request) -> web.Response:
        self.got.put_nowait((request, await request.read()))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a certificate is that this process trusts from now on."""
    directory = tmp_path_factory.mktemp("push")
    certify(directory)
    context = connector._SSL_CONTEXT_VERIFIED  # which aiohttp made when it was imported
    assert context is not None
    context.load_verify_locations(directory / "cert.pem")
    return directory


@pytest.fixture
async def service(certified: Path) -> AsyncIterator[Service]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified / "cert.pem", certified / "key.pem")
    service, application = Service(free_port()), web.Application()
    application.router.add_post("/{path:.*}", service.take)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", service.port, ssl_context=context).start()
        yield service
    finally:
        await runner.cleanup()


async def subscribe(who: Someone, service: Service, **fields: Any) -> None:
    device = {"endpoint": service.endpoint, "p256dh": P256DH, "auth": AUTH} | fields
    answer = await who.ask("PUT", "/me/subscription", device)
    assert answer.status == 200, answer.body


async def talking(here: Site) -> tuple[Someone, str]:
    """Grace, and a direct of ada and her."""
    grace = await here.stranger.enter("/signup", **chosen("grace"))
    made = await here.ada.ask("POST", "/rooms", {"kind": "direct", "who": ["grace"]})
    return grace, made.body["made"]


async def post(here: Site, room: str, text: str) -> int:
    answer = await here.ada.ask("POST", f"/rooms/{room}/messages", {"text": text})
    seq: int = answer.body["seq"]
    return seq


async def decrypted(message: bytes, directory: Path) -> Any:
    """What a device reads."""
    script = directory / "decrypt.cjs"
    script.write_text(DECRYPT)
    text = urlsafe_b64encode(message).decode()
    async with node_script(script, text, PRIVATE, AUTH) as process:
        out, _ = await process.communicate()
    return json.loads(out)


async def test_a_device_reads_what_was_written(service: Service, tmp_path: Path) -> None:
    public = "https://chat.example.org"
    given = {"sign_up": "open", "push_wait": 0.0, "public_url": public} | service.allowed
    async with site(tmp_path / "data", **given) as here:
        grace, room = await talking(here)
        before = (await grace.ask("GET", "/me/subscription")).body
        await subscribe(grace, service, shows_text=True)
        found = (await grace.ask("GET", "/me/subscription")).body
        seq = await post(here, room, "Lunch? \U0001f96a")
        request, body = await asyncio.wait_for(service.got.get(), 30)
        async with ClientSession() as http, http.get(f"{here.stranger.url}/metrics") as answer:
            metrics = await answer.text()
    assert 'hubbub_notifications_total{outcome="sent"} 1.0' in metrics
    assert before == {"key": found["key"], "endpoint": None, "shows_text": False}
    assert found == before | {"endpoint": service.endpoint, "shows_text": True}
    assert await decrypted(body, tmp_path) == {
        "room": room,
        "seq": seq,
        "by": "Ada",
        "text": "Lunch? \U0001f96a",
    }
    assert request.path_qs == "/push/1?x=y"
    assert request.headers["Content-Encoding"] == "aes128gcm"
    assert 7_100 < int(request.headers["TTL"]) <= 7_200
    assert len(request.headers["Topic"]) == 32
    scheme, token, key = request.headers["Authorization"].replace(",", "").split()
    assert (scheme, key) == ("vapid", f"k={found['key']}")
    verifying = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), decoded(found["key"]))
    claims = jwt.decode(
        token.removeprefix("t="), verifying, ["ES256"], audience=f"https://127.0.0.1:{service.port}"
    )
    assert claims["sub"] == public


async def test_what_was_due_when_a_server_was_killed_is_sent_once_it_is_back(
    service: Service, certified: Path, tmp_path: Path
) -> None:
    async with site(tmp_path / "data", sign_up="open", push_wait=600.0, **service.allowed) as here:
        grace, room = await talking(here)
        await subscribe(grace, service)
        seq = await post(here, room, "hello")
    flags = ("--guests", "off", "--push-wait", "0", "--outgoing-network", "127.0.0.1")
    trust = {"SSL_CERT_FILE": str(certified / "cert.pem")}
    ports = ("--outgoing-port", str(service.port))
    service.status = 503
    async with Server(tmp_path / "data", *flags, *ports, environment=trust) as server:
        await asyncio.wait_for(service.got.get(), 30)
        await server.kill()
        service.status = 201
        await server.start()
        _, body = await asyncio.wait_for(service.got.get(), 30)
    assert await decrypted(body, tmp_path) == {"room": room, "seq": seq}


# --- where requests may go ---


async def test_a_redirect_is_not_followed_and_no_other_place_is_reached(service: Service) -> None:
    service.status = 307
    networks, port = ["127.0.0.0/8"], service.port
    answer = await ask(service.endpoint, b"x", within=Reachable.of(networks, [port]))
    assert answer.status == 307 and service.got.qsize() == 1
    for reach in (Reachable(), Reachable.of(networks, []), Reachable.of([], [port])):
        with pytest.raises(NotAllowed):
            await ask(service.endpoint, b"x", within=reach)
    named = service.endpoint.replace("127.0.0.1", "localhost")
    with pytest.raises(NotAllowed, match="localhost has no public address"):
        await ask(named, b"x", within=Reachable.of([], [port]))
    assert service.got.qsize() == 1


async def test_what_is_connected_to_is_the_address_that_was_checked(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere each time it is looked up (DNS rebinding) is looked up once."""
    looked_up: list[str] = []

    def getaddrinfo(host: str, *_: object, **__: object) -> list[Any]:
        looked_up.append(host)
        places = ["10.0.0.1", "127.0.0.1"] if len(looked_up) == 1 else ["10.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, 0)) for place in places]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    reach = Reachable.of(["127.0.0.0/8"], [service.port])
    with pytest.raises(CannotReach, match="certificate"):  # it got there, and the name is another
        await ask(f"https://push.example:{service.port}/", b"x", within=reach)
    assert looked_up == ["push.example"]
    with pytest.raises(NotAllowed):
        await ask(f"https://push.example:{service.port}/", b"x", within=reach)


async def test_names_for_which_nobody_answers_hold_up_no_others(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over, real = Event(), socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **how: Any) -> Any:
        if host.endswith(".slow.example"):
            is_over.wait(60)
            raise socket.gaierror("nobody answered")
        return real(host, *args, **how)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    reach = Reachable.of(["127.0.0.0/8", "::1"], [service.port])
    slow = [f"https://{n}.slow.example/" for n in range(MOST_LOOKUPS - 1)]
    waiting = [asyncio.create_task(ask(url, b"x", within=reach)) for url in slow]
    try:
        named = service.endpoint.replace("127.0.0.1", "localhost")
        with pytest.raises(CannotReach, match="certificate"):  # it got there
            await ask(named, b"x", within=reach)
        more = [ask(f"https://more-{n}.slow.example/", b"x", within=reach) for n in range(2)]
        with pytest.raises(CannotReach, match="too many names"):
            await asyncio.gather(*more)
        await asyncio.get_running_loop().getaddrinfo("localhost", 0)  # as on the way to a database
    finally:
        is_over.set()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, CannotReach) for end in ends)
