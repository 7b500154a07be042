"""How the command line is parsed and how mistakes are reported. Knows no command."""

import argparse
import difflib
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from hubbub.cli.exits import USAGE

_BEHIND = "\0"  # begins the words behind `--` while they are parsed: no argument has this
_NUMBER = re.compile(r"-\d+|-\d*\.\d+")


class Parser(argparse.ArgumentParser):
    """A parser whose help begins with examples, and whose errors end with an example of the same command."""

    def __init__(self, *args: Any, examples: str = "", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.examples = examples

    def format_help(self) -> str:
        """The examples, followed by argparse's help."""
        return f"examples:\n{self.examples}\n\n{super().format_help()}"

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Like argparse's, but each parser itself refuses unknown arguments."""
        words = sys.argv[1:] if args is None else list(args)
        self._check(words)
        namespace, unknown = self._parse(words, namespace)
        if unknown:
            self.error(f"unexpected arguments: {' '.join(unknown)}")
        return namespace, unknown

    def commands(self) -> dict[str, "Parser"]:
        """The parsers of the subcommands, if there are any."""
        if self._subparsers is None:
            return {}
        choices: dict[str, Parser] = self._subparsers._group_actions[0].choices  # type: ignore[assignment]
        return choices

    def add_actions(self) -> "argparse._SubParsersAction[Parser]":
        """Say that an action follows. Each is added to what this returns."""
        return self.add_subparsers(
            title="actions", metavar="ACTION", required=True, parser_class=Parser
        )

    def error(self, message: str) -> NoReturn:
        """Exit with code 2. A parser with subcommands gives no example: it could be of another command than the one meant."""
        first_example = self.examples.strip().splitlines()[0].partition("#")[0].strip()
        example = "" if self.commands() else f"for example: {first_example}\n"
        sys.stderr.write(
            f"{self.prog}: {message}\n{example}for more information: {self.prog} --help\n"
        )
        raise SystemExit(USAGE)

    def _parse(self, words: list[str], namespace: Any) -> tuple[argparse.Namespace, list[str]]:
        return super().parse_known_args(words, namespace)

    def _check(self, words: Sequence[str]) -> None:
        """Refuse an unknown option or command before argparse complains about anything else."""
        commands = self.commands()
        for word in words:
            if word == "--":
                return
            if _is_option(word):
                self._check_option(word, has_commands=bool(commands))
            elif commands:  # the command's parser handles the rest
                if word not in commands:
                    self.error(f"unknown command {word!r}{_meant(word, commands, is_told=True)}")
                return

    def _check_option(self, word: str, *, has_commands: bool) -> None:
        name = word.partition("=")[0]
        begin = name if name.startswith("--") else name[:2]  # -n10 is -n
        known = self._option_string_actions
        if any(option.startswith(begin) for option in known):  # abbreviations are allowed
            return
        meant = _meant(name, known)
        if not meant and has_commands:
            meant = f"; put the options of a command after it: {self.prog} COMMAND {name}"
        self.error(f"unknown option {name}{meant}")


class IntermixedParser(Parser):
    """Also accepts options between arguments: `send ROOM --name ada TEXT`.

    What stands behind `--` is marked, since argparse reads it twice, and may take it for options the second time.
    """

    _is_inside = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Like `Parser`'s. argparse calls this again for each of its two passes."""
        if self._is_inside:
            return super()._parse(args, namespace)
        return super().parse_known_args(args, namespace)  # type: ignore[no-untyped-call]

    def _parse(self, words: list[str], namespace: Any) -> tuple[argparse.Namespace, list[str]]:
        if self._subparsers is not None:
            return super()._parse(words, namespace)
        end = words.index("--") if "--" in words else len(words)
        words = words[:end] + [_BEHIND + each for each in words[end + 1 :]]
        self._is_inside = True
        try:
            namespace, unknown = self.parse_known_intermixed_args(words, namespace)
        finally:
            self._is_inside = False
        return namespace, [each.removeprefix(_BEHIND) for each in unknown]

    def _get_value(self, action: argparse.Action, text: str) -> Any:
        return super()._get_value(action, text.removeprefix(_BEHIND))


class ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for, since that takes longer than everything else."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print the version and exit."""
        import hubbub

        print(f"hubbub {hubbub.__version__}")
        parser.exit()


def count(text: str) -> int:
    """Parse a whole number of at least 0, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"invalid number {text!r}: use 0 or more")
    return int(text)


def seconds(text: str) -> float:
    """Parse a duration in seconds of more than 0, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(
            f"invalid time {text!r}: use a number of seconds, such as 10 or 0.5"
        )
    return value


def _is_option(word: str) -> bool:
    """Whether argparse takes a word for an option: numbers, words with spaces and a lone `-` are not options."""
    return word[:1] == "-" and len(word) > 1 and " " not in word and not _NUMBER.fullmatch(word)


def _meant(word: str, known: Iterable[str], *, is_told: bool = False) -> str:
    """A hint at the one of `known` that was probably meant; if there is none and `is_told`, at all of them."""
    if close := difflib.get_close_matches(word, known, 1):
        return f"; did you mean {close[0]}?"
    return f"; choose from {', '.join(known)}" if is_told else ""
