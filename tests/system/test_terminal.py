"""`hubbub chat`, `send` and `tail` as people and scripts use them, in real terminals and pipes."""

import asyncio
import fcntl
import json
import os
import re
import signal
import struct
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

import hubbub
from tests.support.commands import hubbub as hubbub_command
from tests.support.pane import Pane
from tests.support.server import Server

LINES = int(os.environ.get("TEST_LINES", "2000"))
KILLED_AFTER = [LINES * percent // 100 for percent in (7, 15, 30)]
MESSAGE = re.compile(r"\d\d:\d\d (\w+): (.*)")


def messages(pane: Pane) -> list[str]:
    return [found[0] for row in pane.rows if (found := MESSAGE.fullmatch(row))]


def said(pane: Pane) -> list[str]:
    """What was said, without the time of the day."""
    return [row[6:] for row in messages(pane)]


async def run(
    *arguments: str, stdin: str = "", environment: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Run `hubbub` with pipes; returns exit code, stdout and stderr."""
    return await hubbub_command(*arguments, prepare=None, stdin=stdin, **(environment or {}))


@pytest.mark.timeout(150)
async def test_two_talk_while_the_server_is_killed_between_their_lines(server: Server) -> None:
    async with (
        Pane("chat", server.url, "--name", "ada") as ada,
        Pane("chat", server.url, "--name", "grace") as grace,
    ):
        await ada.shows("lobby> ")
        await grace.shows("lobby> ")
        expected = []
        for n in range(12):
            if n in (3, 8):
                await server.kill()
                await ada.shows("lobby (offline)> ")
            if n in (5, 10):
                await server.start()
            speaker, name = (ada, "ada") if n % 2 else (grace, "grace")
            speaker.press(f"line {n}\r")
            expected.append(f"{name}: line {n}")
            if server.is_running:
                await ada.shows(f"line {n}")
        await ada.until(lambda: len(said(ada)) >= 12, "12 messages")
        await grace.until(lambda: len(said(grace)) >= 12, "12 messages")
        ada.press("the end\r")
        await ada.shows("ada: the end")
        await grace.shows("ada: the end")
        assert said(ada) == said(grace)
        assert sorted(said(ada)) == sorted([*expected, "ada: the end"])
        for name in ("ada", "grace"):
            mine = [line for line in said(ada) if line.startswith(name) and "end" not in line]
            assert mine == [line for line in expected if line.startswith(name)]


async def test_what_arrives_leaves_the_line_being_typed_whole(server: Server) -> None:
    async with (
        Pane("chat", server.url, "--name", "ada") as ada,
        hubbub.connect(server.url, name="grace") as grace,
    ):
        await ada.shows("lobby> ")
        ada.press("half a tho")
        await ada.until(lambda: ada.rows[-1] == "lobby> half a tho", "half typed")
        await grace.post("lobby", "hello\nada")
        await ada.shows("grace: hello")
        assert ada.rows[-2:] == ["      ada", "lobby> half a tho"]
        ada.press("ught\r")
        await ada.shows("ada: half a thought")
        await ada.until(lambda: ada.rows[-1] == "lobby> ", "the line gone from where it was typed")


async def test_what_others_write_is_never_obeyed(server: Server) -> None:
    async with (
        Pane("chat", server.url, "--name", "ada") as ada,
        hubbub.connect(server.url, name="eve") as eve,
    ):
        await ada.shows("lobby> ")
        await eve.post("lobby", "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil")
        await ada.shows(r"eve: \x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil")
        assert not {"\x07", "\x9b", "\u202e"} & set(ada.raw)
        assert "\x1b[2J" not in ada.raw
        assert "\x1b]" not in ada.raw


async def test_slash_commands_are_few_and_mistyped_ones_are_not_sent(server: Server) -> None:
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("lobby> ")
        ada.press("/help\r/qiut\r//shrug\r")
        await ada.shows("ada: /shrug")
        assert any("/quit  leave" in row for row in ada.rows)
        assert any("Not sent: unknown command /qiut; try /quit" in row for row in ada.rows)
        assert said(ada) == ["ada: /shrug"]
        ada.press("/quit\r")
        assert await ada.ended() == 0
        assert ada.does_echo()


async def test_who_comes_late_sees_what_was_said_last(server: Server) -> None:
    async with hubbub.connect(server.url, name="grace") as grace:
        for n in range(30):
            await grace.post("kitchen", str(n))
        async with Pane("chat", server.url, "--name", "ada", "--room", "kitchen") as ada:
            await ada.shows("kitchen> ")
            await ada.shows("grace: 29")
            assert said(ada) == [f"grace: {n}" for n in range(10, 30)]
            room = await grace.join("kitchen")
            await room.edit(30, "29!")
            await ada.shows("edited grace's “29” to: 29!")
            await room.react(30, "👍")
            await ada.shows("reacted with 👍 to grace's “29!”")
            await room.delete(30)
            await ada.shows("* grace deleted message 30")
            await ada.shows("-- grace is here")


END_BY = {
    "/quit": lambda pane: pane.press("/quit\r"),
    "Ctrl-D": lambda pane: pane.press("\x04"),
    "Ctrl-C": lambda pane: pane.press("\x03"),
    "SIGTERM": lambda pane: pane.interrupt(signal.SIGTERM),
    "SIGHUP": lambda pane: pane.interrupt(signal.SIGHUP),
    "SIGKILL": lambda pane: pane.interrupt(signal.SIGKILL),
}


@pytest.mark.parametrize("way", END_BY)
async def test_what_is_typed_while_the_server_is_down_is_sent_the_next_time(
    way: str, server: Server
) -> None:
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("lobby> ")
        await server.kill()
        await ada.shows("-- Connection lost")
        ada.press("are you there?\r")
        await ada.shows("-- Not confirmed yet, will be sent again: are you there?")
        ada.press("and\r/help\r")
        await ada.shows("/quit  leave")  # so what was entered before was taken
        END_BY[way](ada)
        await ada.ended()
        if way not in ("SIGKILL",):
            await ada.shows("!! Not sent yet: are you there?")
            await ada.shows("!! Saved, to be sent the next time you chat here")
    await server.start()
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("-- Sending messages left from last time: 2")
        await ada.shows("ada: and")
        assert said(ada) == ["ada: are you there?", "ada: and"]
        ada.press("/quit\r")
        assert await ada.ended() == 0
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("ada: and")
        ada.press("done\r")
        await ada.shows("ada: done")
        assert said(ada) == ["ada: are you there?", "ada: and", "ada: done"]


async def test_pasted_lines_wait_for_enter_and_are_one_message(server: Server) -> None:
    async with (
        Pane("chat", server.url, "--name", "ada") as ada,
        hubbub.connect(server.url, name="grace") as grace,
    ):
        await ada.shows("lobby> ")
        assert ada.marks_pastes
        ada.paste("one\n/quit\nthree\n")
        await ada.until(lambda: ada.rows[-1] == "lobby> one↵/quit↵three↵", "pasted")
        assert (await grace.history("lobby")).head == 0
        ada.press("\r")
        await ada.shows("ada: one")
        assert [m.text for m in (await grace.history("lobby")).messages] == ["one\n/quit\nthree\n"]
        ada.press("/quit\r")
        assert await ada.finish() == 0
        assert not ada.marks_pastes


async def test_a_hangup_of_the_terminal_ends_it(server: Server) -> None:
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("lobby> ")
        ada.hang_up()
        assert await ada.ended() in {0, 129}


async def test_two_windows_may_have_the_same_name(server: Server) -> None:
    async with (
        Pane("chat", server.url, "--name", "ada") as one,
        Pane("chat", server.url, "--name", "ada") as two,
    ):
        await one.shows("lobby> ")
        await two.shows("lobby> ")
        one.press("from here\r")
        await two.shows("ada: from here")


@pytest.mark.timeout(300)
async def test_thousands_of_lines_survive_three_kills(server: Server) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", "send", "lobby", "--name", "seq", "--url", server.url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdin.write("".join(f"{n}\n" for n in range(1, LINES + 1)).encode())
    process.stdin.write_eof()
    for n in range(1, LINES + 1):
        assert await process.stdout.readline() == f"{n}\n".encode()
        if n in KILLED_AFTER:
            await server.kill()
            assert b"retrying in" in await process.stderr.readline()
            await server.start()
    assert await process.wait() == 0
    async with hubbub.connect(server.url) as client:
        room = await client.join("lobby", since=0)
        stream = room.stream()
        texts = [getattr(await anext(stream), "text", None) for _ in range(LINES)]
        assert (texts, room.position.seq) == ([str(n) for n in range(1, LINES + 1)], LINES)


async def test_the_same_input_again_is_not_posted_again(server: Server) -> None:
    words = ("send", "lobby", "--url", server.url, "--idempotency", "job-7")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"a\n\nb\n")
    assert [await process.stdout.readline() for _ in range(2)] == [b"1\n", b"2\n"]
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130
    assert err == b"hubbub: Stopped after line 3; messages acknowledged: 2\n"
    again = await run(*words, stdin="a\n\nb\nc\n")
    assert again == (0, "1\n2\n3\n", "-- 2 of 3 messages had been posted before\n")
    changed = await run(*words, "--json", stdin="A\n")
    assert json.loads(changed[1])["duplicate"]
    async with hubbub.connect(server.url) as client:
        page = await client.history("lobby")
        assert [m.text for m in page.messages] == ["a", "b", "c"]
        ids = [m.client_message_id for m in page.messages]
        assert ids == ["job-7-1", "job-7-3", "job-7-4"]


async def test_a_server_that_is_not_there_yet_is_waited_for(server: Server) -> None:
    await server.kill()
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("(Connection refused), retrying in")
        ada.press("first\r")
        await server.start()
        await ada.shows("ada: first")


async def test_ctrl_c_leaves_the_terminal_as_it_was(server: Server) -> None:
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("lobby> ")
        assert not ada.does_echo()
        ada.press("\x03")
        assert await ada.finish() == 130
        assert ada.does_echo()
        assert "Traceback" not in ada.raw


async def test_a_second_ctrl_c_does_not_wait_for_a_goodbye(server: Server) -> None:
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("lobby> ")
        os.kill(server.pid, signal.SIGSTOP)
        try:
            started = asyncio.get_running_loop().time()
            ada.press("\x03")
            await ada.shows("-- Leaving")
            ada.press("\x03")
            assert await ada.ended() == 130
            assert asyncio.get_running_loop().time() - started < 1.5
        finally:
            os.kill(server.pid, signal.SIGCONT)


async def test_sigterm_ends_it_cleanly(server: Server) -> None:
    async with Pane("chat", server.url, "--name", "ada") as ada:
        await ada.shows("lobby> ")
        ada.interrupt(signal.SIGTERM)
        assert await ada.ended() == 143
        assert ada.does_echo()


async def test_colours_are_for_those_who_want_them(server: Server) -> None:
    async with (
        Pane("chat", server.url, "--name", "ada") as ada,
        Pane("chat", server.url, "--name", "grace", environment={"NO_COLOR": "1"}) as grace,
    ):
        await ada.shows("lobby> ")
        await grace.shows("lobby> ")
        ada.press("hi\r")
        await ada.shows("ada: hi")
        await grace.shows("ada: hi")
        assert "m" in {end[-1] for end in re.findall(r"\x1b\[[\d;]*[A-Za-z]", ada.raw)}
        assert "m" not in {end[-1] for end in re.findall(r"\x1b\[[\d;]*[A-Za-z]", grace.raw)}


async def test_chat_in_a_pipe_sends_every_line_and_waits(shared_server: Server) -> None:
    code, out, err = await run(
        *("chat", shared_server.url, "--name", "pipe", "--room", "piped"),
        stdin="one\n/two\n\nthree",
    )
    assert (code, [line[6:] for line in out.splitlines()[1:]]) == (
        0,
        ["pipe: one", "pipe: /two", "pipe: three"],
    )
    assert "You are pipe" in err


async def test_send_tells_what_became_of_each_line(shared_server: Server) -> None:
    url = ("--url", shared_server.url)
    assert await run("send", "sent", *url, "hello,", "world") == (0, "1\n", "")
    assert await run("send", "sent", *url, stdin="a\n\nb\n") == (0, "2\n3\n", "")
    assert await run("send", "sent", *url, "-q", "quiet") == (0, "", "")
    same = ("send", "sent", *url, "--json", "--client-message-id", "build-42", "green")
    first, second = [json.loads((await run(*same))[1]) for _ in range(2)]
    assert (first["seq"], first["duplicate"]) == (5, False)
    assert second == {**first, "duplicate": True}


async def test_send_fails_when_it_did_not_send(shared_server: Server, tmp_path: Path) -> None:
    code, out, err = await run("send", "bad room", "x", "--url", shared_server.url)
    assert (code, out) == (3, "")
    assert "Refused: Invalid room name" in err
    async with Server(tmp_path) as gone:
        pass
    code, out, err = await run("send", "lobby", "x", "--url", gone.url, "--timeout", "2")
    assert (code, out) == (4, "")
    assert "Connection refused" in err


async def test_send_is_honest_about_what_it_does_not_know(server: Server) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", "send", "lobby", "--url", server.url, "--timeout", "3"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"one\n")
    assert await process.stdout.readline() == b"1\n"
    os.kill(server.pid, signal.SIGSTOP)
    try:
        _, err = await process.communicate(b"two\n")
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert process.returncode == 4
    assert err.decode() == (
        "hubbub: Stopped at line 2, which was not acknowledged; messages acknowledged before it: 1\n"
        "hubbub: No acknowledgement within 3 s; the message may or may not have been posted: 'two'\n"
    )


async def test_tail_goes_on_over_a_restart(server: Server) -> None:
    async with hubbub.connect(server.url, name="ada") as ada:
        for n in range(1, 6):
            await ada.post("lobby", str(n))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hubbub", "tail", "lobby", "--json", "-n", "2", "-q"),
            env=os.environ | {"HUBBUB_URL": server.url},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        events = [json.loads(await process.stdout.readline()) for _ in range(2)]
        await server.restart()
        await ada.post("lobby", "6")
        events.append(json.loads(await process.stdout.readline()))
        assert [(event["event"], event["seq"], event["text"]) for event in events] == [
            ("posted", 4, "4"),
            ("posted", 5, "5"),
            ("posted", 6, "6"),
        ]
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


async def test_tail_from_the_beginning_in_words(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="ada") as ada:
        await ada.post("words", "one")
        await ada.post("words", "two")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", "tail", "words", "--since", "0"),
        *("--url", shared_server.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(3)]
    assert [line[6:] for line in lines[1:]] == ["ada: one\n", "ada: two\n"]
    assert b"epoch" in await process.stderr.readline()
    process.terminate()
    assert await process.wait() == 143


async def test_a_third_ctrl_c_ends_one_who_waits_to_be_read(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="ada") as ada:
        for _ in range(3):
            await ada.post("stuck", "x" * 60_000)
    ours, theirs = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", "tail", "stuck", "--since", "0", "-q"),
        *("--url", shared_server.url),
        stdout=theirs,
    )
    os.close(theirs)
    try:
        async with asyncio.timeout(30):
            while unread(ours) < 62_000:  # noqa: ASYNC110 - more than one, and no room for a second
                await asyncio.sleep(0.02)
            while process.returncode is None:
                process.send_signal(signal.SIGINT)
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), 0.2)
    finally:
        os.close(ours)
    assert process.returncode == 130


def unread(pipe: int) -> int:
    """How many bytes wait in a pipe."""
    (count,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    return int(count)


async def test_tail_ends_when_nobody_reads_it_any_more(shared_server: Server) -> None:
    async with hubbub.connect(shared_server.url, name="ada") as ada:
        await ada.post("head", "one")
    reads, writes = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", "tail", "head", "-q", "--url", shared_server.url),
        stdout=writes,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writes)
    loop = asyncio.get_running_loop()
    assert b"---" in await loop.run_in_executor(None, os.read, reads, 100)
    os.close(reads)
    _, err = await process.communicate()
    assert (process.returncode, err) == (141, b"")
