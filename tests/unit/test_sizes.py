"""Short functions and modules: what is longer does more than one thing."""

import ast
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "hubbub"

MOST_MODULES = 24  # of a folder, so that one reads its names at a glance


def lines_of_code(tree: ast.AST, text: list[str], first: int, last: int) -> int:
    """The lines without blanks, comments and docstrings."""
    documented: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), lineno=start, end_lineno=end):
                documented |= set(range(start, (end or start) + 1))
    lines = [text[n - 1].strip() for n in range(first, last + 1) if n not in documented]
    return sum(bool(line) and not line.startswith("#") for line in lines)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def test_functions_and_modules_are_short() -> None:
    of_modules: dict[str, int] = {}
    of_functions: dict[str, int] = {}
    for file in SOURCE.rglob("*.py"):
        name, text = str(file.relative_to(SOURCE)), file.read_text().splitlines()
        tree = ast.parse("\n".join(text))
        of_modules[name] = lines_of_code(tree, text, 1, len(text))
        for each in functions(tree):
            last = each.end_lineno or each.lineno
            size = lines_of_code(each, text, each.body[0].lineno, last)
            of_functions[f"{name}:{each.lineno} {each.name}"] = size
    sizes = sorted(size for size in of_functions.values() if size)
    assert statistics.median(sizes) <= 6
    assert sizes[int(len(sizes) * 0.95)] <= 20
    assert {name: size for name, size in of_functions.items() if size > 45} == {}
    assert statistics.median(of_modules.values()) <= 110
    assert {name: size for name, size in of_modules.items() if size > 350} == {}


def test_no_folder_has_too_many_modules() -> None:
    modules = Counter(str(file.parent.relative_to(SOURCE)) for file in SOURCE.rglob("*.py"))
    assert {folder: n for folder, n in modules.items() if n > MOST_MODULES} == {}
