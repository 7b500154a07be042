"""docs/protocol.md lists every command and every event."""

import re
from pathlib import Path

import pytest

from hubbub.domain.aspects import RULES

PROTOCOL = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
EVENTS = {str(kind.__struct_config__.tag) for kind in RULES.events.kinds}


@pytest.mark.parametrize(
    "title, names",
    [("Commands", RULES.commands.names), ("Events", EVENTS)],
    ids=["commands", "events"],
)
def test_the_page_lists_all_there_are_and_no_others(title: str, names: set[str]) -> None:
    (section,) = re.findall(rf"^### {title}\n(.*?)^##", PROTOCOL, re.MULTILINE | re.DOTALL)
    firsts = re.findall(r"^\|(?:[^|`]*\||\s*`@\w+`\s*\|)?([^|]*)\|", section, re.MULTILINE)
    assert {name for first in firsts for name in re.findall(r"`(\w+)`", first)} == names
