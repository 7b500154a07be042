"""What people do with messages besides writing them, at the doors."""

import pytest

import hubbub
from tests.integration.test_made_rooms import Here, here, made
from tests.support.site import Someone

__all__ = ["here"]  # a fixture


async def say(here: Here, who: str, room: str, *texts: str) -> list[int]:
    """Post messages; returns their numbers."""
    return [(await here.at[who].ask("post", room=room, text=text))["seq"] for text in texts]


async def ok(who: Someone, method: str, path: str, body: object = None) -> dict[str, object]:
    """Ask for what is allowed."""
    answer = await who.ask(method, path, body)
    assert answer.status < 300, answer.body
    found: dict[str, object] = answer.body
    return found


# --- pins ---


async def test_pins_over_http(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary"), here.key("gus")])
    one, two = await say(here, "mary", room, "one", "two")
    mary, pins = here.people["mary"], f"/rooms/{room}/pins"
    first = await ok(mary, "PUT", f"{pins}/{two}")
    await ok(mary, "PUT", f"{pins}/{one}")
    assert (await ok(mary, "PUT", f"{pins}/{one}"))["seq"] is None
    page = (await here.people["gus"].ask("GET", f"{pins}?limit=1")).body
    assert (page["room"], page["head"], page["more"]) == (room, two + 2, True)
    ((pin,),) = (page["pins"],)
    assert page["people"][here.key("mary")]["handle"] == "mary"
    assert (pin["by"], pin["seq"], pin["message"]["text"]) == (here.key("mary"), two + 2, "one")
    rest = (await mary.ask("GET", f"{pins}?before={pin['seq']}")).body
    assert [each["seq"] for each in rest["pins"]] == [first["seq"]] and not rest["more"]
    assert (await here.people["gus"].ask("DELETE", f"{pins}/{one}")).code == "forbidden"
    await ok(mary, "DELETE", f"{pins}/{one}")
    await ok(mary, "DELETE", f"/rooms/{room}/messages/{two}")
    none = (await mary.ask("GET", pins)).body
    assert none["pins"] == [] and none["head"] == two + 4
    assert (await mary.ask("PUT", f"{pins}/{two}")).code == "gone"
    assert (await here.people["ada"].ask("GET", pins)).code == "forbidden"


async def test_pins_on_a_connection_and_in_the_sdk(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")], alias="plans")
    one, two = await say(here, "mary", room, "one", "two")
    mary = here.people["mary"]
    async with hubbub.connect(mary.url, token=mary.token) as client:
        joined = await client.follow("#plans")
        assert joined.pins == []
        await here.at["grace"].ask("pin", room="#plans", seq=two)
        assert (await anext(joined.stream())).by == here.key("grace")
        assert joined.pins == [two]
        assert (await joined.pin(one), await joined.pin(one))[1] is None
        page = await joined.pinned()
        assert [pin.message.text for pin in page.pins] == ["one", "two"] and not page.more
        assert (await joined.unpin(two), await joined.unpin(two))[1] is None
        await anext(joined.stream()), await anext(joined.stream())
        assert joined.pins == [one]
    shown = await here.at["mary"].ask("follow", room=room)
    assert shown["pins"] == [one]
    listed = await here.at["mary"].ask("list_pins", room="#plans")
    assert [pin["message"]["seq"] for pin in listed["pins"]] == [one]
    assert (await here.at["gus"].refused("list_pins", room=room))["code"] == "not_found"


# --- saved messages ---


async def test_saved_messages_over_http(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")], alias="plans")
    one, two = await say(here, "grace", room, "one", "two")
    await say(here, "visitor", "lobby", "in the lobby")
    mary, saved = here.people["mary"], "/me/saved"
    await ok(mary, "PUT", f"{saved}/%23plans/{one}", {"note": "read this"})
    await ok(mary, "PUT", f"{saved}/{room}/{two}", {})
    await ok(mary, "PUT", f"{saved}/lobby/1", {})
    page = (await mary.ask("GET", f"{saved}?limit=2")).body
    assert [each["of"] for each in page["saved"]] == [
        {"room": "lobby", "message": 1},
        {"room": room, "message": two},
    ]
    assert page["more"] is True
    last = page["saved"][-1]["seq"]
    (rest,) = (await mary.ask("GET", f"{saved}?before={last}")).body["saved"]
    assert (rest["note"], rest["message"]["text"]) == ("read this", "one")
    await ok(mary, "DELETE", f"{saved}/{room}/{one}")
    await ok(here.people["grace"], "DELETE", f"/rooms/{room}/messages/{two}")
    _, other = (await mary.ask("GET", saved)).body["saved"]
    assert other["message"]["deleted"] is True and "text" not in other["message"]
    assert (await here.people["gus"].ask("PUT", f"{saved}/{room}/{one}", {})).code == "not_found"
    assert (await mary.ask("PUT", f"{saved}/{room}/{one}", {"note": "x" * 501})).status == 400


async def test_who_may_not_read_a_message_any_more_is_not_shown_it(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")])
    (seq,) = await say(here, "grace", room, "secret")
    of = {"room": room, "message": seq}
    await here.at["mary"].ask("save", of=of)
    assert (await here.at["mary"].ask("list_saved"))["saved"][0]["message"]["text"] == "secret"
    await here.at["grace"].ask("remove", room=room, who="mary")
    (item,) = (await here.at["mary"].ask("list_saved"))["saved"]
    assert (item["of"], item["message"]) == (of, None)
    await here.at["grace"].ask("edit", room=room, seq=seq, text="still secret")
    assert "secret" not in str(await here.at["mary"].ask("list_saved"))
    assert (await here.at["visitor"].refused("list_saved"))["code"] == "forbidden"


async def test_a_guest_learns_who_wrote_what_it_saved_and_nobody_else(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary"), here.key("gus")])
    (by_grace,) = await say(here, "grace", room, "by grace")
    (by_mary,) = await say(here, "mary", room, "by mary")
    gus = here.at["gus"]
    await gus.ask("save", of={"room": room, "message": by_mary})
    page = await gus.ask("list_saved")
    assert {key: each["handle"] for key, each in page["people"].items()} == {
        here.key("mary"): "mary"
    }
    await gus.ask("save", of={"room": room, "message": by_grace})
    assert len((await gus.ask("list_saved"))["people"]) == 2
    await here.at["grace"].ask("remove", room=room, who="gus")
    assert "people" not in await gus.ask("list_saved")


async def test_of_large_saved_messages_fewer_come_at_a_time(here: Here) -> None:
    room = await made(here.at["grace"])
    seqs = await say(here, "grace", room, *["x" * 60_000] * 6)
    for seq in seqs:
        await here.at["grace"].ask("save", of={"room": room, "message": seq})
    first = await here.at["grace"].ask("list_saved")
    rest = await here.at["grace"].ask("list_saved", before=first["saved"][-1]["seq"])
    found = [each["of"]["message"] for each in first["saved"] + rest["saved"]]
    assert found == seqs[::-1] and first["more"] and not rest["more"]


# --- drafts ---


async def test_drafts_over_http_and_on_another_device(here: Here) -> None:
    room = await made(here.at["grace"], alias="plans")
    grace, drafts = here.people["grace"], "/me/drafts"
    await here.at["grace"].ask("follow", room="@me")
    first = await ok(grace, "PUT", f"{drafts}/%23plans", {"text": "one", "reply_to": 4})
    await ok(grace, "PUT", f"{drafts}/lobby", {"text": "two"})
    listed = (await grace.ask("GET", f"{drafts}?limit=1")).body
    ((item,), more) = listed["drafts"], listed["more"]
    assert (item["where"], item["text"], item["reply_to"], more) == (room, "one", 4, True)
    await ok(grace, "PUT", f"{drafts}/{room}", {"text": "three"})
    await ok(grace, "DELETE", f"{drafts}/lobby")
    events = [await here.at["grace"].event() for _ in range(6)]
    told = [(each["event"], each.get("where"), each.get("text")) for each in events]
    assert told == [
        ("drafted", room, "one"),
        ("drafted", "lobby", "two"),
        ("deleted", None, None),
        ("drafted", room, "three"),
        ("deleted", None, None),
        ("drafted", "lobby", None),
    ]
    assert events[2]["message"] == first["seq"]
    rest = await here.at["grace"].ask("list_drafts")
    assert [(each["where"], each["text"]) for each in rest["drafts"]] == [(room, "three")]
    log = (await grace.ask("GET", "/rooms/@me/events?since=0")).body["events"]
    assert "one" not in [each.get("text") for each in log]
    assert (await grace.ask("PUT", f"{drafts}/{room}", {"text": "x" * 70_000})).status == 413


async def test_all_drafts_come_in_pages(here: Here) -> None:
    rooms = sorted(f"room-{n}" for n in range(11))
    for n, room in enumerate(rooms):
        text = "x" * 60_000 if n < 9 else "x"
        await here.at["grace"].ask("draft", where=room, text=text)
    first = await here.at["grace"].ask("list_drafts")
    assert first["more"] and len(str(first)) < 550_000
    last = first["drafts"][-1]["where"]
    rest = await here.at["grace"].ask("list_drafts", after=last)
    assert [each["where"] for each in first["drafts"] + rest["drafts"]] == rooms
    assert not rest["more"]
    few = await here.at["grace"].ask("list_drafts", after=rooms[8], limit=2)
    assert len(few["drafts"]) == 2 and not few["more"]


async def test_what_one_keeps_by_the_sdk(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")])
    (seq,) = await say(here, "grace", room, "hi")
    mary = here.people["mary"]
    async with hubbub.connect(mary.url, token=mary.token) as client:
        me = client.me
        assert await me.save(room, seq, note="later") is not None
        assert await me.save(room, seq, note="later") is None
        (saved,) = (await me.saved()).saved
        assert saved.note == "later" and saved.message and saved.message.text == "hi"
        assert await me.unsave(room, seq) is not None
        assert (await me.saved()).saved == []
        assert await me.draft(room, "well", reply_to=seq) is not None
        (draft,) = (await me.drafts()).drafts
        assert (draft.where, draft.text, draft.reply_to) == (room, "well", seq)
        assert await me.draft(room, "") is not None and await me.draft(room, "") is None
    async with hubbub.connect(mary.url, name="somebody") as client:
        with pytest.raises(hubbub.Refused):
            await client.me.drafts()


# --- one message ---


async def test_one_message_and_some_around_it(here: Here) -> None:
    room = await made(here.at["grace"], alias="plans")
    seqs = await say(here, "grace", room, *"abcde")
    path = f"/rooms/%23plans/messages/{seqs[2]}"
    one = await ok(here.people["grace"], "GET", f"{path}?around=1")
    told = [one[name] for name in ("room", "head", "nth", "url")]
    assert told == [room, seqs[-1], 3, f"/r/{room}/{seqs[2]}"]
    texts = [[m["text"] for m in one[name]] for name in ("before", "after")]  # type: ignore[attr-defined]
    assert texts == [["b"], ["d"]] and "'text': 'c'" in str(one["message"])
    assert str(here.key("grace")) in str(one["people"])
    alone = await here.at["grace"].ask("get_message", room=room, seq=seqs[0])
    assert alone["nth"] == 1 and "before" not in alone and "after" not in alone
    await here.at["grace"].ask("delete", room=room, seq=seqs[2])
    assert (await here.people["grace"].ask("GET", path)).code == "gone"
    for seq in (1, 999):  # an event that is no message; none
        answer = await here.people["grace"].ask("GET", f"/rooms/{room}/messages/{seq}")
        assert (answer.code, str(seq) in answer.body["detail"]) == ("not_found", True)


async def test_all_that_a_message_said(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")])
    grace, mary = here.at["grace"], here.people["mary"]
    (seq, other) = await say(here, "grace", room, "one", "other")
    for text in ("two", "three"):
        await grace.ask("react", room=room, seq=seq, emoji=text)
        await grace.ask("edit", room=room, seq=seq, text=text)
    await grace.ask("edit", room=room, seq=other, text="another")
    path = f"/rooms/{room}/messages/{seq}"
    page = (await mary.ask("GET", f"{path}/history")).body
    assert [each["text"] for each in page["versions"]] == ["one", "two", "three"]
    assert page["versions"][0]["seq"] == seq and not page["more"]
    found, after = [], 0
    while after == 0 or page["more"]:
        page = await grace.ask("get_edits", room=room, seq=seq, after=after, limit=1)
        found += [each["text"] for each in page["versions"]]
        after = page["versions"][-1]["seq"]
    assert found == ["one", "two", "three"]
    await grace.ask("delete", room=room, seq=seq)
    assert (await mary.ask("GET", f"{path}/history")).code == "gone"
    assert (await mary.ask("GET", f"/rooms/{room}/messages/1/history")).code == "not_found"


# --- forwarding ---


async def test_a_forwarded_message_is_a_reference_shown_to_who_may_read_it(here: Here) -> None:
    room = await made(here.at["grace"], alias="plans", who=[here.key("gus")])
    (seq,) = await say(here, "grace", room, "secret")
    answer = await here.people["grace"].ask(
        "POST", "/rooms/lobby/messages", {"text": "look", "of": {"room": "#plans", "message": seq}}
    )
    assert answer.status == 201, answer.body
    here.at["mary"].events.clear()
    shown = await here.at["mary"].ask("follow", room="lobby", since=0)
    event = await here.at["mary"].event()
    of = {"room": room, "message": seq}
    assert (event["text"], event["of"], "secret" in str(event)) == ("look", of, False)
    path = f"/rooms/lobby/messages/{event['seq']}/source"
    for who, text in (("gus", "secret"), ("grace", "secret"), ("mary", None), ("ada", None)):
        source = (await here.people[who].ask("GET", path)).body
        assert source["of"] == of
        assert (source["message"] and source["message"]["text"]) == text, who
    visitor = await here.at["visitor"].ask("get_source", room="lobby", seq=event["seq"])
    assert visitor == {"of": of, "message": None}
    gus = await here.at["gus"].ask("get_source", room="lobby", seq=event["seq"])
    assert gus["people"][here.key("grace")]["handle"] == "grace"
    await here.at["grace"].ask("delete", room=room, seq=seq)
    gone = (await here.people["gus"].ask("GET", path)).body["message"]
    assert gone["deleted"] is True and "text" not in gone
    assert shown["mode"] == "resumed"


async def test_only_what_one_may_read_is_forwarded(here: Here) -> None:
    room = await made(here.at["grace"])
    (seq,) = await say(here, "grace", room, "secret")
    for who in ("mary", "gus", "visitor"):
        for of in ({"room": room, "message": seq}, {"room": "@r000000000000", "message": seq}):
            refused = await here.at[who].refused("post", room="lobby", text="x", of=of)
            assert (refused["code"], refused["message"]) == (
                "not_found",
                "No such room, or no access to it",
            )
    of = {"room": room, "message": seq + 1}
    refused = await here.at["grace"].refused("post", room="lobby", text="x", of=of)
    assert refused["code"] == "not_found"
    assert (await here.at["ada"].refused("post", room=room, text="x", of=of))["code"] == "forbidden"


async def test_one_message_and_forwarding_by_the_sdk(here: Here) -> None:
    room = await made(here.at["grace"], who=[here.key("mary")])
    (seq,) = await say(here, "grace", room, "hi")
    await here.at["grace"].ask("edit", room=room, seq=seq, text="hello")
    mary = here.people["mary"]
    async with hubbub.connect(mary.url, token=mary.token) as client:
        kitchen, lobby = await client.follow(room), await client.follow("lobby")
        one = await kitchen.message(seq, around=2)
        assert one.message.text == "hello"
        assert client.link(room, seq) == mary.url + one.url
        assert [each.text for each in (await kitchen.edits(seq)).versions] == ["hi", "hello"]
        forwarded = await lobby.forward(room, seq, "look")
        event = await anext(lobby.stream())
        assert isinstance(event, hubbub.Posted) and event.of and event.of.message == seq
        assert lobby.messages[-1].of == event.of
        source = await lobby.source(forwarded.seq)
        assert source.message and source.message.text == "hello"
        with pytest.raises(hubbub.Refused):
            await kitchen.source(seq)
