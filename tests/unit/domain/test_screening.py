from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import structs

from hubbub.domain.access import Operation, refuse
from hubbub.domain.aspects import RULES, conversation, rooms
from hubbub.domain.aspects.people import preferences, subscriptions
from hubbub.domain.live.values import packed
from hubbub.domain.principals import Scope
from hubbub.domain.screening import (
    MAX_VALUE_BYTES,
    TYPING_TTL,
    screen_change,
    screen_signal,
)
from hubbub.protocol.errors import Refusal
from hubbub.protocol.foreign.socketio import RESERVED_NAMES
from hubbub.protocol.messages import (
    MOST_ALT_BYTES,
    Change,
    Delete,
    Edit,
    Patch,
    Post,
    React,
    RemovePreview,
    Signal,
    Typing,
    Unreact,
    Value,
)
from tests.support.fakes import ADA, guest

CHANGES: list[Change] = [
    Post(room="lobby", text="hi"),
    Edit(room="lobby", seq=1, text="hello"),
    Delete(room="lobby", seq=1),
    React(room="lobby", seq=1, emoji="👍"),
    RemovePreview(room="lobby", seq=1, url="https://a.example/"),
    Unreact(room="lobby", seq=1, emoji="👍"),
    Patch(room="lobby", patch={}),
]


def code(refusal: Refusal | None) -> str | None:
    return None if refusal is None else refusal.code


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_each_change_is_screened_by_its_operation(change: Change) -> None:
    assert screen_change(RULES, ADA, change, 256) is None
    lesser = replace(ADA, scopes=frozenset({Scope.READ}))
    assert code(screen_change(RULES, lesser, change, 256)) == "forbidden"


@pytest.mark.parametrize("name", sorted(RESERVED_NAMES))
def test_no_event_has_a_name_at_which_socket_io_clients_hang_up(name: str) -> None:
    assert (
        code(screen_change(RULES, ADA, Post(room="lobby", text="x", emitted_as=name), 256))
        == "bad_request"
    )


def test_there_is_an_operation_for_each_change() -> None:
    kinds = {kind for kind, rule in RULES.by_command.items() if not rule.is_internal}
    aspects = (*rooms.ASPECTS, *conversation.ASPECTS, preferences.ASPECT, subscriptions.ASPECT)
    of_accounts = {rule.command for aspect in aspects for rule in aspect.rules}
    assert kinds - of_accounts == {type(change) for change in CHANGES}


@pytest.mark.parametrize("room", ["the lobby", "a/b", "lobby\n", "x" * 65])
def test_an_invalid_room_name_is_refused(room: str) -> None:
    assert code(refuse(ADA, Operation.READ, room)) == "bad_request"
    assert code(screen_change(RULES, ADA, Post(room=room, text="hi"), 256)) == "bad_request"
    assert code(refuse(ADA, Operation.READ, "lobby")) is None


@pytest.mark.parametrize(
    "content, expected",
    [
        ({}, "bad_request"),
        ({"text": "hi", "bytes": b"hi"}, "bad_request"),
        ({"text": ""}, None),
        ({"bytes": b""}, None),
        ({"text": "x" * 256}, None),
        ({"text": "x" * 257}, "too_large"),
        ({"text": "ü" * 128}, None),
        ({"text": "ü" * 128 + "x"}, "too_large"),
        ({"bytes": b"x" * 256}, None),
        ({"bytes": b"x" * 257}, "too_large"),
        ({"text": "x", "alts": {"k": "a boat"}}, "bad_request"),
    ],
)
def test_a_post_is_either_text_or_bytes_and_no_larger_than_allowed(
    content: dict[str, Any], expected: str | None
) -> None:
    assert code(screen_change(RULES, ADA, Post(room="lobby", **content), 256)) == expected


def test_an_edit_is_no_larger_than_a_post_may_be() -> None:
    assert code(screen_change(RULES, ADA, Edit(room="lobby", seq=1, text="x" * 256), 256)) is None
    assert (
        code(screen_change(RULES, ADA, Edit(room="lobby", seq=1, text="x" * 257), 256))
        == "too_large"
    )


@pytest.mark.parametrize("kind", [React, Unreact])
def test_a_reaction_is_something_to_see(kind: type[React | Unreact]) -> None:
    assert (
        code(screen_change(RULES, ADA, kind(room="lobby", seq=1, emoji=" "), 256)) == "bad_request"
    )


def test_typing_is_sent_on_with_the_name() -> None:
    signal = Signal(room="lobby", signal="typing")
    assert screen_signal(ADA, signal) == Typing("lobby", "ada", TYPING_TTL, ADA.person.id)
    assert screen_signal(guest("ada"), signal) == Typing("lobby", "ada", TYPING_TTL)


def test_a_live_value_is_sent_on_with_the_name() -> None:
    signal = Signal(room="lobby", key="van", value={"lat": 52.5}, ttl=9.0)
    value = packed(Value("lobby", "ada", "van", {"lat": 52.5}, 9.0))
    assert screen_signal(ADA, signal) == structs.replace(value, id=ADA.person.id)
    assert screen_signal(guest("ada"), signal) == value


@pytest.mark.parametrize(
    "signal, expected",
    [
        (Signal(room="a b", signal="typing"), "bad_request"),
        (Signal(room="lobby", signal="waving"), "bad_request"),
        (Signal(room="lobby", value=1), "bad_request"),
        (Signal(room="lobby", key="van", value="x" * MAX_VALUE_BYTES), "too_large"),
    ],
)
def test_an_invalid_signal_is_refused(signal: Signal, expected: str) -> None:
    refusal = screen_signal(ADA, signal)
    assert isinstance(refusal, Refusal)
    assert refusal.code == expected


def test_the_access_table_decides_on_signals() -> None:
    lesser = replace(ADA, scopes=frozenset({Scope.READ}))
    refusal = screen_signal(lesser, Signal(room="lobby", signal="typing"))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "forbidden"


def test_alt_texts_are_of_files_of_the_message_and_few_bytes_together() -> None:
    room, files = "@r000000000000", ["k", "m"]

    def screened(change: Change) -> str | None:
        return code(screen_change(RULES, ADA, change, 256))

    def post(**alts: str) -> Post:
        return Post(room=room, text="x" * 256, files=files, alts=alts)

    assert screened(post(other="A boat")) == "bad_request"
    for letter in ("x", "ü", "👍", "\x01"):
        size = len(msgspec.json.encode(letter)) - 2
        most = (MOST_ALT_BYTES - len('{"k":"","m":""}')) // size
        for n, expected in ((most - 1, None), (most, "too_large")):
            alts = {"k": letter * n, "m": letter * (1 + (most == n))}
            assert screened(post(**alts)) == expected
            assert screened(Edit(room=room, seq=1, text="x" * 256, alts=alts)) == expected
    assert screened(Edit(room=room, seq=1, text="x" * 257)) == "too_large"


@pytest.mark.parametrize("number", [1, -1, 1.0, True, "0", None])
def test_each_placeholder_has_its_attachment(number: Any) -> None:
    post = Post(
        room="lobby",
        arguments=[
            {"deep": [{"_placeholder": True, "num": 0}, {"_placeholder": True, "num": number}]}
        ],
        attachments=[b"hi"],
    )
    refusal = screen_change(RULES, ADA, post, 65_536)
    assert refusal is not None and refusal.code == "bad_request"
