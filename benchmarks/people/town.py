"""A database with many people, rooms and messages."""

import json
import secrets
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from hubbub.domain.aspects.people.accounts import OWNERS, OwnerRow
from hubbub.domain.aspects.people.sessions import SESSIONS, Session
from hubbub.domain.aspects.rooms.members import JoinRoom
from hubbub.domain.facts import Accepted, Proposal
from hubbub.domain.principals import SCOPES, Principal, Role, Scope
from hubbub.domain.tables.accounts import ACCOUNT, Account
from hubbub.protocol import keys
from hubbub.protocol.commands.rooms import Create
from hubbub.protocol.keys import DIRECTORY, account_key, room_key
from hubbub.protocol.messages import Change, Post
from hubbub.protocol.secrets import RANDOM_BYTES, digest_of, new_session
from hubbub.server.stores.sqlite.store import SqliteStore

EPOCH = "e1"
# Now, since the server would trim old events of the directory as soon as it starts.
AT = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
BATCH = 1_000  # changes in a commit


class Town(NamedTuple):
    """How many there are of each.

    Each person is in `rooms_each` of the rooms, the first one in all of them.
    """

    people: int = 5_000
    rooms: int = 1_000
    rooms_each: int = 40
    messages: int = 1_000_000


class Resident(NamedTuple):
    """Someone who is logged in."""

    account: str
    token: str
    rooms: list[str]


async def build(folder: Path, town: Town) -> list[Resident]:
    """Make the database in a folder; returns the people."""
    store = SqliteStore(folder, "normal", lambda: EPOCH)
    people = [account_key(secrets.token_bytes(keys.RANDOM_BYTES)) for _ in range(town.people)]
    rooms = [room_key(secrets.token_bytes(keys.RANDOM_BYTES)) for _ in range(town.rooms)]
    tokens = await _register(store, people)
    await _submit(store, "rooms", [_creating(people[0], room) for room in rooms])
    places = {people[0]: rooms}
    for number, person in enumerate(people[1:], 1):
        first = number * town.rooms_each % town.rooms
        places[person] = (rooms + rooms)[first : first + town.rooms_each]
    joining = [(who, JoinRoom(room=room)) for who in people[1:] for room in places[who]]
    await _submit(store, "memberships", joining)
    posts = (
        (people[0], Post(room=rooms[number % town.rooms], text=f"{number} {'x' * 60}"))
        for number in range(town.messages)
    )
    await _submit(store, "messages", posts)
    await store.close()
    return [Resident(who, tokens[who], places[who]) for who in people]


async def _register(store: SqliteStore, people: list[str]) -> dict[str, str]:
    """Make the accounts, and a session of each; returns their tokens."""
    until, scopes = time.time() + 86_400 * 30, json.dumps([*SCOPES])
    accounts, sessions, tokens = [], [], {}
    for number, key in enumerate(people):
        role, names = "member" if number else "owner", (f"p{number}", f"Person {number}")
        accounts.append(
            Account(DIRECTORY, key, *names, "person", role, "active", "", "", "", None, AT)
        )
        token = new_session(key, secrets.token_bytes(RANDOM_BYTES))
        sessions.append(Session(*token.key, digest_of(token.secret), "", scopes, AT, until))
        tokens[key] = token.text
    async with store.turn("people") as turn:
        await turn.put(ACCOUNT, accounts)
        await turn.put(SESSIONS, sessions)
        await turn.put(OWNERS, [OwnerRow(DIRECTORY, people[0])])
    return tokens


def _creating(host: str, room: str) -> tuple[str, Change]:
    return host, Create(room=host, kind="open", title=f"Room {room[2:6]}", key=room)


async def _submit(store: SqliteStore, what: str, changes: Iterable[tuple[str, Change]]) -> None:
    """Commit changes, each of which must be accepted."""
    principals: dict[str, Principal] = {}
    changes, done = iter(changes), 0
    while batch := list(islice(changes, BATCH)):
        for who in {who for who, _ in batch} - principals.keys():
            principals[who] = Principal(who, Role.ACCOUNT, who, frozenset(Scope))
        await _commit(store, [Proposal(principals[who], change) for who, change in batch])
        done += len(batch)
        print(f"\r\x1b[KMaking {what}: {done:,}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


async def _commit(store: SqliteStore, batch: list[Proposal]) -> None:
    commit = await store.commit(batch, AT)
    refused = [answer for answer in commit.answers if not isinstance(answer, Accepted)]
    assert not refused, refused[0]
