"""How the findings of a diagnosis are printed."""

from hubbub.server.findings import Finding
from hubbub.terminal.text import visible

MARKS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}


def shown(finding: Finding) -> str:
    """A finding as lines of text. Content of servers and files in it can't control the terminal."""
    first = f"{MARKS[finding.how]}{finding.what}: {finding.detail}"
    more = [f"          {line}" for line in finding.fix.splitlines()]
    return "\n".join(map(visible, [first, *more]))


def tell(finding: Finding) -> bool:
    """Print a finding. Return whether it is not a problem."""
    print(shown(finding), flush=True)
    return finding.how != "problem"
