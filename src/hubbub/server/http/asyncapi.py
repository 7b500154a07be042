"""The WebSocket protocol for machines: an AsyncAPI document, made from the types."""

from hubbub import __version__
from hubbub.domain.rules import Rules
from hubbub.protocol.commands.starting import Started
from hubbub.protocol.errors import CODES
from hubbub.protocol.messages import AnySignal, Notice, Reply, Resumed, Snapshot
from hubbub.protocol.presence import Watched
from hubbub.server.http.openapi import components_of
from hubbub.server.http.parameters import JSON, JsonObject


def asyncapi(rules: Rules) -> JsonObject:
    """The WebSocket protocol hubbub.v1 with all commands and events of these rules (AsyncAPI 3.0)."""
    said = {
        "Command": rules.commands.union,
        "Reply": Reply,
        "Event": rules.events.union,
        "Signal": AnySignal,
        "Notice": Notice,
    }
    refs, components = components_of([*said.values(), Resumed, Snapshot, Started, Watched])
    messages = {
        name: {"name": name, "contentType": JSON, "payload": ref}
        for name, ref in zip(said, refs, strict=False)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "hubbub.v1",
            "version": __version__,
            "description": "Each text frame holds one JSON object. The `ok` of a Reply to a join is a Resumed or a Snapshot, to a start a Started, to a watch a Watched.",
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
