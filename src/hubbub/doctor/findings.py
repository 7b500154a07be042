"""The findings of a diagnosis, and how they are printed."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from hubbub.terminal.text import visible

MARKS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}


class Finding(NamedTuple):
    """The result of one check: what was checked, its condition, and how to fix it."""

    how: Literal["ok", "warning", "problem"]
    what: str
    detail: str
    fix: str = ""


def ok(what: str, detail: str) -> Finding:
    """The check passed."""
    return Finding("ok", what, detail)


def warning(what: str, detail: str, fix: str = "") -> Finding:
    """It works now, but may fail or is unsafe."""
    return Finding("warning", what, detail, fix)


def problem(what: str, detail: str, fix: str = "") -> Finding:
    """It doesn't work."""
    return Finding("problem", what, detail, fix)


def shown(finding: Finding) -> str:
    """A finding as lines of text. Content of servers and files in it can't control the terminal."""
    first = f"{MARKS[finding.how]}{finding.what}: {finding.detail}"
    more = [f"          {line}" for line in finding.fix.splitlines()]
    return "\n".join(map(visible, [first, *more]))


def tell(finding: Finding) -> bool:
    """Print a finding. Return whether it is not a problem."""
    print(shown(finding), flush=True)
    return finding.how != "problem"


def of_reserved_names(rooms: Sequence[str]) -> Iterator[Finding]:
    """Warn of rooms with names that are reserved now, of which these are the first."""
    if rooms:
        fix = "read them with the version that wrote them, and post what you need in a room with another name"
        found = f"no client can use these rooms, whose names are reserved: {', '.join(rooms)}"
        yield warning("room names", found, fix)
