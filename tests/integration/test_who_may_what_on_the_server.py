"""Who may do what on a server, outside of rooms: every route, by everyone, about everyone.

Rooms' routes are tried in `test_who_may_what`, ways in in `test_ways_in`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from hubbub.domain.aspects.people.accounts import RANKS
from hubbub.protocol.commands import preferences
from hubbub.server.http.operations import HttpOperation, operations_of
from hubbub.server.http.routes import ROUTES
from tests.integration.test_emoji import listed
from tests.integration.test_ways_in import OPERATIONS as WAYS_IN
from tests.integration.test_who_may_what import IN_ROOMS, SHOWN_IN_ROOMS
from tests.support.devices import AUTH, P256DH
from tests.support.images import GIF
from tests.support.paths import filled
from tests.support.site import PASSWORD, Site, Someone, site

VISITOR = "visitor"  # who has no account
EVERYONE = (VISITOR, *RANKS)
FORBIDDEN, NOT_FOUND = "forbidden", "not_found"
TRIED_ELSEWHERE = IN_ROOMS.keys() | WAYS_IN.keys()
SERVER: dict[str, HttpOperation[Any]] = {
    each.name: each for each in operations_of(ROUTES) if each.name not in TRIED_ELSEWHERE
}

Verdict = Callable[[str, str], str | None]  # how someone is refused what concerns another, by role


class Row(NamedTuple):
    """Who may ask for something, and what is asked for."""

    verdict: Verdict
    body: Any = None
    parts: Mapping[str, Any] = MappingProxyType({})  # of the address, besides whose it is


def at_least(role: str, *, visitors: str = "unauthenticated") -> Verdict:
    """Those with this role or a higher one."""

    def verdict(by: str, _: str) -> str | None:
        if by == VISITOR:
            return visitors
        return None if RANKS.index(by) >= RANKS.index(role) else FORBIDDEN

    return verdict


def everyone(by: str, _: str) -> None:
    """Visitors, too."""


def managers(by: str, of: str) -> str | None:
    """Owners, about all; admins, about those up to moderator."""
    if by == VISITOR:
        return "unauthenticated"
    return None if by == "owner" or (by == "admin" and of not in ("admin", "owner")) else FORBIDDEN


def nobody(by: str, _: str) -> str:
    """What is another's alone, whoever asks."""
    return "unauthenticated" if by == VISITOR else FORBIDDEN


def not_found(by: str, _: str) -> str:
    """What is another's alone, and to everyone else as if it weren't there."""
    return "unauthenticated" if by == VISITOR else NOT_FOUND


def hidden(_: str, __: str) -> str:
    """What nobody may read here, be it there or not: it is shown in rooms, and tried there."""
    return NOT_FOUND


def accounts_by_tus(by: str, _: str) -> str:
    """Accounts, which must then say which version of tus they speak."""
    return "unauthenticated" if by == VISITOR else "unsupported_version"


def managers_find_none(by: str, of: str) -> str:
    """What `managers` may do with something that isn't there."""
    return managers(by, of) or NOT_FOUND


def admins_find_none(by: str, of: str) -> str:
    """What only admins may ask for, and which isn't there."""
    return at_least("admin")(by, of) or NOT_FOUND


def admins_find_it(by: str, _: str) -> str | None:
    """Admins; to others, what somebody else made is as if it weren't there."""
    return NOT_FOUND if at_least("admin")(by, "") == FORBIDDEN else at_least("admin")(by, "")


def unless_guest(by: str, of: str) -> str | None:
    """Members; guests know only of those whose rooms they share."""
    return NOT_FOUND if by == "guest" else at_least("guest")(by, of)


ACCOUNTS, MEMBERS, ADMINS = at_least("guest"), at_least("member"), at_least("admin")
TOKEN = {"name": "ci"}
MESSAGE = {"where": "lobby", "seq": 1}
SETTINGS: dict[str, Any] = {
    preferences.KEYWORDS: ["deploy"],
    preferences.QUIET: {"until": 1.0},
    preferences.RECEIPTS: False,
    preferences.HIDE_PRESENCE: True,
}
DEVICE = {"endpoint": "https://push.example/1", "p256dh": P256DH, "auth": AUTH}
ROWS: dict[str, list[Row]] = {
    "getMe": [Row(ACCOUNTS)],
    "changeMe": [Row(ACCOUNTS, {"status_text": "away"})],
    "changePassword": [Row(ACCOUNTS, {"password": PASSWORD, "was": PASSWORD})],
    "listSessions": [Row(ACCOUNTS)],
    "endSession": [Row(not_found)],
    "endOtherSessions": [Row(ACCOUNTS)],
    "listMyRooms": [Row(ACCOUNTS)],
    "listMyThreads": [Row(ACCOUNTS)],
    "listMissed": [Row(ACCOUNTS)],
    "listTokens": [Row(ACCOUNTS)],
    "makeToken": [Row(ACCOUNTS, TOKEN)],
    "revokeToken": [Row(not_found)],
    "exportMe": [Row(ACCOUNTS)],
    "listBlocks": [Row(ACCOUNTS)],
    "listPreferences": [Row(ACCOUNTS)],
    "prefer": [Row(ACCOUNTS, {"value": SETTINGS[name]}, {"name": name}) for name in SETTINGS],
    "getSubscription": [Row(ACCOUNTS)],
    "subscribe": [Row(ACCOUNTS, DEVICE)],
    "unsubscribe": [Row(ACCOUNTS)],
    "listSaved": [Row(ACCOUNTS)],
    "save": [Row(ACCOUNTS, {}, MESSAGE)],
    "unsave": [Row(ACCOUNTS, parts=MESSAGE)],
    "listDrafts": [Row(ACCOUNTS)],
    "draft": [Row(ACCOUNTS, {"text": "x"}, MESSAGE)],
    "dropDraft": [Row(ACCOUNTS, parts=MESSAGE)],
    "start": [Row(ACCOUNTS)],
    "listRooms": [Row(everyone)],
    "createRoom": [Row(MEMBERS, {"kind": kind, "title": "x"}) for kind in ("open", "closed")],
    "listDirectory": [Row(MEMBERS)],
    "listEmoji": [Row(everyone)],
    "getEmoji": [Row(everyone, parts={"name": "parrot"})],
    "addEmoji": [Row(ADMINS, GIF, {"name": "other"})],
    "removeEmoji": [Row(ADMINS, parts={"name": "other"})],
    "uploadFile": [Row(ACCOUNTS, b"x")],
    "getFile": [Row(hidden)],
    "getThumbnail": [Row(hidden, parts={"side": "360"})],
    "setAvatar": [Row(managers, {"file": ""})],
    "getAvatar": [Row(hidden)],
    "beginUpload": [Row(accounts_by_tus)],
    "continueUpload": [Row(accounts_by_tus)],
    "getUpload": [Row(not_found)],
    "dropUpload": [Row(not_found)],
    "listPeople": [Row(MEMBERS)],
    "addPerson": [Row(ADMINS, {"handle": "new", "name": "New"})],
    "makeInvite": [Row(ADMINS, {})],
    "listInvites": [Row(ACCOUNTS)],
    "revokeInvite": [Row(admins_find_it)],
    "getPresence": [Row(unless_guest)],
    "block": [Row(ACCOUNTS)],
    "unblock": [Row(ACCOUNTS)],
    "listTokensOfBot": [Row(nobody)],
    "makeTokenOfBot": [Row(nobody, TOKEN)],
    "revokeTokenOfBot": [Row(managers_find_none)],
    "listMadeRooms": [Row(ADMINS)],
    "getServerSettings": [Row(ADMINS)],
    "getFigures": [Row(ADMINS)],
    "verifyAudit": [Row(ADMINS)],
    "getMyFiles": [Row(ACCOUNTS)],
    "getFileUse": [Row(ADMINS)],
    "getLargestFiles": [Row(ADMINS)],
    "limitFiles": [Row(ADMINS, {"size": 1}, {"whose": whose}) for whose in ("file", "server")],
    "listConnections": [Row(ADMINS)],
    "endConnection": [Row(admins_find_none, parts={"connection": 1})],
    "listSessionsOf": [Row(managers)],
    "endSessionsOf": [Row(managers)],
    "endSessionOf": [Row(managers_find_none)],
    "changeRole": [Row(managers, {"role": "member"})],
    "makeReset": [Row(managers)],
    "suspend": [Row(managers)],
    "resume": [Row(managers)],
    "removePerson": [Row(managers, {})],
    "logOut": [Row(ACCOUNTS)],
    "removeMe": [Row(ACCOUNTS, {"password": PASSWORD})],
}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, guests="on") as made:
        yield made


async def added(here: Site, handle: str, role: str) -> Someone:
    """Somebody with a role, who is not logged in."""
    given = {"handle": handle, "name": handle, "role": role}
    answer = await here.ada.ask("POST", "/people", given)
    return Someone(here.ada._http, here.ada.url, account=answer.body["account"])


async def asker(here: Site, role: str) -> Someone:
    """Somebody with a role, who is logged in."""
    if role == VISITOR:
        return here.stranger
    link = await here.ada.ask("POST", f"/people/{(await added(here, 'by', role)).account}/reset")
    return await here.stranger.enter("/reset", token=link.body["token"], password=PASSWORD)


async def code(by: Someone, name: str, body: Any, parts: Mapping[str, Any]) -> str | None:
    """How a request is refused, or None."""
    operation = SERVER[name]
    url = by.url + filled(operation.path, **parts)
    headers = {"Authorization": f"Bearer {by.token}"} if by.token else {}
    given: dict[str, Any] = {"json": body}
    if isinstance(body, bytes):
        given = {"data": body}
        headers |= {"Content-Type": "image/gif"}
    async with by._http.request(operation.method, url, headers=headers, **given) as answer:
        if answer.status < 400:
            return None
        return str((await answer.json(content_type=None))["code"])


def test_each_route_and_each_setting_has_a_row() -> None:
    assert ROWS.keys() == SERVER.keys()
    assert SETTINGS.keys() == preferences.KNOWN.keys()
    in_rooms = {name for name, rows in ROWS.items() if rows[0].verdict is hidden}
    assert in_rooms == SHOWN_IN_ROOMS.keys()


@pytest.mark.parametrize("role", EVERYONE)
async def test_routes(here: Site, role: str) -> None:
    of_ada = await things(here)
    by, wrong = await asker(here, role), []
    for name, rows in ROWS.items():
        for row in rows:
            is_about_another = "account" in SERVER[name].path_names
            for of in RANKS if is_about_another else ("",):
                parts = of_ada | dict(row.parts)
                if is_about_another:
                    parts["account"] = (await added(here, f"{name}-{of}".lower(), of)).account
                got, want = await code(by, name, row.body, parts), row.verdict(role, of)
                if got != want:
                    wrong.append((name, of, got, want))
        if name == "logOut" and by.token:
            by = await here.stranger.log_in("by")
    assert not wrong, "\n".join(map(str, wrong))


async def uploaded(who: Someone) -> str:
    """The key of a file that is not posted."""
    url, headers = f"{who.url}/api/v1/files", {"Authorization": f"Bearer {who.token}"}
    async with who._http.post(url, data=b"x", headers=headers) as answer:
        return str((await answer.json())["file"])


async def things(here: Site) -> dict[str, Any]:
    """What there is by ada that an address may name."""
    await here.ada.ask("POST", "/rooms/lobby/messages", {"text": "x"})
    await code(here.ada, "addEmoji", GIF, {"name": "parrot"})
    return {
        "image": (await listed(here.ada))["parrot"]["image"],
        "session": (await here.ada.ask("GET", "/me/sessions")).body["sessions"][0]["session"],
        "id": (await here.ada.ask("POST", "/me/tokens", TOKEN)).body["id"],
        "file": await uploaded(here.ada),
        "invite": (await here.ada.ask("POST", "/invites", {})).body["invite"],
    }
