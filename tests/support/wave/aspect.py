from typing import NamedTuple

from hubbub.domain.access import Permission, RoomKind, guests_and_all
from hubbub.domain.facts import Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal, Scope
from hubbub.domain.records import Table
from hubbub.domain.rules import Aspect, Rule
from hubbub.protocol.errors import Refusal
from tests.support.wave.command import Wave
from tests.support.wave.event import Waved

MAY_WAVE = Permission("wave", {RoomKind.FREE: guests_and_all(Scope.POST)})


class WaverKey(NamedTuple):
    """Identifies who waved at a message."""

    room: str
    message: int
    owner: str


class Waver(NamedTuple):
    """How often someone waved at a message."""

    room: str
    message: int
    owner: str
    times: int


WAVERS = Table("waver", WaverKey, Waver, trimmed_by="message")


def _needs(wanted: Needs, principal: Principal, wave: Wave) -> None:
    wanted.messages.add(MessageKey(wave.room, wave.seq))
    wanted.row(WAVERS, WaverKey(wave.room, wave.seq, principal.id))


def _screen(wave: Wave, _: int) -> Refusal | None:
    return None if wave.hands in (1, 2) else Refusal("bad_request", "Wave with 1 or 2 `hands`")


def _wave(ledger: Ledger, principal: Principal, wave: Wave) -> Answer:
    if refusal := ledger.absent(MessageKey(wave.room, wave.seq)):
        return refusal
    key = WaverKey(wave.room, wave.seq, principal.id)
    before = ledger.row(WAVERS, key)
    times = 1 + (before.times if before else 0)
    ledger.put(WAVERS, Waver(*key, times))
    place = ledger.next(wave.room, principal)
    return ledger.append(Waved(**place, message=wave.seq, hands=wave.hands, times=times))


ASPECT = Aspect(
    tables=(WAVERS,),
    rules=(Rule(Wave, MAY_WAVE, _needs, _wave, _screen),),
    events=(Waved,),
    migrations="tests.support.wave.migrations",
)
