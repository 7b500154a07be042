"""ARCHITECTURE.md says where to add what; those places exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
(ADDING,) = re.findall(
    r"^## Adding something\n(.*?)^## ", (ROOT / "ARCHITECTURE.md").read_text(), re.M | re.S
)
PLACES = re.findall(r"`([\w./-]*/[\w.-]*|\w+\.py)`", ADDING)


@pytest.mark.parametrize("place", sorted(set(PLACES)))
def test_each_place_to_touch_exists(place: str) -> None:
    assert any((base / place).exists() for base in (ROOT, ROOT / "src" / "hubbub"))
