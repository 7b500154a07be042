"""What is said about the connection, as opposed to in the room."""

from collections.abc import Callable

from hubbub.client import Client, ConnectionState, Reset
from hubbub.protocol.messages import Resumed

WORTH_SAYING_SECONDS = 2.0


async def remark_on(client: Client, remark: Callable[[str], None]) -> None:
    """Say when the connection is lost, and what is done about it; but not each short attempt."""
    what, is_news = f"{client.url} can't be reached", True
    async for status in client.statuses():
        if status.state is ConnectionState.CONNECTED:
            what, is_news = "connection lost", True
        elif status.retry_in is not None and (is_news or status.retry_in >= WORTH_SAYING_SECONDS):
            remark(f"{what} ({status.reason}), trying again in {_seconds(status.retry_in)}")
            is_news = False


def about_resumed(resumed: Resumed) -> str:
    """After a reconnect."""
    match resumed.missed:
        case 0:
            return "back: nothing was missed"
        case 1:
            return "back: 1 missed event follows"
        case missed:
            return f"back: {missed} missed events follow"


def about_reset(reset: Reset) -> str:
    """After a hole."""
    if reset.truncated is not None:
        why = f"the server keeps only what came from {reset.truncated} on"
    else:
        why = "the log is another one, or too much was missed"
    return f"some events were not received ({why}); the room as it is now follows"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 1 else "a moment"
