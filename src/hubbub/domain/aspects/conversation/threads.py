"""Threads: who follows them, what their rooms show of them, and how they end."""

from collections.abc import Callable, Collection
from typing import TypeVar

from hubbub.domain import threads
from hubbub.domain.access import Operation, Permission, RoomKind, account
from hubbub.domain.aspects.people.audit import BY_RULE
from hubbub.domain.facts import Answer, Needs, NewPost
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import Known
from hubbub.domain.rules import Asking, Aspect, Guard, Rule, Sequel
from hubbub.domain.threads import MAX_SHOWN, THREAD, Thread, ThreadKey
from hubbub.events import ROOT, RootDeleted
from hubbub.events.threads import (
    Threaded,
    ThreadEnded,
    ThreadFollowed,
    ThreadReopened,
    ThreadUnfollowed,
)
from hubbub.protocol.commands.threads import (
    EndThread,
    FollowThread,
    ListMyThreads,
    ListThreads,
    ReopenThread,
    UnfollowThread,
)
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import is_account_key, is_thread_key
from hubbub.protocol.messages import Change

C = TypeVar("C", bound=Change)

# Only in other rooms is anyone refused these: in made ones, the guards are asked for what a `Rule` says.
_OF_MADE = "threads: only messages of rooms that people made have them"
FOLLOW = Permission(f"follow {_OF_MADE}", {RoomKind.MADE: account(Scope.POST)})
END = Permission(f"end {_OF_MADE}", {RoomKind.MADE: account(Scope.MODERATE)})
ENDED = Refusal("archived", "This thread has ended: nothing in it can change")
NO_THREAD_KEY = Refusal(
    "not_found",
    "No such thread: use the key of a room and the seq of a message, as in @r7m2q9x4w1z3k:42",
)
NO_THREAD = Refusal("not_found", "No such thread")


def _screen(change: Change, _: int) -> Refusal | None:
    if is_thread_key(change.room):
        return None
    return NO_THREAD_KEY


# --- following ---


def _follow_needs(wanted: Needs, principal: Principal, change: Change) -> None:
    if principal.is_account:
        threads.to_follow(wanted, change.room, principal.id)


def _follow(ledger: Ledger, principal: Principal, change: FollowThread) -> Answer:
    if not ledger.head(change.room):
        return NO_THREAD
    return threads.follow(ledger, principal, change.room, principal.id)


def _unfollow(ledger: Ledger, principal: Principal, change: UnfollowThread) -> Answer:
    return threads.unfollow(ledger, principal, change.room)


# --- ending ---


def _no_needs(_: Needs, __: Principal, ___: Change) -> None:
    """The guard asks for the row."""


def _end(ledger: Ledger, principal: Principal, change: EndThread) -> Answer:
    return _set_ended(ledger, principal, change, ThreadEnded)


def _reopen(ledger: Ledger, principal: Principal, change: ReopenThread) -> Answer:
    return _set_ended(ledger, principal, change, ThreadReopened)


def _set_ended(
    ledger: Ledger,
    principal: Principal,
    change: Change,
    kind: type[ThreadEnded] | type[ThreadReopened],
) -> Answer:
    row = ledger.row(THREAD, ThreadKey(change.room))
    if row is None:
        return NO_THREAD
    ended_at = ledger.at if kind is ThreadEnded else None
    if (row.ended_at is None) is (ended_at is None):
        return ledger.unchanged()
    event = kind(**ledger.next(change.room, principal))
    ledger.put(THREAD, row._replace(seq=event.seq, ended_at=ended_at))
    return ledger.append(event)


def _guard_needs(wanted: Needs, asking: Collection[Asking]) -> None:
    wanted.rows[THREAD].update([ThreadKey(thread) for _, thread in asking])


def _refuse(known: Known, _: Principal, operation: Permission, thread: str) -> Refusal | None:
    row = known.row(THREAD, ThreadKey(thread))
    return ENDED if row and row.ended_at and operation not in _IN_ENDED else None


_IN_ENDED = frozenset(
    {
        *(Operation.KNOW, Operation.READ, Operation.MARK, Operation.END_THREAD),
        *(Operation.DELETE_OWN, Operation.DELETE_ANY, BY_RULE),
    }
)
OPEN = Guard(is_thread_key, _guard_needs, _refuse, is_kept=False)  # reading needs no row of it


# --- what rooms show of them ---


def _show(ledger: Ledger) -> None:
    """Keep what rooms show of the threads in which this batch posts or deletes messages."""
    posted: dict[str, list[NewPost]] = {log: [] for log in ledger.logs.grown if is_thread_key(log)}
    if not posted:
        return
    for post in ledger.posts:
        if post.room in posted:
            posted[post.room].append(post)
    deleted = ledger.erasures.deleted if ledger.erasures else ()
    gone = [room for room, seq in deleted if seq != ROOT and room in posted]
    for thread, posts in posted.items():
        if not posts and thread not in gone:
            continue
        row = ledger.row(THREAD, ThreadKey(thread)) or threads.empty(thread)
        replies = row.replies + len(posts) - gone.count(thread)
        shown = _with(row, ledger.at, posts)
        ledger.put(THREAD, shown._replace(seq=ledger.head(thread), replies=max(0, replies)))


def _with(row: Thread, at: str, posts: list[NewPost]) -> Thread:
    """Return the row of a thread with these messages more."""
    if not posts:
        return row
    authors = [post.owner for post in reversed(posts) if is_account_key(post.owner)]
    people = [*dict.fromkeys([*authors, *row.people.split()])]
    return row._replace(at=at, nth=posts[-1].nth, people=" ".join(people[:MAX_SHOWN]))


def _nothing(_: Needs, __: Collection[Asking]) -> None:
    """The guard asks for the rows."""


def _rule(
    command: type[C],
    operation: Permission,
    asked: Permission,
    needs: Callable[[Needs, Principal, C], None],
    decide: Callable[[Ledger, Principal, C], Answer],
) -> Rule[C]:
    return Rule(command, operation, needs, decide, _screen, asked=asked, in_threads=True)


ASPECT = Aspect(
    tables=(THREAD,),
    rules=(
        _rule(FollowThread, FOLLOW, Operation.MARK, _follow_needs, _follow),
        _rule(UnfollowThread, FOLLOW, Operation.MARK, _follow_needs, _unfollow),
        _rule(EndThread, END, Operation.END_THREAD, _no_needs, _end),
        _rule(ReopenThread, END, Operation.END_THREAD, _no_needs, _reopen),
    ),
    questions=(ListThreads, ListMyThreads),
    events=(
        *(Threaded, ThreadEnded, ThreadReopened, ThreadFollowed, ThreadUnfollowed),
        RootDeleted,
    ),
    guards=(OPEN,),
    sequels=(Sequel(_nothing, _show),),
)
