"""The worst inputs known at each door, as bytes to be sent again and again on one connection."""

import json
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

FRAME = 65_000  # bytes, about as large as a server takes
VALUES = 1_950  # about as many as it takes
HANDSHAKE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
SOCKET_IO = "/socket.io/?EIO=4&transport=websocket&room=harm"


class Attack(NamedTuple):
    """What is sent: `opening` once on each connection, then `payload` for as long as it is open."""

    opening: bytes
    payload: bytes
    flags: tuple[str, ...] = ()  # of the server


def get(target: str, more: str = "") -> bytes:
    """A request without a body."""
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode()


def post(target: str, body: bytes, kind: str = "application/json", method: str = "POST") -> bytes:
    """A request with one."""
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """One client's WebSocket frame, whose mask changes nothing."""
    size = len(payload)
    if size < 126:
        head = bytes((first, 128 | size))
    elif size < 65_536:
        head = bytes((first, 254)) + size.to_bytes(2)
    else:
        head = bytes((first, 255)) + size.to_bytes(8)
    return head + bytes(4) + payload


def frames(payload: bytes, first: int = 0x81) -> bytes:
    """As many of the same as make about one large one."""
    return frame(payload, first) * max(FRAME // (len(payload) + 8), 1)


def deflated(payload: bytes) -> bytes:
    """Compressed as permessage-deflate has it."""
    deflate = zlib.compressobj(9, wbits=-15)
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


def many(element: str, count: int) -> str:
    """A JSON list."""
    return f"[{','.join([element] * count)}]"


def keys(count: int) -> str:
    """A JSON object with many keys."""
    return json.dumps({f"{number:x}": 1 for number in range(count)}, separators=(",", ":"))


def _command(do: str, **fields: str) -> bytes:
    more = "".join(f',"{name}":{value}' for name, value in fields.items())
    return f'{{"do":"{do}","room":"harm"{more}}}'.encode()


WS = get("/ws", HANDSHAKE)
PLAIN = get("/?room=harm", HANDSHAKE)
COMPRESSED = get("/ws", HANDSHAKE + "Sec-WebSocket-Extensions: permessage-deflate\r\n")
LARGE = {
    "empty objects": many("{}", FRAME // 3),
    "empty strings": many('""', FRAME // 3),
    "digits": many("1", FRAME // 2),
}
FULL = {
    "objects": many('{"a":1}', VALUES // 3),
    "lists": many("[]", VALUES // 2),
    "numbers": many("1", VALUES),
    "keys": keys(VALUES),
}
QUOTES = json.dumps('"' * (FRAME // 2))
BLANKS = json.dumps("\u200c" * (FRAME // 3), ensure_ascii=False)
HISTORY = _command("history", id="1", limit="200")


def _native() -> dict[str, Attack]:
    found = {}
    for name, value in (LARGE | FULL).items():
        found[f"ws: unknown field of {name}"] = Attack(WS, frames(_command("leave", pad=value)))
        found[f"ws: post of {name}"] = Attack(WS, frames(_command("post", arguments=value)))
    for name, value in FULL.items():
        found[f"ws: patch of {name}"] = Attack(WS, frames(_command("patch", patch=value)))
        live = _command("signal", key='"k"', value=value)
        found[f"ws: live value of {name}"] = Attack(WS, frames(live))
    found["ws: post of quotes"] = Attack(WS, frame(_command("post", text=QUOTES)))
    found["ws: post of zero-width blanks"] = Attack(WS, frame(_command("post", text=BLANKS)))
    found["ws: tiny posts"] = Attack(WS, frames(_command("post", text='""')))
    found["ws: tiny patches"] = Attack(WS, frames(_command("patch", patch="{}")))
    found["ws: no JSON"] = Attack(WS, frames(b"x"))
    found["ws: pings"] = Attack(WS, frames(b"", 0x89))
    found["ws: hello"] = Attack(WS, frames(b'{"do":"hello","id":1}'))
    found["ws: join and leave"] = Attack(
        WS, frames(_command("join", id="1")) + frames(_command("leave"))
    )
    found["ws: history"] = Attack(WS, frames(HISTORY))
    long = _command(
        "post", text=json.dumps("tea \N{WARNING SIGN}\ufe0f " * (FRAME // 12), ensure_ascii=False)
    )
    searching = frame(long) + frame(b'{"do":"search","id":1,"query":"tea in:harm"}')
    found["ws: searches among long messages"] = Attack(WS, searching, ("--search", "all"))
    found["plain: tiny frames"] = Attack(PLAIN, frames(b"x"))
    return found


def _socket_io() -> dict[str, Attack]:
    opening = get(SOCKET_IO, HANDSHAKE)
    found = {
        "socket.io: CONNECT of empty objects": Attack(
            opening, frames(b'40{"a":' + LARGE["empty objects"].encode() + b"}")
        ),
        "socket.io: tiny packets": Attack(opening + frame(b"40"), frames(b'42["m",""]')),
        "socket.io: pongs": Attack(opening + frame(b"40"), frames(b"3")),
    }
    for name, value in (LARGE | FULL).items():
        event = frames(f'42["m",{value}]'.encode())
        found[f"socket.io: event of {name}"] = Attack(opening + frame(b"40"), event)
    return found


def _sockjs() -> dict[str, Attack]:
    opening = get("/sockjs/000/harm/websocket", HANDSHAKE)
    many_messages = many('""', FRAME // 3).encode()
    post_blanks = json.dumps([_command("post", text=BLANKS).decode()], ensure_ascii=False).encode()
    return {
        "sockjs: array of empty strings": Attack(opening, frame(many_messages)),
        "sockjs: post of zero-width blanks": Attack(opening, frame(post_blanks[:FRAME])),
        "sockjs-plain: array of empty strings": Attack(
            get("/sockjs-plain/000/harm/websocket", HANDSHAKE), frame(many_messages)
        ),
    }


def _http() -> dict[str, Attack]:
    room = "/api/v1/rooms/harm"
    patch = "application/merge-patch+json"
    found = {}
    for name, value in (LARGE | FULL).items():
        body = f'{{"arguments":{value}}}'.encode()
        found[f"http: post of {name}"] = Attack(b"", post(f"{room}/messages", body))
        found[f"http: patch of {name}"] = Attack(
            b"", post(f"{room}/state", value.encode(), patch, "PATCH")
        )
        wrong = post(f"{room}/messages?access_token=x", body)
        found[f"http: {name}, with a wrong token"] = Attack(b"", wrong)
    found["http: snapshots"] = Attack(b"", get(room) * 500)
    found["http: health"] = Attack(b"", get("/healthz") * 500)
    return found


def _compressed() -> dict[str, Attack]:
    flags = ("--compress",)
    bombs = {
        "empty objects": _command("leave", pad=LARGE["empty objects"]),
        "blanks": _command("leave") + b" " * FRAME,
        "too large": b" " * 50_000_000,
        "posts of numbers": _command("post", arguments=FULL["numbers"]),
    }
    return {
        f"compressed: {name}": Attack(COMPRESSED, frames(deflated(payload), 0xC1), flags)
        for name, payload in bombs.items()
    }


def attacks() -> Mapping[str, Attack]:
    """All of them, by name."""
    makers: tuple[Callable[[], dict[str, Attack]], ...] = (
        _native,
        _socket_io,
        _sockjs,
        _http,
        _compressed,
    )
    return {name: attack for make in makers for name, attack in make().items()}
