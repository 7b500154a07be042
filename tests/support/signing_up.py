"""People who sign up by invites, two for each, as fast as a store lets them: a process that tests kill.

`python -m tests.support.signing_up DIRECTORY` reads numbers. For each, it forks one that prints the number of each invite
that is used up, and dies in that flush; then it prints how that one ended.
"""

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support import disks
from tests.support.fakes import account
from tests.support.team import Team, inviting, newcomer, using

ADA = account("ada").id


async def sign_up(team: Team, number: int) -> list[str | None]:
    """Have an invite made and two people use it at once; of both, one may."""
    invite, names = f"i{number}", [f"{letter}{number}x" for letter in "ab"]
    made = inviting(invite, client_message_id=invite)
    uses = [
        team.code(
            newcomer(name), using(invite, name, ADA, secret="hash", client_message_id=f"use {name}")
        )
        for name in names
    ]
    answers = await asyncio.gather(team.code("ada", made), *uses, return_exceptions=True)
    for answer in answers:  # only now, when all have one
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]


async def main(directory: Path) -> None:
    """Go on where the process before was killed."""
    team = Team(SqliteStore(directory, "full", lambda: "e1"))
    await team.code(OPERATOR, inviting("claim", role="owner", client_message_id="claim"))
    claim = using("claim", "ada", OPERATOR.id, secret="hash", client_message_id="claim")
    await team.code(newcomer("ada"), claim)
    for number in count():
        codes = await sign_up(team, number)
        assert codes[0] is None and sorted(map(str, codes[1:])) == ["None", "gone"], codes
        print(number, flush=True)


def fork(directory: Path, flush: int) -> int:
    """The exit status of one that dies in this flush, negative for a signal."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    disks.insert(f"die_at_flush:{flush}")
    asyncio.run(main(directory))
    os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        print("ended", fork(Path(sys.argv[1]), int(line)), flush=True)
