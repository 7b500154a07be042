import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import msgspec
import pytest

from hubbub.domain.aspects import RULES
from hubbub.domain.aspects.document import PATCH_COST
from hubbub.domain.facts import Accepted, Answer, Batch, Proposal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change, Delete, Edit, Patch, Post
from hubbub.server.engine.journal import (
    MAX_BATCH,
    MAX_BATCH_BYTES,
    MAX_WAITING,
    MAX_WAITING_BYTES,
    Journal,
)
from hubbub.server.stores.base import LogsReplaced
from tests.support.fakes import ADA, AT, HeldStore, MemoryStore, answer_of, settle, timeless


class Desk:
    """A journal, and what is seen of it: answers and deliveries, in the order of their coming."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.seen: list[tuple[str, Any]] = []
        self.commits_begun: list[int] = []  # at each delivery
        self.journal = Journal(store, self._deliver, lambda: AT)

    def post(self, text: str) -> None:
        self.journal.submit(proposal(text), lambda answer: self.seen.append((text, answer)))

    def _deliver(self, batches: list[Batch]) -> None:
        self.commits_begun.append(len(self.store.commits))
        self.seen.append(("delivered", [(b.first, b.last) for b in batches]))

    def answers(self) -> list[tuple[str, Answer]]:
        return [entry for entry in self.seen if entry[0] != "delivered"]


def proposal(text: str) -> Proposal:
    return Proposal(ADA, Post(room="lobby", text=text))


def texts(batch: Any) -> list[str]:
    return [change.text for _, change in batch]


Test = Callable[[Desk, Any], Coroutine[Any, Any, None]]


def at_desk(test: Test) -> Callable[[], None]:
    """Give a test a journal over a held store, and close it in the end."""

    @timeless
    async def run() -> None:
        store = HeldStore()
        desk = Desk(store)
        await test(desk, store)
        closing = asyncio.create_task(desk.journal.close())
        await settle()
        while not closing.done():
            await store.finish()

    @wraps(test)
    def test_in_no_time() -> None:
        run()

    del test_in_no_time.__wrapped__  # pytest would look for its arguments
    return test_in_no_time


@at_desk
async def test_what_comes_during_a_commit_goes_into_the_next(desk: Desk, store: HeldStore) -> None:
    desk.post("one")
    await settle()
    for text in ("two", "three", "four"):
        desk.post(text)
    await settle()
    assert [texts(batch) for batch in store.commits] == [["one"]]
    await store.finish()
    assert [texts(batch) for batch in store.commits] == [["one"], ["two", "three", "four"]]


@at_desk
async def test_nobody_is_answered_before_the_commit_is_done(desk: Desk, store: HeldStore) -> None:
    desk.post("one")
    await settle()
    assert desk.seen == []
    await store.finish()
    assert desk.seen == [("one", Accepted(1, AT)), ("delivered", [(1, 1)])]


@at_desk
async def test_everyone_is_answered_in_order_and_then_it_is_delivered(
    desk: Desk, store: HeldStore
) -> None:
    desk.post("one")
    desk.post("two")
    await settle()
    desk.post("three")
    await store.finish()
    await store.finish()
    assert desk.seen == [
        ("one", Accepted(1, AT)),
        ("two", Accepted(2, AT)),
        ("delivered", [(1, 2)]),
        ("three", Accepted(3, AT)),
        ("delivered", [(3, 3)]),
    ]


@at_desk
async def test_delivery_happens_while_the_next_commit_is_under_way(
    desk: Desk, store: HeldStore
) -> None:
    desk.post("one")
    await settle()
    desk.post("two")
    await store.finish()
    assert desk.seen == [("one", Accepted(1, AT)), ("delivered", [(1, 1)])]
    assert desk.commits_begun == [2]


@timeless
async def test_a_commit_is_observed_once_what_it_added_is_delivered() -> None:
    seen: list[Any] = []

    def deliver(batches: list[Batch]) -> None:
        seen.append([(b.first, b.last) for b in batches])

    journal = Journal(MemoryStore(), deliver, lambda: AT, lambda count, _: seen.append(count))
    await answer_of(journal, proposal("one"))
    await answer_of(journal, Proposal(ADA, Delete(room="lobby", seq=2)))  # there is none
    await journal.close()
    assert seen == [[(1, 1)], 1, 1]


@at_desk
async def test_a_refusal_is_an_answer_like_any_other(desk: Desk, store: HeldStore) -> None:
    refused = asyncio.create_task(
        answer_of(desk.journal, Proposal(ADA, Delete(room="lobby", seq=1)))
    )
    accepted = asyncio.create_task(answer_of(desk.journal, proposal("hi")))
    await settle()
    await store.finish()
    answer = await refused
    assert isinstance(answer, Refusal) and answer.code == "not_found"
    assert await accepted == Accepted(1, AT)


@at_desk
async def test_when_a_commit_fails_all_in_it_and_all_that_wait_hear_so_in_order(
    desk: Desk, store: HeldStore
) -> None:
    desk.post("one")
    desk.post("two")
    await settle()
    desk.post("three")
    await store.fail()
    assert [(text, a.code, a.row.temporary) for text, a in desk.seen] == [
        ("one", "unavailable", True),
        ("two", "unavailable", True),
        ("three", "unavailable", True),
    ]
    desk.post("four")
    await settle()
    await store.finish()
    assert desk.seen[3:] == [("four", Accepted(1, AT)), ("delivered", [(1, 1)])]


@timeless
async def test_when_the_logs_were_replaced_it_ends() -> None:
    store = HeldStore()
    desk = Desk(store)
    desk.post("one")
    await settle()
    await store.fail(LogsReplaced("by others"))
    with pytest.raises(LogsReplaced):
        await desk.journal.running


@at_desk
async def test_a_batch_has_a_bound(desk: Desk, store: HeldStore) -> None:
    for n in range(MAX_BATCH + 1):
        desk.post(str(n))
    await settle()
    await store.finish()
    assert [len(batch) for batch in store.commits] == [MAX_BATCH, 1]


@at_desk
async def test_a_batch_has_a_bound_in_bytes(desk: Desk, store: HeldStore) -> None:
    text = "x" * (MAX_BATCH_BYTES // 4)
    for _ in range(5):
        desk.post(text)
    await settle()
    await store.finish()
    assert [len(batch) for batch in store.commits] == [4, 1]


LARGE = 60_000
BOUNDED = {
    *("id", "room", "seq", "if_seq", "reply_to", "client_message_id", "emitted_as"),
    *("kind", "title", "topic", "alias", "public", "posters", "slow", "keep_days", "receipts"),
    *("members_may_invite", "members_may_edit", "members_may_name_all"),
    *("who", "key", "seconds", "role"),  # of at most 50 people
    *("read", "mentions", "calls", "upto", "level", "muted_until", "starred"),  # likewise
    *("of", "where", "note", "also_in_room", "titles", "name"),
    *("endpoint", "p256dh", "auth", "shows_text"),  # of at most 16 devices
    *("file", "files"),  # of at most 10 keys
    "url",  # of at most 1,000 characters
}
LARGE_FIELDS: dict[str, Any] = {  # of any change: whatever may be large, in several forms
    "text": ["x" * LARGE, "ü" * LARGE],
    "bytes": [b"x" * LARGE],
    "arguments": [["x" * LARGE], [{}] * (LARGE // 3)],
    "attachments": [[b"x" * (LARGE // 10)] * 10],
    "patch": ["x" * LARGE, [[]] * (LARGE // 3), {str(n): 1 for n in range(LARGE // 6)}],
    "emoji": ["👍" * 8],
    "alts": [{str(n): letter * 1_000 for n in range(10)} for letter in "xü"],
    "value": ["x" * 4_000, [[]] * 1_300],
}
LARGE_CHANGES = [
    (kind, field, value)
    for kind, rule in RULES.by_command.items()
    if not rule.is_internal
    for field in sorted(set(kind.__struct_fields__) - BOUNDED)
    for value in LARGE_FIELDS[field]
]


@pytest.mark.parametrize("kind, field, value", LARGE_CHANGES)
def test_each_change_has_the_weight_of_what_it_says(
    kind: type[Change], field: str, value: Any
) -> None:
    fields = {"room": "lobby", "seq": 1, "text": "", "emoji": "x", "arguments": [], field: value}
    fields |= {"where": "lobby", "name": "theme"}
    fields |= {"files": ["0"]} if field == "alts" else {}
    known = {name: fields[name] for name in kind.__struct_fields__ if name in fields}
    if kind is Post:  # which says one thing
        known.pop("arguments" if field in ("text", "bytes") else "text")
        known = known if field != "bytes" else {"room": "lobby", "bytes": value}
    change = kind(**known)
    rule = RULES.by_command[kind]
    waiting, weight = rule.pack(change)
    size = len(msgspec.json.encode(change))
    assert weight >= 0.7 * size
    content = getattr(waiting, field)
    content = list(content.values()) if isinstance(content, dict) else content
    leaves = content if isinstance(content, list) else [content]
    assert all(isinstance(leaf, str | bytes | msgspec.Raw) for leaf in leaves)


@at_desk
async def test_json_waits_as_bytes(desk: Desk, store: HeldStore) -> None:
    patch = Patch(room="lobby", patch={"topics": ["tea"]})
    desk.journal.submit(Proposal(ADA, patch), lambda _: None)
    await settle()
    ((_, waited),) = store.commits[0]
    assert isinstance(waited, Patch) and waited.patch == msgspec.Raw(b'{"topics":["tea"]}')
    await store.finish()


@at_desk
async def test_arguments_and_patches_fill_the_journal_as_texts_do(
    desk: Desk, store: HeldStore
) -> None:
    for change in (
        Post(room="lobby", arguments=["x" * LARGE]),
        Patch(room="lobby", patch="x" * LARGE),
        Edit(room="lobby", seq=1, text="x" * LARGE),
    ):
        refused: list[Answer] = []
        with pytest.MonkeyPatch.context() as few:
            few.setattr("hubbub.server.engine.journal.MAX_WAITING_BYTES", 10 * LARGE)
            for _ in range(11):
                desk.journal.submit(Proposal(ADA, change), refused.append)
        assert [isinstance(a, Refusal) and a.code for a in refused] == ["busy"]
        while desk.journal.waiting:
            await settle()
            await store.finish()


@at_desk
async def test_a_commit_has_few_patches_since_each_is_merged(desk: Desk, store: HeldStore) -> None:
    for _ in range(MAX_BATCH):
        desk.journal.submit(Proposal(ADA, Patch(room="lobby", patch={})), lambda _: None)
    await settle()
    assert len(store.commits[0]) <= MAX_BATCH_BYTES // PATCH_COST


@at_desk
async def test_when_too_much_waits_no_more_is_taken(desk: Desk, store: HeldStore) -> None:
    for n in range(MAX_WAITING):
        desk.post(str(n))
    assert desk.seen == []
    desk.post("too much")
    ((text, answer),) = desk.seen
    assert (text, answer.code, answer.retry_after) == ("too much", "busy", 0.5)
    await settle()
    desk.post("fits again")
    assert len(desk.seen) == 1


@at_desk
async def test_too_many_bytes_are_too_much(desk: Desk, store: HeldStore) -> None:
    desk.post("x" * MAX_WAITING_BYTES)
    desk.post("too much")
    assert [answer.code for _, answer in desk.seen] == ["busy"]
    await settle()
    desk.post("fits again")
    assert len(desk.seen) == 1


@at_desk
async def test_who_waits_for_room_gets_it_when_there_is_some(desk: Desk, store: HeldStore) -> None:
    desk.post("first")
    await settle()
    await desk.journal.has_room()
    for n in range(MAX_WAITING):
        desk.post(str(n))
    waiting = [asyncio.create_task(wait_and_post(desk, n)) for n in range(MAX_BATCH + 10)]
    await settle()
    assert not any(task.done() for task in waiting)
    await store.finish()
    assert sum(task.done() for task in waiting) == MAX_BATCH
    await store.finish()
    assert all(task.done() for task in waiting)
    assert "busy" not in {a.code for _, a in desk.answers() if isinstance(a, Refusal)}


async def wait_and_post(desk: Desk, n: int) -> None:
    await desk.journal.has_room()
    desk.post(f"patient {n}")


@timeless
async def test_closing_drains_what_was_taken_and_takes_no_more() -> None:
    store = HeldStore()
    desk = Desk(store)
    desk.post("one")
    await settle()
    desk.post("two")
    closing = asyncio.create_task(desk.journal.close())
    await settle()
    desk.post("too late")
    ((text, answer),) = desk.seen
    assert (text, answer.code) == ("too late", "unavailable")
    await store.finish()
    assert not closing.done()
    await store.finish()
    assert closing.done()
    assert desk.seen[1:] == [
        ("one", Accepted(1, AT)),
        ("delivered", [(1, 1)]),
        ("two", Accepted(2, AT)),
        ("delivered", [(2, 2)]),
    ]
    assert desk.journal.running.done()


@timeless
async def test_a_journal_that_nothing_was_asked_of_closes_at_once() -> None:
    desk = Desk(MemoryStore())
    await desk.journal.close()
    assert desk.store.commits == []


@timeless
async def test_a_fault_in_one_commit_leaves_the_next_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Faulty(MemoryStore):
        def commit(self, proposals: Any, at: str) -> Any:
            commit = super().commit(proposals, at)
            if len(self.commits) == 1:
                commit = asyncio.get_running_loop().create_future()
                commit.set_exception(ZeroDivisionError())
            return commit

    desk = Desk(Faulty())
    with caplog.at_level(logging.CRITICAL):
        answer = await answer_of(desk.journal, proposal("one"))
    assert isinstance(answer, Refusal) and answer.code == "internal"
    assert isinstance(await answer_of(desk.journal, proposal("two")), Accepted)
    await desk.journal.close()
