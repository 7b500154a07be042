"""The documents for machines say what the server does: all of it, and nothing else."""

import asyncio
import json
import os
import re
import runpy
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import pytest

from hubbub.protocol.errors import CODES
from hubbub.server import http
from hubbub.server.http.openapi import openapi
from hubbub.server.http.operations import operations_of
from hubbub.server.http.routes import ROUTES
from tests.integration.native import native
from tests.integration.test_fields import READS
from tests.support.checkout import ROOT
from tests.support.paths import filled
from tests.support.server import Server

WIRE = Path(__file__).parents[1] / "wire" / "native"
EXAMPLES = os.environ.get("TEST_REQUESTS", "3")  # of each operation
# What clients that speak HTTP send by themselves, or is said in another part of the description.
OF_HTTP = {
    *("Authorization", "Content-Type", "Host", "If-Range", "Origin", "User-Agent"),
    *("Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site"),
}
QUERIES = re.compile(r'\bquery\.get\("(\w+)"')
PARTS: dict[str, object] = {"room": "lobby", "seq": 1, "side": 360}
CONFIGURATION = "[generation]\nallow-extra-parameters = false\n"


@pytest.fixture(scope="module")
async def described(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server in whose lobby there is a message, as the documents' examples want it."""
    data = tmp_path_factory.mktemp("described") / "data"
    async with Server(data, "--message-rate", "0") as server:
        async with native(server.port) as client:
            await client.ask("post", room="lobby", text="hi")
        yield server


async def document(server: Server, name: str) -> Any:
    """One of the documents."""
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/api/v1/{name}.json") as got:
        assert (got.status, got.content_type) == (200, "application/json")
        return await got.json()


def refs(value: Any) -> set[str]:
    """All that a document refers to."""
    if isinstance(value, dict):
        found = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return found.union(*map(refs, value.values())) if value else found
    return set().union(*map(refs, value)) if isinstance(value, list) and value else set()


async def test_each_route_of_the_api_is_described_and_no_other(described: Server) -> None:
    paths = (await document(described, "openapi"))["paths"]
    found = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    served = [(r.method, r.path) for r in ROUTES if r.path.startswith("/api/")]
    documents = [("GET", f"/api/v1/{name}.json") for name in ("openapi", "asyncapi")]
    documents += [("OPTIONS", "/api/v1/uploads")]  # which tus itself describes
    assert sorted(found + documents) == sorted(served)


def test_each_operation_has_a_name_of_its_own() -> None:
    names = [operation.name for operation in operations_of(ROUTES)]
    assert len(set(names)) == len(names)


async def test_each_error_code_of_http_is_described(described: Server) -> None:
    openapi = await document(described, "openapi")
    of_the_websocket = {"upgrade_required"}
    texts = json.dumps(
        [o["responses"] for path in openapi["paths"].values() for o in path.values()]
    )
    assert {code for code in CODES if f"{code}: " in texts} == CODES.keys() - of_the_websocket
    assert openapi["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == list(CODES)


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
async def test_whatever_a_document_refers_to_is_in_it(described: Server, name: str) -> None:
    whole = await document(described, name)
    found = refs(whole)
    assert found
    for ref in found:
        part = whole
        for step in ref.removeprefix("#/").split("/"):
            part = part[step]


def parameters(whole: Any, operation: Any) -> set[str]:
    """The names of the parameters of an operation that are not in its path."""
    shared, own = whole["components"]["parameters"], operation["parameters"]
    found = [shared[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in own]
    return {each["name"] for each in found if each["in"] != "path"}


async def test_whose_a_request_is_matters_to_all_that_say_so_and_to_no_other(
    described: Server,
) -> None:
    whole = await document(described, "openapi")
    other = {"Hubbub-Account": "@p000000000000", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(described.url) as client:
        for operation in operations_of(ROUTES):
            asked = operation.method, filled(operation.path, **PARTS)
            async with client.request(*asked, data=b"{}", headers=other) as answer:
                is_refused = "Hubbub-Account" in await answer.text()
            found = whole["paths"][operation.path][operation.method.lower()]
            says_so = "Hubbub-Account" in parameters(whole, found)
            assert is_refused == says_so == bool(operation.needs.rows), operation.name


def test_each_header_and_parameter_that_is_read_is_described() -> None:
    whole = openapi(ROUTES)
    operations = [each for path in whole["paths"].values() for each in path.values()]
    named = set[str]().union(*(parameters(whole, each) for each in operations))
    folder = Path(str(http.__file__)).parent
    text = "".join(file.read_text() for file in sorted(folder.rglob("*.py")))
    assert set(READS.findall(text)) - OF_HTTP - named == set()
    for_websockets = {"access_token", "room"}
    assert set(QUERIES.findall(text)) - named == for_websockets


SENT = {file.stem: json.loads(file.read_text()) for file in sorted(WIRE.glob("*.json"))}
KINDS = {"event": "Event", "signal": "Signal", "notice": "Notice"}


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
async def test_what_goes_over_the_wire_is_as_described(described: Server, sent: Any) -> None:
    whole = await document(described, "asyncapi")
    kind = next((kind for key, kind in KINDS.items() if key in sent), "Reply")
    assert complaints(whole, whole["components"]["messages"][kind]["payload"], sent) == []
    if isinstance(sent.get("ok"), dict) and "mode" in sent["ok"]:
        joined = {"$ref": f"#/components/schemas/{sent['ok']['mode'].capitalize()}"}
        assert complaints(whole, joined, sent["ok"]) == []


async def test_an_invalid_command_does_not_fit_its_description(described: Server) -> None:
    whole = await document(described, "asyncapi")
    payload = whole["components"]["messages"]["Command"]["payload"]
    assert complaints(whole, payload, {"do": "post", "room": "lobby", "text": "hi"}) == []
    wrongs: list[Any] = [
        {"do": "drop"},
        {"do": "post", "room": 1},
        {"do": "post"},
        {"room": "lobby"},
        [],
    ]
    for wrong in wrongs:
        assert complaints(whole, payload, wrong)


def complaints(whole: Any, schema: Any, value: Any) -> list[str]:
    """What a schema of a document has against a value."""
    validator = jsonschema_rs.Draft202012Validator(schema | {"components": whole["components"]})
    return [error.message for error in validator.iter_errors(value)]


@pytest.mark.timeout(240 + 2 * int(EXAMPLES))
async def test_the_server_keeps_to_the_document_whatever_it_is_asked(
    described: Server, tmp_path: Path
) -> None:
    """By schemathesis: no fault of the server's, each answer as described, what is wrong refused.

    Waiting and streams are left out: they would take their time. So is who asks: it would hardly ever be anybody.
    """
    openapi = await document(described, "openapi")
    openapi["components"]["parameters"] = {}
    for each in [each for path in openapi["paths"].values() for each in path.values()]:
        each["parameters"] = [p for p in each["parameters"] if "$ref" not in p]
    events = openapi["paths"]["/api/v1/rooms/{room}/events"]["get"]
    events["parameters"] = [p for p in events["parameters"] if p["name"] != "wait"]
    del events["responses"]["200"]["content"]["text/event-stream"]
    part = openapi["paths"]["/api/v1/uploads/{file}"]["patch"]["requestBody"]["content"]
    part["application/octet-stream"] = part.pop("application/offset+octet-stream")  # it can't send
    for name, text in (("openapi.json", json.dumps(openapi)), ("schemathesis.toml", CONFIGURATION)):
        (tmp_path / name).write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--no-color", "run", "openapi.json"),
        *("--url", described.url, "--max-examples", EXAMPLES, "--generation-deterministic"),
        *("--phases", "examples,coverage,fuzzing", "--exclude-checks", "positive_data_acceptance"),
        *("--warnings", "off"),
        cwd=tmp_path,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    written, _ = await process.communicate()
    assert process.returncode == 0, written.decode()[-6000:]
    assert f"Tested: {len(operations_of(ROUTES))}" in written.decode()


def test_the_types_of_the_web_sdk_are_those_of_the_document() -> None:
    current = runpy.run_path(str(ROOT / "web" / "wire_types.py"))["wire_types"]()
    assert (ROOT / "web" / "sdk" / "wire.ts").read_text() == current, "run make types"
