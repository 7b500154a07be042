"""Two nodes on one database that share a directory of files: what one takes, the other gives, and either finds."""

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hubbub.doctor.here import examine
from hubbub.server import upkeep
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.postgres.turns import PostgresTurn
from hubbub.server.stores.search import REACTOR
from tests.integration.test_files import (
    NOISE,
    PART,
    begun,
    cut_after,
    moved_on,
    raw,
    sent,
    until,
    upload,
)
from tests.integration.test_searching import found, texts
from tests.support.images import GIF
from tests.support.postgres import Postgres
from tests.support.site import Someone, site


class Here(NamedTuple):
    """Ada at either node, the room that she made, the directory that they share, and their database."""

    one: Someone
    other: Someone
    room: str
    files: Path
    store: str


@pytest.fixture(scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> AsyncIterator[Here]:
    folder = tmp_path_factory.mktemp("nodes")
    given: dict[str, Any] = {"store": await postgres.fresh(), "files_dir": folder / "files"}
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(upkeep, "PROMPT", 0.02)
        patch.setattr(Indexing, "every", 0.2)
        first = await stack.enter_async_context(site(folder / "0", **given))
        settings = Settings(host="127.0.0.1", port=0, data=folder / "1", guests="off", **given)
        second = await stack.enter_async_context(running(settings))
        ada = first.ada
        other = Someone(ada._http, f"http://127.0.0.1:{second.port}", ada.token, ada.account)
        room = await ada.ask("POST", "/rooms", {"kind": "closed", "title": "Kitchen"})
        yield Here(ada, other, room.body["made"], folder / "files", given["store"])
    gc.unfreeze()


async def test_a_file_that_one_node_took_is_given_and_deleted_by_the_other(here: Here) -> None:
    file = (await upload(here.one, NOISE)).body["file"]
    answer = await here.other.ask("POST", f"/rooms/{here.room}/messages", {"files": [file]})
    assert answer.status == 201, answer.body
    for node in (here.one, here.other):
        assert (await raw(node, "GET", f"/files/{file}"))[::2] == (200, NOISE)
    part = await raw(here.other, "GET", f"/files/{file}", Range="bytes=100-199")
    assert part[::2] == (206, NOISE[100:200])
    path = f"/rooms/{here.room}/messages/{answer.body['seq']}"
    assert (await here.one.ask("DELETE", path)).status == 200
    for node in (here.other, here.one):
        assert (await raw(node, "GET", f"/files/{file}"))[0] == 404
    await until(lambda: not any(here.files.rglob(file)))


async def test_what_one_node_was_told_of_files_and_pictures_holds_at_the_other_at_once(
    here: Here,
) -> None:
    grace = await here.one.bring_in("grace")
    there = Someone(grace._http, here.other.url, grace.token, grace.account)
    members = f"/rooms/{here.room}/members"
    file, picture = [(await upload(here.one, GIF)).body["file"] for _ in range(2)]
    await here.one.ask("POST", f"/rooms/{here.room}/messages", {"files": [file]})
    for act, status in (
        (here.one.ask("POST", members, {"who": [grace.account]}), 200),
        (here.one.ask("DELETE", f"{members}/{grace.account}"), 404),
    ):
        assert (await act).status == 200
        for path in (f"/files/{file}", f"/files/{file}/thumbnails/360"):
            assert (await raw(there, "GET", path))[0] == status
    path = f"/rooms/{here.room}/avatar"
    assert (await here.one.ask("PUT", path, {"file": picture})).status == 200
    avatar = (await here.other.ask("GET", f"/rooms/{here.room}/settings")).body["avatar"]
    assert (await raw(here.other, "GET", f"/avatars/{avatar}"))[0] == 200
    assert (await raw(there, "GET", f"/avatars/{avatar}"))[0] == 404
    for size, status in ((1, 413), (None, 201)):
        await here.one.ask("PUT", "/admin/files/limits/file", {"size": size})
        assert (await upload(here.other, b"two")).status == status


async def test_an_upload_that_is_cut_goes_on_at_the_other_node(here: Here) -> None:
    data = (NOISE * 5)[:1_200_000]
    path = await begun(here.one, len(data))
    await cut_after(here.one, path, 0, data)
    assert await sent(here.other, path, data) > 0
    for node in (here.one, here.other):
        file = (await node.ask("GET", path)).body["file"]
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
    # A request that still sends is overtaken by a newer one at the other node.
    path, is_over = await begun(here.one, len(data)), asyncio.Event()
    late = late_after(is_over, data[:200_000], data[200_000:200_001])
    older = asyncio.create_task(raw(here.one, "PATCH", path, late, **PART, Upload_Offset="0"))
    at = await moved_on(here.one, path, 0)
    assert await sent(here.other, path, data) == at
    is_over.set()
    assert (await older)[0] == 409
    file = (await here.one.ask("GET", path)).body["file"]
    assert file["sha256"] == hashlib.sha256(data).hexdigest()
    # One that is begun and dropped is gone for both.
    path = await begun(here.other, 10)
    assert (await raw(here.one, "PATCH", path, b"01234", **PART, Upload_Offset="0"))[0] == 204
    assert (await raw(here.other, "DELETE", path, Tus_Resumable="1.0.0"))[0] == 204
    assert (await raw(here.one, "HEAD", path))[0] == 404


async def late_after(go: asyncio.Event, first: bytes, last: bytes) -> AsyncIterator[bytes]:
    """Some bytes, and others once they may come."""
    yield first
    await go.wait()
    yield last


async def test_what_is_posted_at_one_node_is_found_at_the_other_which_takes_over_if_it_dies(
    here: Here,
) -> None:
    await here.one.ask("POST", f"/rooms/{here.room}/messages", {"text": "we deploy on Friday"})
    for node in (here.one, here.other):
        assert texts(await found(node, "deploy", 1)) == ["we deploy on Friday"]
    third = await PostgresStore.open(here.store, "normal", lambda: "")
    turn = await indexing_turn(third)
    for text, node in {"we rest": here.one, "we rest again": here.other}.items():
        await node.ask("POST", f"/rooms/{here.room}/messages", {"text": text})
    for node in (here.one, here.other):
        assert texts(await found(node, "rest", 0)) == [], "a node that has no turn indexes nothing"
    turn.give_up()  # its connection is cut, as when it is killed
    for node in (here.one, here.other):
        assert texts(await found(node, "rest", 2)) == ["we rest again", "we rest"]
    await third.close()


async def indexing_turn(node: PostgresStore) -> PostgresTurn:
    """The turn at indexing, once it is free."""
    async with asyncio.timeout(30):
        while True:
            turn = await PostgresTurn.take(node.sessions, f"reactor {REACTOR}", node.epoch)
            if turn.is_mine:
                return turn
            turn.give_up()
            await asyncio.sleep(0.02)


async def test_doctor_says_that_nodes_without_a_common_directory_do_not_have_the_same_files(
    tmp_path: Path, here: Here
) -> None:
    (tmp_path / "files").mkdir()
    alone = {"data": tmp_path, "store": here.store}
    for given, is_said in (alone, True), (alone | {"files_dir": tmp_path / "files"}, False):
        findings = await asyncio.to_thread(lambda: [*examine(given, {}, None)])  # noqa: B023 - at once
        said = "".join(each.detail for each in findings if each.what == "files")
        assert ("only this machine" in said) is is_said, said
