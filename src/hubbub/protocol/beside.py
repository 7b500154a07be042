"""What a room shows beside its messages, outside of their state: newest wins."""

import msgspec


class ThreadInRoom(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a room shows of a thread beside its message.

    Attributes:
        nth: how many messages were ever posted in it.
        at: the time of the last one.
        replies: how many were not deleted.
        people: accounts who posted last, the last one first, at most five.
        ended_at: when it was ended.
    """

    nth: int
    at: str
    replies: int = 0
    people: list[str] = []
    title: str = ""
    ended_at: str | None = None
