"""Starting: what an account begins with on a new device, and from where it stays in step."""

from hubbub.domain.accounts import ACCOUNT, Account, account_row
from hubbub.domain.facts import Facts, Head, Needs
from hubbub.domain.principals import Principal, Role
from hubbub.domain.rooms import MEMBER, PLACE, ROOM, Member, MemberKey, Placement, RoomKey
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Start
from hubbub.protocol.starting import MyRoom, ShownPerson, Started
from hubbub.server.stores.base import Store


class Starting:
    """Answers `start`. The positions are as old as anything else in the answer, or older, so nothing is missed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def start(self, principal: Principal, start: Start) -> Started:
        """Return the rooms and people of an account. Raises RefusalError, StoreFailed."""
        if principal.role is not Role.ACCOUNT:
            raise RefusalError("forbidden", "Only accounts have rooms of their own")
        heads = (await self._store.find(Needs(logs={principal.id, DIRECTORY}))).heads
        directory = heads.get(DIRECTORY, Head())
        places = await self._store.rows(PLACE, principal.id)
        found = await self._store.find(_needs(principal.id, places))
        me: Account | None = found.rows[ACCOUNT][account_row(principal.id)]
        if me is None:
            raise RefusalError("unauthenticated", "This account is not active")
        rooms = [room for place in places if (room := _room(principal.id, place, found))]
        is_guest = me.role == "guest"
        people: list[Account] | None = None
        if is_guest:
            people = await self._acquaintances(me, rooms)
        elif not self._can_resume(start, directory):
            people = await self._store.rows(ACCOUNT, DIRECTORY)
        return Started(
            principal.id,
            _shown(me),
            self._store.epoch,
            heads.get(principal.id, Head()).seq,
            None if is_guest else directory.seq,
            rooms,
            None if people is None else {row.account: _shown(row) for row in people},
        )

    def _can_resume(self, start: Start, directory: Head) -> bool:
        if start.directory is None or start.epoch != self._store.epoch:
            return False
        return directory.kept <= start.directory + 1 <= directory.seq + 1

    async def _acquaintances(self, me: Account, rooms: list[MyRoom]) -> list[Account]:
        """Return the accounts that are members of someone's rooms, and their own."""
        keys = {me.account}
        for each in rooms:
            keys |= {row.account for row in await self._store.rows(MEMBER, each.room)}
        wanted = Needs()
        for key in keys:
            wanted.row(ACCOUNT, account_row(key))
        return [*filter(None, (await self._store.find(wanted)).rows[ACCOUNT].values())]


def _needs(account: str, places: list[Placement]) -> Needs:
    wanted = Needs(logs={place.room for place in places})
    wanted.row(ACCOUNT, account_row(account))
    for place in places:
        wanted.row(ROOM, RoomKey(place.room))
        wanted.row(MEMBER, MemberKey(place.room, account))
    return wanted


def _room(account: str, place: Placement, found: Facts) -> MyRoom | None:
    room = found.rows[ROOM][RoomKey(place.room)]
    member: Member | None = found.rows[MEMBER][MemberKey(place.room, account)]
    if room is None or member is None:
        return None
    head = found.heads.get(place.room, Head())
    return MyRoom(
        *(room.room, room.kind, member.role, head.seq, head.nth, room.title, room.alias),
        people=room.people.split() if room.people else None,
        hidden=place.hidden,
        archived_at=room.archived_at,
    )


def _shown(row: Account) -> ShownPerson:
    """Return what others see of an account."""
    return ShownPerson(
        *(row.handle, row.name, row.role, row.kind),
        *(row.status, row.status_text, row.time_zone, row.avatar),
    )
