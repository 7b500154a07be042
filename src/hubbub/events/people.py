"""Events about people: in the directory, in own logs and in the audit log (see `protocol.keys`)."""

from typing import Any

from hubbub.events import Event, OfAccount


class PersonAdded(OfAccount, frozen=True, kw_only=True):
    """An account was made: `kind` is `person` or `bot`, and a bot has an `owner`."""

    handle: str = ""
    name: str = ""
    kind: str = ""
    role: str = ""
    owner: str | None = None


class PersonChanged(OfAccount, frozen=True, kw_only=True):
    """An account was changed. It has what is new; an empty text removes what there was."""

    handle: str | None = None
    name: str | None = None
    role: str | None = None
    status: str | None = None
    status_text: str | None = None
    time_zone: str | None = None
    avatar: str | None = None


class RoleChanged(Event, frozen=True, kw_only=True):
    """The account has another role on this server. Guests learn of it here, since they don't follow the directory."""

    role: str


class CredentialChanged(Event, frozen=True, kw_only=True):
    """An account got another credential of this kind, such as a password."""

    kind: str


class SessionOpened(Event, frozen=True, kw_only=True):
    """A session began (`kind` is `session`) or a token was made (`token`), under a `name` that tells what for.

    `until` is in seconds since 1970.
    """

    session: str
    kind: str
    name: str
    until: float | None = None


class SessionRenewed(Event, frozen=True, kw_only=True):
    """A session goes on until another time, in seconds since 1970."""

    session: str
    until: float


class SessionClosed(Event, frozen=True, kw_only=True):
    """A session ended, or a token was revoked. Without `session`, all sessions ended but the one in `kept`."""

    kind: str
    session: str | None = None
    kept: str | None = None


class Subscribed(Event, frozen=True, kw_only=True):
    """The device with this session, or the program with this token, is notified of what is new; of what was written, if `shows_text`."""

    kind: str
    session: str
    shows_text: bool = False


class Unsubscribed(Event, frozen=True, kw_only=True):
    """The device with this session, or the program with this token, is notified no longer."""

    kind: str
    session: str


class Blocked(Event, frozen=True, kw_only=True):
    """The account doesn't want to hear from another."""

    who: str


class Unblocked(Event, frozen=True, kw_only=True):
    """The account wants to hear from another again."""

    who: str


class Preferred(Event, frozen=True, kw_only=True):
    """The account chose a value for a setting of its own; null removes it."""

    name: str
    value: Any


class Noted(Event, frozen=True, kw_only=True):
    """Something was done with accounts or rights: `by` whom, and `about` what.

    `hash` is the last field: see `domain.aspects.people.audit`.
    """

    action: str
    about: str | None = None
    details: dict[str, str] | None = None
    hash: str = ""
