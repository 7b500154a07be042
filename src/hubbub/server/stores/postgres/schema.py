"""The schema `hubbub` of a database, and its upgrade to the current version."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

from asyncpg import Connection

from hubbub.domain.search import terms
from hubbub.server.stores import migrations, queries, search
from hubbub.server.stores.base import Progress, StoreFailed, untold

LONG_TIMEOUT = 3600.0  # seconds for a step of an upgrade, and for another node's
MIGRATING = 0x68756262  # "hubb": the lock for upgrades
ENCODING = "UTF8"  # of the database

SEARCH = queries.load("postgres_search")


async def keep_servers_out(connection: Connection) -> None:
    """Keep servers from starting until this transaction ends. Others that call this wait as well."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATING, timeout=LONG_TIMEOUT)


async def prepare(
    connection: Connection,
    new_epoch: Callable[[], str],
    progress: Progress = untold,
    added: Sequence[str] = (),
) -> dict[str, str]:
    """Upgrade the tables to the current version, in one transaction; return the metadata.

    `added` are the packages with the migrations of aspects that are not hubbub's own.

    Raises:
        StoreFailed: the tables are not hubbub's.
    """
    await _check_encoding(connection)
    newest = migrations.newest("postgres")
    async with connection.transaction():
        await keep_servers_out(connection)
        if await connection.fetchval("SELECT to_regclass('hubbub.meta')") is None:
            if await connection.fetchval("SELECT to_regnamespace('hubbub')") is not None:
                raise StoreFailed("the schema `hubbub` belongs to another program")
            await connection.execute("CREATE SCHEMA hubbub")
            await connection.execute(
                "CREATE TABLE hubbub.meta (name text PRIMARY KEY, value text NOT NULL)"
            )
        version = int(
            await connection.fetchval("SELECT value FROM hubbub.meta WHERE name = 'version'") or 0
        )
        if version > newest:
            raise StoreFailed(f"a newer hubbub wrote this database (schema version {version})")
        await _upgrade(connection, version, progress)
        for package in added:
            await _upgrade_added(connection, package)
        await _check_index(connection)
        await _set(connection, "version", str(newest), "excluded.value")
        await _set(connection, "epoch", new_epoch(), "meta.value")
        await _set(connection, "hint_key", token_hex(32), "meta.value")
        await _set(connection, "ends", "0", "meta.value")
        return dict(await connection.fetch("SELECT name, value FROM hubbub.meta"))


async def _upgrade(connection: Connection, version: int, progress: Progress) -> None:
    upgrade = migrations.upgrading("postgres", version, "hubbub.", progress)
    rows: Sequence[Any] | None = None
    with suppress(StopIteration):
        while True:
            sql, values = upgrade.send(rows)  # type: ignore[arg-type]
            if values is None:
                await connection.execute(sql, timeout=LONG_TIMEOUT)
            else:
                rows = await connection.fetch(sql, *values, timeout=LONG_TIMEOUT)


async def _upgrade_added(connection: Connection, package: str) -> None:
    name = migrations.version_name(package)
    version = await connection.fetchval("SELECT value FROM hubbub.meta WHERE name = $1", name)
    for sql, number in migrations.due_of(package, "postgres", version):
        await connection.execute(sql, timeout=LONG_TIMEOUT)
        await _set(connection, name, number, "excluded.value")


async def _check_index(connection: Connection) -> None:
    """Have the index of messages made again if it holds other terms than this version does."""
    found = await connection.fetchval(
        "SELECT value FROM hubbub.meta WHERE name = $1", search.VERSION
    )
    if found != terms.VERSION:
        await empty_index(connection)
        await _set(connection, search.VERSION, terms.VERSION, "excluded.value")


async def empty_index(connection: Connection) -> None:
    """Have the index of messages made again by the reactor."""
    for query in (SEARCH.clear, SEARCH.begin_again):
        await connection.execute(query)


async def _check_encoding(connection: Connection) -> None:
    """Raise StoreFailed if the database can't hold every text."""
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != ENCODING:
        raise StoreFailed(
            f"PostgreSQL: the encoding of the database is {encoding}, which can't hold every text."
            f" Use a database made with CREATE DATABASE hubbub ENCODING '{ENCODING}' TEMPLATE template0"
        )


async def _set(connection: Connection, name: str, value: str, kept: str) -> None:
    await connection.execute(
        "INSERT INTO hubbub.meta (name, value) VALUES ($1, $2)"
        f" ON CONFLICT (name) DO UPDATE SET value = {kept}",
        name,
        value,
    )
