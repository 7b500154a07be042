"""An internal command, as small as one can be: it makes a room, and says so in another log."""

from hubbub.domain.access import Permission
from hubbub.domain.aspects import RULES
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Aspect, Rule, Rules
from hubbub.events import Event
from hubbub.protocol.messages import Change


class MakeRoom(Change, frozen=True):
    """Makes a room under a key."""

    key: str


class RoomMade(Event, frozen=True, kw_only=True):
    """A room was made, in the year `year`."""

    key: str
    year: int


def _needs(wanted: Needs, _: Principal, change: MakeRoom) -> None:
    wanted.logs.add(change.key)


def _make(ledger: Ledger, principal: Principal, change: MakeRoom) -> Answer:
    key, year = change.key, int(1970 + ledger.now / 365.25 / 86_400)
    ledger.append(RoomMade(**ledger.next(key, principal), key=key, year=year))
    answer = ledger.append(RoomMade(**ledger.next(change.room, principal), key=key, year=year))
    return answer._replace(made=key)


MAKING = Aspect(
    rules=(Rule(MakeRoom, Permission("make rooms", {}), _needs, _make, is_internal=True),),
    events=(RoomMade,),
)
MAKING_RULES = Rules([*RULES.aspects, MAKING])
