"""A small provider of OpenID Connect on loopback, which signs everyone in at once and can be told to misbehave.

`python -m tests.support.provider CERT KEY` runs one at https://app.example.org, for readers of the documentation.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import ssl
import sys
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import get_default_algorithms

from tests.support.rsa import rsa_key

CLIENT, SECRET = "hubbub", "s3cret/with:signs"
ADA = {
    "sub": "248289761001",
    "preferred_username": "ada",
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "email_verified": True,
}


@dataclass
class Provider:
    """What it says, and how it misbehaves; each test changes what it needs."""

    issuer: str = ""
    person: dict[str, Any] = field(default_factory=lambda: dict(ADA))
    key: RSAPrivateKey | EllipticCurvePrivateKey = field(
        default_factory=lambda: rsa_key("of a provider")
    )
    kid: str = "1"
    described: dict[str, Any] = field(default_factory=dict)  # in place of what it says of itself
    returned: dict[str, str | None] = field(default_factory=dict)  # in place of its answer
    claimed: dict[str, Any] = field(default_factory=dict)  # in place of what the ID token says
    only_in_userinfo: frozenset[str] = frozenset()
    userinfo: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    answer: Callable[[web.Request], Any] | None = None  # in place of the token endpoint's
    forgives: bool = False  # a code that is used twice
    has_secret: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # paths
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    @property
    def algorithm(self) -> str:
        """That of its key."""
        return "RS256" if isinstance(self.key, RSAPrivateKey) else "ES256"

    @property
    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/.well-known/openid-configuration", self._describe),
            web.get("/keys", self._keys),
            web.get("/authorize", self._authorize),
            web.post("/token", self._token),
            web.get("/userinfo", self._userinfo),
            web.get("/elsewhere", self._elsewhere),
        ]

    async def _describe(self, request: web.Request) -> web.Response:
        self.seen.append(request.path)
        ends = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
            "userinfo_endpoint": "/userinfo",
        }
        said: dict[str, Any] = {name: f"{self.issuer}{path}" for name, path in ends.items()}
        said |= {"issuer": self.issuer, "authorization_response_iss_parameter_supported": True}
        return web.json_response(said | self.described)

    async def _keys(self, request: web.Request) -> web.Response:
        self.seen.append(request.path)
        maker: Any = get_default_algorithms()[self.algorithm]
        row = json.loads(maker.to_jwk(self.key.public_key()))
        named = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        return web.json_response({"keys": [row | named]})

    async def _authorize(self, request: web.Request) -> web.Response:
        """Sign the person in without asking, and send them back."""
        self.seen.append(request.path)
        query = dict(request.query)
        self.asked.append(query)
        assert query["response_type"] == "code" and "openid" in query["scope"].split()
        assert (query["client_id"], query["code_challenge_method"]) == (CLIENT, "S256")
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        said = {"code": code, "state": query["state"], "iss": self.issuer} | self.returned
        given = {name: value for name, value in said.items() if value is not None}
        raise web.HTTPFound(f"{query['redirect_uri']}?{urlencode(given)}")

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.path)
        if self.answer is not None:
            answered: web.StreamResponse = await self.answer(request)
            return answered
        form = {name: str(value) for name, value in (await request.post()).items()}
        if not self._is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        asked = self.codes.get(form["code"])
        is_used = form["code"] in self.used and not self.forgives
        self.used.add(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or is_used or form["redirect_uri"] != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if not hmac.compare_digest(challenge, asked["code_challenge"]):
            return web.json_response({"error": "invalid_grant"}, status=400)
        tokens = {"access_token": "access", "token_type": "Bearer", "id_token": self._signed(asked)}
        return web.json_response(tokens)

    async def _userinfo(self, request: web.Request) -> web.Response:
        self.seen.append(request.path)
        assert request.headers["Authorization"] == "Bearer access"
        return web.json_response(self.person | self.userinfo)

    async def _elsewhere(self, request: web.Request) -> web.Response:
        self.seen.append(request.path)
        return web.json_response({})

    def _is_client(self, request: web.Request, form: dict[str, str]) -> bool:
        if not self.has_secret:
            return form.get("client_id") == CLIENT and "client_secret" not in form
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            client, _, secret = b64decode(given).decode().partition(":")
            return (unquote_plus(client), unquote_plus(secret)) == (CLIENT, SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)

    def _signed(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        about = {n: value for n, value in self.person.items() if n not in self.only_in_userinfo}
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"]} | about | self.claimed
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": self.kid})


@asynccontextmanager
async def providing(port: int = 0) -> AsyncIterator[Provider]:
    """A provider on a port of loopback, or on any free one."""
    provider = Provider()
    application = web.Application()
    application.add_routes(provider.routes)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield provider
    finally:
        await runner.cleanup()


async def main(certificate: str, key: str) -> None:
    """Run one at https://app.example.org until it is ended."""
    provider = Provider("https://app.example.org")
    application = web.Application()
    application.add_routes(provider.routes)
    runner = web.AppRunner(application)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    await web.TCPSite(runner, "127.0.0.1", 443, ssl_context=context).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
