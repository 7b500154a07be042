"""The law of rooms with members: all that people do there, among the messages of free rooms.

Besides the law of all rooms: members are those of whom the log says so, each has a place in the own log, and nobody
else has; only they post; messages are pinned of which the log says so; and whoever becomes or was one is named to those who deliver the event.
Whoever makes an account by an invite is a member of its rooms then, let in by somebody who may let guests in at that very moment.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from msgspec.structs import replace

from hubbub.domain.aspects.conversation.drafts import DRAFTS
from hubbub.domain.aspects.conversation.pins import PINS, pins_of
from hubbub.domain.aspects.conversation.saved import SAVED
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.invites import INVITES, AddPerson, MakeInvite, RevokeInvite
from hubbub.domain.aspects.posts import PostInThread
from hubbub.domain.aspects.rooms.members import JoinRoom, LeaveRoom
from hubbub.domain.facts import EVERYONE, Accepted, Answer, Batch, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Rules
from hubbub.domain.tables.accounts import ACCOUNT, BLOCKS
from hubbub.domain.tables.markers import MARKER, MENTION
from hubbub.domain.tables.rooms import ALIAS, MEMBER, PLACE, ROOM
from hubbub.domain.threads import THREAD, Thread
from hubbub.domain.view import RoomView
from hubbub.events import (
    Deleted,
    Edited,
    Event,
    Posted,
    Reacted,
    Reference,
    RootDeleted,
    gone_by,
)
from hubbub.events.conversation import Drafted, Saved
from hubbub.events.people import Noted
from hubbub.events.reading import Read
from hubbub.events.rooms import (
    Appointed,
    Archived,
    Banned,
    Changed,
    Invited,
    Joined,
    Left,
    Removed,
    Restored,
)
from hubbub.events.threads import (
    Threaded,
    ThreadEnded,
    ThreadFollowed,
    ThreadReopened,
    ThreadUnfollowed,
)
from hubbub.protocol.commands.conversation import KeepDraft, Pin, Save, Unpin, Unsave
from hubbub.protocol.commands.preferences import BlockPerson, UnblockPerson
from hubbub.protocol.commands.reading import MarkRead, MarkUnread, SetRoom
from hubbub.protocol.commands.rooms import (
    Appoint,
    Archive,
    Ban,
    ChangeRoom,
    Create,
    InvitePeople,
    Mute,
    Remove,
    Restore,
    Unban,
    Unmute,
)
from hubbub.protocol.commands.threads import EndThread, FollowThread, ReopenThread, UnfollowThread
from hubbub.protocol.keys import AUDIT, DIRECTORY, is_room_key, is_thread_key, parent_of, thread_key
from hubbub.protocol.messages import Change, Delete, Edit, Post, React
from hubbub.server.stores.base import Activity, Store
from tests.support.laws import Law, seldom
from tests.support.rooms import (
    ADA,
    ADMIN,
    BOT,
    GRACE,
    GUEST,
    MARGARET,
    NEWCOMERS,
    ROLES,
    ROOM_RULES,
    becoming,
)

HOSTS = (ADA, ADMIN)
ALL = (*HOSTS, GRACE, MARGARET, GUEST, BOT)
KNOWN = (*ALL, *NEWCOMERS)
NEW_IDS = {person.id for person in NEWCOMERS}
DIGEST = "digest"


def _anyone(n: int) -> Principal:
    return ALL[n]


luck = st.integers(0, 4)
people = st.integers(0, len(ALL) - 1).map(_anyone)  # a strategy of what is short to print
hosts = st.integers(0, len(HOSTS) - 1).map(_anyone)
who = people.map(lambda person: person.id)
some = st.lists(who, min_size=1, max_size=3).map(tuple)
aliases = st.sampled_from([None, None, "kitchen", "attic", ""])
named = {
    kind: st.builds(kind, room=st.just(""), who=who, client_message_id=seldom)
    for kind in (Remove, Unban, Unmute)
}
for_a_while = {
    kind: st.builds(
        kind,
        room=st.just(""),
        who=who,
        seconds=st.sampled_from([None, 0.002]),
        client_message_id=seldom,
    )
    for kind in (Ban, Mute)
}
# The machine says which room.
by_anyone: st.SearchStrategy[Change] = st.one_of(
    st.builds(JoinRoom, room=st.just(""), client_message_id=seldom),
    st.builds(LeaveRoom, room=st.just(""), client_message_id=seldom),
    st.builds(InvitePeople, room=st.just(""), who=some, client_message_id=seldom),
    st.builds(
        Post,
        room=st.just(""),
        text=st.just("hi"),
        client_message_id=seldom,
        read=st.sampled_from([None, None, 0, 5, 99]),
        mentions=st.none() | who.map(lambda account: {"x": account}),
        calls=st.sampled_from([None, None, ["*"]]),
        title=st.sampled_from([None, None, "Dust"]),
    ),
    st.builds(MarkRead, room=st.just(""), upto=st.integers(0, 12), client_message_id=seldom),
    st.builds(MarkUnread, room=st.just("")),
    st.builds(SetRoom, room=st.just(""), level=st.sampled_from(["", "all"]), starred=st.booleans()),
    st.builds(
        Edit,
        room=st.just(""),
        seq=st.integers(1, 9),
        text=st.just("ho"),
        mentions=st.none() | who.map(lambda account: {"x": account}),
    ),
    st.builds(React, room=st.just(""), seq=st.integers(1, 9), emoji=st.just("x")),
    st.builds(Delete, room=st.just(""), seq=st.integers(1, 9)),
    st.builds(Pin, room=st.just(""), seq=st.integers(1, 9), client_message_id=seldom),
    st.builds(Unpin, room=st.just(""), seq=st.integers(1, 9)),
)
by_hosts: st.SearchStrategy[Change] = st.one_of(
    *named.values(),
    *for_a_while.values(),
    st.builds(
        ChangeRoom,
        room=st.just(""),
        kind=st.sampled_from([None, "open", "closed"]),
        topic=st.sampled_from([None, "", "dust"]),
        alias=aliases,
        slow=st.sampled_from([None, 0, 1]),
        titles=st.sampled_from([None, None, False, True]),
        client_message_id=seldom,
    ),
    st.builds(Appoint, room=st.just(""), who=who, role=st.sampled_from(["host", "member"])),
)
archiving: st.SearchStrategy[Change] = st.sampled_from(
    [Archive(room=""), Restore(room=""), Restore(room=""), Restore(room="")]
)
deeds = st.one_of(
    *(st.builds(Proposal, people, by_anyone) for _ in range(3)),
    *(st.builds(Proposal, hosts, by_hosts) for _ in range(5)),
    st.builds(Proposal, hosts, archiving),
)


of_some = st.builds(Reference, room=st.just(""), message=st.integers(1, 9))
notes = st.sampled_from(["", "later"])
keeping: st.SearchStrategy[Change] = st.one_of(
    st.builds(Save, of=of_some, note=notes, client_message_id=seldom),
    st.builds(Unsave, of=of_some),
    st.builds(KeepDraft, where=st.just(""), text=notes, reply_to=st.sampled_from([None, 4])),
    st.builds(BlockPerson, room=st.just(""), who=who),
    st.builds(UnblockPerson, room=st.just(""), who=who),
)


in_threads: st.SearchStrategy[Change] = st.one_of(
    *[
        st.builds(
            PostInThread,
            room=st.just(""),
            text=st.just("hi"),
            root_by=who,
            client_message_id=seldom,
            mentions=st.none() | who.map(lambda account: {"x": account}),
            calls=st.sampled_from([None, None, ["*"]]),
            also_in_room=st.sampled_from([False, False, True]),
        )
        for _ in range(4)
    ],
    st.builds(Edit, room=st.just(""), seq=st.integers(1, 5), text=st.just("ho")),
    st.builds(Delete, room=st.just(""), seq=st.integers(1, 5)),
    st.builds(React, room=st.just(""), seq=st.integers(1, 5), emoji=st.just("x")),
    st.builds(Pin, room=st.just(""), seq=st.integers(1, 5)),
    st.builds(MarkRead, room=st.just(""), upto=st.integers(0, 9)),
    st.builds(SetRoom, room=st.just(""), level=st.sampled_from(["", "all"])),
    st.builds(ChangeRoom, room=st.just(""), title=st.sampled_from(["", "Dust"])),
    *(
        st.builds(kind, room=st.just(""))
        for kind in (FollowThread, UnfollowThread, EndThread, ReopenThread)
    ),
)


def inviting(invite: str, *rooms: str, role: str = "guest", uses: int = 1) -> MakeInvite:
    """The command that makes an invite into rooms."""
    return MakeInvite(
        invite=invite, digest=DIGEST, role=role, rooms=rooms, uses=uses, until=FOR_EVER
    )


def coming(who: Principal, invite: str, by: Principal, *rooms: str) -> AddPerson:
    """The command by which somebody makes an account with an invite that `by` made."""
    return AddPerson(
        account=who.id,
        handle=who.id[2:],
        name=who.id[2:].title(),
        invite=invite,
        digest=DIGEST,
        inviter=by.id,
        rooms=rooms,
    )


FOR_EVER = 2e9
newcomers = st.lists(st.sampled_from([*NEWCOMERS, GRACE]), min_size=1, max_size=2)
inviters = st.sampled_from([ADA, ADA, ADA, ADMIN, GRACE, OPERATOR])
meanwhile = st.sampled_from(
    [None, None, None, "archived", "restored", "demoted", "banned", "revoked"]
)


class LawOfRooms(Law):
    """Makes rooms, and does there whatever may be done."""

    def __init__(self, open_store: Callable[[], Store], rules: Rules = ROOM_RULES) -> None:
        super().__init__(open_store, rules)
        self._made: list[str] = []
        self._keys = 0
        # Rooms and accounts, as of what was delivered.
        self._members: set[tuple[str, str]] = set()
        self._hosts: set[tuple[str, str]] = set()
        self._archived: set[str] = set()
        self._invites: dict[str, tuple[Principal, MakeInvite]] = {}

    @initialize()
    def move_in(self) -> None:
        """Everyone has an account, and there are some rooms."""
        self.answers([becoming(person, ROLES.get(person, "member")) for person in ALL])
        self.make("open", ADA, (GRACE.id,), "kitchen", None)
        self.make("closed", ADA, (GRACE.id, GUEST.id), None, None)
        self.make("direct", ADA, (GRACE.id, MARGARET.id), None, None)
        self.answers([Proposal(GUEST, BlockPerson(room=GUEST.id, who=ADA.id))])

    @rule(
        kind=st.sampled_from(["open", "closed", "direct"]),
        host=st.sampled_from([ADA, GRACE, GUEST]),
        who=some,
        alias=aliases,
        key=seldom,
    )
    def make(
        self, kind: str, host: Principal, who: tuple[str, ...], alias: str | None, key: str | None
    ) -> None:
        """Someone makes a room."""
        self._keys += 1
        settings = {} if kind == "direct" else {"title": "Kitchen", "alias": alias or None}
        create = Create(
            room=host.id,
            kind=kind,  # type: ignore[arg-type]
            who=who,
            key=f"@r{self._keys:0>12}",
            client_message_id=key,
            **settings,  # type: ignore[arg-type]
        )
        [answer] = self.answers([Proposal(host, create)])
        if isinstance(answer, Accepted) and answer.made not in (None, *self._made):
            self._made.append(str(answer.made))

    @rule(
        batch=st.lists(st.tuples(deeds, st.integers(0, 30)), min_size=1, max_size=8),
    )
    def act(self, batch: list[tuple[Proposal, int]]) -> None:
        """People do things in the rooms."""
        self.answers(
            [
                Proposal(person, replace(change, room=self._made[n % len(self._made)]))
                for (person, change), n in batch
            ]
        )

    @rule(
        batch=st.lists(
            st.tuples(people, in_threads, st.integers(0, 30), st.integers(3, 6)),
            min_size=1,
            max_size=8,
        ),
        ban=st.none() | st.tuples(hosts, who, st.integers(0, 7), st.integers(0, 30)),
    )
    def act_in_threads(
        self,
        batch: list[tuple[Principal, Change, int, int]],
        ban: tuple[Principal, str, int, int] | None,
    ) -> None:
        """People do things in threads of the rooms, and perhaps somebody is banned meanwhile."""
        deeds = [
            Proposal(person, replace(change, room=thread_key(self._made[n % len(self._made)], seq)))
            for person, change, n, seq in batch
        ]
        if ban:
            host, account, n, which = ban
            room = parent_of(deeds[n % len(deeds)].change.room)
            if which % 3 == 0:  # which the threads don't belong to
                room = self._made[which % len(self._made)]
            deeds.insert(n, Proposal(host, Ban(room=room, who=account)))
        self.answers(deeds)

    @rule(
        maker=inviters,
        rooms=st.lists(st.integers(0, 30), min_size=1, max_size=2),
        role=st.sampled_from(["guest", "guest", "member"]),
        uses=st.integers(1, 2),
        who=newcomers,
        change=meanwhile,
    )
    def invite(
        self,
        maker: Principal,
        rooms: list[int],
        role: str,
        uses: int,
        who: list[Principal],
        change: str | None,
    ) -> None:
        """Someone makes an invite into rooms, with or without the right to let guests in; some come by it, or by an older one."""
        keys = dict.fromkeys(self._made[n % len(self._made)] for n in rooms)
        invite = inviting(f"i{len(self._invites)}", *keys, role=role, uses=uses)
        self.answers([Proposal(maker, invite)])
        if self._invites:
            self._come_by(*[*self._invites.values()][-1 - rooms[0] % 2 :][0], who, change)

    def _come_by(
        self, maker: Principal, invite: MakeInvite, who: list[Principal], change: str | None
    ) -> None:
        """Some make accounts with an invite, others have one already; perhaps it became invalid just before."""
        room = invite.rooms[0]
        changes: dict[str, Change] = {
            "archived": Archive(room=room),
            "restored": Restore(room=room),
            "demoted": Appoint(room=room, who=maker.id, role="member"),
            "banned": Ban(room=room, who=maker.id),
            "revoked": RevokeInvite(invite=invite.invite),
        }
        before = [Proposal(ADMIN, changes[change])] if change else []
        self.answers(
            [*before, *(Proposal(p, coming(p, invite.invite, maker, *invite.rooms)) for p in who)]
        )

    def answers(self, batch: list[Proposal]) -> list[Answer]:
        """Besides, whoever has come by an invite is a member of its rooms."""
        answers = super().answers(batch)
        for (who, change), answer in zip(batch, answers, strict=True):
            match change, answer:
                case MakeInvite(), Accepted():
                    self._invites[change.invite] = who, change
                case AddPerson(), Accepted():
                    assert {(room, who.id) for room in change.rooms} <= self._members
        return answers

    @rule(person=st.sampled_from([GRACE, MARGARET, GUEST]), erases=st.booleans(), luck=luck)
    def remove_person(self, person: Principal, *, erases: bool, luck: int) -> None:
        """Seldom, somebody removes their own account."""
        if luck == 0:
            self.remove(person, person.id, erases=erases)

    @rule(batch=st.lists(st.tuples(people, keeping, st.integers(0, 30)), min_size=1, max_size=4))
    def keep(self, batch: list[tuple[Principal, Change, int]]) -> None:
        """People keep things for themselves: messages of these rooms, and drafts for them."""
        self.answers([Proposal(who, self._own(who, change, n)) for who, change, n in batch])

    def _own(self, who: Principal, change: Change, n: int) -> Change:
        room = self._made[n % len(self._made)]
        if isinstance(change, KeepDraft):
            return replace(change, room=who.id, where=room)
        if isinstance(change, BlockPerson | UnblockPerson):
            return replace(change, room=who.id)
        assert isinstance(change, Save | Unsave)
        return replace(change, room=who.id, of=replace(change.of, room=room))

    def _deliver(self, batch: Batch, at: str) -> None:
        """Whoever becomes a member, or is none any more, is named to those who deliver the batch."""
        super()._deliver(batch, at)
        if is_thread_key(batch.room):
            assert 0 < batch.after <= self.head(parent_of(batch.room))
            self._check_replies(batch)
        for body in batch.bodies if is_room_key(batch.room) else ():
            event = self._rules.events.decode(body)
            self._come_and_go(event)
            match event:
                case Joined(by=account) | Left(by=account):
                    assert (event.seq, account) in batch.affected
                case Invited(who=account) | Removed(who=account) | Banned(who=account):
                    assert (event.seq, account) in batch.affected

    def _come_and_go(self, event: Event) -> None:
        room = event.room
        match event:
            case Joined(by=account) | Invited(who=str(account)):
                assert room not in self._archived
                if isinstance(event, Invited) and account in NEW_IDS:
                    assert event.by == ADMIN.id or (room, event.by) in self._hosts, event
                self._members.add((room, account))
                if isinstance(event, Joined) and event.role == "host":
                    self._hosts.add((room, account))
            case Left(by=account) | Removed(who=account) | Banned(who=account):
                self._members.discard((room, account))
                self._hosts.discard((room, account))
            case Appointed(who=account, role=role):
                (self._hosts.add if role == "host" else self._hosts.discard)((room, account))
            case Archived():
                self._archived.add(room)
            case Restored():
                self._archived.discard(room)

    def _check_replies(self, batch: Batch) -> None:
        """Whoever replies is a member of the room at that very moment, in the order of delivery."""
        for body in batch.bodies:
            event = self._rules.events.decode(body)
            if isinstance(event, Posted | Edited | Reacted):
                assert (parent_of(batch.room), event.by) in self._members, event

    def catch_up(self) -> None:
        """At the end, rows are what the logs say."""
        super().catch_up()
        self._run(self._check_members())
        self._run(self._check_pins())
        for who in KNOWN:
            self._run(self._check_own(who.id))
        self._run(self._check_unread())
        self._run(self._check_threads())
        self._run(self._check_invites())

    async def _check_invites(self) -> None:
        """Each use of an invite made an account, and is noted."""
        noted = [self._rules.events.decode(body) for body in self._delivered[AUDIT]]
        used = Counter(
            event.details["invite"]
            for event in noted
            if isinstance(event, Noted) and event.details and event.action == "person added"
        )
        left = {row.invite: row.uses_left for row in await self._store.rows(INVITES)}
        assert left == {each: i.uses - used[each] for each, (_, i) in self._invites.items()}
        assert min(left.values(), default=0) >= 0
        came = {row.account for row in await self._store.rows(ACCOUNT, DIRECTORY)} & NEW_IDS
        assert len(came) == used.total()

    async def _check_members(self) -> None:
        members = await self._store.rows(MEMBER)
        assert {(row.room, row.account) for row in members} == {
            (room, account) for room in self._made for account in self._said_of(room)
        }
        assert {(row.room, row.account) for row in await self._store.rows(PLACE)} == {
            *((row.room, row.account) for row in members),
            *self._following(),
        }
        assert {row.room for row in await self._store.rows(ROOM)} == set(self._made)
        current = {row.alias: row.room for row in await self._store.rows(ALIAS) if row.is_current}
        called = {row.alias: row.room for row in await self._store.rows(ROOM) if row.alias}
        assert current == called

    async def _check_pins(self) -> None:
        """Those are pinned of whom the log says so."""
        for room in self._made:
            view = RoomView()
            for body in self._delivered[room]:
                self._rules.fold(view, self._rules.events.decode(body))
            assert (await self._store.snapshot(room, 1)).pins == tuple(view.pins)
            assert pins_of(await self._store.rows(PINS, room)) == view.pins
            deleted = {seq for seq, message in view.messages.items() if message.deleted}
            assert deleted.isdisjoint(view.pins)

    async def _check_own(self, account: str) -> None:
        """What somebody keeps is what the own log says, and nothing more stands there."""
        drafts: dict[str, tuple[Any, ...]] = {}
        saved: dict[Reference, str] = {}
        kept = self._model.kept.get(account, 1)  # more than 1 once the account was removed
        for body in self._delivered[account][kept - 1 :]:
            match self._rules.events.decode(body):
                case Saved(erased=False, of=Reference() as of, note=note):
                    assert of not in saved, "a former note stands in the log"
                    saved[of] = note
                case Drafted(erased=False, where=where, text=text, reply_to=reply_to, seq=seq):
                    assert where not in drafts or not drafts[where][0], (
                        "a former draft stands there"
                    )
                    drafts[where] = text, reply_to, seq
        assert {
            Reference(row.room, row.message): row.note
            for row in await self._store.rows(SAVED, account)
        } == saved
        assert {
            row.room: (row.text, row.reply_to, row.seq)
            for row in await self._store.rows(DRAFTS, account)
        } == {where: said for where, said in drafts.items() if said[0]}

    async def _check_unread(self) -> None:
        """What is unread is what one finds by looking at every message after the marker."""
        markers = await self._store.rows(MARKER)
        assert {(row.room, row.account) for row in markers} == {
            *((row.room, row.account) for row in await self._store.rows(MEMBER)),
            *self._following(),
        }
        mentions = await self._store.rows(MENTION)
        for account in {row.account for row in markers}:
            unheard = {row.blocked for row in await self._store.rows(BLOCKS, account)} | {account}
            named = {
                (m.room, m.seq)
                for m in mentions
                if m.account in (account, EVERYONE) and m.by not in unheard
            }
            for row in await self._store.own_rooms(account):
                assert row.read == self._read_upto(row.room, account), row
                left = self._left_unread(row.room, row.read)
                mentioned = {seq for seq in left if (row.room, seq) in named}
                assert (row.unread, row.mentions) == (len(left), len(mentioned)), row
        for each in mentions:
            assert each.seq in self._left_unread(each.room, 0)
            assert each.by == self._authors(each.room)[each.seq]

    def _following(self) -> set[tuple[str, str]]:
        """Who follows which threads, by the own logs alone."""
        found: set[tuple[str, str]] = set()
        for who in KNOWN:
            for body in self._delivered[who.id]:
                match self._rules.events.decode(body):
                    case ThreadFollowed(where=thread):
                        assert (thread, who.id) not in found, "who followed did so again"
                        found.add((thread, who.id))
                    case ThreadUnfollowed(where=thread):
                        found.remove((thread, who.id))
                    case Left(where=str(thread)):  # of an account that was removed
                        found.discard((thread, who.id))
        return found

    async def _check_threads(self) -> None:
        """Rows of threads are what their logs say, and so is what is unread there."""
        logs = {room for room, said in self._delivered.items() if is_thread_key(room) and said}
        rows = {row.thread: row for row in await self._store.rows(THREAD)}
        assert rows.keys() == logs
        for room in self._made:
            decoded = map(self._rules.events.decode, self._delivered[room])
            begun = sum(isinstance(event, Threaded) for event in decoded)
            assert begun == sum(parent_of(thread) == room for thread in logs)
            self._check_titles(room)
        for thread, row in rows.items():
            self._check_thread(row, [*map(self._rules.events.decode, self._delivered[thread])])
        mentions = await self._store.rows(MENTION)
        for who in KNOWN:
            named = {
                (m.room, m.seq)
                for m in mentions
                if m.account in (who.id, EVERYONE) and m.by != who.id
            }
            for own in (await self._store.own_threads(who.id, Activity(), 99)).threads:
                left = self._left_unread(own.thread.thread, own.read)
                mentioned = {seq for seq in left if (own.thread.thread, seq) in named}
                assert (own.unread, own.mentions) == (len(left), len(mentioned)), own

    def _check_titles(self, room: str) -> None:
        """While a room requires titles, each message in it is followed by the event that begins its thread."""
        said = [*map(self._rules.events.decode, self._delivered[room])]
        begun = {(event.seq, event.message) for event in said if isinstance(event, Threaded)}
        requires = False
        for event in said:
            match event:
                case Changed(titles=bool(now)):
                    requires = now
                case Posted(seq=seq) if requires:
                    assert (seq + 1, seq) in begun, event

    def _check_thread(self, row: Thread, said: list[Event]) -> None:
        posted = [event for event in said if isinstance(event, Posted)]
        gone = [event for event in said if isinstance(event, Deleted)]
        title, has_lost_root = "", False
        ended_at: str | None = None
        for event in said:
            match event:
                case Changed():
                    assert ended_at is None and not has_lost_root
                    title = event.title or ""
                case RootDeleted():
                    has_lost_root, title = True, ""
                case ThreadEnded():
                    ended_at = event.at
                case ThreadReopened():
                    ended_at = None
                case Posted() | Edited() | Reacted():
                    assert ended_at is None, "something changed in a thread that had ended"
        last = [*dict.fromkeys(event.by for event in reversed(posted))]
        assert (row.nth, row.replies) == (len(posted), len(posted) - len(gone))
        assert (row.title, row.ended_at, row.people.split()) == (title, ended_at, last[:5])
        around = map(self._rules.events.decode, self._delivered[row.room])
        assert has_lost_root is any(row.message in gone_by(event).messages for event in around)

    def _left_unread(self, room: str, after: int) -> set[int]:
        """The messages of a room after an event that are not deleted."""
        decoded = [self._rules.events.decode(body) for body in self._delivered[room]]
        deleted = {seq for event in decoded for seq in gone_by(event).messages}
        posted = {event.seq for event in decoded if isinstance(event, Posted)}
        return {seq for seq in posted - deleted if seq > after}

    def _authors(self, room: str) -> dict[int, str]:
        """Who wrote each message."""
        decoded = [self._rules.events.decode(body) for body in self._delivered[room]]
        return {event.seq: event.by for event in decoded if isinstance(event, Posted)}

    def _read_upto(self, room: str, account: str) -> int:
        """How far a member has read a room: what was there when it became one, or what its own log says."""
        upto = 0
        for body in self._delivered[room]:
            match self._rules.events.decode(body):
                case Joined(by=who, seq=seq) | Invited(who=str(who), seq=seq) if who == account:
                    upto = seq
        for body in self._delivered[account]:
            event = self._rules.events.decode(body)
            if isinstance(event, Read) and event.where == room:
                upto = max(upto, event.upto)
        return upto

    def _said_of(self, room: str) -> set[str]:
        """Who is a member, by the room's log alone."""
        members = set()
        for body in self._delivered[room]:
            match self._rules.events.decode(body):
                case Joined(by=account) | Invited(who=str(account)):
                    assert account not in members, "a member became one"
                    members.add(account)
                case Left(by=account) | Removed(who=account):
                    assert account in members, "who was no member left"
                    members.remove(account)
                case Banned(who=account):
                    members.discard(account)
                case Posted(by=account):
                    assert account in members, "who was no member posted"
        return members
