"""A server has all the addresses of its host, or it doesn't start: nobody else answers at one of them."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from hubbub.server.process.listening import BOTH, CannotListen, bound, close, port_of, reserved
from tests.support.checkout import ROOT
from tests.support.network import ip, is_possible
from tests.support.ports import COUNT, FIRST, free_port
from tests.support.server import Server

Take = Callable[[str, int], list[socket.socket]]
FAMILIES = {"127.0.0.1": socket.AF_INET, "0.0.0.0": socket.AF_INET}


@contextmanager
def taken(address: str, port: int, *, shares: bool) -> Iterator[socket.socket]:
    """Another program that listens there."""
    other = socket.socket(FAMILIES.get(address, socket.AF_INET6))
    with other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shares))
        if other.family == socket.AF_INET6:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        other.bind((address, port))
        other.listen()
        yield other


async def serve(place: Path, *flags: str) -> tuple[int, str]:
    """Run a server that is expected not to start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", "serve", "--data", str(place), *flags),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


WORKERS = ("--workers", "2", "--store", "postgres://127.0.0.1:1/none")  # it doesn't get that far


@pytest.mark.parametrize("flags", [(), WORKERS], ids=["one process", "workers"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_where_another_listens_no_server_starts(
    address: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    port = free_port()
    with taken(address, port, shares=False):
        code, said = await serve(tmp_path, "--port", str(port), *flags)
    assert (code, "Traceback" in said) == (1, False)
    assert f"Can't listen on {address} port {port} (Address already in use)" in said
    assert "--port" in said


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("host, address", [(h, a) for h, pair in BOTH.items() for a in pair])
def test_nobody_else_has_any_of_them(host: str, address: str, *, shares: bool) -> None:
    port = free_port()
    for take in (bound, reserved):
        with taken(address, port, shares=shares), pytest.raises(CannotListen, match=address):
            take(host, port)
        close(take(host, port))


def test_no_other_process_that_looks_for_a_port_is_given_the_one_of_a_test() -> None:
    port = free_port()
    again = f"from tests.support import ports; ports._next = iter(range({port - FIRST}, {COUNT}))"
    other = subprocess.run(
        [sys.executable, "-c", f"{again}; print(ports.free_port())"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert int(other.stdout) > port


@pytest.mark.parametrize("take", [bound, reserved])
@pytest.mark.parametrize("host", [*BOTH, "127.0.0.1", "::1"])
def test_a_free_port_is_one_on_all_of_them(host: str, take: Take) -> None:
    sockets = take(host, 0)
    assert {each.getsockname()[1] for each in sockets} == {port_of(sockets)}
    assert [each.getsockname()[0] for each in sockets] == list(BOTH.get(host, [host]))
    close(sockets)


def test_workers_share_what_is_reserved() -> None:
    first = reserved("localhost", 0)
    second = bound("localhost", port_of(first), is_shared=True)
    close(first + second)


@pytest.mark.parametrize("host", ["no such host", "a..b", "x" * 70, "256.0.0.1", "192.0.2.1"])
def test_an_address_that_this_machine_does_not_have_is_named(host: str) -> None:
    with pytest.raises(CannotListen, match=f"Can't listen on {host}"):
        bound(host, 0)


async def test_all_addresses_are_those_of_ipv4_too(tmp_path: Path) -> None:
    async with Server(tmp_path, "--host", "::", "--insecure-http") as server:
        for host in ("127.0.0.1", "[::1]"):
            url = f"http://{host}:{server.port}/healthz"
            async with aiohttp.ClientSession() as http, http.get(url) as answer:
                assert answer.status == 200


@pytest.fixture
async def without_ipv6() -> AsyncIterator[tuple[str, ...]]:
    """What comes before a command to run it where there is no IPv6."""
    if not is_possible():
        pytest.skip("takes root, and Debian's iproute2")
    space = f"hb{os.getpid()}-old"
    ip("netns", "add", space)
    run = ("ip", "netns", "exec", space)
    ip(*run[1:], "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")
    ip("-n", space, "link", "set", "lo", "up")
    yield run
    ip("netns", "del", space)


@pytest.mark.parametrize("host", BOTH)
async def test_a_machine_without_ipv6_is_no_reason_not_to_start(
    host: str, without_ipv6: tuple[str, ...], tmp_path: Path
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(*without_ipv6, sys.executable, "-m", "hubbub", "serve", "--insecure-http"),
        *("--host", host, "--port", "0", "--data", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = b""
    async with asyncio.timeout(30):
        while b"hubbub is ready" not in said:
            line = await process.stdout.readline()
            assert line, said
            said += line
    process.terminate()
    said += (await process.communicate())[0]
    assert process.returncode == 0
    if host == "localhost":  # Linux lets one listen on :: all the same
        assert b"Not listening on ::1: this machine has no IPv6" in said
