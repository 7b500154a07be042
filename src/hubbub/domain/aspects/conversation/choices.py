"""What an account wants to be told of its rooms: kept with each membership, in its own log."""

from typing import Any

from hubbub.domain.access import Operation
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Aspect, Rule
from hubbub.domain.tables.rooms import PLACE, PlaceKey
from hubbub.events.reading import RoomSet
from hubbub.protocol.commands.reading import SetRoom


def _needs(wanted: Needs, principal: Principal, change: SetRoom) -> None:
    wanted.logs.add(principal.id)
    wanted.row(PLACE, PlaceKey(principal.id, change.room))


def _set(ledger: Ledger, principal: Principal, change: SetRoom) -> Answer:
    place = ledger.row(PLACE, PlaceKey(principal.id, change.room))
    given = {name: getattr(change, name) for name in ("level", "muted_until", "starred")}
    new: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if place is None or place._replace(**new) == place:
        return ledger.unchanged()
    ledger.put(PLACE, place._replace(**new))
    own = ledger.next(principal.id, principal)
    return ledger.append(RoomSet(**own, where=change.room, **new))


ASPECT = Aspect(
    rules=(Rule(SetRoom, Operation.MARK, _needs, _set, in_threads=True),),
    events=(RoomSet,),
)
