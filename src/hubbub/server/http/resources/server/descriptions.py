"""The API as documents for machines: OpenAPI for HTTP, AsyncAPI for the WebSocket. Made on first use."""

from functools import cache

from aiohttp import web

from hubbub.domain.rules import Rules
from hubbub.protocol.codec import encode
from hubbub.server.http.asyncapi import asyncapi
from hubbub.server.http.openapi import openapi
from hubbub.server.http.operations import Resource, Route
from hubbub.server.http.parameters import JSON
from hubbub.server.http.requests import HUB

SERVED = web.AppKey("served", tuple[Route, ...])  # the application's routes

resource = Resource()


@resource.route("GET", "/api/v1/openapi.json")
async def get_openapi(request: web.Request) -> web.Response:
    """Get the HTTP API as an OpenAPI document."""
    return web.Response(body=_openapi(request.app[SERVED]), content_type=JSON)


@resource.route("GET", "/api/v1/asyncapi.json")
async def get_asyncapi(request: web.Request) -> web.Response:
    """Get the WebSocket protocol as an AsyncAPI document."""
    return web.Response(body=_asyncapi(request.app[HUB].rules), content_type=JSON)


@cache
def _openapi(routes: tuple[Route, ...]) -> bytes:
    return encode(openapi(routes))


@cache
def _asyncapi(rules: Rules) -> bytes:
    return encode(asyncapi(rules))
