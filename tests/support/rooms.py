"""A house of made rooms and accounts in any store, and what people do there."""

from itertools import count

from hubbub.domain.access import Permission
from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.rooms.members import JoinRoom
from hubbub.domain.facts import Accepted, Answer, Needs, Proposal
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.rules import Aspect, Rule, Rules
from hubbub.domain.tables.accounts import ACCOUNT, Account, account_row
from hubbub.events import Event
from hubbub.protocol.commands.rooms import Create, RoomKindName
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import DIRECTORY, ROOM
from hubbub.protocol.messages import Change
from hubbub.server.stores.base import Store
from tests.support import fakes
from tests.support.fakes import AT


class Become(Change, frozen=True, kw_only=True):
    """Gives an account another role on the server, or another status."""

    room: str = DIRECTORY
    account: str
    kind: str
    role: str
    status: str


def _become_needs(wanted: Needs, _: Principal, change: Become) -> None:
    wanted.row(ACCOUNT, account_row(change.account))


def _become(ledger: Ledger, _: Principal, change: Become) -> Answer:
    who, name = change.account, change.account[2:]
    names = (name, name, change.kind, change.role, change.status, "", "", "")
    ledger.put(ACCOUNT, Account(DIRECTORY, who, *names, None, AT))
    return ledger.unchanged()


BECOMING = Aspect(
    rules=(Rule(Become, Permission("become", {}), _become_needs, _become, is_internal=True),)
)
ROOM_RULES = Rules([*RULES.aspects, BECOMING])


def account(name: str) -> Principal:
    """An account with all scopes, as one has who is logged in."""
    bare = fakes.account(name)
    return Principal(bare.name, bare.role, bare.id, frozenset(Scope))


# `stray` is a member of the server who is in no room.
ADA, GRACE, MARGARET, STRAY = map(account, ("ada", "grace", "margaret", "stray"))
ADMIN, MODERATOR, GUEST, BOT = map(account, ("admn", "m0derat0r", "gest", "b0t"))
ROLES = {ADMIN: "admin", MODERATOR: "moderator", GUEST: "guest"}
NEWCOMERS = tuple(map(account, ("beth", "carl", "dora", "emil")))  # who have no account at first
EVERYONE = (ADA, GRACE, MARGARET, STRAY, ADMIN, MODERATOR, GUEST, BOT)


def becoming(person: Principal, role: str = "member", status: str = "active") -> Proposal:
    """What makes someone what they are on the server."""
    kind = "bot" if person is BOT else "person"
    return Proposal(person, Become(account=person.id, kind=kind, role=role, status=status))


def code(answer: Answer) -> str | None:
    """The code of a refusal, or None."""
    return answer.code if isinstance(answer, Refusal) else None


class House:
    """Some accounts, and the rooms that they make."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.at = AT
        self._made = count(1)

    @classmethod
    async def opened(cls, store: Store) -> "House":
        """A house with everyone in it. The store knows `ROOM_RULES`."""
        await store.commit([becoming(each, ROLES.get(each, "member")) for each in EVERYONE], AT)
        return cls(store)

    async def become(self, person: Principal, role: str = "member", status: str = "active") -> None:
        """Give someone another role on the server, or another status."""
        await self.store.commit([becoming(person, role, status)], AT)

    async def answers(self, *proposals: tuple[Principal, Change]) -> list[Answer]:
        """What one commit answers."""
        commit = await self.store.commit([Proposal(*each) for each in proposals], self.at)
        return commit.answers

    async def do(self, who: Principal, change: Change) -> Accepted:
        """Do what is allowed."""
        [answer] = await self.answers((who, change))
        assert isinstance(answer, Accepted), answer
        return answer

    async def refused(self, who: Principal, change: Change) -> Refusal:
        """Try what is refused."""
        [answer] = await self.answers((who, change))
        assert isinstance(answer, Refusal), answer
        return answer

    async def codes(self, *proposals: tuple[Principal, Change]) -> list[str | None]:
        """The code of each refusal of one commit."""
        return [code(answer) for answer in await self.answers(*proposals)]

    def new_key(self) -> str:
        """The key of the next room."""
        return f"{ROOM}{next(self._made):0>12}"

    def creating(
        self, host: Principal, kind: RoomKindName = "open", *who: Principal, **settings: object
    ) -> Create:
        """What someone says to make a room."""
        if kind != "direct":
            settings = {"title": "Kitchen"} | settings
        people = tuple(person.id for person in who)
        return Create(room=host.id, kind=kind, who=people, key=self.new_key(), **settings)  # type: ignore[arg-type]

    async def make(
        self, host: Principal, kind: RoomKindName = "open", *who: Principal, **settings: object
    ) -> str:
        """Make a room with other members; returns its key."""
        made = (await self.do(host, self.creating(host, kind, *who, **settings))).made
        assert made is not None
        return made

    async def join(self, who: Principal, room: str) -> Accepted:
        """Join a room."""
        return await self.do(who, JoinRoom(room=room))

    async def log(self, log: str, after: int = 0) -> list[Event]:
        """The events of a log, after one of them."""
        bodies: list[bytes] = []
        head = (await self.store.head(log)).seq
        while page := (await self.store.read(log, after + len(bodies), head)).bodies:
            bodies += page
        return [ROOM_RULES.events.decode(body) for body in bodies]
