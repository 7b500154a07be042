"""Who asks a simulated node for changes in a room, and remembers what became of each."""

import random
from collections import Counter

from hubbub.domain.facts import Accepted, Answer, PostKey
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post
from hubbub.server.hub.hub import Hub
from tests.support.checker import Attempt, Record
from tests.support.fakes import ADA
from tests.support.simulated_node import SimulatedStore

RECENT = 10  # messages, of which some are edited or deleted


class Writer:
    """Posts, edits, deletes and patches; asks again for posts, which have a key."""

    def __init__(self, room: str, dice: random.Random) -> None:
        self.room = room
        self.record = Record(f"writer-{room}")
        self.open: dict[str, Attempt] = {}  # posts of which it is not known how they went
        self._asked: Counter[str] = Counter()  # what is on its way, by its mark
        self._posts: list[Attempt] = []
        self._gone: set[int] = set()  # what it has asked to delete
        self._kept = 1
        self._dice = dice

    @property
    def awaits_answers(self) -> bool:
        """Whether anything is on its way."""
        return any(self._asked.values())

    def ask(self, hub: Hub) -> None:
        """Ask for something new."""
        kind = self._dice.choices(("posted", "patched", "edited", "deleted"), (14, 3, 2, 1))[0]
        own = [a for a in self._posts[-RECENT:] if a.answers]
        if kind in ("edited", "deleted") and not own:
            kind = "posted"
        mark = f"{self.room}-{len(self.record.attempts)}"
        attempt = Attempt(kind, mark, mark if kind == "posted" else None)
        if own and kind in ("edited", "deleted"):
            attempt.about = self._dice.choice(own).answers[0][0]
        if kind == "deleted":
            if attempt.about in self._gone:
                return
            self._gone.add(attempt.about)
            attempt.mark = str(attempt.about)
        self.record.attempts.append(attempt)
        if kind == "posted":
            self._posts.append(attempt)
            self.open[mark] = attempt
        self._submit(hub, attempt)

    def ask_again(self, hub: Hub) -> None:
        """Repeat a post, whether its answer came or not. A key is good for as long as the message is kept."""
        posts = [a for a in self._posts if not a.answers or a.answers[0][0] >= self._kept]
        if posts:
            self._submit(hub, self._dice.choice(posts))

    def ask_until_known(self, hub: Hub, at_most: int) -> None:
        """Repeat posts of which it is not known how they went."""
        for attempt in list(self.open.values())[:at_most]:
            self._submit(hub, attempt)

    def let_go(self, store: SimulatedStore, upto: int) -> int:
        """Never again ask for what is numbered up to that; returns up to where that is so."""
        keys = {key for key in (*self.open, *self._asked) if self._asked[key] or key in self.open}
        seqs = (store.seq_of(PostKey(self.room, key, ADA.key_owner)) for key in keys)
        upto = min([upto, *(seq - 1 for seq in seqs if seq is not None)])
        self._kept = max(self._kept, upto + 1)
        return upto

    def hear_no_more(self) -> None:
        """What is on its way will not be answered."""
        self._asked.clear()

    def _submit(self, hub: Hub, attempt: Attempt) -> None:
        asked = self._asked  # a node that has crashed answers nobody

        def answer(told: Answer) -> None:
            asked[attempt.mark] -= 1
            if isinstance(told, Accepted):
                assert told.seq is not None
                attempt.answers.append((told.seq, told.at))
            elif told.code not in {"unavailable", "busy"}:
                attempt.refusal = told.code
            if attempt.is_known:
                self.open.pop(attempt.mark, None)

        asked[attempt.mark] += 1
        hub.writing.submit(ADA, _change(self.room, attempt), answer)


def _change(room: str, attempt: Attempt) -> Change:
    match attempt.kind:
        case "posted":
            return Post(room=room, text=attempt.mark, client_message_id=attempt.key)
        case "edited":
            return Edit(room=room, seq=attempt.about, text=attempt.mark)
        case "deleted":
            return Delete(room=room, seq=attempt.about)
        case _:
            return Patch(room=room, patch={attempt.mark: True})
