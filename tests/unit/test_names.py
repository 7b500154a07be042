"""A class name means one thing in the whole project."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import hubbub

SOURCE = Path(hubbub.__file__).parent


def types_defined_in(tree: ast.Module) -> Iterator[str]:
    """Classes wherever they are, and the types that a module gives a name by an assignment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from (
                target.id
                for target in node.targets
                if isinstance(target, ast.Name) and is_type_name(target.id)
            )


def is_type_name(name: str) -> bool:
    """Whether a name is written as those of types are, unlike constants and functions."""
    return name[0].isupper() and not name.isupper()


def test_no_public_class_name_is_defined_twice() -> None:
    homes = defaultdict(list)
    for file in sorted(SOURCE.rglob("*.py")):
        for name in types_defined_in(ast.parse(file.read_text())):
            homes[name].append(str(file.relative_to(SOURCE)))
    assert "Client" in homes and "Event" in homes
    twice = {name: files for name, files in homes.items() if len(files) > 1 and name[0] != "_"}
    assert twice == {}
