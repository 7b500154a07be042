"""Writes the types of the native protocol for TypeScript (sdk/wire.ts), from the server's AsyncAPI document."""

import sys
from pathlib import Path
from typing import Any

from hubbub.domain.aspects import RULES
from hubbub.server.http.asyncapi import asyncapi

FILE = Path(__file__).parent / "sdk" / "wire.ts"
HEAD = "// The native protocol's types. Made by `make types`: don't edit.\n"
NAMES = {"Error": "Problem"}  # names that TypeScript already has
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}

Schema = dict[str, Any]


def wire_types() -> str:
    """The whole file."""
    components = asyncapi(RULES)["components"]
    unions = {
        name: message["payload"]
        for name, message in components["messages"].items()
        if "anyOf" in message["payload"]
    }
    return "\n".join(
        [
            HEAD,
            *(_interface(name, schema) for name, schema in components["schemas"].items()),
            *(f"export type Any{name} = {_type(union)};" for name, union in unions.items()),
            "",
        ]
    )


def _interface(name: str, schema: Schema) -> str:
    required = schema["required"]
    description = " ".join(schema["description"].split())
    return "\n".join(
        [
            f"/** {description} */",
            f"export interface {_name(name)} {{",
            *(
                f"  {key}: {_type(value)};" if key in required else f"  {key}?: {_given(value)};"
                for key, value in schema["properties"].items()
            ),
            "}\n",
        ]
    )


def _given(schema: Schema) -> str:
    """The type of a field that is left out rather than null."""
    if schema.get("anyOf") and schema.get("default", ...) is None:
        return _type({"anyOf": [kind for kind in schema["anyOf"] if kind != {"type": "null"}]})
    return _type(schema)


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": reference}:
            return _name(reference)
        case {"anyOf": kinds}:
            return " | ".join(_type(kind) for kind in kinds)
        case {"enum": values}:
            return " | ".join(f'"{value}"' for value in values)
        case {"type": "null"}:
            return "null"
        case {"type": "array"}:
            item = _type(schema.get("items", {}))
            return f"({item})[]" if "|" in item else f"{item}[]"
        case {"type": "object"} if "properties" not in schema:
            return f"Record<string, {_type(schema.get('additionalProperties', {}))}>"
        case {"type": kind} if kind in PLAIN:
            return PLAIN[kind]
        case _ if not schema.keys() - {"default"}:
            return "unknown"
    sys.exit(f"There is no TypeScript for the schema {schema}")


def _name(reference: str) -> str:
    name = reference.rpartition("/")[2]
    return NAMES.get(name, name)


if __name__ == "__main__":
    FILE.write_text(wire_types())
