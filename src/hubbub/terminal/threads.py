"""The threads of a room in `hubbub chat`: who replied to what, and the commands that show replies and send them."""

import asyncio
from collections.abc import Iterator, Mapping

from hubbub.client import Client, Refused, Room, Unknown
from hubbub.protocol.beside import ThreadInRoom
from hubbub.protocol.keys import thread_key
from hubbub.protocol.messages import Message
from hubbub.terminal.names import KnownNames
from hubbub.terminal.screen import Screen
from hubbub.terminal.style import Line, name
from hubbub.terminal.text import in_a_row, shorten
from hubbub.terminal.transcript import Transcript

ANSWER_SECONDS = 5.0
SHOWN = 20  # replies of a thread
MAX_DIGITS = 15  # of a message's number
LISTED = 10  # messages of the room
_EXCERPT = 40  # columns
COMMANDS = {
    "/thread": "with a number, show the replies to that message; without, list the last messages and their numbers",
    "/reply": "with a number and a text, reply to that message in its thread",
}


def reply_in(line: str) -> tuple[str, int] | None:
    """Return the text and the message of a reply, if a line is the command that sends one."""
    word, number, text = [*line.split(maxsplit=2), "", "", ""][:3]
    return (text, int(number)) if word == "/reply" and _is_number(number) and text else None


def _is_number(text: str) -> bool:
    """Whether a text is the number of a message."""
    return text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS and int(text) > 0


class ThreadsShown:
    """The threads of one room on one screen."""

    def __init__(self, client: Client, room: str, screen: Screen, names: KnownNames) -> None:
        self._client = client
        self._room = room
        self._screen = screen
        self._names = names
        self._known: dict[int, int] = {}  # how many replies each message had
        self._begun_at = ""

    def begin(self, room: Room) -> None:
        """Take note of what there is, which need not be told of."""
        self._begun_at = max((each.at for each in room.messages), default="")
        self._note(room.threads)

    def new(self, threads: Mapping[int, ThreadInRoom]) -> Iterator[tuple[int, str | None]]:
        """Yield the messages that got replies, each with the account that replied last, if one did."""
        for seq, thread in threads.items():
            before = self._known.get(seq)
            is_new = thread.at > self._begun_at if before is None else thread.nth > before
            if is_new and thread.nth:
                yield seq, thread.people[0] if thread.people else None
        self._note(threads)

    def _note(self, threads: Mapping[int, ThreadInRoom]) -> None:
        self._known |= {seq: thread.nth for seq, thread in threads.items()}

    async def run(self, line: str) -> None:
        """Run a command that is no reply. While there is no answer, no further line is read, but not for long."""
        word, number = [*line.split(maxsplit=2), ""][:2]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if word == "/thread" and not number:
                    await self._list()
                elif word == "/thread" and _is_number(number):
                    await self._show(int(number))
                else:
                    self._screen.complain("Give the number of a message: see /thread and /help")
        except Refused as refusal:
            self._screen.complain(f"Refused: {refusal.message}")
        except (TimeoutError, Unknown):
            self._screen.complain("No answer from the server")

    async def _list(self) -> None:
        page = await self._client.history(self._room, limit=LISTED)
        self._names.meet(page)
        self._screen.show([self._listed(each, page.threads or {}) for each in page.messages])

    def _listed(self, message: Message, threads: Mapping[int, ThreadInRoom]) -> Line:
        text = "(deleted)" if message.deleted else in_a_row(message.text or "")
        thread = threads.get(message.seq)
        count = ""
        if thread is not None:
            count = " (1 reply)" if thread.replies == 1 else f" ({thread.replies} replies)"
        by = name(self._names.of(message.by))
        return [f"{message.seq}  ", by, f": {shorten(text, _EXCERPT)}{count}"]

    async def _show(self, seq: int) -> None:
        page = await self._client.history(thread_key(self._room, seq), limit=SHOWN)
        self._names.meet(page)
        transcript = Transcript(self._names.of)
        lines = [line for each in page.messages for line in transcript.message(each)]
        self._screen.show([[f"--- Replies to message {seq} ---"], *(lines or [["none"]])])
