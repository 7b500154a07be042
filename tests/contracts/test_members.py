"""Members of made rooms: who comes and goes, is banned, muted and appointed, whoever keeps it."""

from datetime import datetime, timedelta

import pytest

from hubbub.domain.aspects.rooms.members import JoinRoom, LeaveRoom
from hubbub.domain.facts import Accepted
from hubbub.domain.principals import Principal
from hubbub.domain.tables.rooms import DIRECT, MEMBER, PLACE, RESTRAINT, ROOM, Placement, Restraint
from hubbub.events import Posted
from hubbub.events.rooms import (
    Appointed,
    Banned,
    Hidden,
    Invited,
    Joined,
    Left,
    Muted,
    Removed,
    Unbanned,
    Unmuted,
)
from hubbub.protocol.commands.reading import MarkUnread, SetRoom
from hubbub.protocol.commands.rooms import (
    Appoint,
    Ban,
    ChangeRoom,
    InvitePeople,
    Mute,
    Remove,
    Unban,
    Unmute,
)
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change, Delete, Edit, Post, React
from hubbub.server.stores import base
from hubbub.server.stores.base import OwnRoom, Selection
from tests.support.fakes import AT, guest, holder, user
from tests.support.rooms import (
    ADA,
    ADMIN,
    BOT,
    GRACE,
    GUEST,
    MARGARET,
    MODERATOR,
    ROOM_RULES,
    STRAY,
    House,
    account,
)

NOW = datetime.fromisoformat(AT).timestamp()


def after(seconds: float) -> str:
    """The time so many seconds later."""
    later = datetime.fromisoformat(AT) + timedelta(seconds=seconds)
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def names(*people: Principal) -> tuple[str, ...]:
    return tuple(person.id for person in people)


async def members(house: House, room: str) -> set[str]:
    return {row.account for row in await house.store.rows(MEMBER, room)}


# --- coming ---


async def test_any_account_joins_an_open_room_and_both_logs_say_so(house: House) -> None:
    room = await house.make(ADA)
    assert await house.join(STRAY, room) == Accepted(3, AT)
    assert (await house.log(room))[-1] == Joined(room, 3, AT, STRAY.id)
    assert await house.log(STRAY.id) == [Joined(STRAY.id, 1, AT, STRAY.id, where=room)]
    assert await house.store.rows(PLACE, STRAY.id) == [Placement(STRAY.id, room, 0)]
    assert (await house.join(STRAY, room)).seq is None


@pytest.mark.parametrize("kind", ["closed", "direct"])
async def test_nobody_joins_by_themselves_what_they_may_not_know(house: House, kind: str) -> None:
    room = await house.make(ADA, kind, GRACE)  # type: ignore[arg-type]
    assert (await house.refused(STRAY, JoinRoom(room=room))).code == "not_found"
    assert (await house.refused(GUEST, JoinRoom(room=room))).code == "not_found"
    assert (await house.refused(MODERATOR, JoinRoom(room=room))).code == "not_found"


async def test_an_admin_joins_a_closed_room_in_the_sight_of_all(house: House) -> None:
    room = await house.make(ADA, "closed")
    assert await house.codes((ADMIN, Post(room=room, text="hi"))) == ["forbidden"]
    await house.join(ADMIN, room)
    assert (await house.log(room))[-1] == Joined(room, 3, AT, ADMIN.id, oversight=True)
    assert {r.account: r.oversight for r in await house.store.rows(MEMBER, room)} == {
        ADA.id: False,
        ADMIN.id: True,
    }
    assert await house.codes((ADMIN, Post(room=room, text="hi"))) == [None]


async def test_an_admin_joins_an_open_room_as_anyone_does(house: House) -> None:
    room = await house.make(ADA)
    await house.join(ADMIN, room)
    assert (await house.log(room))[-1] == Joined(room, 3, AT, ADMIN.id)


async def test_whom_one_invites_is_a_member_at_once(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    invite = InvitePeople(room=room, who=names(MARGARET, ADA, STRAY, STRAY))
    assert (await house.do(GRACE, invite)).seq == 5
    assert (await house.log(room, after=3)) == [
        Invited(room, 4, AT, GRACE.id, who=MARGARET.id),
        Invited(room, 5, AT, GRACE.id, who=STRAY.id),
    ]
    assert await house.log(STRAY.id) == [Invited(STRAY.id, 1, AT, GRACE.id, where=room)]
    assert await members(house, room) == {*names(ADA, GRACE, MARGARET, STRAY)}
    assert await house.codes((STRAY, Post(room=room, text="hi"))) == [None]
    assert (await house.do(GRACE, invite)).seq is None


async def test_who_may_invite_is_what_the_table_says(house: House) -> None:
    closed = await house.make(ADA, "closed", GRACE, GUEST)
    strict = await house.make(ADA, "closed", GRACE, members_may_invite=False)
    shown = await house.make(ADA)
    direct = await house.make(ADA, "direct", GRACE)
    who = names(MARGARET)
    assert await house.codes(
        (STRAY, InvitePeople(room=closed, who=who)),
        (GUEST, InvitePeople(room=closed, who=who)),
        (GRACE, InvitePeople(room=strict, who=who)),
        (GRACE, InvitePeople(room=direct, who=who)),
    ) == ["not_found", "forbidden", "forbidden", "forbidden"]
    assert (
        await house.codes(
            (ADMIN, InvitePeople(room=closed, who=who)),
            (ADA, InvitePeople(room=strict, who=who)),
            (STRAY, InvitePeople(room=shown, who=who)),
        )
        == [None] * 3
    )


async def test_only_hosts_and_admins_invite_guests(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    invite = InvitePeople(room=room, who=names(MARGARET, GUEST))
    assert (await house.refused(GRACE, invite)).code == "forbidden"
    assert await members(house, room) == {*names(ADA, GRACE)}
    await house.do(ADA, invite)
    assert await members(house, room) == {*names(ADA, GRACE, MARGARET, GUEST)}
    assert await house.codes((GUEST, Post(room=room, text="hi"))) == [None]


async def test_of_an_invite_that_can_t_be_all_nothing_is(house: House) -> None:
    room = await house.make(ADA)
    await house.become(GRACE, status="suspended")
    assert (
        await house.refused(ADA, InvitePeople(room=room, who=names(STRAY, GRACE)))
    ).code == "not_found"
    await house.do(ADA, Ban(room=room, who=MARGARET.id))
    refusal = await house.refused(ADA, InvitePeople(room=room, who=names(STRAY, MARGARET)))
    assert refusal.code == "forbidden"
    assert await members(house, room) == {ADA.id}


@pytest.mark.parametrize(
    "change",
    [
        InvitePeople(room="@r", who=("grace",)),
        Remove(room="@r", who="grace"),
        Ban(room="@r", who="@r000000000001"),
    ],
)
def test_people_are_named_by_their_keys(change: InvitePeople | Remove | Ban) -> None:
    screen = ROOM_RULES.by_command[type(change)].screen
    refusal = screen(change, 256) if screen else None
    assert refusal is not None and refusal.code == "not_found"


# --- going ---


async def test_who_leaves_has_no_place_any_more(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    assert (await house.do(GRACE, LeaveRoom(room=room))).seq == 4
    assert (await house.log(room))[-1] == Left(room, 4, AT, GRACE.id)
    assert (await house.log(GRACE.id))[-1] == Left(GRACE.id, 2, AT, GRACE.id, where=room)
    assert await house.store.rows(PLACE, GRACE.id) == []
    assert await house.codes((GRACE, Post(room=room, text="hi"))) == ["not_found"]


async def test_when_its_last_host_leaves_a_room_stays_and_an_admin_appoints(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    await house.do(ADA, LeaveRoom(room=room))
    assert await house.codes((GRACE, Post(room=room, text="hi"))) == [None]
    appoint = Appoint(room=room, who=GRACE.id, role="host")
    assert await house.codes((GRACE, appoint), (ADMIN, appoint)) == ["forbidden", None]
    assert await house.codes((GRACE, ChangeRoom(room=room, kind="open"))) == [None]


async def test_a_direct_of_two_that_one_leaves_is_hidden_from_that_one(house: House) -> None:
    direct = await house.make(ADA, "direct", GRACE)
    leave = LeaveRoom(room=direct, client_message_id="k")
    assert await house.do(GRACE, leave) == Accepted(3, AT)
    assert len(await house.log(direct)) == 3  # the other one learns nothing
    assert (await house.log(GRACE.id))[-1] == Hidden(
        GRACE.id, 2, AT, GRACE.id, where=direct, upto=3
    )
    assert await house.store.rows(PLACE, GRACE.id) == [Placement(GRACE.id, direct, 3)]
    await house.do(ADA, Post(room=direct, text="hi"))
    assert (await house.do(GRACE, leave)).is_duplicate
    assert await house.store.rows(PLACE, GRACE.id) == [Placement(GRACE.id, direct, 3)]
    assert await house.codes((GRACE, Post(room=direct, text="hi"))) == [None]


async def test_the_rooms_of_an_account_come_with_all_that_lists_of_them_show(house: House) -> None:
    closed = await house.make(ADA, "closed", GRACE, alias="kitchen")
    direct = await house.make(ADA, "direct", GRACE)
    await house.make(ADA, "closed", MARGARET)
    await house.do(ADA, Post(room=closed, text="hi"))
    await house.do(GRACE, LeaveRoom(room=direct))
    people = " ".join(sorted((ADA.id, GRACE.id)))
    rows = [
        OwnRoom(
            *(closed, "closed", "Kitchen", "kitchen", "", None, None, "member", 0, 4, 1),
            *(3, 0, False, "", 0.0, False, 1, 0),
        ),
        OwnRoom(
            *(direct, "direct", "", "", "", people, None, "member", 3, 3, 0),
            *(3, 0, True, "all", 0.0, True, 0, 0),
        ),
    ]
    await house.do(GRACE, SetRoom(room=direct, level="all", starred=True))
    await house.do(GRACE, MarkUnread(room=direct))
    own_rooms, shown = house.store.own_rooms, Selection(only_shown=True)
    assert await own_rooms(GRACE.id) == rows
    assert await own_rooms(GRACE.id, shown) == await own_rooms(GRACE.id, Selection(limit=1))
    assert await own_rooms(GRACE.id, Selection(closed, 1)) == rows[1:]
    assert await own_rooms(GRACE.id, Selection(direct)) == await own_rooms(STRAY.id) == []
    assert await own_rooms(GRACE.id, Selection(rooms=[direct, "@r00000000000z"])) == rows[1:]
    assert await own_rooms(GRACE.id, Selection(rooms=[])) == []
    await house.do(ADA, Post(room=direct, text="hi"))
    assert len(await own_rooms(GRACE.id, shown)) == 2


async def test_records_come_in_pages(house: House) -> None:
    rooms = [await house.make(ADA, "closed", GRACE, MARGARET) for _ in range(2)]
    people, page = sorted(names(ADA, GRACE, MARGARET)), house.store.page
    rows = await page(MEMBER, rooms[0], limit=2)
    assert [(row.room, row.account) for row in rows] == [(rooms[0], who) for who in people[:2]]
    rows = await page(MEMBER, rooms[0], after=people[0], limit=9)
    assert [row.account for row in rows] == people[1:]
    assert await page(MEMBER, rooms[0], after=people[2], limit=9) == []
    assert [row.room for row in await page(ROOM, after=rooms[0], limit=1)] == rooms[1:]


async def test_some_records_are_looked_for_step_by_step(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "PAGE_ROWS", 2)
    rooms = [await house.make(ADA, kind) for kind in ("open", "closed", "closed", "closed", "open")]

    async def found(after: str, limit: int) -> list[str]:
        rows = await base.some(
            house.store, ROOM, after=after, limit=limit, where=lambda row: row.kind == "open"
        )
        return [row.room for row in rows]

    assert await found("", 2) == await found("", 9) == [rooms[0], rooms[4]]
    assert await found("", 1) == [rooms[0]]
    assert await found(rooms[0], 9) == [rooms[4]]
    assert await found(rooms[4], 9) == []


async def test_who_leaves_a_larger_direct_is_gone_and_the_same_people_may_begin_another(
    house: House,
) -> None:
    direct = await house.make(ADA, "direct", GRACE, MARGARET)
    await house.do(GRACE, LeaveRoom(room=direct))
    assert await house.codes((GRACE, Post(room=direct, text="hi"))) == ["not_found"]
    assert await members(house, direct) == {*names(ADA, MARGARET)}
    assert await house.store.rows(DIRECT) == []
    assert await house.make(GRACE, "direct", ADA, MARGARET) != direct


async def test_a_member_who_is_removed_may_come_back(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    await house.do(ADA, Remove(room=room, who=GRACE.id))
    assert (await house.log(room))[-1] == Removed(room, 5, AT, ADA.id, who=GRACE.id)
    assert (await house.log(GRACE.id))[-1] == Left(GRACE.id, 2, AT, ADA.id, where=room)
    assert await house.store.rows(PLACE, GRACE.id) == []
    assert (await house.do(ADA, Remove(room=room, who=GRACE.id))).seq is None
    assert (await house.refused(ADA, Remove(room=room, who=ADA.id))).code == "bad_request"
    for who in (MARGARET, STRAY):
        assert (await house.refused(who, Remove(room=room, who=ADA.id))).code == "forbidden"
    await house.join(GRACE, room)


# --- bans ---


async def test_who_is_banned_is_out_until_the_ban_ends(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await house.do(ADA, Ban(room=room, who=GRACE.id, seconds=60))
    assert (await house.log(room))[-1] == Banned(room, 4, AT, ADA.id, who=GRACE.id, until=NOW + 60)
    assert (await house.log(GRACE.id))[-1] == Left(GRACE.id, 2, AT, ADA.id, where=room)
    assert await members(house, room) == {ADA.id}
    assert await house.store.rows(PLACE, GRACE.id) == []
    refusal = await house.refused(GRACE, JoinRoom(room=room))
    assert (refusal.code, refusal.facts) == ("banned", {"until": NOW + 60})
    house.at = after(60)
    await house.join(GRACE, room)


async def test_a_ban_without_a_time_lasts_until_it_is_taken_back(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    await house.do(ADA, Ban(room=room, who=GRACE.id))
    house.at = after(10**9)
    assert (await house.refused(GRACE, Post(room=room, text="hi"))).code == "not_found"
    assert (await house.refused(ADA, InvitePeople(room=room, who=names(GRACE)))).code == "forbidden"
    await house.do(ADA, Unban(room=room, who=GRACE.id))
    assert isinstance((await house.log(room))[-1], Unbanned)
    assert await house.store.rows(RESTRAINT) == []
    assert (await house.do(ADA, Unban(room=room, who=GRACE.id))).seq is None
    await house.do(ADA, InvitePeople(room=room, who=names(GRACE)))


async def test_who_is_banned_can_be_invited_again_when_the_ban_is_over(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    await house.do(ADA, Ban(room=room, who=GRACE.id, seconds=60))
    invite = InvitePeople(room=room, who=names(GRACE))
    house.at = after(59)
    assert (await house.refused(ADA, invite)).code == "forbidden"
    house.at = after(60)
    await house.do(ADA, invite)


async def test_who_is_no_member_can_be_banned_too(house: House) -> None:
    room = await house.make(ADA)
    await house.do(ADA, Ban(room=room, who=STRAY.id))
    assert await house.log(STRAY.id) == []
    assert (await house.refused(STRAY, JoinRoom(room=room))).code == "banned"


async def test_nobody_bans_or_mutes_themselves_nor_who_looks_after_the_server(
    house: House,
) -> None:
    room = await house.make(ADA, "open", ADMIN, MODERATOR)
    for who in (ADA, ADMIN, MODERATOR):
        assert (await house.refused(ADA, Ban(room=room, who=who.id))).code == "forbidden"
        assert (await house.refused(ADA, Mute(room=room, who=who.id))).code == "forbidden"
    nobody = account("n0b0dy").id
    assert (await house.refused(ADA, Ban(room=room, who=nobody))).code == "not_found"


# --- mutes ---


async def test_who_is_muted_only_reads_and_deletes(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    seq = (await house.do(GRACE, Post(room=room, text="hi"))).seq
    assert seq
    await house.do(ADA, Mute(room=room, who=GRACE.id, seconds=60))
    assert (await house.log(room))[-1] == Muted(room, 5, AT, ADA.id, who=GRACE.id, until=NOW + 60)
    refusal = await house.refused(GRACE, Post(room=room, text="hi"))
    assert (refusal.code, refusal.facts) == ("muted", {"until": NOW + 60})
    assert await house.codes(
        (GRACE, Edit(room=room, seq=seq, text="x")),
        (GRACE, React(room=room, seq=seq, emoji="x")),
        (GRACE, Delete(room=room, seq=seq)),
    ) == ["muted", "muted", None]
    house.at = after(60)
    assert await house.codes((GRACE, Post(room=room, text="hi"))) == [None]


async def test_who_is_muted_can_t_speak_by_leaving_and_coming_back(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await house.do(ADA, Mute(room=room, who=GRACE.id))
    await house.do(GRACE, LeaveRoom(room=room))
    await house.join(GRACE, room)
    assert await house.codes((GRACE, Post(room=room, text="hi"))) == ["muted"]
    await house.do(ADA, Unmute(room=room, who=GRACE.id))
    assert isinstance((await house.log(room))[-1], Unmuted)
    assert await house.codes((GRACE, Post(room=room, text="hi"))) == [None]
    assert (await house.do(ADA, Unmute(room=room, who=GRACE.id))).seq is None


async def test_a_ban_and_a_mute_don_t_touch_each_other(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await house.do(ADA, Mute(room=room, who=GRACE.id))
    await house.do(ADA, Ban(room=room, who=GRACE.id, seconds=60))
    await house.do(ADA, Unban(room=room, who=GRACE.id))
    assert await house.store.rows(RESTRAINT) == [Restraint(room, GRACE.id, is_muted=True)]


# --- hosts, posters, slow mode ---


async def test_a_host_appoints_others_and_may_step_down(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE, GUEST)
    await house.do(ADA, Appoint(room=room, who=GRACE.id, role="host"))
    assert (await house.log(room))[-1] == Appointed(room, 5, AT, ADA.id, who=GRACE.id, role="host")
    await house.do(ADA, Appoint(room=room, who=ADA.id, role="member"))
    again = Appoint(room=room, who=ADA.id, role="host")
    assert await house.codes((ADA, again), (GRACE, again)) == ["forbidden", None]
    assert (await house.do(GRACE, again)).seq is None
    for who, code in ((STRAY, "not_found"), (GUEST, "forbidden")):
        appoint = Appoint(room=room, who=who.id, role="host")
        assert (await house.refused(GRACE, appoint)).code == code


async def test_where_only_hosts_post_others_still_react(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, posters="hosts")
    seq = (await house.do(ADA, Post(room=room, text="hi"))).seq
    assert seq
    assert await house.codes(
        (GRACE, Post(room=room, text="hi")),
        (MODERATOR, Post(room=room, text="hi")),
        (GRACE, React(room=room, seq=seq, emoji="x")),
    ) == ["forbidden", None, None]


async def test_in_slow_mode_members_wait_hosts_and_bots_don_t(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, BOT, slow=10)
    post = Post(room=room, text="hi")
    assert await house.codes(*[(who, post) for who in (ADA, BOT) for _ in range(2)]) == [None] * 4
    first, second = await house.answers((GRACE, post), (GRACE, post))
    assert isinstance(first, Accepted)
    assert isinstance(second, Refusal)
    assert (second.code, second.retry_after) == ("rate_limited", 10)
    house.at = after(9)
    assert (await house.refused(GRACE, post)).retry_after == 1
    assert await house.codes((GRACE, React(room=room, seq=4, emoji="x"))) == ["not_found"]
    house.at = after(10)
    assert await house.codes((GRACE, post)) == [None]


async def test_slow_mode_counts_from_the_moment_it_is_set(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    post = Post(room=room, text="hi")
    slow = ChangeRoom(room=room, slow=10)
    assert await house.codes(
        *[(GRACE, post), (GRACE, post), (ADA, slow), (GRACE, post), (GRACE, post)]
    ) == [None, None, None, None, "rate_limited"]


async def test_a_refused_message_makes_nobody_wait(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, slow=10)
    quote = Post(room=room, text="hi", reply_to=99)
    assert await house.codes((GRACE, quote), (GRACE, Post(room=room, text="hi"))) == [
        "not_found",
        None,
    ]


# --- who is nothing ---


async def test_who_is_suspended_keeps_their_rows_and_has_no_place(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE)
    for status in ("suspended", "removed"):
        await house.become(GRACE, status=status)
        assert await house.codes((GRACE, Post(room=room, text="hi"))) == ["unauthenticated"]
    assert await members(house, room) == {*names(ADA, GRACE)}
    await house.become(GRACE)
    assert await house.codes((GRACE, Post(room=room, text="hi"))) == [None]


async def test_a_public_room_takes_messages_of_visitors_and_no_tokens_of_applications(
    house: House,
) -> None:
    room = await house.make(ADA, "open", public="post")
    visitor = guest("ida", "ida's secret key")
    seq = (await house.do(visitor, Post(room=room, text="hi"))).seq
    assert seq and isinstance((await house.log(room))[-1], Posted)
    assert await house.codes(
        (visitor, React(room=room, seq=seq, emoji="x")),
        (visitor, Edit(room=room, seq=seq, text="x")),
        (STRAY, Post(room=room, text="hi")),
        (GUEST, Post(room=room, text="hi")),
        (visitor, InvitePeople(room=room, who=names(GRACE))),
        (visitor, JoinRoom(room=room)),
        (holder("ci"), Post(room=room, text="hi")),
        (user("ida", "1"), Post(room=room, text="hi")),
        (visitor, Delete(room=room, seq=seq)),
    ) == [None, None, None, None, "forbidden", "forbidden", "not_found", "not_found", None]
    await house.do(ADA, ChangeRoom(room=room, public="read"))
    assert await house.codes((visitor, Post(room=room, text="hi"))) == ["forbidden"]
    await house.do(ADA, ChangeRoom(room=room, public="none"))
    assert await house.codes((visitor, Post(room=room, text="hi"))) == ["not_found"]


async def test_admins_delete_in_open_rooms_what_others_wrote_and_edit_nothing(
    house: House,
) -> None:
    room, closed = await house.make(ADA), await house.make(ADA, "closed")
    for each in (room, closed):
        await house.do(ADA, Post(room=each, text="hi"))
    assert await house.codes(
        (ADMIN, Edit(room=room, seq=3, text="x")),
        (ADMIN, Delete(room=closed, seq=3)),
        (STRAY, Delete(room=room, seq=3)),
        (ADMIN, Delete(room=room, seq=3)),
    ) == ["forbidden", "forbidden", "forbidden", None]


MESSAGES: list[Change] = [
    Edit(room="", seq=4, text="x"),
    Delete(room="", seq=4),
    React(room="", seq=4, emoji="x"),
    Post(room="", text="x", reply_to=4),
]


@pytest.mark.parametrize("change", MESSAGES, ids=lambda change: type(change).__name__)
async def test_a_message_of_another_room_is_as_one_that_is_not_there(
    house: House, change: Change
) -> None:
    room, other = await house.make(ADA), await house.make(GRACE, "closed")
    for _ in range(2):
        await house.do(GRACE, Post(room=other, text="hi"))  # 3 and 4
    fields = {name: getattr(change, name) for name in change.__struct_fields__}
    mine, theirs = (type(change)(**fields | {"room": each}) for each in (room, other))
    assert await house.codes((ADA, mine), (ADA, theirs)) == ["not_found", "not_found"]
    assert (await house.refused(ADA, mine)).detail == f"No message 4 in {room}"


async def test_no_place_without_a_membership(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    direct = await house.make(ADA, "direct", GRACE, MARGARET)
    for who, change in (
        (ADA, Ban(room=room, who=GRACE.id)),
        (STRAY, JoinRoom(room=room)),
        (MARGARET, LeaveRoom(room=room)),
        (MARGARET, LeaveRoom(room=direct)),
        (ADA, Remove(room=room, who=STRAY.id)),
    ):
        await house.do(who, change)
    rows = await house.store.rows(MEMBER)
    assert {(row.account, row.room) for row in await house.store.rows(PLACE)} == {
        (row.account, row.room) for row in rows
    }
    assert {row.room for row in await house.store.rows(ROOM)} == {room, direct}
