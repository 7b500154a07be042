"""The exceptions of the SDK."""

from typing import TYPE_CHECKING, Self

from hubbub.protocol.messages import Error

if TYPE_CHECKING:
    from hubbub.client.rooms.inbox import Reset


class HubbubError(Exception):
    """The base class of the exceptions of the SDK."""


class Refused(HubbubError):
    """The server refused a command and changed nothing.

    Attributes:
        code: an error code of the protocol, such as `"forbidden"` or `"rate_limited"`.
        message: the reason, for people.
        temporary: whether the same command may succeed later.
        retry_after: the seconds after which to retry, if the server told.
    """

    def __init__(
        self, code: str, message: str, *, temporary: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.temporary = temporary
        self.retry_after = retry_after

    @classmethod
    def of(cls, error: Error) -> Self:
        """Return the exception for an error from the server."""
        return cls(
            error.code,
            error.message,
            temporary=error.temporary,
            retry_after=error.retry_after,
        )


class Unknown(HubbubError):
    """The connection was lost after a command was sent and before its answer arrived.

    The command may or may not have been carried out. This only happens to commands that the client doesn't know
    (`Client.send`), and to any command if the client is closed for good while the command waits, for example
    because the answer was malformed.
    """


class Closed(HubbubError):
    """The client is closed for good. The command was not sent.

    Attributes:
        code: the WebSocket close code (RFC 6455 section 7.4) or HTTP status, or None.
        reason: the reason, for people. Empty after `close()`.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"Closed ({code}): {reason}" if code else f"Closed: {reason}")
        self.code = code
        self.reason = reason


class Unreachable(HubbubError):
    """The server could not be reached within the time given to `connect`."""


class ResetError(HubbubError):
    """The server could not continue the log from the position of the room, so events are missing.

    `async for event in room` raises this at the gap. Iterating again continues after the snapshot.
    `room.stream(markers=True)` yields the `Reset` instead of raising this.

    Attributes:
        reset: the snapshot to continue from, and the cause of the gap.
    """

    def __init__(self, reset: "Reset") -> None:
        snapshot = reset.snapshot
        super().__init__(
            f"Events of {snapshot.room} are missing; continue after event {snapshot.head} from the snapshot"
        )
        self.reset = reset
