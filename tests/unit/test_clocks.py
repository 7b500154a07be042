"""Whatever looks at the time, or draws, is given that where it is made, so that a test's clock and dice reach it. Nothing of the kind is a default."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "hubbub"
OUTSIDE = ("time", "random", "secrets", "datetime", "asyncio")  # modules

# Where all that a part needs from outside stands together.
ALLOWED = {
    "asyncio.sleep": "client/wire/link.py",
    "random.random": "client/wire/link.py",
    "time.monotonic": "client/wire/link.py",
}


def defaults(code: ast.AST) -> Iterator[str]:
    """The defaults of parameters, and of fields, that are functions of those modules."""
    for node in ast.walk(code):
        match node:
            case ast.arguments():
                given = [*node.defaults, *(each for each in node.kw_defaults if each)]
            case ast.AnnAssign(value=ast.expr() as value):
                given = [value]
            case _:
                continue
        for each in given:
            if isinstance(each, ast.Attribute) and ast.unparse(each).split(".")[0] in OUTSIDE:
                yield ast.unparse(each)


@pytest.mark.parametrize(
    "code, found",
    [
        ("def look(now=time.time): pass", ["time.time"]),
        ("def look(*, draw: Draw = random.random): pass", ["random.random"]),
        ("class Outside:\n now: Clock = time.monotonic", ["time.monotonic"]),
        ("def look(now, door=None, at=time.time()): pass", []),
    ],
)
def test_defaults_are_found(code: str, found: list[str]) -> None:
    assert list(defaults(ast.parse(code))) == found


def test_no_clock_is_a_default() -> None:
    found = {
        (default, str(file.relative_to(SOURCE)))
        for file in sorted(SOURCE.rglob("*.py"))
        for default in defaults(ast.parse(file.read_text()))
    }
    assert found == set(ALLOWED.items())
