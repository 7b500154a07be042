import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.domain.aspects import RULES
from hubbub.events import snake_case
from hubbub.protocol import codec
from hubbub.protocol.codec import BadFrame, Commands, decode_body, encode
from hubbub.protocol.commands.conversation import KeepDraft
from hubbub.protocol.commands.preferences import BlockPerson, UnblockPerson
from hubbub.protocol.commands.reading import MarkRead, SetRoom
from hubbub.protocol.commands.rooms import ChangeRoom, InvitePeople
from hubbub.protocol.commands.watching import WatchPeople
from hubbub.protocol.messages import AnyCommand, Follow, Join, Patch, Post, React, Signal
from tests.unit.protocol.strategies import commands, text

DEEP = 100_000
decode_command = RULES.commands.decode


def lobby(do: str, **fields: str) -> str:
    """A command's frame, whose further fields are given as JSON."""
    more = "".join(f', "{name}": {value}' for name, value in fields.items())
    return f'{{"do": "{do}", "room": "lobby"{more}}}'


def refusal_of(frame: str) -> BadFrame:
    with pytest.raises(BadFrame) as caught:
        decode_command(frame)
    return caught.value


def test_there_are_examples_of_every_command() -> None:
    assert set(commands) == set(RULES.commands.kinds)


def test_a_command_is_called_as_its_class_and_no_two_are_called_alike() -> None:
    called: dict[type[AnyCommand], str] = {
        **{ChangeRoom: "change", InvitePeople: "invite", KeepDraft: "draft"},
        **{MarkRead: "read", SetRoom: "set", WatchPeople: "watch"},
        **{BlockPerson: "block", UnblockPerson: "unblock"},
    }
    assert RULES.commands.names == {
        called.get(kind, snake_case(kind.__name__)) for kind in commands
    }
    with pytest.raises(TypeError, match="unique"):
        Commands([Post, type("Post", (Patch,), {})])


def test_only_the_commands_given_are_decoded() -> None:
    few = Commands([Post, Join])
    assert few.decode(lobby("join")) == Join(room="lobby")
    with pytest.raises(BadFrame, match="react"):
        few.decode(lobby("react", seq="1", emoji='"👍"'))


@pytest.mark.parametrize("kind", commands, ids=lambda kind: kind.__name__)
def test_decoding_an_encoded_command_gives_it_back(kind: type[AnyCommand]) -> None:
    @given(commands[kind])
    def law(command: AnyCommand) -> None:
        assert decode_command(encode(command).decode()) == command
        assert decode_command(encode(command)) == command

    law()


def test_the_frame_in_the_documentation_is_a_post() -> None:
    frame = """{"id": 7, "do": "post", "room": "lobby", "text": "hi", "client_message_id": "01J"}"""
    assert decode_command(frame) == Post(id=7, room="lobby", text="hi", client_message_id="01J")


def test_unknown_fields_are_passed_over() -> None:
    frame = lobby("join", since="41", colour='"red"', later='{"a": [1]}')
    assert decode_command(frame) == Join(room="lobby", since=41)


def test_a_signal_says_typing_or_a_live_value() -> None:
    assert decode_command(lobby("signal", signal='"typing"')) == Signal(
        room="lobby", signal="typing"
    )
    value = decode_command(lobby("signal", key='"van"', value="[1.5, 2]", ttl="5"))
    assert value == Signal(room="lobby", key="van", value=[1.5, 2], ttl=5.0)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello, everyone",
        "[]",
        "7",
        "null",
        '{"do": "post", "room": "lobby", "text": "hi"',
        '{"do": "post", "room": "lobby", "text": "hi"} {}',
        '\ufeff{"do": "post", "room": "lobby", "text": "hi"}',
        "{'do': 'post', 'room': 'lobby', 'text': 'hi'}",
        '{"room": "lobby", "text": "hi"}',
        '{"do": 7, "room": "lobby"}',
        '{"do": null, "room": "lobby"}',
        '{"do": "Post", "room": "lobby", "text": "hi"}',
        lobby("dance"),
    ],
)
def test_what_is_no_command_is_refused(frame: str) -> None:
    error = refusal_of(frame)
    assert error.refusal.code == "bad_request"
    assert error.refusal.detail


@pytest.mark.parametrize(
    "frame",
    [
        '{"do": "post", "text": "hi"}',
        '{"do": "post", "room": null, "text": "hi"}',
        '{"do": "post", "room": 7, "text": "hi"}',
        '{"do": "leave", "room": ""}',
        '{"do": "leave", "room": "%s"}' % ("x" * 65),
        lobby("post", text="7"),
        lobby("post", text='["hi"]'),
        lobby("post", bytes='"not base64!"'),
        lobby("post", text='"hi"', client_message_id='""'),
        lobby("post", text='"hi"', client_message_id='"%s"' % ("k" * 65)),
        lobby("post", text='"hi"', client_message_id="7"),
        lobby("post", text='"hi"', reply_to='"42"'),
        lobby("post", text='"hi"', reply_to="1.5"),
        lobby("post", text='"hi"', reply_to=str(2**63)),
        lobby("join", since="true"),
        lobby("join", since=str(-(2**63) - 1)),
        lobby("join", epoch="7"),
        lobby("edit", seq="1"),
        lobby("edit", text='"hi"'),
        lobby("delete"),
        lobby("react", seq="1"),
        lobby("patch"),
        lobby("signal", key='""', value="1"),
        lobby("signal", key='"van"', value="1", ttl="0"),
        lobby("signal", key='"van"', value="1", ttl="3600.5"),
        lobby("history", limit="0"),
        lobby("history", limit="201"),
        '{"do": "hello", "name": ""}',
        '{"do": "hello", "name": "%s"}' % ("a" * 33),
        '{"do": "hello", "key": "fifteen letters"}',
        '{"do": "hello", "key": "%s"}' % ("k" * 129),
        lobby("leave", id="1.5"),
        lobby("leave", id="[1]"),
        lobby("leave", id='"%s"' % ("i" * 65)),
    ],
)
def test_a_missing_field_or_a_wrong_type_is_refused(frame: str) -> None:
    assert refusal_of(frame).refusal.code == "bad_request"


NOT_STRICT = {
    "NaN": "NaN",
    "infinity": "Infinity",
    "a float out of range": "1e999",
    "a negative float out of range": "-1e999",
    "an integer of 5,000 digits": "9" * 5_000,
    "an integer beyond 64 bits": str(2**64 + 1),
    "a negative integer beyond 64 bits": str(-(2**64) - 1),
    "a list in a list and so on": "[" * DEEP + "]" * DEEP,
    "an object in an object and so on": '{"a":' * DEEP + "1" + "}" * DEEP,
    "a list that never ends": "[" * DEEP,
    "one level too many": "[" * 33 + "]" * 33,
    "a lone surrogate": r'"\ud800"',
    "a reversed pair of surrogates": r'"\udc00\ud800"',
    "a raw lone surrogate": '"\ud800"',
    "an escaped NUL": r'"a\u0000b"',
    "a raw NUL": '"a\0b"',
    "a raw newline": '"a\nb"',
    "a NUL in a key": r'{"a\u0000": 1}',
    "a key twice": '{"a": 1, "a": 1}',
    "a key twice, deep inside": '{"a": [{"b": {"c": 1, "d": 2, "c": 3}}]}',
    "a key twice, once escaped": r'{"a": 1, "\u0061": 2}',
    "__proto__": '{"__proto__": {"isAdmin": true}}',
    "__proto__, deep inside": '[{"a": {"__proto__": 1}}]',
    "__proto__, escaped": r'{"__\u0070roto__": 1}',
}


@pytest.mark.parametrize("what", NOT_STRICT)
def test_what_later_parties_would_choke_on_is_refused(what: str) -> None:
    value = NOT_STRICT[what]
    for frame in (
        lobby("patch", patch=value),
        lobby("patch", patch=f'{{"deep": [{value}]}}'),
        lobby("post", text='"hi"', unknown=value),
        lobby("signal", key='"van"', value=value),
    ):
        assert refusal_of(frame).refusal.code == "bad_request"


@pytest.mark.parametrize("what", NOT_STRICT)
def test_an_http_body_is_read_as_strictly(what: str) -> None:
    with pytest.raises(BadFrame):
        decode_body(f'{{"text": {NOT_STRICT[what]}}}'.encode("utf-8", "surrogatepass"), Any)


@pytest.mark.parametrize("text", [r"\ud800", r"\ud800 and more", r"\udc00\ud800", "\ud800"])
def test_half_a_surrogate_pair_is_named_at_every_door(text: str) -> None:
    why = "A string is not valid Unicode"
    assert refusal_of(lobby("post", text=f'"{text}"')).refusal.detail == why
    with pytest.raises(BadFrame) as refused:
        decode_body(f'{{"text": "{text}"}}'.encode("utf-8", "surrogatepass"), Any)
    assert refused.value.refusal.detail == why


def test_an_http_body_has_the_wanted_type() -> None:
    assert decode_body(b'{"text": "hi"}', dict[str, str]) == {"text": "hi"}
    with pytest.raises(BadFrame):
        decode_body(b'["hi"]', dict[str, Any])
    with pytest.raises(BadFrame):
        decode_body(b'{"text": "\xff"}', dict[str, Any])
    with pytest.raises(BadFrame):
        decode_body('{"text": "hi"}'.encode("utf-16"), dict[str, Any])


@pytest.mark.parametrize(
    "frame",
    [
        '{"do": "post", "do": "post", "room": "lobby", "text": "hi"}',
        '{"do": "post", "room": "lobby", "room": "kitchen", "text": "hi"}',
        '{"do": "post", "room": "lobby", "text": "hi", "text": "ho"}',
        '{"do": "post", "room": "lobby", "text": null, "text": "ho"}',
        '{"do": "post", "room": "lobby", "__proto__": 1, "text": "ho"}',
        '{"do": "post", "room": "lobby", "text": "a\\u0000b"}',
        '{"do": "join", "room": "lobby", "room": "kitchen"}',
        '{"do": "join", "room": "lobby", "room": "kitchen", "id": 1, "since": null}',
        '{"do": "follow", "room": "lobby", "epoch": "\\u0000"}',
        lobby("follow", since="9" * 400),
        lobby("post", text='"hi"', id=str(2**64)),
        lobby("post", text='"hi"', id=str(-(2**63) - 1)),
        lobby("leave", id=str(2**64)),
        lobby("post", text='"hi"', id="-" + "9" * 400),
    ],
)
def test_the_most_frequent_command_is_read_as_strictly(frame: str) -> None:
    assert refusal_of(frame).refusal.code == "bad_request"


def test_the_deepest_allowed_nesting_is_accepted() -> None:
    frame = lobby("patch", patch="[" * 31 + "1" + "]" * 31)
    assert isinstance(decode_command(frame), Patch)


@pytest.mark.parametrize("command_id", [0, -(2**63), 2**64 - 1, "", "a" * 64, "ü: \\ \u2028"])
def test_an_id_comes_back_as_it_was(command_id: int | str) -> None:
    frame = json.dumps({"do": "react", "room": "lobby", "seq": 1, "emoji": "👍", "id": command_id})
    assert decode_command(frame) == React(room="lobby", seq=1, emoji="👍", id=command_id)


@pytest.mark.parametrize(
    "frame, command_id",
    [
        ('{"id": 7, "do": "dance"}', 7),
        ('{"id": "seven", "do": "post"}', "seven"),
        (lobby("post", id="7", text="1"), 7),
        (lobby("post", text='"a"', id="7", unknown='{"a": 1, "a": 2}'), 7),
        (lobby("join", id="7", since='"41"'), 7),
        ('{"id": 7}', 7),
        ('{"do": "dance"}', None),
        ('{"id": 1.5, "do": "leave"}', None),
        ('{"id": 7, "do": "leave", "room"', None),
        ('{"id": 7, "do": "leave", "room": "\ud800"}', 7),
        ("[7]", None),
    ],
)
def test_a_refusal_names_the_id_if_that_could_be_read(
    frame: str, command_id: int | str | None
) -> None:
    assert refusal_of(frame).id == command_id


# --- the short look at the most frequent commands may be wrong in one direction only ---


def escaped(plain: str) -> st.SearchStrategy[str]:
    """JSON strings that mean `plain`, some of their characters escaped."""
    return st.lists(st.booleans(), min_size=len(plain), max_size=len(plain)).map(
        lambda choices: "".join(
            _escape(character) if is_escaped else json.dumps(character, ensure_ascii=False)[1:-1]
            for character, is_escaped in zip(plain, choices, strict=True)
        )
    )


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


any_text = st.text(
    st.sampled_from([*':\\"u0 a', "\0", "ü", "👍"]) | st.characters(exclude_categories=["Cs"]),
    max_size=12,
)
string = any_text.flatmap(escaped).map('"{}"'.format)
member = st.one_of(
    st.tuples(st.sampled_from(["text", "client_message_id", "x", "__proto__"]), string),
    st.tuples(st.just("bytes"), st.just('"aGk="')),
    st.tuples(st.sampled_from(["reply_to", "since", "id", "x"]), st.integers().map(str)),
    st.tuples(st.just("id"), st.sampled_from(["null", str(10**30), '"seven"', str(2**64)])),
    st.tuples(
        st.sampled_from(["text", "bytes", "client_message_id", "reply_to", "id"]), st.just("null")
    ),
    st.tuples(text(max_size=3), st.sampled_from(["1", "[]", '{"a":1,"a":2}', "1e999"])),
)


@st.composite
def usual_frames(draw: st.DrawFn) -> str:
    """Frames that may be posts or follow a room: well-formed JSON, with whatever else may be wrong with it."""
    do = draw(st.sampled_from(['"post"', '"follow"', '"join"']))
    needed = [("do", do), ("room", '"lobby"'), *draw(st.lists(member, max_size=5))]
    members = draw(st.permutations(needed))
    colon = draw(st.sampled_from([":", " : "]))
    written = [f'"{draw(escaped(name))}"{colon}{value}' for name, value in members]
    return "{" + ", ".join(written) + "}"


@given(usual_frames())
def test_the_short_look_never_lets_through_what_the_long_one_refuses(frame: str) -> None:
    for form in (frame, frame.encode()):
        try:
            decode_command(form)
        except BadFrame:
            return
        codec.check_strictly(form)


def test_the_short_look_is_enough_for_an_ordinary_post_and_for_whoever_comes() -> None:
    for command in (
        Post(room="lobby", text="hi"),
        Post(id=7, room="lobby", text="hi", client_message_id="01J", reply_to=3),
        Post(room="lobby", bytes=b"hi"),
        Follow(room="lobby"),
        Join(id="j", room="lobby"),
    ):
        assert codec._is_plainly_strict(encode(command), command)
        assert codec._is_plainly_strict(encode(command).decode(), command)
