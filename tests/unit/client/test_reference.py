"""docs/reference/sdk.md lists what there is: every public name, method and parameter, with its default."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import hubbub
from hubbub.domain.aspects import RULES

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "sdk.md").read_text()
CLASSES = {"Client": hubbub.Client, "Room": hubbub.Room, "Me": hubbub.Me}
CHANGES = {
    str(kind.__struct_config__.tag)
    for kind, rule in RULES.by_command.items()
    if not rule.is_internal
}
FUNCTIONS = [hubbub.connect, hubbub.post_in_transaction, hubbub.post_in_transaction_sync]
METHODS = {
    f"{owner}.{name}": member
    for owner, kind in CLASSES.items()
    for name, member in inspect.getmembers(kind)
    if not name.startswith("_")
}


def section(owner: str) -> str:
    """What the page says of a class, up to the next one."""
    begin = re.search(rf"^##+ {owner}$", REFERENCE, re.MULTILINE)
    assert begin is not None
    return re.split(r"^## ", REFERENCE[begin.end() :], maxsplit=1, flags=re.MULTILINE)[0]


def parameters(function: Callable[..., Any]) -> list[str]:
    """Each as it is written in a call: `limit=50`."""
    given = inspect.signature(function).parameters.values()
    return [
        name.name if name.default is name.empty else f"{name.name}={name.default!r}"
        for name in given
        if name.name != "self"
    ]


def written(text: str, name: str) -> list[str]:
    """The parameters that the page gives a function, without types and stars."""
    found = re.search(rf"(?<![\w.]){name}\(([^)]*)\)", text)
    assert found is not None, f"{name}() is missing"
    parts = (part.strip("* ").replace('"', "'") for part in found[1].split(","))
    return [part for part in parts if part]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_a_function_is_listed_with_its_parameters(function: Callable[..., Any]) -> None:
    assert written(REFERENCE, function.__name__) == parameters(function)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_listed_with_its_parameters(name: str) -> None:
    owner, short = name.split(".")
    if isinstance(METHODS[name], property):
        assert f"`{short}`" in section(owner)
    else:
        assert written(section(owner), short) == parameters(METHODS[name])


def test_each_parameter_of_connect_is_explained() -> None:
    for name in inspect.signature(hubbub.connect).parameters:
        assert re.search(rf"^\| `{name}` \|", REFERENCE, re.MULTILINE), name


@pytest.mark.parametrize("kind", [hubbub.Acknowledgement, hubbub.MyRoom, hubbub.ShownPerson])
def test_what_is_returned_is_listed_with_its_fields(kind: type[msgspec.Struct]) -> None:
    told = next(line for line in REFERENCE.splitlines() if f"`{kind.__name__}`:" in line)
    assert [field for field in kind.__struct_fields__ if f"`{field}`" not in told] == []


def test_each_change_is_listed_with_what_becomes_of_a_lost_answer() -> None:
    listed = section("When an answer is lost")
    named = {"create": ("create_room", "direct"), "join": ("join",), "leave": ("leave",)}
    for tag in sorted(CHANGES):
        for name in named.get(tag, (tag,)):
            assert f"`{name}`" in listed, name


@pytest.mark.parametrize("name", [name for name in dir(hubbub) if name != "__version__"])
def test_a_public_name_is_mentioned(name: str) -> None:
    assert re.search(rf"\b{name}\b", REFERENCE)
