"""Finds keywords of accounts in messages, and has those accounts told of them."""

import asyncio
from collections.abc import Iterable

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.conversation.keywords import EndMention, MentionByKeyword
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.facts import MessageKey, Needs
from hubbub.domain.tables.keywords import KEYWORDS, Lookout
from hubbub.domain.tables.markers import KEYWORD, MENTION
from hubbub.domain.tables.rooms import MEMBER, MemberKey
from hubbub.events import Edited, Posted
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_made_key, parent_of
from hubbub.protocol.messages import Change
from hubbub.server.people.addresses import Submit
from hubbub.server.stores.base import Store, StoreFailed, Turn, by_account

EVENTS_AT_ONCE = 500  # looked through in one step
TOLD_AT_ONCE = 100  # accounts, so that other changes get in between


class Keywords:
    """Looks for the keywords of its members in each message of a made room, and of its threads. Whoever is told twice is told once."""

    name = "keywords"
    does = "look for keywords in messages"
    every = 60.0

    def __init__(self, store: Store, submit: Submit) -> None:
        self._store = store
        self._submit = submit
        self._watch = Lookout(())

    def reads(self, room: str) -> bool:
        """Only made rooms have members, who read their threads as well."""
        return is_made_key(room)

    async def begin(self, _: Turn) -> None:
        """Read all keywords. Those that were chosen before a message may not be missed."""
        self._watch = Lookout([row async for row in by_account(self._store, KEYWORDS)])

    def end(self) -> None:
        """Forget them."""
        self._watch = Lookout(())

    async def step(self, room: str, after: int, head: int) -> int:
        """Look through some messages, and have those told whose keywords are in them."""
        watch = self._watch
        if not watch:  # then its position is only stored so often that little is left to read later
            return head if head - after >= EVENTS_AT_ONCE else after
        page = await self._store.read(room, after, min(after + EVENTS_AT_ONCE, head))
        for event in map(RULES.events.decode, page.bodies):
            match event:
                case Posted(erased=False):
                    text = await self._now(event) if event.is_former else event.text
                    await self._tell(event, watch.called_by(text or "", event.at))
                case Edited(erased=False, text=str(text)):
                    await self._correct(event, watch.called_by(text, event.at))
        return after + len(page.bodies) if page.bodies else max(after, page.kept - 1)

    async def _now(self, event: Posted) -> str | None:
        """Read what a message says now, of which an edit erased what it said at first."""
        found = (await self._store.messages([MessageKey(event.room, event.seq)])).found[0]
        return found.message.text if found else None

    async def _tell(self, event: Posted, called: set[str]) -> None:
        """Have those members told that have a keyword in a new message."""
        wanted = Needs()
        for account in called:
            wanted.row(MEMBER, MemberKey(parent_of(event.room), account))
        members = (await self._store.find(wanted)).rows[MEMBER].values() if called else ()
        await self._commit(
            MentionByKeyword(
                room=account, where=event.room, where_seq=event.seq, by=event.by, by_id=event.id
            )
            for account in sorted(member.account for member in members if member)
        )

    async def _correct(self, event: Edited, called: set[str]) -> None:
        """Take a mention from those that had a keyword in a message, and have none in it now."""
        rows = await self._store.rows(MENTION, event.room, event.message, KEYWORD)
        gone = [row.account for row in rows if row.account not in called]
        await self._commit(
            EndMention(room=account, where=event.room, where_seq=event.message) for account in gone
        )

    async def _commit(self, changes: Iterable[Change]) -> None:
        """Have changes decided on, some at once. Fails with `StoreFailed`."""
        left = list(changes)
        while left:
            some, left = left[:TOLD_AT_ONCE], left[TOLD_AT_ONCE:]
            for answer in await asyncio.gather(*(self._submit(OPERATOR, each) for each in some)):
                if isinstance(answer, Refusal):
                    raise StoreFailed(answer.detail)
