"""Socket.IO 5 packets and their bytes: namespaces, events, acknowledgements, attachments. No I/O, no clock."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from hubbub.protocol.codec import BAD_JSON, BadFrame
from hubbub.protocol.foreign.engineio import BadPacket
from hubbub.protocol.strict import strict_value

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)
WITH_BYTES = {EVENT: BINARY_EVENT, ACK: BINARY_ACK}
WITHOUT_BYTES = {binary: kind for kind, binary in WITH_BYTES.items()}
# Names that Socket.IO reserves: clients disconnect when they receive an event with one of them.
RESERVED_NAMES = frozenset(
    {
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    }
)
MAX_ATTACHMENTS = 10
MAX_BYTES = 1_000_000
MAX_DEPTH = 32
# type, number of attachments, namespace, id, JSON
_PACKET = re.compile(r"([0-6])(?:([0-9]{1,10})-)?(?:(/[^,]*)(?:,|$))?([0-9]{1,15})?(.*)", re.DOTALL)

Json = Any


class SocketIoPacket(NamedTuple):
    """One packet. `id` requests an acknowledgement or belongs to one.

    `data` may contain bytes anywhere; in a received packet it does only if `has_bytes`. `flaw` tells why the content of an otherwise valid packet is not acceptable; it is left out.
    """

    kind: int
    data: Json = None
    namespace: str = "/"
    id: int | None = None
    flaw: BadFrame | None = None
    has_bytes: bool = False


def encode(packet: SocketIoPacket) -> list[str | bytes]:
    """A packet as messages: a text, followed by its attachments."""
    attachments: list[bytes] = []
    data = take_out(packet.data, attachments)
    kind = WITH_BYTES.get(packet.kind, packet.kind) if attachments else packet.kind
    head = str(kind)
    if attachments:
        head += f"{len(attachments)}-"
    if packet.namespace != "/":
        head += f"{packet.namespace},"
    if packet.id is not None:
        head += str(packet.id)
    text = "" if data is None else msgspec.json.encode(data).decode()
    return [head + text, *attachments]


def parse_json(text: str) -> Json:
    """Decode JSON strictly. Raises BadPacket."""
    try:
        return strict_value(text)
    except BAD_JSON as error:
        raise BadPacket("The data of the packet is not valid JSON") from error


class Decoder:
    """Assembles the messages of one connection into packets."""

    def __init__(
        self, max_bytes: int = MAX_BYTES, parse: Callable[[str], Json] = parse_json
    ) -> None:
        """`max_bytes` limits the attachments of one packet together.

        `parse` raises BadPacket, or BadFrame for JSON that is not acceptable.
        """
        self._max_bytes = max_bytes
        self._parse_json = parse
        self._packet: SocketIoPacket | None = None  # the packet that waits for attachments
        self._count = 0
        self._attachments: list[bytes] = []

    def feed(self, message: str | bytes) -> SocketIoPacket | None:
        """The packet that a message completes, or None. Raises BadPacket."""
        if isinstance(message, bytes):
            return self._attach(message)
        if self._packet is not None:
            raise BadPacket("Expected an attachment, but received text")
        packet, self._count = self._parse(message)
        if not self._count:
            return packet
        self._packet, self._attachments = packet, []
        return None

    def _attach(self, attachment: bytes) -> SocketIoPacket | None:
        if self._packet is None:
            raise BadPacket("Unexpected attachment")
        self._attachments.append(attachment)
        if sum(map(len, self._attachments)) > self._max_bytes:
            raise BadPacket(f"Attachments too large: at most {self._max_bytes:,} bytes")
        if len(self._attachments) < self._count:
            return None
        packet, self._packet = self._packet, None
        return packet._replace(data=put_in(packet.data, self._attachments), has_bytes=True)

    def _parse(self, text: str) -> tuple[SocketIoPacket, int]:
        found = _PACKET.fullmatch(text)
        if found is None:
            raise BadPacket("Unknown packet type")
        digits, attachments, namespace, number, rest = found.groups()
        kind, count = int(digits), int(attachments or 0)
        if (kind in WITHOUT_BYTES) != bool(attachments):
            raise BadPacket("The number of attachments does not match the packet type")
        if count > MAX_ATTACHMENTS:
            raise BadPacket(f"Too many attachments: at most {MAX_ATTACHMENTS}")
        packet = SocketIoPacket(
            WITHOUT_BYTES.get(kind, kind),
            None,
            (namespace or "/").partition("?")[0],
            None if number is None else int(number),
        )
        try:
            packet = packet._replace(data=self._parse_json(rest) if rest else None)
        except BadFrame as error:
            return packet._replace(flaw=error), count
        _require_shape(packet)
        return packet, count


def _require_shape(packet: SocketIoPacket) -> None:
    data = packet.data
    match packet.kind:
        case 0:
            is_right = data is None or isinstance(data, dict)
        case 1:
            is_right = data is None
        case 2:
            is_right = isinstance(data, list) and bool(data) and isinstance(data[0], str | int)
        case 3:
            is_right = isinstance(data, list) and packet.id is not None
        case _:
            is_right = isinstance(data, str | dict)
    if not is_right:
        raise BadPacket("The data of the packet does not match its type")


def take_out(data: Json, attachments: list[bytes]) -> Json:
    """The data with placeholders for its bytes, which are appended to `attachments`."""
    match data:
        case bytes() | bytearray() | memoryview():
            attachments.append(bytes(data))
            return {"_placeholder": True, "num": len(attachments) - 1}
        case list() | tuple():
            return [take_out(item, attachments) for item in data]
        case dict():
            return {key: take_out(item, attachments) for key, item in data.items()}
        case _:
            return data


def put_in(data: Json, attachments: list[bytes], depth: int = 0) -> Json:
    """The data with the attachments in place of their placeholders."""
    if depth > MAX_DEPTH:
        raise BadPacket(f"Nested too deep: at most {MAX_DEPTH} levels")
    match data:
        case {"_placeholder": True}:
            number = data.get("num")
            if type(number) is not int or not 0 <= number < len(attachments):
                raise BadPacket("A placeholder names an attachment that is missing")
            return attachments[number]
        case list():
            return [put_in(item, attachments, depth + 1) for item in data]
        case dict():
            return {key: put_in(item, attachments, depth + 1) for key, item in data.items()}
        case _:
            return data
