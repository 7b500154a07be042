"""Removing accounts: what was theirs is nowhere in a store, whatever keeps it, and the rest stays as it was."""

import asyncio
from typing import Any

import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.people.accounts import (
    HANDLES,
    OPERATOR,
    OWNERS,
    ChangePerson,
    ChangeRole,
    ResumePerson,
)
from hubbub.domain.aspects.people.audit import AUDIT_ADDRESS, Note
from hubbub.domain.aspects.people.invites import INVITES
from hubbub.domain.aspects.people.passwords import MakeReset
from hubbub.domain.aspects.people.removal import BEGUN, DONE, REMOVALS, FinishRemoval
from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.domain.tables.accounts import ACCOUNT, account_row
from hubbub.domain.tables.rooms import MEMBER, PLACE, RESTRAINT
from hubbub.domain.view import RoomView
from hubbub.events import Erased, PersonRemoved, Reference
from hubbub.protocol.commands.conversation import KeepDraft, Pin, Save
from hubbub.protocol.commands.preferences import BlockPerson, Prefer
from hubbub.protocol.commands.rooms import ChangeRoom, Create
from hubbub.protocol.keys import AUDIT, DIRECTORY, thread_key
from hubbub.protocol.messages import Change, Edit, Post, React, Unreact
from hubbub.server.people import removing
from hubbub.server.people.removing import finish_all, removal_of
from hubbub.server.stores.base import Store
from hubbub.server.stores.postgres.store import PostgresStore
from tests.contracts.test_erasing import holds_secret
from tests.support.everything import everything
from tests.support.fakes import account
from tests.support.postgres import Postgres
from tests.support.stores import commit
from tests.support.team import Team, adding, inviting, logging_in

SECRET = "geheim"
DAVE = account("dave").id
ROOM = "@r00000000000a"
BOT = account("beep").id


@pytest.fixture
async def team(store: Store) -> Team:
    team = Team(store)
    await team.begin()
    return team


async def remove(team: Team, by: str | Principal, whom: str, *, erases: bool = False) -> str | None:
    """Remove an account; return the code of the refusal."""
    change = await removal_of(team.store, account(whom).id, erases_messages=erases)
    return await team.code(by, change)


async def finish(team: Team) -> None:
    async def submit(principal: Principal, change: Change) -> Answer:
        return await team.do(principal, change)

    await finish_all(team.store, submit)


async def live(team: Team) -> None:
    """Let dave do everything that leaves something behind."""
    changes: list[tuple[str, Change]] = [
        ("dave", ChangePerson(account=DAVE, handle="geheim-2", name=f"Dave {SECRET}")),
        ("dave", ChangePerson(account=DAVE, handle=SECRET, status_text=SECRET)),
        ("dave", ChangePerson(account=DAVE, time_zone="Asia/Tokyo", avatar=SECRET)),
        ("dave", logging_in("dave", "1", name=SECRET, address=f"{SECRET}.example")),
        ("dave", Prefer(room=DAVE, name=SECRET, value=SECRET)),
        ("dave", Prefer(room=DAVE, name="keywords", value=[SECRET])),
        ("dave", BlockPerson(room=DAVE, who=account("sam").id)),
        ("ada", MakeReset(room=DAVE, digest=SECRET, until=2e9, address=f"{SECRET}.example")),
        ("dave", Post(room=ROOM, text=SECRET, mentions={"ada": account("ada").id})),
        ("ada", Post(room=ROOM, text="stays", mentions={"dave": DAVE})),
        ("dave", Post(room="lobby", text=f"{SECRET} 1", client_message_id="k")),
        ("ada", Post(room="lobby", text="stays too")),
    ]
    create = Create(room=DAVE, kind="closed", who=(account("ada").id,), key=ROOM)
    await commit(team.store, create, by=account("dave"))
    for by, change in changes:
        assert await team.code(by, change) is None, change
    said: dict[str, Any] = {"room": ROOM, "seq": await last_post(team, ROOM, DAVE)}
    others: dict[str, Any] = {"room": ROOM, "seq": await last_post(team, ROOM, account("ada").id)}
    changes = [
        ("dave", Edit(**said, text=f"{SECRET}!")),
        ("ada", React(**said, emoji="👍")),
        ("ada", Pin(**said)),
        ("ada", React(**others, emoji="👍")),
        ("dave", React(**others, emoji=SECRET)),
        ("dave", React(**others, emoji="👍")),
        ("dave", Unreact(**others, emoji="👍")),
        ("dave", Save(room=DAVE, of=Reference(ROOM, others["seq"]), note=SECRET)),
        ("dave", KeepDraft(room=DAVE, where="lobby", text=SECRET)),
        ("dave", Post(room=thread_key(ROOM, others["seq"]), text=SECRET)),
        ("dave", ChangeRoom(room=thread_key(ROOM, said["seq"]), title=SECRET)),
    ]
    for by, change in changes:
        assert await team.code(by, change) is None, change


async def last_post(team: Team, room: str, by: str) -> int:
    messages = (await team.store.snapshot(room, 50)).page.messages
    return [message.seq for message in messages if message.by == by][-1]


async def nowhere(team: Team) -> None:
    """Nothing that was dave's is in any table, nor in a log."""
    for name, rows in (await everything(team.store)).items():
        assert not holds_secret(rows), (name, [row for row in rows if holds_secret(row)])
    for row in await team.store.rooms("", 99):
        first = (await team.store.head(row.room)).kept - 1
        assert not holds_secret(await team.bodies(row.room, first)), row.room


async def folds_to_its_snapshot(team: Team, room: str) -> None:
    view = RoomView()
    for event in await team.log(room):
        RULES.fold(view, event)
    stored = await team.store.snapshot(room, 50)
    assert list(view.messages.values()) == stored.page.messages
    assert tuple(view.pins) == stored.pins


async def test_whoever_is_removed_with_messages_is_nowhere(team: Team) -> None:
    await live(team)
    assert any(map(holds_secret, (await everything(team.store)).values()))
    assert await remove(team, "ada", "dave", erases=True) is None
    await finish(team)
    await nowhere(team)
    for room in (ROOM, "lobby"):
        await folds_to_its_snapshot(team, room)
        said = [m.text for m in (await team.store.snapshot(room, 50)).page.messages]
        assert set(said) == {None, "stays" if room == ROOM else "stays too"}
        assert [type(e) for e in await team.log(room)].count(Erased) == 1
    (answered,) = [m for m in (await team.store.snapshot(ROOM, 50)).page.messages if m.text]
    assert answered.reactions == {"👍": [account("ada").id]}
    assert (await team.store.snapshot(ROOM, 50)).pins == ()


async def test_what_was_written_stays_unless_it_is_asked_for(team: Team) -> None:
    await live(team)
    before = [(await team.store.snapshot(room, 50)).page.messages for room in (ROOM, "lobby")]
    assert await remove(team, "ada", "dave") is None
    await finish(team)
    assert before == [
        (await team.store.snapshot(room, 50)).page.messages for room in (ROOM, "lobby")
    ]
    kept = ("message", "change", "reaction", "thread", "logs", "views", "answered")
    for name, rows in (await everything(team.store)).items():
        assert name.startswith(kept) or not holds_secret(rows), name
    for log in (DIRECTORY, DAVE):
        first = (await team.store.head(log)).kept - 1
        assert not holds_secret(await team.bodies(log, first)), log


async def test_at_once_nobody_acts_as_the_account_and_the_rest_follows(team: Team) -> None:
    await live(team)
    assert await remove(team, "ada", "dave", erases=True) is None
    row = (await team.store.rows(ACCOUNT, *account_row(DAVE)))[0]
    assert (row.handle, row.status, row.role) == ("", "removed", "guest")
    for table in RULES.tables:
        if table.key[0].name == "account" and table is not PLACE:
            assert await team.store.rows(table, DAVE) == [], table
    assert await team.code("dave", Post(room=ROOM, text="hi")) == "unauthenticated"
    assert await team.code("ada", ResumePerson(account=DAVE)) == "not_found"
    assert await team.code("ada", ChangePerson(account=DAVE, name="Again")) == "not_found"
    assert await team.store.rows(PLACE, DAVE) != []
    head = await team.store.head(DAVE)
    assert head.kept == head.seq + 1
    await finish(team)
    assert await team.store.rows(PLACE, DAVE) == []
    assert DAVE not in {row.account for row in await team.store.rows(MEMBER)}
    assert await team.store.rows(RESTRAINT, ROOM) == []
    assert await team.store.rows(REMOVALS, AUDIT, BEGUN) == []
    assert [row.account for row in await team.store.rows(REMOVALS, AUDIT, DONE)] == [DAVE]
    assert await team.log(DAVE, (await team.store.head(DAVE)).kept - 1) == []
    assert (await team.audited())[-1] == "removal finished"


async def test_its_handles_are_nobodys_for_ever(team: Team) -> None:
    await live(team)
    assert await remove(team, "ada", "dave") is None
    team.now += 10 * 365 * 86_400
    for handle in ("dave", "geheim-2", SECRET):
        assert await team.code("ada", adding("eve", handle=handle)) == "name_taken"
        renamed = ChangePerson(account=account("sam").id, handle=handle)
        assert await team.code("sam", renamed) == "name_taken"
    assert await team.code("ada", adding("dave", handle="new")) == "conflict"
    assert not [row for row in await team.store.rows(HANDLES) if SECRET in row.handle]


async def test_a_user_of_another_server_does_not_come_back_by_a_new_account(team: Team) -> None:
    known = {"subject": f"user/i/{SECRET}", "mailbox": f"mail/{SECRET}"}
    eve = account("eve")
    assert await team.code(eve, adding("eve", **known)) is None
    assert await remove(team, "ada", "eve") is None
    assert not any(map(holds_secret, (await everything(team.store)).values()))
    for again in (known, {"subject": known["subject"]}):
        assert await team.code(account("back"), adding("back", **again)) == "forbidden"


@pytest.mark.parametrize(
    "by, whom, told",
    [
        *(("grace", "dave", None), ("grace", "grace", None), ("dave", "dave", None)),
        *(("grace", "ada", "forbidden"), ("mary", "dave", "forbidden")),
        *(
            ("dave", "sam", "forbidden"),
            ("ada", "ada", "forbidden"),
            ("ada", "nobody", "not_found"),
        ),
    ],
)
async def test_who_removes_whom(team: Team, by: str, whom: str, told: str | None) -> None:
    if whom == "nobody":
        whom = "zoe"
    assert await remove(team, by, whom) == told
    assert await team.code("ada", Note(action="export")) is None  # ada is there in any case


async def test_bots_and_invites_go_with_their_maker(team: Team) -> None:
    bot = adding("beep", kind="bot", role="member")
    assert await team.code("grace", bot) is None
    assert await team.code("grace", inviting("i")) is None
    assert await team.code("ada", inviting("j")) is None
    assert await remove(team, "ada", "grace") is None
    await finish(team)
    (row,) = await team.store.rows(ACCOUNT, *account_row(BOT))
    assert row.status == "removed"
    removed = [e.account for e in await team.log(DIRECTORY) if isinstance(e, PersonRemoved)]
    assert removed == [account("grace").id, BOT]
    assert {row.invite: row.is_revoked for row in await team.store.rows(INVITES)} == {
        "claim": False,
        "i": True,
        "j": False,
    }
    assert await team.store.rows(REMOVALS, AUDIT, BEGUN) == []


async def test_a_rename_in_between_is_noticed(team: Team) -> None:
    change = await removal_of(team.store, DAVE, erases_messages=False)
    assert await team.code("dave", ChangePerson(account=DAVE, handle="david")) is None
    assert await team.code("ada", change) == "conflict"
    assert await remove(team, "ada", "dave") is None


async def test_only_the_server_goes_on_with_a_removal(team: Team) -> None:
    assert await remove(team, "ada", "dave") is None
    assert await team.code("ada", FinishRemoval(account=DAVE)) == "forbidden"
    assert await team.code(OPERATOR, FinishRemoval(account=account("sam").id)) == "not_found"


async def test_what_is_much_goes_in_parts_and_a_killed_server_goes_on(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step the server dies after, the next one ends with the same, and each state in between is whole."""
    monkeypatch.setattr(removing, "EVENTS_AT_ONCE", 4)
    await live(team)
    for n in range(9):
        assert await team.code("dave", Post(room="lobby", text=f"{SECRET} {n}")) is None
    assert await remove(team, "ada", "dave", erases=True) is None
    steps = 0

    class KilledError(Exception):
        pass

    async def once(principal: Principal, change: Change) -> Any:
        nonlocal steps
        answer = await team.do(principal, change)
        for room in (ROOM, "lobby"):
            await folds_to_its_snapshot(team, room)
        if getattr(answer, "seq", None) is None:
            return answer
        steps += 1
        raise KilledError

    while True:
        try:
            await finish_all(team.store, once)
        except KilledError:
            continue
        break
    assert steps > 5
    await nowhere(team)
    assert [type(e) for e in await team.log("lobby")].count(Erased) == 3
    assert not await team.store.rows(AUDIT_ADDRESS)


async def test_of_two_owners_who_remove_each_other_on_two_nodes_one_stays(
    postgres: Postgres,
) -> None:
    url = await postgres.prepared()
    nodes = [Team(await PostgresStore.open(url, "normal", lambda: "e1")) for _ in range(2)]
    await nodes[0].begin()
    made = ChangeRole(account=account("grace").id, role="owner")
    assert await nodes[0].code("ada", made) is None
    codes = await asyncio.gather(remove(nodes[0], "ada", "grace"), remove(nodes[1], "grace", "ada"))
    assert sorted(codes, key=str) == [None, "forbidden"]
    assert len(await nodes[0].store.rows(OWNERS)) == 1
    for node in nodes:
        await node.store.close()
