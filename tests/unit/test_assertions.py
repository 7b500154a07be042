"""Each assertion can fail. `assert a == b if c else d` holds whenever `c` is false and `d` is true, whatever `a` is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
CONDITIONAL = re.compile(r"^ +assert .* if .* else ", re.MULTILINE)


def idle(source: str) -> Iterator[str]:
    """The assertions in a source that hold by themselves in one case."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assert(test=ast.IfExp(body=one, orelse=other)):
                if any(isinstance(each, ast.Constant) and each.value for each in (one, other)):
                    yield ast.unparse(node)


def test_no_assertion_holds_by_itself() -> None:
    found = {
        str(file.relative_to(TESTS)): faults
        for file in sorted(TESTS.rglob("*.py"))
        if CONDITIONAL.search(source := file.read_text()) and (faults := [*idle(source)])
    }
    assert found == {}


def test_the_search_finds_them() -> None:
    assert [*idle("assert code == 'a' if is_late else 'b'")]
    assert [*idle("assert True if is_late else code == 'b'")]
    assert not [*idle("assert code == ('a' if is_late else 'b')")]
    assert not [*idle("assert code == 'a' if is_late else code is None")]
