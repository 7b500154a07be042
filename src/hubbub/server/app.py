"""The composition root: assembles the server and stops it cleanly.

The only module that names adapters.
"""

import asyncio
import gc
import logging
import random
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from aiohttp import web

from hubbub.domain.facts import Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.protocol.messages import Change, Closing
from hubbub.server import upkeep
from hubbub.server.application import (
    LINKS_TIMEOUT,
    application_of,
    max_connections,
    runner_of,
)
from hubbub.server.config import Settings
from hubbub.server.delivering import delivering_of, indexed_by, submitting
from hubbub.server.duties import Duty, keep_at
from hubbub.server.engine.journal import Journal
from hubbub.server.files.base import FilesFailed
from hubbub.server.filing import Filing, filing_of
from hubbub.server.http import cookies
from hubbub.server.http.bounds import BoundedRunner
from hubbub.server.http.cookies import SIGN_INS, Cookies
from hubbub.server.http.files_origin import FILES_ORIGIN, FilesOrigin
from hubbub.server.http.metrics import Metrics
from hubbub.server.http.operations import routes_of
from hubbub.server.http.resources.accounts import oidc, subscriptions
from hubbub.server.http.resources.doors import socketio, sockjs
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.writing import Policy
from hubbub.server.keeping import reactors_for, rules_for
from hubbub.server.notifying import keys_of, notifier_of
from hubbub.server.outsiders import CannotTrust, Outsiders, jwts_of, sign_in_of
from hubbub.server.parts import USUAL, Parts
from hubbub.server.people.attempts import Attempts
from hubbub.server.people.door import Checker, Door
from hubbub.server.people.ends import Ends, Refresh
from hubbub.server.people.entrance import Entrance
from hubbub.server.people.outside.identities import Identities
from hubbub.server.people.passwords import Passwords
from hubbub.server.people.rates import Limits
from hubbub.server.people.register import Register
from hubbub.server.people.roll import Roll
from hubbub.server.people.sessions import Sessions
from hubbub.server.people.tickets import Tickets
from hubbub.server.people.tokens import Tokens
from hubbub.server.process.listening import LOOPBACK, CannotListen, bound, close, port_of
from hubbub.server.process.tls import Tls
from hubbub.server.stores.base import LogsReplaced, Progress, Store, StoreFailed, untold
from hubbub.server.transports import aiohttp_internals
from hubbub.server.transports.base import Links
from hubbub.server.webpush.keys import Keys

STOP_TIMEOUT = 25.0  # seconds for accepted changes to be committed
RETURNS_PER_SECOND = 2000  # clients told to reconnect in each second after a restart

log = logging.getLogger(__name__)


class CannotStart(Exception):
    """The server can't start. The message says why, and what to do."""


class Running(NamedTuple):
    """A running server: its port, its hub, its entrance, and the task `broken`, which ends if the server breaks."""

    port: int
    hub: Hub
    entrance: Entrance
    broken: asyncio.Task[object]


class Assembled(NamedTuple):
    """A server that does not listen yet: its parts, and the duties that it has as long as it runs."""

    hub: Hub
    entrance: Entrance
    journal: Journal
    links: Links
    application: web.Application
    runner: BoundedRunner
    measured: Metrics
    duties: tuple[Duty, ...]


@asynccontextmanager
async def running(
    settings: Settings,
    tls: Tls | None = None,
    progress: Progress = untold,
    parts: Parts = USUAL,
    origins: Mapping[str, str] | None = None,
) -> AsyncIterator[Running]:
    """Run a server, made of these parts, for the duration of the block.

    `origins` says where those settings come from that are not the defaults.

    Raises CannotStart.
    """
    _check_internals()
    parts = replace(parts, rules=rules_for(settings, parts.rules))
    store = await _open_store(settings, parts, progress)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        whole = await _assembled(stack, settings, store, parts, origins)
        tasks = [asyncio.create_task(keep_at(each, whole.measured.failed)) for each in whole.duties]
        stack.push_async_callback(upkeep.end, tasks)
        listeners: list[asyncio.Server] = []
        stack.push_async_callback(_drain, listeners, whole)
        listeners += await _listen(whole.runner, settings, tls.context if tls else None)
        gc.freeze()  # everything that exists by now stays, so the collector can ignore it
        ends = [whole.journal.running, *tasks]
        breaking = asyncio.create_task(asyncio.wait(ends, return_when=asyncio.FIRST_EXCEPTION))
        yield Running(_port_of(listeners[0]), whole.hub, whole.entrance, breaking)


async def _assembled(
    stack: AsyncExitStack,
    settings: Settings,
    store: Store,
    parts: Parts,
    origins: Mapping[str, str] | None,
) -> Assembled:
    """Build everything over the store; the stack takes it down, in reverse. Raises CannotStart."""
    measured, links = Metrics(), Links(max_polled=max_connections(settings))
    register, keys = Register(store, time.time, Roll(store)), keys_of(settings, store)
    filing = await _filing(stack, settings, store, lambda: hub)
    ends = Ends(store)
    fanout, journal, broker, news = delivering_of(
        settings, store, measured, parts, ends=ends, sweeper=filing.sweeper, hub=lambda: hub
    )
    stack.push_async_callback(fanout.close)
    outsiders = await _outsiders(settings, _identities(store, register, lambda: hub), store)
    sessions = Sessions(store, time.time, partial(_submit, journal), register.roll)
    checkers, refreshing = await _checkers(store, sessions, outsiders)
    door = _door(settings, parts, checkers, ends, register.roll, measured)
    portray = filing.portraits.make if filing.portraits.can_make else None
    hub = parts.hub(
        *(store, journal, fanout, door, _limits(settings)),
        rules=parts.rules,
        refused=measured.refused,
        portray=portray,
    )
    await ends.found_by(refreshing, hub.review)
    outcomes = hub.searching.outcomes, filing.thumbnails.outcomes
    measured.watch(journal, fanout, links, *outcomes, filing.figures)
    entrance = stack.enter_context(closing(_entrance(store, hub, register)))
    application = application_of(
        hub, entrance, links, measured, settings, routes_of(parts.resources), origins=origins
    )
    _equip(application, settings, outsiders.identities, entrance, keys, filing)
    tickets = Tickets(sessions, door.heed_ends, time.time)
    application[FILES_ORIGIN] = FilesOrigin(settings.files_origin, tickets)
    runner = runner_of(application, settings, measured)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    duties = (
        upkeep.heartbeats(links, measured),
        upkeep.expiry(hub),
        upkeep.revocations(ends),
        upkeep.clearing(hub, fanout, entrance),
        *_duties(settings, store, hub, measured),
        *upkeep.beside_others(fanout, store, has_broker=bool(settings.broker)),
        *(upkeep.brokering(broker, fanout) if settings.broker else ()),
        *news.duties(store),
        upkeep.notifying(notifier_of(settings, store, keys, hub, measured)),
        *outsiders.duties,
    )
    return Assembled(hub, entrance, journal, links, application, runner, measured, duties)


def _door(
    settings: Settings,
    parts: Parts,
    checkers: tuple[Checker, ...],
    ends: Ends,
    looks: Roll,
    measured: Metrics,
) -> Door:
    """Return the door. Its failures are counted as those of the duty `expiry`, which has it review visits."""
    return parts.door(
        checkers,
        ends=ends,
        has_guests=settings.has_guests,
        looks=looks,
        failed=partial(measured.failed, "expiry"),
        now=time.time,
        clock=time.monotonic,
    )


async def _checkers(
    store: Store, sessions: Sessions, outsiders: Outsiders
) -> tuple[tuple[Checker, ...], tuple[Refresh, ...]]:
    """Return what checks credentials at the door, and what must look up again whom it lets in."""
    tokens = Tokens()
    own = sessions.refresh, partial(tokens.refresh, store)
    await store.count_ends()
    await asyncio.gather(*(refresh() for refresh in own))
    return (tokens, sessions, *outsiders.checkers), (*own, *outsiders.refreshing)


def _duties(settings: Settings, store: Store, hub: Hub, measured: Metrics) -> Iterator[Duty]:
    """Yield what keeps the logs."""
    commit = partial(hub.writing.commit, policy=Policy.UNLIMITED)
    yield upkeep.scrubbing(store)
    for reactor in reactors_for(settings, store, commit):
        yield upkeep.reacting(reactor, store, measured.failed)
    yield upkeep.forgetting(store, commit)
    yield upkeep.removing(store, commit)
    yield from upkeep.posting(store, commit)


def _identities(store: Store, register: Register, hub: Callable[[], Hub]) -> Identities:
    """Return what knows users of other servers. It needs the hub only once somebody comes: the door is made before the hub."""

    def submit(principal: Principal, change: Change) -> Awaitable[Answer]:
        return hub().writing.commit(principal, change)

    return Identities(store, register, submit)


async def _outsiders(settings: Settings, identities: Identities, store: Store) -> Outsiders:
    """Return what lets users of other servers in. Raises CannotStart."""
    try:
        return await jwts_of(settings, store, identities, time.time)
    except CannotTrust as error:
        raise CannotStart(str(error)) from error


def _equip(
    application: web.Application,
    settings: Settings,
    identities: Identities,
    entrance: Entrance,
    keys: Keys,
    filing: Filing,
) -> None:
    """Let people sign in at the provider that the settings name, have devices notified, and upload files. Raises CannotStart."""
    application[subscriptions.KEYS] = keys
    filing.equip(application)
    is_secure = settings.public_url.lower().startswith("https:")
    application[SIGN_INS] = Cookies(cookies.SIGN_IN, is_public_secure=is_secure)
    application[oidc.PUBLIC_URL] = settings.public_url.rstrip("/")
    try:
        sign_in = sign_in_of(settings, identities, entrance, time.time, time.monotonic)
    except CannotTrust as error:
        raise CannotStart(str(error)) from error
    if sign_in is not None:
        application[oidc.SIGN_IN] = sign_in


def _submit(journal: Journal, principal: Principal, change: Change) -> None:
    """Submit a change of the server's own, whose outcome is seen in the log."""
    journal.submit(Proposal(principal, change), lambda _: None)


def _check_internals() -> None:
    """Raise CannotStart if a library no longer has the internals that are used."""
    try:
        aiohttp_internals.check()
    except aiohttp_internals.ChangedInternals as error:
        raise CannotStart(str(error)) from error


async def _open_store(settings: Settings, parts: Parts, progress: Progress) -> Store:
    """Open the store that the settings name. Raises CannotStart."""
    where = settings.store, settings.data, settings.durability
    new_epoch = partial(secrets.token_hex, 8)
    try:
        kind = parts.kind_of(settings.store)
        store = await kind.open(*where, new_epoch, parts.rules, progress)
        await store.beat()
        return store
    except (StoreFailed, LogsReplaced, OSError) as error:
        raise CannotStart(str(error)) from error


async def _filing(
    stack: AsyncExitStack, settings: Settings, store: Store, hub: Callable[[], Hub]
) -> Filing:
    """Open the files that the settings name. It needs the hub only once somebody comes. Raises CannotStart."""
    opening = filing_of(settings, store, submitting(hub), lambda: hub().rights)
    try:
        return await stack.enter_async_context(opening)
    except FilesFailed as error:
        raise CannotStart(f"{error}; choose another directory with --files-dir") from error


async def _listen(
    runner: BoundedRunner, settings: Settings, tls: ssl.SSLContext | None
) -> list[asyncio.Server]:
    """Listen on every address of the host and, for a worker, on its own port. Raises CannotStart."""
    try:
        sockets = bound(settings.host, settings.port, is_shared=settings.workers > 1)
    except CannotListen as error:
        raise CannotStart(f"{error}; choose another port with --port") from error
    try:
        if settings.worker_port:
            sockets += bound(LOOPBACK, settings.worker_port)
    except CannotListen as error:
        close(sockets)
        raise CannotStart(
            f"{error}, the own port of a worker; choose other ports with --worker-port"
        ) from error
    try:
        return [await runner.listen(each, tls) for each in sockets]
    except OSError as error:  # another program has just taken it
        raise CannotStart(f"Can't listen on port {port_of(sockets)}: {error}") from error


def _port_of(listener: asyncio.Server) -> int:
    port: int = listener.sockets[0].getsockname()[1]
    return port


def _limits(settings: Settings) -> Limits:
    return Limits(
        settings.max_message_bytes,
        settings.message_rate,
        bytes_per_s=settings.bytes_per_s,
        indexed=indexed_by(settings),
    )


def _entrance(store: Store, hub: Hub, register: Register) -> Entrance:
    attempts = Attempts(time.monotonic)
    return Entrance(store, hub.writing.commit, Passwords(), attempts, time.time, register)


async def _drain(listeners: list[asyncio.Server], whole: Assembled) -> None:
    """Answer pending commands, tell all clients when to reconnect, and close their connections."""
    for listener in listeners:
        listener.close()
    try:
        await asyncio.wait_for(whole.hub.stop(), STOP_TIMEOUT)
    except TimeoutError:
        log.error("The database did not finish within %.0f seconds", STOP_TIMEOUT)

    def notice(clients: int) -> Closing:
        delay = 0.1 + random.random() * clients / RETURNS_PER_SECOND
        return Closing("restarting", round(delay, 2))

    for door in (whole.application[socketio.SOCKET_IO], *whole.application[sockjs.SOCK_JS]):
        door.let_polls_go()
    await whole.links.stop(notice, LINKS_TIMEOUT)
