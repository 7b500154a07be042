"""The law of rooms, and of people: whatever is done with accounts is kept as in the model, and noted in a chain."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from hubbub.domain.aspects.people.accounts import (
    OPERATOR,
    RANKS,
    ChangePerson,
    ChangeRole,
    ResumePerson,
    SuspendPerson,
)
from hubbub.domain.aspects.people.audit import AUDIT_HEAD, ForgetAddresses, next_link
from hubbub.domain.aspects.people.invites import AddPerson, MakeInvite, RevokeInvite
from hubbub.domain.aspects.people.passwords import MakeReset, SetPassword
from hubbub.domain.aspects.people.sessions import CloseSession, CloseSessions, OpenSession
from hubbub.domain.aspects.people.subscriptions import EndSubscription
from hubbub.domain.facts import Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.protocol.commands.preferences import BlockPerson, Prefer, UnblockPerson
from hubbub.protocol.commands.subscriptions import Subscribe, Unsubscribe
from hubbub.protocol.keys import AUDIT, DIRECTORY
from hubbub.protocol.messages import Change
from tests.support.devices import AUTH, P256DH
from tests.support.fakes import ADA, account
from tests.support.laws import Law, seldom
from tests.support.team import adding, using, with_session

NAMES = ["ada", "grace", "dave", "eve"]
KEYS = [account(name).id for name in NAMES]
SOON, LATER = 1_795_424_400.01, 2e9  # ten commits after the first, and never

keys = st.sampled_from(KEYS)
devices = [with_session(name, session) for name in NAMES[:2] for session in "12"]
actors = st.sampled_from([*map(account, NAMES), *devices, account("ada"), OPERATOR, ADA])
inviters = st.sampled_from([KEYS[0], KEYS[0], OPERATOR.id, KEYS[1]])
roles = st.sampled_from(RANKS)
ids = st.sampled_from(["1", "2"])
hashes = st.sampled_from(["hash", "other"])
addresses = st.none() | st.just("192.0.2.7")
endpoints = st.sampled_from(["https://push.example/1", "https://push.example/2"])
words = st.none() | st.sampled_from(["", "lunch"])
changes: list[st.SearchStrategy[Change]] = [
    st.builds(
        AddPerson,
        account=keys,
        handle=st.sampled_from(NAMES),
        name=st.just("A B"),
        role=roles,
        invite=st.none() | ids,
        digest=st.sampled_from(["digest", "digest", "guessed"]),
        inviter=inviters,
        secret=st.none() | hashes,
        subject=st.none() | st.sampled_from(["user/i/1", "user/i/2"]),
        mailbox=st.none() | st.just("mail/1"),
        is_open=st.booleans(),
        address=addresses,
        client_message_id=seldom,
    ),
    st.builds(
        MakeInvite,
        invite=ids,
        digest=st.just("digest"),
        role=roles,
        uses=st.integers(1, 2),
        until=st.sampled_from([SOON, LATER, LATER]),
        is_open=st.booleans(),
        client_message_id=seldom,
    ),
    st.builds(RevokeInvite, invite=ids, client_message_id=seldom),
    st.builds(
        ChangePerson,
        account=keys,
        handle=st.none() | st.sampled_from(NAMES),
        status_text=words,
        client_message_id=seldom,
    ),
    st.builds(ChangeRole, account=keys, role=roles, client_message_id=seldom),
    st.builds(SuspendPerson, account=keys),
    st.builds(ResumePerson, account=keys),
    st.builds(
        OpenSession,
        room=keys,
        session=ids,
        digest=st.just("digest"),
        kind=st.sampled_from(["session", "session", "token"]),
        scopes=st.just(("read",)),
        until=st.just(LATER),
        was=st.none() | hashes,
        address=addresses,
        client_message_id=seldom,
    ),
    st.builds(CloseSession, room=keys, session=ids),
    st.builds(CloseSessions, room=keys, keeps=st.none() | ids),
    st.builds(
        SetPassword,
        room=keys,
        secret=hashes,
        was=st.none() | hashes,
        reset=st.none() | hashes,
        keeps=st.none() | ids,
        client_message_id=seldom,
    ),
    st.builds(MakeReset, room=keys, digest=hashes, until=st.just(LATER)),
    st.builds(BlockPerson, room=keys, who=keys),
    st.builds(UnblockPerson, room=keys, who=keys),
    st.builds(Prefer, room=keys, name=ids, value=st.none() | st.integers(0, 1)),
    st.builds(Subscribe, room=keys, endpoint=endpoints, p256dh=st.just(P256DH), auth=st.just(AUTH)),
    st.builds(Unsubscribe, room=keys),
    st.builds(EndSubscription, room=keys, kind=st.just("session"), session=ids, endpoint=endpoints),
    st.builds(ForgetAddresses, entries=st.just((1, 2, 3))),
]
anyone = st.builds(Proposal, actors, st.one_of(changes))


def aimed(proposal: Proposal, by: int) -> Proposal:
    """The same change by whoever may probably make it: in an own log its account, else the owner or the server."""
    change = proposal.change
    if change.room in KEYS and by:
        name = NAMES[KEYS.index(change.room)]
        return Proposal(with_session(name, "1") if by == 1 else account(name), change)
    return Proposal(OPERATOR if by == 1 else account("ada"), change) if by else proposal


proposals = st.builds(aimed, anyone, st.integers(0, 3))


class LawOfPeople(Law):
    """Does whatever may be done with accounts, too."""

    @initialize()
    def claim(self) -> None:
        """There is an owner, and others, and an invite."""
        claim = MakeInvite(invite="claim", digest="digest", role="owner", until=LATER)
        ada = account("ada")
        made = using("claim", "ada", OPERATOR.id, digest="digest", secret="hash")
        others = [adding("grace", role="admin"), adding("dave")]
        invite = MakeInvite(invite="1", digest="digest", until=LATER)
        by_ada = [Proposal(ada, change) for change in (made, *others, invite)]
        self.commit([Proposal(OPERATOR, claim), *by_ada], False)

    @rule(batch=st.lists(proposals, min_size=1, max_size=8))
    def change_people(self, batch: list[Proposal]) -> None:
        """Whatever is done with accounts is answered, numbered, told and kept as it should be."""
        self.commit(batch, False)

    @rule(by=actors, who=keys, erases=st.booleans(), luck=st.integers(0, 3))
    def remove_person(self, by: Principal, who: str, *, erases: bool, luck: int) -> None:
        """Now and then, somebody removes an account."""
        if luck == 0 and self._run(self._model.rows(ACCOUNT, DIRECTORY, who)):
            self.remove(by, who, erases=erases)

    def catch_up(self) -> None:
        """Besides, the chain of the audit log holds, up to its end."""
        super().catch_up()
        self._run(self._check_chain())

    async def _check_chain(self) -> None:
        head, link = await self._store.head(AUDIT), ""
        bodies = self._delivered[AUDIT]
        assert len(bodies) == head.seq
        for body in bodies:
            found = next_link(link, body)
            assert found is not None, "the chain is broken"
            link = found
        assert [row.hash for row in await self._store.rows(AUDIT_HEAD)] == [link] * bool(bodies)
