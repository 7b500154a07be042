"""Asks people: for a password, which nobody else should see, and whether they mean what can't be undone."""

import getpass
import sys
from collections.abc import Callable
from pathlib import Path

MOST_BYTES = 4_096  # more than any password has


class CannotAsk(Exception):
    """There is nobody to ask, or what was given can't be read. The message says why."""


class NotConfirmed(Exception):
    """Somebody was asked, and said no. The message says so."""


def is_there_someone() -> bool:
    """Whether a person can be asked on the terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def password(file: Path | None, prompt: str, *, is_new: bool = False) -> str:
    """Return a password: from a file, whose name may be `-`; else from the terminal; else from standard input.

    A new one is asked for twice on the terminal. Raises CannotAsk.
    """
    if file is not None and str(file) != "-":
        return _read(file)
    if file is None and is_there_someone():
        return _asked(prompt, is_new=is_new)
    if sys.stdin is None:
        raise CannotAsk("Standard input is closed, so no password can be read from it")
    return _without_newline(sys.stdin.buffer.read(MOST_BYTES + 1), "standard input")


def line(prompt: str) -> str:
    """Return a line that was typed on the terminal. Raises CannotAsk."""
    try:
        print(prompt, end="", file=sys.stderr, flush=True)
        return input().strip()
    except EOFError:
        raise CannotAsk("Nothing was entered") from None


def confirm(what: Callable[[], str]) -> None:
    """Ask whether somebody means something that can't be undone; `what` says what that is.

    Raises CannotAsk, NotConfirmed.
    """
    if not is_there_someone():
        raise CannotAsk("This can't be undone, and nobody is there to confirm it: add --yes")
    print(what(), file=sys.stderr)
    if line("Go on? [y/N] ").lower() not in ("y", "yes"):
        raise NotConfirmed("Nothing was changed")


def _asked(prompt: str, *, is_new: bool) -> str:
    try:
        given = getpass.getpass(prompt)
        if is_new and getpass.getpass("Again: ") != given:
            raise CannotAsk("The two passwords differ")
    except EOFError:
        raise CannotAsk("No password was entered") from None
    return given


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return _without_newline(opened.read(MOST_BYTES + 1), str(file))
    except OSError as error:
        raise CannotAsk(f"Can't read {file}: {error.strerror}") from error


def _without_newline(content: bytes, where: str) -> str:
    """Return what was read as text, without the newline at its end."""
    if len(content) > MOST_BYTES:
        raise CannotAsk(f"The password from {where} is too long")
    try:
        given = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise CannotAsk(f"The password from {where} is not valid UTF-8") from None
    if not given or "\n" in given:
        raise CannotAsk(f"Expected one line with the password from {where}")
    return given
