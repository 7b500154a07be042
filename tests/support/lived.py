"""A life that leaves a word in every field in which people can write; see `tests.support.marks`.

Rita lives it: on the server, in a room that she made, in a free room, and in threads. Mary outlives her, and only says `stays`,
but reacts to what Rita wrote.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from msgspec.structs import replace as but

from hubbub.domain.aspects.emoji import AddEmoji, RemoveEmoji
from hubbub.domain.aspects.files import BeginUpload, DropFile, FinishUpload
from hubbub.domain.aspects.people.accounts import (
    OPERATOR,
    ChangePerson,
    ChangeRole,
    ResumePerson,
    SuspendPerson,
)
from hubbub.domain.aspects.people.invites import AddPerson, MakeInvite
from hubbub.domain.aspects.people.passwords import MakeReset, SetPassword
from hubbub.domain.aspects.people.sessions import OpenSession
from hubbub.domain.aspects.people.subscriptions import EndSubscription
from hubbub.domain.aspects.posts import PostInThread
from hubbub.domain.aspects.previews import ShowPreviews
from hubbub.domain.facts import Accepted, Answer
from hubbub.domain.principals import Principal, Scope
from hubbub.events import LinkPreview, Reference
from hubbub.protocol.commands.conversation import KeepDraft, Pin, Save
from hubbub.protocol.commands.preferences import BlockPerson, Prefer
from hubbub.protocol.commands.rooms import ChangeRoom, Create
from hubbub.protocol.commands.subscriptions import Subscribe
from hubbub.protocol.images import Image
from hubbub.protocol.keys import is_room_key, thread_key
from hubbub.protocol.messages import Change, Edit, Patch, Post, React, RemovePreview, Unreact
from hubbub.protocol.secrets import RANDOM_BYTES, digest_of, new_session
from tests.support import fakes
from tests.support.devices import AUTH, P256DH
from tests.support.marks import mark, marked

Do = Callable[[Principal, Change], Awaitable[Answer]]


def person(name: str) -> Principal:
    """An account with all scopes, as one has who is logged in."""
    return replace(fakes.account(name), scopes=frozenset(Scope))


RITA, MARY = person("r1ta"), person("mary")
SESSION = new_session(RITA.id, bytes(RANDOM_BYTES))  # hers
FREE = mark("a room")
NO_MENTIONS: dict[str, Any] = {"mentions": None}
NO_TITLE: dict[str, Any] = {"title": None}
NO_ALTS: dict[str, Any] = {"alts": None}
NO_ARGUMENTS: dict[str, Any] = {"emitted_as": None, "arguments": None, "attachments": None}


class Life:
    """Lives. Afterwards, `ritas` and `marys` are where the messages are that they wrote last, and `changes` all that was said."""

    def __init__(self, do: Do, owner: Principal, mary: Principal = MARY) -> None:
        """`owner` is one of the server, where Mary has an account."""
        self._do = do
        self._owner = owner
        self._mary = mary
        self._called: set[tuple[str, str, type[Change]]] = set()
        self.room = ""  # that she made
        self.changes: list[Change] = []
        self._files = 0
        self.ritas: list[tuple[str, int]] = []
        self.marys: list[tuple[str, int]] = []

    async def live(self) -> None:
        """Do everything."""
        await self.begin()
        await self.say()

    async def begin(self) -> None:
        """Be somebody, with a room."""
        for by, change in self._settle():
            await self._done(by, change)
        dropped = await self._upload()
        await self._answer(RITA, marked(DropFile, room=RITA.id, file=dropped))
        await self._upload()  # and never posts it
        await self._furnish()

    async def say(self) -> None:
        """Say all that one can; once that is gone, one may say it again."""
        self.ritas, self.marys = [], []
        for room in (self.room, FREE):
            await self.write(Post, room)
            await self._keep(room)
        for room, root in (self.ritas[0], self.marys[0]):
            thread = thread_key(room, root)
            await self.write(PostInThread, thread, root_by=self._mary.id, also_in_room=True)
            await self._keep(thread)
            await self._done(RITA, marked(ChangeRoom, room=thread, topic=None, alias=None))

    def _settle(self) -> Iterator[tuple[Principal, Change]]:
        """Come, and be somebody."""
        own, who = {"room": RITA.id}, {"account": RITA.id}
        image = Image("image/png", 1, 1, mark("an image").encode())
        yield RITA, marked(AddPerson, **who, role="member")
        yield RITA, marked(ChangePerson, **who, image=image.data, avatar="0" * 24)
        yield self._owner, marked(SuspendPerson, **who)
        yield self._owner, marked(ResumePerson, **who)
        yield self._owner, marked(ChangeRole, **who, role="admin")
        yield RITA, marked(SetPassword, **own, secret="s", was="s")
        digest, scopes = digest_of(SESSION.secret), tuple(Scope)
        session: dict[str, Any] = {"session": SESSION.id, "digest": digest, "scopes": scopes}
        yield RITA, marked(OpenSession, **own, **session, until=2e9)
        yield self._owner, marked(MakeReset, **own, digest="d", until=2e9)
        yield RITA, marked(MakeInvite, invite="i", digest="d", until=2e9)
        yield RITA, marked(BlockPerson, **own, who=self._owner.id)
        yield RITA, marked(Prefer, **own)
        yield RITA, marked(Prefer, **own, name="keywords", value=[mark("Prefer.value")])
        yield from self._subscribe()
        yield RITA, marked(AddEmoji, image=image)
        yield RITA, marked(AddEmoji, image=image, name=mark("RemoveEmoji.name"))
        yield RITA, marked(RemoveEmoji)

    async def _upload(self, **given: Any) -> str:
        """Upload a file, and return its key."""
        self._files += 1
        file = {"room": RITA.id, "file": f"{self._files:0>24}"}
        await self._answer(RITA, marked(BeginUpload, **file, size=1, **given))
        await self._answer(RITA, marked(FinishUpload, **file, digest="d", type="image/png"))
        return file["file"]

    def _subscribe(self) -> Iterator[tuple[Principal, Change]]:
        """Be notified, where nobody is any more, and elsewhere."""
        key = RITA.id, "session", SESSION.id
        for kind in (EndSubscription, Subscribe):
            endpoint = f"https://push.example/{mark(f'{kind.__name__}.endpoint')}"
            device = {"endpoint": endpoint, "p256dh": P256DH, "auth": AUTH}
            yield replace(RITA, session=key), marked(Subscribe, room=RITA.id, **device)
            if kind is EndSubscription:
                at = {"room": RITA.id, "session": SESSION.id, "kind": "session"}
                yield OPERATOR, marked(EndSubscription, **at, endpoint=endpoint)

    async def _furnish(self) -> None:
        """Make a room."""
        create = marked(Create, room=RITA.id, kind="open", who=(self._mary.id,), key=None)
        self.room = (await self._answer(RITA, create)).made or ""
        await self._done(RITA, marked(ChangeRoom, room=self.room))
        await self._done(RITA, marked(Patch, room=self.room))

    async def write(self, kind: type[Post], room: str, **given: Any) -> None:
        """Post whatever one can, change it, and react; Mary is there, too."""
        given = {"room": room} | given
        shown, shown_later = NO_ALTS, NO_ALTS
        if room != FREE:
            file, other = [await self._upload(name=mark("a file")) for _ in range(2)]
            shown = {"files": [file, other], "alts": {file: mark(f"{kind.__name__}.alts")}}
            shown_later = {"alts": {other: mark("Edit.alts")}}
        others: dict[str, Any] = {"bytes": None} | NO_ARGUMENTS
        others |= {} if room == self.room else NO_TITLE
        others |= self._named(kind, room)
        text = await self._done(RITA, marked(kind, **given, **shown, **others))
        others = {"text": None} | NO_MENTIONS | NO_TITLE | NO_ALTS
        data = await self._done(RITA, marked(kind, **given, **others, **NO_ARGUMENTS))
        told = await self._done(RITA, marked(kind, **given, **others, bytes=None))
        self.ritas += [(room, seq) for seq in (text, data, told)]
        self.marys.append((room, await self._done(self._mary, Post(room=room, text="stays"))))
        said, heard = {"room": room, "seq": text}, {"room": room, "seq": self.marys[-1][1]}
        named = self._named(Edit, room)
        edit = await self._done(RITA, marked(Edit, **said, **named, **shown_later))
        await self._preview(said, edit)
        await self._done(self._mary, marked(React, **said, emoji=mark("an answer")))
        await self._done(RITA, marked(React, **heard))
        await self._done(RITA, marked(React, **heard, emoji=mark("Unreact.emoji")))
        await self._done(RITA, marked(Unreact, **heard))

    async def _preview(self, said: dict[str, Any], edit: int) -> None:
        """Let a message show previews, and remove one of them."""
        title = mark("ShowPreviews.previews")
        for urls in (
            ("RemovePreview.url", "ShowPreviews.previews"),
            ("RemovePreview.url", "Edit.text"),
        ):
            previews = tuple(LinkPreview(mark(url), title, title, title) for url in urls)
            await self._done(OPERATOR, ShowPreviews(**said, edit=edit, previews=previews))
        await self._done(RITA, marked(RemovePreview, **said))

    async def _keep(self, room: str) -> None:
        """Keep something for oneself, and for the room."""
        await self._done(RITA, marked(Save, room=RITA.id, of=Reference(*self.marys[-1])))
        await self._answer(RITA, marked(KeepDraft, room=RITA.id, where=room))  # it may be there
        if is_room_key(room):
            await self._done(RITA, marked(Pin, room=room, seq=self.ritas[-3][1]))

    def _named(self, kind: type[Change], room: str) -> dict[str, Any]:
        """Whom a text names; only made rooms have members to name."""
        named = {mark(f"{kind.__name__}.mentions"): self._mary.id}
        return NO_MENTIONS if room == FREE else {"mentions": named}

    async def _done(self, by: Principal, change: Change) -> int:
        """Say something; returns the number of its event."""
        seq = (await self._answer(by, change)).seq
        assert seq is not None, change
        return seq

    async def _answer(self, by: Principal, change: Change) -> Accepted:
        """Say something; no two changes of a kind may be called the same in one log."""
        called = by.id, change.room, type(change)
        if called in self._called:
            change = but(change, client_message_id=None)
        self._called.add(called)
        answer = await self._do(by, change)
        assert isinstance(answer, Accepted), (change, answer)
        self.changes.append(change)
        return answer
