"""How the command line is parsed, and how it answers a mistake; knows no command."""

import argparse
import difflib
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

USAGE = 2  # exit code
_NUMBER = re.compile(r"-\d+|-\d*\.\d+")


class Parser(argparse.ArgumentParser):
    """Help begins with examples, and a mistake is answered with what would be right for the same command."""

    examples = ""

    def format_help(self) -> str:
        """The examples, and then what argparse has to say."""
        return f"examples:\n{self.examples}\n\n{super().format_help()}"

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As argparse's, but this parser itself refuses what it doesn't know."""
        words = sys.argv[1:] if args is None else list(args)
        self._check(words)
        namespace, unknown = self._parse(words, namespace)
        if unknown:
            self.error(f"unexpected: {' '.join(unknown)}")
        return namespace, unknown

    def commands(self) -> dict[str, "Parser"]:
        """The parsers of its commands, if it has any."""
        if self._subparsers is None:
            return {}
        choices: dict[str, Parser] = self._subparsers._group_actions[0].choices  # type: ignore[assignment]
        return choices

    def error(self, message: str) -> NoReturn:
        """End with exit code 2. Where there are commands, an example of one would mislead who means another."""
        first_example = self.examples.strip().splitlines()[0].partition("#")[0].strip()
        example = "" if self.commands() else f"for example: {first_example}\n"
        sys.stderr.write(f"{self.prog}: {message}\n{example}for more: {self.prog} --help\n")
        raise SystemExit(USAGE)

    def _parse(self, words: list[str], namespace: Any) -> tuple[argparse.Namespace, list[str]]:
        return super().parse_known_args(words, namespace)

    def _check(self, words: Sequence[str]) -> None:
        """Refuse an unknown option or command before anything else is said about the rest."""
        commands = self.commands()
        for word in words:
            if word == "--":
                return
            if _is_option(word):
                self._check_option(word, has_commands=bool(commands))
            elif commands:  # the rest is for its parser
                if word not in commands:
                    self.error(f"unknown command {word!r}{_meant(word, commands, is_told=True)}")
                return

    def _check_option(self, word: str, *, has_commands: bool) -> None:
        name = word.partition("=")[0]
        begin = name if name.startswith("--") else name[:2]  # -n10 is -n
        known = self._option_string_actions
        if any(option.startswith(begin) for option in known):  # an abbreviation, too
            return
        meant = _meant(name, known)
        if not meant and has_commands:
            meant = f"; options of a command come after it: {self.prog} COMMAND {name}"
        self.error(f"unknown option {name}{meant}")


class IntermixedParser(Parser):
    """Takes options between the arguments, too: `send ROOM --name ada TEXT`."""

    _is_inside = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As `Parser`'s; argparse calls this one again for each of its two passes."""
        if self._is_inside:
            return super()._parse(args, namespace)
        return super().parse_known_args(args, namespace)  # type: ignore[no-untyped-call]

    def _parse(self, words: list[str], namespace: Any) -> tuple[argparse.Namespace, list[str]]:
        if self._subparsers is not None:
            return super()._parse(words, namespace)
        self._is_inside = True
        try:
            return self.parse_known_intermixed_args(words, namespace)
        finally:
            self._is_inside = False


class ShowVersion(argparse.Action):
    """The version is looked up only when asked for: that takes longer than all the rest."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Show it, and end."""
        import hubbub

        print(f"hubbub {hubbub.__version__}")
        parser.exit()


def count(text: str) -> int:
    """A number from 0 on; for argparse, as `seconds`."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return int(text)


def seconds(text: str) -> float:
    """A time that is not nothing."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, such as 10 or 0.5")
    return value


def _is_option(word: str) -> bool:
    """As argparse sees it: a number is none, nor is what has a blank in it, nor a mere `-`."""
    return word[:1] == "-" and len(word) > 1 and " " not in word and not _NUMBER.fullmatch(word)


def _meant(word: str, known: Iterable[str], *, is_told: bool = False) -> str:
    """The one of `known` that was probably meant; else, if that `is_told`, all of them."""
    if close := difflib.get_close_matches(word, known, 1):
        return f"; did you mean {close[0]}?"
    return f"; use one of {', '.join(known)}" if is_told else ""
