"""What a restore learns from the data that it replaces: whose rights were taken since the backup."""

from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.people.accounts import HANDLES
from hubbub.domain.aspects.people.audit import AUDIT_ADDRESS, AUDIT_HEAD, AuditAddress
from hubbub.domain.aspects.people.preferences import PREFERENCES
from hubbub.domain.aspects.people.removal import REMOVALS
from hubbub.domain.aspects.people.sessions import SESSIONS
from hubbub.domain.facts import ANSWERED
from hubbub.domain.records import AnyTable
from hubbub.domain.tables.rooms import ROOM, MadeRoom
from hubbub.domain.threads import THREAD
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.file import FILE_NAME
from hubbub.server.stores.tables import MessageState
from hubbub.server.stores.tokens import TOKENS
from tests.integration.test_copying import hubbub_command
from tests.support.commands import Ran
from tests.support.images import png
from tests.support.postgres import Postgres
from tests.support.site import PASSWORD, Site, Someone, chosen, site, site_again

SECRET = "geheim"
SAY_NOTHING = {ANSWERED, HANDLES, AUDIT_HEAD, AUDIT_ADDRESS, PREFERENCES, REMOVALS}  # of rights
TAKING = [
    table for table in (*RULES.tables, TOKENS) if not table.trimmed_by and table not in SAY_NOTHING
]


DESCRIBING = {  # of a made room
    *("room", "title", "topic", "alias", "avatar", "made_at", "made_by", "people"),
}


class Where(NamedTuple):
    """Where a server's data is, and the file for its backup."""

    data: Path
    file: Path
    store: str
    address: str  # as one end of a copy

    async def run(self, *words: str | Path) -> Ran:
        """Run a command about this data."""
        return await hubbub_command(*words, "--data", self.data, store=self.store)

    async def back_up(self) -> None:
        """Write the file."""
        ran = await self.run("backup", self.file)
        assert ran.code == 0, ran.err

    async def restore(self) -> Ran:
        """Replace the data with the file."""
        ran = await self.run("restore", self.file)
        assert ran.code == 0, ran.err
        return ran


@pytest.fixture(params=["sqlite", "postgres"])
async def where(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> Where:
    data = tmp_path / "data"
    store = await postgres.fresh() if request.param == "postgres" else "sqlite"
    address = store if request.param == "postgres" else f"sqlite:{data}"
    return Where(data, tmp_path / "monday.db", store, address)


@pytest.fixture
async def another(where: Where, postgres: Postgres, tmp_path: Path) -> Where:
    """Another server's data, to be replaced with the same file."""
    data = tmp_path / "another"
    store = await postgres.fresh() if where.store != "sqlite" else "sqlite"
    return Where(data, where.file, store, store if store != "sqlite" else f"sqlite:{data}")


async def rows(address: str) -> dict[AnyTable, list[Any]]:
    """All rows that say who has which right, except for sessions."""
    async with await kind_of(address).open_tables(address, is_source=True) as tables:
        found = {table: sorted(await tables.records(table), key=repr) for table in TAKING}
        found[THREAD] = [row._replace(seq=0) for row in await tables.records(THREAD)]
    found[SESSIONS] = [row for row in found[SESSIONS] if row.kind != "session"]
    return found


def changed(before: list[Any], after: list[Any]) -> set[str]:
    """The fields in which rows with the same keys differ."""
    then = {row[0]: row for row in before}
    pairs = [(then[row[0]], row) for row in after if row[0] in then]
    return {
        name
        for old, new in pairs
        for name in new._fields
        if getattr(old, name) != getattr(new, name)
    }


class Before:
    """People and rooms that were there before the backup."""

    def __init__(self, here: Site) -> None:
        self.here = here
        self.people: dict[str, Someone] = {}
        self.rooms: dict[str, str] = {}
        self.made: dict[str, Any] = {}

    def key(self, who: str) -> str:
        """The key of someone's account."""
        return self.people[who].account

    async def begin(self) -> None:
        """Give everyone their rights."""
        ada = self.here.ada
        for name, role in (("grace", "moderator"), ("mary", "member"), ("dave", "admin")):
            invite = await ask(ada, "POST", "/invites", {"role": role})
            given = {"token": invite["token"]} | chosen(name)
            self.people[name] = await self.here.stranger.enter("/accept", **given)
        await ask(ada, "PUT", f"/people/{self.key('dave')}/role", {"role": "owner"})
        rooms: dict[str, dict[str, Any]] = {
            "closed": {"kind": "closed", "who": ["grace", "mary", "dave"]} | {"keep_days": 30},
            "open": {"kind": "open", "who": ["mary"]},
            "read": {"kind": "open", "public": "post"},
            "no more": {"kind": "open", "public": "read"},
            "old": {"kind": "open"},
            "quiet": {"kind": "open"},
        }
        for name, settings in rooms.items():
            made = await ask(ada, "POST", "/rooms", {"title": name} | settings)
            self.rooms[name] = made["made"]
        for name, who in (("two", ["mary"]), ("three", ["mary", "ada"])):
            direct = {"kind": "direct", "who": who}
            made = await ask(self.people["grace"], "POST", "/rooms", direct)
            self.rooms[name] = made["made"]
        await ask(ada, "PUT", f"/rooms/{self.rooms['closed']}/members/dave", {"role": "host"})
        root = await ask(ada, "POST", f"/rooms/{self.rooms['closed']}/messages", {"text": "x"})
        self.rooms["thread"] = f"{self.rooms['closed']}:{root['seq']}"
        await ask(ada, "PATCH", f"/rooms/{self.rooms['thread']}", {"title": "x"})
        self.made["token"] = await ask(
            ada, "POST", "/me/tokens", {"name": "ci", "scopes": ["read"]}
        )
        self.made["invites"] = [await ask(ada, "POST", "/invites", {"uses": 2}) for _ in range(2)]
        for name in ("parrot", "shrug"):
            await self.put_emoji(name, png())
        self.made["reset"] = await ask(ada, "POST", f"/people/{self.key('mary')}/reset")

    async def put_emoji(self, name: str, image: bytes) -> None:
        """Add an emoji."""
        headers = {"Authorization": f"Bearer {self.here.ada.token}", "Content-Type": "image/png"}
        async with aiohttp.ClientSession() as http:
            url = f"{self.here.ada.url}/api/v1/emoji/{name}"
            async with http.put(url, data=image, headers=headers) as answer:
                assert answer.status == 200, await answer.text()

    async def take(self) -> None:
        """Take rights of every kind, and give none. Remove an emoji, whose image nobody may see again."""
        await ask(self.here.ada, "DELETE", "/emoji/parrot")
        ada, closed = self.here.ada, f"/rooms/{self.rooms['closed']}"
        await ask(ada, "PUT", f"/people/{self.key('dave')}/role", {"role": "member"})
        await ask(ada, "PUT", f"/people/{self.key('grace')}/role", {"role": "member"})
        changed = {"was": PASSWORD, "password": "another-lamp-43"}
        await ask(self.people["grace"], "POST", "/me/password", changed)
        await ask(self.people["mary"], "PUT", f"/me/blocks/{self.key('grace')}")
        await ask(self.people["mary"], "POST", f"/rooms/{self.rooms['three']}/leave")
        await ask(ada, "PUT", f"{closed}/members/dave", {"role": "member"})
        await ask(ada, "DELETE", f"{closed}/members/grace")
        await ask(ada, "PUT", f"{closed}/mutes/dave", {"seconds": 100_000})
        await ask(ada, "PUT", f"{closed}/bans/mary", {})
        for name, new in (
            ("open", {"kind": "closed"}),
            ("read", {"public": "read"}),
            ("no more", {"public": "none"}),
            ("quiet", {"posters": "hosts"}),
            *(("quiet", {f"members_may_{do}": False}) for do in ("invite", "edit", "name_all")),
            *(("closed", less) for less in ({"slow": 30}, {"keep_days": 7}, {"receipts": False})),
            *(("quiet", less) for less in ({"slow": 30}, {"keep_days": 30}, {"titles": True})),
        ):
            await ask(ada, "PATCH", f"/rooms/{self.rooms[name]}", new)
        await ask(ada, "POST", f"/rooms/{self.rooms['old']}/archive")
        await ask(ada, "POST", f"/rooms/{self.rooms['thread']}/end")
        reset = {"token": self.made["reset"]["token"], "password": "third-lamp-44"}
        await ask(self.here.stranger, "POST", "/reset", reset)
        await ask(ada, "POST", f"/people/{self.key('mary')}/suspend")
        await ask(ada, "DELETE", f"/me/tokens/{self.made['token']['id']}")
        revoked, used = self.made["invites"]
        await ask(ada, "DELETE", f"/invites/{revoked['invite']}")
        newcomer = await self.here.stranger.enter("/accept", token=used["token"], **chosen("new"))
        self.people["new"] = newcomer


async def live(rita: Someone, room: str) -> None:
    """Leave the secret wherever somebody can."""
    await ask(rita, "PATCH", "/me", {"handle": SECRET, "name": SECRET})
    await ask(rita, "PATCH", "/me", {"status_text": SECRET})
    await ask(rita, "PUT", f"/me/preferences/{SECRET}", {"value": SECRET})
    for where in (room, "lobby"):
        posted = await ask(rita, "POST", f"/rooms/{where}/messages", {"text": SECRET})
        message = f"/rooms/{where}/messages/{posted['seq']}"
        await ask(rita, "PATCH", message, {"text": f"{SECRET}!"})
        await ask(rita, "PUT", f"{message}/reactions/{SECRET}")
        await ask(rita, "PUT", f"/me/drafts/{where}", {"text": SECRET})
        await ask(rita, "PUT", f"/me/saved/{where}/{posted['seq']}", {"note": SECRET})
        if where == room:
            await ask(rita, "POST", f"/rooms/{room}:{posted['seq']}/messages", {"text": SECRET})
            await ask(rita, "PATCH", f"/rooms/{room}:{posted['seq']}", {"title": SECRET})
    await ask(rita, "POST", "/me/tokens", {"name": SECRET, "scopes": ["read"]})


async def everything(address: str) -> list[Any]:
    """All that is kept: the rows of each table, and what each log says."""
    async with await kind_of(address).open_tables(address, is_source=True) as tables:
        found: list[Any] = [
            row for table in (*RULES.tables, TOKENS) for row in await tables.records(table)
        ]
        for room in await tables.rooms():
            found += await tables.messages(room.name, 0, room.head)
            found += await tables.changes(room.name, 0, room.head)
    return found


async def test_whoever_was_removed_since_the_backup_is_nowhere_after_a_restore(
    where: Where,
) -> None:
    async with site(where.data, store=where.store) as here:
        invite = await ask(here.ada, "POST", "/invites", {})
        rita = await here.stranger.enter("/accept", token=invite["token"], **chosen("rita"))
        made = await ask(
            here.ada, "POST", "/rooms", {"kind": "closed", "title": "x", "who": ["rita"]}
        )
        await live(rita, made["made"])
        await where.back_up()
        removed = await where.run("user", "remove", SECRET, "--messages", "--yes")
        assert removed.code == 0 and f"Removed: {rita.account}" in removed.err, removed
    kept = await everything(where.address)
    assert [row for row in kept if SECRET in repr(row)] == []
    await where.restore()
    there = await everything(where.address)
    assert [row for row in there if SECRET in repr(row)] == []
    assert {row for row in there if isinstance(row, AuditAddress)} <= {*kept}
    if where.store == "sqlite":
        assert SECRET.encode() not in (where.data / FILE_NAME).read_bytes()
    async with site_again(where.data, store=where.store) as again:  # which does the rest
        ada = await again.log_in("ada")
        assert (await ada.ask("POST", "/people", {"handle": SECRET, "name": "x"})).status == 409
        members = await ask(ada, "GET", f"/rooms/{made['made']}/members")
        assert [each["handle"] for each in members["members"]] == ["ada"]


async def trim(where: Where, room: str) -> None:
    """Keep nothing of what was said in a room so far."""
    store = await kind_of(where.store).open_beside(where.store, where.data, RULES)
    try:
        await store.trim(room, (await store.head(room)).seq)
    finally:
        await store.close()


async def test_what_was_deleted_and_then_trimmed_since_the_backup_is_nowhere_after_restores(
    where: Where, another: Where
) -> None:
    async with site(where.data, store=where.store) as here:
        made = await ask(here.ada, "POST", "/rooms", {"kind": "closed", "title": "x"})
        rooms = ("lobby", made["made"])
        paths = [f"/rooms/{room}/messages" for room in rooms]
        posted = [await ask(here.ada, "POST", path, {"text": SECRET}) for path in paths]
        said = [f"{path}/{each['seq']}" for path, each in zip(paths, posted, strict=True)]
        for path in said:
            await ask(here.ada, "PUT", f"{path}/reactions/{SECRET}")
        await where.back_up()
        for path in said:
            await ask(here.ada, "DELETE", path)
        await ask(here.ada, "POST", paths[0], {"text": "young"})
    for room in rooms:
        await trim(where, room)
    for _ in range(2):  # the second time over what was restored
        await where.restore()
        there = await everything(where.address)
        assert [row for row in there if SECRET in repr(row)] == []
    async with site_again(where.data, store=where.store) as again:
        ada = await again.log_in("ada")
        for path in paths:
            await ask(ada, "POST", path, {"text": "new"})
    there = await everything(where.address)
    assert [row.nth for row in there if isinstance(row, MessageState)] == [2, 2]
    async with site(another.data, store=another.store) as elsewhere:
        for _ in range(5):
            await ask(elsewhere.ada, "POST", paths[0], {"text": "other people's"})
    await trim(another, "lobby")
    await another.restore()
    assert [row for row in await everything(another.address) if SECRET in repr(row)]


async def ask(by: Someone, method: str, path: str, body: Any = None) -> Any:
    """Ask for something that is allowed."""
    answer = await by.ask(method, path, body)
    assert answer.status < 300, (path, answer)
    return answer.body


async def test_a_restore_takes_again_what_was_taken_since_the_backup(
    where: Where,
) -> None:
    async with site(where.data, store=where.store) as here:
        team = Before(here)
        await team.begin()
        for name in ("old", "new"):
            await where.run("token", "create", "--name", name)
        await where.back_up()
        given = await rows(where.address)
        await team.take()
        await where.run("token", "revoke", "old")
        newcomer = team.people["new"].account
    taken = await rows(where.address)
    assert changed(given[ROOM], taken[ROOM]) == {*MadeRoom._fields} - DESCRIBING
    assert "taken away again" in (await where.restore()).err
    there = await rows(where.address)
    for table, found in taken.items():
        assert there[table] == [row for row in found if newcomer not in row], table


async def test_a_restore_over_nothing_says_what_may_be_back(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "monday.db"
    async with site(data):
        assert (await hubbub_command("backup", file, "--data", data)).code == 0
    restored = await hubbub_command("restore", file, "--data", tmp_path / "new")
    assert restored.code == 0 and "check `hubbub user list`" in restored.err
    assert (tmp_path / "new" / FILE_NAME).exists()
