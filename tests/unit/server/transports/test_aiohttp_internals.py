"""What relies on internals of aiohttp and uvloop is in one module, which finds out at start whether they are there."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop.loop
from aiohttp import web

from hubbub.cli.exits import FAILED
from hubbub.server.transports import aiohttp_internals
from hubbub.server.transports.aiohttp_internals import USED, ChangedInternals, check

CHECKOUT = Path(__file__).parents[4]
SOURCE = CHECKOUT / "src" / "hubbub"
MODULE = Path(aiohttp_internals.__file__)
PUBLIC = {"aiohttp", "aiohttp.abc", "aiohttp.web", "uvloop"}
LIBRARIES = ("aiohttp", "uvloop")
OF_NAMED_TUPLES = {"_asdict", "_fields", "_replace"}


def trees() -> Iterator[tuple[str, ast.Module]]:
    for file in SOURCE.rglob("*.py"):
        yield str(file.relative_to(SOURCE)), ast.parse(file.read_text())


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@cache
def their_private_names() -> set[str]:
    """All private attributes in the source of aiohttp, and of uvloop's classes."""
    compiled = [each for each in vars(uvloop.loop).values() if isinstance(each, type)]
    found: set[str] = {name for each in compiled for name in dir(each)}
    for file in Path(aiohttp.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Attribute(attr=name) | ast.FunctionDef(name=name):
                    found.add(name)
                case ast.AsyncFunctionDef(name=name):
                    found.add(name)
    return {name for name in found if is_private(name)}


def our_private_names() -> set[str]:
    """All private names that a class of ours gives its objects."""
    found: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    found.add(name)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    found.add(name)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    found.add(name)
                case ast.Assign(targets=[ast.Name(id=name)]):
                    found.add(name)
    return {name for name in found if is_private(name)}


def is_module_of(package: str, name: str) -> bool:
    return package == "aiohttp" and any(Path(aiohttp.__file__).parent.glob(f"{name}*"))


def modules_named(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                yield module
                yield from (
                    f"{module}.{each.name}" for each in names if is_module_of(module, each.name)
                )


def bases(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(bases=found):
                yield from map(ast.unparse, found)


def faults_of(tree: ast.AST, theirs: set[str], ours: set[str]) -> list[str]:
    """What in a module relies on internals of aiohttp or uvloop."""
    imported = [
        name
        for name in modules_named(tree)
        if name.split(".")[0] in LIBRARIES and name not in PUBLIC
    ]
    subclassed = [name for name in bases(tree) if name.split(".")[0] in ("web", *LIBRARIES)]
    not_ours = theirs - ours - OF_NAMED_TUPLES
    used = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in not_ours
    ]
    return imported + subclassed + used


def test_nothing_else_relies_on_internals_of_aiohttp_or_uvloop() -> None:
    theirs, ours = their_private_names(), our_private_names()
    found = {
        name: faults
        for name, tree in trees()
        if SOURCE / name != MODULE and (faults := faults_of(tree, theirs, ours))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source, faults",
    [
        ("from aiohttp.web_protocol import RequestHandler", ["aiohttp.web_protocol"]),
        ("from aiohttp import _websocket", ["aiohttp._websocket"]),
        ("from aiohttp import web, web_ws", ["aiohttp.web_ws"]),
        ("import uvloop.loop", ["uvloop.loop"]),
        ("class Mine(web.RequestHandler): pass", ["web.RequestHandler"]),
        ("request.protocol._message_tail", ["_message_tail"]),
        ("from aiohttp import web\nimport uvloop\nweb.Response()", []),
    ],
)
def test_the_search_finds_what_relies_on_internals(source: str, faults: list[str]) -> None:
    assert faults_of(ast.parse(source), their_private_names(), set()) == faults


def test_what_is_used_is_what_is_checked() -> None:
    """The private names that aiohttp has and this module names, unless a class here gives them to its objects."""
    tree = ast.parse(MODULE.read_text())
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    checked = {name for name in names_checked() if is_private(name)}
    assert named & their_private_names() - OF_NAMED_TUPLES - OWN == checked


OWN = {"_body"}  # of StrictParser; aiohttp has something else under the same name


def names_checked() -> Iterator[str]:
    for owners in USED.values():
        for names in owners.values():
            yield from names


def test_the_installed_versions_have_what_is_used() -> None:
    check()


def test_a_missing_name_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(web.RequestHandler, "_messages")
    monkeypatch.delattr(web.WebSocketResponse, "_post_start")
    with pytest.raises(ChangedInternals) as caught:
        check()
    assert str(caught.value) == (
        f"This server was made for aiohttp 3.14; aiohttp {version('aiohttp')} is installed, and lacks "
        "RequestHandler._messages, WebSocketResponse._post_start: install 'aiohttp>=3.14,<3.15'"
    )


LACKING = """\
import sys
from aiohttp import web
del web.RequestHandler.finish_response
from hubbub.cli import main
sys.exit(main(["serve", "--port", "0", "--data", sys.argv[1]]))
"""


def test_a_server_does_not_start_without_what_is_used(tmp_path: Path) -> None:
    program = [sys.executable, "-c", LACKING, str(tmp_path / "data")]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == FAILED
    assert re.fullmatch(
        r"hubbub: This server was made for .*, and lacks RequestHandler\.finish_response: install .*\n",
        ended.stderr,
    )


def test_the_project_asks_for_the_versions_that_were_checked() -> None:
    project: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    asked = {
        found[1]: found[2]
        for each in project["dependencies"]
        if (found := re.match(r"([\w-]+)([^;]*)", each))
    }
    for package, first, too_new in USED:
        assert asked[package] == f">={first},<{too_new}"
