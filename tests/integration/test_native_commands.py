"""Every command of docs/protocol.md over a native connection: its answer, its pushes, its refusals."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from hubbub import __version__
from tests.integration.conftest import KEY
from tests.integration.native import Json, Native, native
from tests.integration.web import Http
from tests.support.server import Server

TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


async def test_hello_is_answered_with_who_one_is_and_what_may_be_done(
    shared_server: Server,
) -> None:
    async with native(shared_server.port) as client:
        welcome = await client.ask("hello", name="ada")
    assert isinstance(welcome.pop("epoch"), str)
    assert welcome == {
        "user": "ada",
        "guest": True,
        "server": f"hubbub/{__version__}",
        "protocol": "hubbub.v1",
        "limits": {"message_bytes": 65_536, "messages_per_s": 1000, "rooms": 1000},
        "pictures": True,
        "heartbeat": 15,
    }


async def test_a_post_is_answered_with_its_number_and_goes_to_everyone(
    ada: Native, grace: Native, room: str
) -> None:
    for client in (ada, grace):
        await client.ask("join", room=room)
    answer = await ada.ask("post", room=room, text="hi", client_message_id="k1")
    assert TIME.fullmatch(answer["at"])
    assert answer == {"room": room, "seq": 1, "at": answer["at"]}
    event = {"event": "posted", "by": "ada", "text": "hi", "client_message_id": "k1"} | answer
    assert [await ada.event(), await grace.event()] == [event, event]


async def test_bytes_are_posted_in_base64(ada: Native, room: str) -> None:
    await ada.ask("join", room=room)
    text = base64.b64encode(b"\x00\xff").decode()
    answer = await ada.ask("post", room=room, bytes=text)
    assert await ada.event() == {"event": "posted", "by": "ada", "bytes": text} | answer


async def test_the_same_key_again_gets_the_first_answer_again(
    ada: Native, grace: Native, room: str
) -> None:
    first = await ada.ask("post", room=room, text="once", client_message_id="k")
    again = await ada.ask("post", room=room, text="twice", client_message_id="k")
    assert again == first | {"duplicate": True}
    other = await grace.ask("post", room=room, text="her own", client_message_id="k")
    assert other["seq"] == 2
    assert [m["text"] for m in (await ada.ask("history", room=room))["messages"]] == [
        "once",
        "her own",
    ]


async def test_a_message_is_answered_edited_reacted_to_and_deleted(
    mary: Native, grace: Native, room: str
) -> None:
    await grace.ask("join", room=room)
    await mary.ask("post", room=room, text="frist")
    steps: list[tuple[Native, str, Json, Json]] = [
        (grace, "post", {"text": "?", "reply_to": 1}, {"event": "posted"}),
        (mary, "edit", {"seq": 1, "text": "first"}, {"event": "edited"}),
        (grace, "react", {"seq": 1, "emoji": "👍"}, {"event": "reacted"}),
        (grace, "unreact", {"seq": 1, "emoji": "👍"}, {"event": "unreacted"}),
        (mary, "delete", {"seq": 1}, {"event": "deleted"}),
    ]
    assert (await grace.event())["text"] == "frist"
    for seq, (who, do, fields, pushed) in enumerate(steps, start=2):
        answer = await who.ask(do, room=room, **fields)
        assert answer == {"room": room, "seq": seq, "at": answer["at"]}
        told = {("message" if name == "seq" else name): value for name, value in fields.items()}
        event = await grace.event()
        by = {"by": "mary", "id": event["id"]} if who is mary else {"by": "grace"}
        assert event == pushed | by | told | answer


async def test_what_changes_nothing_has_no_number(ada: Native, room: str) -> None:
    await ada.ask("post", room=room, text="hi")
    nothing = {"room": room, "seq": None}
    assert await ada.ask("unreact", room=room, seq=1, emoji="👍") == nothing
    await ada.ask("react", room=room, seq=1, emoji="👍")
    assert await ada.ask("react", room=room, seq=1, emoji="👍") == nothing


async def test_a_patch_merges_and_can_be_made_conditional(ada: Native, room: str) -> None:
    await ada.ask("join", room=room)
    answer = await ada.ask("patch", room=room, patch={"a": {"b": 1}, "c": 2})
    event = await ada.event()
    assert event == {"event": "patched", "by": "ada", "patch": {"a": {"b": 1}, "c": 2}} | answer
    await ada.ask("patch", room=room, patch={"c": None}, if_seq=1)
    assert (await ada.refused("patch", room=room, patch={}, if_seq=1))["code"] == "conflict"
    assert (await ada.ask("join", room=room))["state"] == {"a": {"b": 1}}


async def test_a_document_has_a_limit(ada: Native, room: str) -> None:
    await ada.ask("patch", room=room, patch={"a": "x" * 65_000})
    assert (await ada.refused("patch", room=room, patch={"b": "x" * 600}))["code"] == "too_large"
    await ada.ask("patch", room=room, patch={"a": None, "b": "x" * 600})


async def test_history_pages_both_ways_oldest_first(ada: Native, room: str) -> None:
    for n in range(1, 8):
        await ada.ask("post", room=room, text=str(n))

    async def page(**fields: Any) -> tuple[list[str], bool]:
        answer = await ada.ask("history", room=room, **fields)
        assert (answer["room"], answer["head"]) == (room, 7)
        return [message["text"] for message in answer["messages"]], answer["more"]

    assert await page() == (list("1234567"), False)
    assert await page(limit=2) == (list("67"), True)
    assert await page(before=6, limit=2) == (list("45"), True)
    assert await page(before=3) == (list("12"), False)
    assert await page(after=5) == (list("67"), False)
    assert await page(after=1, limit=3) == (list("234"), True)
    assert await page(after=7) == ([], False)


@pytest.mark.parametrize("follow", ["follow", "join"])
@pytest.mark.parametrize("unfollow", ["unfollow", "leave"])
async def test_who_follows_no_longer_hears_no_more(
    ada: Native, grace: Native, room: str, follow: str, unfollow: str
) -> None:
    await ada.ask(follow, room=room)
    await ada.ask(follow, room="next-door")
    assert await ada.ask(unfollow, room=room) == {"room": room}
    assert await ada.ask(unfollow, room="never-followed") == {"room": "never-followed"}
    await grace.ask("post", room=room, text="unheard")
    await grace.ask("post", room="next-door", text="heard")
    assert (await ada.event())["text"] == "heard"


async def test_a_connection_can_be_in_a_thousand_rooms(ada: Native) -> None:
    for n in range(1000):
        await ada.send({"do": "join", "room": f"thousand-{n}"})
    assert (await ada.refused("join", room="one-more"))["code"] == "too_large"
    await ada.ask("leave", room="thousand-7")
    await ada.ask("join", room="one-more")


async def test_nameless_guests_share_one_set_of_keys(
    shared_server: Server, curl: Http, room: str
) -> None:
    """A nameless guest has another name at each connection; a retry must still be known as one."""
    for again in (False, True):
        async with native(shared_server.port) as guest:
            answer = await guest.ask("post", room=room, text="x", client_message_id="k")
            assert answer.get("duplicate", False) is again
    assert (await curl.post(room, "x", client_message_id="k"))["duplicate"]


async def test_a_server_that_stops_says_when_to_come_back(tmp_path: Path) -> None:
    async with Server(tmp_path / "data") as server, native(server.port) as client:
        await client.ask("join", room="lobby")
        await client.send({"id": "last", "do": "post", "room": "lobby", "text": "last words"})
        assert await server.terminate() == 0
        assert await client.closed() == 1012
        (notice,) = client.notices
        assert (notice["notice"], notice["reason"]) == ("closing", "restarting")
        assert 0 < notice["reconnect_after"] <= 60
        if client.replies:  # it was read before the server stopped: then it is also there
            await server.start()
            async with native(server.port) as again:
                (message,) = (await again.ask("history", room="lobby"))["messages"]
                assert message["text"] == "last words"


# --- replies ---


@pytest.mark.parametrize("command_id", [0, -7, 2**53, "", "a", "ü" * 64])
async def test_the_id_comes_back_as_it_was(ada: Native, command_id: object) -> None:
    await ada.send({"id": command_id, "do": "leave", "room": "x"})
    assert await ada.reply() == {"re": command_id, "ok": {"room": "x"}}


async def test_without_an_id_a_success_is_silent_and_an_error_is_not(
    ada: Native, room: str
) -> None:
    await ada.ask("join", room=room)
    await ada.send({"do": "post", "room": room, "text": "silently"})
    assert (await ada.event())["text"] == "silently"
    await ada.send({"do": "edit", "room": room, "seq": 9, "text": "x"})
    reply = await ada.reply()
    assert reply.keys() == {"error"}
    assert reply["error"]["code"] == "not_found"


async def test_unknown_fields_are_ignored(ada: Native, room: str) -> None:
    assert (await ada.ask("post", room=room, text="hi", colour="red"))["seq"] == 1


async def test_commands_in_flight_are_answered_each_once(ada: Native, room: str) -> None:
    for n in range(100):
        await ada.send({"id": f"n{n}", "do": "post", "room": room, "text": str(n)})
    replies = [await ada.reply() for _ in range(100)]
    assert [reply["re"] for reply in replies] == [f"n{n}" for n in range(100)]
    assert [reply["ok"]["seq"] for reply in replies] == list(range(1, 101))


# --- refusals: none of them closes the connection ---

REFUSALS: dict[str, tuple[str, Json, str]] = {
    "neither text nor bytes": ("post", {}, "bad_request"),
    "both text and bytes": ("post", {"text": "x", "bytes": "eA=="}, "bad_request"),
    "a text that is a number": ("post", {"text": 1}, "bad_request"),
    "bytes that are no base64": ("post", {"bytes": "*"}, "bad_request"),
    "a key of 65 characters": ("post", {"text": "x", "client_message_id": "k" * 65}, "bad_request"),
    "an empty key": ("post", {"text": "x", "client_message_id": ""}, "bad_request"),
    "a room with a blank": ("post", {"room": "a b", "text": "x"}, "bad_request"),
    "a room of 65 characters": ("post", {"room": "r" * 65, "text": "x"}, "bad_request"),
    "a room not in NFC": ("join", {"room": "e\u0301"}, "bad_request"),
    "an unknown command": ("shout", {"text": "x"}, "bad_request"),
    "a reply to nothing": ("post", {"text": "x", "reply_to": 999}, "not_found"),
    "an edit of nothing": ("edit", {"seq": 999, "text": "x"}, "not_found"),
    "an edit of another's": ("edit", {"seq": 1, "text": "x"}, "forbidden"),
    "a deletion of another's": ("delete", {"seq": 1}, "forbidden"),
    "an edit of a deleted one": ("edit", {"seq": 2, "text": "x"}, "gone"),
    "a reaction to a deleted one": ("react", {"seq": 2, "emoji": "👍"}, "gone"),
    "a reaction to an edit": ("react", {"seq": 3, "emoji": "👍"}, "not_found"),
    "an empty emoji": ("react", {"seq": 1, "emoji": ""}, "bad_request"),
    "a patch without a patch": ("patch", {}, "bad_request"),
    "if_seq from the future": ("patch", {"patch": {}, "if_seq": 99}, "conflict"),
    "a limit of 201": ("history", {"limit": 201}, "bad_request"),
    "both before and after": ("history", {"before": 1, "after": 1}, "bad_request"),
    "an unknown signal": ("signal", {"signal": "waving"}, "bad_request"),
    "a value without a key": ("signal", {"value": 1}, "bad_request"),
    "a value for too long": ("signal", {"key": "k", "value": 1, "ttl": 3601}, "bad_request"),
    "a value too large": ("signal", {"key": "k", "value": "x" * 4097}, "too_large"),
    "a negative position": ("join", {"since": -1}, "bad_position"),
    "a negative position of another log": ("join", {"since": -1, "epoch": "x"}, "bad_position"),
    "a position beyond the head": ("join", {"since": 99}, "bad_position"),
}


@pytest.fixture(scope="module")
async def used_room(shared_server: Server) -> str:
    """In it 1 is grace's message, 2 was one by ada, and 3 is its deletion."""
    async with native(shared_server.port, "grace") as grace:
        await grace.ask("post", room="refusals", text="hers")
    async with native(shared_server.port, "ada", key=KEY) as ada:
        await ada.ask("post", room="refusals", text="mine")
        await ada.ask("delete", room="refusals", seq=2)
    return "refusals"


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_what_cannot_be_is_refused_with_the_code_for_it(
    ada: Native, used_room: str, refusal: tuple[str, Json, str]
) -> None:
    do, fields, code = refusal
    error = await ada.refused(do, **{"room": used_room} | fields)
    assert error["code"] == code
    assert error["temporary"] is False
    assert error["message"]
    assert (await ada.ask("history", room=used_room))["head"] == 3


async def test_text_may_be_as_large_as_the_limit_says(shared_server: Server, ada: Native) -> None:
    """The limit is on the frame as well: what fits it fits the message."""
    empty = json.dumps({"id": 1, "do": "post", "room": "large", "text": ""})
    await ada.send({"id": 1, "do": "post", "room": "large", "text": "x" * (65_536 - len(empty))})
    assert (await ada.reply())["re"] == 1
