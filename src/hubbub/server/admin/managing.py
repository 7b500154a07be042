"""Accounts and invites, managed from the server's own machine, whether or not a server is running.

Acts as the operator: the ledger decides, and notes it in the audit log. Running servers notice within a second.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.people.accounts import (
    HANDLES,
    OPERATOR,
    ChangeRole,
    ResumePerson,
    SuspendPerson,
)
from hubbub.domain.aspects.people.audit import Note
from hubbub.domain.aspects.people.invites import AddPerson
from hubbub.domain.facts import Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.screening import screen_change
from hubbub.domain.tables.accounts import ACCOUNT, Account
from hubbub.domain.tables.rooms import ROOM, room_row
from hubbub.protocol.codec import encode
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.handles import handle_from
from hubbub.protocol.keys import DIRECTORY, RANDOM_BYTES, account_key, is_account_key, is_room_key
from hubbub.protocol.messages import Change
from hubbub.server.config import Settings
from hubbub.server.hub.names import Names
from hubbub.server.people.attempts import Attempts
from hubbub.server.people.entrance import Entrance
from hubbub.server.people.exporting import exported
from hubbub.server.people.passwords import Passwords, fault
from hubbub.server.people.register import Register
from hubbub.server.people.removing import count_written, finish_all, removal_of
from hubbub.server.people.roll import Roll
from hubbub.server.stores.base import LogsReplaced, Store, StoreFailed
from hubbub.server.stores.registry import kind_of

DAY = 86_400.0

T = TypeVar("T")

NO_ACCOUNTS = (
    "There are no accounts yet. `hubbub user add HANDLE --role owner` makes the first one,"
    " and so does the link that `hubbub serve` shows"
)


class CannotManage(Exception):
    """It can't be done. The message says why, and what to do."""


class Added(NamedTuple):
    """What the operator chose for an account. Without a password, its owner chooses one by a reset link."""

    handle: str
    name: str
    role: str
    password: str | None


def show(settings: Settings, *, as_json: bool) -> None:
    """Print the accounts, in the order of their handles. Raises CannotManage."""

    async def read(office: Office) -> list[Account]:
        rows = await office.store.rows(ACCOUNT, DIRECTORY)
        return [row for row in rows if row.status != "removed"]

    rows = sorted(in_office(settings, read), key=lambda row: row.handle)
    if not rows:
        print(NO_ACCOUNTS, file=sys.stderr)
    for row in rows:
        if as_json:
            fields = row._asdict()
            del fields["log"]
            print(json.dumps(fields, ensure_ascii=False))
        else:
            print(_described(row))


def add(settings: Settings, given: Added) -> None:
    """Make an account; without a password, print the token of a link with which to choose one. Raises CannotManage."""

    async def act(office: Office) -> tuple[Account, str | None]:
        account = account_key(secrets.token_bytes(RANDOM_BYTES))
        change = await office.adding(account, given)
        await office.do(change)
        row = await office.account(change.handle)
        return row, None if given.password is not None else await office.reset(row)

    row, link = in_office(settings, act)
    print(f"Added: {_described(row)}", file=sys.stderr)
    if link is not None:
        _tell_reset(settings, link)


def change_role(settings: Settings, who: str, role: str) -> None:
    """Give an account another role on this server. Raises CannotManage."""
    _change(settings, who, lambda account: ChangeRole(account=account, role=role))


def suspend(settings: Settings, who: str) -> None:
    """Keep an account from doing anything; its sessions end. Raises CannotManage."""
    _change(settings, who, lambda account: SuspendPerson(account=account))


def resume(settings: Settings, who: str) -> None:
    """Let a suspended account act again. Raises CannotManage."""
    _change(settings, who, lambda account: ResumePerson(account=account))


def what_goes(settings: Settings, who: str, *, erases_messages: bool) -> str:
    """Return what removing an account takes away, in numbers. Raises CannotManage."""

    async def read(office: Office) -> str:
        row = await office.account(who)
        rooms = len(await office.store.own_rooms(row.account))
        wrote = await count_written(office.store, row.account)
        said = f"{wrote:,} message{'s' * (wrote != 1)}"
        fate = "erased as well" if erases_messages else "kept, without its name"
        return (
            f"{row.handle} ({row.name}, {row.account}) is removed for good, with its password, settings, drafts and saved"
            f" messages. It leaves {rooms:,} room{'s' * (rooms != 1)}. Of what it wrote, {said} will be {fate}."
        )

    return in_office(settings, read)


def remove(settings: Settings, who: str, *, erases_messages: bool) -> None:
    """Remove an account, and what it leaves behind. Raises CannotManage."""

    async def act(office: Office) -> str:
        account = (await office.account(who)).account
        await office.do(await removal_of(office.store, account, erases_messages=erases_messages))
        await finish_all(office.store, office.submit)
        return account

    account = in_office(settings, act)
    print(f"Removed: {account}{', and what it wrote' * erases_messages}", file=sys.stderr)


def export(settings: Settings, who: str) -> None:
    """Print all that is kept about an account, as JSON Lines, and note that in the audit log. Raises CannotManage."""

    async def act(office: Office) -> None:
        account = (await office.account(who)).account
        await office.do(Note(action="account exported", about=account))
        async for line in exported(office.store, account):
            print(encode(line).decode())

    in_office(settings, act)


def reset(settings: Settings, who: str) -> None:
    """Print the token of a link with which an account gets another password. Raises CannotManage."""

    async def act(office: Office) -> str:
        return await office.reset(await office.account(who))

    _tell_reset(settings, in_office(settings, act))


def invite(
    settings: Settings, role: str, uses: int, days: float, rooms: Sequence[str] = ()
) -> None:
    """Make an invite, perhaps into rooms, and print its token. Raises CannotManage."""

    async def act(office: Office) -> str:
        given = OPERATOR, role, uses, days * DAY, None
        keys = [await office.room(room) for room in rooms]
        into = tuple(dict.fromkeys(keys))
        return (await office.entrance.invite(*given, is_open=False, rooms=into)).text

    token = in_office(settings, act)
    until = datetime.fromtimestamp(time.time() + days * DAY, UTC)
    accounts = "1 account" if uses == 1 else f"{uses} accounts"
    into = f", into {', '.join(rooms)}" if rooms else ""
    print(
        f"An invite for {accounts} with the role {role}{into}, until {until:%Y-%m-%dT%H:%M:%SZ}.\n"
        f"{_where(settings, 'i')}",
        file=sys.stderr,
    )
    print(token)


def _change(settings: Settings, who: str, change_of: Callable[[str], Change]) -> None:
    async def act(office: Office) -> Account:
        account = (await office.account(who)).account
        await office.do(change_of(account))
        return await office.account(account)

    print(_described(in_office(settings, act)), file=sys.stderr)


def _tell_reset(settings: Settings, token: str) -> None:
    print(
        "Whoever has this token can choose the account's password, once, within 24 hours.\n"
        f"{_where(settings, 'reset')}",
        file=sys.stderr,
    )
    print(token)


def _where(settings: Settings, page: str) -> str:
    """Say what link a token belongs in."""
    address = settings.public_url.rstrip("/") or "the server's address with "
    return f"Its link is {address}/{page}#, followed by this token, which can't be shown again:"


def _described(row: Account) -> str:
    bot = " (bot)" if row.kind == "bot" else ""
    return f"{row.account}  {row.handle}  {row.name}{bot}  {row.role}  {row.status}  since {row.made_at}"


async def _may_read(_: Principal, __: str) -> bool:
    return True


class Office:
    """Where the operator works: a store, and what makes secrets for it. Whatever is refused is a RefusalError."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._names = Names(store, lambda _: [], _may_read)
        self._passwords = Passwords()
        attempts, register = Attempts(time.monotonic), Register(store, time.time, Roll(store))
        self.entrance = Entrance(store, self.submit, self._passwords, attempts, time.time, register)

    async def submit(self, principal: Principal, change: Change) -> Answer:
        """Commit a change."""
        if refusal := screen_change(RULES, principal, change, 0):
            return refusal
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        commit = await self.store.commit([Proposal(principal, change)], at)
        return commit.answers[0]

    async def do(self, change: Change) -> None:
        """Commit a change of the operator's."""
        answer = await self.submit(OPERATOR, change)
        if isinstance(answer, Refusal):
            raise RefusalError.of(answer)

    async def adding(self, account: str, given: Added) -> AddPerson:
        """Return the command that makes an account, if it may have this name and password."""
        handle = handle_from(given.handle)
        taken = await self.store.rows(HANDLES, DIRECTORY, handle)
        if taken and taken[0].is_current:  # or its own name would look like that of its owner
            raise RefusalError("name_taken", "Handle already in use: choose another")
        await self.entrance.register.require_own_look(given.name, account)
        if given.password is not None and (refusal := fault(given.password, handle)):
            raise RefusalError.of(refusal)
        secret = None if given.password is None else await self._passwords.hash(given.password)
        return AddPerson(
            account=account, handle=handle, name=given.name, role=given.role, secret=secret
        )

    async def account(self, who: str) -> Account:
        """Return the account with this handle or key. Raises CannotManage."""
        if not is_account_key(who):
            handles = await self.store.rows(HANDLES, DIRECTORY, handle_from(who))
            who = handles[0].account if handles and handles[0].is_current else who
        rows = await self.store.rows(ACCOUNT, DIRECTORY, who)
        if not rows or rows[0].status == "removed":
            raise CannotManage(f"No account {who!r}; `hubbub user list` lists all accounts")
        return rows[0]

    async def room(self, named: str) -> str:
        """Return the key of a made room, which is named by its key or by # and its alias. Raises CannotManage."""
        key = await self._names.key(OPERATOR, named)
        if not (is_room_key(key) and await self.store.rows(ROOM, *room_row(key))):
            raise CannotManage(f"No made room {named!r}: use # and its alias, or its key")
        return key

    async def reset(self, row: Account) -> str:
        """Make a reset link for an account; return its token."""
        token, _ = await self.entrance.reset_link(OPERATOR, row.account, None)
        return token.text


def in_office(settings: Settings, act: Callable[[Office], Coroutine[Any, Any, T]]) -> T:
    """Do something in an office. Raises CannotManage."""

    async def run() -> T:
        async with _opened(settings) as office:
            return await act(office)

    try:
        return asyncio.run(run())
    except RefusalError as error:
        hint = f". {error.refusal.hint}" if error.refusal.hint else ""
        raise CannotManage(f"{error.refusal.detail}{hint}") from error
    except (StoreFailed, LogsReplaced, OSError) as error:
        raise CannotManage(str(error)) from error


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Office]:
    store = await kind_of(settings.store).open_beside(settings.store, settings.data, RULES)
    try:
        office = Office(store)
        with closing(office.entrance):
            yield office
    finally:
        await store.close()
