"""The HTTP API for machines: an OpenAPI document, made from the declared operations."""

from collections.abc import Iterable
from typing import Any

import msgspec

from hubbub import __version__
from hubbub.domain.access import Permission, RoomKind
from hubbub.domain.principals import GUEST_SCOPES, Role, Scope
from hubbub.protocol.errors import CODES
from hubbub.server.http.operations import HttpOperation, Route
from hubbub.server.http.parameters import (
    ACCOUNT,
    MERGE_PATCH,
    OF_GUESTS,
    TEXT,
    Body,
    Content,
    JsonObject,
    Parameter,
    Upload,
)

PROBLEM = "application/problem+json"
FILE: JsonObject = {"type": "string", "format": "binary"}


def openapi(routes: Iterable[Route]) -> JsonObject:
    """Those of the routes that are part of the HTTP API (OpenAPI 3.1)."""
    summaries = {route.operation: route.summary for route in routes if route.operation}
    operations = list(summaries)
    bodies = [each.body.command for each in operations if isinstance(each.body, Body)]
    refs, components = components_of([*(each.answers for each in operations), *bodies])
    paths: JsonObject = {}
    for operation, answer in zip(operations, refs, strict=False):
        described = _operation(operation, answer, components) | {"summary": summaries[operation]}
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
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
            "parameters": {each.name: _parameter(each) for each in (ACCOUNT, *OF_GUESTS)},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def components_of(kinds: list[Any]) -> tuple[list[JsonObject], JsonObject]:
    """Return a reference to each type, and the schemas that the references lead to."""
    refs, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    return list(refs), dict(components)


def _operation(
    operation: HttpOperation[Any], answer: JsonObject, components: JsonObject
) -> JsonObject:
    described: JsonObject = {
        "operationId": operation.name,
        "parameters": [*map(_parameter, operation.takes), *_credentials(operation.needs)],
        "responses": _responses(operation, answer),
        "security": _security(operation.needs),
    }
    if operation.body is not None:
        schema = _body(operation.body, operation.path_names, components)
        described["requestBody"] = {
            "required": True,
            "content": {operation.body.content_type: {"schema": schema}},
        }
    return described


def _parameter(parameter: Parameter[Any]) -> JsonObject:
    described = {"name": parameter.name, "in": parameter.place, "schema": parameter.schema}
    if parameter.place == "path":
        return described | {"required": True}
    return described | {"description": parameter.description}


def _credentials(needs: Permission) -> list[JsonObject]:
    """Return what says who sends a request, besides its token. Ways in ignore all of it."""
    taken = (ACCOUNT, *(OF_GUESTS if {} in _security(needs) else ())) if needs.rows else ()
    return [{"$ref": f"#/components/parameters/{each.name}"} for each in taken]


def _security(needs: Permission) -> list[JsonObject]:
    """Return who may do it: guests, if they may, and tokens with any scope that allows it, also those of accounts.

    In made rooms anyone may ask: whoever may not know of a room is told the same as if there were none.
    """
    may_guests = needs.is_given(Role.GUEST, GUEST_SCOPES, RoomKind.FREE)
    guests: list[JsonObject] = [{}] if may_guests or RoomKind.MADE in needs.rows else []
    return guests + [
        {"token": [scope.value]}
        for scope in Scope
        if needs.is_given(Role.TOKEN, frozenset({scope}), RoomKind.FREE)
        or any(
            needs.is_given(Role.ACCOUNT, frozenset({scope}), kind)
            for kind in (RoomKind.OWN, RoomKind.SERVER, RoomKind.MADE)
        )
    ]


def _responses(operation: HttpOperation[Any], answer: JsonObject) -> JsonObject:
    schema = FILE if operation.answers is bytes else answer
    content: JsonObject = {operation.answers_type: {"schema": schema}}
    if operation.also_answers:
        content[operation.also_answers] = {"schema": TEXT}
    responses: JsonObject = {str(operation.status): {"description": "Success", "content": content}}
    by_status: dict[int, list[str]] = {}
    for code in sorted(operation.codes):
        by_status.setdefault(CODES[code].status, []).append(code)
    problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, codes in sorted(by_status.items()):
        text = "; ".join(f"{code}: {CODES[code].title}" for code in codes)
        responses[str(status)] = {"description": text, "content": problem}
    return responses


def _body(
    body: Body[Any] | Upload | Content, path_names: set[str], components: JsonObject
) -> JsonObject:
    """Return the body's schema: the command without the fields that the path holds."""
    if isinstance(body, Upload | Content):
        return FILE
    if body.content_type == MERGE_PATCH:
        return {}
    schema = components[body.command.__name__]
    elsewhere = {"id", "do", *body.without} | path_names
    properties = {k: v for k, v in schema["properties"].items() if k not in elsewhere}
    required = [name for name in schema["required"] if name not in elsewhere]
    described: JsonObject = {"type": "object", "properties": properties, "required": required}
    if body.one_of:
        described["oneOf"] = [{"required": [name]} for name in body.one_of]
    return described


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
