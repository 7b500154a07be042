import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hubbub.protocol.errors import Close
from hubbub.protocol.secrets import digest_of
from hubbub.server.clients.base import Hangup
from hubbub.server.clients.native import HELLO_TIMEOUT, MAX_HELLO_BYTES, NativeClient
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Checker, Credentials, Door
from hubbub.server.people.rates import Limits
from hubbub.server.people.tokens import Tokens
from hubbub.server.stores.base import Token
from tests.support.fakes import AT, MemoryStore, Peer, settle, timeless, unframe
from tests.support.transports import heard, opened

NewPeer = Callable[..., Peer]


def house(door: Door | None = None, rate: float = 0, byte_rate: float = 0) -> Hub:
    store = MemoryStore()
    fanout = FanOut(store, now=time.time)
    limits = Limits(65_536, rate, bytes_per_s=byte_rate)
    journal = Journal(store, fanout.deliver, lambda: AT)
    return Hub(store, journal, fanout, door or made_door(), limits)


def made_door(*checkers: Checker, has_guests: bool = True) -> Door:
    return Door(checkers, has_guests=has_guests, now=time.time, clock=time.monotonic)


def known() -> Tokens:
    tokens = Tokens()
    tokens.replace([Token("1", "ci", digest_of("hubbub_ci"), ("read",), ("*",), "", None)])
    return tokens


def replies(peer: Peer) -> list[dict[str, Any]]:
    return [msgspec.json.decode(payload) for payload in unframe(peer.take())]


@pytest.mark.parametrize(
    "name, has_guests, codes",
    [("ada", True, []), (None, True, []), (None, False, [Close.TIMED_OUT])],
)
@timeless
async def test_who_does_not_say_who_they_are_in_time_is_shown_out(
    new_peer: NewPeer, name: str | None, has_guests: bool, codes: list[Close]
) -> None:
    client = NativeClient.greet(house(made_door(has_guests=has_guests)), Credentials(name))
    transport = await opened(client, new_peer().outlet)
    await asyncio.sleep(HELLO_TIMEOUT + 1)
    assert transport.codes == codes
    client.end()


@timeless
async def test_who_has_said_hello_by_then_stays(new_peer: NewPeer) -> None:
    client = NativeClient.greet(house(made_door(known(), has_guests=False)), Credentials())
    transport = await opened(client, new_peer().outlet)
    await heard(client, '{"do": "hello", "token": "hubbub_ci"}')
    await asyncio.sleep(HELLO_TIMEOUT + 1)
    assert transport.codes == []
    client.end()


@timeless
async def test_who_says_too_much_at_once_is_told_when_to_go_on_and_then_shown_out(
    new_peer: NewPeer,
) -> None:
    peer = new_peer()
    client = NativeClient.greet(house(byte_rate=20_000), Credentials())
    await opened(client, peer.outlet)
    pad = "x" * 10_000
    frame = f'{{"id": "x", "do": "leave", "room": "lobby", "pad": "{pad}"}}'

    async def flood() -> None:
        for _ in range(100):
            await heard(client, frame)

    with pytest.raises(Hangup) as caught:
        await flood()
    await settle()
    errors = [reply["error"] for reply in replies(peer) if "error" in reply]
    assert {error["code"] for error in errors} == {"rate_limited"}
    assert all(0 < error["retry_after"] < 2 for error in errors)
    assert caught.value.code is Close.TOO_FAST
    assert len(errors) >= 4
    client.end()


@pytest.mark.parametrize("has_guests", [True, False])
@timeless
async def test_nothing_large_is_parsed_before_it_is_known_whose_it_is(
    new_peer: NewPeer, has_guests: bool
) -> None:
    peer, hub = new_peer(), house(made_door(has_guests=has_guests))
    client = NativeClient.greet(hub, Credentials())
    await opened(client, peer.outlet)
    await heard(client, "no JSON at all" + " " * MAX_HELLO_BYTES)
    await settle()
    (reply,) = replies(peer)
    assert reply["error"]["code"] == ("bad_request" if has_guests else "unauthenticated")
    client.end()


@timeless
async def test_saying_hello_again_and_again_is_counted_and_written_down_once(
    new_peer: NewPeer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hubbub.audit")
    peer = new_peer()
    hub = house(made_door(known(), has_guests=False), rate=100)
    client = NativeClient.greet(hub, Credentials())
    await opened(client, peer.outlet)
    for number in range(300):
        await heard(client, f'{{"id": {number}, "do": "hello", "token": "hubbub_ci"}}')
    await settle()
    answers = replies(peer)
    assert sum("ok" in answer for answer in answers) == 201
    assert {a["error"]["code"] for a in answers if "error" in a} == {"rate_limited"}
    assert [record.message for record in caplog.records] == ["admitted"]
    client.end()
