"""Read markers: how far each member has read a room, kept up when they read, post, come and go."""

from collections.abc import Collection
from itertools import chain

from hubbub.domain.access import Operation
from hubbub.domain.facts import Accepted, Answer, Needs, NewPost
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Asking, Aspect, Consequence, Rule, Sequel, accounts_in
from hubbub.domain.tables.markers import MARKER, ReadMarker
from hubbub.domain.tables.rooms import MemberKey, member_row
from hubbub.events.reading import MarkedUnread, Read
from hubbub.events.rooms import Banned, Invited, Joined, Left, Removed
from hubbub.protocol.commands.reading import MarkRead, MarkUnread
from hubbub.protocol.keys import is_account_key, is_made_key, is_thread_key

# --- reading ---


def _read_needs(wanted: Needs, principal: Principal, read: MarkRead) -> None:
    _own_needs(wanted, principal, read)
    wanted.nth(read.room, read.upto)


def _own_needs(wanted: Needs, principal: Principal, change: MarkRead | MarkUnread) -> None:
    wanted.logs.add(principal.id)
    wanted.row(MARKER, MemberKey(change.room, principal.id))


def _read(ledger: Ledger, principal: Principal, read: MarkRead) -> Answer:
    marker = ledger.row(MARKER, MemberKey(read.room, principal.id))
    if marker is None:  # a host of all open rooms need not be a member
        return ledger.unchanged()
    raised = _raised(ledger, marker, read.upto)._replace(is_marked=False)
    if raised == marker:
        return ledger.unchanged()
    ledger.put(MARKER, raised)
    return _tell(ledger, raised)


def _tell(ledger: Ledger, marker: ReadMarker) -> Accepted:
    """Say in the own log how far an account has read."""
    who, seq = marker.account, ledger.head(marker.account) + 1
    event = Read(who, seq, ledger.at, who, where=marker.room, upto=marker.seq, nth=marker.nth)
    return ledger.append(event)


def _mark_unread(ledger: Ledger, principal: Principal, mark: MarkUnread) -> Answer:
    marker = ledger.row(MARKER, MemberKey(mark.room, principal.id))
    if marker is None or marker.is_marked:
        return ledger.unchanged()
    ledger.put(MARKER, marker._replace(is_marked=True))
    return ledger.append(MarkedUnread(**ledger.next(principal.id, principal), where=mark.room))


def _raised(ledger: Ledger, marker: ReadMarker, upto: int) -> ReadMarker:
    """Return a marker that is at least as far as an event, and at most at the head."""
    upto = min(upto, ledger.head(marker.room))
    if upto <= marker.seq:
        return marker
    return marker._replace(seq=upto, nth=ledger.nth(marker.room, upto))


# --- posting: whoever had read all before has read what they post ---


Reached = dict[tuple[str, str], tuple[int, int] | None]  # `seq` and `nth`, by room and author


def _of_authors(wanted: Needs, asking: Collection[Asking]) -> None:
    if accounts := accounts_in(asking):
        wanted.logs.update([account for account, _ in accounts])
        wanted.rows[MARKER].update([member_row(room, account) for account, room in accounts])


def _follow_posts(ledger: Ledger) -> None:
    _raise_all(ledger, _said(ledger) if ledger.are_nths_wanted else _unsaid(ledger))


def _said(ledger: Ledger) -> Reached:
    """Return how far the authors of posts have read, some of whom say so."""
    reached: Reached = {}
    for room, seq, _, _, owner, nth, read in ledger.posts:
        author = room, owner
        if author not in reached:
            marker = _marker(ledger, room, owner)
            reached[author] = (marker.seq, marker.nth) if marker else None
        if (at := reached[author]) is None:
            continue
        if read and (upto := min(read, seq - 1)) > at[0]:
            reached[author] = at = upto, ledger.nth(room, upto)
        if at[1] == nth - 1:
            reached[author] = seq, nth
    return reached


def _unsaid(ledger: Ledger) -> Reached:
    """Return likewise how far they have read of whom nobody says so: nothing that another posted in this batch.

    So of each room only its first author counts, as far as the second one. There may be many posts, and these are few.
    """
    first: dict[str, NewPost] = {}
    ends: dict[str, int] = {}
    for post in ledger.openings:
        room, _, _, _, owner, nth, _ = post
        if first.setdefault(room, post).owner != owner:
            ends.setdefault(room, nth - 1)
    sought: dict[str, int] = {}  # the `nth` of the last post of the first author
    for room, post in first.items():
        marker = _marker(ledger, room, post.owner)
        end = ends.get(room, ledger.logs[room].nth)
        if marker and post.nth - 1 <= marker.nth < end:
            sought[room] = end
    reached: Reached = {}
    for room, seq, _, _, owner, nth, _ in chain(ledger.openings, reversed(ledger.posts)):
        if not sought:
            break
        if sought.get(room) == nth:
            reached[room, owner] = seq, nth
            del sought[room]
    return reached


def _raise_all(ledger: Ledger, reached: Reached) -> None:
    """Move the markers of rooms' authors that are not so far yet, and say so in their own logs."""
    for (room, owner), at in reached.items():
        marker = _marker(ledger, room, owner)
        if marker and at and at[0] > marker.seq:
            raised = marker._replace(seq=at[0], nth=at[1])
            ledger.put(MARKER, raised)
            _tell(ledger, raised)


def _marker(ledger: Ledger, room: str, owner: str) -> ReadMarker | None:
    if is_made_key(room) and is_account_key(owner):
        return ledger.row(MARKER, member_row(room, owner))
    return None


# --- coming and going ---


def _begun(ledger: Ledger, event: Joined | Invited) -> None:
    """Let what was there before a membership count as read."""
    who = event.who if isinstance(event, Invited) else event.by
    if event.where is None and who is not None:
        nth = ledger.nth(event.room, event.seq)
        ledger.add(MARKER, ReadMarker(event.room, who, event.seq, nth))


def _left(ledger: Ledger, event: Left) -> None:
    if event.where is None:
        ledger.drop_all(MARKER, event.room, event.by)
    elif is_thread_key(event.where):  # a removed account follows it no longer
        ledger.drop_all(MARKER, event.where, event.room)


def _ended(ledger: Ledger, event: Removed | Banned) -> None:
    ledger.drop_all(MARKER, event.room, event.who)


ASPECT = Aspect(
    tables=(MARKER,),
    rules=(
        Rule(MarkRead, Operation.MARK, _read_needs, _read, in_threads=True),
        Rule(MarkUnread, Operation.MARK, _own_needs, _mark_unread, in_threads=True),
    ),
    events=(Read, MarkedUnread),
    consequences=(
        Consequence(Joined, _begun),
        Consequence(Invited, _begun),
        Consequence(Left, _left),
        Consequence(Removed, _ended),
        Consequence(Banned, _ended),
    ),
    sequels=(Sequel(_of_authors, _follow_posts),),
)
