"""Which rooms filters mean, without a store."""

from typing import Any, cast

from hubbub.domain.access import RoomKind
from hubbub.domain.principals import Principal, Role, Scope
from hubbub.domain.search.query import query_of
from hubbub.server.hub.resolving import Resolver

ADA = Principal("@pada000000000", Role.ACCOUNT, "@pada000000000", frozenset(Scope))


class Around:
    """Stands for a store, rights and names. Counts how often the rooms of an account are asked for."""

    asked = 0

    async def own_rooms(self, _: str) -> list[Any]:
        self.asked += 1
        return []

    async def heads(self, rooms: list[str]) -> dict[str, int]:
        return dict.fromkeys(rooms, 1)

    async def key(self, _: Principal, typed: str) -> str:
        return "@r000000000002" if typed.startswith("#") else typed

    async def may_read(self, *_: object) -> bool:
        return True

    require = may_read


async def test_ones_rooms_are_asked_for_once_and_only_if_a_title_may_be_meant() -> None:
    for asked, times in (("in:#plans in:@r000000000001", 0), ("in:plans in:tea in:lobby", 1)):
        around: Any = Around()
        resolver = Resolver(cast(Any, around), around, around, frozenset(RoomKind))
        rooms, _ = await resolver.rooms(ADA, query_of(asked))
        assert rooms and around.asked == times
