"""What must hold of all accounts at any moment, whatever died or failed before."""

from collections import Counter
from typing import Any

from hubbub.domain.aspects.people.accounts import HANDLES, OWNERS
from hubbub.domain.aspects.people.credentials import CREDENTIALS
from hubbub.domain.aspects.people.invites import INVITES
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.events.people import CredentialChanged, Noted, PersonAdded
from hubbub.protocol.keys import AUDIT, DIRECTORY
from tests.support.team import Team


async def unsound(team: Team, uses: int = 1) -> list[str]:
    """Return what does not hold: of accounts, their handles and passwords, and of invites, each for so many uses."""
    rows: Any = {
        table: await team.store.rows(table)
        for table in (ACCOUNT, HANDLES, OWNERS, CREDENTIALS, INVITES)
    }
    added = [e for e in await team.log(DIRECTORY) if isinstance(e, PersonAdded)]
    noted = [e for e in await team.log(AUDIT) if isinstance(e, Noted)]
    await team.audited()
    used = Counter((e.details or {}).get("invite") for e in noted if e.action == "person added")
    found = []
    names = [row.account for row in rows[ACCOUNT]]
    if sorted(e.account for e in added) != names:
        found.append("accounts and events of the directory differ")
    if sorted(str(e.about) for e in noted if e.action == "person added") != names:
        found.append("accounts and entries of the audit log differ")
    if sorted((r.handle, r.account) for r in rows[ACCOUNT]) != [
        (r.handle, r.account) for r in rows[HANDLES] if r.is_current
    ]:
        found.append("accounts and handles differ")
    if [r.account for r in rows[ACCOUNT] if r.role == "owner"] != [r.account for r in rows[OWNERS]]:
        found.append("accounts and owners differ")
    with_password = {row.account for row in rows[CREDENTIALS]}
    for name in names:
        changed = [e for e in await team.log(name) if isinstance(e, CredentialChanged)]
        if bool(changed) != (name in with_password):
            found.append(f"{name} has a password and no event, or the other way round")
    found += [
        f"{row.invite} was used {used[row.invite]} times, and {row.uses_left} are left"
        for row in rows[INVITES]
        if used[row.invite] + row.uses_left != uses
    ]
    return found
