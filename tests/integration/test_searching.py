"""Searching at the doors: what people find, what they are told, and what a server has that is set up otherwise."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import hubbub
from hubbub.server import upkeep
from hubbub.server.hub import searching
from hubbub.server.stores.search import TooSlow
from tests.integration.native import native
from tests.integration.test_conversation import ok, say
from tests.integration.test_files import upload
from tests.integration.test_made_rooms import Here, here, made
from tests.support.site import Someone, site

__all__ = ["here"]  # a fixture

PATIENCE = 60.0


@pytest.fixture(autouse=True)
def index_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reactors look soon."""
    monkeypatch.setattr(upkeep, "PROMPT", 0.02)


async def found(who: Someone, query: str, count: int, **more: Any) -> dict[str, Any]:
    """What someone finds, once that are so many messages."""
    async with asyncio.timeout(PATIENCE):
        while True:
            page = await ok(who, "GET", f"/search?{urlencode({'q': query} | more)}")
            hits: Any = page["hits"]
            if len(hits) == count:
                return page
            await asyncio.sleep(0.25)  # five searches a second are allowed


def texts(page: dict[str, Any]) -> list[str]:
    return [hit["message"]["text"] for hit in page["hits"]]


async def test_one_finds_messages_and_where_the_words_are(here: Here) -> None:
    grace, mary = here.people["grace"], here.people["mary"]
    room = await made(here.at["grace"], who=[here.key("mary")], alias="plans")
    one, _ = await say(here, "mary", room, "we deploy on Friday", "see https://example.org")
    await here.at["grace"].ask("post", room=f"{room}:{one}", text="deployment 部署 is 🎉")
    page = await found(grace, "deploy*", 2)
    assert texts(page) == ["deployment 部署 is 🎉", "we deploy on Friday"]
    assert [hit["highlights"] for hit in page["hits"]] == [[[0, 10]], [[3, 6]]]
    assert page["titles"] == {room: "Plans", f"{room}:{one}": "Plans"}
    assert {author["handle"] for author in page["people"].values()} == {"grace", "mary"}
    assert page["more"] is False and "then" not in page
    first = await found(mary, "in:#plans", 1, limit=1)
    rest = await found(mary, "in:#plans", 2, before=first["then"])
    assert texts(first) + texts(rest) == [
        *("deployment 部署 is 🎉", "see https://example.org", "we deploy on Friday")
    ]
    assert texts(await found(grace, "from:mary has:link", 1)) == ["see https://example.org"]
    assert texts(await found(mary, "部署 from:grace is:thread", 1)) == ["deployment 部署 is 🎉"]
    best = await found(grace, "deploy*", 2, order="relevance")
    assert texts(best)[0] == "deployment 部署 is 🎉" and best["more"] is False
    assert await found(here.people["ada"], "deploy*", 0)  # an admin is not in the room
    await here.at["mary"].ask("edit", room=room, seq=one, text="we wait")
    assert texts(await found(grace, "deploy", 0)) == []
    assert texts(await found(grace, "wait", 1)) == ["we wait"]
    await here.at["mary"].ask("delete", room=room, seq=one)
    assert texts(await found(grace, "in:#plans", 2))  # the third one is gone


async def test_rooms_and_people_may_be_called_as_people_call_them(here: Here) -> None:
    grace, mary, gus = (here.people[each] for each in ("grace", "mary", "gus"))
    title = "The Big Plan"
    room = await made(here.at["grace"], title=title, who=[here.key("mary")], alias="plans")
    direct = await here.at["grace"].ask("create", kind="direct", who=[here.key("mary")])
    await say(here, "mary", room, "a word")
    await say(here, "mary", direct["made"], "a word between us")
    await found(grace, "word", 2)
    for query, count in (
        *(("in:plans", 1), ("in:PLANS", 1), (f'in:"{title.upper()}"', 1), ("in:@mary", 1)),
        *(("from:@mary", 2), ("from:@Mary in:@MARY in:plans", 2), ("from:@grace", 0)),
    ):
        page = await found(grace, query, count)
        assert "hint" not in page, query
    for query, hint in (
        ("from:nobody", "No account has the handle nobody"),
        ("form:mary word", "Did you mean from:mary? There is no filter form:"),
    ):
        assert (await found(grace, query, 0))["hint"].startswith(hint)
    assert "hint" not in await found(gus, "from:nobody", 0)  # guests don't learn who there is
    for query in ('in:"No Plan"', "in:@ada", "in:@nobody"):
        answer = await mary.ask("GET", f"/search?{urlencode({'q': query})}")
        assert (answer.code, answer.body["detail"][:23]) == (
            "not_found",
            "You have no room called",
        )
    asked = urlencode({"q": f'in:"{title}"'})
    answer = await here.people["ada"].ask("GET", f"/search?{asked}")
    assert answer.code == "not_found"  # she isn't in it


async def test_files_are_found_by_what_is_said_of_them_until_that_changes(here: Here) -> None:
    mary = here.people["mary"]
    room = await made(here.at["mary"])
    file = (await upload(mary, b"x", "holiday-plan.txt")).body["file"]
    post = {"text": "see", "files": [file], "alts": {file: "where to go"}}
    seq = (await here.at["mary"].ask("post", room=room, **post))["seq"]
    assert (await found(mary, "holiday see", 1))["hits"][0]["highlights"] == [[0, 3]]
    await found(mary, '"where to go"', 1)
    await here.at["mary"].ask("edit", room=room, seq=seq, text="see", alts={file: "how to go"})
    await found(mary, '"how to go"', 1)
    assert (await found(mary, '"where to go"', 0))["hits"] == []


async def test_the_sdk_finds_what_the_doors_do(here: Here) -> None:
    room = await made(here.at["grace"], "open", public="read")
    await say(here, "grace", room, "one word", "another word")
    await found(here.people["grace"], "word", 2)
    async with hubbub.connect(here.people["mary"].url, token=here.people["mary"].token) as client:
        page = await client.search("word", limit=1)
        assert [hit.message.text for hit in page.hits] == ["another word"] and page.more
        rest = await client.search("word", before=str(page.then))
        assert [hit.message.text for hit in rest.hits] == ["one word"]
        with pytest.raises(hubbub.Refused, match="quotation mark"):
            await client.search('"word')
    async with hubbub.connect(here.people["mary"].url, name="will") as client:
        page = await client.search(f"word in:{room}")
        assert len(page.hits) == 2


async def test_the_command_line_finds_what_the_doors_do(here: Here) -> None:
    grace = here.people["grace"]
    room = await made(here.at["grace"], title="Plans for us")
    await say(here, "grace", room, "the first word", "one word")
    await found(grace, "word", 2)

    async def hubbub_search(*arguments: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hubbub", "search", *arguments, "--url", grace.url),
            env=os.environ | {"HUBBUB_TOKEN": grace.token},
            stdout=PIPE,
            stderr=PIPE,
        )
        out, errors = await process.communicate()
        return process.returncode, out.decode(), errors.decode()

    code, out, _ = await hubbub_search('"one word"', "from:me", 'in:"Plans for us"')
    assert code == 0 and out.rstrip().endswith(": one word") and "Plans" in out
    code, out, _ = await hubbub_search("one from:me word")  # in one argument
    assert code == 0 and out.rstrip().endswith(": one word")
    code, out, errors = await hubbub_search("word", "--json", "-n", "1")
    assert code == 0 and json.loads(out)["highlights"] == [[4, 4]]
    assert errors == "-- More messages match: show them with a larger -n\n"
    code, out, errors = await hubbub_search("sword", "form:ada")
    assert (code, out) == (1, "") and errors.startswith("-- No messages found\n-- Did you mean")
    assert await hubbub_search(" ") == (2, "", "hubbub: Enter something to search for\n")
    code, _, errors = await hubbub_search("has:cheese")
    assert code not in (0, 1) and "Unknown filter has:cheese" in errors


WRONG = {
    "": "bad_request",
    '"open': "bad_request",
    "has:cheese": "bad_request",
    "x in:#nothing": "not_found",
    "x in:lobby": "forbidden",  # free rooms are not searched unless a setting says so
    "x in:@me": "forbidden",
    "x" * 501: "bad_request",
}


async def test_what_can_not_be_searched_is_said(here: Here) -> None:
    mary = here.people["mary"]
    for query, code in WRONG.items():
        answer = await mary.ask("GET", f"/search?{urlencode({'q': query})}")
        assert answer.code == code, query
    for more in ("before=x", "limit=51", "order=best", "before=1&order=relevance"):
        assert (await mary.ask("GET", f"/search?q=x&{more}")).code == "bad_request"
    assert (await here.at["visitor"].refused("search", query="x"))["code"] == "forbidden"


async def test_who_is_banned_or_leaves_finds_nothing_there_from_then_on(here: Here) -> None:
    room = await made(here.at["grace"], "open", who=[here.key("mary")])
    closed = await made(here.at["grace"], who=[here.key("mary")])
    await say(here, "grace", room, "word")
    await say(here, "grace", closed, "word")
    mary = here.people["mary"]
    await found(mary, "word", 2)
    await here.at["grace"].ask("ban", room=room, who=here.key("mary"))
    assert len((await found(mary, "word", 1))["hits"]) == 1
    await here.at["mary"].ask("leave", room=closed)
    assert (await ok(mary, "GET", "/search?q=word"))["hits"] == []
    for where, code in ((room, "banned"), (closed, "not_found")):
        answer = await mary.ask("GET", f"/search?{urlencode({'q': f'in:{where}'})}")
        assert answer.code == code


async def test_searches_that_take_too_long_or_are_too_many_are_refused(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, mary = here.site.server.hub, here.people["mary"]

    async def slow(*_: object) -> list[Any]:
        raise TooSlow

    monkeypatch.setattr(hub.searching._store, "search", slow)
    assert (await mary.ask("GET", "/search?q=x")).code == "timed_out"
    monkeypatch.setattr(searching, "WAITING", 0)
    assert (await mary.ask("GET", "/search?q=x")).code == "busy"
    codes = [(await mary.ask("GET", "/search?q=x")).code for _ in range(40)]
    assert "rate_limited" in codes


async def test_free_rooms_are_searched_if_a_setting_says_so(tmp_path: Path) -> None:
    async with site(tmp_path, guests="on", search="all") as made_site:
        async with native(made_site.server.port, "vera") as vera:
            await vera.ask("post", room="lobby", text="a word")
            await found(made_site.stranger, "word in:lobby from:vera", 1)
            assert (await vera.refused("search", query="word"))["code"] == "forbidden"
        assert (await ok(made_site.ada, "GET", "/search?q=word"))["hits"] == []


async def test_a_server_may_have_no_search(tmp_path: Path) -> None:
    async with site(tmp_path, search="none") as made_site:
        assert (await made_site.ada.ask("GET", "/search?q=x")).code == "forbidden"
