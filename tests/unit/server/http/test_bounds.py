"""What is received at once is parsed in pieces, and others run in between."""

import asyncio
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from hubbub.server.http.admission import Admission
from hubbub.server.http.bounds import BoundedConnection, Bounds
from hubbub.server.transports.aiohttp_internals import PIECE, SteppedServer
from tests.support.fakes import timeless


class Transport(asyncio.Transport):
    """Notes whether it may read."""

    _is_paused = False
    pauses = 0

    def is_reading(self) -> bool:
        return not self._is_paused

    def pause_reading(self) -> None:
        self._is_paused = True
        self.pauses += 1

    def resume_reading(self) -> None:
        self._is_paused = False

    def close(self) -> None:
        """Do nothing."""


class Parser:
    """Notes each piece that it is fed; None is a turn of the loop."""

    def __init__(self) -> None:
        self.fed: list[bytes | None] = []
        self.act: Any = lambda: None

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take a piece."""
        self.fed.append(data)
        self.act()
        return False, b""

    def feed_eof(self) -> None:
        """Do nothing."""


async def opened() -> tuple[BoundedConnection, Transport]:
    async def serve(_: web.BaseRequest) -> web.Response:
        return web.Response()

    bounds = Bounds(Admission(9), 9.0, lambda _: None)
    server = SteppedServer(
        web.Server(serve, handler_cancellation=True), partial(BoundedConnection, bounds)
    )
    connection, transport = server(), Transport()
    assert isinstance(connection, BoundedConnection)
    connection.connection_made(transport)
    await asyncio.sleep(0)
    return connection, transport


async def upgraded() -> tuple[BoundedConnection, Transport, Parser]:
    connection, transport = await opened()
    parser = Parser()
    connection._upgraded, connection._payload_parser = True, parser
    return connection, transport, parser


async def turns(parser: Parser, count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
        parser.fed.append(None)


DATA = bytes(range(256)) * 1024  # as much as one read brings


@timeless
async def test_a_large_read_is_parsed_piece_by_piece_in_order() -> None:
    connection, transport, parser = await upgraded()
    connection.data_received(DATA)
    assert not transport.is_reading()
    await turns(parser, 40)
    pieces = [piece for piece in parser.fed if piece is not None]
    assert b"".join(pieces) == DATA
    assert max(map(len, pieces)) == PIECE
    assert parser.fed[2 : 2 * len(pieces) : 2] == [None] * (len(pieces) - 1)  # turns in between
    assert transport.is_reading()
    connection.connection_lost(None)


@pytest.mark.parametrize("size", [1, PIECE])
@timeless
async def test_a_small_read_is_parsed_at_once(size: int) -> None:
    connection, transport, parser = await upgraded()
    connection.data_received(DATA[:size])
    assert (parser.fed, transport.pauses) == ([DATA[:size]], 0)
    connection.connection_lost(None)


@timeless
async def test_what_comes_meanwhile_is_parsed_in_its_turn() -> None:
    connection, _, parser = await upgraded()
    connection.data_received(DATA)
    connection.data_received(b"more")
    await turns(parser, 40)
    assert b"".join(filter(None, parser.fed)) == DATA + b"more"
    connection.connection_lost(None)


@timeless
async def test_nothing_is_parsed_while_there_is_no_room_for_it() -> None:
    connection, transport, parser = await upgraded()
    parser.act = connection.pause_reading
    connection.data_received(DATA)
    await turns(parser, 9)
    assert [piece for piece in parser.fed if piece is not None] == [DATA[:PIECE]]
    assert not transport.is_reading()
    parser.act = lambda: None
    connection.resume_reading()
    assert not transport.is_reading()  # until the rest is parsed
    await turns(parser, 40)
    assert b"".join(filter(None, parser.fed)) == DATA
    assert transport.is_reading()
    connection.connection_lost(None)


@timeless
async def test_a_lost_connection_parses_nothing_more() -> None:
    connection, _, parser = await upgraded()
    connection.data_received(DATA)
    connection.connection_lost(None)
    await turns(parser, 9)
    assert [piece for piece in parser.fed if piece is not None] == [DATA[:PIECE]]


@timeless
async def test_what_follows_a_request_to_upgrade_is_not_parsed_with_the_answer() -> None:
    connection, transport = await opened()
    head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    connection.data_received(head.encode() + DATA)
    for _ in range(3):
        connection._parse_piece()
    assert len(connection._message_tail) < PIECE
    assert not transport.is_reading()
    connection.connection_lost(None)
