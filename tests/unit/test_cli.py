"""What is parsed, what is called, and what is said when it can't be."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import hubbub
from hubbub import cli
from hubbub.cli import sdk
from hubbub.cli.parsing import Parser
from hubbub.client import Client, Closed, Refused, Unreachable
from hubbub.streams import CannotWrite
from hubbub.terminal.send import SendOutput
from hubbub.terminal.stdin import BadInput


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What `hubbub serve` would have started with."""
    seen: dict[str, Any] = {}

    def load(flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None) -> str:
        seen.update(flags=flags, environment=environment, file=file)
        return "settings"

    monkeypatch.setattr("hubbub.server.sources.load", load)
    monkeypatch.setattr(
        "hubbub.server.serving.serve", lambda settings, _: seen.update(settings=settings)
    )
    monkeypatch.chdir(tmp_path)
    return seen


def given(flags: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def test_serve_passes_only_what_was_said(served: dict[str, Any]) -> None:
    assert cli.main(["serve"]) == 0
    assert served["settings"] == "settings"
    assert given(served["flags"]) == {}
    assert served["file"] is None


def test_every_setting_has_a_flag(served: dict[str, Any]) -> None:
    from dataclasses import fields

    from hubbub.server.config import Settings

    names = [field.name for field in fields(Settings)]
    flags = [f"--{name.replace('_', '-')}" for name in names]
    values = [[] if isinstance(field.default, bool) else ["1"] for field in fields(Settings)]
    given_flags = [[flag, *value] for flag, value in zip(flags, values, strict=True)]
    cli.main(["serve", *chain.from_iterable(given_flags)])
    assert set(given(served["flags"])) == set(names)


def test_the_roles_that_commands_offer_are_those_there_are() -> None:
    from hubbub.cli.commands import invite, user
    from hubbub.domain.aspects.people.accounts import RANKS

    assert user.ROLES == RANKS and RANKS[:-1] == invite.ROLES


def test_origins_add_up(served: dict[str, Any]) -> None:
    cli.main(["serve", "--allow-origin", "https://a", "--allow-origin", "https://b"])
    assert served["flags"]["allow_origin"] == ["https://a", "https://b"]


def test_a_settings_file_in_the_directory_counts(served: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "hubbub.toml").write_text("port = 9000")
    cli.main(["serve"])
    assert served["file"] == Path("hubbub.toml")
    cli.main(["serve", "--config", "other.toml"])
    assert served["file"] == Path("other.toml")


def test_bad_settings_are_bad_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["serve", "--port", "lots", "--data", str(tmp_path)]) == 2
    assert "port" in capsys.readouterr().err


def test_a_port_in_use_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hubbub.server.app import CannotStart

    def serve(*_: object) -> None:
        raise CannotStart("can't listen there")

    monkeypatch.setattr("hubbub.server.serving.serve", serve)
    assert cli.main(["serve"]) == 1
    assert capsys.readouterr().err == "hubbub: can't listen there\n"


def test_ctrl_c_has_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hubbub.server.serving.serve", serve)
    assert cli.main(["serve"]) == 130


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `hubbub send` would have been called with."""
    seen: dict[str, Any] = {}

    def send(client: Client, room: str, text: str, *, form: SendOutput, **more: Any) -> None:
        seen.update(url=client.url, room=room, text=text, form=form, **more)

    def send_lines(client: Client, room: str, *, form: SendOutput, **more: Any) -> None:
        send(client, room, "lines of stdin", form=form, **more)

    def client(chosen: Any, timeout: float | None) -> Client:
        seen["open_timeout"] = timeout
        return sdk.client(chosen, timeout)

    monkeypatch.setattr("hubbub.cli.commands.send.client", client)
    monkeypatch.setattr("hubbub.terminal.send.send", send)
    monkeypatch.setattr("hubbub.terminal.send.send_lines", send_lines)
    return seen


def test_send_takes_its_text_from_the_arguments_or_stdin(sent: dict[str, Any]) -> None:
    assert cli.main(["send", "lobby", "hello,", "everyone"]) == 0
    assert (sent["room"], sent["text"], sent["timeout"]) == ("lobby", "hello, everyone", 10.0)
    assert cli.main(["send", "lobby"]) == 0
    assert (sent["text"], sent["timeout"], sent["prefix"]) == ("lines of stdin", None, None)
    assert sent["open_timeout"] is None
    assert cli.main(["send", "lobby", "--timeout", "3", "--idempotency", "p"]) == 0
    assert (sent["text"], sent["timeout"], sent["prefix"]) == ("lines of stdin", 3.0, "p")


def test_options_may_stand_between_the_arguments(sent: dict[str, Any]) -> None:
    assert cli.main(["send", "lobby", "--timeout", "3", "hi", "-q", "there"]) == 0
    assert (sent["text"], sent["timeout"], sent["form"]) == (
        "hi there",
        3.0,
        SendOutput(quiet=True),
    )


def test_after_two_dashes_everything_is_text(sent: dict[str, Any]) -> None:
    assert cli.main(["send", "lobby", "--", "--json"]) == 0
    assert (sent["text"], sent["form"]) == ("--json", SendOutput())
    for words in (["--url", "U", "--", "-x", "--"], ["a", "--url", "U", "--", "-x", "--"]):
        chosen = cli.parser(["search"]).parse_args(["search", *words])
        assert (chosen.url, " ".join(chosen.query)) == ("U", f"{'a ' * (words[0] == 'a')}-x --")


def test_the_server_comes_from_flag_environment_or_default(
    sent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUBBUB_URL", raising=False)
    cli.main(["send", "lobby", "hi"])
    assert sent["url"] == "http://127.0.0.1:8181"
    monkeypatch.setenv("HUBBUB_URL", "localhost:9000")
    cli.main(["send", "lobby", "hi"])
    assert sent["url"] == "localhost:9000"
    cli.main(["send", "lobby", "hi", "--url", "localhost:9001"])
    assert sent["url"] == "localhost:9001"


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "COMMAND"),
        (["serv"], "did you mean serve?"),
        (
            ["frobnicate"],
            "serve, config, user, invite, emoji, files, token, backup, restore, db, verify, doctor, login, logout, chat, send, tail",
        ),
        (["tail"], "hubbub tail lobby"),
        (["tail", "lobby", "--since", "-1"], "use 0 or more"),
        (["tail", "lobby", "-n", "many"], "use 0 or more"),
        (["tail", "lobby", "--epoch", "e"], "--since"),
        (["send", "lobby", "hi", "--timeout", "soon"], "10 or 0.5"),
        (["send", "lobby", "hi", "--timeout", "inf"], "10 or 0.5"),
        (["send", "lobby", "--client-message-id", "x"], "TEXT"),
        (["send", "lobby", "hi", "--idempotency", "x"], "--client-message-id"),
        (["send", "lobby", "--idempotency", "x" * 51], "50 characters"),
        (["send", "lobby", "--idempotency", ""], "50 characters"),
        (["send", "lobby", "k\udcfcy"], "'k\\udcfcy'"),
        (["tail", "k\udcfcy"], "'k\\udcfcy'"),
        (["chat", "--name", "k\udcfcy"], "'k\\udcfcy'"),
        (["send", "lobby", "hi", "--url", "ftp://x"], "http://127.0.0.1:8181"),
        (["chat", "--colour"], "--colour"),
    ],
)
def test_bad_usage_says_what_would_be_right(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = cli.main(arguments)
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert said in err


def all_parsers(parser: Parser) -> Iterator[Parser]:
    """This parser, and those of its commands and their actions, from argparse's own list."""
    yield parser
    for command in parser.commands().values():
        yield from all_parsers(command)


PARSERS = list(all_parsers(cli.parser()))


@pytest.fixture
def _made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """To make all parsers anew for each of hundreds of mistakes would take most of the time."""
    monkeypatch.setattr(cli, "parser", lambda _: PARSERS[0])


LEAVES = [parser for parser in PARSERS if not parser.commands()]
OPTIONS = [
    (parser, option)
    for parser in LEAVES
    for action in parser._actions
    for option in action.option_strings
    if option.startswith("--")
]
COMMANDS = [(parser, command) for parser in PARSERS for command in parser.commands()]


def refused(words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said about bad usage."""
    with pytest.raises(SystemExit) as end:
        cli.main(words.split()[1:])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    return err


def test_the_parser_made_for_one_command_is_the_same_as_among_all() -> None:
    for name, among_all in PARSERS[0].commands().items():
        ((made, alone),) = cli.parser([name, "--help", "serve"]).commands().items()
        texts = [[each.format_help() for each in all_parsers(one)] for one in (alone, among_all)]
        assert (made, texts[0]) == (name, texts[1])


@pytest.mark.usefixtures("_made_once")
@pytest.mark.parametrize("parser, option", OPTIONS, ids=[f"{p.prog} {o}" for p, o in OPTIONS])
def test_a_mistyped_option_is_answered_with_the_one_meant(
    parser: Parser, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    twisted = f"{option}{option[-1]}"
    for words in (twisted, f"{twisted}=1", f"a {twisted} b c d"):
        said = refused(f"{parser.prog} {words}", capsys)
        assert f"{parser.prog}: unknown option {twisted}; did you mean {option}?" in said
        assert f"for example: {parser.prog}" in said


@pytest.mark.usefixtures("_made_once")
@pytest.mark.parametrize("parser, command", COMMANDS, ids=[f"{p.prog} {c}" for p, c in COMMANDS])
def test_a_mistyped_command_is_answered_with_the_one_meant(
    parser: Parser, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(f"{parser.prog} {command}{command[-1]}", capsys)
    assert f"did you mean {command}?" in said
    assert "example" not in said


@pytest.mark.usefixtures("_made_once")
@pytest.mark.parametrize("parser", LEAVES, ids=[parser.prog for parser in LEAVES])
def test_too_much_is_answered_for_the_command_itself(
    parser: Parser, capsys: pytest.CaptureFixture[str]
) -> None:
    if not any(action.nargs in ("*", "+") for action in parser._actions):
        said = refused(f"{parser.prog} {'a ' * 9} -- -1", capsys)
        assert said.startswith(f"{parser.prog}: ")
        assert f"for example: {parser.prog}" in said


def test_an_option_before_its_command_is_told_where_it_belongs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "after it: hubbub COMMAND --port" in refused("hubbub --port 9000 serve", capsys)


@pytest.mark.parametrize(
    "command", ["chat", "send lobby hi", "tail lobby", "doctor http://localhost:1", "serve"]
)
def test_a_mistyped_variable_is_bad_usage_for_every_command(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUBBUB_PROT", "1")
    assert cli.main(command.split()) == 2
    assert "HUBBUB_PROT; did you mean HUBBUB_PORT?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error, code, said",
    [
        (Refused("forbidden", "not you"), 3, "not you"),
        (Refused("name_taken", "someone is"), 3, "--name"),
        (Unreachable("nobody there"), 4, "nobody there"),
        (Closed(4401, "go away"), 4, "go away"),
        (Closed(4000, "\x1b[2J\n"), 4, r"\x1b[2J\x0a"),
        (BadInput("line 3 is too long"), 2, "line 3"),
        (CannotWrite("no space"), 1, "no space"),
        (BrokenPipeError(), 141, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_how_it_ends_has_a_code(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def send(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("hubbub.terminal.send.send", send)
    assert cli.main(["send", "lobby", "hi"]) == code
    assert said in capfd.readouterr().err


@pytest.mark.parametrize("command", [[], ["serve"], ["chat"], ["send"], ["tail"]])
def test_help_begins_with_examples_and_has_the_exit_codes(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main([*command, "--help"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    assert out.startswith("examples:\n  ")
    assert "exit codes:" in out


@pytest.mark.parametrize(
    "command, slow",
    [("--help", {"aiohttp", "asyncio", "msgspec", "apsw"}), ("token list", {"aiohttp"})],
)
def test_a_command_loads_nothing_slow_that_it_does_not_need(
    command: str, slow: set[str], tmp_path: Path
) -> None:
    code = (
        "import sys; from hubbub.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *command.split()],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "hubbub.cli" in ran.stderr.split()
    assert not slow & set(ran.stderr.split())


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"hubbub {hubbub.__version__}\n"


def test_every_public_name_is_there_and_typed() -> None:
    stub = Path(hubbub.__file__).with_suffix(".pyi").read_text()
    typed = {line.rpartition(" ")[2] for line in stub.splitlines() if " as " in line}
    assert typed | {"__version__"} == set(dir(hubbub))
    for name in dir(hubbub):
        assert getattr(hubbub, name) is not None
    with pytest.raises(AttributeError):
        _ = hubbub.nonsense  # type: ignore[attr-defined]
