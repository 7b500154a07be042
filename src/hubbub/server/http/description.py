"""The API for machines: OpenAPI for HTTP and AsyncAPI for the WebSocket, generated from the types on first use."""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from aiohttp import web

from hubbub import __version__
from hubbub.events import AnyEvent
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import CODES
from hubbub.protocol.messages import (
    AnyCommand,
    AnySignal,
    Closing,
    Patch,
    Post,
    Reply,
    Resumed,
    Snapshot,
)
from hubbub.server.http import api
from hubbub.server.http.operations import ALWAYS, FAULTS, JSON, OPERATIONS, HttpOperation

PROBLEM = "application/problem+json"
OPENAPI, ASYNCAPI = "/api/v1/openapi.json", "/api/v1/asyncapi.json"
SEQ = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
NUMBER = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
TEXT = {"type": "string"}

JsonObject = dict[str, Any]
routes = web.RouteTableDef()

PATH_PARAMETERS: dict[str, JsonObject] = {
    "room": {"type": "string", "pattern": r"^[\p{L}\p{N}_\-.:@+~]{1,64}$", "example": "lobby"},
    "seq": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1, "example": 1},
    "emoji": {
        "type": "string",
        "minLength": 1,
        "maxLength": 32,
        "pattern": r"^[^\s/\x00-\x1f\x7f-\x9f]+$",
    },
}
QUERY: dict[str, tuple[str, JsonObject, str]] = {
    "after_room": ("after", TEXT, "Only rooms whose names sort after this one"),
    "limit_rooms": (
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 1000},
        "Maximum number of items",
    ),
    "before": ("before", NUMBER, "Only messages before this seq"),
    "after": ("after", NUMBER, "Only messages after this seq"),
    "limit_messages": (
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 200},
        "Maximum number of items",
    ),
    "if_seq": (
        "if_seq",
        NUMBER,
        "Apply the patch only if the document has not changed after this seq",
    ),
    "since": ("since", SEQ, "Only events after this seq; by default, only new events"),
    "epoch": ("epoch", TEXT, "The epoch of the log that `since` refers to"),
    "wait": (
        "wait",
        {"type": "integer", "minimum": 0, "maximum": api.MAX_WAIT},
        "Seconds to wait for new events if there are none",
    ),
    "limit_events": (
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 500},
        "Maximum number of items",
    ),
    "lastEventId": (
        "lastEventId",
        TEXT,
        "For streams: same as the header Last-Event-ID, which takes precedence",
    ),
}
HEADERS: dict[str, tuple[JsonObject, str]] = {
    "Idempotency-Key": (
        {"type": "string", "minLength": 1, "maxLength": 64},
        "Same as client_message_id in the body",
    ),
    "If-Match": (
        {"type": "string", "pattern": r'^(\*|((W/)?"[0-9]{1,18}"( *, *)?)+)$'},
        "The ETag of the state you read, a list of ETags, or * for any version",
    ),
    "Last-Event-ID": (TEXT, "For streams: the id of the last event received, EPOCH:SEQ"),
}


@routes.get(OPENAPI)
async def get_openapi(_request: web.Request) -> web.Response:
    """Get the HTTP API as an OpenAPI document."""
    return web.Response(body=_encoded(openapi), content_type=JSON)


@routes.get(ASYNCAPI)
async def get_asyncapi(_request: web.Request) -> web.Response:
    """Get the WebSocket protocol as an AsyncAPI document."""
    return web.Response(body=_encoded(asyncapi), content_type=JSON)


@cache
def _encoded(make: Callable[[], JsonObject]) -> bytes:
    return encode(make())


def openapi() -> JsonObject:
    """The HTTP API (OpenAPI 3.1)."""
    kinds = [kind for o in OPERATIONS for kind in (o.answer, o.body) if kind is not None]
    refs, components = _components(kinds)
    paths: JsonObject = {}
    for operation in OPERATIONS:
        answer = refs[kinds.index(operation.answer)]
        paths.setdefault(operation.path, {})[operation.method] = _operation(
            operation, answer, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hubbub",
            "version": __version__,
            "description": "Rooms, messages, state, signals and events over HTTP. For details, see docs/protocol.md.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components | {"Problem": _problem()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def asyncapi() -> JsonObject:
    """The WebSocket protocol hubbub.v1 (AsyncAPI 3.0)."""
    said = {
        "Command": AnyCommand,
        "Reply": Reply,
        "Event": AnyEvent,
        "Signal": AnySignal,
        "Closing": Closing,
    }
    refs, components = _components([*said.values(), Resumed, Snapshot])
    messages = {
        name: {"name": name, "contentType": JSON, "payload": ref}
        for name, ref in zip(said, refs, strict=False)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "hubbub.v1",
            "version": __version__,
            "description": "Each text frame holds one JSON object. The `ok` of a Reply to a join is a Resumed or a Snapshot.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": JSON,
        "channels": {
            "native": {
                "address": "/ws",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in said},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "command": _channel_operation("receive", "Command"),
            "push": _channel_operation("send", *[name for name in said if name != "Command"]),
        },
        "components": {"schemas": components, "messages": messages},
        "x-error-codes": {
            code: {"status": row.status, "temporary": row.temporary, "title": row.title}
            for code, row in CODES.items()
        },
    }


def _channel_operation(action: str, *messages: str) -> JsonObject:
    refs = [{"$ref": f"#/channels/native/messages/{name}"} for name in messages]
    return {"action": action, "channel": {"$ref": "#/channels/native"}, "messages": refs}


def _components(kinds: list[Any]) -> tuple[list[JsonObject], JsonObject]:
    refs, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    return list(refs), dict(components)


def _operation(operation: HttpOperation, answer: JsonObject, components: JsonObject) -> JsonObject:
    described: JsonObject = {
        "operationId": operation.name,
        "summary": _summaries()[operation.method, operation.path],
        "parameters": [*_parameters(operation)],
        "responses": _responses(operation, answer),
    }
    if operation.body is not None:
        schema = _body(operation.body, components)
        described["requestBody"] = {
            "required": True,
            "content": {operation.takes: {"schema": schema}},
        }
    return described


def _parameters(operation: HttpOperation) -> list[JsonObject]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in PATH_PARAMETERS.items()
        if f"{{{name}}}" in operation.path
    ]
    query = [
        {"name": name, "in": "query", "schema": schema, "description": text}
        for name, schema, text in map(QUERY.__getitem__, operation.query)
    ]
    headers = [
        {"name": name, "in": "header", "schema": HEADERS[name][0], "description": HEADERS[name][1]}
        for name in operation.headers
    ]
    return path + query + headers


def _responses(operation: HttpOperation, answer: JsonObject) -> JsonObject:
    content: JsonObject = {JSON: {"schema": answer}}
    if operation.also_answers:
        content[operation.also_answers] = {"schema": TEXT}
    responses: JsonObject = {str(operation.status): {"description": "Success", "content": content}}
    by_status: dict[int, list[str]] = {}
    for code in sorted(operation.codes | ALWAYS | FAULTS):
        by_status.setdefault(CODES[code].status, []).append(code)
    problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, codes in sorted(by_status.items()):
        text = "; ".join(f"{code}: {CODES[code].title}" for code in codes)
        responses[str(status)] = {"description": text, "content": problem}
    return responses


def _body(command: Any, components: JsonObject) -> JsonObject:
    """Return the body's schema: the command without the fields that the path holds."""
    if command is Patch:
        return {}
    schema = components[command.__name__]
    elsewhere = {"id", "do", "room", "seq"}
    properties = {k: v for k, v in schema["properties"].items() if k not in elsewhere}
    required = [name for name in schema["required"] if name not in elsewhere]
    body: JsonObject = {"type": "object", "properties": properties, "required": required}
    if command is Post:
        body["oneOf"] = [{"required": ["text"]}, {"required": ["bytes"]}]
    return body


def _problem() -> JsonObject:
    return {
        "title": "Problem",
        "description": "Why a request was refused (RFC 9457).",
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "code": {"enum": list(CODES)},
            "detail": TEXT,
            "temporary": {"type": "boolean"},
            "retry_after": {"type": "number"},
            "hint": TEXT,
        },
        "required": ["type", "title", "status", "code", "detail", "temporary"],
    }


def _summaries() -> dict[tuple[str, str], str]:
    """Return the summary of each route."""
    defined = [route for route in api.routes if isinstance(route, web.RouteDef)]
    return {(r.method.lower(), r.path): inspect.getdoc(r.handler) or "" for r in defined}
