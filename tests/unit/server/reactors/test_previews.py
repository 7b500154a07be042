"""Which links of messages are looked at, for whom, and that others get their turn meanwhile."""

import asyncio
from datetime import datetime

from hubbub.domain.access import RoomKind
from hubbub.domain.facts import Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.events import LinkPreview
from hubbub.protocol.messages import Change, Edit, Post
from hubbub.server.people.outside.reachable import Reachable
from hubbub.server.previews.pages import Pages
from hubbub.server.reactors.previews import OF_USE_FOR, Previews
from hubbub.server.stores.base import Store
from tests.support import rooms
from tests.support.fakes import ADA, AT, MemoryStore, stranger, timeless
from tests.support.rooms import ROOM_RULES, House

A, B = "https://a.example/", "https://b.example/"


class Asked(Pages):
    """Pages without previews, and who asked for which."""

    def __init__(self) -> None:
        super().__init__(Reachable.of([], []), "", lambda: 0.0, lambda _: None)
        self.asked: list[tuple[str, str]] = []

    async def preview(self, url: str, who: str) -> LinkPreview | None:
        self.asked.append((url, who))
        return None


async def reading(*changes: tuple[Principal, Change], late: float = 0.0) -> tuple[Previews, Asked]:
    """A reactor on a log of these changes, some seconds later, and its pages."""
    store = MemoryStore()
    await store.commit([Proposal(who, change) for who, change in changes], AT)
    return reactor_on(store, late)


def reactor_on(store: Store, late: float = 0.0) -> tuple[Previews, Asked]:
    pages = Asked()

    async def submit(who: Principal, change: Change) -> Answer:
        raise AssertionError((who, change))

    now = datetime.fromisoformat(AT).timestamp() + late
    return Previews(store, submit, pages, list(RoomKind), lambda: now), pages


@timeless
async def test_a_link_that_was_edited_away_meanwhile_is_left_alone() -> None:
    edited = Edit(room="lobby", seq=1, text=B)
    reactor, pages = await reading((ADA, Post(room="lobby", text=A)), (ADA, edited))
    assert await reactor.step("lobby", 0, 1) == 1
    assert pages.asked == [], "although it has read the post alone"
    assert await reactor.step("lobby", 1, 2) == 2
    assert pages.asked == [(B, ADA.person.id)]


@timeless
async def test_links_that_were_posted_long_ago_are_left_alone() -> None:
    for late, asked in ((OF_USE_FOR - 1, [(A, ADA.person.id)]), (OF_USE_FOR + 1, [])):
        reactor, pages = await reading((ADA, Post(room="lobby", text=A)), late=late)
        assert await reactor.step("lobby", 0, 1) == 1
        assert pages.asked == asked


@timeless
async def test_guests_without_a_key_are_counted_together() -> None:
    some = [(stranger(name), Post(room="lobby", text=A)) for name in ("grace", "mary")]
    reactor, pages = await reading(*some)
    assert await reactor.step("lobby", 0, 2) == 2
    assert pages.asked == [(A, "")] * 2


@timeless
async def test_each_account_is_counted_for_itself_in_rooms_with_members() -> None:
    house = await House.opened(MemoryStore(rules=ROOM_RULES))
    room = await house.make(rooms.ADA, "closed", rooms.GRACE)
    for who in (rooms.ADA, rooms.GRACE):
        seq = (await house.do(who, Post(room=room, text=A))).seq or 0
        await house.do(who, Edit(room=room, seq=seq, text=B))
    reactor, pages = reactor_on(house.store)
    upto, head = 0, len(await house.log(room))
    while upto < head:
        upto = await reactor.step(room, upto, head)
    assert pages.asked == [(B, rooms.ADA.id), (B, rooms.GRACE.id)]


@timeless
async def test_others_get_their_turn_between_messages() -> None:
    reactor, _ = await reading(*[(ADA, Post(room="lobby", text="://"))] * 4)
    turns, step = 0, asyncio.ensure_future(reactor.step("lobby", 0, 4))
    while not step.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > await step == 4
