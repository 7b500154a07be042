"""What the writer of SQLite keeps in memory is what is in the file."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hubbub.domain.facts import Facts, Needs
from hubbub.domain.records import Prefix, Table
from hubbub.domain.tables.rooms import MEMBER, Member, MemberKey
from hubbub.protocol.commands.rooms import InvitePeople, Remove
from hubbub.protocol.messages import Post
from hubbub.server.stores.sqlite import memory
from hubbub.server.stores.sqlite.memory import RowMemory
from hubbub.server.stores.sqlite.store import SqliteStore
from tests.support.rooms import ADA, GRACE, ROOM_RULES, House

KEYS = [MemberKey("@r1", f"@p{n}") for n in range(3)]
ROW = Member(*KEYS[0], "host", 1, False)


def asked(*keys: MemberKey) -> Needs:
    wanted = Needs()
    for key in keys:
        wanted.row(MEMBER, key)
    return wanted


def read(known: RowMemory, wanted: Needs) -> set[Prefix]:
    """Learn what is not known, from a file with one row; returns what had to be read."""
    facts = Facts()
    rest = known.recall(wanted, facts)
    keys = set(rest.rows.get(MEMBER, ()))
    facts.expect(rest)
    if KEYS[0] in keys:
        facts.found(MEMBER, [ROW])
    known.remember(rest, facts)
    assert facts.rows[MEMBER] == {
        key: ROW if key == KEYS[0] else None for key in wanted.rows[MEMBER]
    }
    return keys


def test_what_was_read_is_not_read_again_whether_it_is_there_or_not() -> None:
    known = RowMemory()
    assert read(known, asked(*KEYS[:2])) == set(KEYS[:2])
    assert read(known, asked(*KEYS)) == {KEYS[2]}
    assert read(known, asked(*KEYS)) == set()
    known.clear()
    assert read(known, asked(KEYS[0])) == {KEYS[0]}


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 2)
    known = RowMemory()
    read(known, asked(*KEYS))
    assert read(known, asked(*KEYS)) == set(KEYS)


def test_rows_that_go_with_the_log_are_not_remembered() -> None:
    with pytest.raises(TypeError, match="remembered"):
        Table("x", MemberKey, Member, trimmed_by="since", is_remembered=True)


async def test_what_changes_in_the_file_counts_at_once(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, "normal", lambda: "e1", ROOM_RULES)
    house = await House.opened(store)
    room = await house.make(ADA, "closed", GRACE)
    post = GRACE, Post(room=room, text="x")
    assert await house.codes(post, post) == [None, None]
    assert await house.codes((ADA, Remove(room=room, who=GRACE.id)), post) == [None, "not_found"]
    assert await house.codes(post) == ["not_found"]
    back = ADA, InvitePeople(room=room, who=(GRACE.id,))
    unstorable = ADA, Post(room=room, text="\ud800")
    assert await house.codes(back, unstorable) == [None, "bad_request"]
    assert await house.codes(post) == [None]
    with closing(apsw.Connection(str(tmp_path / "hubbub.db"))) as another:
        another.execute("DELETE FROM member WHERE account = ?", (GRACE.id,))
    assert await house.codes(post) == ["not_found"]
    await store.close()
