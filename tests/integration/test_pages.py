"""Lists come in pages, for each of which few rows are read at a time, however many there are."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hubbub.domain.aspects.people.accounts import HANDLES
from hubbub.server.http.operations import operations_of
from hubbub.server.http.routes import ROUTES
from hubbub.server.stores import base
from hubbub.server.stores.base import OwnThreads
from hubbub.server.stores.sqlite.reader import SqliteReader
from tests.integration.native import native
from tests.support.site import Site, site

PAGED = [
    operation
    for operation in operations_of(ROUTES)
    if operation.method == "GET" and not operation.path_names
    if any(each.name == "limit" for each in operation.takes)
    and operation.name != "search"  # what it finds is found page by page in the tests of searching
]
LISTS = [operation.path.removeprefix("/api/v1") for operation in PAGED]
BACKWARDS = {
    path
    for path, operation in zip(LISTS, PAGED, strict=True)
    if any(each.name == "before" for each in operation.takes)
}
WHOLE = {"/me/saved"}  # at most 1,000 short rows, which are put in order as they were saved
MANY, STEP = 7, 3
READS = ("rows", "page", "own_rooms", "rooms", "find", "own_threads")
BOUNDS: dict[str, Callable[[Any], str]] = {  # where one key isn't enough
    "/me/threads": lambda item: f"{item['at']}/{item['thread']}"
}


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(base, "PAGE_ROWS", STEP)
    async with site(tmp_path) as here:
        for n in range(MANY):
            for method, path, body in (
                ("POST", "/people", {"handle": f"p{n}", "name": f"P {n}"}),
                ("POST", "/invites", {}),
                ("POST", "/rooms", {"kind": "open", "title": f"Room {n}"}),
                ("POST", f"/rooms/lobby-{n}/messages", {"text": "hello"}),
                ("PUT", f"/me/saved/lobby-{n}/1", {}),
                ("PUT", f"/me/drafts/lobby-{n}", {"text": "hello"}),
            ):
                answer = await here.ada.ask(method, path, body)
                assert answer.status in (200, 201), path
                if path == "/rooms":
                    root = f"/rooms/{quote(answer.body['made'])}"
                    posted = await here.ada.ask("POST", f"{root}/messages", {"text": "root"})
                    thread = f"{root}:{posted.body['seq']}/messages"
                    assert (await here.ada.ask("POST", thread, {"text": "x"})).status == 201
                    assert (await here.ada.ask("PUT", f"{root}/unread")).status == 200
        async with AsyncExitStack() as open_ones:  # which are a list, too
            for _ in range(MANY):
                token = here.ada.token
                await open_ones.enter_async_context(native(here.server.port, token=token))
            yield here


def counting(reads: list[int], read: Callable[..., Any]) -> Callable[..., Any]:
    """Do as a method of the reader does, and note how many rows it finds of each table."""

    def counted(*given: Any, **also: Any) -> Any:
        found = read(*given, **also)
        if HANDLES in given:  # which the door looks up now and then, whatever is asked
            return found
        listed = found.threads if isinstance(found, OwnThreads) else found
        reads.extend(map(len, [listed] if isinstance(listed, list) else listed.rows.values()))
        return found

    return counted


@pytest.mark.parametrize("path", [path for path in LISTS if path not in WHOLE])
async def test_a_page_is_found_without_reading_all(
    here: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    for name in READS:
        monkeypatch.setattr(SqliteReader, name, counting(reads, getattr(SqliteReader, name)))
    for _ in range(2):  # meanwhile, the server may read anew what all accounts are called, once
        reads.clear()
        answer = await here.ada.ask("GET", f"{path}?limit=1")
        assert answer.status == 200, answer.body
        assert answer.body["more"] is True
        if max(reads) <= STEP:
            break
    assert reads and max(reads) <= STEP


def is_list_of_items(value: Any) -> bool:
    return isinstance(value, list) and isinstance(value[0], dict)


@pytest.mark.parametrize("path", LISTS)
async def test_the_pages_together_are_the_list(here: Site, path: str) -> None:
    body = (await here.ada.ask("GET", path)).body
    name, whole = next((name, each) for name, each in body.items() if is_list_of_items(each))
    assert len(whole) >= MANY
    key, name_of_bound = ("seq", "before") if path in BACKWARDS else (next(iter(whole[0])), "after")
    found: list[Any] = []
    more = True
    while more:
        bound_of = BOUNDS.get(path, itemgetter(key))
        last = bound_of(found[-1]) if found else ""
        bound = f"&{name_of_bound}={quote(str(last))}" if found else ""
        page = (await here.ada.ask("GET", f"{path}?limit=2{bound}")).body
        found += page[name]
        more = page["more"]
    for each in (*found, *whole):
        each.pop("heard_at", None)  # which is told by the clock
    assert found == whole
