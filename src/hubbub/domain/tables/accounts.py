"""Accounts as records, which several aspects look at."""

from functools import lru_cache
from typing import NamedTuple

from hubbub.domain.records import Table
from hubbub.protocol.keys import DIRECTORY


class AccountKey(NamedTuple):
    """Identifies an account; its log is the directory."""

    log: str
    account: str


class Account(NamedTuple):
    """An account: a person's or a bot's.

    `kind` is `person` or `bot`, and a bot has an `owner`. `role` is `owner`, `admin`, `moderator`, `member` or `guest`.
    `status` is `active`, `suspended` or `removed`. `made_at` is RFC 3339.
    """

    log: str
    account: str
    handle: str
    name: str
    kind: str
    role: str
    status: str
    status_text: str
    time_zone: str
    avatar: str
    owner: str | None
    made_at: str


class Block(NamedTuple):
    """An account that another doesn't want to hear from. Its log is that of the other."""

    account: str
    blocked: str


class Unheard(NamedTuple):
    """A direct of two in which an account can only read, since the other one blocks it."""

    account: str
    room: str


BLOCKS = Table("block", Block, Block)
UNHEARD = Table("unheard", Unheard, Unheard, is_remembered=True)
ACCOUNT = Table("account", AccountKey, Account, is_remembered=True)


@lru_cache(maxsize=4096)
def unheard_row(account: str, room: str) -> Unheard:
    """Return the row of a room, or of the one that a thread is in. It is its own key."""
    return Unheard(account, room.partition(":")[0])


@lru_cache(maxsize=4096)
def account_row(account: str) -> AccountKey:
    """Return the key of an account's row."""
    return AccountKey(DIRECTORY, account)
