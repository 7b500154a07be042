"""The server is killed while it indexes, again and again: the index is what the messages say, and the server comes to what it lacks."""

import os
import random
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession

from hubbub.domain.access import RoomKind
from hubbub.protocol.messages import Message
from hubbub.server.admin.index import look
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.indexing import Indexing
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.postgres import Postgres
from tests.support.quick_server import DiedAtStart, QuickServer

KILLS = int(os.environ.get("TEST_KILLS", "14")) // 7
SEED = int(os.environ.get("TEST_SEED", random.randrange(10**6)))
MOST_STEPS = 30  # of the loop: with PostgreSQL it is done after about so many
KEY = {"Hubbub-Key": "a key of one's own, made at random"}


@pytest.mark.timeout(120 + 10 * KILLS)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_an_index_that_is_killed_on_the_way_is_whole_later(
    kind: str, tmp_path: Path, postgres: Postgres
) -> None:
    print(f"TEST_SEED={SEED}")
    dice = random.Random(SEED)
    address = await postgres.fresh() if kind == "postgres" else f"sqlite:{tmp_path}"
    flags = ("--store", address) if kind == "postgres" else ()
    server = QuickServer(tmp_path, "--message-rate", "0", "--search", "all", *flags)
    kept = dict[int, str]()
    for life in range(KILLS):
        step = (
            dice.choice((1, 2, 4, 8)) if life else 8
        )  # the first after a start has what the life before did not come to
        server.sabotage = f"die_while_indexing:{step},{dice.randrange(MOST_STEPS)}"
        with suppress(DiedAtStart):
            async with server:
                await write_until_it_dies(server, dice, kept)
                assert await server.gone() == -signal.SIGKILL
        assert await faults(address) == []
    store = await opened(kind, address, tmp_path)
    assert await go_round(Indexing(store, lambda: 0, frozenset({RoomKind.FREE})), store)
    found = {each.seq: each.text for each in await everything(store) if not each.deleted}
    await store.close()
    assert kept.items() <= found.items() and found
    async with await kind_of(address).open_tables(address, is_source=True) as tables:
        assert await look(tables) == (len(found), [])


async def write_until_it_dies(
    server: QuickServer, dice: random.Random, kept: dict[int, str]
) -> None:
    """Post, edit and delete as long as somebody answers, and note what was acknowledged."""
    url = f"http://{server.address}/api/v1/rooms/lobby/messages"
    async with ClientSession(headers=KEY) as http:
        for number in count():
            old, luck = dice.choice([*kept] or [0]), dice.random()
            text = f"word{dice.randrange(20)} 京都{number} {dice.randrange(9)}"
            try:
                if luck < 0.6 or not kept:
                    async with http.post(url, json={"text": text}) as answer:
                        assert answer.status == 201, await answer.text()
                        kept[(await answer.json())["seq"]] = text
                    continue
                kept.pop(old)  # as long as it isn't known which text there is
                if luck < 0.9:
                    async with http.patch(f"{url}/{old}", json={"text": text}) as answer:
                        assert answer.status == 200, await answer.text()
                        kept[old] = text
                else:
                    async with http.delete(f"{url}/{old}") as answer:
                        assert answer.status == 200, await answer.text()
            except ClientConnectionError:
                return


async def everything(store: SqliteStore | PostgresStore) -> list[Message]:
    """All messages, in pages."""
    found, after, is_more = list[Message](), 0, True
    while is_more:
        page = await store.history("lobby", None, after, 100)
        found, is_more = found + page.messages, page.more
        after = found[-1].seq if found else 0
    return found


async def faults(address: str) -> list[str]:
    """What is wrong with the index: what it doesn't have yet is not."""
    async with await kind_of(address).open_tables(address, is_source=True) as tables:
        return (await look(tables)).faults


async def opened(kind: str, address: str, data: Path) -> SqliteStore | PostgresStore:
    if kind == "postgres":
        return await PostgresStore.open(address, "normal", lambda: "e1")
    return SqliteStore(data, "normal", lambda: "e1")
