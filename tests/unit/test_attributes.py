"""An object's attributes are its own: it has them all once it is made, and nobody else sets them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "hubbub"

# Where a library's attributes are its interface, or where it leaves no other way.
ALLOWED = {
    "self.rawdata": "what html.parser has not parsed yet",
    "sys.stdin": "Python's streams may be missing",
    "sys.stdout": "Python's streams may be missing, or wait",
    "sys.stderr": "Python's streams may be missing, or wait",
    "logging.raiseExceptions": "a setting of logging",
    "log.propagate": "a setting of logging",
    "record.lost_lines": "logging gives records more fields in this way",
    "record.left_out": "logging gives records more fields in this way",
    "context.minimum_version": "a setting of ssl",
    "response.content_length": "a setting of aiohttp's response",
    "response.body": "aiohttp's connection would hold it until the next request",
    "self._request_handler": "aiohttp's server gives it to each connection, which can't be told another",
    "http._message_tail": "aiohttp keeps what came with a handshake, and would read it less strictly",
    "_of_aiohttp.tcp_nodelay": "aiohttp would set on each connection what the listener has set for all",
    "http._payload_parser": "aiohttp makes the reader of frames itself",
}


def stored(node: ast.AST) -> Iterator[ast.Attribute]:
    """The attributes that are set or deleted below a node."""
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store | ast.Del):
            yield each


def functions(cls: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (each for each in cls.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


def is_own(attribute: ast.Attribute) -> bool:
    return isinstance(attribute.value, ast.Name) and attribute.value.id in ("self", "cls")


def declared(cls: ast.ClassDef) -> set[str]:
    """The attributes that an object has once it is made."""
    names: set[str] = set()
    for each in cls.body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    for function in functions(cls):
        if function.name == "__init__":
            names |= {attribute.attr for attribute in stored(function) if is_own(attribute)}
    return names


def strays(tree: ast.Module) -> Iterator[str]:
    """What is set from outside, or by a method that nobody expects to give an object more attributes."""
    for attribute in stored(tree):
        if not is_own(attribute):
            yield ast.unparse(attribute)
    for cls in (each for each in ast.walk(tree) if isinstance(each, ast.ClassDef)):
        names = declared(cls)
        for function in functions(cls):
            for attribute in stored(function):
                if is_own(attribute) and attribute.attr not in names:
                    yield ast.unparse(attribute)
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=ast.Name(id="setattr" | "delattr")):
                yield ast.unparse(call)


@pytest.mark.parametrize(
    "code, found",
    [
        ("door.is_open = True", ["door.is_open"]),
        ("self.door.count += 1", ["self.door.count"]),
        ("door.first, door.last = 1, 2", ["door.first", "door.last"]),
        ("del door.first", ["door.first"]),
        ("setattr(door, 'first', 1)", ["setattr(door, 'first', 1)"]),
        ("class Door:\n def open(self): self.is_open = True", ["self.is_open"]),
        ("class Door:\n is_open: bool\n def open(self): self.is_open = True", []),
        (
            "class Door:\n def __init__(self): self.is_open = False\n def x(self): self.is_open = 1",
            [],
        ),
    ],
)
def test_strays_are_found(code: str, found: list[str]) -> None:
    assert list(strays(ast.parse(code))) == found


def test_no_attribute_is_set_after_construction() -> None:
    found = {
        stray: str(file.relative_to(SOURCE))
        for file in sorted(SOURCE.rglob("*.py"))
        for stray in strays(ast.parse(file.read_text()))
    }
    assert {stray: file for stray, file in found.items() if stray not in ALLOWED} == {}
    assert ALLOWED.keys() - found.keys() == set(), "no longer needed"
