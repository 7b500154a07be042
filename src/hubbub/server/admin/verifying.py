"""`hubbub verify`: whether the audit log and the files that people uploaded are as they were written, and the index as the messages are."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from hubbub.domain.aspects.people.audit import AUDIT_HEAD, next_link
from hubbub.protocol.keys import AUDIT
from hubbub.server.admin.files import faults
from hubbub.server.admin.index import address_of, look
from hubbub.server.config import Settings
from hubbub.server.files.base import FilesFailed
from hubbub.server.stores.base import StoreFailed
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.tables import PAGE, Tables


class NotVerified(Exception):
    """The audit log can't be read, or was changed. The message says where."""


def verify(settings: Settings) -> None:
    """Follow the chain of the audit log, and compare all files with what they were, whether or not a server is running. Raises NotVerified."""
    checking = _opened_and_checked(address_of(settings), settings.files)
    try:
        entries, files, indexed = asyncio.run(checking)
    except (StoreFailed, FilesFailed, OSError) as error:
        raise NotVerified(str(error)) from error
    print(f"The audit log is intact: {entries:,} entries")
    if files:
        print(f"All files are there and intact: {files:,}")
    if indexed:
        print(f"The search index is correct: {indexed:,} messages")


async def _opened_and_checked(address: str, directory: Path) -> tuple[int, int, int]:
    """Return how many entries, files and messages that can be found there are."""
    async with AsyncExitStack() as stack:
        opening = kind_of(address).open_tables(address, is_source=True)
        tables = await stack.enter_async_context(await opening)
        entries = await check_chain(tables)
        files, wrong = await faults(tables, directory)
        index = await look(tables)
    if wrong:
        others = f", and {len(wrong) - 1:,} more" if wrong[1:] else ""
        raise NotVerified(f"Of {files:,} files, {wrong[0]}{others}: bring them back from a backup")
    if index.faults:
        others = f", and {len(index.faults) - 1:,} more" if index.faults[1:] else ""
        why = f"In the search index, {index.faults[0]}{others}: rebuild it with `hubbub db reindex`"
        raise NotVerified(why)
    return entries, files, index.compared


async def check_chain(tables: Tables) -> int:
    """Return how many entries the audit log has. Raises NotVerified if any was changed, added, moved or left out."""
    room = await tables.room(AUDIT)
    seq, link = 0, ""
    while entries := await tables.changes(AUDIT, seq, seq + PAGE) if room else []:
        for entry in entries:
            if entry.seq != seq + 1:
                raise NotVerified(f"The audit log lacks entry {seq + 1}")
            found = next_link(link, entry.body)
            if found is None:
                raise NotVerified(
                    f"The audit log was changed at entry {entry.seq}, or just before it"
                )
            seq, link = entry.seq, found
    if [row.hash for row in await tables.records(AUDIT_HEAD)] != [link] * bool(seq):
        raise NotVerified(f"The audit log lacks entries after entry {seq}, or has too many")
    return seq
