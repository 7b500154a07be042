"""Remarks about the connection and about what became of a message, as opposed to messages of the room."""

from collections.abc import Callable, Iterable

from hubbub.client import Client, ConnectionState, Reset
from hubbub.protocol.messages import Resumed

WORTH_SAYING_SECONDS = 2.0


async def remark_on(client: Client, remark: Callable[[str], None]) -> None:
    """Tell when the connection is lost and when the next attempt is, except for attempts in quick succession."""
    what, is_news = f"Can't reach {client.url}", True
    async for status in client.statuses():
        if status.state is ConnectionState.CONNECTED:
            what, is_news = "Connection lost", True
        elif status.retry_in is not None and (is_news or status.retry_in >= WORTH_SAYING_SECONDS):
            remark(f"{what} ({status.reason}), retrying in {_seconds(status.retry_in)}")
            is_news = False


def about_resumed(resumed: Resumed) -> str:
    """The remark after a reconnect that missed no events for good."""
    match resumed.missed:
        case 0:
            return "Reconnected; no events were missed"
        case 1:
            return "Reconnected; 1 missed event follows"
        case missed:
            return f"Reconnected; {missed} missed events follow"


def about_reset(reset: Reset) -> str:
    """The remark where events are missing."""
    if reset.truncated is not None:
        why = f"the server only keeps events from {reset.truncated} on"
    else:
        why = "the log is a different one, or too many events were missed"
    return f"Some events are missing ({why}); the current state of the room follows"


def about_unreached(handles: Iterable[str]) -> str:
    """The remark about a message that mentions people who are not told of it."""
    names = ", ".join(f"@{handle}" for handle in sorted(handles))
    return f"Not told of this message, since they aren't members of the room: {names}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 1 else "a moment"
