import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.view import RoomView
from hubbub.events import Deleted, Edited, Event, Patched, Posted, Reacted, Unreacted
from hubbub.protocol.messages import Message
from tests.support.fakes import AT

LATER = "2026-11-23T09:00:01.000Z"


def posted(seq: int, text: str = "hi") -> Posted:
    return Posted("lobby", seq, AT, "ada", text)


def reacted(seq: int, by: str, emoji: str = "👍") -> Reacted:
    return Reacted("lobby", seq, AT, by, message=1, emoji=emoji)


def unreacted(seq: int, by: str, emoji: str = "👍") -> Unreacted:
    return Unreacted("lobby", seq, AT, by, message=1, emoji=emoji)


def view_of(*events: Event) -> RoomView:
    view = RoomView()
    for event in events:
        RULES.fold(view, event)
    return view


def test_a_room_begins_with_nothing() -> None:
    view = RoomView()
    assert (view.seq, view.messages, view.state, view.state_seq) == (0, {}, {}, 0)


def test_a_posted_message_keeps_all_its_fields() -> None:
    event = Posted("lobby", 1, AT, "ada", "hi", client_message_id="01J", reply_to=7)
    assert view_of(event).messages[1] == Message(
        seq=1, at=AT, by="ada", text="hi", client_message_id="01J", reply_to=7
    )
    binary = Posted("lobby", 1, AT, "ada", bytes=b"\xff")
    assert view_of(binary).messages[1] == Message(seq=1, at=AT, by="ada", bytes=b"\xff")


def test_an_edit_sets_the_text_and_when() -> None:
    view = view_of(
        posted(1), reacted(2, "grace"), Edited("lobby", 3, LATER, "ada", message=1, text="hello")
    )
    assert view.messages[1] == Message(
        seq=1, at=AT, by="ada", text="hello", edited_at=LATER, reactions={"👍": ["grace"]}
    )


def test_a_binary_message_that_is_edited_becomes_text() -> None:
    view = view_of(
        Posted("lobby", 1, AT, "ada", bytes=b"\xff"),
        Edited("lobby", 2, LATER, "ada", message=1, text="hello"),
    )
    assert (view.messages[1].text, view.messages[1].bytes) == ("hello", None)


def test_a_deletion_leaves_only_when_and_by_whom() -> None:
    view = view_of(
        Posted("lobby", 1, AT, "ada", "hi", client_message_id="01J"),
        reacted(2, "grace"),
        Deleted("lobby", 3, LATER, "ada", message=1),
    )
    assert view.messages == {1: Message(seq=1, at=AT, by="ada", deleted=True)}


def test_reactions_stand_in_the_order_of_reacting() -> None:
    view = view_of(posted(1), reacted(2, "grace"), reacted(3, "ada"), reacted(4, "ada", "🎉"))
    assert view.messages[1].reactions == {"👍": ["grace", "ada"], "🎉": ["ada"]}


def test_who_takes_a_reaction_off_and_puts_it_on_again_comes_last() -> None:
    view = view_of(
        posted(1), reacted(2, "ada"), reacted(3, "grace"), unreacted(4, "ada"), reacted(5, "ada")
    )
    assert view.messages[1].reactions == {"👍": ["grace", "ada"]}


def test_the_last_reaction_taken_off_leaves_no_trace() -> None:
    view = view_of(posted(1), reacted(2, "ada"), unreacted(3, "ada"))
    assert view.messages[1] == Message(seq=1, at=AT, by="ada", text="hi")


def test_a_patch_merges_into_the_document() -> None:
    view = view_of(
        Patched("lobby", 1, AT, "ada", patch={"topic": "lunch", "n": 1}),
        Patched("lobby", 2, AT, "ada", patch={"n": None}),
    )
    assert (view.state, view.state_seq) == ({"topic": "lunch"}, 2)


def test_a_document_that_was_patched_to_null_stays_null() -> None:
    view = view_of(Patched("lobby", 1, AT, "ada", patch=None))
    assert (view.state, view.state_seq) == (None, 1)
    resumed = RoomView(seq=1, state=None, state_seq=1)
    RULES.fold(resumed, Patched("lobby", 2, AT, "ada", patch={"a": 1}))
    assert resumed.state == {"a": 1}


def test_a_snapshot_is_folded_on() -> None:
    view = RoomView(41, [Message(seq=40, at=AT, by="ada", text="hi")], {"a": 1}, 12)
    RULES.fold(view, Edited("lobby", 42, LATER, "ada", message=40, text="hello"))
    assert view.messages[40].text == "hello"
    assert (view.seq, view.state, view.state_seq) == (42, {"a": 1}, 12)


def test_changes_to_messages_older_than_the_snapshot_are_passed_over() -> None:
    view = RoomView(41)
    RULES.fold(view, Edited("lobby", 42, LATER, "ada", message=7, text="hello"))
    RULES.fold(view, Reacted("lobby", 43, LATER, "ada", message=7, emoji="👍"))
    RULES.fold(view, Deleted("lobby", 44, LATER, "ada", message=7))
    assert (view.seq, view.messages) == (44, {})


@pytest.mark.parametrize("seq", [-1, 0, 1, 3, 100])
def test_a_hole_or_a_repetition_is_noticed(seq: int) -> None:
    view = view_of(posted(1))
    with pytest.raises(ValueError, match=f"Event {seq} does not follow event 1"):
        RULES.fold(view, posted(seq))
    assert view.seq == 1


def test_what_was_erased_is_folded_as_what_is_left_of_it() -> None:
    view = RoomView()
    RULES.fold(view, Posted("lobby", 1, AT, "ada", erased=True))
    left = {1: Message(seq=1, at=AT, by="ada", deleted=True)}
    assert view.messages == left
    RULES.fold(view, Edited("lobby", 2, AT, "ada", erased=True))
    RULES.fold(view, Reacted("lobby", 3, AT, "ada", erased=True))
    RULES.fold(view, Unreacted("lobby", 4, AT, "ada", erased=True))
    RULES.fold(view, Deleted("lobby", 5, AT, "ada", message=1))
    assert view.messages == left
