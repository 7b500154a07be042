import re

import pytest

from hubbub.client.wire.address import websocket_url


@pytest.mark.parametrize(
    "address, url",
    [
        ("http://localhost:8181", "ws://localhost:8181/ws"),
        ("https://chat.example.org", "wss://chat.example.org/ws"),
        ("ws://localhost:8181/ws", "ws://localhost:8181/ws"),
        ("wss://example.org/chat/", "wss://example.org/chat/ws"),
        ("localhost", "ws://localhost:8181/ws"),
        ("localhost:9000", "ws://localhost:9000/ws"),
        (":9000", "ws://127.0.0.1:9000/ws"),
        ("[::1]", "ws://[::1]:8181/ws"),
        ("[::1]:9000", "ws://[::1]:9000/ws"),
        (" http://localhost ", "ws://localhost/ws"),
    ],
)
def test_an_address_leads_to_the_native_websocket(address: str, url: str) -> None:
    assert websocket_url(address) == url


@pytest.mark.parametrize(
    "address", ["", "ftp://localhost", "http://", "localhost:http", "http://ada:pw@localhost"]
)
def test_an_invalid_address_is_answered_with_a_valid_one(address: str) -> None:
    with pytest.raises(ValueError, match=re.escape("http://127.0.0.1:8181")):
        websocket_url(address)
