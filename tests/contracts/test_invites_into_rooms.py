"""Invites by which people make accounts and come into rooms, whoever keeps them."""

from datetime import datetime

import pytest

from hubbub.domain.access import Operation
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.people.invites import INVITES, AddPerson, MakeInvite
from hubbub.domain.facts import Proposal
from hubbub.domain.places import MadeKind, RoomPlace
from hubbub.domain.principals import Principal
from hubbub.domain.screening import screen_change
from hubbub.domain.tables.markers import MARKER, ReadMarker
from hubbub.events.rooms import Invited, Joined
from hubbub.protocol.commands.rooms import Appoint, Archive, RoomKindName
from hubbub.protocol.messages import Change, Post
from tests.support.access_table import case
from tests.support.fakes import AT, guest
from tests.support.rooms import (
    ADA,
    ADMIN,
    GRACE,
    GUEST,
    MARGARET,
    ROOM_RULES,
    STRAY,
    House,
    account,
)

UNTIL = datetime.fromisoformat(AT).timestamp() + 60
BETH = account("beth")
PLACES = {  # who has which in the rooms of these tests
    RoomPlace.HOST: ADA,
    RoomPlace.MEMBER: GRACE,
    RoomPlace.GUEST: GUEST,
    RoomPlace.OTHER: STRAY,
    RoomPlace.ADMIN: ADMIN,
    RoomPlace.OUTSIDER: MARGARET,
}


def inviting(*rooms: str, role: str = "guest", invite: str = "i") -> MakeInvite:
    return MakeInvite(invite=invite, digest="d", role=role, rooms=rooms, until=UNTIL)


def using(*rooms: str, by: Principal = ADA, role: str = "guest") -> AddPerson:
    """What is sent for whoever comes by the invite; the role is the invite's."""
    return AddPerson(
        account=BETH.id,
        handle="beth",
        name="Beth",
        invite="i",
        digest="d",
        inviter=by.id,
        rooms=rooms,
        role=role,
    )


@pytest.mark.parametrize("kind", ["open", "closed", "direct"])
async def test_whoever_may_invite_guests_to_a_room_may_make_an_invite(
    house: House, kind: RoomKindName
) -> None:
    others = (GRACE,) if kind == "direct" else (GRACE, GUEST)
    room = await house.make(ADA, kind, *others)
    await house.become(MARGARET, role="guest")
    for place, who in PLACES.items():
        if kind == "direct" and place is RoomPlace.GUEST:
            continue  # there is none in it
        code = case(Operation.INVITE_GUEST, MadeKind(kind), place).code
        found = await house.codes((who, inviting(room, invite=place.name)))
        assert found == [code], (place, kind)
        made = {row.invite for row in await house.store.rows(INVITES)}
        assert (place.name in made) is (code is None)
    assert await house.codes((guest("vera"), inviting(room, invite="v"))) == ["not_found"]


async def test_whoever_uses_it_is_a_member_of_its_rooms_in_the_same_commit(house: House) -> None:
    rooms = [await house.make(ADA, "closed"), await house.make(ADA)]
    other = await house.make(ADA, "closed")
    await house.do(ADA, inviting(*rooms))
    assert (await house.do(BETH, using(*rooms, role="admin"))).made == BETH.id
    for n, room in enumerate(rooms):
        [*_, invited] = await house.log(room)
        assert invited == Invited(room, invited.seq, AT, ADA.id, who=BETH.id)
        assert (await house.log(BETH.id))[n] == Invited(BETH.id, n + 1, AT, ADA.id, where=room)
        marker = ReadMarker(room, BETH.id, invited.seq, 0)
        assert marker in await house.store.rows(MARKER, room)
    posts = [(BETH, Post(room=room, text="hi")) for room in (*rooms, other)]
    assert await house.codes(*posts) == [None, None, "not_found"]
    assert await house.codes((BETH, Post(room=await house.make(STRAY), text="hi"))) == ["not_found"]
    assert await house.codes((account("eve"), using(*rooms))) == ["gone"], "it is used up"


async def test_the_operator_may_let_people_into_every_room_that_takes_them(house: House) -> None:
    rooms = [await house.make(ADA, "closed"), await house.make(ADA)]
    archived, direct = await house.make(ADA), await house.make(ADA, "direct", GRACE)
    await house.do(ADA, Archive(room=archived))
    refused = [inviting(room, invite="x") for room in (archived, direct, "@r00000000zzzz")]
    codes = await house.codes(*((OPERATOR, each) for each in refused))
    assert codes == ["archived", "not_found", "not_found"]
    await house.do(OPERATOR, inviting(*rooms, role="admin"))
    assert (await house.do(BETH, using(*rooms, by=OPERATOR))).made == BETH.id
    for room in rooms:
        [*_, joined] = await house.log(room)
        assert isinstance(joined, Joined) and joined.by == BETH.id
    posts = [(BETH, Post(room=room, text="hi")) for room in rooms]
    assert await house.codes(*posts) == [None, None]


@pytest.mark.parametrize("change", ["role", "archive"])
async def test_it_is_worth_what_its_maker_may_now(house: House, change: str) -> None:
    room = await house.make(ADA, "closed", GRACE)
    await house.do(ADA, inviting(room))
    ends: dict[str, Change] = {
        "role": Appoint(room=room, who=ADA.id, role="member"),
        "archive": Archive(room=room),
    }
    await house.do(ADMIN, ends[change])
    head = await house.log(room)
    assert (await house.refused(BETH, using(room))).code == "gone"
    assert await house.log(room) == head and not await house.log(BETH.id)


async def test_what_an_invite_can_not_be(house: House) -> None:
    room = await house.make(ADA)
    assert await house.codes(
        (ADA, inviting(room, role="member")),  # only who may invite to the server
        (ADA, inviting(role="guest")),  # into no room
        (ADA, inviting(room, "@r00000000zzzz")),
        (ADMIN, inviting(room, role="member")),
    ) == ["forbidden", "forbidden", "not_found", None]
    for rooms in (["lobby"], [f"{room}:1"], [room] * 21):
        refusal = screen_change(ROOM_RULES, ADA, inviting(*rooms), 999)
        assert refusal and refusal.code == "bad_request"
    assert screen_change(ROOM_RULES, ADA, inviting(*[room] * 20), 999) is None


async def test_the_rooms_of_an_invite_can_not_be_chosen_by_whoever_uses_it(house: House) -> None:
    room, other = await house.make(ADA, "closed"), await house.make(ADA, "closed")
    await house.do(ADA, inviting(room))
    answers = (await house.store.commit([Proposal(BETH, using(other))], AT)).answers
    assert [each.code for each in answers] == ["gone"]  # type: ignore[union-attr]
