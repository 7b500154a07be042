"""Emoji of the server's own. Reactions and texts name them, as `:name:`; only the directory knows their images."""

import hashlib

from hubbub.domain.access import Permission, RoomKind, account, guests_and_all
from hubbub.domain.aspects.people.accounts import forbidden, is_at_least, role_of, to_know
from hubbub.domain.aspects.people.audit import Internal, note, to_note
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.rules import Aspect, Rule
from hubbub.domain.tables.emoji import EMOJI, EMOJI_IMAGE, Emoji, EmojiImage, emoji_row
from hubbub.events.emoji import EmojiAdded, EmojiRemoved
from hubbub.protocol.commands.emoji import NAME_RULE, ListEmoji, is_emoji_name
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.images import Image, NotAnImage, image_of
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import RoomName

MAX_EMOJI = 1_000
MAX_IMAGE_BYTES = 64 * 1024
IMAGE_KEY = 32  # hex digits of the hash

KNOW = Permission("see emoji", {RoomKind.FREE: guests_and_all(Scope.READ)})  # if they are let in
MANAGE = Permission("manage emoji", {RoomKind.SERVER: account(Scope.MODERATE)})


class AddEmoji(Internal, frozen=True, kw_only=True):
    """Adds an emoji with an image from `image_from`. `is_open`: whether members may, too, and remove those that they added."""

    room: RoomName = DIRECTORY
    name: str
    image: Image
    is_open: bool = False


class RemoveEmoji(Internal, frozen=True, kw_only=True):
    """Removes an emoji and its image. Reactions and texts that name it stay."""

    room: RoomName = DIRECTORY
    name: str
    is_open: bool = False


def image_from(data: bytes) -> Image:
    """Return the image that these bytes are. Raises RefusalError."""
    try:
        return image_of(data)
    except NotAnImage as error:
        why = f"Can't take this image: {error}"
    raise RefusalError("bad_request", why)


def _screen_name(change: AddEmoji | RemoveEmoji, _: int) -> Refusal | None:
    if is_emoji_name(change.name):
        return None
    return Refusal("bad_request", f"Invalid name of an emoji: {NAME_RULE}")


def _screen(add: AddEmoji, most: int) -> Refusal | None:
    if refusal := _screen_name(add, most):
        return refusal
    if len(add.image.data) > MAX_IMAGE_BYTES:
        return Refusal("too_large", f"Image too large: use at most {MAX_IMAGE_BYTES} bytes")
    return None


def _needs(wanted: Needs, principal: Principal, change: AddEmoji | RemoveEmoji) -> None:
    to_know(wanted, principal.id)
    to_note(wanted)
    wanted.row(EMOJI, emoji_row(change.name))
    wanted.count(EMOJI, DIRECTORY)


def _add(ledger: Ledger, principal: Principal, add: AddEmoji) -> Answer:
    if not _may(ledger, principal, "member" if add.is_open else "admin"):
        return forbidden("add emoji")
    image = add.image
    key = hashlib.sha256(image.data).hexdigest()[:IMAGE_KEY]
    if known := ledger.row(EMOJI, emoji_row(add.name)):
        if known.image == key:
            return ledger.unchanged()
        return Refusal("name_taken", f"There is an emoji :{add.name}: already: remove it first")
    if ledger.count(EMOJI, DIRECTORY) >= MAX_EMOJI:
        return Refusal("too_large", f"Too many emoji: a server takes at most {MAX_EMOJI}")
    row = Emoji(*(DIRECTORY, add.name, key, image.type, image.width, image.height), principal.name)
    ledger.put(EMOJI, row)
    ledger.add(EMOJI_IMAGE, EmojiImage(DIRECTORY, add.name, image.data))
    note(ledger, principal, add, "emoji added", name=add.name)
    place, shown = ledger.next(DIRECTORY, principal), row._asdict()
    del shown["log"], shown["by"]
    return ledger.append(EmojiAdded(**place, **shown))


def _remove(ledger: Ledger, principal: Principal, remove: RemoveEmoji) -> Answer:
    row = ledger.row(EMOJI, emoji_row(remove.name))
    is_own = remove.is_open and row is not None and row.by == principal.id
    if not _may(ledger, principal, "member" if is_own else "admin"):
        return forbidden("remove this emoji")
    if row is None:
        return ledger.unchanged()
    ledger.drop(EMOJI, emoji_row(remove.name))
    ledger.drop_all(EMOJI_IMAGE, DIRECTORY, remove.name)
    note(ledger, principal, remove, "emoji removed", name=remove.name)
    place = ledger.next(DIRECTORY, principal)
    return ledger.append(EmojiRemoved(**place, name=remove.name))


def _may(ledger: Ledger, principal: Principal, role: str) -> bool:
    return Scope.MODERATE in principal.scopes and is_at_least(role_of(ledger, principal), role)


ASPECT = Aspect(
    tables=(EMOJI, EMOJI_IMAGE),
    rules=(
        Rule(AddEmoji, MANAGE, _needs, _add, _screen, is_internal=True),
        Rule(RemoveEmoji, MANAGE, _needs, _remove, _screen_name, is_internal=True),
    ),
    questions=(ListEmoji,),
    events=(EmojiAdded, EmojiRemoved),
)
