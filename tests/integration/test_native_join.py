"""Following: from a position, from a snapshot, and what becomes of a position that can't be had."""

from pathlib import Path

import pytest

from tests.integration.native import Json, Native, fill, native
from tests.support.server import Server


@pytest.fixture(params=["follow", "join"])
def do(request: pytest.FixtureRequest) -> str:
    """A free room has no members, so joining it is following it."""
    name: str = request.param
    return name


@pytest.fixture
async def written(ada: Native, room: str) -> str:
    """The epoch, once there are ten messages, 1 to 10, in the room."""
    for n in range(1, 11):
        await ada.ask("post", room=room, text=str(n))
    epoch: str = (await ada.ask("history", room=room))["epoch"]
    return epoch


async def seqs(client: Native, count: int) -> list[int]:
    return [(await client.event())["seq"] for _ in range(count)]


async def test_joining_an_empty_room_is_fine(do: str, ada: Native, room: str) -> None:
    answer = await ada.ask(do, room=room)
    assert isinstance(answer.pop("epoch"), str)
    assert answer == {
        "room": room,
        "head": 0,
        "mode": "snapshot",
        "messages": [],
        "more": False,
        "state": {},
        "state_seq": 0,
        "members": {"count": 1, "names": ["ada"]},
        "live": [],
    }


async def test_a_snapshot_shows_the_state_and_the_next_push_follows_it(
    do: str, mary: Native, grace: Native, room: str
) -> None:
    await mary.ask("post", room=room, text="one")
    await mary.ask("post", room=room, text="two", reply_to=1, client_message_id="k")
    await mary.ask("post", room=room, bytes="AP8=")
    edit = await mary.ask("edit", room=room, seq=1, text="ONE")
    await grace.ask("react", room=room, seq=1, emoji="👍")
    await mary.ask("react", room=room, seq=1, emoji="👍")
    await mary.ask("delete", room=room, seq=3)
    await mary.ask("patch", room=room, patch={"topic": "tea"})
    answer = await grace.ask(do, room=room)
    assert (answer["mode"], answer["head"]) == ("snapshot", 8)
    assert (answer["state"], answer["state_seq"]) == ({"topic": "tea"}, 8)
    first, second, third = answer["messages"]
    assert first == {
        "seq": 1,
        "at": first["at"],
        "by": "mary",
        "text": "ONE",
        "edited_at": edit["at"],
        "reactions": {"👍": ["grace", "mary"]},
        "id": first["id"],
        "reaction_ids": {"👍": [None, first["id"]]},
    }
    assert second == {
        "seq": 2,
        "at": second["at"],
        "by": "mary",
        "text": "two",
        "client_message_id": "k",
        "reply_to": 1,
        "id": first["id"],
    }
    assert third == {"seq": 3, "at": third["at"], "by": "mary", "id": first["id"], "deleted": True}
    await mary.ask("post", room=room, text="next")
    assert await seqs(grace, 1) == [9]


async def test_a_snapshot_has_the_last_fifty_messages(do: str, ada: Native, room: str) -> None:
    for n in range(60):
        await ada.send({"do": "post", "room": room, "text": str(n)})
    await ada.ask("patch", room=room, patch={})
    answer = await ada.ask(do, room=room)
    assert [message["seq"] for message in answer["messages"]] == list(range(11, 61))
    assert (answer["more"], answer["head"]) == (True, 61)


@pytest.mark.parametrize("since", [0, 1, 4, 9, 10])
@pytest.mark.parametrize("has_epoch", [True, False])
async def test_a_position_resumes_after_it(
    do: str, ada: Native, grace: Native, room: str, written: str, *, since: int, has_epoch: bool
) -> None:
    epoch = {"epoch": written} if has_epoch else {}
    answer = await grace.ask(do, room=room, since=since, **epoch)
    assert answer == {
        "room": room,
        "epoch": written,
        "head": 10,
        "mode": "resumed",
        "missed": 10 - since,
    }
    await ada.ask("post", room=room, text="new")
    assert await seqs(grace, 11 - since) == list(range(since + 1, 12))


async def test_after_a_resumed_join_who_is_here_and_what_is_live_follow(
    do: str, ada: Native, grace: Native, room: str, written: str
) -> None:
    await ada.ask(do, room=room)
    await ada.ask("signal", room=room, key="place", value=[1, 2])
    await grace.ask(do, room=room, since=8)
    told: dict[str, Json] = {}
    while "value" not in told:
        signal = await grace.signal()
        told.setdefault(signal["signal"], signal)
    assert told["presence"]["names"] == ["ada", "grace"]
    assert (told["value"]["key"], told["value"]["value"]) == ("place", [1, 2])
    assert await seqs(grace, 2) == [9, 10]


async def test_missing_more_than_one_wants_gives_a_snapshot(
    do: str, ada: Native, room: str, written: str
) -> None:
    assert (await ada.ask(do, room=room, since=4, max_missed=6))["mode"] == "resumed"
    answer = await ada.ask(do, room=room, since=3, max_missed=6)
    assert (answer["mode"], answer["head"]) == ("snapshot", 10)
    assert "truncated" not in answer


async def test_another_epoch_gives_a_snapshot(
    do: str, ada: Native, room: str, written: str
) -> None:
    for since in (4, 10_000):
        answer = await ada.ask(do, room=room, since=since, epoch="another")
        assert (answer["mode"], answer["epoch"]) == ("snapshot", written)


@pytest.mark.parametrize("since", [-1, 11, 2**62])
async def test_an_impossible_position_gets_an_error(
    do: str, ada: Native, room: str, written: str, since: int
) -> None:
    for fields in ({}, {"epoch": written}):
        error = await ada.refused(do, room=room, since=since, **fields)
        assert error["code"] == "bad_position"


async def test_joining_again_moves_the_position(
    do: str, ada: Native, grace: Native, room: str, written: str
) -> None:
    await ada.ask(do, room=room, since=8)
    assert await seqs(ada, 2) == [9, 10]
    assert (await ada.ask(do, room=room, since=5))["missed"] == 5
    assert await seqs(ada, 5) == [6, 7, 8, 9, 10]
    await ada.ask(do, room=room)
    await ada.ask("post", room=room, text="once")
    assert await seqs(ada, 1) == [11]
    await ada.ask("leave", room=room)
    assert not ada.events, "the same event came twice"
    assert (await grace.ask(do, room=room))["members"]["names"] == ["grace"]


async def test_a_refused_join_leaves_the_one_before_as_it_was(
    do: str, ada: Native, room: str, written: str
) -> None:
    await ada.ask(do, room=room)
    await ada.refused(do, room=room, since=99)
    await ada.ask("post", room=room, text="still followed")
    assert await seqs(ada, 1) == [11]


async def test_a_long_past_is_played_whole_while_more_is_written(
    do: str, shared_server: Server, ada: Native, grace: Native, room: str
) -> None:
    """Several pages of the log, and what is posted meanwhile: dense, in order, once."""
    text = "x" * 600
    await fill(shared_server.port, room, 1000, text)
    for _ in range(500):
        await ada.send({"do": "post", "room": room, "text": text})
    await grace.ask(do, room=room, since=0)
    assert await seqs(grace, 1500) == list(range(1, 1501))


async def test_a_position_that_is_no_longer_kept_gives_a_snapshot_that_says_so(
    do: str,
    forgetful: Server,
) -> None:
    async with native(forgetful.port, "ada") as ada:
        for since in (0, 19):
            answer = await ada.ask(do, room="lobby", since=since)
            assert (answer["mode"], answer["head"]) == ("snapshot", 30)
            assert answer["truncated"] == 21
            assert [message["seq"] for message in answer["messages"]] == list(range(21, 31))
        assert (await ada.ask(do, room="lobby", since=20))["missed"] == 10
        assert await seqs(ada, 10) == list(range(21, 31))


async def test_the_epoch_outlives_a_restart_and_numbers_go_on(do: str, tmp_path: Path) -> None:
    async with Server(tmp_path / "data") as server:
        async with native(server.port) as client:
            await client.ask("post", room="lobby", text="before")
            epoch = (await client.ask(do, room="lobby"))["epoch"]
        await server.restart()
        async with native(server.port) as client:
            answer = await client.ask(do, room="lobby", since=0, epoch=epoch)
            assert (answer["mode"], answer["missed"]) == ("resumed", 1)
            assert (await client.ask("post", room="lobby", text="after"))["seq"] == 2
            assert await seqs(client, 2) == [1, 2]
