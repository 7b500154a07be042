"""One native client: its principal and its rooms. Turns commands into calls of the hub, and into replies."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Self, assert_never

from hubbub import __version__
from hubbub.domain.facts import Accepted, Answer
from hubbub.domain.identity import at_address
from hubbub.domain.principals import Principal, Role
from hubbub.protocol.codec import BadFrame, id_of, is_larger, too_large
from hubbub.protocol.errors import Close, Refusal, RefusalError
from hubbub.protocol.keys import is_made_key
from hubbub.protocol.messages import (
    AboutPresence,
    AnyCommand,
    Ask,
    Change,
    CommandId,
    Error,
    Follow,
    FollowAll,
    Hello,
    History,
    Join,
    Leave,
    Post,
    Question,
    Reply,
    Resumed,
    Signal,
    Snapshot,
    Start,
    Unfollow,
)
from hubbub.protocol.wires import Wire
from hubbub.server.clients.base import Hangup, Later, Transport
from hubbub.server.clients.followed import Followed
from hubbub.server.engine.outlet import Outlet
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.names import is_plain
from hubbub.server.people.door import Credentials
from hubbub.server.people.places import Place
from hubbub.server.people.rates import Inflow
from hubbub.server.people.visits import Visit
from hubbub.server.stores.base import UNREADABLE, StoreFailed

MAX_BAD_FRAMES = 20
MAX_HELLO_BYTES = 12_288  # a token, a name and a key, escaped or not
HELLO_TIMEOUT = 10.0  # seconds for clients that need a token
HEARTBEAT = 15  # seconds

log = logging.getLogger(__name__)


class NativeClient:
    """A client that sends commands. Without a visit, it is nobody until one of them identifies it."""

    __slots__ = (
        "_address",
        "_bad_frames",
        "_followed",
        "_hub",
        "_inflow",
        "_is_greeted",
        "_outlet",
        "_place",
        "_principal",
        "_transport",
        "_visit",
    )

    def __init__(
        self, hub: Hub, visit: Visit | None, place: Place | None, inflow: Inflow | None = None
    ) -> None:
        """`place` is the peer's place. `inflow` counts what it sends, if that is counted before it is parsed."""
        self._hub = hub
        self._place = place
        self._address = place.address if place else ""
        self._inflow = inflow or hub.throttle.inflow(at_address(self._address))
        self._visit = visit
        self._principal: Principal | None = None
        self._bad_frames = 0
        self._is_greeted = False
        self._transport: Transport
        self._outlet: Outlet
        self._followed = Followed(hub)

    @classmethod
    def greet(cls, hub: Hub, credentials: Credentials) -> Self:
        """Make a client, and let it in if its credentials are enough. Raises RefusalError."""
        is_known = credentials.name is not None or credentials.token is not None
        return cls(hub, hub.door.enter(credentials) if is_known else None, credentials.place)

    def open(self, transport: Transport) -> None:
        """It is connected. Where guests may not come in, it must say soon who it is."""
        self._transport = transport
        self._outlet = transport.outlet
        self._followed.open(transport)
        if self._visit is not None:
            self._admit(self._visit)
        elif not self._hub.door.has_guests:
            asyncio.get_running_loop().call_later(HELLO_TIMEOUT, self._require_hello)

    def hear(self, message: str | bytes) -> Later | None:
        """Handle one frame."""
        if isinstance(message, bytes):
            raise Hangup(Close.UNSUPPORTED)
        size, most = len(message), self._hub.limits.message_bytes
        if wait := self._inflow.wait(size):
            self._refuse(id_of(message), self._hub.throttle.too_many_bytes(wait))
            return None
        try:
            if self._visit is None and size > MAX_HELLO_BYTES:
                self._recognise(None)  # no `hello` is that large: decide who it is before parsing
            if 4 * size > most and is_larger(message, most):  # from a body of several
                raise too_large(most)
            command = self._hub.rules.commands.decode(message)
        except BadFrame as error:
            self.count_bad(error)
            return None
        except RefusalError as error:
            self._refuse(None, error.refusal)
            return None
        return self.obey(command)

    def obey(self, command: AnyCommand) -> Later | None:
        """Carry out one command and answer it, as `hear` does."""
        if (
            type(command) is Post  # by far the most frequent
            and self._principal is not None
            and is_plain(command)
        ):
            self._change(command, self._principal)
            return None
        return self._carry_out(command)

    async def relay(
        self,
        follow: Follow,
        tell: Callable[[Resumed | Snapshot], None],
        wire: Wire,
        idle: Callable[[], None],
    ) -> None:
        """Follow a room in a wire form of another protocol's: see `Followed.relay`. Raises RefusalError."""
        assert self._principal is not None
        await self._followed.relay(follow, self._principal, tell, wire, idle)

    def relay_in(self, wire: Wire) -> None:
        """Go on with the relay, if there still is one, in another wire form."""
        self._followed.relay_in(wire)

    def move(self, outlet: Outlet, relayed_in: Wire | None = None) -> None:
        """Continue on another outlet of the same client."""
        self._outlet = outlet
        self._followed.move(outlet, relayed_in)

    def end(self) -> None:
        """The connection has ended: stop following rooms, and release the name."""
        self._followed.end()
        if self._visit is not None:
            self._hub.door.exit(self._visit)

    def count_bad(self, error: BadFrame) -> None:
        """Refuse an invalid frame. Raises Hangup if there are too many."""
        self._bad_frames += 1
        self._refuse(error.id, error.refusal)
        if self._bad_frames >= MAX_BAD_FRAMES:
            raise Hangup(Close.BAD_FRAMES)

    async def _carry_out(self, command: AnyCommand) -> None:
        """Carry out any command. Every error becomes its reply."""
        try:
            hello = command if isinstance(command, Hello) else None
            if hello is not None:
                await self._hub.door.prepare(hello.token)
            principal = self._recognise(hello)
            command = await self._hub.in_full(principal, command)
            if isinstance(command, Change):
                self._change(command, principal)
            elif isinstance(command, Question):
                await self._tell(command.id, await self._hub.questions.answer(principal, command))
            elif isinstance(command, AboutPresence):
                await self._tell(command.id, await self._followed.attend(command, principal))
            else:
                await self._tell(command.id, await self._act(command, principal))
        except RefusalError as error:
            self._refuse(command.id, error.refusal)
        except StoreFailed as error:
            log.warning("A command failed: %s", error)
            self._refuse(command.id, UNREADABLE)
        except Hangup:
            raise
        except Exception:
            log.exception("A command failed")
            self._refuse(
                command.id, Refusal("internal", "The server failed; its log has the details")
            )

    async def _tell(self, command_id: CommandId | None, answer: Any) -> None:
        """Answer with what was read, unless whoever asked may not get it any more: then the connection is closed."""
        if answer is not None:  # else it was told
            await self._hub.door.heed_ends()
            self._reply(command_id, answer)

    def _recognise(self, said: Hello | None) -> Principal:
        """Return the principal. The first command identifies it; otherwise it is a guest without a name."""
        hello = said or Hello()
        if self._visit is None:
            given = Credentials(hello.name, hello.key, hello.token, self._address, self._place)
            self._admit(self._hub.door.enter(given))
        elif hello.token is not None:
            self._renew(hello.token)
        elif self._is_greeted and said is not None:
            raise RefusalError(
                "bad_request", "Send `hello` first; send it again only with a new token"
            )
        elif not self._is_greeted and hello.name not in (None, self._visit.principal.name):
            raise RefusalError(
                "bad_request", f"This connection is already named {self._visit.principal.name}"
            )
        self._is_greeted = True
        assert self._principal is not None
        return self._principal

    def _admit(self, visit: Visit) -> None:
        self._visit, self._principal = visit, visit.principal
        self._inflow.charge_to(visit.principal.counted_as)
        visit.open(self._transport)

    def _renew(self, token: str) -> None:
        """Continue with a newer token of the same person, which may have another expiry and other scopes."""
        assert self._visit is not None
        if self._is_greeted:  # the first `hello` may repeat the handshake's token
            self._hub.throttle.pace(self._visit.principal)
        credentials = Credentials(token=token, address=self._address, place=self._place)
        visit = self._hub.door.renew(self._visit, credentials)
        self._admit(visit)
        self._followed.go_on(visit.principal)

    def _change(self, change: Change, principal: Principal) -> None:
        self._hub.writing.submit(principal, change, partial(self._answer, change.id, change.room))

    def _answer(self, command_id: CommandId | None, room: str, answer: Answer) -> None:
        if isinstance(answer, Refusal):
            self._refuse(command_id, answer)
        elif command_id is not None:
            self._reply(command_id, accepted(room, answer))

    async def _act(self, command: Ask, principal: Principal) -> Any:
        """Carry out a command that changes no log. Returns the reply, unless it was sent already."""
        match command:
            case Hello():
                return self._welcome(principal)
            case Follow():
                if isinstance(command, Join) and is_made_key(command.room):
                    key = command.client_message_id
                    _require(await self._hub.writing.join(principal, command.room, key))
                tell = partial(self._reply, command.id)
                return await self._followed.follow(command, principal, tell)
            case Unfollow():
                if isinstance(command, Leave) and is_made_key(command.room):
                    key = command.client_message_id
                    _require(await self._hub.writing.leave(principal, command.room, key))
                self._followed.unfollow(command.room)
                return {"room": command.room}
            case FollowAll():
                return await self._followed.follow_all(command, principal)
            case Start():
                return await self._hub.starting.start(principal, command)
            case Signal():
                await self._hub.writing.signal(principal, command)
                return {"room": command.room}
            case History():
                return await self._hub.reading.history(principal, command)
            case _:
                assert_never(command)

    def _welcome(self, principal: Principal) -> dict[str, Any]:
        limits = self._hub.limits
        shown = {} if principal.person.id is None else {"id": principal.person.id}
        return {
            "user": principal.name,
            **shown,
            "guest": principal.role is Role.GUEST,
            "server": f"hubbub/{__version__}",
            "protocol": "hubbub.v1",
            "epoch": self._hub.reading.epoch,
            "limits": {
                "message_bytes": limits.message_bytes,
                "messages_per_s": limits.messages_per_s,
                "rooms": limits.rooms,
            },
            "pictures": self._hub.makes_pictures,
            "heartbeat": HEARTBEAT,
        }

    def _reply(self, command_id: CommandId | None, ok: Any) -> None:
        if command_id is not None and ok is not None:
            self._outlet.queue(self._outlet.wire.reply(Reply(re=command_id, ok=ok)))

    def _refuse(self, command_id: CommandId | None, refusal: Refusal) -> None:
        self._hub.refused(refusal.code)
        self._outlet.queue(self._outlet.wire.reply(Reply(re=command_id, error=Error.of(refusal))))
        if refusal.code == "rate_limited" and self._hub.throttle.is_flooding(self._inflow.payer):
            raise Hangup(Close.TOO_FAST)

    def _require_hello(self) -> None:
        """Hang up if it has not identified itself by now."""
        if self._visit is None:
            self._transport.hang_up(Close.TIMED_OUT)


def _require(answer: Answer) -> None:
    """Raise a refusal."""
    if isinstance(answer, Refusal):
        raise RefusalError.of(answer)


def accepted(room: str, answer: Accepted) -> dict[str, Any]:
    """Return the answer to an accepted change, the same on every door."""
    made: dict[str, Any] = {} if answer.made is None else {"made": answer.made}
    if answer.unreached:
        made["unreached"] = answer.unreached
    if answer.seq is None:
        return {"room": room, "seq": None, **made}
    ok = {"room": room, "seq": answer.seq, "at": answer.at, **made}
    return {**ok, "duplicate": True} if answer.is_duplicate else ok
