"""A node that doesn't share its directory of files says so when it starts."""

import logging
from pathlib import Path
from typing import Any

import pytest

from hubbub.server.config import Settings
from hubbub.server.filing import filing_of

POSTGRES = "postgres://hubbub@db.example/hubbub"


@pytest.mark.parametrize(
    "given, is_said",
    [
        ({"store": POSTGRES}, True),
        ({"store": POSTGRES, "broker": "nats://nats.example"}, True),
        ({"store": POSTGRES, "files_dir": "shared"}, False),
        ({}, False),
    ],
)
async def test_a_node_with_files_of_its_own_says_so_when_it_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, given: dict[str, Any], is_said: bool
) -> None:
    if "files_dir" in given:
        given = given | {"files_dir": tmp_path / given["files_dir"]}
    unused: Any = None
    caplog.set_level(logging.INFO)
    async with filing_of(Settings(data=tmp_path, **given), unused, unused, unused):
        pass
    said = [each.getMessage() for each in caplog.records if "Only this" in each.getMessage()]
    line = (
        f"Only this machine has the files in {tmp_path / 'files'}: if there are more nodes,"
        " let them share a directory with --files-dir"
    )
    assert said == ([line] if is_said else [])
