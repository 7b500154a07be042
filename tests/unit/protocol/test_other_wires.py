"""What Socket.IO and SockJS clients are sent, as it has always been: `tests/wire/*.txt`, a frame or a packet a line."""

from pathlib import Path

import msgspec
import pytest

from hubbub.events import Deleted, Event, Posted, as_former, emptied
from hubbub.protocol.codec import encode
from hubbub.protocol.foreign.socketio import RESERVED_NAMES
from hubbub.protocol.foreign.socketio_wires import (
    BARE_RELAY,
    RELAY,
    RELAY_POLLING,
    SOCKETIO,
    SOCKETIO_POLLING,
    RelayWire,
    SocketIoWire,
)
from hubbub.protocol.foreign.sockjs_wires import NATIVE, PLAIN, PlainSockJsWire, SockJsWire
from hubbub.protocol.messages import Closing, Error, Reply, Typing
from hubbub.protocol.strict import check_size, strict_value
from tests.support.costly import COSTLY, MOST_SECONDS, within
from tests.support.fakes import AT, EPOCH, unframe

GOLDEN = Path(__file__).parents[2] / "wire"
EVENTS: list[Event] = [
    Posted("lobby", 42, AT, "ada", "grüß \u2028 dich", client_message_id="01J"),
    Posted("lobby", 43, AT, "ada", "hi", emitted_as="chat message"),
    Posted(
        "lobby",
        44,
        AT,
        "ada",
        emitted_as="move",
        arguments=[{"x": 1, "map": {"_placeholder": True, "num": 0}}, None],
        attachments=[b"\x00\xff"],
    ),
    Posted("lobby", 45, AT, "ada", bytes=b"\x00\xffhi"),
    Deleted("lobby", 46, AT, "ada", message=42),
]
WIRES: dict[str, SocketIoWire | SockJsWire] = {
    "socketio": SOCKETIO,
    "socketio-polling": SOCKETIO_POLLING,
    "socketio-relay": RELAY,
    "socketio-relay-polling": RELAY_POLLING,
    "socketio-relay-bare": BARE_RELAY,
    **{wire.name: wire for wire in (*NATIVE, *PLAIN)},
}


def lines(name: str, buffer: bytes) -> bytes:
    """A frame or a packet a line; bytes that are no text as \\x…"""
    polls = name.endswith("-polling")
    parts = buffer.split(b"\x1e") if polls else list(unframe(buffer))
    texts = [bytes(part).decode(errors="backslashreplace") for part in parts if part]
    return "".join([text.replace("\x00", "\\x00") + "\n" for text in texts]).encode()


def sent(name: str) -> bytes:
    """All that a client of a wire form can be sent."""
    wire = WIRES[name]
    error = Error("not_found", "there is no message 7", False)
    buffers = [
        wire.events(EPOCH, 42, [encode(event) for event in EVENTS]),
        wire.signals([encode(Typing("lobby", "ada", 5.0))]) if wire.takes_signals else b"",
        wire.closing(encode(Closing("restarting", 2.5))),
        wire.reply(Reply(re=7, ok={"room": "lobby", "seq": 42})),
        wire.reply(Reply(re=7, error=error)),
    ]
    return b"--\n".join([lines(name, buffer) for buffer in buffers])


@pytest.mark.parametrize("name", WIRES)
def test_a_wire_form_is_what_it_always_was(name: str) -> None:
    assert sent(name) == (GOLDEN / f"{name}.txt").read_bytes()


def test_all_numbers_are_those_of_the_log() -> None:
    relayed = RELAY.events(EPOCH, 42, [encode(event) for event in EVENTS])
    offsets = [
        bytes(line).rpartition(b',"')[2][:2] for line in unframe(relayed) if bytes(line)[:1] == b"4"
    ]
    assert offsets == [b"42", b"43", b"44", b"45"]


@pytest.mark.parametrize("name", WIRES)
def test_of_what_was_erased_only_those_hear_who_get_every_event(name: str) -> None:
    wire = WIRES[name]
    texts, erased = EVENTS[:3], [emptied(event) for event in EVENTS[:3]]
    assert "gr" in lines(name, wire.events(EPOCH, 42, [encode(event) for event in texts])).decode()
    shown = lines(name, wire.events(EPOCH, 42, [encode(event) for event in erased])).decode()
    assert "gr" not in shown and "01J" not in shown
    is_plain = isinstance(wire, RelayWire | PlainSockJsWire)
    assert shown.count("erased") == (0 if is_plain else 3)
    former = [encode(as_former(event)) for event in EVENTS[:3] if isinstance(event, Posted)]
    shown = lines(name, wire.events(EPOCH, 42, former)).decode()
    assert "gr" not in shown and shown.count("lobby") == (0 if is_plain else 3)
    assert not is_plain or shown in ("", "a[]\n")


PLACEHOLDER = {"_placeholder": True, "num": 5}


@pytest.mark.parametrize("attachments", [None, [b"hi"]])
@pytest.mark.parametrize("name", WIRES)
def test_no_message_can_break_a_wire_form(name: str, attachments: list[bytes] | None) -> None:
    """Whatever got into the log: one form that raises would end the server."""
    event = Posted("lobby", 1, AT, "ada", arguments=[PLACEHOLDER, []], attachments=attachments)
    empty = Posted("lobby", 2, AT, "ada", arguments=[], emitted_as='"')
    assert WIRES[name].events(EPOCH, 1, [encode(event), encode(empty)]) or name.startswith(
        "sockjs-plain"
    )


@pytest.mark.parametrize("reserved", sorted(RESERVED_NAMES))
@pytest.mark.parametrize(
    "name", [name for name, wire in WIRES.items() if wire.name[:8] == "socketio"]
)
def test_no_message_of_an_old_log_makes_socket_io_clients_hang_up(name: str, reserved: str) -> None:
    event = Posted("lobby", 1, AT, "ada", text="x", emitted_as=reserved)
    found = WIRES[name].events(EPOCH, 1, [encode(event)])
    assert b'["message","x"' in found and f'["{reserved}"'.encode() not in found


@pytest.mark.parametrize("what", COSTLY)
@pytest.mark.parametrize("name", WIRES)
def test_no_message_is_dear_to_send_on(name: str, what: str) -> None:
    """As large and as full as a post may be."""
    value = COSTLY[what](60_000)
    try:
        check_size(value)
        content = strict_value(value)
    except (ValueError, msgspec.MsgspecError):
        content = "\u200c" * 20_000
    is_text = isinstance(content, str)
    event = Posted(
        "lobby",
        1,
        AT,
        "ada",
        text=content if is_text else None,
        arguments=None if is_text else [content],
    )
    within(
        MOST_SECONDS, lambda body: WIRES[name].events(EPOCH, 1, [body]), encode(event), ValueError
    )
