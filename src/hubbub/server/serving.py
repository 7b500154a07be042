"""`hubbub serve`: runs a server until it is told to stop, or supervises several workers."""

import asyncio
import gc
import logging
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial

import uvloop

from hubbub import __version__
from hubbub.protocol.errors import RefusalError
from hubbub.server import workers
from hubbub.server.app import CannotStart, Running, running
from hubbub.server.audit import audit
from hubbub.server.config import Settings
from hubbub.server.parts import USUAL, Parts
from hubbub.server.process import logs, output
from hubbub.server.process.listening import CannotListen, close, port_of, reserved
from hubbub.server.process.privacy import secure
from hubbub.server.process.progress import Shown
from hubbub.server.process.tls import BadCertificate, Tls
from hubbub.server.stores.base import Progress, StoreFailed
from hubbub.server.stores.registry import kind_of

Ready = Callable[[Running], Awaitable[None]]
Begin = Callable[[Settings, Tls | None, Progress], AbstractAsyncContextManager[Running]]

log = logging.getLogger(__name__)


def serve(
    settings: Settings, origins: Mapping[str, str] | None = None, parts: Parts = USUAL
) -> None:
    """Run the server until SIGTERM or SIGINT; a second one ends it at once. `origins` says where settings come from.

    Raises:
        CannotStart: the port or the data directory can't be used.
    """
    lost = output.never_wait()
    logs.configure(settings.log_format, settings.log_level, lost)
    tune()
    _allow_many_files()
    secure(settings.data)
    begin = partial(running, parts=parts, origins=origins)
    if settings.workers == 1:
        _run(begin, settings, partial(_tell_ready, settings))
    else:
        _supervise(begin, settings)


def tune() -> None:
    """Set up the interpreter for a server."""
    # The writer's thread must get the interpreter back quickly while the loop is busy.
    sys.setswitchinterval(0.0005)
    # Nearly nothing here is in cycles, and with 9,000 connections the collector's usual pace stopped
    # the loop for up to 0.6 s, again and again (2026-11-23). So older objects are looked at seldom. The
    # youngest are few each time, because whoever makes the server leave cycles stops it: 100,000 objects
    # took 45 ms (2026-11-29).
    gc.set_threshold(10_000, 500, 10)


def _supervise(begin: Begin, settings: Settings) -> None:
    """Run several workers on one port, which is reserved for them."""
    try:
        sockets = reserved(settings.host, settings.port)
    except CannotListen as error:
        raise CannotStart(f"{error}; choose another port with --port") from error
    shared = replace(settings, port=port_of(sockets))
    own = settings.worker_port

    def work(number: int, ready: Callable[[], None], alive: int) -> None:
        logs.name_worker(number)
        try:
            its = replace(shared, worker_port=own and own + number)
            _run(begin, its, partial(_worker_ready, shared, number, ready), alive)
        except CannotStart as error:
            print(f"hubbub: {error}", file=sys.stderr, flush=True)
            sys.exit(workers.CANNOT_START)

    supervisor = workers.Supervisor(
        settings.workers, work, lambda: _tell_address(shared, shared.port)
    )
    status = supervisor.run()
    close(sockets)
    if status:
        sys.exit(status)


def _run(begin: Begin, settings: Settings, ready: Ready, alive: int | None = None) -> None:
    """Serve until a signal arrives, or the file `alive` reaches its end."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(begin, settings, ready, alive))
    except CannotStart:
        raise
    except Exception:
        log.exception("The server stopped after an unexpected failure")
        sys.exit(1)


async def _serve(begin: Begin, settings: Settings, ready: Ready, alive: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        if alive is None:  # otherwise the supervisor records it for all workers
            print(workers.STOPPING, file=sys.stderr, flush=True)
        else:
            loop.remove_reader(alive)
        stop.set()

    if alive is not None:
        loop.add_reader(alive, ask_to_stop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    tls = _tls(settings)
    loop.add_signal_handler(signal.SIGHUP, tls.reload if tls else _nothing_to_reload)
    async with begin(settings, tls, _upgrading(stop)) as server:
        try:
            logs.open_audit(settings.data)
        except OSError as error:
            raise CannotStart(f"Can't write {error.filename}: {error.strerror}") from error
        audit("started", version=__version__, port=server.port)
        await ready(server)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({stopping, server.broken}, return_when=asyncio.FIRST_COMPLETED)
        if settings.drain_seconds:
            server.hub.retire()
            await asyncio.wait({server.broken}, timeout=settings.drain_seconds)
    audit("stopped")


def _upgrading(stop: asyncio.Event) -> Progress:
    """Return what shows how far an upgrade of the database is, and ends it once the server is asked to stop."""
    shown = Shown(time.monotonic)

    def progress(what: str, done: int, total: int) -> None:
        if stop.is_set():
            raise StoreFailed("Stopped during the upgrade of the database; nothing was changed")
        shown(what, done, total)

    return progress


def _tls(settings: Settings) -> Tls | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        return Tls(settings.tls_cert, settings.tls_key)
    except BadCertificate as error:
        raise CannotStart(str(error)) from error


def _nothing_to_reload() -> None:
    log.info("Ignored SIGHUP, which reloads the TLS certificate: none is configured")


async def _tell_ready(settings: Settings, server: Running) -> None:
    await _tell_claim(settings, server)
    _tell_address(settings, server.port)


async def _worker_ready(
    settings: Settings, number: int, ready: Callable[[], None], server: Running
) -> None:
    if number == 1:
        await _tell_claim(settings, server)
    ready()


async def _tell_claim(settings: Settings, server: Running) -> None:
    """As long as there is no owner, show a link with which to become it."""
    try:
        token = await server.entrance.claim_link()
    except (RefusalError, StoreFailed) as error:
        log.warning("Can't make a link to claim this server: %s", error)
        return
    if token:
        address = settings.public_url.rstrip("/") or _address(settings, server.port)
        link = f"{address}/claim#{token}"
        print(f"no owner yet:     {link} (make your account; good for 24 hours)", flush=True)


def _address(settings: Settings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if settings.tls_cert else 'http'}://{host}:{port}"


def _tell_address(settings: Settings, port: int) -> None:
    outside = f"public URL:       {settings.public_url}\n" if settings.public_url else ""
    flushed = {"full": "flushed at each commit", "normal": "flushed from time to time"}
    print(
        f"hubbub is ready:  {_address(settings, port)}\n{outside}"
        f"data:             {kind_of(settings.store).place(settings.store, settings.data)}"
        f" (durability {settings.durability}: {flushed[settings.durability]})\n"
        f"{_workers(settings)}"
        "to stop:          Ctrl-C",
        flush=True,
    )


def _workers(settings: Settings) -> str:
    return f"workers:          {settings.workers}\n" if settings.workers > 1 else ""


def _allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
