"""Golden fixtures of the fold, for every SDK: what happened in a room, and what a fresh snapshot shows after each commit.

`make fixtures` writes tests/fixtures/fold/*.json. The ledger decides, and Python's fold gives the snapshots, of which the
laws (tests/contracts/test_law*.py) say that every store gives the same.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from hubbub.domain.aspects.files import BeginUpload, FinishUpload
from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.previews import ShowPreviews
from hubbub.domain.facts import Accepted, Proposal
from hubbub.domain.principals import Principal
from hubbub.events import LinkPreview, Reference
from hubbub.protocol.commands.conversation import Pin, Unpin
from hubbub.protocol.commands.rooms import ChangeRoom, InvitePeople
from hubbub.protocol.messages import (
    Change,
    Delete,
    Edit,
    Patch,
    Post,
    React,
    RemovePreview,
    Unreact,
)
from hubbub.server.people.removing import finish_all, removal_of
from tests.support.checkout import ROOT
from tests.support.fakes import ADA as GUEST_ADA
from tests.support.fakes import MemoryStore, guest, holder, stranger
from tests.support.rooms import ADA, GRACE, MARGARET, ROOM_RULES, House

FOLDER = ROOT / "tests" / "fixtures" / "fold"
NAMESAKE, SOMEONE, ANYONE, HOLDER = (
    guest("ada"),
    stranger("guest-1"),
    stranger("guest-2"),
    holder("build"),
)
LOBBY = "lobby"
MOST = 500  # messages in a snapshot: all of them

Commit = list[tuple[Principal, Change]]


class Story(NamedTuple):
    """What happens in a room, commit by commit. In a made room, `removes` is the account that is removed at the end."""

    name: str
    commits: Callable[[str], Sequence[Commit]]
    is_made: bool = False
    removes: Principal | None = None


def _messages(room: str) -> Sequence[Commit]:
    """They are posted, edited and deleted; some in the batch that made them."""
    return [
        [(GUEST_ADA, Post(room=room, text="one", client_message_id="k1"))],
        [
            (NAMESAKE, Post(room=room, text="by a namesake")),
            (SOMEONE, Post(room=room, text="grüß dich 👍\n", reply_to=1)),
            (HOLDER, Post(room=room, bytes=b"\x00\xff")),
        ],
        [(GUEST_ADA, Edit(room=room, seq=1, text="edited")), (GUEST_ADA, Post(room=room, text=""))],
        [
            (
                GUEST_ADA,
                Post(
                    room=room,
                    arguments=[{"a": 1}, {"_placeholder": True, "num": 0}],
                    attachments=[b"\x00"],
                    emitted_as="draw",
                ),
            ),
            (GUEST_ADA, Post(room=room, text="forwards", of=Reference(room, 1))),
        ],
        [
            (GUEST_ADA, Post(room=room, text="short-lived")),
            (NAMESAKE, React(room=room, seq=9, emoji="👍")),
            (GUEST_ADA, Edit(room=room, seq=9, text="still")),
            (GUEST_ADA, Delete(room=room, seq=9)),
        ],
        [(GUEST_ADA, Edit(room=room, seq=1, text="again")), (GUEST_ADA, Delete(room=room, seq=7))],
        [(GUEST_ADA, Delete(room=room, seq=1)), (SOMEONE, Post(room=room, text="last"))],
    ]


def _reactions(room: str) -> Sequence[Commit]:
    """By people of one name, not in its order, and with names that objects of JavaScript have."""

    def react(who: Principal, seq: int, emoji: str = "👍") -> tuple[Principal, Change]:
        return who, React(room=room, seq=seq, emoji=emoji)

    def unreact(who: Principal, seq: int, emoji: str = "👍") -> tuple[Principal, Change]:
        return who, Unreact(room=room, seq=seq, emoji=emoji)

    return [
        [(GUEST_ADA, Post(room=room, text="one")), (GUEST_ADA, Post(room=room, text="two"))],
        [react(ANYONE, 1), react(NAMESAKE, 1), react(GUEST_ADA, 1), react(GUEST_ADA, 1, "🎉")],
        [unreact(NAMESAKE, 1), react(HOLDER, 1)],
        [react(SOMEONE, 2), unreact(SOMEONE, 2), unreact(SOMEONE, 2)],
        [react(GUEST_ADA, 2, name) for name in ("__proto__", "constructor", "toString", "length")],
        [unreact(GUEST_ADA, 2, "constructor"), unreact(GUEST_ADA, 1)],
        [react(SOMEONE, 2, "__proto__"), (GUEST_ADA, Delete(room=room, seq=1))],
    ]


def _document(room: str) -> Sequence[Commit]:
    """It is patched by JSON Merge Patch, beside messages."""
    patches: list[Any] = [
        {"a": 1, "b": {"c": [1, {"d": None}], "e": "f"}},
        {"a": None, "b": {"e": None, "constructor": {"g": {}}}},
        {"b": {"c": {"h": True}}, "toString": 2},
        ["not", "an object"],
        {"again": {"nested": {"deep": None, "kept": 0}}},
        None,
        {"new": 1},
    ]
    return [
        [(GUEST_ADA, Patch(room=room, patch=patch)), (GUEST_ADA, Post(room=room, text="beside"))]
        for patch in patches
    ]


def _made_room(room: str) -> Sequence[Commit]:
    """With pins and mentions; one of its members is removed with all that she wrote."""
    return [
        [(ADA, InvitePeople(room=room, who=(GRACE.id, MARGARET.id)))],
        [(ADA, Post(room=room, text="hello @grace", mentions={"grace": GRACE.id}))],
        [(GRACE, Post(room=room, text="hi", calls=["*"])), (MARGARET, Post(room=room, text="ho"))],
        [
            (ADA, Pin(room=room, seq=5)),
            (GRACE, Pin(room=room, seq=6)),
            (GRACE, Pin(room=room, seq=7)),
        ],
        [(GRACE, React(room=room, seq=5, emoji="x")), (ADA, React(room=room, seq=5, emoji="x"))],
        [(ADA, Edit(room=room, seq=5, text="hello all")), (ADA, Unpin(room=room, seq=5))],
        [(ADA, Pin(room=room, seq=5)), (ADA, ChangeRoom(room=room, topic="dust"))],
        [(MARGARET, Delete(room=room, seq=7)), (GRACE, React(room=room, seq=5, emoji="y"))],
    ]


def _previews(room: str) -> Sequence[Commit]:
    """They come some time later, go with their links, are removed, and go with their message."""
    links = [f"https://{letter}.example/" for letter in "ab"]
    found = [LinkPreview(links[0], "A title", "A site", "About"), LinkPreview(links[1], "Another")]

    def show(seq: int, edit: int, *previews: LinkPreview) -> tuple[Principal, Change]:
        return OPERATOR, ShowPreviews(room=room, seq=seq, edit=edit, previews=previews)

    return [
        [(GUEST_ADA, Post(room=room, text=text)) for text in (" ".join(links), links[0])],
        [show(1, 0, *found), show(2, 0, found[0])],
        [(GUEST_ADA, Edit(room=room, seq=1, text=links[1]))],
        [(GUEST_ADA, RemovePreview(room=room, seq=2, url=links[0]))],
        [(GUEST_ADA, Delete(room=room, seq=1))],
    ]


def _files(room: str) -> Sequence[Commit]:
    """What they show is said with them, and later."""
    boat, dog = "0" * 23 + "1", "0" * 23 + "2"
    own: Commit = []
    for file in (boat, dog):
        begin = BeginUpload(room=ADA.id, file=file, name=f"{file}.png", size=9)
        finish = FinishUpload(room=ADA.id, file=file, type="image/png", digest="d")
        own += [(ADA, begin), (ADA, finish)]
    return [
        own,
        [(ADA, Post(room=room, files=[boat, dog], alts={boat: "A boat"}))],
        [(ADA, Edit(room=room, seq=3, text="", alts={dog: "A dog"}))],
        [(ADA, Edit(room=room, seq=3, text="Look", alts={boat: ""}))],
        [(ADA, Edit(room=room, seq=3, text="again"))],
    ]


STORIES = (
    Story("files", _files, is_made=True),
    Story("previews", _previews),
    Story("messages", _messages),
    Story("reactions", _reactions),
    Story("document", _document),
    Story("made_room", _made_room, is_made=True, removes=GRACE),
)


class Recorder:
    """Lets a story happen, and writes down what was delivered and what a snapshot shows after each commit."""

    def __init__(self, house: House, store: MemoryStore, room: str) -> None:
        self.house, self.store, self.room = house, store, room
        self.delivered: list[Any] = []
        self.snapshots: list[Any] = []
        self._commits = 0

    async def begin(self) -> None:
        """What is there before the story begins."""
        self.delivered += await self._log()
        await self._look()

    async def commit(self, proposals: Commit) -> list[Any]:
        """Let some things happen at once. Returns the answers."""
        self._commits += 1
        at = f"2026-11-23T09:00:00.{self._commits:03}Z"
        commit = await self.store.commit([Proposal(*each) for each in proposals], at)
        bodies = [
            body for batch in commit.batches if batch.room == self.room for body in batch.bodies
        ]
        self.delivered += map(json.loads, bodies)
        if bodies:
            await self._look()
        return commit.answers

    async def remove(self, who: Principal) -> None:
        """An account is removed with all that it wrote."""
        change = await removal_of(self.store, who.id, erases_messages=True)
        change = msgspec.structs.replace(change, handles=(who.name[2:],))
        assert isinstance((await self.commit([(who, change)]))[0], Accepted)

        async def submit(principal: Principal, change: Change) -> Any:
            return (await self.commit([(principal, change)]))[0]

        await finish_all(self.store, submit)

    async def fixture(self) -> dict[str, Any]:
        """All of it."""
        return {
            "room": self.room,
            "delivered": self.delivered,
            "log": await self._log(),
            "snapshots": self.snapshots,
        }

    async def _log(self) -> list[Any]:
        head = (await self.store.head(self.room)).seq
        bodies: list[bytes] = []
        while len(bodies) < head:
            bodies += (await self.store.read(self.room, len(bodies), head)).bodies
        return [json.loads(body) for body in bodies]

    async def _look(self) -> None:
        page, document, pins = await self.store.snapshot(self.room, MOST)
        shown = {
            "head": page.head,
            "messages": page.messages,
            "more": page.more,
            "state": document.value,
            "state_seq": document.seq,
            "pins": pins,
        }
        self.snapshots.append(json.loads(msgspec.json.encode(shown)))


async def record(story: Story) -> dict[str, Any]:
    """A story as a fixture."""
    store = MemoryStore(rules=ROOM_RULES)
    house = await House.opened(store)
    room = await house.make(ADA, "open") if story.is_made else LOBBY
    recorder = Recorder(house, store, room)
    await recorder.begin()
    for commit in story.commits(room):
        answers = await recorder.commit(commit)
        assert all(isinstance(answer, Accepted) for answer in answers), answers
    if story.removes is not None:
        await recorder.remove(story.removes)
    return await recorder.fixture()


def text_of(fixture: dict[str, Any]) -> str:
    """A fixture as it stands in its file: an event or snapshot on each line."""
    lines = {
        name: "[\n    " + ",\n    ".join(_line(each) for each in value) + "\n  ]"
        if isinstance(value, list)
        else _line(value)
        for name, value in fixture.items()
    }
    return "{\n" + ",\n".join(f'  "{name}": {value}' for name, value in lines.items()) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for story in STORIES:
        text = text_of(asyncio.run(record(story)))
        (FOLDER / f"{story.name}.json").write_text(text)


if __name__ == "__main__":
    main()
