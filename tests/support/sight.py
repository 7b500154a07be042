"""Nodes on one store, their devices and who watches whom, and a model of what everybody may see."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from hubbub.domain.aspects.people.accounts import ChangeRole, ResumePerson, SuspendPerson
from hubbub.domain.aspects.people.removal import RemovePerson
from hubbub.domain.facts import Accepted, Batch, Proposal
from hubbub.domain.live.values import LiveReport
from hubbub.domain.principals import Principal, Scope
from hubbub.protocol.commands.preferences import HIDE_PRESENCE, BlockPerson, Prefer, UnblockPerson
from hubbub.protocol.commands.rooms import Create, InvitePeople, Remove
from hubbub.protocol.commands.watching import WatchPeople
from hubbub.protocol.messages import Change
from hubbub.protocol.presence import PersonPresence, PresenceChanged
from hubbub.server.brokers.base import Local
from hubbub.server.engine.devices import Device
from hubbub.server.engine.fanout import FanOut
from hubbub.server.engine.journal import Journal
from hubbub.server.engine.presences import Onlooker
from hubbub.server.hub.hub import Hub
from hubbub.server.people.door import Door
from hubbub.server.people.rates import Limits
from tests.support.fakes import AT, MemoryStore, account
from tests.support.team import BEGINNING, ROLES

Shown = dict[str, PersonPresence]
OWNER = replace(account("ada"), scopes=frozenset(Scope))


class Cable(Local):
    """A node's end of a broker: what it shares goes to the others, unless it is cut off."""

    answers_within = 0.1

    def __init__(self, name: str, nodes: "list[Node]") -> None:
        super().__init__()
        self.node = name
        self.nodes = nodes
        self.is_cut = False
        self.shared = 0

    def share(self, live: LiveReport) -> None:
        self.shared += 1
        body = msgspec.json.encode(live)
        for other in self.nodes:
            if not (self.is_cut or other.cable.is_cut) and other.cable is not self:
                other.fanout.hear(msgspec.json.decode(body, type=LiveReport))


class Node:
    """A node, without doors."""

    def __init__(self, name: str, town: "Sight", rate: float) -> None:
        self.cable = Cable(name, town.nodes)
        now = asyncio.get_running_loop().time
        self.fanout = FanOut(town.store, self.cable, now=now)
        self.journal = Journal(town.store, town.deliver, lambda: AT)
        door = Door(now=now, clock=now)
        self.hub = Hub(town.store, self.journal, self.fanout, door, Limits(256, rate))
        town.nodes.append(self)

    async def tend(self, seconds: float) -> None:
        """Remind others and sweep, as upkeep does, for so long."""
        for _ in range(max(1, int(seconds / 5))):
            for feed in self.fanout:
                if not self.cable.is_cut:
                    feed.signals.remind()
            self.fanout.sweep()
            await asyncio.sleep(5)

    def die(self) -> None:
        """Be gone, without a word."""
        self.cable.is_cut = True


class Ear:
    """An outlet that knows what it was told. It can be deaf for a while."""

    def __init__(self) -> None:
        self.wire: Any = self
        self.is_deaf = False
        self.heard: list[PresenceChanged] = []
        self.times: list[float] = []

    def notice(self, body: bytes) -> bytes:
        return body

    def write(self, buffer: bytes) -> bool:
        if not self.is_deaf:
            self.times.append(asyncio.get_running_loop().time())
            self.heard.append(msgspec.json.decode(buffer, type=PresenceChanged))
        return not self.is_deaf


@dataclass
class Watcher:
    """A connection that watches, and all that it has been told."""

    node: Node
    who: Principal
    ear: Ear
    onlooker: Onlooker
    told: Shown = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # those who were in the answer

    async def watch(self, *people: str) -> Shown:
        command = WatchPeople(people=list(people))
        watched = await self.node.hub.watching.watch(self.onlooker, command)
        self.ear.heard.clear()
        self.told, self.known = dict(watched.people), set(watched.people)
        return self.told

    def view(self) -> Shown:
        """What it was told, all in all."""
        for notice in self.ear.heard:
            for who, presence in notice.people.items():
                self.told.pop(who, None)
                if presence is not None:
                    self.told[who] = presence
        self.ear.heard.clear()
        return self.told


class Sight:
    """Some nodes and the team. The model is told of each thing that is done."""

    def __init__(self, nodes: int = 2, rate: float = 0) -> None:
        self.store = MemoryStore()
        self.nodes: list[Node] = []
        for n in range(nodes):
            Node(f"n{n}", self, rate)
        self.devices: list[tuple[str, Device, dict[str, Any]]] = []
        self.roles, self.hiding = dict(ROLES), set[str]()
        self.suspended, self.removed = set[str](), set[str]()  # of whom nobody knows anything
        self.blocks: set[tuple[str, str]] = set()
        self.inside: set[str] = {"ada"}
        self.room = ""

    async def begin(self) -> None:
        proposals = [Proposal(by, change) for by, change in BEGINNING]
        await self.store.commit(proposals, AT)
        self.room = await self.do(OWNER, Create(room=OWNER.id, kind="closed", title="Plans"))

    def deliver(self, batches: list[Batch]) -> None:
        for node in self.nodes:
            if not node.cable.is_cut:
                node.fanout.deliver(batches)

    async def do(self, by: Principal, change: Change) -> str:
        answer = await self.nodes[0].hub.writing.commit(by, change)
        assert isinstance(answer, Accepted), answer
        return answer.made or ""

    def watcher(self, name: str, node: int = 0) -> Watcher:
        ear, at, who = Ear(), self.nodes[node], account(name)
        return Watcher(at, who, ear, at.hub.watching.onlooker(ear, who))  # type: ignore[arg-type]

    # --- what may happen ---

    async def connect(self, name: str, node: int = 0) -> None:
        device = Device(self.nodes[node].hub.watching.devices)
        device.follow(account(name))
        self.devices.append((name, device, {"away": False}))

    async def disconnect(self, name: str) -> None:
        if found := self._devices(name):
            found[0][1].end()
            self.devices.remove(found[0])

    async def rest(self, name: str, is_away: bool) -> None:
        for _, device, state in self._devices(name)[:1]:
            device.rest(is_away=is_away)
            state["away"] = is_away

    async def hide(self, name: str, hides: bool) -> None:
        who = account(name)
        if name in self.suspended:
            return
        await self.do(who, Prefer(room=who.id, name=HIDE_PRESENCE, value=hides or None))
        (self.hiding.add if hides else self.hiding.discard)(name)

    async def block(self, name: str, whom: str) -> None:
        who, other = account(name), account(whom)
        kind = UnblockPerson if (name, whom) in self.blocks else BlockPerson
        if name != whom and not self.suspended & {name, whom}:
            await self.do(who, kind(room=who.id, who=other.id))
            self.blocks ^= {(name, whom)}

    async def suspend(self, name: str) -> None:
        kind = ResumePerson if name in self.suspended else SuspendPerson
        if name not in {"ada", *self.removed}:
            await self.do(OWNER, kind(account=account(name).id))
            self.suspended ^= {name}

    async def remove(self, name: str) -> None:
        if name not in {"ada", *self.removed}:
            await self.do(OWNER, RemovePerson(account=account(name).id, handles=(name,)))
            self.suspended.add(name)
            self.removed.add(name)

    async def change_role(self, name: str, role: str) -> None:
        if name not in {"ada", *self.suspended} and self.roles[name] != role:
            await self.do(OWNER, ChangeRole(account=account(name).id, role=role))
            self.roles[name] = role

    async def come_or_go(self, name: str) -> None:
        key = account(name).id
        if name in self.inside and name != "ada":
            await self.do(OWNER, Remove(room=self.room, who=key))
            self.inside.discard(name)
        elif name not in self.inside and name not in self.suspended:
            await self.do(OWNER, InvitePeople(room=self.room, who=(key,)))
            self.inside.add(name)

    # --- what is to be seen ---

    def state(self, name: str) -> str:
        """How someone is, grace and all being over."""
        states = [state["away"] for _, _, state in self._devices(name)]
        return "offline" if not states else "away" if all(states) else "online"

    def may_know(self, reader: str, who: str) -> bool:
        if self.suspended & {reader, who}:
            return False
        return self.roles[reader] != "guest" or reader == who or {reader, who} <= self.inside

    def model(self, watcher: Watcher) -> dict[str, str]:
        """The state that a watcher must see of each."""
        reader = watcher.who.name.removeprefix("@p").rstrip("0")
        found = {}
        for name in self.roles:
            key = account(name).id
            if key in watcher.known and self.may_know(reader, name):
                hidden = name in self.hiding or (name, reader) in self.blocks
                found[key] = "offline" if hidden else self.state(name)
        return found

    def _devices(self, name: str) -> list[tuple[str, Device, dict[str, Any]]]:
        return [each for each in self.devices if each[0] == name]

    async def rest_all(self, seconds: float = 60) -> None:
        """Let everything be told, and time pass."""
        await asyncio.gather(*(node.tend(seconds) for node in self.nodes))

    async def close(self) -> None:
        for node in self.nodes:
            await node.hub.stop()
            await node.fanout.close()
