"""`hubbub doctor`: what is wrong is named, with what would mend it."""

import asyncio
import os
import re
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from hubbub.protocol.keys import AUDIT, DIRECTORY, account_key, room_key
from hubbub.protocol.messages import Post
from hubbub.server.stores.base import Store, Token
from hubbub.server.stores.postgres.store import PostgresStore
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.integration.test_copying import hubbub_command
from tests.support.certificates import certify, flags
from tests.support.commands import hubbub
from tests.support.nats import nats_running
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.provider import CLIENT, providing
from tests.support.server import Server
from tests.support.stores import commit


class Told(NamedTuple):
    """What it printed, and its exit code."""

    text: str
    code: int | None

    def problems(self) -> list[str]:
        """What is a problem."""
        return re.findall(r"^PROBLEM ([\w -]+):", self.text, re.MULTILINE)

    def warnings(self) -> list[str]:
        """What may become one."""
        return re.findall(r"^warning ([\w -]+):", self.text, re.MULTILINE)


async def doctor(
    *arguments: str, prepare: Callable[[], object] | None = None, **environment: str
) -> Told:
    ran = await hubbub("doctor", *arguments, prepare=prepare, **environment)
    return Told(ran.out + ran.err, ran.code)


@asynccontextmanager
async def proxy(
    server: Server,
    ask: Callable[[bytes], bytes] = bytes,
    answer: Callable[[bytes], bytes] = bytes,
) -> AsyncIterator[str]:
    """A proxy before a server, that changes what passes; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection("127.0.0.1", server.port)
        both = (pump(reader, behind[1], ask), pump(behind[0], writer, answer))
        await asyncio.gather(*both, return_exceptions=True)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()  # without waiting for connections, which a test may have left open


async def pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], bytes]
) -> None:
    try:
        while received := await reader.read(65_536):
            writer.write(change(received))
    finally:
        writer.close()


# --- here ---


ADD_OWNER = ("user", "add", "ada", "--role", "owner", "--link", "--data")


async def test_a_place_where_a_server_runs_is_well(server: Server) -> None:
    told = await doctor(HUBBUB_DATA=str(server.data))
    assert (told.problems(), told.warnings(), told.code) == ([], ["accounts"], 0)
    assert "no owner yet" in told.text and "hubbub user add HANDLE --role owner" in told.text
    assert (await hubbub_command(*ADD_OWNER, server.data)).code == 0
    told = await doctor(HUBBUB_DATA=str(server.data))
    assert (told.problems(), told.warnings(), told.code) == ([], [], 0)
    for what in ("settings", "data directory", "database", "clock", "SQLite", "open files"):
        assert f"ok      {what}:" in told.text
    assert "accounts: 1, of which 1 active owners" in told.text
    assert "audit log: `hubbub verify` checks" in told.text


BEYOND = {"HUBBUB_HOST": "0.0.0.0", "HUBBUB_INSECURE_HTTP": "true"}
PUBLIC = {"HUBBUB_PUBLIC_URL": "https://chat.example"}


@pytest.mark.parametrize(
    "settings, warnings",
    [
        ({}, []),
        ({"HUBBUB_GUESTS": "on"}, []),
        (BEYOND, ["cookies"]),
        (BEYOND | {"HUBBUB_GUESTS": "on"}, ["guests", "cookies"]),
        ({"HUBBUB_PUBLIC_URL": "http://chat.example"}, ["cookies"]),
        ({"HUBBUB_TRUSTED_PROXY": "127.0.0.1"}, ["cookies"]),
        (PUBLIC, []),
        (PUBLIC | {"HUBBUB_GUESTS": "on"}, ["guests"]),
    ],
)
async def test_what_others_in_the_network_could_do_is_warned_of(
    tmp_path: Path, settings: dict[str, Any], warnings: list[str]
) -> None:
    told = await doctor(HUBBUB_DATA=str(tmp_path / "new"), **settings)
    assert (told.problems(), told.warnings(), told.code) == ([], warnings, 0)


async def test_a_provider_of_sign_ins_is_asked_and_told_of_the_redirect_uri(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "HUBBUB_DATA": str(tmp_path / "new"),
        "HUBBUB_OIDC_CLIENT_ID": CLIENT,
    }
    async with providing() as provider:
        given["HUBBUB_OIDC_ISSUER"] = provider.issuer
        told = await doctor(**given)
        assert (told.problems(), told.warnings(), told.code) == ([], ["sign-in", "sign-in"], 0)
        assert "asked without TLS" in told.text and "set --public-url" in told.text
        told = await doctor(**given | PUBLIC)
        assert (told.problems(), told.warnings()) == ([], ["sign-in"])
        assert "redirect URI: https://chat.example/oidc/callback" in told.text
        provider.described = {"issuer": "https://elsewhere.example"}
        assert (await doctor(**given)).problems() == ["sign-in"]
    assert (await doctor(**given)).problems() == ["sign-in"]


async def test_a_place_where_nothing_is_yet_is_well(tmp_path: Path) -> None:
    told = await doctor(HUBBUB_DATA=str(tmp_path / "new"))
    assert (told.problems(), told.warnings(), told.code) == ([], [], 0)
    assert not (tmp_path / "new").exists()


async def test_bad_settings_are_named(tmp_path: Path) -> None:
    file = tmp_path / "hubbub.toml"
    file.write_text("prot = 1\n")
    told = await doctor("--config", str(file))
    assert (told.problems(), told.code) == (["settings"], 1)
    assert "did you mean 'port'?" in told.text


async def test_the_number_of_changed_settings_reads_well_for_one(tmp_path: Path) -> None:
    told = await doctor(HUBBUB_DATA=str(tmp_path / "new"))
    assert "settings: 1 changed from the default;" in told.text


@pytest.mark.parametrize("content", [b"no database at all" * 1000, b"SQLite format 3\0" * 1000])
async def test_what_is_no_database_of_hubbubs_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hubbub.db").write_bytes(content)
    told = await doctor(HUBBUB_DATA=str(tmp_path))
    assert (told.problems(), told.code) == (["database"], 1)


async def test_a_database_from_the_future_tells_that_the_clock_is_wrong(server: Server) -> None:
    await server.terminate()
    later = 2**32
    os.utime(server.data / "hubbub.db", (later, later))
    told = await doctor(HUBBUB_DATA=str(server.data))
    assert (told.problems(), told.warnings(), told.code) == ([], ["accounts", "clock"], 0)


async def test_a_directory_that_others_may_read_is_warned_of(server: Server) -> None:
    server.data.chmod(0o755)
    told = await doctor(HUBBUB_DATA=str(server.data))
    assert (told.problems(), told.warnings(), told.code) == ([], ["data directory", "accounts"], 0)
    assert f"chmod 700 {server.data}" in told.text


async def test_few_files_and_no_time_zones_are_warned_of(tmp_path: Path) -> None:
    few = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (256, 256))
    told = await doctor(HUBBUB_DATA=str(tmp_path / "new"), prepare=few, PYTHONTZPATH="")
    assert (told.problems(), told.warnings(), told.code) == ([], ["open files", "time zones"], 0)
    assert "160 connections" in told.text and "install tzdata" in told.text


# --- what several nodes share ---


async def test_a_cluster_that_is_well(postgres: Postgres, tmp_path: Path) -> None:
    store = await postgres.fresh()
    async with nats_running() as broker:
        settings: dict[str, Any] = {"HUBBUB_STORE": store, "HUBBUB_BROKER": broker.url}
        settings["HUBBUB_FILES_DIR"] = str(tmp_path / "files")
        told = await doctor(HUBBUB_DATA=str(tmp_path), **settings)
        assert "tables: none yet" in told.text
        async with Server(tmp_path, environment=settings):
            told = await doctor(HUBBUB_DATA=str(tmp_path), **settings)
            assert (told.problems(), told.warnings(), told.code) == ([], ["accounts"], 0)
            assert (await hubbub_command(*ADD_OWNER, tmp_path, store=store)).code == 0
            told = await doctor(HUBBUB_DATA=str(tmp_path), **settings)
    assert (told.problems(), told.warnings(), told.code) == ([], [], 0)
    for what in ("PostgreSQL", "connections", "tables", "NATS", "accounts"):
        assert f"ok      {what}:" in told.text
    assert "SQLite" not in told.text
    assert re.search(r"connections: \d+ available, [2-9] used by hubbub", told.text)


async def test_what_is_wrong_with_a_cluster_is_named(postgres: Postgres, tmp_path: Path) -> None:
    store, data = await postgres.fresh(), str(tmp_path)
    await (await PostgresStore.open(store, "full", lambda: "e1")).close()
    database = store.rpartition("/")[2]
    for sql in (
        "INSERT INTO hubbub.meta VALUES ('unfinished_copy', 'x')",
        "INSERT INTO hubbub.outbox (room, message, by, client_message_id, refused) VALUES ('a', 'b', 'c', 'd', 'no')",
        "INSERT INTO hubbub.outbox (room, message, by, client_message_id, written_at)"
        " VALUES ('a', 'b', 'c', 'd', now() - interval '1 minute')",
    ):
        await postgres.execute(sql, database)
    nobody = "nats://127.0.0.1:1"
    told = await doctor(HUBBUB_DATA=data, HUBBUB_STORE=store, HUBBUB_BROKER=nobody)
    assert told.code == 1
    assert (told.problems(), told.warnings()) == (["tables"], ["outbox", "outbox", "NATS", "files"])
    for sign in ("unfinished copy", "were refused: 1", "more than 10 s: 1"):
        assert sign in told.text
    told = await doctor(HUBBUB_DATA=data, HUBBUB_STORE="postgres://hubbub@127.0.0.1:1/x")
    assert told.problems() == ["PostgreSQL"]


# --- there ---


async def test_a_server_that_can_be_reached_is_well_on_every_transport(server: Server) -> None:
    told = await doctor(server.url)
    assert (told.problems(), told.warnings(), told.code) == ([], [], 0)
    for what in ("reach", "clock", "ready", "WebSocket", "native", "long-poll", "events"):
        assert f"ok      {what}:" in told.text


async def test_a_server_without_echo_is_well_too(tmp_path: Path) -> None:
    public = ("--public-url", "http://localhost", "--guests", "on")
    async with Server(tmp_path / "data", *public) as server:
        told = await doctor(server.url)
        assert told.code == 0, told.text
        assert "ok      WebSocket: the handshake succeeds" in told.text
        async with ClientSession() as http:
            with pytest.raises(WSServerHandshakeError, match="404"):
                await http.ws_connect(f"{server.url}/echo")


async def test_an_origin_of_files_must_lead_to_the_server_by_its_name(tmp_path: Path) -> None:
    names = list[bytes]()

    def rename(request: bytes) -> bytes:
        return re.sub(rb"Host: [^\r]*", b"Host: %b" % names[0], request) if names else request

    port = free_port()
    async with proxy(Server(tmp_path, port=port), ask=rename) as files:
        flags = "--public-url", "http://localhost", "--files-origin", files, "--guests", "on"
        async with Server(tmp_path / "data", *flags, port=port) as server:
            page = f"http://localhost:{server.port}"
            told = await doctor(page)
            assert (told.problems(), told.code) == ([], 0), told.text
            assert f"ok      files: browsers show them from {files}" in told.text
            names.append(b"localhost")
            told = await doctor(page)
            assert (told.problems(), told.code) == (["files"], 1), told.text
            assert "proxy_set_header Host $http_host;" in told.text
    async with Server(tmp_path / "data", *flags, port=port):
        told = await doctor(page)  # nothing is there
    assert told.problems() == ["files"] and f"{files}: " in told.text


async def test_who_may_not_make_tables_or_look_at_them_is_told_so(
    postgres: Postgres, tmp_path: Path
) -> None:
    store, data = await postgres.fresh(), str(tmp_path)
    await postgres.execute("CREATE ROLE meek LOGIN")
    meek = store.replace("hubbub@", "meek@")
    told = await doctor(HUBBUB_DATA=data, HUBBUB_STORE=meek)
    assert told.problems() == ["tables"] and "GRANT CREATE" in told.text
    await (await PostgresStore.open(store, "full", lambda: "e1")).close()
    told = await doctor(HUBBUB_DATA=data, HUBBUB_STORE=meek)
    assert told.problems() == ["PostgreSQL"] and "permission denied" in told.text


async def test_why_nats_refuses_is_said(postgres: Postgres, tmp_path: Path) -> None:
    store, data = await postgres.fresh(), str(tmp_path / "data")
    (tmp_path / "nats.conf").write_text("authorization { token: secret }")
    async with nats_running(settings=tmp_path / "nats.conf") as broker:
        told = await doctor(HUBBUB_DATA=data, HUBBUB_STORE=store, HUBBUB_BROKER=broker.url)
    assert told.warnings() == ["NATS", "files"] and "Authorization Violation" in told.text
    told = await doctor("--data", data, HUBBUB_STORE=store, HUBBUB_BROKER=broker.url)
    assert told.warnings() == ["NATS", "files"] and "Connect call failed" in told.text


async def test_nobody_there_is_a_problem() -> None:
    told = await doctor("http://127.0.0.1:1")
    assert (told.problems(), told.code) == (["reach"], 1)
    assert "Traceback" not in told.text


DROPPED = {
    "Upgrade": ((b"Upgrade: websocket\r\n", b""),),
    "Connection": ((b"Connection: Upgrade\r\n", b"Connection: close\r\n"),),
    "Upgrade and Connection": (
        (b"Upgrade: websocket\r\n", b""),
        (b"Connection: Upgrade\r\n", b""),
    ),
}


@pytest.mark.parametrize("missing", DROPPED)
async def test_the_header_that_a_proxy_drops_is_named_with_the_lines_that_help(
    server: Server, missing: str
) -> None:
    def drop(request: bytes) -> bytes:
        for header, instead in DROPPED[missing]:
            request = re.sub(re.escape(header), instead, request, flags=re.IGNORECASE)
        return request

    async with proxy(server, ask=drop) as url:
        told = await doctor(url)
    assert told.problems()[0] == "WebSocket"
    assert told.code == 1
    assert f"drops the header {missing}\n" in told.text
    assert "proxy_set_header Upgrade $http_upgrade;" in told.text


async def test_a_proxy_that_speaks_http_1_0_is_found(server: Server) -> None:
    async with proxy(server, ask=lambda r: r.replace(b"HTTP/1.1", b"HTTP/1.0")) as url:
        told = await doctor(url)
    assert "WebSocket" in told.problems()
    assert "proxy_http_version 1.1;" in told.text


async def test_a_proxy_that_holds_streams_back_is_found(server: Server) -> None:
    async with proxy(server, answer=lambda r: re.sub(rb"[^\r\n]+\n\n", b"", r)) as url:
        told = await doctor(url)
    assert (told.problems(), told.code) == (["events"], 1)
    assert "proxy_buffering off;" in told.text


async def test_something_else_that_answers_is_a_problem(server: Server) -> None:
    async with proxy(server, answer=lambda r: r.replace(b'"ok"', b'"no"')) as url:
        told = await doctor(url)
    assert (told.problems(), told.code) == (["reach"], 1)


async def test_a_name_that_the_server_does_not_know_is_named(server: Server) -> None:
    def rename(request: bytes) -> bytes:
        return re.sub(rb"Host: [^\r]*", b"Host: chat.example", request)

    async with proxy(server, ask=rename) as url:
        told = await doctor(url)
    assert (told.problems(), told.code) == (["name"], 1)
    assert "--public-url" in told.text


async def test_without_guests_a_token_is_asked_for(tmp_path: Path) -> None:
    async with Server(tmp_path / "data", "--guests", "off") as server:
        told = await doctor(server.url)
    assert told.problems() == ["native"]
    assert "HUBBUB_TOKEN" in told.text


@pytest.mark.parametrize(
    "days, problems, warnings", [(300, [], []), (5, [], ["TLS"]), (-5, ["TLS"], [])]
)
async def test_a_certificate_that_expires_is_warned_of(
    tmp_path: Path, days: int, problems: list[str], warnings: list[str]
) -> None:
    certify(tmp_path, days=days)
    async with Server(tmp_path / "data", *flags(tmp_path)) as server:
        told = await doctor(
            f"https://127.0.0.1:{server.port}", SSL_CERT_FILE=str(tmp_path / "cert.pem")
        )
    assert (told.problems(), told.warnings()) == (problems, warnings), told.text


def issue(store: str, data: Path, *names: str) -> None:
    """Issue tokens as a version did that reserved no names, and revoke the last."""
    with closing(kind_of(store).open_tokens(store, data)) as tokens:
        for name in names:
            tokens.add(Token(name, name, name, ("read",), ("*",), "", None))
        tokens.revoke(names[-1], "2026-01-01T00:00:00Z")


@pytest.mark.parametrize("has_postgres", [False, True])
async def test_rooms_and_tokens_with_reserved_names_are_named(
    postgres: Postgres, tmp_path: Path, has_postgres: bool
) -> None:
    keys = [AUDIT, DIRECTORY, account_key(bytes(8)), room_key(bytes(8))]
    rooms = ["@old", "a@b", "@ü", "?", "A", *keys]
    settings: dict[str, Any] = {"HUBBUB_DATA": str(tmp_path)}
    store: Store
    if has_postgres:
        settings["HUBBUB_STORE"] = await postgres.fresh()
        store = await PostgresStore.open(settings["HUBBUB_STORE"], "full", lambda: "e1")
    else:
        store = SqliteStore(tmp_path, "full", lambda: "e1")
    await commit(store, *(Post(room=room, text="x") for room in rooms))
    await store.close()
    where = settings.get("HUBBUB_STORE", "sqlite")
    await asyncio.to_thread(issue, where, tmp_path, "@ci", "ci", "@gone")
    told = await doctor(**settings)
    assert {"room names", "token names"} <= {*told.warnings()} and told.code == 0
    assert "reserved: @old, @ü\n" in told.text
    assert "begin with @: @ci\n" in told.text
