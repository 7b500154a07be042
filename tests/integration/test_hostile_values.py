"""Hostile values in every part of each request about search, files and pictures, by whoever may and whoever may not: always a plain answer, the same where one may not know, and nothing is held.

The requests are made from the declarations of the routes. Foreign pages are tried in test_who_may_speak.py.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from hubbub.domain.files import FILE
from hubbub.protocol.files import KEY_BYTES
from hubbub.server.http.operations import HttpOperation, operations_of
from hubbub.server.http.routes import ROUTES
from hubbub.server.people.rates import Throttle
from tests.integration.test_files import Here, posted, raw
from tests.support.images import png
from tests.support.site import Someone, site

ABOUT = ("/search", "/missed", "/files", "/uploads", "/avatar")
OPERATIONS = [each for each in operations_of(ROUTES) if any(about in each.path for about in ABOUT)]
UNKNOWN = "0" * (KEY_BYTES * 8 // 5)
HOSTILE = (
    *(
        "",
        " ",
        "..",
        "../../hubbub.db",
        "/etc/passwd",
        "a/b",
        "\0",
        "\x7f",
        "\r\nSet-Cookie: x=1",
        "\\",
    ),
    *(
        '"',
        "'; DROP TABLE message; --",
        '" OR terms:*',
        "NEAR(a b)",
        "a* AND b*",
        "-",
        "*",
        "()",
        "{{}}",
    ),
    *("-1", "0", "1e999", "NaN", "9" * 30, "0x10", "\u0663", "true", "null", "[1]", '{"a":1}'),
    *(
        "\u202ea",
        "\ue000r1",
        "\U0001f600",
        "é",
        "x" * 2000,
        "a " * 200,
        "<script>alert(1)</script>",
    ),
    *("in:#x", "from:", "before:9999", "has:link " * 30, "bytes=0-0", "bytes=-9,9-", "bytes=5-1"),
)
RAW = (b"\xff\xfe", b"\xc3\x28", "é".encode("latin-1"))  # of headers and paths


class Asked(NamedTuple):
    """A request, by what is hostile in it."""

    method: str
    target: str
    headers: dict[str, str]


def requests_of(operation: HttpOperation[Any], known: dict[str, str]) -> Iterator[Asked]:
    """Yield requests, in each of which one part is hostile and all others are as they should be."""
    for hostile in operation.takes:
        values = [quote(each, safe="") for each in HOSTILE]
        if hostile.place != "header":
            values += ["%00", "%ff", "%2e%2e%2f", "%", "%zz", *(quote(each) for each in RAW)]
        else:
            plain = [each for each in HOSTILE if each.isprintable() and each.isascii()]
            values = plain + [each.decode("utf-8", "surrogateescape") for each in RAW]
        for value in values:
            path, query, headers = operation.path, list[str](), dict[str, str]()
            for each in operation.takes:
                given = value if each is hostile else known.get(each.name)
                if given is None:
                    continue
                if each.place == "path":
                    path = path.replace(f"{{{each.name}}}", given)
                elif each.place == "query":
                    query.append(f"{each.name}={given}")
                else:
                    headers[each.name] = given
            yield Asked(operation.method, "?".join(filter(None, [path, "&".join(query)])), headers)


@pytest.fixture(scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    data = tmp_path_factory.mktemp("hostile")
    async with site(data, guests="on", message_rate=0) as made:
        grace, eve = await made.ada.bring_in("grace"), await made.ada.bring_in("eve")
        given = {"kind": "closed", "title": "Kitchen", "who": [grace.account]}
        room = (await made.ada.ask("POST", "/rooms", given)).body["made"]
        yield Here(made, data / "files", made.ada, grace, eve, room)


def known_of(file: str, who: Someone) -> dict[str, str]:
    """Right values of all parameters there are."""
    account = quote(who.account)
    return {"q": "word", "file": file, "side": "360", "account": account, "avatar": UNKNOWN}


def in_files(here: Here) -> set[str]:
    """The keys of the files that there are, or thumbnails of."""
    return {each.name.partition(".")[0] for each in here.files.rglob("*") if each.is_file()}


async def test_every_answer_is_plain_and_nothing_is_held(
    here: Here, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Throttle, "pace_searching", lambda *_: None)
    file, _ = await posted(here, png(9, 9), "a.png")
    asked = 0
    caplog.set_level(logging.ERROR)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for operation in OPERATIONS:
            for who, step in ((here.grace, 1), (here.eve, 5), (here.site.stranger, 5)):
                for each in [*requests_of(operation, known_of(file, who))][::step]:
                    await plain_answer(http, who, each)
                    asked += 1
    assert asked > 600
    assert caplog.messages == []
    hub = here.site.server.hub
    assert hub.searching._waiting == 0
    rows = await hub.reading._store.rows(FILE)
    assert in_files(here) == {row.file for row in rows} | {file}
    assert (await raw(here.grace, "GET", f"/files/{file}"))[0] == 200


async def plain_answer(http: aiohttp.ClientSession, who: Someone, asked: Asked) -> None:
    """Ask, and look at what comes: no fault of the server, and a problem as all others where it is refused."""
    given = asked.headers | ({"Authorization": f"Bearer {who.token}"} if who.token else {})
    url = URL(f"{who.url}{asked.target}", encoded=True)
    async with http.request(asked.method, url, headers=given) as answer:
        body = await answer.read()
    assert answer.status < 500, asked
    assert b"Traceback" not in body, asked
    assert "Set-Cookie" not in answer.headers
    if answer.status >= 400 and body:
        assert answer.content_type in ("application/problem+json", "application/json"), asked


async def test_whoever_may_not_know_of_a_file_learns_nothing(here: Here) -> None:
    """Its status, head and body are those of a file that isn't there, however one asks."""
    file, _ = await posted(here, png(9, 9), "a.png")
    asked = [("GET", f"/files/{file}"), ("HEAD", f"/files/{file}"), ("GET", f"/uploads/{file}")]
    asked += [("GET", f"/files/{file}/thumbnails/{side}") for side in (360, 1280, 9)]
    asked += [(method, f"/uploads/{file}") for method in ("PATCH", "DELETE")]
    for who in (here.eve, here.site.stranger):
        for method, path in asked:
            for more in ({}, {"Range": "bytes=0-0"}, {"If-None-Match": f'"{file}"'}):
                headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"} | more
                told, there = [
                    await raw(who, method, each, **headers)
                    for each in (path, path.replace(file, UNKNOWN))
                ]
                assert (told[0], told[2]) == (there[0], there[2]), (method, path, more)
                assert told[0] >= 400
                assert {**told[1], "Date": ""} == {**there[1], "Date": ""}, (method, path)
