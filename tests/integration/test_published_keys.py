"""Keys that an application publishes (JWKS): fetched whole, renewed, and never a password shown."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from hubbub.server.people.outside.keys import BadKey, fetch
from hubbub.server.people.outside.outgoing import MAX_DOCUMENT_BYTES
from tests.support.server import Server

PASSWORD = "pa55word"
LOGIN = aiohttp.encode_basic_auth("ada", PASSWORD)
KEYS = {kid: Ed25519PrivateKey.generate() for kid in ("old", "new")}


class Application:
    """Publishes `document`, in so many pieces, to who knows the password."""

    def __init__(self) -> None:
        self.document = b""
        self.pieces = 1
        self.address = ""

    async def publish(self, request: web.Request) -> web.StreamResponse:
        """Answer with the document."""
        if request.headers.get("Authorization") != LOGIN:
            raise web.HTTPUnauthorized
        response = web.StreamResponse()
        await response.prepare(request)
        size = -(-len(self.document) // self.pieces)
        for piece in range(self.pieces):
            await response.write(self.document[piece * size : (piece + 1) * size])
            await asyncio.sleep(0.1 * (self.pieces > 1))  # so that each piece comes by itself
        return response

    def has(self, *kids: str, **more: Any) -> None:
        """Publish these keys."""
        rows = [as_jwk(KEYS[kid]) | {"kid": kid} for kid in kids]
        self.document = json.dumps({"keys": rows, **more}).encode()


def as_jwk(key: Ed25519PrivateKey) -> dict[str, Any]:
    row: dict[str, Any] = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return row


@pytest.fixture
async def application() -> AsyncIterator[Application]:
    published = Application()
    site = web.Application()
    site.router.add_get("/keys", published.publish)
    site.router.add_get("/elsewhere", _elsewhere)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    published.address = f"127.0.0.1:{runner.addresses[0][1]}"
    yield published
    await runner.cleanup()


async def _elsewhere(_: web.Request) -> web.Response:
    raise web.HTTPFound("/keys")


def signed(kid: str) -> dict[str, str]:
    claims = {"sub": "ada", "exp": int(time.time()) + 60}
    token = jwt.encode(claims, KEYS[kid], "EdDSA", headers={"kid": kid})
    return {"Authorization": f"Bearer {token}"}


async def test_published_keys_are_fetched_and_renewed(
    application: Application, tmp_path: Path
) -> None:
    application.has("old")
    url = f"http://ada:{PASSWORD}@{application.address}/keys"
    async with (
        Server(tmp_path / "data", "--jwt-jwks-url", url) as server,
        aiohttp.ClientSession(f"{server.url}/api/v1/") as http,
    ):
        assert (await http.get("rooms", headers=signed("old"))).status == 200
        assert (await http.get("rooms", headers=signed("new"))).status == 401
        application.has("new")
        async with asyncio.timeout(30):
            while (await http.get("rooms", headers=signed("new"))).status != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.2)  # only the server knows when it has fetched them
        assert (await http.get("rooms", headers=signed("old"))).status in (401, 429)
    assert PASSWORD not in "".join(server.output)


@pytest.mark.parametrize("size", [0, MAX_DOCUMENT_BYTES - 1000])
async def test_a_document_in_pieces_is_read_to_its_end(application: Application, size: int) -> None:
    application.has("old", "new", pad="x" * size)
    application.pieces = 3
    url = f"http://ada:{PASSWORD}@{application.address}/keys"
    assert await fetch(url) == application.document


@pytest.mark.parametrize(
    "path, why",
    [
        ("/keys", "larger than 262,144 bytes"),
        ("/none", "404"),
        ("/elsewhere", "302"),
        ("/keys?k3y", "larger"),
    ],
)
async def test_what_can_not_be_fetched_says_why_without_the_password(
    application: Application, path: str, why: str
) -> None:
    application.document = b" " * (MAX_DOCUMENT_BYTES + 1)
    with pytest.raises(BadKey, match=why) as caught:
        await fetch(f"http://ada:{PASSWORD}@{application.address}{path}")
    assert application.address in str(caught.value)
    assert not any(secret in str(caught.value) for secret in (PASSWORD, "ada", "k3y"))


async def _garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 garbage\r\n\r\n")
    writer.close()


async def _silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("answer", [_garbage, _silence])
async def test_what_does_not_speak_http_says_so_without_the_password(answer: Any) -> None:
    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        with pytest.raises(BadKey, match="Can't fetch") as caught:
            await fetch(f"http://ada:{PASSWORD}@127.0.0.1:{port}/")
    assert PASSWORD not in str(caught.value)
    with pytest.raises(BadKey, match="Can't fetch") as caught:
        await fetch(f"http://ada:{PASSWORD}@127.0.0.1:{port}/")
    assert PASSWORD not in str(caught.value)


async def test_a_set_without_a_usable_key_lets_nobody_in_and_says_so(
    application: Application, tmp_path: Path
) -> None:
    application.document = json.dumps({"keys": [as_jwk(KEYS["old"]) | {"use": "enc"}]}).encode()
    url = f"http://ada:{PASSWORD}@{application.address}/keys"
    async with (
        Server(tmp_path / "data", "--jwt-jwks-url", url) as server,
        aiohttp.ClientSession(f"{server.url}/api/v1/") as http,
    ):
        assert (await http.get("rooms", headers=signed("old"))).status == 401
        await server.terminate()
    said = "".join(server.output)
    assert "Ignored key 1 of the key set" in said
    assert "The key set has no usable key" in said
