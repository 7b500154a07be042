"""Whatever a server sends, `chat` and `tail` show it without obeying it, and end with a sentence or not at all."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
import pytest

from hubbub.client import Acknowledgement, ConnectionState, HubbubError
from hubbub.client.wire.reconnect import Welcome
from hubbub.domain.aspects import RULES
from hubbub.events import Posted
from hubbub.protocol.messages import (
    AnySignal,
    Closing,
    Error,
    Message,
    Reply,
    Resumed,
    Snapshot,
)
from hubbub.terminal.chat import Conversation
from hubbub.terminal.screen import Screen
from hubbub.terminal.style import Line, Style
from hubbub.terminal.tail import JsonFormat, TextFormat
from tests.support.hostile import DEEP, NASTY, ROOM, filled, kinds, obeyed, spoiled
from tests.unit.client.fakes import WELCOME, FakeLink, Play, posted, settle, snapshot, stored

PUSHES = [*RULES.events.kinds, *kinds(AnySignal), *kinds(Closing)]
MESSAGES = [*RULES.events.kinds, Message]


def patched(patch: str) -> str:
    return f'{{"event":"patched","room":"lobby","seq":1,"at":"","by":"eve","patch":{patch}}}'


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


class Paper:
    """A screen on which everything is written down."""

    is_interactive = True

    def __init__(self) -> None:
        self.written = ""
        self._style = Style(has_colour=True)

    def show(self, lines: Sequence[Line]) -> None:
        self.written += "".join(f"{self._style.render(line)}\n" for line in lines)

    def remark(self, text: str) -> None:
        self.show([[text]])

    complain = prompt = remark

    async def lines(self) -> AsyncIterator[str]:
        yield "hello"
        await asyncio.Event().wait()

    def untaken(self) -> list[str]:
        return []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Scene:
    """A conversation with a server that answers as it should, but for the kinds that are replaced."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {
            "hello": WELCOME,
            "follow": snapshot(),
            "post": stored(1),
        } | answers

    async def play(self, *pushes: Any) -> str:
        """Let the server push; returns what was shown."""
        stage, paper = Play(), Paper()
        screen: Screen = paper
        talking = asyncio.create_task(Conversation(stage.client, ROOM, screen).hold())
        try:
            link = await stage.network.let_through()
            await self._answer(link)
            for push in pushes:
                link.say_text(push if isinstance(push, str) else json.dumps(push))
            await self._answer(link)
            is_closed = stage.client.status.state is ConnectionState.CLOSED
            assert talking.done() or not is_closed, "somebody waits for a client that is closed"
            link.cut(4000)
            await settle()
        finally:
            talking.cancel()
            (ended,) = await asyncio.gather(talking, return_exceptions=True)
        if isinstance(ended, HubbubError):
            paper.complain(str(ended))
        else:
            assert isinstance(ended, asyncio.CancelledError), repr(ended)
        return paper.written

    async def _answer(self, link: FakeLink) -> None:
        for _ in range(3):
            await settle()
            for command in link.heard_already():
                answer = self._answers.get(command["do"], {})
                is_whole = isinstance(answer, dict) and {"ok", "error"} & answer.keys()
                reply = answer if is_whole else {"ok": answer}
                link.say({"re": command.get("id"), **reply})


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Any:
    """No fault is told of, which would be a traceback on the terminal."""
    yield
    assert [r for r in caplog.get_records("call") if r.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("kind", PUSHES)
async def test_no_text_in_a_push_is_obeyed(kind: Any) -> None:
    push = filled(kind, room=ROOM) | ({"seq": 1} if kind in RULES.events.kinds else {})
    shown = await Scene().play(posted(1, NASTY, by=NASTY) | push)
    assert obeyed(shown) == set()
    assert "nasty" in shown or kind not in RULES.events.kinds


@pytest.mark.parametrize("kind", PUSHES)
async def test_no_wrong_push_is_fatal(kind: Any) -> None:
    told = {"room": ROOM, "seq": 1} if kind in RULES.events.kinds else {"room": ROOM}
    for field, push in spoiled(kind, **told):
        shown = await Scene().play(push, posted(2))
        assert obeyed(shown) == set(), field


@pytest.mark.parametrize(
    "push",
    [
        *("", "{", "null", "[]", '"x"', "{}", DEEP, f'{{"event": {DEEP}}}', '{"re": null}'),
        json.dumps(posted(1))[:-1] + f', "text": null, "arguments": {DEEP}}}',
        *(
            patched('{"a":' * levels + "1" + "}" * levels)
            for levels in (40, 400, 800, 900, 950, 980)
        ),
    ],
)
async def test_what_is_no_push_is_not_fatal(push: str) -> None:
    assert obeyed(await Scene().play(push)) == set()


@pytest.mark.parametrize(
    "command, kind",
    [("hello", Welcome), ("follow", Snapshot), ("follow", Resumed), ("post", Acknowledgement)],
)
async def test_no_answer_is_obeyed_or_fatal(command: str, kind: Any) -> None:
    assert obeyed(await Scene(**{command: filled(kind)}).play()) == set()
    for field, answer in spoiled(kind):
        assert obeyed(await Scene(**{command: answer}).play()) == set(), field


@pytest.mark.parametrize("command", ["hello", "follow", "post"])
async def test_no_refusal_is_obeyed_or_fatal(command: str) -> None:
    refusal = {"error": filled(Error)}
    shown = await Scene(**{command: refusal}).play()
    assert "nasty" in shown
    assert obeyed(shown) == set()
    for _, error in [*spoiled(Error), *spoiled(Reply)]:
        answer = {"error": error} if "code" in error or "message" in error else error
        assert obeyed(await Scene(**{command: answer}).play()) == set()


async def test_signals_of_a_newer_kind_are_passed_over() -> None:
    newer = snapshot(live=[{"signal": "newer"}, 7, filled(kinds(AnySignal)[0], room=ROOM)])
    assert "grace: hi" in without_colours(await Scene(follow=newer).play(posted(1)))


async def test_a_lost_answer_leaves_nobody_waiting() -> None:
    shown = await Scene(post={"room": 7}).play()
    assert "not hubbub.v1" in shown


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("form", [JsonFormat, TextFormat])
def test_tail_writes_what_no_terminal_obeys(
    form: Callable[[], JsonFormat | TextFormat], kind: Any
) -> None:
    if kind is Message:
        kind = Posted  # as it is now, a message is shown as when it was posted
    event = msgspec.convert(filled(kind), kind)
    for line in form().event(event):
        assert obeyed(line) == set()
        if form is JsonFormat:
            assert msgspec.convert(json.loads(line), kind) == event
