"""The table of error codes and the table of close codes: what each is called, and whether a retry may succeed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, NamedTuple


class Code(NamedTuple):
    """One row of the table: the HTTP status, whether the same command may succeed later, and the title (RFC 9457)."""

    status: int
    temporary: bool
    title: str


CODES: dict[str, Code] = {
    "bad_request": Code(400, False, "Malformed request"),
    "untitled": Code(400, False, "Title required"),
    "bad_position": Code(400, False, "No such position"),
    "unauthenticated": Code(401, False, "Authentication required"),
    "forbidden": Code(403, False, "Forbidden"),
    "banned": Code(403, False, "Banned from the room"),
    "muted": Code(403, False, "Muted in the room"),
    "archived": Code(403, False, "Room archived"),
    "bad_origin": Code(403, False, "Origin not allowed"),
    "not_found": Code(404, False, "Not found"),
    "method_not_allowed": Code(405, False, "Method not allowed"),
    "timed_out": Code(408, True, "Request timed out"),
    "name_taken": Code(409, False, "Name already in use"),
    "conflict": Code(409, False, "State has changed"),
    "gone": Code(410, False, "No longer available"),
    "reset": Code(410, False, "Position no longer available"),
    "too_large": Code(413, False, "Too large"),
    "unsupported": Code(415, False, "Unsupported content type"),
    "unsupported_version": Code(412, False, "Unsupported version"),
    "bad_range": Code(416, False, "No such part of the file"),
    "upgrade_required": Code(426, False, "WebSocket required"),
    "rate_limited": Code(429, True, "Rate limit exceeded"),
    "head_too_large": Code(431, False, "Request head too large"),
    "internal": Code(500, True, "Internal server error"),
    "busy": Code(503, True, "Server busy"),
    "unavailable": Code(503, True, "Temporarily unavailable"),
    "storage_full": Code(507, False, "Disk full"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command was not carried out. It is a value and not an exception, since any client can cause one.

    `code` is a key of `CODES`, `retry_after` is in seconds, and `facts` hold anything else that helps the
    client to recover. `detail` and `hint` are sentences for people, without a final period.
    """

    code: str
    detail: str
    retry_after: float | None = None
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def after(self, seconds: float) -> "Refusal":
        """The same refusal, with a time after which to retry."""
        return replace(self, retry_after=seconds)

    @property
    def is_of_content(self) -> bool:
        """Whether the message itself is at fault, so that the next one may well succeed."""
        return self.code in ("bad_request", "too_large")

    @property
    def row(self) -> Code:
        """The code's row in the table."""
        return CODES[self.code]

    @property
    def close(self) -> "Close":
        """The code with which a connection that can't be told more is closed."""
        if self.code == "unauthenticated":
            return Close.UNAUTHENTICATED
        return Close.INTERNAL if self.row.temporary else Close.REFUSED


class RefusalError(Exception):
    """Carries a refusal up to the door, which can answer with it.

    Raise it without giving it a name: an exception refers to the frames that it passes. If one of them refers
    back to it, all that they hold waits for the garbage collector, which stops the server to look for it.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        hint: str | None = None,
        retry_after: float | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.refusal = Refusal(code, detail, retry_after, hint, facts)

    @classmethod
    def of(cls, refusal: Refusal) -> "RefusalError":
        """The same refusal, as an exception."""
        return cls(refusal.code, refusal.detail, refusal.hint, refusal.retry_after, **refusal.facts)


class Close(IntEnum):
    """WebSocket close codes that the server sends (RFC 6455 section 7.4; 4xxx are hubbub's own)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED = 1003
    BAD_UTF8 = 1007
    REFUSED = 1008
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTARTING = 1012
    BAD_FRAMES = 4400
    UNAUTHENTICATED = 4401
    SHUT_OUT = 4404
    TIMED_OUT = 4408
    TOO_FAST = 4429

    @property
    def may_retry(self) -> bool:
        """Whether a client may connect again with the same request."""
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
