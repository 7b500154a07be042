"""Threads as records, and how a reply begins one and who follows it from then on.

A thread is the log of a message of a made room, under a key of its own: see `keys.parent_of`. It has no members: the rows of
its parent decide who may do what there. Whoever follows it has a marker in its log, and a place in the own log, as members
of a room do.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from hubbub.domain.access import Operation
from hubbub.domain.facts import Accepted, Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.records import Table
from hubbub.domain.tables.markers import MARKER, ReadMarker
from hubbub.domain.tables.rooms import MEMBER, PLACE, ROOM, MemberKey, PlaceKey, Placement, room_row
from hubbub.events import ROOT, Posted, Reference, RootDeleted
from hubbub.events.rooms import Changed
from hubbub.events.threads import Threaded, ThreadFollowed, ThreadUnfollowed
from hubbub.protocol.beside import ThreadInRoom
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_account_key, is_room_key, parent_of, root_of, thread_key
from hubbub.protocol.messages import Post
from hubbub.protocol.names import is_line

UNTITLED = Refusal(
    "untitled", "This room requires titles: send a `title`, or reply in the thread of a message"
)
NOT_ALSO = Refusal("untitled", "This room requires titles: a reply can't be shown in it as well")
TITLE_KEPT = Refusal(
    "untitled", "This room requires titles: a thread can be renamed, but not lose its title"
)
MAX_SHOWN = 5  # people who replied last, whom the room shows beside the message


class ThreadKey(NamedTuple):
    """Identifies a thread."""

    thread: str


class Thread(NamedTuple):
    """What its room shows of a thread, as of the event `seq` of the thread.

    `message` is what it is about, in `room`. `at` is the time of the last reply, `replies` are those that were not deleted, and
    `people` the last who replied, the last one first.
    """

    thread: str
    room: str
    message: int
    seq: int
    at: str
    nth: int = 0
    replies: int = 0
    people: str = ""
    title: str = ""
    ended_at: str | None = None


THREAD = Table(
    "thread",
    ThreadKey,
    Thread,
    indexes=(("room", "message"), ("room", "at", "message"), ("at", "thread")),
    trimmed_by="seq",
)


def empty(thread: str) -> Thread:
    """Return the row of a thread of which nothing is kept so far."""
    return Thread(thread, parent_of(thread), root_of(thread), 0, "")


def shown(row: Thread) -> ThreadInRoom:
    """Return what clients see of a thread beside its message."""
    return ThreadInRoom(
        row.nth, row.at, row.replies, row.people.split(), row.title, ended_at=row.ended_at
    )


def by_message(rows: Iterable[Thread]) -> dict[int, ThreadInRoom] | UnsetType:
    """Return what clients see of threads, by the messages that they are about, if there are any."""
    return {row.message: shown(row) for row in rows} or UNSET


# --- following ---


def to_follow(wanted: Needs, thread: str, account: str) -> None:
    """Name what must be known in order to let an account `follow` a thread, or not any more."""
    wanted.logs.add(account)
    wanted.row(MARKER, MemberKey(thread, account))
    wanted.row(PLACE, PlaceKey(account, thread))


def follow(ledger: Ledger, principal: Principal, thread: str, account: str) -> Accepted:
    """Let an account follow a thread, unless it does already. What is there counts as read."""
    if ledger.row(MARKER, MemberKey(thread, account)):
        return ledger.unchanged()
    return _follow(ledger, principal, thread, account)


def follow_before(ledger: Ledger, by: Mapping[str, Any], message: MessageKey, account: str) -> None:
    """Let an account follow a thread, unless it does already. What is there before a message counts as read.

    `by` are the author and its id; see `Needs.nth` for how many messages there were by then.
    """
    if not ledger.row(MARKER, MemberKey(message.room, account)):
        _begin_to_follow(ledger, by, message.room, account, message.seq - 1)


def _follow(ledger: Ledger, principal: Principal, thread: str, account: str) -> Accepted:
    by = {"by": principal.name, "id": principal.person.id}
    return _begin_to_follow(ledger, by, thread, account, ledger.head(thread))


def _begin_to_follow(
    ledger: Ledger, by: Mapping[str, Any], thread: str, account: str, upto: int
) -> Accepted:
    ledger.add(MARKER, ReadMarker(thread, account, upto, ledger.nth(thread, upto)))
    ledger.add(PLACE, Placement(account, thread))
    place: dict[str, Any] = {"room": account, "seq": ledger.head(account) + 1, "at": ledger.at}
    return ledger.append(ThreadFollowed(**place, **by, where=thread))


def unfollow(ledger: Ledger, principal: Principal, thread: str) -> Accepted:
    """Let the principal follow a thread no longer, if it does."""
    key = MemberKey(thread, principal.id)
    if ledger.row(MARKER, key) is None:
        return ledger.unchanged()
    ledger.drop(MARKER, key)
    ledger.drop(PLACE, PlaceKey(principal.id, thread))
    return ledger.append(ThreadUnfollowed(**ledger.next(principal.id, principal), where=thread))


# --- replying ---


def to_begin(wanted: Needs, principal: Principal, thread: str) -> None:
    """Name what must be known in order to begin a thread, which its author follows."""
    wanted.messages.add(MessageKey(parent_of(thread), root_of(thread)))
    if principal.is_account:
        to_follow(wanted, thread, principal.id)


def to_reply(wanted: Needs, principal: Principal, post: Post, root_by: str | None) -> None:
    """Name what must be known in order to post in a thread. `root_by` is the author of its root, if that is an account."""
    to_begin(wanted, principal, post.room)
    parent = parent_of(post.room)
    for account in {root_by or "", *(post.mentions or {}).values(), *(post.calls or ())}:
        if is_account_key(account):
            to_follow(wanted, post.room, account)
    if root_by is not None:
        wanted.row(MEMBER, MemberKey(parent, root_by))
    if post.also_in_room:
        wanted.row(MARKER, MemberKey(parent, principal.id))


def impossible(ledger: Ledger, thread: str) -> Refusal | None:
    """Return why there can be no such thread, or None if there is one or it may begin."""
    if ledger.head(thread):
        return None
    return ledger.absent(MessageKey(parent_of(thread), root_of(thread)))


def refused(ledger: Ledger, principal: Principal, post: Post) -> Refusal | None:
    """Return why someone who may post in a thread may not post this there, or None."""
    if refusal := impossible(ledger, post.room):
        return refusal
    if not post.also_in_room:
        return None
    parent = parent_of(post.room)
    return ledger.refusal(principal, Operation.POST, parent) or (
        NOT_ALSO if _requires_titles(ledger, parent) else None
    )


def begin(
    ledger: Ledger, principal: Principal, thread: str, root_by: str | None, told: tuple[str, ...]
) -> None:
    """Before a reply: begin the thread if there is none yet, and let those follow it whom the reply concerns."""
    if not ledger.head(thread):
        parent, root = parent_of(thread), root_of(thread)
        ledger.append(Threaded(**ledger.next(parent, principal), message=root))
        if root_by is not None and _is_there(ledger, parent, root, root_by):
            follow(ledger, principal, thread, root_by)
    if principal.is_account:
        follow(ledger, principal, thread, principal.id)
    for account in told:
        if is_account_key(account):
            follow(ledger, principal, thread, account)


def _is_there(ledger: Ledger, room: str, message: int, author: str) -> bool:
    """Whether the author of a message is still a member of its room."""
    is_author = ledger.owner(MessageKey(room, message)) == author
    return is_author and ledger.row(MEMBER, MemberKey(room, author)) is not None


def entitle(ledger: Ledger, principal: Principal, thread: str, title: str) -> Answer:
    """Give a thread a title, or none if that is empty. It begins with that if there is none yet."""
    refusal = ledger.absent(MessageKey(parent_of(thread), root_of(thread)))
    if refusal and (refusal.code == "gone" or not ledger.head(thread)):
        return refusal
    row = ledger.row(THREAD, ThreadKey(thread)) or empty(thread)
    if row.title == title:
        return ledger.unchanged()
    if not title and _requires_titles(ledger, row.room):
        return TITLE_KEPT
    begin(ledger, principal, thread, None, ())
    event = Changed(**ledger.next(thread, principal), title=title)
    ledger.put(THREAD, row._replace(at=row.at or ledger.at, seq=event.seq, title=title))
    return ledger.append(event)


# --- deleting what a thread is about ---


def to_delete(wanted: Needs, message: MessageKey) -> None:
    """Name what must be known in order to delete a message, which may have a thread."""
    if is_room_key(message.room):
        thread = thread_key(*message)
        wanted.logs.add(thread)
        wanted.row(THREAD, ThreadKey(thread))


def delete_root(ledger: Ledger, principal: Principal, message: MessageKey) -> None:
    """When a message is deleted: take the titles from its thread, if it has one, and tell those who read it."""
    thread = thread_key(*message)
    if not is_room_key(message.room) or not ledger.head(thread):
        return
    ledger.erase(MessageKey(thread, ROOT))
    event = RootDeleted(**ledger.next(thread, principal))
    if row := ledger.row(THREAD, ThreadKey(thread)):
        ledger.put(THREAD, row._replace(seq=event.seq, title=""))
    ledger.append(event)


# --- messages with titles ---


def title_fault(post: Post) -> str | None:
    """Return what is wrong with the title of a post, whatever the room is like, or None."""
    if post.title is None:
        return None
    if not is_room_key(post.room):
        return "Only messages of rooms that people made have titles"
    return None if is_line(post.title) else "Invalid title: use one line of text in NFC"


def to_title(wanted: Needs, principal: Principal) -> None:
    """Name what must be known in order to begin a thread with its message."""
    if principal.is_account:
        wanted.logs.add(principal.id)


def title_refused(ledger: Ledger, principal: Principal, post: Post) -> Refusal | None:
    """Return why a post in a room may not be without a title, or may not have one, or None. Free rooms know no titles."""
    if is_room_key(post.room) and _requires_titles(ledger, post.room):
        return UNTITLED if post.title is None else None
    ledger.untitled.add(post.room)
    return None if post.title is None else ledger.refusal(principal, Operation.TITLE, post.room)


def _requires_titles(ledger: Ledger, room: str) -> bool:
    row = ledger.row(ROOM, room_row(room))
    return row is not None and row.titles


def begin_with(ledger: Ledger, principal: Principal, message: Posted, title: str) -> None:
    """Begin the thread of a message that was posted just now, with a title."""
    thread = thread_key(message.room, message.seq)
    ledger.begin(thread)
    ledger.append(Threaded(**ledger.next(message.room, principal), message=message.seq))
    if principal.is_account:
        _follow(ledger, principal, thread, principal.id)
    event = Changed(**ledger.next(thread, principal), title=title)
    ledger.add(THREAD, empty(thread)._replace(at=ledger.at, seq=event.seq, title=title))
    ledger.append(event)


def show_in_room(ledger: Ledger, principal: Principal, event: Posted) -> None:
    """Post in the parent that there is a reply: a reference to it, as a forwarded message is."""
    place = ledger.next(parent_of(event.room), principal)
    of = Reference(event.room, event.seq)
    ledger.post(Posted(**place, text="", of=of), principal.key_owner)
