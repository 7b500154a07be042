"""How much files take, and how much they may: by what admins have set, else by the defaults, which the settings say."""

import time
from collections import Counter
from typing import NamedTuple

from hubbub.domain.facts import Needs
from hubbub.domain.files import FILE, FILE_LIMIT, FILE_USE, LIMITED, FileLimitKey, FileLimits
from hubbub.domain.tables.accounts import ACCOUNT, Account, account_row
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY, is_account_key
from hubbub.server.stores.base import Records

TOTAL_SECONDS = 60.0  # for which a node remembers how much all files take
MOST_PEOPLE = 100  # that are listed


class FilesOf(NamedTuple):
    """How much the files of an account take and may take, and whether that limit is its own."""

    account: Account
    used: int
    limit: int
    is_own_limit: bool


class AllFiles(NamedTuple):
    """How much all files take, the limits that hold, and whose files take most."""

    used: int
    limits: FileLimits
    people: list[FilesOf]


class Quotas:
    """Knows what holds now. What is there already stays, whatever is set. All methods raise StoreFailed."""

    def __init__(self, store: Records, defaults: FileLimits) -> None:
        self._store = store
        self.defaults = defaults
        self._total = 0, float("-inf")  # bytes of all files, and when they were counted

    async def limits_of(self, account: str = "") -> FileLimits:
        """Return what holds for an account; or for those without limits of their own."""
        wanted = Needs()
        for whose in (*LIMITED, account):
            wanted.row(FILE_LIMIT, FileLimitKey(DIRECTORY, whose))
        rows = (await self._store.find(wanted)).rows[FILE_LIMIT].values()
        chosen = {row.whose: row.size for row in rows if row}
        by_person = chosen.get("person", self.defaults.person)
        return FileLimits(
            chosen.get("file", self.defaults.file),
            chosen.get(account, by_person),
            chosen.get("server", self.defaults.server),
        )

    async def require_space(self, account: str, size: int = 0) -> None:
        """Raise RefusalError if another file of so many bytes would be too large, or the files of its account or all files would be."""
        limits = await self.limits_of(account)
        if size > limits.file:
            raise _too_large(f"File too large: use at most {limits.file:,} bytes", limits.file)
        if size > limits.person - await self.taken(account):
            why = f"Storage limit reached: your files may use {limits.person:,} bytes. Delete messages with files to free space"
            raise _too_large(why, limits.person)
        if limits.server and size > limits.server - await self._taken_by_all():
            why = f"Storage limit reached: all files on this server may use {limits.server:,} bytes. Ask an admin to raise the limit"
            raise _too_large(why, limits.server)

    def add(self, size: int) -> None:
        """Count an upload of so many bytes, which has begun, with all files."""
        total, counted_at = self._total
        self._total = total + size, counted_at

    async def taken(self, account: str) -> int:
        """Return how many bytes the files of an account take, with those that it is uploading."""
        waiting = sum(row.size for row in await self._store.rows(FILE, account))
        return waiting + await self._store.total(FILE_USE, "size", "account", account)

    async def use(self) -> AllFiles:
        """Return how much files take and may take, and whose take most."""
        used = Counter(await self._store.totals(FILE, "size", "account"))
        used += Counter(await self._store.totals(FILE_USE, "size", "account"))
        limits = await self.limits_of()
        return AllFiles(used.total(), limits, await self._people(used, limits.person))

    async def _people(self, used: Counter[str], limit: int) -> list[FilesOf]:
        """Return the accounts whose files take most, and all that have limits of their own, by what they take."""
        own = {row.whose: row.size for row in await self._store.rows(FILE_LIMIT, DIRECTORY)}
        largest = [account for account, _ in used.most_common(MOST_PEOPLE)]
        wanted = Needs()
        for key in {*largest, *filter(is_account_key, own)}:
            wanted.row(ACCOUNT, account_row(key))
        rows = (await self._store.find(wanted)).rows.get(ACCOUNT, {}).values()
        found = [
            FilesOf(row, used[row.account], own.get(row.account, limit), row.account in own)
            for row in rows
            if row
        ]
        return sorted(found, key=lambda each: (-each.used, each.account.handle))

    async def _taken_by_all(self) -> int:
        """Return how many bytes all files take, or took less than a minute ago."""
        total, counted_at = self._total
        if time.monotonic() - counted_at > TOTAL_SECONDS:
            total = await self._store.total(FILE, "size", "account")
            total += await self._store.total(FILE_USE, "size", "account")
            self._total = total, time.monotonic()
        return total


def _too_large(why: str, limit: int) -> RefusalError:
    return RefusalError("too_large", why, limit=limit)
