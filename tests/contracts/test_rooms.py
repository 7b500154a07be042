"""Rooms that people make: what they are like, whoever keeps them."""

import pytest

from hubbub.domain.aspects.rooms.members import JoinRoom, LeaveRoom
from hubbub.domain.aspects.rooms.settings import ASPECT
from hubbub.domain.facts import Accepted
from hubbub.domain.screening import screen_change
from hubbub.domain.tables.rooms import (
    ALIAS,
    DIRECT,
    MEMBER,
    PLACE,
    ROOM,
    Alias,
    Direct,
    Member,
    Placement,
)
from hubbub.events.rooms import (
    Archived,
    Changed,
    Created,
    Invited,
    Joined,
    RoomChanged,
    RoomListed,
    RoomUnlisted,
)
from hubbub.protocol.commands.rooms import Archive, ChangeRoom, Create, Restore
from hubbub.protocol.errors import Refusal
from hubbub.protocol.keys import DIRECTORY
from hubbub.protocol.messages import Delete, Patch, Post
from tests.support.fakes import AT
from tests.support.rooms import (
    ADA,
    ADMIN,
    GRACE,
    GUEST,
    MARGARET,
    MODERATOR,
    ROOM_RULES,
    STRAY,
    House,
    account,
)

NOBODY = account("n0b0dy")


def screened(change: Create | ChangeRoom) -> str | None:
    rule = next(rule for rule in ASPECT.rules if rule.command is type(change))
    assert rule.screen is not None
    refusal = rule.screen(change, 256)
    return refusal.detail if refusal else None


# --- making ---


async def test_who_makes_a_room_is_its_host_and_those_named_are_members(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE, topic="dishes")
    created, joined, invited = await house.log(room)
    assert isinstance(created, Created)
    assert (created.by, created.kind, created.title) == (ADA.id, "closed", "Kitchen")
    assert (created.topic, created.alias, created.public) == ("dishes", "", "none")
    assert joined == Joined(room, 2, AT, ADA.id, role="host")
    assert invited == Invited(room, 3, AT, ADA.id, who=GRACE.id)
    assert await house.store.rows(MEMBER, room) == [
        Member(room, ADA.id, "host", 2, False),
        Member(room, GRACE.id, "member", 3, False),
    ]


async def test_each_member_learns_it_from_its_own_log(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    assert await house.log(ADA.id) == [Joined(ADA.id, 1, AT, ADA.id, where=room, role="host")]
    assert await house.log(GRACE.id) == [Invited(GRACE.id, 1, AT, ADA.id, where=room)]
    for person in (ADA, GRACE):
        assert await house.store.rows(PLACE, person.id) == [Placement(person.id, room, 0)]


async def test_a_repeated_create_makes_one_room_and_names_it_again(house: House) -> None:
    first = house.creating(ADA, "closed", client_message_id="k")
    again = house.creating(ADA, "closed", client_message_id="k")
    made = (await house.do(ADA, first)).made
    retry = await house.do(ADA, again)
    assert (retry.made, retry.is_duplicate) == (made, True)
    assert [row.room for row in await house.store.rows(ROOM)] == [made]


async def test_only_active_accounts_that_are_no_guests_make_rooms(house: House) -> None:
    assert (await house.refused(GUEST, house.creating(GUEST, "closed"))).code == "forbidden"
    await house.become(ADA, status="suspended")
    assert (await house.refused(ADA, house.creating(ADA))).code == "unauthenticated"
    assert (await house.refused(NOBODY, house.creating(NOBODY))).code == "unauthenticated"


@pytest.mark.parametrize("kind", ["closed", "direct"])
async def test_nobody_is_made_a_member_who_has_no_active_account(house: House, kind: str) -> None:
    await house.become(GRACE, status="suspended")
    for other in (GRACE, NOBODY):
        create = house.creating(ADA, kind, MARGARET, other)  # type: ignore[arg-type]
        assert (await house.refused(ADA, create)).code == "not_found"
    assert not await house.store.rows(ROOM)
    assert not await house.store.rows(MEMBER)


async def test_a_key_in_use_is_not_given_again(house: House) -> None:
    room = await house.make(ADA)
    create = Create(room=GRACE.id, kind="open", title="Other", key=room)
    assert (await house.refused(GRACE, create)).code == "conflict"


@pytest.mark.parametrize(
    "create, why",
    [
        (Create(kind="open"), "A room needs a title"),
        (Create(kind="closed", title=""), "A room needs a title"),
        (Create(kind="open", title=" "), "Invalid title"),
        (Create(kind="open", title="a\nb"), "Invalid title"),
        (Create(kind="open", title="a\u202eb"), "Invalid title"),
        (Create(kind="open", title="e\u0301"), "Invalid title"),
        (Create(kind="open", title="x", topic="a\0"), "Invalid topic"),
        (Create(kind="open", title="x", alias="Küche"), "Invalid alias"),
        (Create(kind="open", title="x", alias="a"), "Invalid alias"),
        (Create(kind="open", title="x", alias="-a"), "Invalid alias"),
        (Create(kind="closed", title="x", public="read"), "Only open rooms can be public"),
        (Create(kind="direct", alias="us"), "A direct has no alias"),
        (Create(kind="direct", topic="us"), "A direct has no topic"),
        (Create(kind="direct", who=("@p",) * 9), "Too many people"),
        (Create(kind="open", title="x", key="@r000000000001"), "Rooms get their keys from"),
    ],
)
def test_what_is_wrong_with_a_room_is_said(create: Create, why: str) -> None:
    assert (screened(create) or "").startswith(why)


def test_a_room_may_have_what_is_right() -> None:
    assert (
        screened(Create(kind="open", title="Küche 🍳 हिन्दी", alias="help", public="post")) is None
    )
    assert screened(Create(kind="direct", who=("@p",) * 8)) is None
    assert screened(Create(kind="direct", title="us")) is None
    assert screened(ChangeRoom(room="@r", topic="")) is None
    assert screened(ChangeRoom(room="@r")) == "Nothing to change: name at least one setting"
    assert screened(ChangeRoom(room="@r", kind="closed", public="read")) is not None


# --- directs ---


async def test_the_same_people_have_one_direct_whoever_begins_it(house: House) -> None:
    direct = await house.make(ADA, "direct", GRACE, MARGARET)
    for who, others in ((GRACE, (MARGARET, ADA)), (ADA, (MARGARET, GRACE, ADA))):
        found = await house.do(who, house.creating(who, "direct", *others))
        assert found == Accepted(None, AT, made=direct)
    people = " ".join(sorted([ADA.id, GRACE.id, MARGARET.id]))
    assert await house.store.rows(DIRECT) == [Direct(DIRECTORY, people, direct)]
    assert {row.role for row in await house.store.rows(MEMBER, direct)} == {"member"}
    assert await house.make(ADA, "direct", GRACE) != direct


async def test_two_who_begin_a_direct_at_once_have_one(house: House) -> None:
    first, second = await house.answers(
        (ADA, house.creating(ADA, "direct", GRACE)),
        (GRACE, house.creating(GRACE, "direct", ADA)),
    )
    assert isinstance(first, Accepted) and isinstance(second, Accepted)
    assert first.made == second.made
    assert len(await house.store.rows(ROOM)) == 1


async def test_a_direct_has_a_title_and_nothing_else(house: House) -> None:
    direct = await house.make(ADA, "direct", GRACE)
    await house.do(GRACE, ChangeRoom(room=direct, title="us"))
    for change in (
        ChangeRoom(room=direct, topic="us"),
        ChangeRoom(room=direct, kind="open"),
        ChangeRoom(room=direct, slow=5),
        Archive(room=direct),
    ):
        assert (await house.refused(ADA, change)).code == "forbidden"
        assert (await house.refused(ADMIN, change)).code == "not_found"


# --- changing ---


async def test_a_room_is_changed_and_its_log_says_how(house: House) -> None:
    room = await house.make(ADA)
    change = ChangeRoom(room=room, title="Attic", topic="dust", slow=5, receipts=False)
    await house.do(ADA, change)
    [changed] = await house.log(room, after=2)
    assert changed == Changed(
        room, 3, AT, ADA.id, title="Attic", topic="dust", slow=5, receipts=False
    )
    [row] = await house.store.rows(ROOM)
    assert (row.title, row.topic, row.slow, row.receipts) == ("Attic", "dust", 5, False)
    assert (await house.do(ADA, change)).seq is None  # nothing is left to change


@pytest.mark.parametrize(
    "settings, by_member, by_host",
    [
        ({"title": "Attic"}, None, None),
        ({"topic": "dust"}, None, None),
        ({"alias": "attic"}, None, None),
        ({"title": "Attic", "slow": 5}, "forbidden", None),
        ({"posters": "hosts"}, "forbidden", None),
        ({"kind": "closed"}, "forbidden", None),
        ({"public": "read"}, "forbidden", None),
        ({"keep_days": 7}, "forbidden", None),
        ({"receipts": False}, "forbidden", None),
        ({"members_may_invite": False}, "forbidden", None),
        ({"title": ""}, "bad_request", "bad_request"),
        ({"kind": "closed", "public": "read"}, "forbidden", "bad_request"),
    ],
)
async def test_each_setting_has_its_own_right(
    house: House, settings: dict[str, object], by_member: str | None, by_host: str | None
) -> None:
    room = await house.make(ADA, "open", GRACE)
    change = ChangeRoom(room=room, **settings)  # type: ignore[arg-type]
    assert await house.codes((GRACE, change)) == [by_member]
    assert await house.codes((ADA, change)) == [by_host]
    if by_host is not None:
        assert len(await house.log(room)) == 3


async def test_members_edit_no_more_than_the_settings_let_them(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE, members_may_edit=False)
    changes = (ChangeRoom(room=room, title="x"), Patch(room=room, patch={}))
    assert await house.codes(*((GRACE, change) for change in changes)) == ["forbidden"] * 2
    assert await house.codes(*((ADA, change) for change in changes)) == [None] * 2


async def test_a_room_that_closes_is_public_no_more(house: House) -> None:
    room = await house.make(ADA, "open", public="read")
    await house.do(ADA, ChangeRoom(room=room, kind="closed"))
    [row] = await house.store.rows(ROOM)
    assert (row.kind, row.public) == ("closed", "none")
    assert (await house.refused(STRAY, Post(room=room, text="hi"))).code == "not_found"


# --- aliases ---


async def test_an_alias_is_one_room_s_and_a_former_one_leads_there_until_it_is_taken(
    house: House,
) -> None:
    kitchen = await house.make(ADA, alias="kitchen")
    taken = house.creating(GRACE, alias="kitchen")
    assert (await house.refused(GRACE, taken)).code == "name_taken"
    await house.do(ADA, ChangeRoom(room=kitchen, alias="galley"))
    assert await house.store.rows(ALIAS) == [
        Alias(DIRECTORY, "galley", kitchen, True),
        Alias(DIRECTORY, "kitchen", kitchen, False),
    ]
    other = await house.make(GRACE, alias="kitchen")
    back = ChangeRoom(room=kitchen, alias="kitchen")
    assert (await house.refused(ADA, back)).code == "name_taken"
    await house.do(ADA, ChangeRoom(room=kitchen, alias=""))
    assert await house.store.rows(ALIAS) == [
        Alias(DIRECTORY, "galley", kitchen, False),
        Alias(DIRECTORY, "kitchen", other, True),
    ]
    await house.do(ADA, ChangeRoom(room=kitchen, alias="galley"))
    assert (await house.store.rows(ALIAS))[0].is_current


# --- archiving ---


async def test_in_an_archived_room_one_may_only_delete_one_s_own_and_restore(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    mine = (await house.do(GRACE, Post(room=room, text="hi"))).seq
    others = (await house.do(ADA, Post(room=room, text="hi"))).seq
    assert mine and others
    await house.do(ADA, Archive(room=room))
    assert (await house.store.rows(ROOM))[0].archived_at == AT
    tries = (
        (GRACE, Post(room=room, text="x")),
        (ADA, ChangeRoom(room=room, title="x")),
        (ADA, Archive(room=room)),
        (ADA, Delete(room=room, seq=mine)),
        (GRACE, LeaveRoom(room=room)),
    )
    assert await house.codes(*tries) == ["archived"] * 5
    assert (await house.refused(STRAY, Post(room=room, text="x"))).code == "not_found"
    assert await house.codes((GRACE, Delete(room=room, seq=mine))) == [None]
    assert await house.codes((GRACE, Restore(room=room))) == ["forbidden"]
    assert await house.codes((ADMIN, Restore(room=room)), tries[0]) == [None, None]
    assert (await house.do(ADA, Restore(room=room))).seq is None


async def test_the_directory_tells_of_open_rooms_and_of_no_others(house: House) -> None:
    room = await house.make(ADA, "open", alias="kitchen")
    await house.make(ADA, "closed")
    await house.make(ADA, "direct", GRACE)
    for change in (
        ChangeRoom(room=room, topic="dishes"),
        ChangeRoom(room=room, slow=5),
        Archive(room=room),
        ChangeRoom(room=room, title="x"),
        Restore(room=room),
        ChangeRoom(room=room, kind="closed"),
        ChangeRoom(room=room, title="Attic"),
    ):
        await house.answers((ADA, change))
    named = {"where": room, "title": "Kitchen", "alias": "kitchen"}
    listed = {**named, "topic": "dishes"}
    assert await house.log(DIRECTORY) == [
        RoomListed(DIRECTORY, 1, AT, ADA.id, **named),
        RoomChanged(DIRECTORY, 2, AT, ADA.id, **listed),
        RoomUnlisted(DIRECTORY, 3, AT, ADA.id, where=room),
        RoomListed(DIRECTORY, 4, AT, ADA.id, **listed),
        RoomUnlisted(DIRECTORY, 5, AT, ADA.id, where=room),
    ]


async def test_archiving_is_in_the_log(house: House) -> None:
    room = await house.make(ADA)
    await house.do(MODERATOR, Archive(room=room))
    assert (await house.log(room))[-1] == Archived(room, 3, AT, MODERATOR.id)


async def test_a_room_that_is_not_there_and_one_that_is_not_known_answer_alike(
    house: House,
) -> None:
    closed = await house.make(ADA, "closed")
    direct = await house.make(ADA, "direct", GRACE)
    nowhere = house.new_key()
    for change in (Post(room="", text="x"), JoinRoom(room=""), ChangeRoom(room="", title="x")):
        answers = []
        for room in (closed, direct, nowhere):
            kind, fields = type(change), {n: getattr(change, n) for n in change.__struct_fields__}
            answers.append(await house.refused(STRAY, kind(**fields | {"room": room})))
        assert answers == [Refusal("not_found", "No such room, or no access to it")] * 3


def test_no_client_chooses_a_key() -> None:
    create = Create(room=ADA.id, kind="open", title="x", key="@r000000000001")
    refusal = screen_change(ROOM_RULES, ADA, create, 256)
    assert refusal is not None and refusal.code == "bad_request"
