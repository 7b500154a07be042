from collections.abc import Callable

import pytest

from hubbub.protocol.errors import Close
from hubbub.server.connection import Connection
from hubbub.server.door import Credentials, Door
from hubbub.server.fanout import FanOut
from hubbub.server.hub import Hub, Limits
from hubbub.server.journal import Journal
from tests.support.fakes import AT, MemoryStore, Peer, timeless

NewPeer = Callable[..., Peer]


def house() -> Hub:
    store = MemoryStore()
    fanout = FanOut(store)
    return Hub(store, Journal(store, fanout.deliver, lambda: AT), fanout, Door(), Limits(256, 0))


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
