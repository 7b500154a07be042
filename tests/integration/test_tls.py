"""`https://` and `wss://`, and a certificate that is renewed while connections go on."""

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from tests.support.certificates import certify, flags
from tests.support.commands import hubbub
from tests.support.server import Server


def serial(port: int) -> int:
    """The number of the certificate that is shown now."""
    pem = ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    certify(tmp_path, 1)
    async with Server(tmp_path / "data", *flags(tmp_path)) as server:
        yield server


async def test_a_renewed_certificate_is_shown_and_nobody_is_dropped(
    server: Server, tmp_path: Path
) -> None:
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    base = f"127.0.0.1:{server.port}"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"wss://{base}/", ssl=trust) as plain,
    ):
        await plain.send_str("one")
        assert await plain.receive_str(timeout=30) == "one"
        async with http.get(f"https://{base}/api/v1/rooms/lobby", ssl=trust) as answer:
            assert (await answer.json())["messages"][0]["text"] == "one"
        certify(tmp_path, 2)
        os.kill(server.pid, signal.SIGHUP)
        async with asyncio.timeout(30):
            while await asyncio.to_thread(serial, server.port) != 2:
                pass
        (tmp_path / "cert.pem").write_text("nonsense")
        os.kill(server.pid, signal.SIGHUP)
        async with asyncio.timeout(30):
            while not any("the old one stays in use" in line for line in server.output):
                await asyncio.to_thread(serial, server.port)
        assert await asyncio.to_thread(serial, server.port) == 2
        await plain.send_str("two")
        assert await plain.receive_str(timeout=30) == "two"


async def test_large_messages_arrive_whole_and_in_order_over_tls(
    server: Server, tmp_path: Path
) -> None:
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    texts = [f"{n}:" + "x" * 60_000 for n in range(100)]
    async with aiohttp.ClientSession() as http:
        url = f"wss://127.0.0.1:{server.port}/"
        async with (
            http.ws_connect(url, ssl=trust) as reader,
            http.ws_connect(url, ssl=trust) as writer,
        ):
            for text in texts:
                await writer.send_str(text)
            assert [await reader.receive_str(timeout=20) for _ in texts] == texts
            assert [await writer.receive_str(timeout=20) for _ in texts] == texts


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_versions_of_tls_and_no_tls_at_all_are_turned_away(server: Server) -> None:
    old = ssl.create_default_context()
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", server.port, ssl=old)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get(f"http://127.0.0.1:{server.port}/")
    assert not any("Traceback" in line for line in server.output)


async def test_the_terminal_speaks_tls(server: Server, tmp_path: Path) -> None:
    url, cert = f"https://127.0.0.1:{server.port}", str(tmp_path / "cert.pem")
    ran = await hubbub("send", "lobby", "hello", "--url", url, SSL_CERT_FILE=cert)
    assert ran.out.strip() == "1"


@pytest.mark.parametrize(
    "broken, why",
    [
        ("cert.pem", "they are not valid PEM"),
        ("key.pem", "they are not valid PEM"),
        ("", "Can't read"),
    ],
)
async def test_a_certificate_that_can_not_be_used_says_why(
    tmp_path: Path, broken: str, why: str
) -> None:
    certify(tmp_path, 1)
    if broken:
        (tmp_path / broken).write_text("nonsense")
    else:
        (tmp_path / "key.pem").unlink()
    with pytest.raises(AssertionError, match=why):
        await Server(tmp_path / "data", *flags(tmp_path)).start()


async def test_a_key_of_another_certificate_says_so(tmp_path: Path) -> None:
    certify(tmp_path, 1)
    cert = (tmp_path / "cert.pem").read_bytes()
    certify(tmp_path, 2)
    (tmp_path / "cert.pem").write_bytes(cert)
    with pytest.raises(AssertionError, match="they don't belong together"):
        await Server(tmp_path / "data", *flags(tmp_path)).start()


async def test_without_a_certificate_sighup_does_no_harm(shared_server: Server) -> None:
    os.kill(shared_server.pid, signal.SIGHUP)
    async with aiohttp.ClientSession() as http, http.get(f"{shared_server.url}/healthz") as answer:
        assert answer.status == 200
