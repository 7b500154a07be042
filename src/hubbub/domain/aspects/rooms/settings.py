"""Rooms themselves: making one, changing what it is like, archiving it, and what the directory says of open rooms."""

from typing import Any

from msgspec.structs import replace

from hubbub.domain import memberships, threads
from hubbub.domain.access import Operation, Permission, RoomKind, account
from hubbub.domain.aspects.rooms.members import (
    NO_ACCOUNT,
    OF_TWO,
    is_active,
    to_name,
    weighed_named,
)
from hubbub.domain.aspects.rooms.standings import GUARD, HEARD, NOT_HEARD
from hubbub.domain.facts import EVERYONE, Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.pictures import NO_PICTURES, put_portrait
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import Kept
from hubbub.domain.rules import Affecting, Aspect, Consequence, Rule
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS, UNHEARD, Block, Unheard, account_row
from hubbub.domain.tables.rooms import (
    ALIAS,
    DIRECT,
    ROOM,
    Alias,
    Direct,
    MadeRoom,
    RoomKey,
    alias_row,
    direct_of,
)
from hubbub.events import Event
from hubbub.events.rooms import (
    Archived,
    Changed,
    Created,
    Restored,
    RoomChanged,
    RoomListed,
    RoomUnlisted,
)
from hubbub.protocol.commands.rooms import (
    MAX_DIRECT,
    Archive,
    ChangeRoom,
    Create,
    Restore,
    RoomSettings,
    SetAvatar,
)
from hubbub.protocol.errors import Refusal
from hubbub.protocol.handles import is_alias
from hubbub.protocol.keys import (
    DIRECTORY,
    is_room_key,
    is_thread_key,
    room_key,
)
from hubbub.protocol.names import is_line

CREATE = Permission("create rooms", {RoomKind.OWN: account(Scope.POST)})

# Who may change what a room is like, setting by setting.
_PERMISSIONS: dict[str, Permission] = {
    "title": Operation.TITLE,
    **dict.fromkeys(("topic", "alias"), Operation.DESCRIBE),
    **dict.fromkeys(("posters", "slow"), Operation.MODERATE),
    **dict.fromkeys(("kind", "public", "keep_days", "receipts", "titles"), Operation.MANAGE),
    **dict.fromkeys(
        ("members_may_invite", "members_may_edit", "members_may_name_all"), Operation.MANAGE
    ),
}


def _given(settings: RoomSettings) -> dict[str, Any]:
    """Return what a command says of a room."""
    values = {name: getattr(settings, name) for name in _PERMISSIONS}
    return {name: value for name, value in values.items() if value is not None}


# --- what is wrong whatever the room's state ---


def _screen_create(create: Create, _: int) -> Refusal | None:
    if create.key is not None:
        return Refusal("bad_request", "Rooms get their keys from the server")
    if create.kind == "direct":
        return _screen_direct(create)
    if not create.title:
        return Refusal("bad_request", "A room needs a title")
    return _screen(create, create.kind)


def _screen_direct(create: Create) -> Refusal | None:
    if extra := _given(create).keys() - {"kind", "title"}:
        return Refusal("bad_request", f"A direct has no {min(extra)}")
    if len(create.who) >= MAX_DIRECT:
        return Refusal("bad_request", f"Too many people: a direct has at most {MAX_DIRECT}")
    return _screen(create, create.kind)


def _screen_change(change: ChangeRoom, _: int) -> Refusal | None:
    if is_thread_key(change.room) and (extra := _given(change).keys() - {"title"}):
        return Refusal("bad_request", f"A thread has no {min(extra)} of its own")
    if not _given(change):
        return Refusal("bad_request", "Nothing to change: name at least one setting")
    return _screen(change, change.kind)


def _screen(settings: RoomSettings, kind: str | None) -> Refusal | None:
    for name, text in (("title", settings.title), ("topic", settings.topic)):
        if text and not is_line(text):
            return Refusal("bad_request", f"Invalid {name}: use one line of text in NFC")
    if settings.alias and not is_alias(settings.alias):
        rule = "use 2 to 32 letters from a to z and digits, with . _ - only between them"
        return Refusal("bad_request", f"Invalid alias: {rule}")
    if settings.public not in (None, "none") and kind not in (None, "open"):
        return Refusal("bad_request", "Only open rooms can be public")
    return None


# --- making ---


def _with_key(create: Create, random: bytes) -> Create:
    return replace(create, key=room_key(random))


def _create_needs(wanted: Needs, principal: Principal, create: Create) -> None:
    room = str(create.key)
    wanted.logs.add(DIRECTORY)
    wanted.row(ROOM, RoomKey(room))
    to_name(wanted, room, principal.id, *create.who)
    if create.alias:
        wanted.row(ALIAS, alias_row(create.alias))
    if create.kind == "direct":
        wanted.row(DIRECT, direct_of((principal.id, *create.who)))
        for who in create.who:
            wanted.row(BLOCKS, Block(who, principal.id))
            wanted.row(BLOCKS, Block(principal.id, who))


def _create(ledger: Ledger, principal: Principal, create: Create) -> Answer:
    room, others = str(create.key), tuple(dict.fromkeys(create.who))
    people = (principal.id, *(each for each in others if each != principal.id))
    if refusal := _creating_refused(ledger, create, people):
        return refusal
    if create.kind == "direct" and (found := ledger.row(DIRECT, direct_of(people))):
        return ledger.unchanged()._replace(made=found.room)
    event = Created(
        **ledger.next(room, principal),
        people=sorted(people) if create.kind == "direct" else None,
        **_given(create),
    )
    ledger.append(event)
    _tell(ledger, principal, None, _room(event))
    role = "member" if create.kind == "direct" else "host"
    _, answer = memberships.join(ledger, principal, room, role)
    for who in people[1:]:
        memberships.invite(ledger, principal, room, who)
    if create.kind == "direct" and len(people) == OF_TWO and ledger.row(BLOCKS, Block(*people)):
        ledger.add(UNHEARD, Unheard(people[1], room))
    return answer._replace(made=room)


def _creating_refused(ledger: Ledger, create: Create, people: tuple[str, ...]) -> Refusal | None:
    creator = ledger.row(ACCOUNT, account_row(people[0]))
    if creator is None or creator.status != "active":
        return Refusal("unauthenticated", "This account is not active")
    if creator.role == "guest":
        return Refusal("forbidden", f"Not allowed to {CREATE.label}")
    if not all(is_active(ledger, who) for who in people):
        return NO_ACCOUNT
    if create.kind == "direct" and any(ledger.row(BLOCKS, Block(w, people[0])) for w in people[1:]):
        return NOT_HEARD
    if not is_room_key(str(create.key)) or ledger.row(ROOM, RoomKey(str(create.key))):
        return Refusal("conflict", "The key is in use: make another")
    return _taken(ledger, create.alias)


# --- changing ---


def _change_needs(wanted: Needs, principal: Principal, change: ChangeRoom) -> None:
    if is_thread_key(change.room):
        return threads.to_begin(wanted, principal, change.room)
    wanted.logs.add(DIRECTORY)
    if change.alias:
        wanted.row(ALIAS, alias_row(change.alias))


def _change(ledger: Ledger, principal: Principal, change: ChangeRoom) -> Answer:
    if is_thread_key(change.room):
        refusal = ledger.refusal(principal, Operation.TITLE, change.room)
        return refusal or threads.entitle(ledger, principal, change.room, change.title or "")
    room = _row(ledger, change.room)
    for name in _given(change):
        if refusal := ledger.refusal(principal, _PERMISSIONS[name], room.room):
            return refusal
    new = {name: value for name, value in _given(change).items() if value != getattr(room, name)}
    if new.get("kind") == "closed" and room.public != "none":
        new["public"] = "none"
    if refusal := _change_refused(ledger, room, new):
        return refusal
    if not new:
        return ledger.unchanged()
    answer = ledger.append(Changed(**ledger.next(room.room, principal), **new))
    _tell(ledger, principal, room, _row(ledger, room.room))
    return answer


def _change_refused(ledger: Ledger, room: MadeRoom, new: dict[str, Any]) -> Refusal | None:
    kind = new.get("kind", room.kind)
    if new.get("title") == "" and kind != "direct":
        return Refusal("bad_request", "A room needs a title")
    if new.get("public", "none") != "none" and kind != "open":
        return Refusal("bad_request", "Only open rooms can be public")
    return _taken(ledger, new.get("alias"))


def _taken(ledger: Ledger, alias: str | None) -> Refusal | None:
    """Return why a room that has another alias can't have this one, or None."""
    row = ledger.row(ALIAS, alias_row(alias)) if alias else None
    if row is None or not row.is_current:
        return None
    return Refusal("name_taken", "Alias already in use: choose another")


# --- its picture ---


class SetPortrait(SetAvatar, frozen=True, kw_only=True):
    """Gives a room a picture that the hub has made of the file; `avatar` is its key."""

    avatar: str
    image: bytes


def _screen_depict(change: SetAvatar, _: int) -> Refusal | None:
    if not change.file:
        return None
    return Refusal("unsupported", NO_PICTURES)  # else the hub had


def _depict_needs(wanted: Needs, _: Principal, __: SetAvatar) -> None:
    wanted.logs.add(DIRECTORY)


def _depict(ledger: Ledger, principal: Principal, change: SetAvatar) -> Answer:
    room = _row(ledger, change.room)
    avatar, image = "", b""
    if isinstance(change, SetPortrait):
        avatar, image = change.avatar, change.image
    if avatar == room.avatar:
        return ledger.unchanged()
    put_portrait(ledger, room.room, avatar, image)
    answer = ledger.append(Changed(**ledger.next(room.room, principal), avatar=avatar))
    _tell(ledger, principal, room, _row(ledger, room.room))
    return answer


# --- archiving ---


def _archive_needs(wanted: Needs, _: Principal, __: Archive | Restore) -> None:
    wanted.logs.add(DIRECTORY)


def _archive(ledger: Ledger, principal: Principal, change: Archive) -> Answer:
    room = _row(ledger, change.room)
    answer = ledger.append(Archived(**ledger.next(room.room, principal)))
    _tell(ledger, principal, room, _row(ledger, room.room))
    return answer


def _restore(ledger: Ledger, principal: Principal, change: Restore) -> Answer:
    room = _row(ledger, change.room)
    if room.archived_at is None:
        return ledger.unchanged()
    answer = ledger.append(Restored(**ledger.next(room.room, principal)))
    _tell(ledger, principal, room, _row(ledger, room.room))
    return answer


def _row(ledger: Ledger, room: str) -> MadeRoom:
    row = ledger.row(ROOM, RoomKey(room))
    assert row is not None, "the guard lets nobody into a room that isn't there"
    return row


# --- the directory: open rooms, and where aliases lead ---


def _tell(ledger: Ledger, principal: Principal, before: MadeRoom | None, after: MadeRoom) -> None:
    """Let the directory say what is new about a room."""
    _point(ledger, before, after)
    was_listed = before is not None and before.is_listed
    place = ledger.next(DIRECTORY, principal) | {"where": after.room}
    if after.is_listed and not was_listed:
        ledger.append(RoomListed(**place, **_names(after)))
    elif after.is_listed and before is not None and _names(before) != _names(after):
        ledger.append(RoomChanged(**place, **_names(after)))
    elif was_listed and not after.is_listed:
        ledger.append(RoomUnlisted(**place))


def _names(room: MadeRoom) -> dict[str, Any]:
    return {
        "title": room.title,
        "topic": room.topic,
        "alias": room.alias,
        "avatar": room.avatar,
    }


def _point(ledger: Ledger, before: MadeRoom | None, after: MadeRoom) -> None:
    """Let the alias lead to the room, and keep a former one until someone takes it."""
    former = before.alias if before else ""
    if former == after.alias:
        return
    if former:
        ledger.add(ALIAS, Alias(DIRECTORY, former, after.room, False))
    if after.alias:
        ledger.put(ALIAS, Alias(DIRECTORY, after.alias, after.room, True))


# --- what events mean ---


def _room(event: Created) -> MadeRoom:
    return MadeRoom(
        event.room,
        event.kind,
        event.title,
        event.topic,
        event.alias,
        event.public,
        event.posters,
        event.slow,
        event.keep_days,
        event.receipts,
        event.members_may_invite,
        event.members_may_edit,
        event.members_may_name_all,
        None,
        event.at,
        event.by,
        None if event.people is None else " ".join(event.people),
        event.titles,
    )


def _everyone(event: Event) -> tuple[str, ...]:
    return () if is_thread_key(event.room) else (EVERYONE,)


def _created(kept: Kept, event: Created) -> None:
    kept.put(ROOM, _room(event))


def _changed(kept: Kept, event: Changed) -> None:
    if is_thread_key(event.room):  # only its title: see `threads.entitle`
        return
    names = (*_PERMISSIONS, "avatar")
    new = {name: value for name in names if (value := getattr(event, name)) is not None}
    if row := kept.row(ROOM, RoomKey(event.room)):
        kept.put(ROOM, row._replace(**new))


def _archived(kept: Kept, event: Archived | Restored) -> None:
    archived_at = event.at if isinstance(event, Archived) else None
    if row := kept.row(ROOM, RoomKey(event.room)):
        kept.put(ROOM, row._replace(archived_at=archived_at))


def _remember_direct(ledger: Ledger, event: Created) -> None:
    if event.people is not None:
        ledger.put(DIRECT, Direct(*direct_of(tuple(event.people)), event.room))


ASPECT = Aspect(
    tables=(ROOM, ALIAS, DIRECT),
    rules=(
        Rule(
            *(Create, CREATE, _create_needs, _create, _screen_create, weighed_named),
            complete=_with_key,
        ),
        Rule(ChangeRoom, Operation.KNOW, _change_needs, _change, _screen_change, in_threads=True),
        Rule(SetAvatar, Operation.DEPICT, _depict_needs, _depict, _screen_depict),
        Rule(SetPortrait, Operation.DEPICT, _depict_needs, _depict, is_internal=True),
        Rule(Archive, Operation.MANAGE, _archive_needs, _archive),
        Rule(Restore, Operation.RESTORE, _archive_needs, _restore),
    ),
    events=(Created, Changed, Archived, Restored, RoomListed, RoomChanged, RoomUnlisted),
    affecting=(
        Affecting(Created, _everyone, _created),
        Affecting(Changed, _everyone, _changed),
        Affecting(Archived, _everyone, _archived),
        Affecting(Restored, _everyone, _archived),
    ),
    consequences=(Consequence(Created, _remember_direct),),
    guards=(GUARD, HEARD),
)
