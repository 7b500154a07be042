"""One table of error codes and one of close codes: what each is called, and whether trying again may help."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, NamedTuple


class Code(NamedTuple):
    """An error code's row: its HTTP status, and whether the same command may succeed later."""

    status: int
    temporary: bool
    title: str


CODES: dict[str, Code] = {
    "bad_request": Code(400, False, "The request is not one"),
    "bad_position": Code(400, False, "No such position in this log"),
    "unauthenticated": Code(401, False, "Say who you are"),
    "forbidden": Code(403, False, "Not allowed"),
    "bad_origin": Code(403, False, "Pages of that origin may not connect"),
    "not_found": Code(404, False, "There is no such thing"),
    "method_not_allowed": Code(405, False, "Not with this method"),
    "timed_out": Code(408, True, "The request took too long"),
    "name_taken": Code(409, False, "Someone is connected under that name"),
    "conflict": Code(409, False, "The document has changed meanwhile"),
    "gone": Code(410, False, "The message was deleted"),
    "reset": Code(410, False, "The log can't be read on from there"),
    "too_large": Code(413, False, "Too large"),
    "unsupported": Code(415, False, "That content type is not understood here"),
    "upgrade_required": Code(426, False, "This door is for WebSockets"),
    "rate_limited": Code(429, True, "Too fast"),
    "head_too_large": Code(431, False, "The head of the request is too large"),
    "internal": Code(500, True, "A fault of the server's"),
    "busy": Code(503, True, "Too much is waiting to be committed"),
    "unavailable": Code(503, True, "Not possible just now"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command was not carried out: a value, not a crash, since anyone can cause one.

    `code` is a key of `CODES`; `retry_after` is in seconds; `facts` is what else helps to go on.
    """

    code: str
    detail: str
    retry_after: float | None = None
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def after(self, seconds: float) -> "Refusal":
        """The same, to be tried again after some time."""
        return replace(self, retry_after=seconds)

    @property
    def is_of_content(self) -> bool:
        """Whether the message itself is at fault, and the next one may well succeed."""
        return self.code in ("bad_request", "too_large")

    @property
    def row(self) -> Code:
        """The code's row in the table."""
        return CODES[self.code]


class RefusalError(Exception):
    """Carries a refusal up to the door that can answer it."""

    def __init__(self, code: str, detail: str, hint: str | None = None, **facts: Any) -> None:
        super().__init__(f"{code}: {detail}")
        self.refusal = Refusal(code, detail, hint=hint, facts=facts)

    @classmethod
    def of(cls, refusal: Refusal) -> "RefusalError":
        """The same refusal, as an exception."""
        refused = cls(refusal.code, refusal.detail)
        refused.refusal = refusal
        return refused


class Close(IntEnum):
    """WebSocket close codes that the server sends (RFC 6455 section 7.4; 4xxx are hubbub's own)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    BAD_UTF8 = 1007
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTARTING = 1012
    BAD_FRAMES = 4400
    UNAUTHENTICATED = 4401
    BAD_ORIGIN = 4403
    TIMED_OUT = 4408
    TOO_FAST = 4429

    @property
    def may_retry(self) -> bool:
        """Whether a client may come back with the same request."""
        return self in _MAY_RETRY


_MAY_RETRY = frozenset(
    {
        Close.NORMAL,
        Close.GOING_AWAY,
        Close.INTERNAL,
        Close.RESTARTING,
        Close.TIMED_OUT,
        Close.TOO_FAST,
    }
)
