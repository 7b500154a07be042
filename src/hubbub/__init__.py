"""hubbub: an instant messenger and real-time engine.

    import hubbub

    async with hubbub.connect("http://localhost:8181", name="ada") as me:
        room = await me.join("lobby")
        await room.post("hello, everyone")

Names are loaded when they are first used, so that `import hubbub` and `hubbub --help` stay fast. Type
checkers read `__init__.pyi` instead.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "hubbub.client": """
        Acknowledgement Client Closed ConnectionState DraftUpdated HubbubError Me PersonCame PersonGone
        PersonUpdated Position PresenceUpdated Refreshed Refused Reset ResetError Room RoomHidden RoomJoined
        RoomLeft RoomMoved RoomRead RoomUpdated Status ThreadAdded ThreadDropped ThreadMoved ThreadRead Unknown Unreachable connect post_in_transaction
        post_in_transaction_sync
    """,
    "hubbub.events": "Deleted Edited Event LinkPreview Patched Posted Previewed Reacted RootDeleted Unreacted",
    "hubbub.events.conversation": "Pinned Unpinned",
    "hubbub.events.threads": "Threaded ThreadEnded ThreadReopened",
    "hubbub.events.rooms": """
        Appointed Archived Banned Changed Created Invited Joined Left Muted Removed Restored
        Unbanned Unmuted
    """,
    "hubbub.protocol.commands.conversation": "DraftsPage EditsPage OneMessage PinsPage SavedPage MessageSource",
    "hubbub.protocol.messages": """
        Members Message Page Presence Receipt Resumed Snapshot ThreadsMoved Typing Value
    """,
    "hubbub.protocol.commands.missed": "MissedPage",
    "hubbub.protocol.commands.search": "SearchPage",
    "hubbub.protocol.commands.threads": "MyThreadsPage ThreadsPage",
    "hubbub.protocol.presence": "PersonPresence",
    "hubbub.protocol.commands.starting": "MyRoom ShownPerson",
}
_HOMES = {name: home for home, names in _PUBLIC.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = _version()
    elif name == "__all__":
        value = __dir__()
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'hubbub' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])


def _version() -> str:
    from importlib.metadata import version

    return version("hubbub")
