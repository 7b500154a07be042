"""Named SQL: in a database's file, each query follows a line `-- :name What it does.`"""

import re
from importlib import resources
from types import SimpleNamespace

_QUERY = re.compile(r"^-- :(\w+) [^\n]*\n(.*?)(?=^-- :|\Z)", re.MULTILINE | re.DOTALL)


def load(name: str) -> SimpleNamespace:
    """The queries of `name`.sql as attributes."""
    text = (resources.files(__package__) / f"{name}.sql").read_text()
    return SimpleNamespace(**{n: sql.strip().rstrip(";") for n, sql in _QUERY.findall(text)})
