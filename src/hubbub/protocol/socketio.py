"""Socket.IO 5 as packets and bytes: namespaces, events, acknowledgements, attachments. No I/O, no clock."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from hubbub.protocol.codec import BAD_JSON, BadFrame
from hubbub.protocol.engineio import BadPacket
from hubbub.protocol.strict import strict_value

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)
WITH_BYTES = {EVENT: BINARY_EVENT, ACK: BINARY_ACK}
WITHOUT_BYTES = {binary: kind for kind, binary in WITH_BYTES.items()}
# Names that Socket.IO's clients keep for themselves: they hang up at an event that is called so.
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
    """One packet. `data` may hold bytes anywhere; `id` asks for an acknowledgement, or is one's.

    `flaw`: it is a packet of the protocol, but what it says can't be taken, and is left out.
    """

    kind: int
    data: Json = None
    namespace: str = "/"
    id: int | None = None
    flaw: BadFrame | None = None


def encode(packet: SocketIoPacket) -> list[str | bytes]:
    """A packet as messages: a text, and then its attachments."""
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
    """JSON, strictly. Raises BadPacket."""
    try:
        return strict_value(text)
    except BAD_JSON as error:
        raise BadPacket("the packet's data is no JSON") from error


class Decoder:
    """Puts the messages of one connection together to packets."""

    def __init__(
        self, max_bytes: int = MAX_BYTES, parse: Callable[[str], Json] = parse_json
    ) -> None:
        """`max_bytes` is what the attachments of one packet may have.

        `parse` raises BadPacket, or BadFrame for what is JSON and yet can't be taken.
        """
        self._max_bytes = max_bytes
        self._parse_json = parse
        self._packet: SocketIoPacket | None = None  # which waits for attachments
        self._count = 0
        self._attachments: list[bytes] = []

    def feed(self, message: str | bytes) -> SocketIoPacket | None:
        """The packet that a message completes, if it does. Raises BadPacket."""
        if isinstance(message, bytes):
            return self._attach(message)
        if self._packet is not None:
            raise BadPacket("attachments were announced, and text came")
        packet, self._count = self._parse(message)
        if not self._count:
            if "_placeholder" in message:
                put_in(packet.data, [])
            return packet
        self._packet, self._attachments = packet, []
        return None

    def _attach(self, attachment: bytes) -> SocketIoPacket | None:
        if self._packet is None:
            raise BadPacket("an attachment came that nothing announced")
        self._attachments.append(attachment)
        if sum(map(len, self._attachments)) > self._max_bytes:
            raise BadPacket(f"at most {self._max_bytes} bytes")
        if len(self._attachments) < self._count:
            return None
        packet, self._packet = self._packet, None
        return packet._replace(data=put_in(packet.data, self._attachments))

    def _parse(self, text: str) -> tuple[SocketIoPacket, int]:
        found = _PACKET.fullmatch(text)
        if found is None:
            raise BadPacket("there is no packet of that type")
        digits, attachments, namespace, number, rest = found.groups()
        kind, count = int(digits), int(attachments or 0)
        if (kind in WITHOUT_BYTES) != bool(attachments):
            raise BadPacket("only packets with bytes have attachments")
        if count > MAX_ATTACHMENTS:
            raise BadPacket(f"at most {MAX_ATTACHMENTS} attachments")
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
        raise BadPacket("the packet's data is not of its type")


def take_out(data: Json, attachments: list[bytes]) -> Json:
    """The data with placeholders for its bytes, which go to the attachments."""
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
    """The data with the attachments in the place of their placeholders."""
    if depth > MAX_DEPTH:
        raise BadPacket(f"nested more than {MAX_DEPTH} deep")
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
