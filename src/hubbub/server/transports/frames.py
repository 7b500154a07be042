"""Checks the header of each frame from a client, since aiohttp's reader accepts some invalid frames.

Those are frames without a mask (RFC 6455 section 5.1), and a new message amid one whose fragments
were empty so far (section 5.4). It also records which messages are compressed (RFC 7692).
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from hubbub.protocol.foreign.deflate import COMPRESSED
from hubbub.server.transports.steps import Step

SHORT_TEXT = 0x81  # first byte of nearly all frames, which are checked in a third of the time
MAX_EMPTY_FRAMES = 3_000  # control frames and empty fragments between two heartbeats
WRONG_FRAME = b"\xf0\x80"  # aiohttp's reader answers the reserved bits in it with 1002


class Reader(Protocol):
    """What reads the frames of a connection: aiohttp's reader."""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take received data. Returns whether it reads no more, and what it didn't read."""

    def feed_eof(self) -> None:
        """The connection is gone."""


class StrictReader:
    """Feeds aiohttp's reader, and replaces the first invalid frame by one that the reader refuses.

    With compression, `compressed` tells for each message in turn whether it is compressed; the
    reader doesn't see it.
    """

    __slots__ = (
        "_held",
        "_is_deaf",
        "_is_fragmented",
        "_reader",
        "_rest",
        "_usual",
        "compressed",
        "empty_frames",
        "flooded",
        "lost",
        "step",
    )

    def __init__(self, reader: Reader, *, may_be_compressed: bool = False) -> None:
        self.lost: Callable[[], None] | None = None  # called when the connection is gone
        self.flooded: Callable[[], None] | None = (
            None  # called when there were too many empty frames
        )
        self.empty_frames = 0  # since it was last reset
        self.compressed: deque[bool] | None = deque() if may_be_compressed else None
        self.step = Step()  # of handling what was read
        self._usual = -1 if may_be_compressed else SHORT_TEXT
        self._reader = reader
        self._held = b""  # the beginning of a header
        self._rest = 0  # bytes of the current frame that are still to come
        self._is_fragmented = False
        self._is_deaf = False  # the peer was told to go, so what it sends no longer matters

    def watch(self, lost: Callable[[], None], flooded: Callable[[], None]) -> None:
        """Call `lost` when the connection is gone, and `flooded` when there were too many empty frames."""
        self.lost, self.flooded = lost, flooded

    def count_anew(self) -> None:
        """Count empty frames from now on."""
        self.empty_frames = 0

    def feed_data(self, received: bytes) -> tuple[bool, bytes]:
        """Take received data. Returns what aiohttp's reader returns."""
        if self._is_deaf:
            return False, b""
        self.step.end()
        data: bytes | bytearray = received
        if self._held:
            data, self._held = self._held + received, b""
        if self.compressed is not None:
            data = bytearray(data)  # mutable, to clear bits
        at, size = self._rest, len(data)
        while size - at > 1:
            second = data[at + 1]
            if data[at] == self._usual and 127 < second < 254 and not self._is_fragmented:
                at += second - 122
                continue
            end = self._end_of_frame(data, at)
            if end is None or self.empty_frames >= MAX_EMPTY_FRAMES:
                return self._feed_last(bytes(data), at, end)
            if not end:
                break
            if self.compressed is not None and data[at] & 15 in (1, 2):
                self._note(data, at)
            at = end
        if at < size:
            data, self._held = data[:at], bytes(data[at:])
        self._rest = max(at - size, 0)
        return self._reader.feed_data(bytes(data))

    def feed_eof(self) -> None:
        """The connection is gone; its descriptor is closed only after this."""
        if self.lost is not None:
            self.lost()
        self._reader.feed_eof()

    def _feed_last(self, data: bytes, at: int, end: int | None) -> tuple[bool, bytes]:
        """Make the frame at `at` the last: it is invalid (no `end`), or one too many."""
        if end is None:
            return self._reader.feed_data(data[:at] + WRONG_FRAME)
        self._is_deaf = True
        return self._reader.feed_data(data[:end])

    def _end_of_frame(self, data: bytes | bytearray, at: int) -> int | None:
        """Return where the frame at `at` ends: 0 if it is not known yet, None if the frame is invalid."""
        header = data[at : at + 10]
        first, length = header[0], header[1] - 128
        width = 0 if length < 126 else 2 if length == 126 else 8
        if len(header) < 2 + width:
            return 0
        if length < 0 or not self._may_come(first):
            return None
        if first & 8 or (not length and first < 128):
            self._count_empty()
        if width:
            length = int.from_bytes(header[2 : 2 + width])
        return at + 6 + width + length

    def _note(self, data: bytes | bytearray, at: int) -> None:
        """Record whether the message at `at` is compressed, and clear the bit."""
        assert self.compressed is not None and isinstance(data, bytearray)
        self.compressed.append(bool(data[at] & COMPRESSED))
        data[at] &= ~COMPRESSED

    def _may_come(self, first: int) -> bool:
        """Whether a frame with this first byte is allowed now; keeps track of fragments."""
        opcode = first & 15
        if opcode > 2:
            return True
        was_fragmented, self._is_fragmented = self._is_fragmented, first < 128
        return opcode == 0 or not was_fragmented

    def _count_empty(self) -> None:
        self.empty_frames += 1
        if self.empty_frames == MAX_EMPTY_FRAMES and self.flooded is not None:
            self.flooded()
