"""permessage-deflate (RFC 7692) without context takeover: each message is compressed on its own.

So a message to many clients is compressed once, and no connection keeps a window in memory.
"""

import zlib
from collections.abc import Iterable, Sequence

from hubbub.protocol.messages import Reply
from hubbub.protocol.wires import Wire, frame

NAME = "permessage-deflate"
WINDOW_BITS = 12  # takes a third of the time of zlib's default; the output is a few per cent larger
COMPRESSED = 0x40  # bit of a frame's first byte: RSV1
TAIL = b"\x00\x00\xff\xff"  # ends the output of a flush and is not sent (section 7.2.1)
WORTHWHILE = 128  # bytes; smaller messages are not compressed

_BITS = range(8, 16)
_UNUSED = zlib.compressobj(level=3, wbits=-WINDOW_BITS, memLevel=5)


class BadDeflate(ValueError):
    """The received data can't be decompressed."""


class TooLarge(ValueError):
    """The decompressed data would be larger than allowed."""


def agreement(offers: Iterable[str]) -> str | None:
    """The answer to a client's `Sec-WebSocket-Extensions` offers, best first. None: no compression."""
    for offer in offers:
        name, *parameters = [part.strip(" \t") for part in offer.split(";")]
        if name.lower() == NAME and (answer := _accepted(parameters)) is not None:
            return "; ".join([NAME, *answer])
    return None


def _accepted(parameters: Sequence[str]) -> list[str] | None:
    """The parameters of the answer. None if the offer is invalid or asks for a smaller window."""
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
    """The window size, in decimal digits without a leading zero (section 7.1.2). 0 if it is invalid."""
    return int(value) if value in map(str, _BITS) else 0


def compressed(payload: bytes) -> bytes:
    """The payload of a message, compressed for its frame."""
    deflate = _UNUSED.copy()
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[: -len(TAIL)]


def decompressed(payload: bytes, limit: int) -> bytes:
    """The payload of a message, decompressed to at most `limit` bytes.

    Raises:
        BadDeflate: the payload is not valid.
        TooLarge: the result would be larger. Decompression stops at the limit.
    """
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        whole = inflate.decompress(payload + TAIL, limit + 1)
    except zlib.error as error:
        raise BadDeflate(str(error)) from None
    if len(whole) > limit:
        raise TooLarge(f"More than {limit} bytes after decompression")
    if inflate.unused_data not in (b"", TAIL, b"\x00" + TAIL):  # its sender may end with a block
        raise BadDeflate("Unexpected data after the last block")
    return whole


def deflated(buffer: bytes) -> bytes:
    """Whole frames, each compressed if it is a message and gets smaller."""
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
    """Start and end of the payload of the unmasked frame at `at`."""
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
    """The frames of another wire form, compressed once for all their receivers."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.name = wire.name
        self.takes_signals = wire.takes_signals

    def events(self, epoch: str, first: int, bodies: Sequence[bytes]) -> bytes:
        """See `Wire.events`; compressed."""
        return deflated(self._wire.events(epoch, first, bodies))

    def signals(self, bodies: Sequence[bytes]) -> bytes:
        """See `Wire.events`; compressed."""
        return deflated(self._wire.signals(bodies))

    def notice(self, body: bytes) -> bytes:
        """See `Wire.notice`; not compressed, since notices are small."""
        return self._wire.notice(body)

    def closing(self, body: bytes) -> bytes:
        """See `Wire.closing`; not compressed either."""
        return self._wire.closing(body)

    def reply(self, reply: Reply) -> bytes:
        """See `Wire.reply`; not compressed, since outlets compress what is queued."""
        return self._wire.reply(reply)


_FORMS: dict[Wire, Deflated] = {}


def form(wire: Wire) -> Deflated:
    """The compressed form of a wire form; always the same object."""
    return _FORMS.setdefault(wire, Deflated(wire))
