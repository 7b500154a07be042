"""A team on one store: who is who there, and how tests change accounts."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.audit import AUDIT_HEAD, next_link
from hubbub.domain.aspects.people.invites import AddPerson, MakeInvite
from hubbub.domain.aspects.people.sessions import OpenSession
from hubbub.domain.facts import Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.screening import screen_change
from hubbub.events import Event
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import AUDIT, RANDOM_BYTES
from hubbub.protocol.messages import Change
from hubbub.server.stores.base import Store
from tests.support.fakes import account

DAY = 86_400
BEGIN = 1_796_000_000.0  # in 2026
ROLES = {"ada": "owner", "grace": "admin", "mary": "moderator", "dave": "member", "sam": "guest"}


def rfc3339(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def code(answer: Answer) -> str | None:
    return answer.code if isinstance(answer, Refusal) else None


def newcomer(name: str, scope: str = "") -> Principal:
    """Someone who is about to have an account."""
    return replace(account(name), key_owner=scope)


def adding(name: str, **fields: Any) -> AddPerson:
    """The command that makes this account, by someone else unless the fields say otherwise."""
    given = {"account": account(name).id, "handle": name, "name": name.title()} | fields
    return AddPerson(**given)


def inviting(invite: str, **fields: Any) -> MakeInvite:
    """The command that makes an invite, whose secret's digest is `digest of …`."""
    given: dict[str, Any] = {"invite": invite, "digest": f"digest of {invite}"}
    given["until"] = BEGIN + 7 * DAY
    return MakeInvite(**given | fields)


def using(invite: str, name: str, by: str, **fields: Any) -> AddPerson:
    """The command that makes an account by the invite that `by` made."""
    given = {"invite": invite, "digest": f"digest of {invite}", "inviter": by}
    return adding(name, **given | fields)


def logging_in(account_name: str, session: str, **fields: Any) -> OpenSession:
    """The command that opens a session."""
    given: dict[str, Any] = {"room": account(account_name).id, "session": session}
    given["digest"] = f"digest of {session}"
    return OpenSession(**given | {"scopes": ("read", "post"), "until": BEGIN + 90 * DAY} | fields)


def with_session(name: str, session: str, kind: str = "session") -> Principal:
    """An account that acts with a session or a token."""
    principal = account(name)
    return replace(principal, session=(principal.id, kind, session))


BEGINNING: list[tuple[Principal, Change]] = [
    (OPERATOR, inviting("claim", role="owner")),
    (newcomer("ada"), using("claim", "ada", OPERATOR.id)),
    *((account("ada"), adding(name, role=role)) for name, role in list(ROLES.items())[1:]),
]


class Team:
    """Submits changes to a store as the server does, at a time that only tests move on."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = BEGIN
        self._made = 0

    async def begin(self) -> None:
        """Have ada as the owner, and one of each lesser role."""
        for by, change in BEGINNING:
            assert await self.code(by, change) is None

    async def do(self, by: Principal | str, *changes: Change) -> Answer:
        """Submit changes as one commit; return the last answer."""
        principal = account(by) if isinstance(by, str) else by
        for change in changes:
            if refusal := screen_change(RULES, principal, change, 65_536):
                return refusal
        proposals = [Proposal(principal, self._completed(change)) for change in changes]
        return (await self.store.commit(proposals, rfc3339(self.now))).answers[-1]

    def _completed(self, change: Change) -> Change:
        if complete := RULES.completing.get(type(change)):
            self._made += 1
            return complete(change, self._made.to_bytes(RANDOM_BYTES))  # type: ignore[no-any-return]
        return change

    async def code(self, by: Principal | str, *changes: Change) -> str | None:
        """Submit changes; return the code of the last refusal, or None."""
        return code(await self.do(by, *changes))

    async def log(self, log: str, after: int = 0) -> list[Event]:
        """Return the events of a log."""
        return [RULES.events.decode(body) for body in await self.bodies(log, after)]

    async def bodies(self, log: str, after: int = 0) -> list[bytes]:
        bodies: list[bytes] = []
        head = (await self.store.head(log)).seq
        while page := (await self.store.read(log, after + len(bodies), head)).bodies:
            bodies += page
        return bodies

    async def audited(self) -> list[str]:
        """Return what was done, by the audit log, whose chain must hold."""
        before = ""
        for body in await self.bodies(AUDIT):
            link = next_link(before, body)
            assert link is not None, f"the chain is broken at {body!r}"
            before = link
        assert [row.hash for row in await self.store.rows(AUDIT_HEAD)] == [before] * bool(before)
        return [getattr(event, "action", "") for event in await self.log(AUDIT)]
