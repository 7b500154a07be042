"""What a team does with its accounts: everything that can be done, and some that is refused."""

import asyncio

from hubbub.domain.aspects.people.accounts import (
    ChangePerson,
    ChangeRole,
    ResumePerson,
    SuspendPerson,
)
from hubbub.domain.aspects.people.invites import RevokeInvite
from hubbub.domain.aspects.people.passwords import MakeReset, SetPassword
from hubbub.domain.aspects.people.removal import (
    EraseWritten,
    FinishRemoval,
    ForgetAddressesOf,
    RemovePerson,
)
from hubbub.domain.aspects.people.sessions import CloseSession, CloseSessions, RenewSession
from hubbub.domain.aspects.people.subscriptions import EndSubscription
from hubbub.domain.principals import Principal
from hubbub.protocol.commands.preferences import BlockPerson, Prefer, UnblockPerson
from hubbub.protocol.commands.subscriptions import Subscribe, Unsubscribe
from hubbub.protocol.messages import Change
from tests.support.devices import AUTH, P256DH
from tests.support.fakes import account
from tests.support.team import (
    BEGIN,
    DAY,
    Team,
    adding,
    code,
    inviting,
    logging_in,
    using,
    with_session,
)

DAVE, GRACE, MARY = (account(name).id for name in ("dave", "grace", "mary"))

SUBSCRIBE = Subscribe(
    room=DAVE, endpoint="https://push.example/1", p256dh=P256DH, auth=AUTH, shows_text=True
)

EVERYTHING: list[
    tuple[str | Principal, Change]
] = [  # by whom; each internal command, and some refused
    ("grace", inviting("i1", uses=2)),
    ("beth", using("i1", "beth", GRACE, secret="hash", client_message_id="k")),
    ("beth", using("i1", "eve", GRACE, client_message_id="k")),
    ("eve", using("i1", "eve", GRACE, address="192.0.2.7")),
    ("max", using("i1", "max", GRACE)),
    ("dave", inviting("i2", is_open=True)),
    ("dave", RevokeInvite(invite="i2")),
    ("grace", adding("bot7", kind="bot")),
    ("max", adding("max", subject="user/x/1")),
    ("jim", adding("jim", subject="user/x/1")),
    ("dave", ChangePerson(account=DAVE, handle="david", name="Dävid", status_text="at lunch")),
    ("dave", ChangePerson(account=DAVE, avatar="0" * 24, image=b"a picture")),
    ("mary", ChangePerson(account=MARY, handle="dave")),
    ("ada", ChangeRole(account=DAVE, role="admin", address="192.0.2.8")),
    ("ada", ChangeRole(account=account("ada").id, role="guest")),
    ("dave", SetPassword(room=DAVE, secret="hash 1")),
    ("dave", logging_in("dave", "s1", was="hash 1", name="Firefox", address="192.0.2.9")),
    ("dave", logging_in("dave", "s2")),
    ("dave", logging_in("dave", "t1", kind="token", until=None)),
    ("dave", RenewSession(room=DAVE, session="s2", until=BEGIN + 100 * DAY)),
    ("dave", CloseSession(room=DAVE, session="s1")),
    (with_session("dave", "s2"), SUBSCRIBE),
    (with_session("dave", "t1", "token"), SUBSCRIBE),
    (with_session("dave", "s1"), SUBSCRIBE),
    ("dave", Unsubscribe(room=DAVE)),
    (with_session("dave", "t1", "token"), Unsubscribe(room=DAVE)),
    ("ada", EndSubscription(room=DAVE, kind="session", session="s2", endpoint="https://x.example")),
    ("grace", MakeReset(room=MARY, digest="digest", until=BEGIN + DAY)),
    ("mary", SetPassword(room=MARY, secret="hash", reset="digest", made_by=account("grace").id)),
    ("grace", CloseSessions(room=MARY)),
    ("grace", logging_in("grace", "s1")),
    ("ada", SuspendPerson(account=GRACE)),
    ("ada", ResumePerson(account=GRACE)),
    ("dave", BlockPerson(room=DAVE, who=MARY)),
    ("dave", BlockPerson(room=DAVE, who=GRACE)),
    ("dave", UnblockPerson(room=DAVE, who=MARY)),
    ("dave", Prefer(room=DAVE, name="theme", value={"dark": True})),
    ("dave", Prefer(room=DAVE, name="theme", value={"dark": False})),
    ("dave", Prefer(room=DAVE, name="keywords", value=["deploy"])),
    ("ada", adding("zac")),
    ("ada", RemovePerson(account=account("zac").id, handles=("zac",))),
    ("ada", EraseWritten(room="lobby", account=account("zac").id, upto=1)),
    ("ada", ForgetAddressesOf(account=account("zac").id, entries=(1,))),
    ("ada", FinishRemoval(account=account("zac").id)),
]


async def do_everything(team: Team, *, at_once: bool) -> list[str | None]:
    """Have all of this done, in one commit for each or for all of one person that come together."""
    await team.begin()
    if not at_once:
        return [await team.code(by, change) for by, change in EVERYTHING]
    pending = [team.do(by, change) for by, change in EVERYTHING]
    return [code(answer) for answer in await asyncio.gather(*pending)]
