"""Whatever a thread opens is awaited with `handed_over`: else nobody closes it if whoever waits is cancelled."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import hubbub

SOURCE = Path(hubbub.__file__).parent
PLACE = {"to_thread": 0, "run": 0, "do": 0, "run_in_executor": 1}  # of what is called in a thread
OPENS = re.compile(r"\b(_?open\w*|connect|mkstemp|mkdtemp|[A-Z][a-zA-Z]*[a-z][a-zA-Z]*)\b")


def opened_in_threads(tree: ast.AST, is_handed_over: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield what threads are asked to open, and whether it is handed over."""
    if isinstance(tree, ast.Call):
        called = ast.unparse(tree.func).rpartition(".")[2]
        place = PLACE.get(called)
        if place is not None and len(tree.args) > place:
            act = tree.args[place]
            is_coroutine = isinstance(act, ast.Call) and ast.unparse(act.func) != "partial"
            if not is_coroutine and OPENS.search(ast.unparse(act)):
                yield ast.unparse(act), is_handed_over
        is_handed_over = called == "handed_over"
    for child in ast.iter_child_nodes(tree):
        yield from opened_in_threads(child, is_handed_over)


def test_whatever_threads_open_is_handed_over() -> None:
    texts = [path.read_text() for path in SOURCE.rglob("*.py")]
    threaded = [text for text in texts if re.search("to_thread|run_in_executor|Worker\\(", text)]
    found = [each for text in threaded for each in opened_in_threads(ast.parse(text))]
    assert {act for act, is_handed_over in found if not is_handed_over} == set()
    assert len(found) >= 3, found


def test_it_is_seen_if_it_is_not() -> None:
    for act in ("os.open", "lambda: path.open()", "Appender", "partial(Store, path)"):
        assert [*opened_in_threads(ast.parse(f"await self.run({act}, path)"))] == [(act, False)]
    assert [*opened_in_threads(ast.parse("await self.run(os.pread, read, 1)"))] == []
