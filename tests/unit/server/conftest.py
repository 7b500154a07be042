from collections.abc import Callable, Iterator

import pytest

from hubbub.protocol.wires import NATIVE, Wire
from tests.support.fakes import Peer


@pytest.fixture
def new_peer() -> Iterator[Callable[..., Peer]]:
    """Makes peers, and gives their descriptors back at the end."""
    peers: list[Peer] = []

    def new_peer(wire: Wire = NATIVE, is_direct: bool = False) -> Peer:
        peers.append(Peer(wire, is_direct))
        return peers[-1]

    yield new_peer
    for peer in peers:
        peer.dispose()
