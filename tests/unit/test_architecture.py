"""ARCHITECTURE.md says where to add what, and CONTRIBUTING.md what is where; those places exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
(ADDING,) = re.findall(
    r"^## Adding something\n(.*?)^## ", (ROOT / "ARCHITECTURE.md").read_text(), re.M | re.S
)
(HOUSE,) = re.findall(
    r"^## The house\n(.*?)^## ", (ROOT / "CONTRIBUTING.md").read_text(), re.M | re.S
)
SHOWN = re.findall(r"^\| (.*?) \|", HOUSE, re.M)
TOP = ("benchmarks", "deploy", "docs", "examples", "requirements", "tests", "web")
PLACES = re.findall(r"`([\w./-]*/[\w.-]*|\w+\.py)`", ADDING)


@pytest.mark.parametrize("place", sorted(set(PLACES)))
def test_each_place_to_touch_exists(place: str) -> None:
    assert any((base / place).exists() for base in (ROOT, ROOT / "src" / "hubbub"))


def test_the_map_for_contributors_shows_every_folder_and_no_others() -> None:
    top = {f"{each}/" for each in TOP}
    packages = {
        f"src/hubbub/{each.parent.name}/"
        for each in (ROOT / "src" / "hubbub").glob("*/__init__.py")
    }
    assert set(re.findall(r"`(.*?)`", " ".join(SHOWN))) == top | packages
