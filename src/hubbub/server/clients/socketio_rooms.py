"""One Socket.IO client. Commands are events, and every other event is a message in its room."""

from collections.abc import Callable
from typing import Any

from hubbub.protocol.codec import BadFrame, NotJson, check_strictly
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.foreign import socketio
from hubbub.protocol.foreign.engineio import BadPacket
from hubbub.protocol.foreign.socketio import SocketIoPacket
from hubbub.protocol.foreign.socketio_wires import (
    BARE_RELAY,
    BARE_RELAY_POLLING,
    RELAY,
    RELAY_POLLING,
    SOCKETIO_POLLING,
)
from hubbub.protocol.messages import Follow, Resumed, Snapshot
from hubbub.protocol.names import room_name_fault
from hubbub.protocol.wires import Wire
from hubbub.server.clients.native import NativeClient
from hubbub.server.clients.socketio import Namespace
from hubbub.server.engine.outlet import Outlet
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.names import is_short
from hubbub.server.people.door import Credentials
from hubbub.server.people.rates import Inflow

SEVERAL_ROOMS = "several"  # an offset without a position


def parse(text: str) -> Any:
    """Parse the JSON of a packet, as strictly as every door. Raises BadFrame, or BadPacket if it is not JSON."""
    try:
        return check_strictly(text)
    except NotJson as error:
        raise BadPacket("The data of the packet is not valid JSON") from error


class SocketIoClient:
    """A client in the main namespace.

    Once connected, it follows one room, by default the lobby, and gets each message as the event that
    it was emitted as. With `join` it follows more rooms, with all their events.
    """

    def __init__(
        self, namespace: Namespace, hub: Hub, credentials: Credentials, room: str, inflow: Inflow
    ) -> None:
        self._namespace = namespace
        self._transport = namespace.transport
        self._hub = hub
        self._credentials = credentials
        self._room = room
        self._inflow = inflow
        self._commands: NativeClient
        self._has_joined = False

    async def connect(self, auth: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> None:
        """Admit the client, and follow its room from the position that it sends, if any."""
        given = self._who(auth)
        await self._hub.door.prepare(given.token)
        visit = self._hub.door.enter(given)
        self._commands = NativeClient(self._hub, visit, self._credentials.place, self._inflow)
        try:
            self._commands.open(self._transport)
            self._room = await self._hub.names.key(visit.principal, self._asked(auth))
            join, pid = self._place(auth)

            def tell(resumption: Resumed | Snapshot) -> None:
                is_recovered = isinstance(resumption, Resumed) and pid is not None
                answer({"pid": pid if is_recovered else self._pid(resumption.start)})

            relay = self._relay(self._transport.outlet)
            await self._commands.relay(join, tell, relay, self._namespace.disconnect)
        except BaseException:
            self._commands.end()
            raise

    async def hear(self, event: SocketIoPacket) -> None:
        """Carry out a command, or pass the event on to everyone in the room."""
        name, *arguments = event.data
        try:
            if name in self._hub.rules.commands.names:
                fields = _command(name, arguments, event)
            else:
                fields = _post(self._room, str(name), arguments, event)
            command = self._hub.rules.commands.convert(fields | {"id": event.id})
            if isinstance(command, Follow) and not self._has_joined:
                self._follow_several()
            if (later := self._commands.obey(command)) is not None:
                await later
        except BadFrame as error:
            self.refuse(error, event.id)

    def refuse(self, flaw: BadFrame, ack: int | None) -> None:
        """Refuse an invalid event. Raises Hangup if there are too many."""
        self._commands.count_bad(BadFrame(flaw.refusal.detail, ack))

    def move(self, outlet: Outlet) -> None:
        """Write to another outlet from now on."""
        self._commands.move(outlet, self._relay(outlet))

    def end(self) -> None:
        """The client has left."""
        self._commands.end()

    def _who(self, auth: dict[str, Any]) -> Credentials:
        given = {key: auth.get(key) for key in ("name", "key", "token")}
        if not all(value is None or isinstance(value, str) for value in given.values()):
            raise RefusalError("bad_request", "`name`, `key` and `token` must be strings")
        base = self._credentials
        return Credentials(
            given["name"] or base.name,
            given["key"] or base.key,
            given["token"] or base.token,
            base.address,
            base.place,
        )

    def _asked(self, auth: dict[str, Any]) -> str:
        """Return the room that it asks for, as it calls it. Raises RefusalError."""
        room = auth.get("room", self._room)
        if not isinstance(room, str):
            raise RefusalError("bad_request", "`room` must be a string")
        if not is_short(room) and (fault := room_name_fault(room)):
            raise RefusalError("bad_request", fault)
        return room

    def _place(self, auth: dict[str, Any]) -> tuple[Follow, str | None]:
        """Return the position to follow from, and the pid if Socket.IO's own recovery sends one."""
        if (since := auth.get("since")) is not None:
            return Follow(room=self._room, since=_seq(since), epoch=auth.get("epoch")), None
        since = self._recovered_from(auth)
        return Follow(room=self._room, since=since), auth["pid"] if since is not None else None

    def _pid(self, start: int) -> str:
        """Return the pid that a returning client sends: the log, and where it began to follow the room."""
        return f"{self._hub.reading.epoch}:{start}:{self._room}"

    def _recovered_from(self, auth: dict[str, Any]) -> int | None:
        """Return the seq to continue after: that of the last received event, or where the client began."""
        epoch, _, rest = str(auth.get("pid")).partition(":")
        start, _, room = rest.partition(":")
        offset = auth.get("offset", start)
        is_known = (epoch, room) == (self._hub.reading.epoch, self._room) and _is_seq(offset)
        return int(offset) if is_known else None

    def _follow_several(self) -> None:
        """Stop sending offsets, which would only cover one of several rooms."""
        self._has_joined = True
        self._commands.relay_in(self._relay(self._transport.outlet))
        self._namespace.emit("joined", SEVERAL_ROOMS)

    def _relay(self, outlet: Outlet) -> Wire:
        is_polling = outlet.wire is SOCKETIO_POLLING
        if self._has_joined:
            return BARE_RELAY_POLLING if is_polling else BARE_RELAY
        return RELAY_POLLING if is_polling else RELAY


def _command(name: str, arguments: list[Any], event: SocketIoPacket) -> dict[str, Any]:
    """Return the fields of the command that an event of its name asks for. Raises BadFrame."""
    fields = arguments[0] if arguments else {}
    if not isinstance(fields, dict) or len(arguments) > 1:
        raise BadFrame(f"`{name}` takes exactly one object", event.id)
    if event.has_bytes and name != "post":
        raise BadFrame(f"`{name}` takes JSON, without bytes", event.id)
    return fields | {"do": name}


def _post(room: str, name: str, arguments: list[Any], event: SocketIoPacket) -> dict[str, Any]:
    """Return the fields of the post of any other event."""
    said: dict[str, Any] = {"arguments": arguments}
    if len(arguments) == 1 and isinstance(arguments[0], str):
        said = {"text": arguments[0]}
    elif event.has_bytes:
        attachments: list[bytes] = []
        said["arguments"] = socketio.take_out(arguments, attachments)
        said["attachments"] = attachments
    return {"do": "post", "room": room, "emitted_as": name, **said}


def _seq(since: Any) -> int | None:
    if since is None:
        return None
    if _is_seq(since):
        since = int(since)
    if not isinstance(since, int) or isinstance(since, bool):
        raise RefusalError("bad_request", "Invalid `since`: use the seq of an event")
    return since


def _is_seq(text: Any) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 19
