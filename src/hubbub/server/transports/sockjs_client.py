"""SockJS clients: native ones, whose messages are commands, and plain ones, whose messages are texts."""

import asyncio
from functools import partial

from hubbub.domain.facts import Answer
from hubbub.protocol.codec import is_larger, too_large
from hubbub.protocol.errors import Close, Refusal, RefusalError
from hubbub.protocol.messages import Join, Post
from hubbub.server.connection import Connection, Hangup
from hubbub.server.engine.feeds import Cursor
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.writing import Policy
from hubbub.server.people.door import Credentials
from hubbub.server.stores.base import StoreFailed
from hubbub.server.transports.native import HELLO_TIMEOUT
from hubbub.server.transports.sockjs_sessions import SockJsSession


class NativeClient:
    """Each message is a command, as on a native WebSocket."""

    def __init__(self, session: SockJsSession, hub: Hub, credentials: Credentials) -> None:
        self._session = session
        self._max_bytes = hub.limits.message_bytes
        is_known = credentials.name is not None or credentials.token is not None
        visit = hub.door.enter(credentials) if is_known else None
        self._connection = Connection(
            hub,
            session.outlet,
            partial(_hang_up, session),
            visit,
            credentials.place,
            session.wire.reply,
        )
        if not (is_known or hub.door.has_guests):
            loop = asyncio.get_running_loop()
            loop.call_later(HELLO_TIMEOUT, self._connection.require_hello)

    async def hear(self, message: str) -> None:
        """Carry out a command. WebSocket messages are limited before; a body of several may contain one too large."""
        try:
            if is_larger(message, self._max_bytes):
                self._connection.count_bad(too_large(self._max_bytes))
            else:
                await self._connection.hear(message)
        except Hangup as hangup:
            _hang_up(self._session, hangup.code)
        except ConnectionError:
            self._session.close(Close.INTERNAL, "The session has ended")

    def end(self) -> None:
        """The client has left."""
        self._connection.end()


class PlainClient:
    """Each message is posted in the lobby, and goes to everyone there, unchanged."""

    def __init__(
        self, session: SockJsSession, hub: Hub, credentials: Credentials, room: str
    ) -> None:
        self._session = session
        self._hub = hub
        self._visit = hub.door.enter(credentials)
        self._visit.when_expelled(partial(_hang_up, session, Close.UNAUTHENTICATED))
        self._inflow = hub.throttle.inflow(self._visit.principal.counted_as)
        self._room = room
        self._cursor: Cursor | None = None
        self._joining = asyncio.create_task(self._join())

    async def hear(self, message: str) -> None:
        """Post a message, in turn. Raises RefusalError if it is refused, since plain clients can't be told."""
        if "\0" in message:  # as in all JSON; a plain WebSocket passes it on verbatim
            self._hub.refused("bad_request")
            raise RefusalError("bad_request", "Invalid text: it contains NUL")
        await self._inflow.take(len(message))
        await asyncio.wait({self._joining})
        refusals: list[Refusal] = []

        def answer(answer: Answer) -> None:
            if isinstance(answer, Refusal):
                self._hub.refused(answer.code)
                refusals.append(answer)
                if not answer.is_of_content:  # as in plain mode
                    _hang_up(self._session, Close.INTERNAL)

        post = Post(room=self._room, text=message)
        await self._hub.writing.submit(self._visit.principal, post, answer, Policy.WAIT)
        if refusals:
            raise RefusalError.of(refusals[0])

    def end(self) -> None:
        """The client has left."""
        self._joining.cancel()
        if self._cursor is not None:
            self._hub.following.unfollow(self._cursor)
        self._hub.door.exit(self._visit)

    async def _join(self) -> None:
        try:
            self._cursor = await self._hub.following.follow(
                self._visit.principal,
                Join(room=self._room),
                self._session.outlet,
                lambda _: None,
                partial(_hang_up, self._session, Close.GOING_AWAY),
            )
        except (RefusalError, StoreFailed):
            _hang_up(self._session, Close.INTERNAL)


def _hang_up(session: SockJsSession, code: Close) -> None:
    session.close(code, code.name.lower().replace("_", " "))
