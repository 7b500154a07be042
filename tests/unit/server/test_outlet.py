import asyncio
from collections.abc import Callable

import pytest

from hubbub.protocol.wires import NATIVE
from hubbub.server.engine.outlet import MAX_QUEUED_BYTES, write_to_all
from tests.support.fakes import Peer, settle, timeless

NewPeer = Callable[..., Peer]
BIG = b"x" * MAX_QUEUED_BYTES


@pytest.fixture(params=["direct", "through the transport"])
def peer(request: pytest.FixtureRequest, new_peer: NewPeer) -> Peer:
    return new_peer(NATIVE, request.param == "direct")


@timeless
async def test_what_is_written_arrives_at_once(peer: Peer) -> None:
    assert peer.outlet.write(b"one ")
    assert peer.outlet.write(b"two")
    assert peer.received == b"one two"


@timeless
async def test_what_is_queued_arrives_at_the_end_of_the_turn(peer: Peer) -> None:
    peer.outlet.queue(b"one ")
    peer.outlet.queue(b"two")
    assert peer.take() == b""
    await settle()
    assert peer.received == b"one two"


@timeless
async def test_what_is_written_goes_after_what_is_queued(peer: Peer) -> None:
    peer.outlet.queue(b"answer ")
    assert peer.outlet.write(b"event ")
    peer.outlet.queue(b"answer")
    await settle()
    assert peer.received == b"answer event answer"


@timeless
async def test_a_peer_that_does_not_listen_is_queued_for_up_to_a_bound(peer: Peer) -> None:
    peer.stall()
    fill(peer)
    queued = peer.get_write_buffer_size()
    assert not peer.outlet.write(BIG)
    assert peer.get_write_buffer_size() == queued
    assert is_full(peer)
    peer.listen()
    assert not is_full(peer)
    assert peer.outlet.write(b"more")
    assert peer.received.endswith(b"more")


@timeless
async def test_nothing_is_lost_or_cut_between_socket_and_queue(peer: Peer) -> None:
    peer.stall()
    sent = b""
    for n in range(100):
        buffer = bytes([n]) * 9_999
        if peer.outlet.write(buffer):
            sent += buffer
    peer.listen()
    for n in range(100):
        assert peer.outlet.write(bytes([n]))
        sent += bytes([n])
    assert peer.received == sent


@timeless
async def test_something_too_large_for_the_bound_is_taken_if_nothing_is_queued(peer: Peer) -> None:
    peer.stall()
    assert peer.outlet.write(BIG * 2)
    assert not peer.outlet.write(b"x")
    peer.listen()
    assert peer.received == BIG * 2


@timeless
async def test_answers_may_go_over_the_bound_which_then_shows(peer: Peer) -> None:
    peer.stall()
    fill(peer)
    peer.outlet.queue(BIG)
    assert is_full(peer)
    await settle()
    assert is_full(peer)
    peer.listen()
    assert peer.received.endswith(BIG)


@timeless
async def test_waiting_until_a_peer_has_taken_what_is_queued(peer: Peer) -> None:
    peer.stall()
    fill(peer)
    peer.outlet.queue(b"answer")
    waiting = asyncio.create_task(peer.outlet.drained())
    await settle()
    assert not waiting.done()
    peer.listen()
    await waiting
    assert peer.received.endswith(b"answer")


@timeless
async def test_who_waits_for_a_peer_that_vanishes_is_told(peer: Peer) -> None:
    peer.stall()
    fill(peer)
    waiting = asyncio.create_task(peer.outlet.drained())
    await settle()
    peer.vanish()
    with pytest.raises(ConnectionError):
        await waiting


@timeless
async def test_what_is_written_to_a_peer_that_is_gone_goes_nowhere(peer: Peer) -> None:
    peer.vanish()
    assert peer.outlet.write(b"event")
    peer.outlet.queue(b"answer")
    await settle()
    assert peer.take() == b""


@timeless
async def test_nothing_follows_the_seal(peer: Peer) -> None:
    peer.outlet.queue(b"answer ")
    peer.outlet.queue(b"close")
    peer.outlet.seal()
    assert peer.outlet.write(b"event")
    peer.outlet.queue(b"answer")
    peer.outlet.flush()
    await settle()
    assert peer.received == b"answer close"
    with pytest.raises(ConnectionError):
        await peer.outlet.drained()


@timeless
async def test_closing_and_cutting(peer: Peer, new_peer: NewPeer) -> None:
    peer.outlet.close()
    assert peer.is_closing()
    assert not peer.was_aborted
    other = new_peer()
    other.outlet.abort()
    assert other.was_aborted


@timeless
async def test_finishing_leaves_it_to_the_peer_to_hang_up_where_that_is_possible(
    new_peer: NewPeer,
) -> None:
    direct, through_tls = new_peer(NATIVE, True), new_peer(NATIVE, False)
    direct.outlet.finish()
    assert (direct.was_finished, direct.is_closing()) == (True, False)
    through_tls.outlet.finish()
    assert (through_tls.was_finished, through_tls.is_closing()) == (False, True)


@timeless
async def test_all_get_it_but_those_who_have_no_room(new_peer: NewPeer) -> None:
    peers = [new_peer(NATIVE, is_direct) for is_direct in (True, False, True, False)]
    for peer in peers[:2]:
        peer.stall()
        fill(peer)
    before = [peer.received for peer in peers]
    peers[3].vanish()
    refused = write_to_all([peer.outlet for peer in peers], BIG)
    assert refused == [peers[0].outlet, peers[1].outlet]
    assert [peer.received for peer in peers] == [*before[:2], BIG, b""]


@timeless
async def test_a_peer_whose_socket_breaks_is_cut_off_and_others_are_served(
    new_peer: NewPeer,
) -> None:
    broken, whole = new_peer(NATIVE, True), new_peer(NATIVE, True)
    broken.far.close()
    assert write_to_all([broken.outlet, whole.outlet], b"event") == []
    assert broken.was_aborted
    assert whole.received == b"event"


def fill(peer: Peer) -> None:
    """Write until the transport queues more than anyone would wait without."""
    while peer.get_write_buffer_size() < MAX_QUEUED_BYTES // 2 + 100_000:
        assert peer.outlet.write(b"x" * 100_000)


def is_full(peer: Peer) -> bool:
    return peer.outlet.is_full
