"""What a post costs is measured by one script in this checkout and in former ones."""

import asyncio
import subprocess
import sys

import pytest

from benchmarks import posts
from hubbub.domain.principals import Principal


def test_a_name_is_found_where_it_is_now_or_where_it_was() -> None:
    where = "hubbub.domain.principals"
    assert posts.found("Principal", where, "hubbub.rooms.access") is Principal
    assert posts.found("Principal", "hubbub.no_longer_there.access", where) is Principal


def test_a_name_that_is_nowhere_is_told_with_all_places() -> None:
    with pytest.raises(ImportError, match=r"No Principal in hubbub\.here, hubbub\.there"):
        posts.found("Principal", "hubbub.here", "hubbub.there")


async def test_run_by_another_python_it_tells_one_number_for_each_load() -> None:
    command = (sys.executable, posts.__file__, "--once", "--rounds", "2")
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert len([float(number) for number in output.split()]) == len(posts.LOADS)
