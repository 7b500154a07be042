"""The law of the tracker: whatever happens to the link and the inbox, each event comes once, in order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hubbub.client.rooms.inbox import Inbox, Reset
from hubbub.client.rooms.tracker import PositionTracker
from hubbub.events import Posted
from hubbub.protocol.messages import Follow, Members, Resumed, Snapshot

LIMIT = 5


class Server:
    """A log, and one follower of it: what it was told and has not read."""

    def __init__(self) -> None:
        self.head = 0
        self.sent: list[Any] = []
        self.told = 0

    def post(self, count: int) -> None:
        self.head += count

    def push(self, count: int) -> None:
        last = min(self.head, self.told + count)
        self.sent += [event(seq) for seq in range(self.told + 1, last + 1)]
        self.told = last

    def follow(self, command: Follow) -> None:
        if command.since is None:
            self.sent.append(snapshot(self.head))
            self.told = self.head
        else:
            self.sent.append(Resumed("lobby", "e", self.head, self.head - command.since))
            self.told = command.since


class Story:
    """A server, a tracker and whoever takes from its inbox."""

    def __init__(self) -> None:
        self.server = Server()
        self.inbox = Inbox(LIMIT)
        self.tracker = PositionTracker("lobby", self.inbox, since=0, epoch="e")
        self.taken: list[int] = []
        self.server.follow(self.tracker.follow())

    def cut(self) -> None:
        self.tracker.cut()
        self.server.sent.clear()
        self.server.follow(self.tracker.follow())

    def resume(self, count: int) -> None:
        """As after `cut`, by a command for many rooms: some events come before its answer."""
        self.tracker.cut()
        self.server.sent.clear()
        self.tracker.hold_until_joined()
        self.server.told = since = self.tracker.since or 0
        self.server.push(count)
        self.server.sent.append(Resumed("lobby", "e", self.server.head, self.server.head - since))

    def lose(self, count: int) -> None:
        """As if some pushes vanished on the way."""
        self.server.told = min(self.server.head, self.server.told + count)

    def receive(self, count: int) -> None:
        for _ in range(min(count, len(self.server.sent))):
            frame = self.server.sent.pop(0)
            if isinstance(frame, Resumed | Snapshot):
                self.tracker.answered(frame)
            elif self.tracker.receive(frame):
                self.server.follow(self.tracker.follow())

    def take(self, count: int) -> None:
        for _ in range(count):
            item = self.inbox.take()
            if self.tracker.must_catch_up:
                self.server.follow(self.tracker.follow())
            if isinstance(item, Posted):
                self.taken.append(item.seq)

    def finish(self) -> None:
        self.server.post(1)  # so that a gap at the very end is noticed
        while len(self.taken) < self.server.head:
            self.server.push(1)
            self.receive(100)
            self.take(1)


steps = st.lists(
    st.tuples(
        st.sampled_from(["post", "push", "receive", "take", "cut", "resume", "lose"]),
        st.integers(1, 2 * LIMIT),
    )
)


@given(steps)
def test_each_event_comes_once_and_in_order(steps: list[tuple[str, int]]) -> None:
    story = Story()
    for step, count in steps:
        match step:
            case "post":
                story.server.post(count)
            case "push":
                story.server.push(count)
            case "receive":
                story.receive(count)
            case "take":
                story.take(count)
            case "cut":
                story.cut()
            case "resume":
                story.resume(count)
            case _:
                story.lose(count)
    story.finish()
    assert story.taken == list(range(1, story.server.head + 1))


def test_what_was_held_of_a_lost_connection_does_not_hide_that_events_are_missing() -> None:
    inbox = Inbox(LIMIT)
    tracker = PositionTracker("lobby", inbox, 0, "e")
    tracker.hold_until_joined()
    for seq in range(1, LIMIT):
        tracker.receive(event(seq))
    tracker.cut()  # before the answer: the command is sent again
    head = LIMIT + 3
    for seq in range(1, head + 1):
        tracker.receive(event(seq))
    tracker.answered(Resumed("lobby", "e", head, head))
    while inbox.take() is not None:
        pass
    assert tracker.must_catch_up


@given(st.lists(st.sampled_from(["event", "resumed", "reset"]), max_size=40))
def test_markers_do_not_make_an_inbox_grow(kinds: list[str]) -> None:
    inbox, seq = Inbox(LIMIT), 0
    for kind in kinds:
        if kind == "event" and not inbox.is_full:
            inbox.put(event(seq := seq + 1))
        elif kind == "resumed":
            inbox.mark(Resumed("lobby", "e", seq, 0))
        elif kind == "reset":
            inbox.mark(Reset(snapshot(seq)))
    held = 0
    while inbox.take() is not None:
        held += 1
    assert held <= LIMIT + 2


def event(seq: int) -> Posted:
    return Posted("lobby", seq, "2026-11-23T09:00:00Z", "ada", "hi")


def snapshot(head: int) -> Snapshot:
    return Snapshot(
        room="lobby",
        epoch="e",
        head=head,
        messages=[],
        more=False,
        state={},
        state_seq=0,
        members=Members(0, []),
        live=[],
    )
