"""Engine.IO 4 packets, and their bytes in polling requests and WebSocket messages. No I/O, no clock."""

import base64
import binascii
from typing import NamedTuple

import msgspec

VERSION = "4"
OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = "0123456"
SEPARATOR = "\x1e"  # between the packets of a payload
PROBE = "probe"


class BadPacket(ValueError):
    """The peer sent something that is not a packet of the protocol."""


class EngineIoPacket(NamedTuple):
    """One packet. Only messages can carry bytes."""

    kind: str
    data: str | bytes = ""


class EngineIoSettings(NamedTuple):
    """The settings that a server announces: times in milliseconds, `max_payload` in bytes."""

    ping_interval: int = 25_000
    ping_timeout: int = 20_000
    max_payload: int = 1_000_000


def handshake(sid: str, settings: EngineIoSettings, *, can_upgrade: bool) -> EngineIoPacket:
    """The packet that opens a session."""
    told = {
        "sid": sid,
        "upgrades": ["websocket"] if can_upgrade else [],
        "pingInterval": settings.ping_interval,
        "pingTimeout": settings.ping_timeout,
        "maxPayload": settings.max_payload,
    }
    return EngineIoPacket(OPEN, msgspec.json.encode(told).decode())


def decode_frame(frame: str | bytes) -> EngineIoPacket:
    """The packet in a WebSocket message. Raises BadPacket."""
    if isinstance(frame, bytes):
        return EngineIoPacket(MESSAGE, frame)
    if frame[:1] not in set("0123456"):
        raise BadPacket("Unknown packet type")
    return EngineIoPacket(frame[0], frame[1:])


def encode_record(packet: EngineIoPacket) -> str:
    """A packet as one record of a payload."""
    if isinstance(packet.data, bytes):
        return "b" + base64.b64encode(packet.data).decode()
    return packet.kind + packet.data


def encode_frame(packet: EngineIoPacket) -> str | bytes:
    """A packet as a WebSocket message."""
    return packet.data if isinstance(packet.data, bytes) else packet.kind + packet.data


def decode_record(record: str) -> EngineIoPacket:
    """The packet in one record of a payload. Raises BadPacket."""
    if record[:1] != "b":
        return decode_frame(record)
    try:
        return EngineIoPacket(MESSAGE, base64.b64decode(record[1:], validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadPacket("Invalid base64") from error
