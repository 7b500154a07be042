"""Pictures that stand for people as records. A picture is made by the server, never changes, and has a key that nobody can guess."""

from typing import NamedTuple

from hubbub.domain.access import Permission, RoomKind, guests_and_all
from hubbub.domain.principals import Scope
from hubbub.domain.records import Table

# Whoever was told its key may see a picture, if they are let in.
SEE_PICTURES = Permission("see pictures of people", {RoomKind.FREE: guests_and_all(Scope.READ)})


class PortraitKey(NamedTuple):
    """Identifies a picture of an account; its log is the directory."""

    log: str
    account: str
    avatar: str


class Portrait(NamedTuple):
    """A picture that stands for an account, as WebP."""

    log: str
    account: str
    avatar: str
    data: bytes


PORTRAIT = Table("portrait", PortraitKey, Portrait, indexes=(("avatar",),))
