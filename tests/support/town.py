"""A town: a server with people of every standing, and rooms of every kind and state, for tests of who may do what."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt

from hubbub.domain.access import Operation
from hubbub.domain.places import MadeKind, RoomPlace, Standing
from hubbub.protocol.secrets import digest_of
from hubbub.server.people.tokens import PREFIX
from hubbub.server.stores.base import Token
from hubbub.server.stores.registry import kind_of
from tests.integration.native import Native, native
from tests.support.access_table import KEPT_IN_ARCHIVES as KEPT
from tests.support.access_table import NOT_FOUND, WRITES, banned, case, public_to
from tests.support.access_table import OF_THOSE_WHO_POST as POSTING
from tests.support.images import GIF
from tests.support.site import Site, Someone, site

OWN = 6  # messages of each who may write one: each door deletes one of them
MANY = 40  # messages of one member, for others to delete
SECRET = "correct horse battery staple, and more"
KEY = "made up at random"
ALIKE = ("vera", "token", "jwt")  # whom most rooms treat as they do xena
OUTSIDE = ("token", "jwt")  # principals of other applications, who reach no made room

# Who is what in an open or closed room. In the direct, only grace and gus are.
PLACES = {
    "grace": RoomPlace.HOST,
    "mary": RoomPlace.MEMBER,
    "mona": RoomPlace.MEMBER,  # muted
    "gus": RoomPlace.GUEST,
    "nina": RoomPlace.OTHER,
    "bart": RoomPlace.OTHER,  # banned
    "ada": RoomPlace.ADMIN,
    "xena": RoomPlace.OUTSIDER,
    "vera": RoomPlace.OUTSIDER,  # a visitor
    "token": RoomPlace.OUTSIDER,
    "jwt": RoomPlace.OUTSIDER,
}
ROLES = {"mona": "member", "grace": "member", "mary": "member", "gus": "guest"} | {
    "nina": "member",
    "bart": "member",
    "xena": "guest",
    "tess": "member",  # whom others ban and mute
    "sue": "member",  # who is suspended
}
# What each room is like: its kind, and what is changed once there are messages in it.
ROOMS: dict[str, tuple[MadeKind, dict[str, Any]]] = {
    "open": (MadeKind.OPEN, {}),
    "closed": (MadeKind.CLOSED, {}),
    "direct": (MadeKind.DIRECT, {}),
    "open, to read": (MadeKind.OPEN, {"public": "read"}),
    "open, to post": (MadeKind.OPEN, {"public": "post"}),
    "open, archived": (MadeKind.OPEN, {}),
    "closed, archived": (MadeKind.CLOSED, {}),
    "open, hosts post": (MadeKind.OPEN, {"posters": "hosts"}),
    "closed, hosts post": (MadeKind.CLOSED, {"posters": "hosts"}),
    "open, slow": (MadeKind.OPEN, {"slow": 86_400}),
    "closed, slow": (MadeKind.CLOSED, {"slow": 86_400}),
}


@dataclass
class Room:
    """A room of the town, and which messages in it are whose."""

    key: str
    name: str
    kind: MadeKind
    settings: dict[str, Any]
    own: dict[str, list[int]] = field(default_factory=dict)
    forwarding: int = 0  # a message that forwards another of the room
    file: str = ""  # a picture that a message shows
    thread: "Room | None" = (
        None  # in which the same people write, by the rights that they have in the room
    )
    parent: "Room | None" = None  # of a thread

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread."""
        return self.parent is not None

    @property
    def is_archived(self) -> bool:
        """Whether nothing in it may change."""
        return self.name.endswith("archived")

    @property
    def is_variant(self) -> bool:
        """Whether it is like another room, but for something that concerns those inside."""
        return self.is_archived or bool(self.settings.keys() & {"posters", "slow"})

    def place(self, who: str) -> RoomPlace:
        """What someone is in it."""
        place = PLACES[who]
        if self.kind is not MadeKind.DIRECT or who in ("grace", "gus", "ada"):
            return place
        return RoomPlace.OTHER if place is not RoomPlace.OUTSIDER else place

    def standing(self, who: str) -> Standing:
        """What the access table must know."""
        is_direct = self.kind is MadeKind.DIRECT
        return Standing(
            (self.place(who),),
            None if who in OUTSIDE else self.kind,
            public=self.settings.get("public", "none"),
            is_archived=self.is_archived,
            is_banned=who == "bart" and not is_direct,
            is_muted=who == "mona" and not is_direct,
            only_hosts_post=self.settings.get("posters") == "hosts" and not self.is_thread,
            slow_for=1.0 if "slow" in self.settings and who in ("mary", "gus") else 0.0,
            size=5,
        )

    def as_asked(self, who: str, operation: Operation) -> Operation:
        """What the table is asked: every account that reads a thread may follow it."""
        is_mark = self.is_thread and operation is Operation.MARK and who != "vera"
        return Operation.READ if is_mark else operation

    def code(self, who: str, operation: Operation) -> str | None:
        """How the design has it that someone is refused, or None."""
        if who in OUTSIDE:
            return NOT_FOUND
        operation = self.as_asked(who, operation)
        standing, place = self.standing(who), self.place(who)
        c = case(operation, self.kind, place)
        in_public = public_to(*self._public)
        label, know = operation.label, in_public(case(Operation.KNOW, self.kind, place))
        if standing.is_banned:
            return banned(c)
        if know is not None:
            return NOT_FOUND
        if standing.is_archived and label not in KEPT:
            return "archived"
        if standing.is_muted and label in WRITES | {"mention everyone"}:
            return "muted"
        if standing.only_hosts_post and label in POSTING and place is not RoomPlace.HOST:
            return "forbidden"
        if standing.slow_for and operation is Operation.POST:
            return "rate_limited"
        return in_public(c) if self._public else c.code

    @property
    def _public(self) -> tuple[str, ...]:
        reading = ("see the room", "read")
        posting = ("post", "react", "send signals", "edit messages", "delete messages")
        return {"read": reading, "post": reading + posting}.get(
            self.settings.get("public", "none"), ()
        )


@dataclass
class Town:
    """A server, its people, a native connection of each, and its rooms."""

    site: Site
    people: dict[str, Someone]
    at: dict[str, Native]
    rooms: dict[str, Room]
    hello: dict[str, dict[str, str]]  # how each says who they are
    undoing: asyncio.Lock = field(
        default_factory=asyncio.Lock
    )  # one at a time uses the connections

    def key(self, who: str) -> str:
        """The key of someone's account."""
        return self.people[who].account

    async def back(self, room: Room, who: str) -> None:
        """Let someone be again what they were in a room, after they joined or left."""
        if room.kind is MadeKind.DIRECT:
            return
        if who in ("nina", "ada"):
            await self.at[who].ask("leave", room=room.key)
        elif who in ("grace", "mary", "gus", "mona"):
            await self.at["ada"].ask("invite", room=room.key, who=[who])
            role = "host" if who == "grace" else "member"
            await self.at["ada"].ask("appoint", room=room.key, who=who, role=role)


@asynccontextmanager
async def town(folder: Path, store: str, rooms: Iterable[str]) -> AsyncIterator[Town]:
    """Run such a server, with some of the rooms. Passwords should be cheap by then."""
    (folder / "secret").write_text(SECRET)
    given = {"guests": "on", "jwt_secret_file": folder / "secret", "store": store}
    data = folder / "data"
    async with (
        site(data, **given, durability="normal", message_rate=0) as made,
        AsyncExitStack() as stack,
    ):
        people = {"ada": made.ada}
        for name, role in ROLES.items():
            people[name] = await made.ada.bring_in(name, role)
        hello = {name: {"token": each.token} for name, each in people.items()}
        hello["vera"] = {"name": "vera", "key": KEY}
        hello["jwt"] = {"token": jwt.encode({"sub": "u-1", "exp": int(time.time()) + 3600}, SECRET)}
        hello["token"] = {"token": await asyncio.to_thread(issue, store, data)}
        port = made.server.port
        await until_known(port, hello["token"])
        at = {
            who: await stack.enter_async_context(native(port, **each))
            for who, each in hello.items()
        }
        here = Town(made, people, at, {}, hello)
        for name in rooms:
            here.rooms[name] = await build(here, name)
        await made.ada.ask("POST", f"/people/{here.key('sue')}/suspend")
        yield here


async def posted(client: Native, room: str, text: str, count: int) -> list[int]:
    """Post some messages without waiting in between; returns their numbers."""
    for n in range(count):
        await client.send({"id": f"p{n}", "do": "post", "room": room, "text": text})
    return [(await client.reply())["ok"]["seq"] for _ in range(count)]


async def build_thread(town: Town, room: Room, members: list[str]) -> Room:
    """Have everyone reply to a message who may."""
    root = await town.at["grace"].ask("post", room=room.key, text="root")
    thread = Room(f"{room.key}:{root['seq']}", f"thread in {room.name}", room.kind, room.settings)
    for who in members:
        count = MANY if who == ("gus" if room.kind is MadeKind.DIRECT else "mary") else OWN
        thread.own[who] = await posted(town.at[who], thread.key, f"of {who}", count)
    of = {"room": thread.key, "message": thread.own["gus"][0]}
    forwarding = await town.at["grace"].ask("post", room=thread.key, text="look", of=of)
    thread.forwarding, thread.parent = forwarding["seq"], room
    thread.file = await shown(town, thread)
    return thread


async def uploaded(town: Town) -> str:
    """The key of a picture that grace uploads."""
    grace = town.people["grace"]
    url, given = f"{grace.url}/api/v1/files", {"Authorization": f"Bearer {grace.token}"}
    async with grace._http.post(url, data=GIF, headers=given) as answer:
        return str((await answer.json())["file"])


async def shown(town: Town, room: Room) -> str:
    """The key of a picture that grace posts in a room."""
    file = await uploaded(town)
    await town.at["grace"].ask("post", room=room.key, files=[file])
    return file


async def depicted(town: Town, room: Room) -> str:
    """The key of the picture that grace gives a room."""
    await town.at["grace"].ask("set_avatar", room=room.key, file=await uploaded(town))
    answer = await town.people["grace"].ask("GET", f"/rooms/{room.key}/settings")
    return str(answer.body["avatar"])


def issue(store: str, data: Path) -> str:
    """Issue a token of an application that may do anything in all rooms."""
    secret = PREFIX + secrets.token_urlsafe(32)
    tokens = kind_of(store).open_tokens(store, data)
    scopes = ("read", "post", "patch", "moderate")
    tokens.add(
        Token("t1", "robot", digest_of(secret), scopes, ("*",), "2026-11-29T09:00:00Z", None)
    )
    tokens.close()
    return secret


async def until_known(port: int, hello: dict[str, str]) -> None:
    """Wait until a server knows of a token."""
    async with asyncio.timeout(30):
        while True:
            async with native(port) as client:
                if "ok" in await client._answered("hello", hello):
                    return


async def build(town: Town, name: str) -> Room:
    """Make a room, and have everyone write who ever may."""
    kind, settings = ROOMS[name]
    at, is_direct = town.at, kind is MadeKind.DIRECT
    members = (
        ["grace", "gus"]
        if is_direct
        else ["grace", "mary", "gus", "mona", "nina", "bart", "ada", "xena"]
    )
    title = {} if is_direct else {"title": name}
    made = await at["grace"].ask("create", kind=kind.value, who=members[1:], **title)
    room = Room(made["made"], name, kind, settings)
    if settings.get("public") == "post":
        await at["grace"].ask("change", room=room.key, public="post")
        members.append("vera")
    for who in members:
        count = MANY if who == ("gus" if is_direct else "mary") else OWN
        room.own[who] = await posted(at[who], room.key, f"of {who}", count)
    of = {"room": room.key, "message": room.own["gus"][0]}
    forwarding = await at["grace"].ask("post", room=room.key, text="look", of=of)
    room.forwarding = forwarding["seq"]
    room.thread = await build_thread(town, room, members)
    room.file = await shown(town, room)
    if is_direct:
        return room
    for who in ("nina", "xena", "ada"):
        await at[who].ask("leave", room=room.key)
    await at["grace"].ask("ban", room=room.key, who="bart")
    await at["grace"].ask("mute", room=room.key, who="mona")
    if settings:
        await at["grace"].ask("change", room=room.key, **settings)
    for who in ("mary", "gus") if "slow" in settings else ():
        await at[who].ask("post", room=room.key, text="not so fast")
    if room.is_archived:
        await at["grace"].ask("archive", room=room.key)
    return room
