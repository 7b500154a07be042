"""How far members have read, whom messages mention, and what is unread, whoever keeps it."""

import random
from typing import NamedTuple

import pytest

from hubbub.domain.aspects.rooms.members import JoinRoom, LeaveRoom
from hubbub.domain.facts import EVERYONE, Accepted
from hubbub.domain.principals import Principal
from hubbub.domain.screening import screen_change
from hubbub.domain.tables.accounts import BLOCKS, Block
from hubbub.domain.tables.markers import MARKER, MENTION, NAMED, ReadMarker
from hubbub.domain.tables.rooms import PLACE, Placement
from hubbub.events import Edited, Posted
from hubbub.events.reading import MarkedUnread, Mentioned, Read, RoomSet
from hubbub.protocol.commands.preferences import BlockPerson, UnblockPerson
from hubbub.protocol.commands.reading import MarkRead, MarkUnread, SetRoom
from hubbub.protocol.commands.rooms import ChangeRoom, InvitePeople
from hubbub.protocol.messages import Change, Delete, Edit, Post
from hubbub.server.stores.base import Selection
from tests.support.fakes import ADA as TOKEN
from tests.support.fakes import AT, guest
from tests.support.rooms import (
    ADA,
    GRACE,
    GUEST,
    MARGARET,
    MODERATOR,
    ROOM_RULES,
    STRAY,
    House,
)


async def marker(house: House, room: str, who: Principal) -> ReadMarker:
    [row] = [each for each in await house.store.rows(MARKER, room) if each.account == who.id]
    return row


class Unread(NamedTuple):
    """What the list of someone's rooms says."""

    messages: int = 0
    mentions: int = 0


async def unread(house: House, room: str, who: Principal) -> Unread:
    [row] = await house.store.own_rooms(who.id, Selection(rooms=[room]))
    return Unread(row.unread, row.mentions)


async def post(house: House, by: Principal, room: str, text: str = "x", **fields: object) -> int:
    answer = await house.do(by, Post(room=room, text=text, **fields))  # type: ignore[arg-type]
    assert answer.seq is not None
    return answer.seq


def mentioning(*people: Principal) -> dict[str, str]:
    return {person.id[2:]: person.id for person in people}


# --- markers ---


async def test_whoever_becomes_a_member_has_read_what_was_there(house: House) -> None:
    room = await house.make(ADA)
    await post(house, ADA, room)
    await house.join(STRAY, room)
    await house.do(ADA, InvitePeople(room=room, who=(GRACE.id,)))
    for who in (ADA, STRAY, GRACE):
        assert await unread(house, room, who) == Unread()
    await post(house, ADA, room)
    assert await unread(house, room, ADA) == Unread()
    assert await unread(house, room, STRAY) == await unread(house, room, GRACE) == Unread(1)


async def test_reading_moves_the_marker_up_to_the_head_and_never_back(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    seqs = [await post(house, ADA, room) for _ in range(3)]
    assert await house.do(GRACE, MarkRead(room=room, upto=seqs[1])) == Accepted(2, AT)
    assert await unread(house, room, GRACE) == Unread(1)
    assert (await house.do(GRACE, MarkRead(room=room, upto=seqs[0]))).seq is None
    assert (await house.do(GRACE, MarkRead(room=room, upto=-5))).seq is None
    await house.do(GRACE, MarkRead(room=room, upto=2**62))
    assert await unread(house, room, GRACE) == Unread()
    assert [e for e in await house.log(GRACE.id) if isinstance(e, Read)] == [
        Read(GRACE.id, 2, AT, GRACE.id, where=room, upto=seqs[1], nth=2),
        Read(GRACE.id, 3, AT, GRACE.id, where=room, upto=seqs[2], nth=3),
    ]


async def test_one_batch_reads_posts_and_reads_on(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    head = (await house.store.head(room)).seq
    codes = await house.codes(
        (ADA, Post(room=room, text="a")),
        (ADA, Post(room=room, text="b")),
        (GRACE, MarkRead(room=room, upto=head + 1)),
        (ADA, Post(room=room, text="c")),
        (GRACE, MarkRead(room=room, upto=head + 2)),
    )
    assert codes == [None] * 5
    assert (await marker(house, room, GRACE))[2:4] == (head + 2, 2)
    assert await unread(house, room, GRACE) == Unread(1)
    assert await unread(house, room, ADA) == Unread()


async def test_a_post_has_been_read_by_its_author_unless_something_before_was_not(
    house: House,
) -> None:
    room = await house.make(ADA, "open", GRACE)
    first = await post(house, GRACE, room)
    assert await unread(house, room, GRACE) == Unread()
    late = await post(house, ADA, room)
    assert (await marker(house, room, ADA)).seq < first
    assert await unread(house, room, ADA) == Unread(2)
    assert await unread(house, room, GRACE) == Unread(1)
    claimed = await post(house, GRACE, room, read=late)
    assert (await marker(house, room, GRACE)).seq == claimed
    await post(house, ADA, room, read=first)
    assert await unread(house, room, ADA) == Unread(3)


@pytest.mark.parametrize("reads", [(None,), (None, None, 2**40)], ids=["unsaid", "said"])
async def test_posts_of_one_batch_leave_the_markers_that_they_leave_one_by_one(
    house: House, reads: tuple[int | None, ...]
) -> None:
    draw, people = random.Random(len(reads)), (ADA, GRACE, MARGARET)
    twins = [[await house.make(ADA, "open", GRACE, MARGARET) for _ in "ab"] for _ in range(2)]
    for _ in range(12):
        said = [
            (draw.choices(people, (8, 2, 1))[0], pair, draw.choice(reads))
            for pair in draw.choices(twins, k=draw.randint(1, 6))
        ]
        batch = [(who, Post(room=pair[0], text="x", read=read)) for who, pair, read in said]
        assert set(await house.codes(*batch)) == {None}
        for who, pair, read in said:
            await post(house, who, pair[1], read=read)
        for who in people:
            for one, other in twins:
                assert (await marker(house, one, who))[2:] == (await marker(house, other, who))[2:]
        reader, room = draw.choice(people), draw.choice(twins)
        for each in room:
            await house.answers((reader, MarkRead(room=each, upto=2**40)))


async def test_deleted_and_forgotten_messages_are_not_unread(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    seqs = [await post(house, ADA, room) for _ in range(5)]
    await house.do(ADA, Delete(room=room, seq=seqs[3]))
    assert await unread(house, room, GRACE) == Unread(4)
    await house.store.trim(room, seqs[1])
    assert await unread(house, room, GRACE) == Unread(2)
    await house.do(GRACE, MarkRead(room=room, upto=seqs[2]))
    await house.do(ADA, Delete(room=room, seq=seqs[2]))
    assert await unread(house, room, GRACE) == Unread(1)
    await house.store.trim(room, 2**60)
    assert await unread(house, room, GRACE) == Unread()
    await post(house, ADA, room)
    assert await unread(house, room, GRACE) == Unread(1)


async def test_a_room_looks_unread_until_one_reads_on(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await house.do(GRACE, MarkUnread(room=room))
    assert (await house.do(GRACE, MarkUnread(room=room))).seq is None
    assert (await marker(house, room, GRACE)).is_marked
    await post(house, GRACE, room)
    assert (await marker(house, room, GRACE)).is_marked
    await house.do(GRACE, MarkRead(room=room, upto=0))
    assert not (await marker(house, room, GRACE)).is_marked
    assert MarkedUnread(GRACE.id, 2, AT, GRACE.id, where=room) in await house.log(GRACE.id)


async def test_whoever_is_no_member_has_no_marker(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await house.do(GRACE, LeaveRoom(room=room))
    assert [row.account for row in await house.store.rows(MARKER, room)] == [ADA.id]
    assert (await house.do(MODERATOR, MarkRead(room=room, upto=9))).seq is None
    assert (await house.refused(GRACE, MarkRead(room=room, upto=9))).code == "forbidden"


@pytest.mark.parametrize("change", [MarkRead(room="lobby", upto=1), MarkUnread(room="lobby")])
def test_free_rooms_have_no_markers(change: Change) -> None:
    refusal = screen_change(ROOM_RULES, ADA, change, 256)
    assert refusal is not None and refusal.code == "forbidden"


# --- what one is told ---


async def test_what_one_is_told_of_a_room_is_kept_with_the_membership(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await house.do(GRACE, SetRoom(room=room, level="none", starred=True))
    await house.do(GRACE, SetRoom(room=room, muted_until=2e9))
    assert (await house.do(GRACE, SetRoom(room=room, level="none"))).seq is None
    assert await house.store.rows(PLACE, GRACE.id) == [
        Placement(GRACE.id, room, 0, "none", 2e9, True)
    ]
    assert (await house.log(GRACE.id))[1:] == [
        RoomSet(GRACE.id, 2, AT, GRACE.id, where=room, level="none", starred=True),
        RoomSet(GRACE.id, 3, AT, GRACE.id, where=room, muted_until=2e9),
    ]
    assert (await house.do(MODERATOR, SetRoom(room=room, starred=True))).seq is None


# --- mentions ---


async def test_whoever_is_mentioned_is_told_and_counts_it_until_it_is_read(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    names = mentioning(GRACE, ADA)
    seq = await post(house, ADA, room, "@grace and I", mentions=names)
    posted = (await house.log(room))[-1]
    assert isinstance(posted, Posted) and posted.mentions == names
    assert (await house.log(GRACE.id))[-1] == Mentioned(
        GRACE.id, 2, AT, ADA.id, where=room, where_seq=seq
    )
    assert not any(isinstance(event, Mentioned) for event in await house.log(ADA.id))
    assert await unread(house, room, GRACE) == Unread(1, 1)
    assert await unread(house, room, MARGARET) == Unread(1, 0)
    await house.do(GRACE, MarkRead(room=room, upto=seq))
    assert await unread(house, room, GRACE) == Unread()


async def test_only_members_are_mentioned_and_the_author_learns_who_is_not(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    answer = await house.do(
        ADA, Post(room=room, text="@grace @stray", mentions=mentioning(GRACE, STRAY))
    )
    assert answer.unreached == (STRAY.id[2:],)
    posted = (await house.log(room))[-1]
    assert isinstance(posted, Posted) and posted.mentions == mentioning(GRACE)
    assert not any(isinstance(event, Mentioned) for event in await house.log(STRAY.id))


@pytest.mark.parametrize("is_edited", [False, True])
async def test_a_repeated_message_says_again_who_is_not_a_member_until_it_is_edited(
    house: House, is_edited: bool
) -> None:
    room = await house.make(ADA, "open", GRACE)
    names = mentioning(GRACE, STRAY, MARGARET)
    said = Post(room=room, text="@…", mentions=names, client_message_id="k")
    first = await house.do(ADA, said)
    assert first.unreached == (STRAY.id[2:], MARGARET.id[2:])
    await house.do(MARGARET, JoinRoom(room=room))  # which does not change what was so
    if is_edited:
        assert first.seq
        await house.do(ADA, Edit(room=room, seq=first.seq, text="…"))
    again = await house.do(ADA, said)
    unreached = () if is_edited else first.unreached
    assert again == first._replace(is_duplicate=True, unreached=unreached)


async def test_a_guest_does_not_learn_which_handles_there_are(house: House) -> None:
    room = await house.make(ADA, "closed", GUEST)
    post_by_guest = Post(room=room, text="@stray", mentions=mentioning(STRAY))
    assert (await house.do(GUEST, post_by_guest)).unreached == ()
    public = await house.make(ADA, "open", public="post")
    posted = Post(room=public, text="@stray", mentions=mentioning(STRAY))
    assert (await house.do(guest("vera", key="k" * 16), posted)).unreached == ()


async def test_nobody_mentions_themselves(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await post(house, GRACE, room, "not read by ada")
    await post(house, ADA, room, "@room", calls=[EVERYONE])
    assert await unread(house, room, ADA) == Unread(2, 0)
    assert await unread(house, room, GRACE) == Unread(1, 1)


async def test_all_are_mentioned_at_once_without_a_word_to_each(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    seq = await post(house, ADA, room, "@room", calls=[EVERYONE])
    assert await house.store.rows(MENTION, room) == [(room, seq, NAMED, EVERYONE, ADA.id)]
    assert await unread(house, room, GRACE) == await unread(house, room, MARGARET) == Unread(1, 1)
    assert not any(isinstance(event, Mentioned) for event in await house.log(GRACE.id))
    await house.do(ADA, ChangeRoom(room=room, members_may_name_all=False))
    refusal = await house.refused(GRACE, Post(room=room, text="@room", calls=[EVERYONE]))
    assert (refusal.code, refusal.detail) == ("forbidden", "Not allowed to mention everyone")


async def test_a_message_that_names_one_twice_is_one_mention(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await post(house, ADA, room, mentions=mentioning(GRACE), calls=[EVERYONE])
    assert await unread(house, room, GRACE) == Unread(1, 1)


async def test_those_who_were_called_with_all_and_are_still_named_keep_the_mention(
    house: House,
) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    names = mentioning(GRACE)
    seq = await post(house, ADA, room, "@room @grace", mentions=names, calls=[EVERYONE])
    assert await unread(house, room, GRACE) == await unread(house, room, MARGARET) == Unread(1, 1)
    for text, calls in (("@room and @grace", [EVERYONE]), ("@grace", None)):
        await house.do(ADA, Edit(room=room, seq=seq, text=text, mentions=names, calls=calls))
        assert await unread(house, room, GRACE) == Unread(1, 1)
        assert await unread(house, room, MARGARET) == Unread(1, 1 if calls else 0)


async def test_whom_one_has_blocked_mentions_one_in_vain(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await house.do(GRACE, BlockPerson(room=GRACE.id, who=ADA.id))
    assert await house.store.rows(BLOCKS, GRACE.id) == [Block(GRACE.id, ADA.id)]
    await post(house, ADA, room, mentions=mentioning(GRACE))
    assert await unread(house, room, GRACE) == Unread(1, 0)
    assert not any(isinstance(event, Mentioned) for event in await house.log(GRACE.id))


async def test_what_one_has_blocked_counts_as_no_mention_as_long_as_one_does(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    await post(house, ADA, room, mentions=mentioning(GRACE))
    await house.do(GRACE, BlockPerson(room=GRACE.id, who=ADA.id))
    await post(house, ADA, room, "@room", calls=[EVERYONE])
    assert await unread(house, room, GRACE) == Unread(2, 0)
    assert await unread(house, room, MARGARET) == Unread(2, 1)
    await house.do(MARGARET, Post(room=room, text="@room", calls=[EVERYONE]))
    assert await unread(house, room, GRACE) == Unread(3, 1)
    await house.do(GRACE, UnblockPerson(room=GRACE.id, who=ADA.id))
    assert await unread(house, room, GRACE) == Unread(3, 3)


async def test_an_edit_takes_mentions_away_and_adds_none(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    seq = await post(house, ADA, room, mentions=mentioning(GRACE))
    now = mentioning(GRACE, MARGARET)
    await house.do(ADA, Edit(room=room, seq=seq, text="both", mentions=now))
    edited = (await house.log(room))[-1]
    assert isinstance(edited, Edited) and edited.mentions == now
    [message] = (await house.store.history(room, None, None, 9)).messages
    assert message.mentions == now
    assert await unread(house, room, GRACE) == Unread(1, 1)
    assert await unread(house, room, MARGARET) == Unread(1, 0)
    await house.do(ADA, Edit(room=room, seq=seq, text="neither"))
    assert await unread(house, room, GRACE) == Unread(1, 0)
    await house.do(ADA, Edit(room=room, seq=seq, text="both", mentions=now))
    assert await unread(house, room, GRACE) == Unread(1, 0)


async def test_nothing_is_left_of_a_mention_in_a_message_that_is_deleted(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    seq = await post(house, ADA, room, "@grace", mentions=mentioning(GRACE), calls=[EVERYONE])
    await house.do(ADA, Delete(room=room, seq=seq))
    assert await house.store.rows(MENTION) == []
    assert await unread(house, room, GRACE) == Unread()
    erased = (await house.log(room))[seq - 1]
    assert isinstance(erased, Posted) and erased.mentions is None and erased.calls is None


@pytest.mark.parametrize(
    "change",
    [
        Post(room="lobby", text="x", mentions=mentioning(ADA)),
        Post(room="lobby", text="x", calls=["*"]),
        Edit(room="lobby", seq=1, text="x", calls=["*"]),
        Post(room="@r000000000000", text="x", mentions={"ada": "ada"}),
        Post(room="@r000000000000", text="x", calls=["**"]),
    ],
)
def test_mentions_name_accounts_in_rooms_with_members(change: Change) -> None:
    who = ADA if change.room.startswith("@") else TOKEN
    refusal = screen_change(ROOM_RULES, who, change, 256)
    assert refusal is not None and refusal.code == "bad_request"


async def test_guests_are_mentioned_as_others(house: House) -> None:
    room = await house.make(ADA, "closed", GUEST)
    await post(house, ADA, room, mentions=mentioning(GUEST))
    assert await unread(house, room, GUEST) == Unread(1, 1)
