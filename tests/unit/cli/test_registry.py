"""A command is one module and one line in the registry."""

import pkgutil
import re
from pathlib import Path

import pytest

from hubbub import cli
from hubbub.cli import commands
from hubbub.cli.registry import COMMANDS
from tests.support import toy_command


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line in the registry."""
    monkeypatch.setitem(COMMANDS, "toy", toy_command.__name__)


def printed(words: str, code: int, capsys: pytest.CaptureFixture[str]) -> str:
    """What the parser itself prints before it ends with this code."""
    with pytest.raises(SystemExit) as end:
        cli.main(words.split())
    assert end.value.code == code
    return "".join(capsys.readouterr())


@pytest.mark.usefixtures("toy")
def test_a_registered_command_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert f"    toy       {toy_command.SUMMARY}\n" in printed("--help", 0, capsys)
    said = printed("toy --help", 0, capsys)
    assert said.startswith(f"examples:\n{toy_command.EXAMPLES}\n")
    assert "\nEnd with the exit code of your choice.\n" in said
    assert "  --code N    exit code (default: 0)\n" in said
    assert "exit codes:" in said


@pytest.mark.usefixtures("toy")
def test_a_registered_command_runs_with_its_options_and_ends_with_its_code() -> None:
    assert cli.main(["toy"]) == 0
    assert cli.main(["toy", "--code", "7"]) == 7


@pytest.mark.usefixtures("toy")
def test_mistakes_are_answered_for_a_registered_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean toy?" in printed("toyy", 2, capsys)
    said = printed("toy --codee 7", 2, capsys)
    assert said.startswith("hubbub toy: unknown option --codee; did you mean --code?\n")
    assert "for example: hubbub toy --code 7\n" in said


def test_every_command_is_registered() -> None:
    modules = {
        module.name for module in pkgutil.iter_modules(commands.__path__, "hubbub.cli.commands.")
    }
    assert set(COMMANDS.values()) == modules


def test_the_reference_has_every_command() -> None:
    reference = (Path(__file__).parents[3] / "docs/reference/cli.md").read_text()
    table = [line.partition(" | ")[0] for line in reference.splitlines() if line.startswith("| ")]
    named = re.findall(r"`hubbub (\w+)", "".join(table))
    assert set(named) == set(COMMANDS)
