"""Named SQL: in a database's file, each query follows a line `-- :name What it does.`

A query may stand in others as `{name(first, second)}`: with what it calls `{0}`, `{1}` there.
"""

import re
from importlib import resources
from types import SimpleNamespace

_QUERY = re.compile(r"^-- :(\w+) [^\n]*\n(.*?)(?=^-- :|\Z)", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"\{(\w+)\((.*?)\)\}")


def load(name: str) -> SimpleNamespace:
    """The queries of `name`.sql as attributes."""
    text = (resources.files(__package__) / f"{name}.sql").read_text()
    found = {n: sql.strip().rstrip(";") for n, sql in _QUERY.findall(text)}
    return SimpleNamespace(**{n: _whole(sql, found) for n, sql in found.items()})


def _whole(sql: str, queries: dict[str, str]) -> str:
    """Return a query with the others that stand in it."""

    def part(match: re.Match[str]) -> str:
        return _whole(queries[match[1]], queries).format(*match[2].split(", "))

    return _PART.sub(part, sql)
