"""What an account keeps for itself, and whom messages mention, on two nodes at once: what one does, the other shows."""

from tests.integration.native import Native, native
from tests.integration.test_shut_out_of_made_rooms import Here, here, mary
from tests.support.site import Someone

__all__ = ["here", "mary"]  # fixtures


async def own_event(by: Native, kind: str) -> dict[str, object]:
    """The next event of a kind in the own log."""
    while (event := await by.event())["event"] != kind:
        pass
    return event


async def test_a_draft_is_on_the_other_node_and_its_former_text_is_not(
    here: Here, mary: Someone
) -> None:
    async with (
        native(here.here, token=mary.token) as desk,
        native(here.there, token=mary.token) as phone,
    ):
        await phone.ask("follow", room="@me")
        for text in ("a first thought", "hello"):
            await desk.ask("draft", where="lobby", text=text)
            assert (await own_event(phone, "drafted"))["text"] == text
        [draft] = (await phone.ask("list_drafts"))["drafts"]
        assert (draft["where"], draft["text"]) == ("lobby", "hello")
        await phone.ask("draft", where="lobby", text="")
        assert (await desk.ask("list_drafts"))["drafts"] == []


async def test_a_message_is_forwarded_from_a_room_of_another_node_by_whoever_may_read_it(
    here: Here, mary: Someone
) -> None:
    async with (
        native(here.here, token=here.grace.token) as grace,
        native(here.there, token=mary.token) as other,
    ):
        source = (await grace.ask("create", kind="closed", title="Source"))["made"]
        seq = (await grace.ask("post", room=source, text="the plan"))["seq"]
        to = (await grace.ask("create", kind="open", title="To", who=[mary.account]))["made"]
        of = {"room": source, "message": seq}
        assert (await other.refused("post", room=to, text="", of=of))["code"] == "not_found"
        await grace.ask("invite", room=source, who=[mary.account])
        posted = (await other.ask("post", room=to, text="look", of=of))["seq"]
        shown = await grace.ask("get_source", room=to, seq=posted)
        assert shown["message"]["text"] == "the plan"
        await grace.ask("remove", room=source, who=mary.account)
        shown = await other.ask("get_source", room=to, seq=posted)
        assert shown == {"of": of, "message": None}


async def test_a_keyword_is_found_whichever_node_a_message_comes_by(
    here: Here, mary: Someone
) -> None:
    chosen = await mary.ask("PUT", "/me/preferences/keywords", {"value": ["deploy"]})
    assert chosen.status == 200
    async with (
        native(here.there, token=mary.token) as phone,
        native(here.here, token=here.grace.token) as near,
        native(here.there, token=here.grace.token) as far,
    ):
        room = (await near.ask("create", kind="open", title="Ops", who=[mary.account]))["made"]
        await phone.ask("follow", room="@me")
        seq = 0
        for by in (near, far):
            seq = (await by.ask("post", room=room, text="Who can deploy?"))["seq"]
            event = await own_event(phone, "mentioned")
            assert (event["where"], event["where_seq"], event["why"]) == (room, seq, "keyword")
        await far.ask("edit", room=room, seq=seq, text="Never mind")
        assert (await own_event(phone, "unmentioned"))["where_seq"] == seq
        [row] = (await phone.ask("start", rooms=[room]))["rooms"]
        assert (row["unread"], row["mentions"]) == (2, 1)
