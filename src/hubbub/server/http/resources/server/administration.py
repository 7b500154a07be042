"""What owners and admins see of a server: its rooms, its settings, its figures, who is connected, and its audit log."""

import os
import resource as machine
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from aiohttp import web

from hubbub import __version__
from hubbub.domain.access import Permission, RoomKind, account
from hubbub.domain.aspects.people.accounts import is_at_least
from hubbub.domain.aspects.people.sessions import CloseSession, CloseSessions
from hubbub.domain.principals import Principal, Scope
from hubbub.protocol.errors import RefusalError
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import ACCOUNT, OWN_ACCOUNT, REGISTER, account_of, session_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.requests import HUB
from hubbub.server.http.resources.accounts.me import SESSION
from hubbub.server.http.resources.accounts.people import PEOPLE
from hubbub.server.http.resources.rooms.rooms import AFTER, LIMIT, SettingsReply
from hubbub.server.http.resources.server.metrics import METRICS
from hubbub.server.people.places import Places
from hubbub.server.transports.requests import place_of

ADMIN = "/api/v1/admin"
ADMINISTER = Permission("administer this server", {RoomKind.OWN: account(Scope.MODERATE)})

resource = Resource()


class MadeRoomsReply(msgspec.Struct):
    """All rooms that people made except directs, by their keys. `more` tells whether there are others after the last one."""

    rooms: list[SettingsReply]
    more: bool


class SettingItem(msgspec.Struct):
    """A setting of the server: its value as TOML, and the flag, variable or file that it comes from; empty for the default."""

    name: str
    value: str
    origin: str


class ServerSettingsReply(msgspec.Struct):
    """All settings of a server. They change with its next start."""

    settings: list[SettingItem]


class DurationReply(msgspec.Struct):
    """How long something took so far: how often, in all, and how often at most so many seconds."""

    count: float
    seconds: float
    at_most: dict[str, float]


class FiguresReply(msgspec.Struct):
    """What is measured of this process, as of `at` in seconds since 1970. Counts grow from its start.

    `changes` were committed, in as many `commits`; `lag` is how late the loop ran timers. `workers` are processes that
    share the server's port: with several, these are the figures of one.
    """

    at: float
    version: str
    workers: int
    memory_bytes: int
    connections: dict[str, int]
    queued_bytes: int
    rooms_followed: int
    waiting_changes: int
    changes: int
    commits: DurationReply
    lag: DurationReply
    refusals: dict[str, int]


class DeviceItem(msgspec.Struct):
    """A session of somebody."""

    session: str
    device: str
    opened_at: str
    until: float


class DevicesReply(msgspec.Struct):
    """Where somebody is logged in, how many connections and requests they have now at this process, and what else they have."""

    account: str
    connections: int
    rooms: int
    tokens: int
    sessions: list[DeviceItem]


class AuditReply(msgspec.Struct):
    """Whether the chain of the audit log holds: how many entries are as they were written, and which one is not."""

    entries: int
    broken_at: int | None


PLACES = web.AppKey("places", Places)
SETTINGS = web.AppKey("settings", ServerSettingsReply)


async def admin_of(request: web.Request) -> Principal:
    """Return who asks. Raises RefusalError (`forbidden`) unless it is an owner or an admin."""
    principal = account_of(request, ADMINISTER)
    own = await request.app[REGISTER].account(principal.id)
    if not is_at_least(own.role, "admin"):
        raise RefusalError("forbidden", f"Not allowed to {ADMINISTER.label}")
    return principal


@resource.operation(
    HttpOperation(
        "GET",
        f"{ADMIN}/rooms",
        "listMadeRooms",
        needs=ADMINISTER,
        takes=(AFTER, LIMIT),
        answers=MadeRoomsReply,
    )
)
async def list_made_rooms(request: web.Request) -> MadeRoomsReply:
    """List all rooms that people made, open and closed, in pages. For owners and admins."""
    await admin_of(request)
    limit = LIMIT.of(request) or 100
    rows = await request.app[HUB].roster.made(AFTER.of(request) or "", limit + 1)
    return MadeRoomsReply([SettingsReply.of(row) for row in rows[:limit]], len(rows) > limit)


@resource.operation(
    HttpOperation(
        "GET",
        f"{ADMIN}/settings",
        "getServerSettings",
        needs=ADMINISTER,
        answers=ServerSettingsReply,
    )
)
async def get_server_settings(request: web.Request) -> ServerSettingsReply:
    """Get the settings of this server, and where each comes from. For owners and admins."""
    await admin_of(request)
    return request.app[SETTINGS]


@resource.operation(
    HttpOperation("GET", f"{ADMIN}/figures", "getFigures", needs=ADMINISTER, answers=FiguresReply)
)
async def get_figures(request: web.Request) -> FiguresReply:
    """Get what is measured: connections, commits, delays and memory. For owners and admins."""
    await admin_of(request)
    found = request.app[METRICS].samples()
    workers = next(each for each in request.app[SETTINGS].settings if each.name == "workers")
    return FiguresReply(
        at=time.time(),
        version=__version__,
        workers=int(workers.value),
        memory_bytes=_memory(),
        connections=_whole(found["hubbub_connections"]),
        queued_bytes=int(found["hubbub_queued_bytes"][""]),
        rooms_followed=int(found["hubbub_rooms_followed"][""]),
        waiting_changes=int(found["hubbub_waiting_changes"][""]),
        changes=int(found["hubbub_commit_changes_sum"][""]),
        commits=_duration(found, "hubbub_commit_seconds"),
        lag=_duration(found, "hubbub_loop_lag_seconds"),
        refusals=_whole(found.get("hubbub_refusals_total", {})),
    )


def _whole(counts: Mapping[str, float]) -> dict[str, int]:
    return {label: int(count) for label, count in counts.items()}


def _duration(found: Mapping[str, Mapping[str, float]], name: str) -> DurationReply:
    return DurationReply(
        found[f"{name}_count"][""], found[f"{name}_sum"][""], dict(found[f"{name}_bucket"])
    )


def _memory() -> int:
    """Return how many bytes of memory the process has now; where the system doesn't tell, how many it had at most."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        most = machine.getrusage(machine.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else 1024 * most


@resource.operation(
    HttpOperation(
        "GET",
        f"{ADMIN}/people/{{account}}/sessions",
        "listSessionsOf",
        needs=OWN_ACCOUNT,
        takes=(ACCOUNT,),
        answers=DevicesReply,
    )
)
async def list_sessions_of(request: web.Request) -> DevicesReply:
    """List where somebody is logged in. For owners, and for admins about anyone up to moderator."""
    principal, _ = session_of(request)
    key = ACCOUNT.of(request)
    await _require_to_manage(request, principal, key)
    rows = await request.app[REGISTER].sessions(key)
    items = [DeviceItem(row.session, row.name, row.opened_at, row.until or 0) for row in rows]
    has = await request.app[REGISTER].belongings(key)
    connections = request.app[PLACES].taken_by(key)
    return DevicesReply(key, connections, has.rooms, has.tokens, items)


async def _require_to_manage(request: web.Request, principal: Principal, key: str) -> None:
    own = await request.app[REGISTER].account(principal.id)
    if not is_at_least(own.role, "admin"):
        raise RefusalError("forbidden", "Not allowed to list the sessions of this account")
    other = await request.app[REGISTER].account(key)
    if own.role != "owner" and is_at_least(other.role, "admin"):
        raise RefusalError("forbidden", "Not allowed to list the sessions of this account")


@resource.operation(
    HttpOperation(
        "DELETE",
        f"{PEOPLE}/{{account}}/sessions",
        "endSessionsOf",
        needs=OWN_ACCOUNT,
        takes=(ACCOUNT, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def end_sessions_of(request: web.Request) -> ChangeReply | web.Response:
    """Log somebody out everywhere: owners anyone, admins anyone up to moderator."""
    principal, _ = session_of(request)
    change = CloseSessions(room=ACCOUNT.of(request), address=place_of(request).address)
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation(
        "DELETE",
        f"{PEOPLE}/{{account}}/sessions/{{session}}",
        "endSessionOf",
        needs=OWN_ACCOUNT,
        takes=(ACCOUNT, SESSION, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def end_session_of(request: web.Request) -> ChangeReply | web.Response:
    """End one session of somebody: owners anyone's, admins those of anyone up to moderator."""
    principal, _ = session_of(request)
    change = CloseSession(
        room=ACCOUNT.of(request),
        session=SESSION.of(request),
        address=place_of(request).address,
    )
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation("GET", f"{ADMIN}/audit", "verifyAudit", needs=ADMINISTER, answers=AuditReply)
)
async def verify_audit(request: web.Request) -> AuditReply:
    """Follow the chain of the audit log, as `hubbub verify` does. For owners and admins."""
    await admin_of(request)
    entries, broken_at = await request.app[REGISTER].check_audit()
    return AuditReply(entries, broken_at)
