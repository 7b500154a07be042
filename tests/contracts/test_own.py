"""What accounts keep for themselves: saved messages and drafts, whoever keeps them. Former ones are nowhere."""

import pytest

from hubbub.domain.aspects.conversation.drafts import DRAFTS, MAX_DRAFTS, DraftRow
from hubbub.domain.aspects.conversation.saved import MAX_SAVED, SAVED, SavedMessage
from hubbub.domain.facts import Accepted
from hubbub.domain.screening import screen_change
from hubbub.events import Deleted, Event, Reference
from hubbub.events.conversation import Drafted, Saved, Unsaved
from hubbub.protocol.commands.conversation import KeepDraft, Save, Unsave
from hubbub.protocol.commands.rooms import Ban, Remove
from hubbub.protocol.messages import Change, Delete, Post
from tests.contracts.test_erasing import holds_secret
from tests.support.everything import everything
from tests.support.fakes import AT
from tests.support.rooms import ADA, ADMIN, GRACE, GUEST, MARGARET, ROOM_RULES, STRAY, House

SECRET = "geheim"


async def own_log(house: House) -> list[Event]:
    """The last events of grace's own log, without those by which she came into rooms."""
    kinds = (Saved, Unsaved, Drafted, Deleted)
    return [event for event in await house.log(GRACE.id) if isinstance(event, kinds)]


async def message_of_ada(house: House, text: str = "hi") -> Reference:
    """A message by ada in a closed room of hers, grace's and a guest's."""
    room = await house.make(ADA, "closed", GRACE, GUEST)
    return Reference(room, (await house.do(ADA, Post(room=room, text=text))).seq or 0)


def save(of: Reference, note: str = "") -> Save:
    return Save(room=GRACE.id, of=of, note=note)


def draft(text: str, where: str = "lobby", reply_to: int | None = None) -> KeepDraft:
    return KeepDraft(room=GRACE.id, where=where, text=text, reply_to=reply_to)


async def assert_nowhere(house: House) -> None:
    for name, rows in (await everything(house.store)).items():
        assert not holds_secret(rows), name
    assert not holds_secret(await house.log(GRACE.id))
    assert not holds_secret(await house.store.rows(SAVED))
    assert not holds_secret(await house.store.rows(DRAFTS))


# --- saved messages ---


async def test_a_saved_message_is_an_event_in_the_own_log_and_a_row(house: House) -> None:
    of = await message_of_ada(house)
    saved = (await house.do(GRACE, save(of, "later"))).seq or 0
    event = Saved(GRACE.id, saved, AT, GRACE.id, message=saved, of=of, note="later")
    assert await own_log(house) == [event]
    assert await house.store.rows(SAVED, GRACE.id) == [
        SavedMessage(GRACE.id, of.room, of.message, "later", AT, saved)
    ]
    again, unsave = save(of, "later"), Unsave(room=GRACE.id, of=of)
    assert (await house.do(GRACE, again)).seq is None
    await house.do(GRACE, unsave)
    assert await house.store.rows(SAVED) == []
    assert (await own_log(house))[-1] == Unsaved(GRACE.id, saved + 2, AT, GRACE.id, of=of)
    assert (await house.do(GRACE, unsave)).seq is None


@pytest.mark.parametrize("last", ["another note", "unsaved", "in one commit"])
async def test_a_former_note_is_nowhere(house: House, last: str) -> None:
    of = await message_of_ada(house)
    unsave: list[Change] = [Unsave(room=GRACE.id, of=of)]
    after: list[Change] = [save(of, "public")] if last == "another note" else unsave
    first = [save(of, SECRET), *(after if last == "in one commit" else ())]
    commit = await house.answers(*((GRACE, change) for change in first))
    assert all(isinstance(answer, Accepted) for answer in commit)
    if last != "in one commit":
        assert any(map(holds_secret, (await everything(house.store)).values()))
        await house.do(GRACE, after[0])
    former, deleted, _ = await own_log(house)
    assert isinstance(former, Saved) and former.erased
    assert isinstance(deleted, Deleted) and deleted.message == former.seq
    await assert_nowhere(house)


async def test_only_who_may_read_a_message_saves_it(house: House) -> None:
    of = await message_of_ada(house)
    tried = {GRACE: None, GUEST: None, ADMIN: "forbidden", MARGARET: "not_found"}
    for who, code in tried.items():
        assert await house.codes((who, Save(room=who.id, of=of))) == [code]
        nothing = Save(room=who.id, of=Reference("@r999999999999", 4))
        assert await house.codes((who, nothing)) == ["not_found"]
    assert await house.codes(
        (GRACE, Save(room=GRACE.id, of=Reference(of.room, 99))),
        (GRACE, Save(room=GRACE.id, of=Reference(ADA.id, 1))),
        (GRACE, Save(room=GRACE.id, of=Reference("a/b", 1))),
    ) == ["not_found", "not_found", "bad_request"]
    await house.do(ADA, Remove(room=of.room, who=GUEST.id))
    await house.do(ADA, Ban(room=of.room, who=GRACE.id))
    for who in (GUEST, GRACE):
        assert await house.codes((who, Save(room=who.id, of=of, note="x"))) == ["not_found"]
        await house.do(who, Unsave(room=who.id, of=of))
    assert screen_change(ROOM_RULES, MARGARET, save(of), 256) is not None  # in grace's log


async def test_a_right_that_is_lost_in_the_same_commit_counts(house: House) -> None:
    of = await message_of_ada(house)
    remove = ADA, Remove(room=of.room, who=GRACE.id)
    assert await house.codes((GRACE, save(of)), remove, (GRACE, save(of, "x"))) == [
        None,
        None,
        "not_found",
    ]


async def test_what_is_deleted_is_not_saved_but_stays_in_the_list(house: House) -> None:
    of = await message_of_ada(house)
    await house.do(GRACE, save(of))
    await house.do(ADA, Delete(room=of.room, seq=of.message))
    assert await house.codes((GRACE, save(of, "x"))) == ["gone"]
    assert len(await house.store.rows(SAVED, GRACE.id)) == 1


async def test_an_account_saves_a_bounded_number_of_messages(house: House) -> None:
    posts = (Post(room="lobby", text=str(n)) for n in range(MAX_SAVED + 1))
    await house.answers(*((ADA, post) for post in posts))
    references = [Reference("lobby", n + 1) for n in range(MAX_SAVED + 1)]
    codes = await house.codes(*((GRACE, save(of)) for of in references))
    assert codes == [*[None] * MAX_SAVED, "too_large"]
    assert await house.codes((GRACE, save(references[0], "a note takes no more"))) == [None]


# --- drafts ---


async def test_the_newest_draft_of_a_room_is_kept(house: House) -> None:
    first = (await house.do(GRACE, draft("one"))).seq or 0
    await house.do(GRACE, draft("another room's", "kitchen"))
    second = (await house.do(GRACE, draft("two", reply_to=4))).seq or 0
    assert (await house.do(GRACE, draft("two", reply_to=4))).seq is None
    newest = Drafted(
        *(GRACE.id, second, AT, GRACE.id), message=second, where="lobby", text="two", reply_to=4
    )
    deleted = Deleted(GRACE.id, second - 1, AT, GRACE.id, message=first)
    assert (await own_log(house))[-2:] == [deleted, newest]
    assert await house.store.rows(DRAFTS, GRACE.id) == [
        DraftRow(GRACE.id, "kitchen", "another room's", None, AT, first + 1),
        DraftRow(GRACE.id, "lobby", "two", 4, AT, second),
    ]


@pytest.mark.parametrize("last", ["", "public"])
@pytest.mark.parametrize("is_one_commit", [False, True])
async def test_a_former_draft_is_nowhere(house: House, last: str, is_one_commit: bool) -> None:
    first, after = (GRACE, draft(SECRET)), (GRACE, draft(last))
    if is_one_commit:
        await house.answers(first, after)
    else:
        await house.do(*first)
        assert any(map(holds_secret, (await everything(house.store)).values()))
        await house.do(*after)
    await assert_nowhere(house)
    *_, event = await own_log(house)
    assert isinstance(event, Drafted) and (event.text, event.reply_to) == (last, None)
    assert len(await house.store.rows(DRAFTS)) == bool(last)


async def test_no_draft_is_dropped_twice(house: House) -> None:
    assert (await house.do(GRACE, draft("", reply_to=3))).seq is None
    assert await own_log(house) == []


async def test_drafts_are_bounded(house: House) -> None:
    rooms = [f"room-{n}" for n in range(MAX_DRAFTS + 1)]
    codes = await house.codes(*((GRACE, draft("x", room)) for room in rooms))
    assert codes == [*[None] * MAX_DRAFTS, "too_large"]
    assert await house.codes((GRACE, draft("", rooms[0])), (GRACE, draft("x", rooms[-1]))) == [
        None,
        None,
    ]


@pytest.mark.parametrize(
    "change, code",
    [
        (draft("x" * 256), None),
        (draft("ü" * 129), "too_large"),
        (draft("x", "@r000000000000"), None),
        (draft("x", "a/b"), "bad_request"),
        (draft("x", ADA.id), "bad_request"),
        (draft("x", "@directory"), "bad_request"),
        (draft("x", "@nothing"), "bad_request"),
        (KeepDraft(room=ADA.id, where="lobby", text="x"), "not_found"),
        (KeepDraft(room="lobby", where="lobby", text="x"), "forbidden"),
    ],
)
def test_a_draft_is_for_a_room_and_in_ones_own_log(change: KeepDraft, code: str | None) -> None:
    refusal = screen_change(ROOM_RULES, GRACE, change, 256)
    assert (refusal and refusal.code) == code


async def test_whoever_is_suspended_keeps_nothing_more(house: House) -> None:
    await house.do(ADA, Post(room="lobby", text="hi"))
    await house.become(STRAY, status="suspended")
    of = Reference("lobby", 1)
    assert (
        await house.codes(
            (STRAY, Save(room=STRAY.id, of=of)),
            (STRAY, Unsave(room=STRAY.id, of=of)),
            (STRAY, KeepDraft(room=STRAY.id, where="lobby", text="x")),
        )
        == ["unauthenticated"] * 3
    )
