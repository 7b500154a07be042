"""Pictures that stand for people and rooms as records. A picture is made by the server, never changes, and has a key that nobody can guess."""

from typing import NamedTuple

from hubbub.domain.access import Permission, RoomKind, guests_and_all
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Scope
from hubbub.domain.records import Table
from hubbub.protocol.keys import DIRECTORY

NO_PICTURES = (
    "This server can't make pictures smaller: its operator must install Pillow (make images)"
)
# Whoever was told its key may see a picture, if they are let in; that of a room, as long as they may know of the room.
SEE_PICTURES = Permission(
    "see pictures of people and rooms", {RoomKind.FREE: guests_and_all(Scope.READ)}
)


class PortraitKey(NamedTuple):
    """Identifies a picture of an account or a made room; its log is the directory."""

    log: str
    whose: str
    avatar: str


class Portrait(NamedTuple):
    """A picture that stands for an account or a made room, as WebP."""

    log: str
    whose: str
    avatar: str
    data: bytes


PORTRAIT = Table("portrait", PortraitKey, Portrait, indexes=(("avatar",),))


def put_portrait(ledger: Ledger, whose: str, avatar: str, image: bytes | None) -> None:
    """Give somebody, or a room, this picture in place of the former one; or none."""
    ledger.drop_all(PORTRAIT, DIRECTORY, whose)
    if image:
        ledger.add(PORTRAIT, Portrait(DIRECTORY, whose, avatar, image))
