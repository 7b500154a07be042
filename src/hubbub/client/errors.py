"""What the SDK raises."""

from typing import TYPE_CHECKING, Self

from hubbub.protocol.messages import Error

if TYPE_CHECKING:
    from hubbub.client.inbox import Reset


class HubbubError(Exception):
    """The base of everything that the SDK raises on purpose."""


class Refused(HubbubError):
    """The server answered, and the answer was no: nothing was changed.

    Attributes:
        code: one of the protocol's error codes, such as `"forbidden"` or `"rate_limited"`.
        message: the reason, as a sentence for people.
        temporary: whether the same command may succeed later.
        retry_after: seconds after which to try again, if the server said so.
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
        """As it came over the wire."""
        return cls(
            error.code,
            error.message,
            temporary=error.temporary,
            retry_after=error.retry_after,
        )


class Unknown(HubbubError):
    """The command was sent, and the connection was lost before the answer came.

    It may or may not have been carried out. Only commands that can't safely be sent twice end
    so (`patch`), and any command when the client is closed for good while it waits, for instance
    because the answer was malformed.
    """


class Closed(HubbubError):
    """The client is closed for good, and the command was not sent.

    Attributes:
        code: the WebSocket close code or HTTP status, or None if there was none.
        reason: why, as a sentence for people; empty after `close()`.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"closed ({code}): {reason}" if code else f"closed: {reason}")
        self.code = code
        self.reason = reason


class Unreachable(HubbubError):
    """No connection came about within the time given to `connect`."""


class ResetError(HubbubError):
    """The log could not be read on from where the room was; what happened between isn't known.

    Raised by `async for event in room` in place of the first event after the hole. Iterating
    again goes on from the snapshot. Whoever asks for `room.stream(markers=True)` gets the `Reset`
    itself in place of this error.

    Attributes:
        reset: the snapshot to go on from, and what is known of the hole.
    """

    def __init__(self, reset: "Reset") -> None:
        snapshot = reset.snapshot
        super().__init__(
            f"{snapshot.room} can't be read on; it goes on after {snapshot.head} from a snapshot"
        )
        self.reset = reset
