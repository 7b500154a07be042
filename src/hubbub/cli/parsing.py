"""How the command line is parsed, and how it answers a mistake; knows no command."""

import argparse
import sys
from typing import NoReturn

USAGE = 2  # exit code


class Parser(argparse.ArgumentParser):
    """Help begins with examples, and a mistake is answered with what would be right."""

    examples = ""

    def format_help(self) -> str:
        """The examples, and then what argparse has to say."""
        return f"examples:\n{self.examples}\n\n{super().format_help()}"

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        first_example = self.examples.strip().splitlines()[0].partition("#")[0].strip()
        sys.stderr.write(
            f"{self.prog}: {message}\n"
            f"right would be, for instance: {first_example}\n"
            f"all about it: {self.prog} --help\n"
        )
        raise SystemExit(USAGE)


class IntermixedParser(Parser):
    """Takes options between the arguments, too: `send ROOM --name ada TEXT`."""

    _is_inside = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As argparse's, which calls this one again for each of its two passes."""
        if self._is_inside or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._is_inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
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
