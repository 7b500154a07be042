"""Each row of the HTTP table in docs/protocol.md, and what is wrong with a request."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.native import Native, native
from tests.integration.web import MERGE_PATCH, Http, over_http
from tests.support.server import Server

# --- rooms and messages ---


async def test_a_message_is_posted_and_pushed(curl: Http, ada: Native, room: str) -> None:
    epoch = (await ada.ask("join", room=room))["epoch"]
    body = {"text": "hi", "client_message_id": "k"}
    answer = await curl.ask("POST", f"/{room}/messages", body)
    assert answer.status == 201
    event = await ada.event()
    assert event == {"event": "posted", "room": room, "seq": 1, "by": "guest"} | body | {
        "at": event["at"]
    }
    assert answer.body == {"room": room, "seq": 1, "at": event["at"], "epoch": epoch}


async def test_a_name_goes_in_the_query(joan: Http, ada: Native, room: str) -> None:
    await ada.ask("join", room=room)
    await joan.post(room, "hi")
    assert (await ada.event())["by"] == "joan"


@pytest.mark.parametrize("where", ["body", "header", "first body then header"])
async def test_the_same_key_again_posts_once(curl: Http, room: str, where: str) -> None:
    keys: list[dict[str, Any]] = [
        {"body": {"text": "x", "client_message_id": "k"}},
        {"body": {"text": "x"}, "headers": {"Idempotency-Key": "k"}},
    ]
    first, again = {"body": (0, 0), "header": (1, 1)}.get(where, (0, 1))
    answers = [await curl.ask("POST", f"/{room}/messages", **keys[n]) for n in (first, again)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[1].body == answers[0].body | {"duplicate": True}
    assert (await curl.get(f"/{room}"))["head"] == 1


CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "edit": ("PATCH", "/messages/1", {"body": {"text": "y"}}),
    "react": ("PUT", "/messages/1/reactions/x", {}),
    "patch": ("PATCH", "/state", {"body": {"n": 1}}),
    "delete": ("DELETE", "/messages/1", {}),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_the_same_key_again_changes_nothing(curl: Http, room: str, change: str) -> None:
    method, path, options = CHANGES[change]
    proof = {"Hubbub-Key": "o" * 16}
    await curl.ask("POST", f"/{room}/messages", body={"text": "x"}, headers=proof)
    keyed = {**options, "headers": {**proof, "Idempotency-Key": "k"}}
    if path == "/state":
        keyed["headers"]["Content-Type"] = MERGE_PATCH
    answers = [await curl.ask(method, f"/{room}{path}", **keyed) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[1].body == answers[0].body | {"duplicate": True}
    assert (await curl.get(f"/{room}"))["head"] == 2


async def test_a_room_is_shown_as_in_a_snapshot(curl: Http, ada: Native, room: str) -> None:
    await ada.ask("post", room=room, text="hi")
    await ada.ask("patch", room=room, patch={"a": 1})
    await ada.ask("signal", room=room, key="place", value=1)
    expected = await ada.ask("join", room=room)
    shown = await curl.get(f"/{room}")
    assert 0 < shown["live"][0].pop("ttl") <= expected["live"][0].pop("ttl")
    assert shown == expected


async def test_rooms_are_listed_by_name_in_pages(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("rooms") / "data"
    async with Server(data) as server, over_http(server) as curl, native(server.port) as ada:
        for name in ("kitchen", "attic", "lobby", "Zo%C3%AB"):
            await curl.post(name, "hi")
        await ada.ask("join", room="lobby")
        listed = await curl.get("")
        assert listed["rooms"][2] == {"room": "kitchen", "head": 1, "nth": 1, "members": 0}
        assert listed["rooms"][3] == {"room": "lobby", "head": 1, "nth": 1, "members": 1}
        assert not listed["more"]
        seen: list[str] = []
        is_more = True
        while is_more:
            page = await curl.get("?limit=1" + (f"&after={quote(seen[-1])}" if seen else ""))
            seen += [row["room"] for row in page["rooms"]]
            is_more = page["more"]
        assert seen == [row["room"] for row in listed["rooms"]] == sorted(seen)


async def test_messages_are_paged_as_history_is(curl: Http, ada: Native, room: str) -> None:
    for n in range(1, 8):
        await curl.post(room, str(n))
    for query, fields in (
        ("", {}),
        ("?limit=2", {"limit": 2}),
        ("?before=4&limit=2", {"before": 4, "limit": 2}),
        ("?after=4", {"after": 4}),
        ("?after=1&limit=200", {"after": 1, "limit": 200}),
    ):
        shown = await curl.get(f"/{room}/messages{query}")
        assert shown == await ada.ask("history", room=room, **fields)


async def test_a_message_is_edited_reacted_to_and_deleted(
    joan: Http, ada: Native, room: str
) -> None:
    await ada.ask("join", room=room)
    await joan.post(room, "frist")
    thumb = "%F0%9F%91%8D"
    steps: list[tuple[str, str, Any, str]] = [
        ("PATCH", "/1", {"text": "first"}, "edited"),
        ("PUT", f"/1/reactions/{thumb}", None, "reacted"),
        ("DELETE", f"/1/reactions/{thumb}", None, "unreacted"),
        ("DELETE", "/1", None, "deleted"),
    ]
    assert (await ada.event())["event"] == "posted"
    for seq, (method, path, body, event) in enumerate(steps, start=2):
        answer = await joan.ask(method, f"/{room}/messages{path}", body)
        assert (answer.status, answer.body["seq"]) == (200, seq), answer
        pushed = await ada.event()
        assert (pushed["event"], pushed["message"], pushed["by"]) == (event, 1, "joan")
        assert pushed.get("emoji", "👍") == "👍"
        assert answer.body["at"] == pushed["at"]


async def test_a_room_may_be_called_in_any_script(curl: Http, ada: Native) -> None:
    await ada.ask("join", room="Küche:1")
    await curl.post("K%C3%BCche:1", "hi")
    assert (await ada.event())["room"] == "Küche:1"


# --- state ---


async def patch(http: Http, room: str, body: Any, query: str = "", **headers: str) -> Any:
    return await http.ask(
        "PATCH",
        f"/{room}/state{query}",
        data=json.dumps(body),
        headers={"Content-Type": MERGE_PATCH} | headers,
    )


async def test_the_state_document_is_merged_into(curl: Http, room: str) -> None:
    assert (await curl.get(f"/{room}/state"))["state"] == {}
    answer = await patch(curl, room, {"a": {"b": 1, "c": 2}})
    assert (answer.status, answer.body["seq"]) == (200, 1)
    await curl.post(room, "between")
    await patch(curl, room, {"a": {"b": None}})
    shown = await curl.ask("GET", f"/{room}/state")
    assert shown.headers["ETag"] == '"3"'
    assert shown.body == {
        "room": room,
        "epoch": answer.body["epoch"],
        "seq": 3,
        "state": {"a": {"c": 2}},
    }


async def test_a_patch_can_hang_on_the_version(curl: Http, room: str) -> None:
    assert (await patch(curl, room, {"n": 1}, **{"If-Match": '"0"'})).status == 200
    etag = (await curl.ask("GET", f"/{room}/state")).headers["ETag"]
    await curl.post(room, "a message is no patch")
    assert (await patch(curl, room, {"n": 2}, **{"If-Match": etag})).status == 200
    stale = await patch(curl, room, {"n": 3}, **{"If-Match": etag})
    assert (stale.status, stale.code) == (409, "conflict")
    assert (await patch(curl, room, {"n": 3}, "?if_seq=3")).status == 200
    stale = await patch(curl, room, {"n": 4}, "?if_seq=3")
    assert (stale.status, stale.code) == (409, "conflict")
    assert (await curl.get(f"/{room}/state"))["state"] == {"n": 3}


@pytest.mark.parametrize("etag", ["x", "", '"1.5"', '"-1"', '"' + "9" * 30 + '"'])
async def test_an_if_match_that_is_no_etag_of_ours_is_refused(
    curl: Http, room: str, etag: str
) -> None:
    answer = await patch(curl, room, {}, **{"If-Match": etag})
    assert (answer.status, answer.code) == (400, "bad_request")


async def test_a_patch_need_not_be_an_object(curl: Http, room: str) -> None:
    """RFC 7396: anything else takes the document's place."""
    assert (await patch(curl, room, [1, 2])).status == 200
    assert (await curl.get(f"/{room}/state"))["state"] == [1, 2]


# --- signals ---


async def test_a_signal_is_passed_on(curl: Http, ada: Native, room: str) -> None:
    await ada.ask("join", room=room)
    body = {"signal": "value", "key": "place", "value": {"lat": 1}, "ttl": 5}
    answer = await curl.ask("POST", f"/{room}/signals", body)
    assert answer.status == 202
    while (signal := await ada.signal())["signal"] != "value":
        pass
    assert signal == body | {"room": room, "by": "guest"}
    assert (await curl.get(f"/{room}"))["live"][0]["value"] == {"lat": 1}
    assert (await curl.ask("POST", f"/{room}/signals", {"signal": "typing"})).status == 202
    while (signal := await ada.signal())["signal"] != "typing":
        pass


# --- what is wrong ---


async def test_a_name_that_is_held_needs_its_key(shared_server: Server, room: str) -> None:
    key = "k" * 16
    path = f"/{room}/messages"
    async with (
        native(shared_server.port, "joan", key=key),
        over_http(shared_server, "joan") as joan,
    ):
        for headers in ({}, {"Hubbub-Key": "o" * 16}):
            answer = await joan.ask("POST", path, {"text": "x"}, headers=headers)
            assert (answer.status, answer.code) == (409, "name_taken")
            assert answer.body["hint"]
        answer = await joan.ask("POST", path, {"text": "x"}, headers={"Hubbub-Key": key})
        assert answer.status == 201


async def test_only_its_author_may_change_a_message(joan: Http, curl: Http, room: str) -> None:
    await joan.post(room, "hers")
    for method, body in (("PATCH", {"text": "x"}), ("DELETE", None)):
        answer = await curl.ask(method, f"/{room}/messages/1", body)
        assert (answer.status, answer.code, answer.body["temporary"]) == (403, "forbidden", False)


async def test_what_was_deleted_is_gone(joan: Http, room: str) -> None:
    await joan.post(room, "x")
    await joan.ask("DELETE", f"/{room}/messages/1")
    answer = await joan.ask("PATCH", f"/{room}/messages/1", {"text": "y"})
    assert (answer.status, answer.code) == (410, "gone")


@pytest.mark.parametrize(
    "method, path, detail",
    [
        ("GET", "/r/nothing", "Nothing is served at this path"),
        ("DELETE", "/r", "DELETE is not possible here: use GET, HEAD or PATCH"),
    ],
)
async def test_an_address_that_is_not_served_is_refused_in_a_sentence(
    joan: Http, method: str, path: str, detail: str
) -> None:
    assert (await joan.ask(method, path)).body["detail"] == detail


WRONG: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "no such message": ("DELETE", "/r/messages/99", {}, 404, "not_found"),
    "no such path": ("GET", "/r/nothing", {}, 404, "not_found"),
    "a room with a blank": ("GET", "/a%20b", {}, 400, "bad_request"),
    "a room with a NUL": ("GET", "/a%00b", {}, 400, "bad_request"),
    "a room of 65 characters": ("GET", "/" + "r" * 65, {}, 400, "bad_request"),
    "a name of 33 characters": ("GET", "/r?name=" + "n" * 33, {}, 400, "bad_request"),
    "no text": ("POST", "/r/messages", {"json": {}}, 400, "bad_request"),
    "text of a wrong type": ("POST", "/r/messages", {"json": {"text": 1}}, 400, "bad_request"),
    "a list": ("POST", "/r/messages", {"json": []}, 400, "bad_request"),
    "an empty body": (
        "POST",
        "/r/messages",
        {"headers": {"Content-Type": "application/json"}},
        400,
        "bad_request",
    ),
    "no JSON": (
        "POST",
        "/r/messages",
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        400,
        "bad_request",
    ),
    "JSON that is not UTF-8": (
        "POST",
        "/r/messages",
        {"data": b'{"text": "\xff"}', "headers": {"Content-Type": "application/json"}},
        400,
        "bad_request",
    ),
    "a key twice": (
        "POST",
        "/r/messages",
        {"data": b'{"text":"a","text":"b"}', "headers": {"Content-Type": "application/json"}},
        400,
        "bad_request",
    ),
    "a key of 65 characters": (
        "POST",
        "/r/messages",
        {"json": {"text": "x"}, "headers": {"Idempotency-Key": "k" * 65}},
        400,
        "bad_request",
    ),
    "an empty key": (
        "POST",
        "/r/messages",
        {"json": {"text": "x"}, "headers": {"Idempotency-Key": ""}},
        400,
        "bad_request",
    ),
    "plain text": ("POST", "/r/messages", {"data": '{"text":"x"}'}, 415, "unsupported"),
    "a form": ("POST", "/r/messages", {"data": {"text": "x"}}, 415, "unsupported"),
    "no content type": (
        "POST",
        "/r/messages",
        {"data": b'{"text":"x"}', "skip_auto_headers": ["Content-Type"]},
        415,
        "unsupported",
    ),
    "a patch as JSON": ("PATCH", "/r/state", {"json": {}}, 415, "unsupported"),
    "a body too large": ("POST", "/r/messages", {"json": {"text": "x" * 70_000}}, 413, "too_large"),
    "an emoji with a blank": ("PUT", "/r/messages/1/reactions/a%20b", {}, 400, "bad_request"),
    "an unknown signal": ("POST", "/r/signals", {"json": {"signal": "x"}}, 400, "bad_request"),
    "a wrong method": ("PUT", "/r/messages", {}, 405, "method_not_allowed"),
    "a wrong method on rooms": ("DELETE", "/r", {}, 405, "method_not_allowed"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_told_as_problem_details(
    curl: Http, wrong: tuple[str, str, dict[str, Any], int, str]
) -> None:
    method, path, options, status, code = wrong
    answer = await curl.ask(method, path, **options)
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.body["temporary"] is False
    assert answer.body["detail"]
    if status == 405:
        assert "GET" in answer.headers["Allow"]
    if status == 415:
        assert "content-type" in answer.body["hint"]
    assert (await curl.get("/r"))["head"] == 0


NUMBERS = ["x", "", "1.5", "1e3", "0x1", "1_000", " 1", "1 ", "+1", "--1", "١", "9" * 30]


@pytest.mark.parametrize("text", NUMBERS)
@pytest.mark.parametrize(
    "path",
    [
        "?limit={}",
        "/r/messages?before={}",
        "/r/messages?after={}",
        "/r/messages?limit={}",
        "/r/events?since={}",
        "/r/events?wait={}",
        "/r/events?limit={}",
    ],
)
async def test_a_malformed_number_is_refused(curl: Http, path: str, text: str) -> None:
    quoted = text.replace(" ", "%20").replace("+", "%2B").replace("١", "%D9%A1")
    answer = await curl.ask("GET", path.format(quoted))
    assert (answer.status, answer.code) == (400, "bad_request")


@pytest.mark.parametrize(
    "path",
    [
        "?limit=0",
        "?limit=1001",
        "/r/messages?limit=0",
        "/r/messages?limit=201",
        "/r/messages?before=1&after=1",
        "/r/events?wait=61",
        "/r/events?wait=-1",
        "/r/events?limit=0",
        "/r/events?limit=501",
        "/r/messages/x",
        "/r/messages/-1",
        "/r/messages/1.0",
    ],
)
async def test_a_number_out_of_its_range_is_refused(curl: Http, path: str) -> None:
    method = "DELETE" if "messages/" in path else "GET"
    answer = await curl.ask(method, path)
    assert (answer.status, answer.code) == (400, "bad_request")
