"""Commands in flight: sent in order, kept until answered, and sent again on the next connection if that is safe.

Knows no socket and no clock.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from hubbub.client.errors import Refused, Unknown
from hubbub.protocol.codec import encode
from hubbub.protocol.messages import AnyCommand, Change, Join, Leave, Reply

MAX_TOLD = 100

Sendable = AnyCommand | dict[str, Any]  # a command, or all its fields but the id


def keyed(command: Sendable) -> Sendable:
    """Return a change with an id by which the server knows it again, and does not make it twice."""
    if isinstance(command, Change | Join | Leave) and command.client_message_id is None:
        return replace(command, client_message_id=new_key())
    return command


def new_key() -> str:
    """Return a `client_message_id` that nobody else uses."""
    return secrets.token_urlsafe(16)


class Pending:
    """A command without an answer yet. `answer` resolves to the `ok` of the reply, as a `kind`.

    `on_ok` is called with it before any later frame is processed.
    """

    __slots__ = ("answer", "command", "frame", "is_sent", "kind", "number", "on_ok", "times_sent")

    def __init__(
        self,
        command: Sendable,
        number: int,
        kind: Any = Any,
        on_ok: Callable[[Any], None] | None = None,
    ) -> None:
        self.command = command
        self.number = number
        self.kind = kind
        self.frame = encode(_numbered(command, number))
        self.on_ok = on_ok
        self.is_sent = False  # on the current connection
        self.times_sent = 0
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def may_be_repeated(self) -> bool:
        """Whether it is safe to send it again if its answer was lost.

        It is for changes with a key, and for what changes no log: these commands set a value, or only ask.
        """
        if isinstance(self.command, dict):  # of which only the fields are known
            return "client_message_id" in self.command
        return not isinstance(self.command, Change) or self.command.client_message_id is not None

    def send(self) -> bytes:
        """Count as sent, and return the frame."""
        self.is_sent = True
        self.times_sent += 1
        return self.frame

    def queue_again(self) -> None:
        """Count as not sent: there is another connection."""
        self.is_sent = False


class Outbox:
    """All pending commands of a client, in order."""

    def __init__(self) -> None:
        self._pending: dict[int, Pending] = {}
        self._told: deque[tuple[int, AnyCommand]] = deque(maxlen=MAX_TOLD)  # the last id given
        self._last_id = 0
        self._is_linked = False
        self._max_frame_bytes: int | None = None
        self._stir = asyncio.Event()

    @property
    def awaits_answers(self) -> bool:
        """Whether any command is not answered yet."""
        return bool(self._pending)

    def add(
        self, command: Sendable, kind: Any = Any, on_ok: Callable[[Any], None] | None = None
    ) -> Pending:
        """Give the command an id and queue it.

        Raises:
            Refused: the command is larger than the server accepts.
        """
        self._last_id += 1
        pending = Pending(command, self._last_id, kind, on_ok)
        if self._max_frame_bytes is not None and len(pending.frame) > self._max_frame_bytes:
            size = len(pending.frame)
            raise Refused(
                "too_large",
                f"Too large: {size:,} bytes, at most {self._max_frame_bytes:,} are allowed",
            )
        self._pending[self._last_id] = pending
        self._stir.set()
        return pending

    def limit(self, max_frame_bytes: int) -> None:
        """Refuse larger commands from now on."""
        self._max_frame_bytes = max_frame_bytes

    def tell(self, command: AnyCommand) -> None:
        """Queue a command for the current connection, if there is one. Its outcome is ignored."""
        if self._is_linked:
            self._told.append((self._last_id, command))
            self._stir.set()

    def discard(self, pending: Pending) -> None:
        """Forget a command that nobody waits for any more."""
        self._pending.pop(pending.number, None)

    async def until_stirred(self) -> None:
        """Wait until there may be something to send."""
        await self._stir.wait()
        self._stir.clear()

    def unsent(self) -> Iterator[bytes]:
        """The frames to send on the current connection, oldest first. Each counts as sent once it is yielded."""
        while pending := next((p for p in self._pending.values() if not p.is_sent), None):
            yield from self._told_before(pending.number)
            yield pending.send()
        yield from self._told_before(self._last_id + 1)

    def settle(self, reply: Reply) -> None:
        """Pass a reply to the command that waits for it. Ignores a reply that no command waits for.

        Raises:
            ValidationError: it is not a valid answer to that command, which then fails with `Unknown`.
        """
        pending = self._pending.pop(reply.re, None) if isinstance(reply.re, int) else None
        if pending is None or pending.answer.done():
            return
        if isinstance(reply.error, msgspec.UnsetType):
            self._accept(pending, reply.ok)
        else:
            pending.answer.set_exception(Refused.of(reply.error))

    def link_found(self) -> None:
        """A new connection was made."""
        self._is_linked = True

    def link_lost(self) -> None:
        """The connection was lost: queue sent commands again, or fail them with `Unknown`."""
        self._is_linked = False
        for pending in list(self._pending.values()):
            if pending.is_sent and not pending.may_be_repeated:
                self._fail(pending, Unknown("The connection was lost before the answer arrived"))
            pending.queue_again()
        self._told.clear()
        self._stir.set()

    def end(self, never_sent: Exception) -> None:
        """There will be no other connection: fail commands that were never sent with this error, others with `Unknown`."""
        for pending in list(self._pending.values()):
            was_sent = pending.times_sent > 0
            self._fail(
                pending,
                Unknown("The client was closed before the answer arrived")
                if was_sent
                else never_sent,
            )

    def _told_before(self, number: int) -> Iterator[bytes]:
        while self._told and self._told[0][0] < number:
            yield encode(self._told.popleft()[1])

    def _accept(self, pending: Pending, ok: Any) -> None:
        try:
            answer = msgspec.convert(ok, pending.kind, str_keys=True)
            if pending.on_ok is not None:
                pending.on_ok(answer)
        except msgspec.ValidationError as error:
            self._fail(pending, Unknown(f"The answer is not hubbub.v1: {error}"))
            raise
        pending.answer.set_result(answer)

    def _fail(self, pending: Pending, error: Exception) -> None:
        self.discard(pending)
        if not pending.answer.done():
            pending.answer.set_exception(error)


def _numbered(command: Sendable, number: int) -> Sendable:
    if isinstance(command, dict):
        return {**command, "id": number}
    return replace(command, id=number)
