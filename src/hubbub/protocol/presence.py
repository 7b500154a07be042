"""Whether people are there, as others are told."""

import msgspec


class PersonPresence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether an account is `online`, or `away` on all its devices, or `offline`. Other states may come later.

    `seen` is when it was last there, in seconds since 1970, if it is offline and that may be told.
    """

    state: str
    seen: int | None = None


class PresenceChanged(msgspec.Struct, frozen=True, tag_field="notice", tag="presence"):
    """What is new of people whom the client watches; null for those of whom it may not know any more."""

    people: dict[str, PersonPresence | None]


class Watched(msgspec.Struct, frozen=True):
    """The answer to `watch`: the people as they are now, without those whom the client may not know."""

    people: dict[str, PersonPresence]


OFFLINE = PersonPresence("offline")
