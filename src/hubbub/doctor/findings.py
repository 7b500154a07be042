"""What a look at something has found, and how it is shown."""

from typing import Literal, NamedTuple

from hubbub.terminal.text import visible

MARKS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}


class Finding(NamedTuple):
    """One thing that was looked at: how it is, and what would mend it."""

    how: Literal["ok", "warning", "problem"]
    what: str
    detail: str
    fix: str = ""


def ok(what: str, detail: str) -> Finding:
    """It is as it should be."""
    return Finding("ok", what, detail)


def warning(what: str, detail: str, fix: str = "") -> Finding:
    """It works, but may not always."""
    return Finding("warning", what, detail, fix)


def problem(what: str, detail: str, fix: str = "") -> Finding:
    """It doesn't work."""
    return Finding("problem", what, detail, fix)


def shown(finding: Finding) -> str:
    """A finding as lines of text: what a server or a file holds is in it, and controls no terminal."""
    first = f"{MARKS[finding.how]}{finding.what}: {finding.detail}"
    more = [f"          {line}" for line in finding.fix.splitlines()]
    return "\n".join(map(visible, [first, *more]))


def tell(finding: Finding) -> bool:
    """Print it; whether it is no problem."""
    print(shown(finding), flush=True)
    return finding.how != "problem"
