"""Which addresses are on the internet, and how little is taken from there at once."""

import asyncio
from contextlib import suppress
from ipaddress import ip_address

import pytest
from aiohttp.client_proto import ResponseHandler

from hubbub.server.people.outside.outgoing import AT_ONCE_BYTES, CannotReach, ask
from hubbub.server.people.outside.reachable import Reachable, is_public


@pytest.mark.parametrize(
    "address, is_there",
    [
        *(
            (address, True)
            for address in ("1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")
        ),
        *(
            (address, False)
            for address in ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1")
        ),
        *(
            (address, False)
            for address in ("169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255")
        ),
        *(
            (address, False)
            for address in ("::1", "::", "fe80::1", "fd00::1", "ff02::1", "2001:db8::1")
        ),
        *(
            (address, False)
            for address in ("64:ff9b:1::101:101", "::127.0.0.1", "240.0.0.1", "fec0::1", "2001::1")
        ),
        *(
            (address, False)
            for address in ("::ffff:10.1.2.3", "64:ff9b::a01:203", "2002:a01:203::1")
        ),
        *((address, False) for address in ("192.0.0.100", "3fff::1", "5f00::1", "100:0:0:1::1")),
    ],
)
def test_an_address_is_on_the_internet_or_not(address: str, is_there: bool) -> None:
    assert is_public(ip_address(address)) is is_there


ALLOWED = Reachable.of(["10.0.0.0/8", "fd00::/8"], [8443])


@pytest.mark.parametrize(
    "url",
    [
        "https://push.example/x",
        "http://push.example",
        "https://10.1.2.3:8443/",
        "https://[fd00::1]/",
    ],
)
def test_a_request_may_go_where_the_settings_say(url: str) -> None:
    ALLOWED.check(url)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:192.168.1.1]/",
            "https://192.168.1.1/",
        ),
        *("https://push.example:25/", "https://10.1.2.3:6379/", "http://push.example:443x/"),
    ],
)
def test_and_nowhere_else(url: str) -> None:
    with pytest.raises(
        ValueError, match=r"not allowed|not a public address|Port could not be cast"
    ):
        ALLOWED.check(url)


async def test_what_never_ends_is_taken_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server can send interim answers for ever, each of which takes time to parse."""
    pieces, sound = [0], ResponseHandler.data_received

    def received(self: ResponseHandler, data: bytes) -> None:
        pieces.append(len(data))
        sound(self, data)

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000)
        with suppress(OSError):
            await writer.drain()
        writer.close()

    monkeypatch.setattr(ResponseHandler, "data_received", received)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(CannotReach):
            await ask(f"http://127.0.0.1:{port}/", within=Reachable.of(["127.0.0.0/8"], [port]))
    finally:
        server.close()
    assert 0 < max(pieces) <= 4 * AT_ONCE_BYTES


def test_by_default_only_the_internet_is_there() -> None:
    with pytest.raises(ValueError, match="not a public address"):
        Reachable().check("https://10.1.2.3/")
    with pytest.raises(ValueError, match="port 8443 is not allowed"):
        Reachable().check("https://push.example:8443/")
