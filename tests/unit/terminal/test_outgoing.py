"""What was entered and is not acknowledged: it is sent in order, where it belongs, however long that takes."""

from pathlib import Path

import pytest

from hubbub.terminal.chat import Conversation
from hubbub.terminal.home import Draft, Drafts
from hubbub.terminal.outgoing import Outgoing
from hubbub.terminal.run import beside
from hubbub.terminal.screen import Streams
from hubbub.terminal.threads import reply_in
from tests.unit.client.fakes import play, settle

AT = "2026-11-30T09:00:00.000Z"
ROOM = "@r00000000000a"


class Silent(Streams):
    """A screen like a terminal's, on which nothing is shown."""

    is_interactive = True

    def remark(self, text: str) -> None: ...


@pytest.fixture
def drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drafts:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Drafts("http://one.example", ROOM, None, None)


async def test_a_reply_that_was_not_acknowledged_is_sent_the_next_time(drafts: Drafts) -> None:
    async with play() as (scene, link):
        before = Outgoing(Silent(quiet=True), drafts)
        await before.add("a message")
        await before.add("the red one", 42)
        async with beside(before.post_by(scene.client, ROOM)):
            first = await link.heard()
            assert (first["room"], first["text"]) == (ROOM, "a message")
            link.accept(first, room=ROOM, seq=43, at=AT)
            reply = await link.heard()
        again = Outgoing(Silent(quiet=True), drafts)
        again.resume()
        async with beside(again.post_by(scene.client, ROOM)):
            told = await link.heard()
            sent = {name: told[name] for name in ("room", "text", "client_message_id")}
            assert sent == {name: reply[name] for name in sent}
            assert told["room"] == f"{ROOM}:42"
            link.accept(told, room=told["room"], seq=1, at=AT)
            await settle()
        assert drafts.load() == [] and before.last_seq == 43


def test_a_line_that_replies_is_a_message_like_others(drafts: Drafts) -> None:
    conversation = Conversation(None, ROOM, Silent(quiet=True), drafts)  # type: ignore[arg-type]
    assert conversation._message("/reply 42 the red one") == ("the red one", 42)
    assert conversation._message("//reply 42 x") == ("/reply 42 x", None)
    assert conversation._message("/thread 42") is None
    drafts.add("the red one", 42)
    [kept] = drafts.load()
    assert kept == Draft(kept.id, "the red one", 42)


@pytest.mark.parametrize("rest", ["", "x", "42", "0 x", "-1 x", "\u0664 x", f"{'9' * 5000} x"])
def test_what_names_no_message_is_no_reply(rest: str) -> None:
    assert reply_in(f"/reply {rest}") is None
