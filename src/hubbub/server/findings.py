"""The findings of a diagnosis: what was checked, how it is, and how to mend it."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple


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


def of_reserved_names(rooms: Sequence[str]) -> Iterator[Finding]:
    """Warn of rooms with names that are reserved now, of which these are the first."""
    if rooms:
        fix = "read them with the version that wrote them, and post what you need in a room with another name"
        found = f"no client can use these rooms, whose names are reserved: {', '.join(rooms)}"
        yield warning("room names", found, fix)


def of_reserved_people(names: Sequence[str]) -> Iterator[Finding]:
    """Warn of tokens whose names are reserved now, of which these are the first."""
    if names:
        fix = "create tokens with other names, and revoke these: hubbub token revoke NAME"
        found = f"tokens have names that are reserved, since only the server's own begin with @: {', '.join(names)}"
        yield warning("token names", found, fix)


def of_accounts(accounts: int, owners: int) -> Iterator[Finding]:
    """Tell of accounts, and warn if none is an owner."""
    if not owners:
        fix = "claim the server with the token that it shows at its start, or run: hubbub user add HANDLE --role owner"
        yield warning("accounts", "no owner yet, so nobody can invite people or change roles", fix)
        return
    yield ok("accounts", f"{accounts:,}, of which {owners:,} active owners")
    yield ok("audit log", "`hubbub verify` checks that nobody changed it")
