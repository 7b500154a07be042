"""Checks a database for `hubbub doctor`: the server, its settings, and hubbub's tables."""

import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg

from hubbub.server.findings import (
    Finding,
    of_accounts,
    of_reserved_names,
    of_reserved_people,
    ok,
    problem,
    warning,
)
from hubbub.server.stores import migrations
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.postgres.failures import FAILURES
from hubbub.server.stores.postgres.schema import ENCODING
from hubbub.server.stores.postgres.store import APPLICATION, split
from hubbub.server.stores.tables import IS_RESERVED, RESERVED_TOKENS, UNFINISHED

TIMEOUT = 5.0  # seconds
OLDEST = 14  # the oldest supported major version of PostgreSQL
SLOW = 0.02  # a slow round trip, in seconds
TRIPS = 3  # that are timed
CONNECTIONS = 6  # that one node needs
RESERVED_ROOMS = f"""
    SELECT name FROM hubbub.room WHERE {IS_RESERVED} ORDER BY name LIMIT 10
"""
RESERVED_PEOPLE = f"""
    SELECT name FROM hubbub.token WHERE {RESERVED_TOKENS} ORDER BY name LIMIT 10
"""
WRONG_BY = 5.0  # a notable difference between clocks, in seconds


async def examine(store: str) -> AsyncIterator[Finding]:
    """Check the database at an address."""
    where = urlsplit(store).hostname or "the local socket"
    try:
        dsn, options = split(store)
        connection = await asyncpg.connect(dsn, timeout=TIMEOUT, **options)
    except (StoreFailed, *FAILURES) as error:
        fix = "check that PostgreSQL is running, and the address, user and password in HUBBUB_STORE"
        yield problem("PostgreSQL", f"{where}: {error or type(error).__name__}", fix)
    else:
        try:
            for look in (_server, _settings, _clock, _room_for_nodes, _tables):
                async for finding in look(connection):
                    yield finding
        except FAILURES as error:
            fix = "make hubbub's PostgreSQL user the owner of the schema `hubbub`, or allow it to create that schema"
            yield problem("PostgreSQL", str(error), fix)
        finally:
            await connection.close(timeout=TIMEOUT)


async def _server(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    version = await connection.fetchval("SHOW server_version")
    took = await round_trip(connection)
    said = f"version {version}, round trip {took * 1000:.1f} ms"
    if connection.get_server_version().major < OLDEST:
        yield problem("PostgreSQL", said, f"upgrade to PostgreSQL {OLDEST} or newer")
    elif took > SLOW:
        yield warning(
            "PostgreSQL",
            said,
            "move PostgreSQL closer to the nodes: each commit waits for several round trips",
        )
    else:
        yield ok("PostgreSQL", said)


async def round_trip(connection: asyncpg.Connection) -> float:
    """Return the seconds of the fastest of a few round trips: a busy moment makes one slow, a distance all."""
    times = []
    for _ in range(TRIPS):
        began = time.perf_counter()
        await connection.fetchval("SELECT 1")
        times.append(time.perf_counter() - began)
    return min(times)


async def _settings(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    for name in ("fsync", "full_page_writes"):
        if await connection.fetchval("SELECT current_setting($1)", name) != "on":
            fix = "turn it on: otherwise a power cut can lose acknowledged messages or corrupt the database"
            yield problem("PostgreSQL", f"{name} is off", fix)
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != ENCODING:
        fix = f"create the database with CREATE DATABASE … ENCODING '{ENCODING}' TEMPLATE template0"
        yield problem("PostgreSQL", f"the database has the encoding {encoding}", fix)


async def _clock(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    there = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    if abs(there - time.time()) > WRONG_BY:
        fix = "synchronize both clocks with NTP; the order of events does not depend on them"
        yield warning("clock", f"PostgreSQL's clock differs by {there - time.time():+.0f} s", fix)


async def _room_for_nodes(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    free, nodes = await connection.fetchrow(
        """
        SELECT current_setting('max_connections')::int - count(*),
            count(DISTINCT (client_addr, client_port)) FILTER (WHERE application_name = $1)
        FROM pg_stat_activity WHERE backend_type = 'client backend'
        """,
        APPLICATION,
    )
    said = f"{free:,} available, {nodes:,} used by hubbub"
    if free < CONNECTIONS:
        fix = f"raise max_connections or use a connection pooler: each node needs {CONNECTIONS}"
        yield warning("connections", said, fix)
    else:
        yield ok("connections", said)


async def _tables(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    if await connection.fetchval("SELECT to_regclass('hubbub.meta')") is None:
        may = "SELECT has_database_privilege(current_database(), 'CREATE')"
        if await connection.fetchval(may):
            yield ok("tables", "none yet; the first start creates them")
        else:
            fix = "run GRANT CREATE ON DATABASE … TO … as an administrator"
            yield problem("tables", "none yet, and hubbub's user may not create them", fix)
        return
    meta = dict(await connection.fetch("SELECT name, value FROM hubbub.meta"))
    version, newest = int(meta.get("version", 0)), migrations.newest("postgres")
    if UNFINISHED in meta:
        fix = "stop the server that uses the source, then run the same `hubbub db copy` again"
        yield problem("tables", "unfinished copy", fix)
    elif version > newest:
        yield problem(
            "tables",
            f"version {version}, but this hubbub only supports up to {newest}",
            "upgrade hubbub",
        )
    else:
        rooms = await connection.fetchval("SELECT count(*) FROM hubbub.room")
        yield ok("tables", f"version {version} of {newest}, rooms: {rooms:,}")
        async for finding in _names_and_accounts(connection):
            yield finding
    if version >= 2:  # there is an outbox
        async for finding in _outbox(connection):
            yield finding


async def _names_and_accounts(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    rooms = [name for (name,) in await connection.fetch(RESERVED_ROOMS)]
    tokens = [name for (name,) in await connection.fetch(RESERVED_PEOPLE)]
    for finding in (*of_reserved_names(rooms), *of_reserved_people(tokens)):
        yield finding
    if await connection.fetchval("SELECT to_regclass('hubbub.owner')") is None:
        return  # it was last used by an older version
    accounts = await connection.fetchval("SELECT count(*) FROM hubbub.account")
    owners = await connection.fetchval("SELECT count(*) FROM hubbub.owner")
    for finding in of_accounts(accounts, owners):
        yield finding


async def _outbox(connection: asyncpg.Connection) -> AsyncIterator[Finding]:
    refused, waiting = await connection.fetchrow(
        """
        SELECT count(refused), count(*) FILTER (
            WHERE refused IS NULL AND written_at < now() - interval '10 seconds'
        ) FROM hubbub.outbox
        """
    )
    if refused:
        fix = "see the column `refused` of hubbub.outbox, and delete the rows once you have dealt with them"
        yield warning("outbox", f"messages from applications that were refused: {refused:,}", fix)
    if waiting:
        fix = "check that a node is running, and see its log for errors"
        yield warning("outbox", f"messages that have waited for more than 10 s: {waiting:,}", fix)
