"""The law of rooms, and of files: each belongs to the account that uploads it, or to one message, which says of it what is kept.

Besides: pictures are those that rooms and accounts say they have, and limits on files are what the audit log says.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from hubbub.domain.aspects.files import BeginUpload, DropFile, FinishUpload, LimitFiles
from hubbub.domain.aspects.people.accounts import ChangePerson
from hubbub.domain.aspects.people.removal import RemovePerson
from hubbub.domain.aspects.rooms.settings import SetPortrait
from hubbub.domain.facts import Accepted, Answer, Proposal
from hubbub.domain.files import FILE, FILE_LIMIT, FILE_USE
from hubbub.domain.pictures import PORTRAIT
from hubbub.domain.principals import Principal
from hubbub.domain.tables.accounts import ACCOUNT
from hubbub.domain.tables.rooms import ROOM
from hubbub.domain.view import RoomView
from hubbub.events.people import Noted
from hubbub.events.rooms import Changed
from hubbub.protocol.commands.rooms import SetAvatar
from hubbub.protocol.keys import AUDIT, DIRECTORY, is_made_key, parent_of
from hubbub.protocol.messages import Change, Delete, Edit, Post
from tests.support.laws import seldom
from tests.support.laws_of_rooms import LawOfRooms, hosts, people
from tests.support.rooms import GRACE

FILES = [f"{n:0>24}" for n in range(3)]
DEEDS = ["begin", "finish", "post", "post", "describe", "describe", "delete", "drop"]
PICTURES = ["", *(f"{n:0>24}" for n in (8, 9))]

places = st.integers(0, 30)
alts = st.sampled_from([None, "", "A boat", "A dog"])


def uploaded(who: Principal, file: str) -> list[Proposal]:
    """The changes by which somebody uploads a picture."""
    return [
        Proposal(who, BeginUpload(room=who.id, file=file, name="boat.png", size=9)),
        Proposal(who, FinishUpload(room=who.id, file=file, type="image/png", digest="d", width=3)),
    ]


class LawOfFiles(LawOfRooms):
    """Uploads files, too, posts them and describes what they show."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._waiting: set[tuple[str, str]] = set()  # accounts, and files that they haven't posted
        self._removed: set[str] = set()

    @rule(
        who=people,
        n=places,
        files=st.lists(st.sampled_from(FILES), min_size=1, max_size=2, unique=True),
        deeds=st.lists(st.sampled_from(DEEDS), min_size=1, max_size=5),
        is_whole=st.booleans(),
        alt=alts,
        key=seldom,
    )
    def share(
        self,
        who: Principal,
        n: int,
        files: list[str],
        deeds: list[str],
        *,
        is_whole: bool,
        alt: str | None,
        key: str | None,
    ) -> None:
        """Somebody uploads files, or only begins to, posts them, and describes what they show or thinks better of it."""
        log = self._log(n)
        seq = self.head(log) + 1 if "post" in deeds else self._last_with_files(log)
        said = None if alt is None else {files[0]: alt}
        begin, finish = uploaded(who, files[-1])
        changes: dict[str, Change] = {
            "begin": begin.change,
            "finish": finish.change,
            "post": Post(room=log, files=files, alts=said, client_message_id=key),
            "describe": Edit(room=log, seq=seq, text="", alts=said),
            "delete": Delete(room=log, seq=seq),
            "drop": DropFile(room=who.id, file=files[-1]),
        }
        batch = [each for file in files for each in uploaded(who, file)] if is_whole else []
        self.answers([*batch, *(Proposal(who, changes[each]) for each in deeds)])

    @rule(
        who=hosts,
        whose=st.sampled_from(["file", "person", GRACE.id]),
        size=st.none() | st.integers(0, 1),
    )
    def limit_files(self, who: Principal, whose: str, size: int | None) -> None:
        """Somebody, who may be an admin, limits how much files may take."""
        self.answers([Proposal(who, LimitFiles(whose=whose, size=size))])

    @rule(who=people, n=places, picture=st.sampled_from(PICTURES), is_own=st.booleans())
    def depict(self, who: Principal, n: int, picture: str, *, is_own: bool) -> None:
        """Somebody gives a room or an account a picture, or takes it away."""
        change: Change
        image = picture.encode()
        if is_own:
            change = ChangePerson(account=who.id, avatar=picture, image=image or None)
        elif picture:
            room = self._made[n % len(self._made)]
            change = SetPortrait(room=room, file=picture, avatar=picture, image=image)
        else:
            change = SetAvatar(room=self._made[n % len(self._made)], file="")
        self.answers([Proposal(who, change)])

    async def _answers(self, batch: list[Proposal]) -> list[Answer]:
        """Besides, note which files are not posted yet, and whose there are none any more."""
        answers = await super()._answers(batch)
        for (who, change), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Accepted) and not answer.is_duplicate:
                self._note(who, change)
        return answers

    def _note(self, who: Principal, change: Change) -> None:
        match change:
            case BeginUpload(room=account, file=file):
                self._waiting.add((account, file))
            case DropFile(room=account, file=file):
                self._waiting.remove((account, file))
            case Post(files=[*files]):
                self._waiting -= {(who.id, file) for file in files}
            case RemovePerson(account=account):
                self._removed.add(account)
                self._waiting = {each for each in self._waiting if each[0] != account}

    def catch_up(self) -> None:
        """At the end, files are whose and where the logs say, and so are pictures and limits."""
        super().catch_up()
        self._run(self._check_files())
        self._run(self._check_pictures())
        self._run(self._check_limits())

    async def _check_files(self) -> None:
        waiting = await self._store.rows(FILE)
        assert {(row.account, row.file) for row in waiting} == self._waiting
        shown: dict[tuple[str, int, int], tuple[Any, ...]] = {}
        for log in filter(is_made_key, self._delivered):
            for seq, message in self._told(log).messages.items():
                for place, file in enumerate(message.files or () if not message.deleted else ()):
                    author = self._authors(log)[seq]
                    shown[log, seq, place] = author, file.file, file.name, file.type, file.alt
        assert shown == {
            (row.room, row.seq, row.place): (
                *(row.account, row.file, row.name, row.type, row.alt or ""),
            )
            for row in await self._store.rows(FILE_USE)
        }

    async def _check_pictures(self) -> None:
        rooms = {row.room: row.avatar for row in await self._store.rows(ROOM)}
        people = {row.account: row.avatar for row in await self._store.rows(ACCOUNT, DIRECTORY)}
        portraits = await self._store.rows(PORTRAIT)
        wanted = {whose: avatar for whose, avatar in (rooms | people).items() if avatar}
        assert {row.whose: row.avatar for row in portraits} == wanted
        assert [row.data for row in portraits] == [row.avatar.encode() for row in portraits]
        assert {room: self._said_to_show(room) for room in rooms} == rooms

    async def _check_limits(self) -> None:
        limits: dict[str, str] = {}
        for body in self._delivered[AUDIT]:
            event = self._rules.events.decode(body)
            if isinstance(event, Noted) and event.action == "file limit changed" and event.details:
                limits[event.about or event.details["of"]] = event.details["bytes"]
        assert {row.whose: str(row.size) for row in await self._store.rows(FILE_LIMIT)} == {
            whose: size
            for whose, size in limits.items()
            if size != "default" and whose not in self._removed
        }

    def _said_to_show(self, room: str) -> str:
        """The picture of a room, by its log alone."""
        said = map(self._rules.events.decode, self._delivered[room])
        shown = [event.avatar for event in said if isinstance(event, Changed)]
        return next((avatar for avatar in reversed(shown) if avatar is not None), "")

    def _log(self, n: int) -> str:
        """A room, or seldom a thread of one."""
        threads = sorted(log for log, said in self._delivered.items() if ":" in log and said)
        logs = [*self._made, *(each for each in threads if parent_of(each) in self._made)]
        return logs[n % len(logs)]

    def _last_with_files(self, log: str) -> int:
        messages = self._told(log).messages
        return max((seq for seq, each in messages.items() if each.files), default=1)

    def _told(self, log: str) -> RoomView:
        """What one sees who has read a whole log."""
        view = RoomView()
        for body in self._delivered[log]:
            self._rules.fold(view, self._rules.events.decode(body))
        return view
