"""permessage-deflate (RFC 7692) without context takeover: each message is compressed by itself.

So a message that goes to many is compressed once, and no connection keeps a window in memory.
"""

import zlib
from collections.abc import Iterable, Sequence

from hubbub.protocol.wires import Wire, frame

NAME = "permessage-deflate"
WINDOW_BITS = 12  # a third of zlib's default in time, and a few per cent larger
COMPRESSED = 0x40  # bit of a frame's first byte: RSV1
TAIL = b"\x00\x00\xff\xff"  # stands behind what a flush has written, and is not sent
WORTHWHILE = 128  # bytes; what is smaller goes as it is

_BITS = range(8, 16)
_UNUSED = zlib.compressobj(level=3, wbits=-WINDOW_BITS, memLevel=5)


class BadDeflate(ValueError):
    """What was received can't be decompressed."""


class TooLarge(ValueError):
    """What was received is larger than allowed once it is decompressed."""


def agreement(offers: Iterable[str]) -> str | None:
    """The answer to what a client's `Sec-WebSocket-Extensions` offers, best first; None: go without."""
    for offer in offers:
        name, *parameters = [part.strip(" \t") for part in offer.split(";")]
        if name.lower() == NAME and (answer := _accepted(parameters)) is not None:
            return "; ".join([NAME, *answer])
    return None


def _accepted(parameters: Sequence[str]) -> list[str] | None:
    """The parameters to answer with; None if these aren't valid, or ask for a smaller window."""
    asked: dict[str, str | None] = {}
    for parameter in parameters:
        name, is_given, value = parameter.partition("=")
        name = name.strip(" \t").lower()
        if name in asked:
            return None
        asked[name] = value.strip(' \t"') if is_given else None
    answer = ["server_no_context_takeover", "client_no_context_takeover"]
    for name, given in asked.items():
        match name:
            case "server_no_context_takeover" | "client_no_context_takeover" if given is None:
                pass
            case "client_max_window_bits" if given is None or _bits(given):
                pass
            case "server_max_window_bits" if given is not None and _bits(given) >= WINDOW_BITS:
                answer.append(f"server_max_window_bits={given}")
            case _:
                return None
    return answer


def _bits(value: str) -> int:
    """A window's size; 0 if it is none. Digits without a leading zero (section 7.1.2)."""
    return int(value) if value in map(str, _BITS) else 0


def compressed(payload: bytes) -> bytes:
    """A message's payload as it goes into its frame."""
    deflate = _UNUSED.copy()
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[: -len(TAIL)]


def decompressed(payload: bytes, limit: int) -> bytes:
    """A message's payload as its sender meant it, of at most `limit` bytes.

    Raises:
        BadDeflate: it is none.
        TooLarge: it would have more bytes; no more than that many were made.
    """
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        whole = inflate.decompress(payload + TAIL, limit + 1)
    except zlib.error as error:
        raise BadDeflate(str(error)) from None
    if len(whole) > limit:
        raise TooLarge(f"more than {limit} bytes")
    if inflate.unused_data not in (b"", TAIL, b"\x00" + TAIL):  # its sender may end with a block
        raise BadDeflate("there is something behind the last block")
    return whole


def deflated(buffer: bytes) -> bytes:
    """Whole frames, each compressed if it is a message that gets smaller by it."""
    if len(buffer) < WORTHWHILE:
        return buffer
    frames: list[bytes] = []
    at = 0
    while at < len(buffer):
        begin, end = _payload(buffer, at)
        frames.append(_smaller(buffer[at:end], begin - at))
        at = end
    return b"".join(frames)


def _payload(buffer: bytes, at: int) -> tuple[int, int]:
    """Where the payload of the unmasked frame at `at` begins and ends."""
    length = buffer[at + 1]
    if length < 126:
        return at + 2, at + 2 + length
    begin = at + (4 if length == 126 else 10)
    return begin, begin + int.from_bytes(buffer[at + 2 : begin])


def _smaller(whole: bytes, begin: int) -> bytes:
    first = whole[0]
    if len(whole) < WORTHWHILE or first & COMPRESSED:
        return whole
    deflate = compressed(whole[begin:])
    return frame(deflate, first | COMPRESSED) if len(deflate) < len(whole) - begin else whole


class Deflated:
    """Another wire form's frames, compressed: once for all who get them."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.name = wire.name
        self.takes_signals = wire.takes_signals

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """As the other form, compressed."""
        return deflated(self._wire.events(epoch, first, bodies))

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """As the other form, compressed."""
        return deflated(self._wire.signals(bodies))

    def notice(self, body: bytes) -> bytes:
        """As the other form; there is no gain."""
        return self._wire.notice(body)


_FORMS: dict[Wire, Deflated] = {}


def form(wire: Wire) -> Deflated:
    """The one compressed form of a wire form."""
    return _FORMS.setdefault(wire, Deflated(wire))
