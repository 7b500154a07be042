"""Standard streams that are closed, full or cut off: a sentence and an exit code, never a traceback or a hang."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

import hubbub
from hubbub import cli
from hubbub.cli.parsing import Parser
from hubbub.cli.registry import COMMANDS
from tests.support.commands import Ran, forked
from tests.support.commands import hubbub as command
from tests.support.images import GIF
from tests.support.nursery import is_read_later
from tests.support.ports import free_port
from tests.support.server import Server

BROKEN = ["<&-", ">&-", "2>&-", ">/dev/full", "2>/dev/full", "<&- >&- 2>&-", "| true"]
DOCUMENTED = {0, 1, 2, 3, 4, 130, 141, 143}


async def shell(
    redirections: str, *words: str, stdin: bytes | None = None, **environment: str
) -> Ran:
    """Run `hubbub WORDS` with its streams redirected as by a shell. The nursery forks it, unless that needs a fresh process."""
    if not is_read_later(environment):
        return await python(redirections, "hubbub", *words, stdin=stdin, **environment)
    if stdin is None:
        redirections = f"</dev/null {redirections}"
    each = [part.strip() for part in re.split(r" (?=[<>|\d])", redirections) if part.strip()]
    async with asyncio.timeout(80):
        return checked(*await forked(words, stdin or b"", os.environ | environment, each))


def checked(code: int, out: str, err: str) -> Ran:
    """Check that a command ended as the documentation says, and return what it did."""
    assert "Traceback" not in err
    assert "Exception" not in err
    assert code in DOCUMENTED
    return Ran(code, out, err)


async def python(
    redirections: str, module: str, *words: str, stdin: bytes | None = None, **environment: str
) -> Ran:
    """Run a module of Python so."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f'set -o pipefail; "$@" {redirections}', "bash"),
        *(sys.executable, "-m", module, *words),
        env=os.environ | environment,
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(80):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return checked(process.returncode, out.decode(), err.decode())


@pytest.mark.parametrize("broken", [">&-", ">/dev/full"])
async def test_every_command_says_that_it_can_not_write(broken: str) -> None:
    ran = await asyncio.gather(*(shell(broken, command, "--help") for command in COMMANDS))
    said = (
        r"hubbub: Can't write to standard output: (Bad file descriptor|No space left on device)\n"
    )
    assert all(each.code == 1 and re.fullmatch(said, each.err) for each in ran)


@pytest.mark.parametrize("broken", ["| true", "2>&-", "<&-"])
async def test_help_is_quiet_about_what_does_not_matter(broken: str) -> None:
    ran = await shell(broken, "--help")
    assert ran.err == ""
    assert ran.code in ({0, 141} if broken == "| true" else {0})


# What each command of the parser's list is run with here; those of a client have tests of their own below.
RUNS = {
    "hubbub config show": ["--origin"],
    "hubbub user add": ["ada", "--name", "Grüße", "--link"],
    "hubbub user list": [],
    "hubbub user role": ["ada", "admin"],
    "hubbub user suspend": ["ada"],
    "hubbub user resume": ["ada"],
    "hubbub user reset": ["ada"],
    "hubbub user export": ["ada"],
    "hubbub user remove": ["ada", "--yes"],
    "hubbub files list": [],
    "hubbub files limit": ["default", "--person"],
    "hubbub emoji add": ["party", "{place}/party.gif"],
    "hubbub emoji list": [],
    "hubbub emoji remove": ["party", "--yes"],
    "hubbub invite": [],
    "hubbub token create": ["--name", "grüße"],
    "hubbub token list": [],
    "hubbub token revoke": ["grüße"],
    "hubbub backup": ["{place}/copy.db"],
    "hubbub restore": ["{place}/copy.db"],
    "hubbub db copy": ["sqlite:{place}/data", "sqlite:{place}/other"],
    "hubbub db reindex": [],
    "hubbub doctor": [],
    "hubbub verify": [],
}
CLIENTS = {
    f"hubbub {name}" for name in ("chat", "send", "search", "picture", "tail", "login", "logout")
}
QUIET = {  # no data, only remarks
    *("hubbub backup", "hubbub restore"),
    *("hubbub user role", "hubbub user suspend", "hubbub user resume"),
    *("hubbub user remove", "hubbub emoji add", "hubbub emoji remove", "hubbub files limit"),
}


def leaves(parser: Parser) -> list[str]:
    """The commands and actions that can be run."""
    found = [prog for each in parser.commands().values() for prog in leaves(each)]
    return found or [parser.prog]


def test_every_command_is_run_somewhere_here() -> None:
    assert set(leaves(cli.parser())) == {*RUNS, *CLIENTS, "hubbub serve"}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("broken", ["", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", "| true"])
async def test_every_command_does_its_work_or_says_why_not(broken: str, tmp_path: Path) -> None:
    data, results = tmp_path / "data", tmp_path / "results"
    (tmp_path / "party.gif").write_bytes(GIF)
    runs: list[list[str]] = []
    for prog, arguments in RUNS.items():
        words = [word.format(place=tmp_path) for word in (*prog.split()[1:], *arguments)]
        runs.append(words + ([] if prog == "hubbub db copy" else ["--data", str(data)]))
    given = (str(results), json.dumps(runs))
    ran = await python(broken, "tests.support.one_by_one", *given, PYTHONIOENCODING="ascii")
    assert (ran.out + ran.err).isascii()
    codes = dict(zip(RUNS, json.loads(results.read_text()), strict=True))
    can_not_write = broken == ">/dev/full" or ">&-" in broken.split()
    failing = dict.fromkeys(RUNS.keys() - QUIET, 1) if can_not_write else {}
    if broken == "| true":  # whose reader may be gone
        codes = {prog: 0 if code == 141 else code for prog, code in codes.items()}
    assert codes == dict.fromkeys(RUNS, 0) | failing
    if broken == ">/dev/full":
        assert ran.err.count("Can't write to standard output") == len(failing)
    assert (tmp_path / "copy.db").exists()
    assert list(data.glob("hubbub.db.replaced-*Z"))
    assert (tmp_path / "other" / "hubbub.db").exists()


NO_TEXT = "k\udcfcy"


@pytest.mark.parametrize("prog", leaves(cli.parser()))
async def test_bytes_that_are_no_text_are_refused_by_every_command(prog: str) -> None:
    given = ([NO_TEXT], ["--data", NO_TEXT], [f"--zz={NO_TEXT}"])
    for words in given:
        ran = await command(*prog.split()[1:], *words)
        assert (ran.code, ran.out) == (2, "")
        assert "not valid UTF-8" in ran.err


async def test_bytes_in_the_environment_that_are_no_text_are_refused() -> None:
    for words in (["config", "show"], ["send", "lobby", "hi"], ["doctor", "http://localhost:1"]):
        ran = await shell("", *words, HUBBUB_TOKEN=NO_TEXT)
        assert (ran.code, ran.err) == (
            2,
            "hubbub: Environment variable HUBBUB_TOKEN is not valid UTF-8\n",
        )


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_server_serves_without_its_streams(broken: str, tmp_path: Path) -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f'exec "$@" {broken.replace("| true", "> >(true)")}', "bash"),
        *(sys.executable, "-m", "hubbub", "serve", "--port", str(port), "--data", str(tmp_path)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with hubbub.connect(f"http://127.0.0.1:{port}", open_timeout=20) as client:
        assert (await client.post("lobby", "hi")).seq == 1
    process.terminate()
    assert await process.wait() == 0


@pytest.mark.parametrize("broken", BROKEN)
async def test_what_is_sent_is_sent_or_said_not_to_be(broken: str, shared_server: Server) -> None:
    to = ("--url", shared_server.url)
    room = f"broken-{BROKEN.index(broken)}"
    one = await shell(broken, "send", room, "hi", *to)
    piped = await shell(broken, "send", room, *to, stdin=b"a\nb\n")
    assert (await shell(broken, "picture", "--remove", *to)).code == 3  # guests have none
    assert (await shell(broken, "search", "hi", f"in:{room}", *to)).code == 3  # not searched here
    async with hubbub.connect(shared_server.url) as client:
        texts = [message.text for message in (await client.history(room)).messages]
    assert texts[0] == "hi"
    if "<&-" in broken:
        assert (piped.code, texts) == (2, ["hi"])
        assert "2>&-" in broken or "Can't read standard input: Bad file descriptor" in piped.err
    if ">&-" in broken.split() or broken == ">/dev/full":
        assert (one.code, piped.code) == (1, 2 if "<&-" in broken else 1)
        assert "2>&-" in broken or "Can't write to standard output" in one.err
    if broken == "| true":
        assert {one.code, piped.code} <= {0, 141}
        assert (one.err, piped.err) == ("", "")
    if broken in ("2>&-", "2>/dev/full"):
        assert (one.code, piped.code, texts) == (0, 0, ["hi", "a", "b"])


@pytest.mark.parametrize("broken", BROKEN)
async def test_chat_and_tail_end_by_themselves_or_with_their_reader(
    broken: str, shared_server: Server
) -> None:
    room = f"talked-{BROKEN.index(broken)}"
    async with hubbub.connect(shared_server.url) as client:
        await client.post(room, "x" * 1000)
    chat = await shell(broken, "chat", shared_server.url, "--room", room, stdin=b"a\n")
    if "<&-" in broken:
        assert chat.code == 2
    elif ">&-" in broken.split() or broken == ">/dev/full":
        assert (chat.code, "Can't write" in chat.err) == (1, True)
    else:
        assert chat.code in {0, 141}
    if ">&-" in broken.split() or broken in (">/dev/full", "| true"):
        tail = await shell(broken, "tail", room, "--url", shared_server.url)
        assert tail.code == (141 if broken == "| true" else 1)


@pytest.mark.parametrize("command", [["send", "ascii", "--json"], ["send", "ascii"], ["chat"]])
async def test_an_encoding_without_the_characters_costs_nothing(
    command: list[str], shared_server: Server
) -> None:
    environment = {"PYTHONIOENCODING": "ascii", "HUBBUB_URL": shared_server.url}
    ran = await shell("", *command, "--name", "grüße", stdin="日本\n".encode(), **environment)
    assert ran.code == 0
    assert (ran.out + ran.err).isascii()


async def test_bytes_that_are_not_utf_8_are_refused_by_line(shared_server: Server) -> None:
    to = ("--url", shared_server.url)
    ran = await shell("", "send", "bytes", *to, stdin=b"good\nk\xfcy\n")
    assert (ran.code, ran.out) == (2, "1\n")
    assert ran.err == (
        "hubbub: Stopped after line 1; messages acknowledged: 1\n"
        "hubbub: Line 2 of standard input is not valid UTF-8: byte 2 is 0xFC\n"
    )
    for words in (["send", "bytes", "k\udcfcy"], ["tail", "k\udcfcy"], ["send", "k\udcfcy"]):
        ran = await shell("", *words, *to)
        assert (ran.code, ran.err) == (2, "hubbub: Invalid argument 'k\\udcfcy': not valid UTF-8\n")
    ran = await shell("", "chat", shared_server.url, "--room", "bytes", stdin=b"mine\nk\xfcy\n")
    assert (ran.code, "Line 2" in ran.err, "mine" in ran.out) == (2, True, True)


async def test_a_line_of_60_mb_is_refused_at_once(shared_server: Server) -> None:
    to = ("--url", shared_server.url)
    ran = await shell("", "send", "long", *to, stdin=b"good\n" + b"x" * 60_000_000 + b"\n")
    assert (ran.code, ran.out) == (2, "1\n")
    assert "Line 2 of standard input is too long" in ran.err
    ran = await shell("", "send", "long", *to, stdin=b"x" * 100_000)
    assert ran.code == 3
    assert "too_large" in ran.err


def _make_non_blocking() -> None:
    for fd in (0, 1):
        os.set_blocking(fd, False)


async def test_streams_that_another_program_made_non_blocking_are_waited_for(
    shared_server: Server,
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", "send", "waited", "--url", shared_server.url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=_make_non_blocking,
    )
    assert process.stdin is not None and process.stdout is not None
    for n in (1, 2, 3):
        process.stdin.write(b"a\n")
        assert await process.stdout.readline() == b"%d\n" % n
    process.stdin.close()
    assert await process.wait() == 0
