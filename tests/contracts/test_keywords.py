"""Keywords of one's own: who is told of a message that has one, whoever keeps it."""

from collections.abc import Awaitable, Callable

import pytest

from hubbub.domain.aspects.conversation.keywords import MentionByKeyword
from hubbub.domain.aspects.former import last_only
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.rooms.members import LeaveRoom
from hubbub.domain.facts import EVERYONE, Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.screening import screen_change
from hubbub.domain.tables.keywords import KEYWORDS, KeywordRow
from hubbub.domain.tables.markers import KEYWORD, MENTION, Mention
from hubbub.events.reading import Mentioned, Unmentioned
from hubbub.events.threads import ThreadFollowed
from hubbub.protocol.commands.preferences import BlockPerson, Prefer
from hubbub.protocol.commands.reading import SetRoom
from hubbub.protocol.commands.threads import FollowThread
from hubbub.protocol.keys import parent_of, thread_key
from hubbub.protocol.messages import Change, Delete, Edit
from hubbub.server.reactors import keywords
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.keywords import Keywords
from hubbub.server.stores import base
from hubbub.server.stores.base import Activity
from hubbub.server.stores.positions import POSITIONS
from tests.contracts.test_reading import Unread, mentioning, post, unread
from tests.support.fakes import AT, MemoryStore
from tests.support.rooms import ADA, GRACE, MARGARET, ROOM_RULES, STRAY, House


async def prefer(house: House, who: Principal, *words: str) -> None:
    await house.do(who, Prefer(room=who.id, name="keywords", value=[*words] or None))


async def react(house: House) -> None:
    """Let the reactor read all that there is."""

    async def submit(principal: Principal, change: Change) -> Answer:
        [answer] = (await house.store.commit([Proposal(principal, change)], house.at)).answers
        return answer

    await go_round(Keywords(house.store, submit), house.store)


async def told(house: House, who: Principal) -> list[tuple[type, int]]:
    """What an own log says of mentions, and of which messages."""
    found = [e for e in await house.log(who.id) if isinstance(e, Mentioned | Unmentioned)]
    return [(type(event), event.where_seq) for event in found]


async def rows(house: House) -> list[tuple[int, str, str]]:
    return [(row.seq, row.why, row.account) for row in await house.store.rows(MENTION)]


async def test_a_message_with_a_keyword_mentions_those_members_who_chose_it(house: House) -> None:
    room = await house.make(ADA, "closed", GRACE, MARGARET)
    await prefer(house, GRACE, "deploy", "release plan")
    await prefer(house, STRAY, "deploy")
    seq = await post(house, ADA, room, "Who can DEPLOY today?")
    await react(house)
    assert await house.store.rows(MENTION) == [Mention(room, seq, KEYWORD, GRACE.id, ADA.id)]
    assert (await house.log(GRACE.id))[-1] == Mentioned(
        *(GRACE.id, 3, AT, ADA.id), where=room, where_seq=seq, why="keyword"
    )
    assert await unread(house, room, GRACE) == Unread(1, 1)
    assert await unread(house, room, MARGARET) == Unread(1, 0)
    assert await told(house, STRAY) == []


async def test_nobody_else_learns_of_it(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await prefer(house, GRACE, "deploy")
    await post(house, ADA, room, "deploy")
    head = await house.store.head(room)
    await react(house)
    assert await house.store.head(room) == head


async def test_the_same_step_twice_tells_once(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await prefer(house, GRACE, "deploy")
    await post(house, ADA, room, "deploy, deploy")
    await react(house)
    async with house.store.turn("reactor keywords") as turn:
        assert turn is not None
        await turn.put(
            POSITIONS, [row._replace(seq=0) for row in await house.store.rows(POSITIONS)]
        )
    await react(house)
    assert len(await told(house, GRACE)) == len(await rows(house)) == 1
    assert await unread(house, room, GRACE) == Unread(1, 1)


async def test_whoever_is_named_anyway_has_one_mention(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    for who in (GRACE, MARGARET):
        await prefer(house, who, "deploy")
    await post(house, ADA, room, "@grace deploy", mentions=mentioning(GRACE))
    await post(house, ADA, room, "@room deploy", calls=[EVERYONE])
    await react(house)
    assert await unread(house, room, GRACE) == Unread(2, 2)
    assert await unread(house, room, MARGARET) == Unread(2, 2)
    assert len(await rows(house)) == 3


async def test_in_a_thread_whoever_is_mentioned_follows_it_from_that_message_on(
    house: House,
) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    await prefer(house, GRACE, "deploy")
    await prefer(house, STRAY, "deploy")
    thread = thread_key(room, await post(house, ADA, room, "root"))
    seqs = [await post(house, ADA, thread, text) for text in ("before", "Deploy?", "after")]
    await react(house)
    assert await house.store.rows(MENTION) == [Mention(thread, seqs[1], KEYWORD, GRACE.id, ADA.id)]
    followed, mentioned = (await house.log(GRACE.id))[-2:]
    assert isinstance(followed, ThreadFollowed) and isinstance(mentioned, Mentioned)
    assert (followed.by, followed.where) == (ADA.id, thread)
    assert (mentioned.where, mentioned.where_seq, mentioned.why) == (thread, seqs[1], "keyword")
    [own] = (await house.store.own_threads(GRACE.id, Activity(), 9)).threads
    assert (own.read, own.read_nth, own.unread, own.mentions) == (seqs[0], 1, 2, 1)
    assert (await house.store.own_threads(MARGARET.id, Activity(), 9)).threads == []
    assert await told(house, STRAY) == []
    await house.do(ADA, Edit(room=thread, seq=seqs[1], text="nothing"))
    await react(house)
    assert await rows(house) == []


async def refused_level_of_the_room(house: House, thread: str) -> None:
    await house.do(GRACE, SetRoom(room=parent_of(thread), level="none"))


async def refused_level_of_the_thread(house: House, thread: str) -> None:
    await house.do(GRACE, FollowThread(room=thread))
    await house.do(GRACE, SetRoom(room=thread, level="none"))


async def refused_leaving_the_room_and_coming_back(house: House, thread: str) -> None:
    await house.do(GRACE, LeaveRoom(room=parent_of(thread)))
    await house.join(GRACE, parent_of(thread))


@pytest.mark.parametrize(
    "happen",
    [
        *(refused_level_of_the_room, refused_level_of_the_thread),
        refused_leaving_the_room_and_coming_back,
    ],
    ids=lambda each: each.__name__.removeprefix("refused_"),
)
async def test_who_is_not_told_of_a_thread(
    house: House, happen: Callable[[House, str], Awaitable[None]]
) -> None:
    room = await house.make(ADA, "open", GRACE)
    await prefer(house, GRACE, "deploy")
    thread = thread_key(room, await post(house, ADA, room, "root"))
    await post(house, ADA, thread, "deploy")
    await happen(house, thread)
    await react(house)
    assert await told(house, GRACE) == []


async def test_whoever_follows_an_older_thread_is_told_there(house: House) -> None:
    room = await house.make(ADA, "open")
    await prefer(house, GRACE, "deploy")
    thread = thread_key(room, await post(house, ADA, room, "root"))
    await post(house, ADA, thread, "first")
    await house.join(GRACE, room)
    await house.do(GRACE, FollowThread(room=thread))
    seq = await post(house, ADA, thread, "deploy")
    await react(house)
    assert await told(house, GRACE) == [(Mentioned, seq)]
    [own] = (await house.store.own_threads(GRACE.id, Activity(), 9)).threads
    assert (own.unread, own.mentions) == (1, 1)


async def refused_block(house: House, room: str) -> None:
    await house.do(GRACE, BlockPerson(room=GRACE.id, who=ADA.id))


async def refused_level(house: House, room: str) -> None:
    await house.do(GRACE, SetRoom(room=room, level="none"))


async def refused_leaving(house: House, room: str) -> None:
    await house.do(GRACE, LeaveRoom(room=room))


async def refused_deleting(house: House, room: str) -> None:
    await house.do(ADA, Delete(room=room, seq=(await house.store.head(room)).seq))


async def refused_leaving_and_coming_back(house: House, room: str) -> None:
    await house.do(GRACE, LeaveRoom(room=room))
    await house.join(GRACE, room)


@pytest.mark.parametrize(
    "happen",
    [
        *(refused_block, refused_level, refused_leaving, refused_deleting),
        refused_leaving_and_coming_back,
    ],
    ids=lambda each: each.__name__.removeprefix("refused_"),
)
async def test_who_is_not_told(
    house: House, happen: Callable[[House, str], Awaitable[None]]
) -> None:
    room = await house.make(ADA, "open", GRACE)
    await prefer(house, GRACE, "deploy")
    await post(house, ADA, room, "deploy")
    await happen(house, room)
    await react(house)
    assert await told(house, GRACE) == []
    assert await rows(house) == []


async def test_a_message_that_is_deleted_meanwhile_mentions_nobody(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    seq = await post(house, ADA, room, "deploy")
    await house.do(ADA, Delete(room=room, seq=seq))
    late = MentionByKeyword(room=GRACE.id, where=room, where_seq=seq, by=ADA.id)
    assert (await house.do(OPERATOR, late)).seq is None
    assert await rows(house) == []


async def test_what_one_writes_oneself_mentions_one_not(house: House) -> None:
    room = await house.make(GRACE, "open", ADA)
    await prefer(house, GRACE, "deploy")
    await post(house, GRACE, room, "deploy")
    await react(house)
    assert await rows(house) == []


async def test_messages_from_before_the_choice_are_not_looked_through(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    house.at = "2026-01-01T00:00:00.000Z"
    await prefer(house, GRACE, "early")
    await post(house, ADA, room, "early, late")
    house.at = "2026-01-02T00:00:00.000Z"
    await prefer(house, GRACE, "late", "early")
    assert await house.store.rows(KEYWORDS) == [
        KeywordRow(GRACE.id, "early", "2026-01-01T00:00:00.000Z"),
        KeywordRow(GRACE.id, "late", "2026-01-02T00:00:00.000Z"),
    ]
    seq = await post(house, ADA, room, "late")
    await prefer(house, GRACE, "late")
    await react(house)
    assert await told(house, GRACE) == [(Mentioned, seq)]
    await prefer(house, GRACE)
    assert await house.store.rows(KEYWORDS) == []


async def test_an_edit_takes_a_mention_away_and_adds_none(house: House) -> None:
    room = await house.make(ADA, "open", GRACE, MARGARET)
    await prefer(house, GRACE, "deploy")
    await prefer(house, MARGARET, "release")
    seq = await post(house, ADA, room, "deploy")
    await react(house)
    await house.do(ADA, Edit(room=room, seq=seq, text="deploy the release"))
    await react(house)
    assert await rows(house) == [(seq, KEYWORD, GRACE.id)]
    await house.do(ADA, Edit(room=room, seq=seq, text="nothing"))
    assert await unread(house, room, GRACE) == Unread(1, 1)
    await react(house)
    assert await told(house, GRACE) == [(Mentioned, seq), (Unmentioned, seq)]
    assert await told(house, MARGARET) == []
    assert await rows(house) == []
    await house.do(ADA, Edit(room=room, seq=seq, text="deploy"))
    await react(house)
    assert await rows(house) == []


async def test_where_only_last_texts_are_kept_the_text_that_is_left_counts() -> None:
    house = await House.opened(MemoryStore(rules=last_only(ROOM_RULES)))
    room = await house.make(ADA, "open", GRACE, MARGARET)
    await prefer(house, GRACE, "deploy")
    await prefer(house, MARGARET, "release")
    seq = await post(house, ADA, room, "deploy")
    await house.do(ADA, Edit(room=room, seq=seq, text="release"))
    await react(house)
    assert (await told(house, GRACE), await told(house, MARGARET)) == ([], [(Mentioned, seq)])
    await house.do(ADA, Edit(room=room, seq=seq, text="deploy"))
    await react(house)
    assert await rows(house) == []


async def test_nothing_is_left_when_the_message_is_deleted(house: House) -> None:
    room = await house.make(ADA, "open", GRACE)
    await prefer(house, GRACE, "deploy")
    seq = await post(house, ADA, room, "deploy")
    await react(house)
    await house.do(ADA, Delete(room=room, seq=seq))
    assert await rows(house) == []
    assert await unread(house, room, GRACE) == Unread()


async def test_all_are_told_however_many_there_are(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "PAGE_ROWS", 3)
    monkeypatch.setattr(keywords, "TOLD_AT_ONCE", 2)
    monkeypatch.setattr(keywords, "EVENTS_AT_ONCE", 2)
    people = (ADA, MARGARET, STRAY)
    room = await house.make(GRACE, "open", *people)
    for who in people:
        await prefer(house, who, "deploy", "release")
    seqs = [await post(house, GRACE, room, "release") for _ in range(5)]
    await react(house)
    for who in people:
        assert await told(house, who) == [(Mentioned, seq) for seq in seqs]


@pytest.mark.parametrize(
    "value", ["deploy", ["?!"], [""], ["x" * 65], [1], [["x"]], ["x"] * 51, {"deploy": 1}]
)
def test_keywords_are_a_bounded_list_of_words(value: object) -> None:
    refusal = screen_change(
        ROOM_RULES, GRACE, Prefer(room=GRACE.id, name="keywords", value=value), 256
    )
    assert refusal is not None and refusal.code == "bad_request"
