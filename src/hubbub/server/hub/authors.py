"""Authors: what accounts are called whose keys stand in messages, for everyone who may read those."""

from collections.abc import Iterable, Iterator

from msgspec import UNSET, UnsetType

from hubbub.domain.facts import Needs
from hubbub.domain.tables.accounts import ACCOUNT, account_row
from hubbub.domain.threads import Thread
from hubbub.protocol.keys import is_account_key
from hubbub.protocol.messages import Author, Message
from hubbub.server.stores.base import Records

Named = dict[str, Author] | UnsetType


def replied_in(threads: Iterable[Thread]) -> Iterator[str]:
    """Yield the accounts that some threads show."""
    for thread in threads:
        yield from thread.people.split()


class Authors:
    """Looks up accounts. Where only guests, tokens and other applications' users wrote, nothing is looked up."""

    def __init__(self, store: Records) -> None:
        self._store = store

    async def of(self, messages: Iterable[Message], present: Iterable[str] = ()) -> Named:
        """Return who wrote these messages or reacted to them, and who is present, as far as they are accounts.

        Raises StoreFailed.
        """
        names = set(present)
        for message in messages:
            names.add(message.by)
            for reacted in (message.reactions or {}).values():
                names.update(reacted)
        accounts = [*filter(is_account_key, names)]
        if not accounts:
            return UNSET
        wanted = Needs()
        for account in accounts:
            wanted.row(ACCOUNT, account_row(account))
        rows = (await self._store.find(wanted)).rows[ACCOUNT].values()
        return {
            row.account: Author(row.handle, row.name, row.kind == "bot", row.avatar)
            for row in rows
            if row
        }
