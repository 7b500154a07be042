"""What is fuzzed: each target takes any bytes, and raises if the code does what it must never do.

`make test` runs them on examples that hypothesis makes up, `make fuzz` lets atheris look for bytes
that reach new code.
"""

import asyncio
import base64
import json
import math
from collections.abc import Callable
from typing import Any

import jwt
import msgspec
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp.http import WebSocketReader
from yarl import URL

from hubbub.domain.aspects import RULES
from hubbub.protocol.codec import BadFrame, check_strictly, decode_body
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.images import NotAnImage, image_of
from hubbub.protocol.merge import merge
from hubbub.protocol.strict import MAX_DEPTH, MAX_INTEGER
from hubbub.server.http.origins import Asked, Origins
from hubbub.server.http.proxies import _parsed
from hubbub.server.http.resources.doors.events import position
from hubbub.server.http.resources.rooms.state import version
from hubbub.server.people.outside.jwts import Jwts
from hubbub.server.people.outside.keys import BadKey, Key, keys_from_jwks
from hubbub.server.transports.frames import StrictReader
from hubbub.server.transports.handshake import _EXTENSION, _SUBPROTOCOL
from tests.support.images import HUGE, IMAGES, WITH_SECRETS

Target = Callable[[bytes], None]

SECRET = b"a secret of the fuzzers' own, long enough"
CLAIMS = {"sub": "ada", "exp": 4_000_000_000, "can": ["read"], "rooms": ["build-*"]}
TOKEN = jwt.encode(CLAIMS, SECRET, "HS256")
ORIGINS = Origins(["https://app.example"], is_local=True)


def commands(data: bytes) -> None:
    """A frame is a command or a bad frame; a command is one to a strict reader as well."""
    text = data.decode(errors="surrogateescape")
    try:
        RULES.commands.decode(text)
    except BadFrame as error:
        json.dumps(error.refusal.detail)
    else:
        check_strictly(text)
        require_strict(json.loads(text, object_pairs_hook=pairs))


def bodies(data: bytes) -> None:
    """A body is what any reader of JSON finds in it, or bad."""
    try:
        value = decode_body(data, Any)
    except BadFrame:
        return
    require_strict(json.loads(data, object_pairs_hook=pairs))
    assert json.loads(msgspec.json.encode(value)) == json.loads(data)


def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says if a key stood twice in it."""
    assert len({key for key, _ in members}) == len(members), "a key twice"
    return dict(members)


def require_strict(value: Any, depth: int = 0) -> None:
    """As the protocol has it, written a second time."""
    assert depth <= MAX_DEPTH
    match value:
        case str():
            assert "\0" not in value
            value.encode()
        case bool() | None:
            pass
        case int():
            assert abs(value) <= MAX_INTEGER
        case float():
            assert math.isfinite(value)
        case list():
            for item in value:
                require_strict(item, depth + 1)
        case dict():
            assert "__proto__" not in value
            for key, item in value.items():
                require_strict(key)
                require_strict(item, depth + 1)


def merging(data: bytes) -> None:
    """A merge patch leaves no null of its own, changes nothing in place, and does the same twice."""
    try:
        document, patch = msgspec.json.decode(data, type=tuple[Any, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return
    before = msgspec.json.encode((document, patch))
    merged = merge(document, patch)
    assert msgspec.json.encode((document, patch)) == before
    assert merge(merged, patch) == merged
    if isinstance(patch, dict):
        assert not any(merged.get(key, 0) is None for key in patch)


def frames(data: bytes) -> None:
    """However the bytes of a peer are cut, they are read alike; and nothing but closing comes of them."""
    cut, stream = data[:1], data[1:]
    size = 1 + (cut[0] % 7 if cut else 0)
    at_once = read([stream])
    in_pieces = read([stream[at : at + size] for at in range(0, len(stream), size)])
    assert at_once == in_pieces, (at_once, in_pieces)


class Paused:
    """Of a connection, what the queue asks for."""

    _reading_paused = False

    def pause_reading(self) -> None:
        """Nothing is paused here."""

    def resume_reading(self) -> None:
        """Nor resumed."""


_loop = asyncio.new_event_loop()


def read(pieces: list[bytes]) -> list[Any]:
    """The messages in pieces of a stream, and how it ends."""
    queue = WebSocketDataQueue(Paused(), 2**30, loop=_loop)  # type: ignore[arg-type]
    reader = StrictReader(WebSocketReader(queue, 4096, compress=False, decode_text=True))
    for piece in pieces:
        if reader.feed_data(piece)[0]:
            break
    messages: list[Any] = [(message.type, message.data) for message, _ in queue._buffer]
    error = queue.exception()
    return [*messages, getattr(error, "code", None) if error else "open"]


def positions(data: bytes) -> None:
    """What a client says where it is: a position, or refused."""
    text = data.decode("latin-1")
    for parse in (position, lambda tag: version([tag])):
        try:
            found = parse(text)
        except RefusalError:
            pass
        else:
            seq = found[0] if isinstance(found, tuple) else found
            assert seq is None or 0 <= seq < 10**19


def tokens(data: bytes) -> None:
    """No bytes but those that were signed are anyone's token."""
    text = data.decode(errors="surrogateescape")
    checker = Jwts([Key(SECRET, "HS256")], "", "")
    for token in (text, TOKEN[: len(TOKEN) - len(text)] + text, spliced(text)):
        try:
            principal = checker.principal(token)
        except RefusalError:
            continue
        assert principal is None or signed_part(token) == signed_part(TOKEN)


def spliced(payload: str) -> str:
    """The token with another payload."""
    head, _, signature = TOKEN.split(".")
    middle = base64.urlsafe_b64encode(payload.encode("utf-8", "surrogateescape")).rstrip(b"=")
    return f"{head}.{middle.decode()}.{signature}"


def signed_part(token: str) -> str:
    """What the signature is of; its own last bits may be written in more than one way."""
    return token.rpartition(".")[0]


def key_sets(data: bytes) -> None:
    """A set of keys is one, or a bad one."""
    try:
        keys_from_jwks(data)
    except BadKey:
        pass


def origins(data: bytes) -> None:
    """No page comes in that isn't of this machine or allowed by name."""
    text = data.decode("latin-1")
    for origin, host in ((text, "localhost"), (None, text), (text, text)):
        try:
            ORIGINS.check(Asked(host, origin))
        except RefusalError:
            continue
        for name in filter(None, (origin, f"http://{host}")):
            found = URL(name).host or ""
            assert found.endswith("localhost") or found[:4] == "127." or found in OURS, name


OURS = {"::1", "app.example", "::ffff:127.0.0.1", "::ffff:7f00:1"}


def headers(data: bytes) -> None:
    """Elements of lists are understood or not, in a time that doesn't depend on how they are meant."""
    text = data.decode("latin-1")
    _EXTENSION.fullmatch(text)
    _SUBPROTOCOL.fullmatch(text)
    _parsed(text)


def images(data: bytes) -> None:
    """What is kept of an image is an image, and all of it is kept again."""
    try:
        found = image_of(data)
    except NotAnImage:
        return
    assert image_of(found.data) == found and len(found.data) <= len(data) + 1


TARGETS: dict[str, Target] = {
    "images": images,
    "commands": commands,
    "bodies": bodies,
    "merging": merging,
    "frames": frames,
    "positions": positions,
    "tokens": tokens,
    "key_sets": key_sets,
    "origins": origins,
    "headers": headers,
}

SEEDS: dict[str, tuple[bytes, ...]] = {
    "images": (*(data for *_, data in IMAGES.values()), *WITH_SECRETS.values(), *HUGE.values()),
    "commands": (
        b'{"id": 1, "do": "post", "room": "lobby", "text": "h\\u00e4"}',
        b'{"id": "x", "do": "join", "room": "lobby", "since": 1, "epoch": "e"}',
        b'{"do": "patch", "room": "lobby", "patch": {"a": [1, 2.5e3, null, {"b": true}]}}',
        b'{"do": "signal", "room": "lobby", "key": "k", "value": {"lat": 1.5}, "ttl": 5}',
    ),
    "bodies": (b'{"text": "hi"}', b'[1, -2.5e-3, null, true, {"a": "\\ud83d\\ude00"}]'),
    "merging": (b'[{"a": {"b": 1}}, {"a": {"b": null, "c": [1]}}]', b'[[1], {"a": 1}]'),
    "frames": (
        b"\x01\x81\x82\x00\x00\x00\x00hi",
        b"\x02\x01\x81\x00\x00\x00\x00a\x89\x80\x00\x00\x00\x00\x80\x81\x00\x00\x00\x00b",
        b"\x00\x88\x82\x00\x00\x00\x00\x03\xe8",
        b"\x03\x81\xfe\x00\x7e\x00\x00\x00\x00" + 126 * b"x",
    ),
    "positions": (b"0123456789abcdef:42", b'"42"', b'W/"7"', b"-1", b"a:b:3"),
    "tokens": (TOKEN.encode(), TOKEN[-20:].encode(), json.dumps(CLAIMS).encode()),
    "key_sets": (
        b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}',
        b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}',
    ),
    "origins": (b"http://localhost:8181", b"https://app.example", b"http://[::1]:1", b"null"),
    "headers": (b'permessage-deflate; client_max_window_bits="15"', b"soap", b"::ffff:10.0.0.1"),
}
