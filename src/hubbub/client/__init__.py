"""The Python SDK: a client that reconnects by itself, misses no events and posts no message twice."""

from hubbub.client.account.changes import (
    DraftUpdated,
    PersonCame,
    PersonGone,
    PersonUpdated,
    PresenceUpdated,
    Refreshed,
    RoomHidden,
    RoomJoined,
    RoomLeft,
    RoomMoved,
    RoomRead,
    RoomUpdated,
    ThreadAdded,
    ThreadDropped,
    ThreadMoved,
    ThreadRead,
)
from hubbub.client.account.me import Me
from hubbub.client.client import Client, connect
from hubbub.client.errors import Closed, HubbubError, Refused, ResetError, Unknown, Unreachable
from hubbub.client.files import UploadedFile
from hubbub.client.rooms.inbox import Reset
from hubbub.client.rooms.room import Room
from hubbub.client.rooms.tracker import Position
from hubbub.client.rooms.verbs import Acknowledgement
from hubbub.client.transactions import post_in_transaction, post_in_transaction_sync
from hubbub.client.wire.states import ConnectionState, Status

__all__ = [
    "Acknowledgement",
    "Client",
    "Closed",
    "ConnectionState",
    "DraftUpdated",
    "HubbubError",
    "Me",
    "PersonCame",
    "PersonGone",
    "PersonUpdated",
    "Position",
    "PresenceUpdated",
    "Refreshed",
    "Refused",
    "Reset",
    "ResetError",
    "Room",
    "RoomHidden",
    "RoomJoined",
    "RoomLeft",
    "RoomMoved",
    "RoomRead",
    "RoomUpdated",
    "Status",
    "ThreadAdded",
    "ThreadDropped",
    "ThreadMoved",
    "ThreadRead",
    "Unknown",
    "Unreachable",
    "UploadedFile",
    "connect",
    "post_in_transaction",
    "post_in_transaction_sync",
]
