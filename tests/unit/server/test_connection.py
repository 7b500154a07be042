import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hubbub.protocol.errors import Close
from hubbub.server.connection import MAX_HELLO_BYTES, Connection, Hangup
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Credentials, Door
from hubbub.server.people.rates import Limits
from hubbub.server.people.tokens import Tokens, digest_of
from hubbub.server.stores.base import Token
from tests.support.fakes import AT, MemoryStore, Peer, settle, timeless, unframe

NewPeer = Callable[..., Peer]


def house(door: Door | None = None, rate: float = 0, byte_rate: float = 0) -> Hub:
    store = MemoryStore()
    fanout = FanOut(store)
    limits = Limits(256, rate, bytes_per_s=byte_rate)
    return Hub(store, Journal(store, fanout.deliver, lambda: AT), fanout, door or Door(), limits)


def replies(peer: Peer) -> list[dict[str, Any]]:
    return [msgspec.json.decode(payload) for payload in unframe(peer.take())]


@pytest.mark.parametrize("name, codes", [("ada", []), (None, [Close.TIMED_OUT])])
@timeless
async def test_who_does_not_say_who_they_are_in_time_is_shown_out(
    new_peer: NewPeer, name: str | None, codes: list[Close]
) -> None:
    hub, closed = house(), list[Close]()
    visit = hub.door.enter(Credentials(name)) if name else None
    connection = Connection(hub, new_peer().outlet, closed.append, visit)
    connection.require_hello()
    assert closed == codes
    connection.end()


@timeless
async def test_who_has_said_hello_by_then_stays(new_peer: NewPeer) -> None:
    hub, closed = house(), list[Close]()
    connection = Connection(hub, new_peer().outlet, closed.append, None)
    await connection.hear('{"do": "hello", "name": "ada"}')
    connection.require_hello()
    assert closed == []
    connection.end()


@timeless
async def test_who_says_too_much_at_once_is_told_when_to_go_on_and_then_shown_out(
    new_peer: NewPeer,
) -> None:
    peer = new_peer()
    connection = Connection(house(byte_rate=20_000), peer.outlet, lambda _: None, None)
    pad = "x" * 10_000
    frame = f'{{"id": "x", "do": "leave", "room": "lobby", "pad": "{pad}"}}'

    async def flood() -> None:
        for _ in range(100):
            await connection.hear(frame)

    with pytest.raises(Hangup) as caught:
        await flood()
    await settle()
    errors = [reply["error"] for reply in replies(peer) if "error" in reply]
    assert {error["code"] for error in errors} == {"rate_limited"}
    assert all(0 < error["retry_after"] < 2 for error in errors)
    assert caught.value.code is Close.TOO_FAST
    assert len(errors) >= 4
    connection.end()


@pytest.mark.parametrize("has_guests", [True, False])
@timeless
async def test_nothing_large_is_parsed_before_it_is_known_whose_it_is(
    new_peer: NewPeer, has_guests: bool
) -> None:
    peer, hub = new_peer(), house(Door(has_guests=has_guests))
    connection = Connection(hub, peer.outlet, lambda _: None, None)
    await connection.hear("no JSON at all" + " " * MAX_HELLO_BYTES)
    await settle()
    (reply,) = replies(peer)
    assert reply["error"]["code"] == "bad_request" if has_guests else "unauthenticated"
    connection.end()


@timeless
async def test_saying_hello_again_and_again_is_counted_and_written_down_once(
    new_peer: NewPeer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hubbub.audit")
    peer, tokens = new_peer(), Tokens()
    tokens.replace([Token("1", "ci", digest_of("hubbub_ci"), ("read",), ("*",), "", None)])
    hub = house(Door((tokens,), has_guests=False), rate=100)
    connection = Connection(hub, peer.outlet, lambda _: None, None)
    for number in range(300):
        await connection.hear(f'{{"id": {number}, "do": "hello", "token": "hubbub_ci"}}')
    await settle()
    answers = replies(peer)
    assert sum("ok" in answer for answer in answers) == 201
    assert {a["error"]["code"] for a in answers if "error" in a} == {"rate_limited"}
    assert [record.message for record in caplog.records] == ["admitted"]
    connection.end()
