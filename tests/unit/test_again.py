"""What failed beside other tests is tried once more, alone: make test."""

import json
from pathlib import Path

import pytest

from tests.support import again

TESTS = """
import pytest
@pytest.mark.parametrize("n", range(10))
def test_it(n):
    assert n != 1
"""


@pytest.mark.parametrize(
    "failed, status", [([2, 3, 4], 0), ([0, *range(2, 10)], 1), ([2, 1], 1), ([], 1)]
)
def test_few_that_pass_alone_are_borne(
    failed: list[int], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("test_it.py").write_text(TESTS)
    again.FAILED.parent.mkdir(parents=True)
    again.FAILED.write_text(json.dumps({f"test_it.py::test_it[{n}]": True for n in failed}))
    assert again.main() == status
