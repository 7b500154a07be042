"""`hubbub chat`: chat in a room, line by line. Messages typed while offline are kept and sent in order."""

import asyncio
import difflib
from contextlib import suppress

from hubbub.client import Client, ConnectionState, Reset, Room
from hubbub.protocol.messages import Message, Presence, Resumed, ThreadsMoved
from hubbub.terminal import saving, search, threads
from hubbub.terminal.home import Drafts
from hubbub.terminal.names import KnownNames
from hubbub.terminal.outgoing import Outgoing
from hubbub.terminal.presence import PresenceRemarks
from hubbub.terminal.remarks import about_reset, about_resumed, remark_on
from hubbub.terminal.run import beside, first, run
from hubbub.terminal.screen import Screen, Streams, Terminal, is_terminal
from hubbub.terminal.stdin import BadInput
from hubbub.terminal.text import shorten
from hubbub.terminal.transcript import Transcript

SHOWN_AT_FIRST = 20
PROMPT_COLUMNS = 24
GOODBYE_SECONDS = 3.0
COMMANDS = {
    "/help": "show this help",
    "/quit": "leave, like Ctrl-D",
    **threads.COMMANDS,
    **search.COMMANDS,
    **saving.COMMANDS,
}


def chat(client: Client, room: str, drafts: Drafts, *, quiet: bool) -> None:
    """Chat in `room` until the input ends: on a terminal with a prompt and commands, else with lines from stdin.

    On a terminal, messages that are not acknowledged at the end are kept in `drafts` and sent the next time.

    Raises:
        Refused: the server refused the name, the room or (without a terminal) a line.
        Unreachable: the server could not be reached.
        Closed: the server closed the connection for good.
        BadInput: without a terminal, a line can't be sent. The lines before it were sent.
    """

    async def talk() -> None:
        with Terminal() if is_terminal() else Streams(quiet=quiet) as screen:
            kept = drafts if screen.is_interactive else None
            await Conversation(client, room, screen, kept).hold()

    run(talk())


class Conversation:
    """One room on one screen."""

    def __init__(
        self, client: Client, room: str, screen: Screen, drafts: Drafts | None = None
    ) -> None:
        self._client = client
        self._room = room
        self._screen = screen
        self._names = KnownNames(client)
        self._transcript = Transcript(self._names.of)
        self._threads = threads.ThreadsShown(client, room, screen, self._names)
        self._search = search.SearchShown(client, screen)
        self._outgoing = Outgoing(screen, drafts)
        self._joined = asyncio.Event()
        self._shown = asyncio.Event()
        self._shown_seq = 0

    async def hold(self) -> None:
        """Chat until the input ends or the client is closed for good."""
        self._outgoing.resume()
        try:
            async with beside(remark_on(self._client, self._screen.remark), self._show_state()):
                await first(self._enter(), self._talk())
        finally:
            self._outgoing.say_goodbye()

    async def _talk(self) -> None:
        async with self._client as client:
            try:
                await first(self._follow(), self._outgoing.post_by(client, self._room))
            finally:
                if self._screen.is_interactive:
                    self._screen.remark("Leaving")

    async def _follow(self) -> None:
        await self._names.open(self._room)
        room = await self._client.follow(self._room)
        self._names.meet(room.snapshot)
        self._joined.set()
        self._threads.begin(room)
        self._welcome(room)
        self._has_shown(room)
        async with beside(self._show_people(room)):
            await self._show(room)

    async def _enter(self) -> None:
        """Read messages until the input ends, then wait for their acknowledgements."""
        failure = None
        try:
            await self._take_lines()
        except BadInput as error:
            failure = error
        except asyncio.CancelledError:
            for message in filter(None, map(self._message, self._screen.untaken())):
                self._outgoing.keep(*message)
            raise
        await self._finish()
        if failure is not None:
            raise failure

    async def _take_lines(self) -> None:
        async for line in self._screen.lines():
            if message := self._message(line):
                await self._outgoing.add(*message)
            elif line.strip() == "/quit":
                break
            elif line.strip():
                await self._command(line)

    def _message(self, line: str) -> tuple[str, int | None] | None:
        """The message in a line, and the one that it replies to, or None for any other command or an empty line.

        Only single lines on a terminal can be commands.
        """
        if line.startswith("/") and self._screen.is_interactive and "\n" not in line:
            return (line[1:], None) if line.startswith("//") else threads.reply_in(line)
        return (line, None) if line.strip() else None

    async def _command(self, line: str) -> None:
        """Run a command. An unknown one is not sent as a message, since it may be mistyped."""
        word = line.split(maxsplit=1)[0]
        if word == "/help":
            self._screen.show([[f"{name}  {what}"] for name, what in COMMANDS.items()])
            self._screen.show(
                [["Anything else is sent as a message; begin it with // to send a /"]]
            )
        elif word in threads.COMMANDS:
            await self._threads.run(line)
        elif word in search.COMMANDS:
            await self._search.run(line)
        elif word in saving.COMMANDS:
            await saving.save(self._client, self._room, line, self._screen.remark)
        else:
            close = difflib.get_close_matches(word, COMMANDS, 1)
            meant = close[0] if close else "/help"
            self._screen.complain(
                f"Not sent: unknown command {word}; try {meant}, or begin with // to send it as a message"
            )

    async def _finish(self) -> None:
        """Wait for acknowledgements: on a terminal briefly, else as long as it takes."""
        if self._screen.is_interactive:
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._outgoing.until_acknowledged()
            return
        await self._joined.wait()
        await self._outgoing.until_acknowledged()
        while self._shown_seq < self._outgoing.last_seq:
            self._shown.clear()
            await self._shown.wait()
        if self._outgoing.refusal is not None:
            raise self._outgoing.refusal

    def _welcome(self, room: Room) -> None:
        help_hint = "; type /help for help" if self._screen.is_interactive else ""
        me, members = self._names.of(self._client.user), room.members
        self._screen.remark(f"You are {me} at {self._client.url}{help_hint}")
        names = f" ({', '.join(map(self._names.of, members.names))})" if members.names else ""
        title = self._names.of_room(room.name, self._room)
        self._screen.remark(f"{title}: {members.count} here{names}")
        self._show_messages(room.messages[-SHOWN_AT_FIRST:])

    async def _show(self, room: Room) -> None:
        """Show events, and where events are missing."""
        async for item in room.stream(markers=True):
            await self._names.learn(item)
            match item:
                case Resumed():
                    self._screen.remark(about_resumed(item))
                case Reset():
                    self._screen.remark(about_reset(item))
                    self._show_messages(item.snapshot.messages[-SHOWN_AT_FIRST:])
                case _:
                    self._screen.show(self._transcript.event(item))
            self._has_shown(room)

    def _has_shown(self, room: Room) -> None:
        self._shown_seq = room.position.seq
        self._shown.set()

    def _show_messages(self, messages: list[Message]) -> None:
        lines = [line for message in messages for line in self._transcript.message(message)]
        if lines:
            self._screen.show(lines)

    async def _show_people(self, room: Room) -> None:
        later = asyncio.get_running_loop().call_later
        remarks = PresenceRemarks(room.members, self._screen.remark, later, self._names.of)
        async for signal in room.signals():
            if isinstance(signal, Presence):
                remarks.update(room.members)
            elif isinstance(signal, ThreadsMoved):
                for seq, by in self._threads.new(signal.threads):
                    self._screen.show([self._transcript.replied(seq, by)])

    async def _show_state(self) -> None:
        """Show in the prompt whether messages are sent now or later."""
        name = shorten(self._room, PROMPT_COLUMNS)
        async for status in self._client.statuses():
            is_connected = status.state is ConnectionState.CONNECTED
            self._screen.prompt(f"{name}> " if is_connected else f"{name} (offline)> ")
