"""The outbox: messages that applications post inside their own transactions, in the same database.

One node at a time posts what was committed, like any message, and removes it from the outbox. If the node
stops in between, another starts again; the `client_message_id` prevents a second post.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from asyncpg import Connection

from hubbub.domain import identity
from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Post
from hubbub.protocol.names import person_name_fault
from hubbub.server.stores import queries
from hubbub.server.stores.base import Publish
from hubbub.server.stores.postgres.failures import FAILURES, words
from hubbub.server.stores.postgres.turns import take_turn

Q = queries.load("postgres")

AT_ONCE = 200  # messages
LOOK = 1.0  # seconds between checks, since a pooler may swallow notifications
PAUSE = 1.0  # seconds after a failure

log = logging.getLogger(__name__)


class PostgresOutbox:
    """Uses its own connection, which is notified when something enters the outbox."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], publish: Publish) -> None:
        self._connect = connect
        self._publish = publish
        self._filled = asyncio.Event()
        self._works = False
        self._is_waiting = False

    async def run(self) -> None:
        """Empty the outbox for as long as the server runs; log when that fails and when it works again."""
        while True:
            try:
                connection = await self._connect()
                try:
                    await self._serve(connection)
                finally:
                    connection.terminate()
            except FAILURES as error:
                self._fails(words(error))
                await asyncio.sleep(PAUSE)

    def _fails(self, why: str) -> None:
        """Log a failure, but not the end of a session if a new one works."""
        if not self._works and not self._is_waiting:
            log.warning("Can't post from the outbox; will keep trying: %s", why)
            self._is_waiting = True
        self._works = False

    def _worked(self) -> None:
        if self._is_waiting:
            log.warning("Posting from the outbox works again")
        self._works, self._is_waiting = True, False

    async def _serve(self, connection: Connection) -> None:
        await connection.add_listener("hubbub_outbox", lambda *_: self._filled.set())
        while True:
            while await self._take(connection):
                pass
            self._worked()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._filled.wait(), LOOK)
            self._filled.clear()

    async def _take(self, connection: Connection) -> bool:
        """Post the oldest messages. Returns whether there may be more."""
        async with connection.transaction():
            if not await take_turn(connection, "outbox"):
                return False
            rows = await connection.fetch(Q.outbox, AT_ONCE)
            answers = await asyncio.gather(*[self._post(*row[1:]) for row in rows])
            refused, later = dict[int, str](), set[int]()
            for (row_id, *_), answer in zip(rows, answers, strict=True):
                if isinstance(answer, Refusal):
                    if answer.row.temporary:
                        later.add(row_id)
                    else:
                        refused[row_id] = f"{answer.code}: {answer.detail}"
            posted = [row[0] for row in rows if row[0] not in refused.keys() | later]
            await connection.execute(Q.outbox_posted, posted)
            if refused:
                log.error("Refused messages stay in hubbub.outbox: %s", refused)
                await connection.execute(Q.outbox_refused, list(refused), list(refused.values()))
        return len(rows) == AT_ONCE and not later

    async def _post(self, room: str, message: str, by: str, client_message_id: str) -> Answer:
        if fault := person_name_fault(by):
            return Refusal("bad_request", fault)
        principal = Principal(
            by, Role.TOKEN, identity.outbox_application(by), frozenset({Scope.POST})
        )
        post = Post(room=room, text=message, client_message_id=client_message_id)
        return await self._publish(principal, post)
