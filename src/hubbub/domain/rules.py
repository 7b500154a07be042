"""What an aspect is: one part of the rules. `Rules` is all of them together."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeVar, get_args

from hubbub.domain.access import Permission
from hubbub.domain.facts import (
    ANSWERED,
    Accepted,
    Affected,
    Answer,
    AnsweredKey,
    Needs,
    PostKey,
    Proposal,
)
from hubbub.domain.ledger import Act, Decide, Ledger, Refuse, Repeat
from hubbub.domain.principals import Principal
from hubbub.domain.records import AnyTable, Kept
from hubbub.domain.view import RoomView
from hubbub.domain.weights import weighed
from hubbub.events import Event, Events, tag_in, tag_of
from hubbub.protocol.codec import Commands
from hubbub.protocol.commands.watching import WATCHING
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Ask, Change, Question

C = TypeVar("C", bound=Change)
E = TypeVar("E", bound=Event)
Wish = Callable[[Needs, Principal, Any], None]
Asking = tuple[Principal, str]  # who asks, in which room
Survey = Callable[[Needs, Collection[Asking]], None]


@dataclass(frozen=True, slots=True)
class Rule(Generic[C]):
    """How one command is checked, and decided on.

    Attributes:
        command: the command's type.
        operation: what the principal must be allowed to do.
        asked: what guards are asked instead, where `decide` asks for more: it depends on what is changed.
        needs: names what must be known in order to decide.
        decide: answers, and tells the ledger what happens. If it refuses, it has told it nothing.
        screen: what is wrong with the command whatever the room's state; a message has at most so many bytes.
        pack: the command as it waits for a commit, where its JSON may be bytes, which `decide` must then decode; and
            roughly how many bytes it and its event take.
        adds: roughly how many bytes its event may have besides those that were sent; they count against its sender, too.
        repeat: if the log keeps its `client_message_id`: completes the first answer to it. Those of other commands are records.
        complete: adds a key made from `keys.RANDOM_BYTES` random bytes, once the command is screened.
        in_threads: whether it may be sent about a thread. Most commands about members, and what a room is like, may not.
        is_internal: whether only the server's own code submits it. No client can send it, and no door asks whether
            its principal may do it: `decide` does.
    """

    command: type[C]
    operation: Permission
    needs: Callable[[Needs, Principal, C], None]
    decide: Callable[[Ledger, Principal, C], Answer]
    screen: Callable[[C, int], Refusal | None] | None = None
    pack: Callable[[C], tuple[C, int]] = weighed
    repeat: Callable[[Ledger, Principal, C, Accepted], Answer] | None = None
    asked: Permission | None = None
    complete: Callable[[C, bytes], C] | None = None
    is_internal: bool = False
    in_threads: bool = False
    adds: Callable[[C], int] | None = None


class Consequence(NamedTuple, Generic[E]):
    """What an aspect does when an event is appended, even one of another aspect. See `Ledger.post` for messages."""

    event: type[E]
    act: Callable[[Ledger, E], None]


class Beforehand(NamedTuple, Generic[C]):
    """What an aspect must know when another's command is decided on, because it acts on the event of that."""

    command: type[C]
    needs: Callable[[Needs, Principal, C], None]


class Fold(NamedTuple, Generic[E]):
    """How an event changes what a client sees."""

    event: type[E]
    apply: Callable[[RoomView, E], None]


def accounts_in(asking: Collection[Asking]) -> list[tuple[str, str]]:
    """Return the accounts among those who ask, and where."""
    return [(who.id, room) for who, room in asking if who.is_account]


class Guard(NamedTuple):
    """What must be asked before anything is done in certain rooms, such as who has a place there.

    Before a change it is asked in the ledger, so it knows the state at that very change. Before anything else, such as
    reading, it is asked about the rows that each node keeps in memory: those that it needs about whoever reads. They
    must be rows that only affecting events change. See `Affecting`. A guard that is not kept may look at any rows. It is
    not asked before reading, and before a signal it is asked about what the store has then.

    Attributes:
        applies: whether it guards a room, by its name alone.
        needs: names what must be known about rooms, and about those who ask there. It may only depend on their ids.
        refuse: why the principal may not do this in the room, or None. Once it lets someone read, it goes on to until an event
            affects them.
        elsewhere: names the other logs that have rows that it needs, such as the directory.
        is_kept: whether nodes keep in memory what it needs.
    """

    applies: Callable[[str], bool]
    needs: Survey
    refuse: Refuse
    elsewhere: Callable[[str], tuple[str, ...]] = lambda _: ()
    is_kept: bool = True


class Affecting(NamedTuple, Generic[E]):
    """An event that gives or takes rights.

    Whoever may no longer read the log gets this event and none after it.

    Attributes:
        event: its kind.
        whom: the stable ids of those whose rights may have changed, or `EVERYONE`, or `NOBODY` if only what is known
            about the room or the people changed. If there are none, memory doesn't change.
        apply: changes the rows that guards look at: in the ledger, and again in the memory of each node. What it does
            must not depend on what is there, since memory may be ahead of the event.
    """

    event: type[E]
    whom: Callable[[E], Iterable[str]]
    apply: Callable[[Kept, E], None]

    def act(self, ledger: Ledger, event: E) -> None:
        """What follows in the ledger."""
        self.apply(ledger, event)
        ledger.affect(event, self.whom(event))


class Sequel(NamedTuple):
    """What an aspect does once after a whole batch, if it changes guarded rooms.

    Attributes:
        needs: names what must be known about those who change such rooms.
        act: what follows.
    """

    needs: Survey
    act: Callable[[Ledger], None]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One part of the rules: its tables, its commands, their events, its part of the fold, and what clients may ask about it.

    `migrations` is the package with the migrations of its tables, in a folder for each database, if it is not hubbub's own.
    """

    tables: tuple[AnyTable, ...] = ()
    rules: tuple[Rule[Any], ...] = ()
    questions: tuple[type[Question], ...] = ()
    events: tuple[type[Event], ...] = ()
    beforehand: tuple[Beforehand[Any], ...] = ()
    consequences: tuple[Consequence[Any], ...] = ()
    folds: tuple[Fold[Any], ...] = ()
    guards: tuple[Guard, ...] = ()
    migrations: str = ""
    affecting: tuple[Affecting[Any], ...] = ()
    sequels: tuple[Sequel, ...] = ()


class Rules:
    """All aspects together, looked up by command and by event.

    Attributes:
        commands: all that a client may send: what the aspects define, and what changes no log.
        events: all kinds that a log may hold.
        trimmed, erased: the tables whose rows go when a log is trimmed, or when something in it is erased.
        guards_of: returns the guards of a room that are kept in memory, by its name; a free room has none.
        other_guards_of: likewise, those that are not.
    """

    def __init__(self, aspects: Iterable[Aspect]) -> None:
        self.aspects = tuple(aspects)
        self.tables = (ANSWERED, *(table for aspect in self.aspects for table in aspect.tables))
        self.trimmed = tuple(table for table in self.tables if table.trimmed_by)
        self.erased = tuple(table for table in self.tables if table.is_erased)
        self.by_command: dict[type[Change], Rule[Any]] = {
            rule.command: rule for aspect in self.aspects for rule in aspect.rules
        }
        self.migrations = tuple(aspect.migrations for aspect in self.aspects if aspect.migrations)
        self.commands = Commands(
            [
                *(*get_args(Ask), *WATCHING),
                *(question for aspect in self.aspects for question in aspect.questions),
                *(c for c, rule in self.by_command.items() if not rule.is_internal),
            ]
        )
        self.events = Events(event for aspect in self.aspects for event in aspect.events)
        rules = self.by_command.items()
        self.operations = {command: rule.asked or rule.operation for command, rule in rules}
        self.repeating: dict[type[Change], Repeat] = {
            command: rule.repeat for command, rule in rules if rule.repeat
        }
        self.deciding: dict[type[Change], Decide] = {c: rule.decide for c, rule in rules}
        self._needing = self._find_needs()
        self.packing: dict[type[Change], Callable[[Any], tuple[Any, int]]] = {
            command: rule.pack for command, rule in rules
        }
        self.adding: dict[type[Change], Callable[[Any], int]] = {
            command: rule.adds for command, rule in rules if rule.adds
        }
        self.completing: dict[type[Change], Callable[[Any, bytes], Any]] = {
            command: rule.complete for command, rule in rules if rule.complete
        }
        affecting = [each for aspect in self.aspects for each in aspect.affecting]
        acts: list[tuple[type[Event], Act]] = [(each.event, each.act) for each in affecting]
        acts += [(each.event, each.act) for a in self.aspects for each in a.consequences]
        self.consequences: dict[type[Event], list[Act]] = _grouped(acts)
        self.folds: dict[type[Event], list[Callable[[RoomView, Any], None]]] = _grouped(
            (fold.event, fold.apply) for aspect in self.aspects for fold in aspect.folds
        )
        self.sequels = tuple(each for aspect in self.aspects for each in aspect.sequels)
        self._guards = tuple(guard for aspect in self.aspects for guard in aspect.guards)
        self.guards_of = lru_cache(4096)(partial(self._find_guards, is_kept=True))
        self.other_guards_of = lru_cache(4096)(partial(self._find_guards, is_kept=False))
        self._all_guards_of = lru_cache(4096)(self._find_all_guards)
        self._affecting = {tag_of(each.event): each for each in affecting}

    def needs(self, proposals: Sequence[Proposal]) -> Needs:
        """List what `Ledger` will ask about these proposals."""
        wanted = Needs()
        needing, repeating = self._needing, self.repeating
        asking: defaultdict[str, dict[str, Principal]] = defaultdict(dict)  # by room and id
        room = ""  # of the last change, as often of the next; and who asked for changes there
        askers: dict[str, Principal] = {}
        change: Any
        for principal, change in proposals:
            kind = type(change)
            if change.room != room:
                room = change.room
                askers = asking[room]
            askers[principal.id] = principal
            if (called := change.client_message_id) is not None:
                if kind in repeating:
                    wanted.posts.add(PostKey(change.room, called, principal.key_owner))
                else:
                    wanted.row(ANSWERED, AnsweredKey(change.room, called, principal.key_owner))
            needing[kind](wanted, principal, change)
        logs = wanted.logs
        logs.update(asking)
        if any(map(self._all_guards_of, logs)):  # in free rooms there are none
            guarded = self._guarding(logs)
            for who, room in wanted.reading:
                asking[room][who.id] = who
            pairs = [(who, room) for room in guarded for who in asking[room].values()]
            survey(wanted, pairs, guarded)
            for sequel in self.sequels:
                sequel.needs(wanted, pairs)
            wanted.guard(self._guarding(logs))  # which may be more by now
        return wanted

    def _guarding(self, rooms: Iterable[str]) -> dict[str, tuple[Guard, ...]]:
        """Return the guards of these rooms, without the rooms that have none."""
        return {room: guards for room in rooms if (guards := self._all_guards_of(room))}

    def _find_needs(self) -> dict[type[Change], Wish]:
        needing: dict[type[Change], Wish] = {
            command: rule.needs for command, rule in self.by_command.items()
        }
        for each in (each for aspect in self.aspects for each in aspect.beforehand):
            needing[each.command] = _both(needing[each.command], each.needs)
        return needing

    def _find_guards(self, room: str, is_kept: bool) -> tuple[Guard, ...]:
        some = (guard for guard in self._guards if guard.is_kept is is_kept)
        return tuple(guard for guard in some if guard.applies(room))

    def _find_all_guards(self, room: str) -> tuple[Guard, ...]:
        return self.guards_of(room) + self.other_guards_of(room)

    def affected_by(self, first: int, bodies: Sequence[bytes]) -> Affected:
        """Return whose rights some events may have changed, numbered from `first` on, as the ledger did in `Batch`."""
        return tuple(
            (seq, each)
            for seq, body in enumerate(bodies, first)
            if (affecting := self._affecting.get(tag_in(body)))
            for each in affecting.whom(self.events.decode(body))
        )

    def apply(self, kept: Kept, body: bytes) -> None:
        """Change the rows that guards look at, if this event does."""
        if affecting := self._affecting.get(tag_in(body)):
            affecting.apply(kept, self.events.decode(body))

    def fold(self, view: RoomView, event: Event) -> None:
        """Fold the next event into a view.

        Raises:
            ValueError: the event is not the next one, so there is a gap or a duplicate.
        """
        view.step(event)
        for apply in self.folds.get(type(event), ()):
            apply(view, event)


def survey(
    wanted: Needs, asking: Collection[Asking], guarding: Mapping[str, Sequence[Guard]]
) -> None:
    """Name what the guards of rooms must know about those who ask there."""
    if len(guarding) == 1:  # as often
        for guard in next(iter(guarding.values())):
            guard.needs(wanted, asking)
        return
    for guard in dict.fromkeys(chain.from_iterable(guarding.values())):
        guard.needs(wanted, [pair for pair in asking if guard in guarding[pair[1]]])


def _both(first: Wish, second: Wish) -> Wish:
    def needs(wanted: Needs, principal: Principal, change: Any) -> None:
        first(wanted, principal, change)
        second(wanted, principal, change)

    return needs


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found
