"""What a post costs is measured by one script in this checkout and in former ones."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import posts
from hubbub.domain.principals import Principal
from tests.support.calls import counted
from tests.support.faulty import AssembledStore


def test_a_name_is_found_where_it_is_now_or_where_it_was() -> None:
    where = "hubbub.domain.principals"
    assert posts.found("Principal", where, "hubbub.rooms.access") is Principal
    assert posts.found("Principal", "hubbub.no_longer_there.access", where) is Principal


def test_a_name_that_is_nowhere_is_told_with_all_places() -> None:
    with pytest.raises(ImportError, match=r"No Principal in hubbub\.here, hubbub\.there"):
        posts.found("Principal", "hubbub.here", "hubbub.there")


async def test_run_by_another_python_it_tells_each_measure_of_each_load() -> None:
    command = (sys.executable, posts.__file__, "--once", "--rounds", "2")
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    for measure in zip(posts.MEASURES, output.splitlines(), strict=True):
        assert len([float(number) for number in measure[1].split()]) == len(posts.LOADS)


def test_what_members_take_is_told_beside_what_a_free_room_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = [10.0 + number for number in range(len(posts.LOADS))]
    posts.report("SQLite", "µs", [figures])
    made = [line for line in capsys.readouterr().out.splitlines() if "made room" in line]
    assert [line.split(" | ")[2:4] for line in made] == [
        ["10.00", "1.400"],
        ["10.00", "1.500"],
        ["12.00", "1.333"],
    ]


async def test_what_is_counted_commits_one_load_and_tells_how_many_changes_each_commit_has() -> (
    None
):
    single = list(posts.LOADS).index("a single post")
    asked = ("--load", str(single), "--commits", "2", "--batches", "3")
    command = (sys.executable, posts.__file__, *asked)
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert (await process.communicate())[0].split() == [b"1"]


async def calls_of(load: str, folder: Path) -> float:
    """How many functions a batch calls in the store for each of its changes, once others have filled its memory."""
    store = AssembledStore(folder)
    if load in posts.IN_MADE_ROOM:
        assert await posts.make_room(store)
    for batch in range(2):
        await store.commit(posts.LOADS[load](batch), posts.AT)
    proposals = posts.LOADS[load](2)
    with counted("call", "c_call") as calls:
        store._writer.commit(proposals, posts.AT)
    await store.close()
    return calls.count / len(proposals)


@pytest.mark.parametrize(
    "load, calls",
    [
        ("1,000 posts", 13.1),
        ("1,000 posts with keys", 19.1),
        ("a single post", 72),
        ("1,000 changes of all kinds", 26.1),  # an edit looks for previews, too
    ],
)
async def test_a_change_in_a_free_room_takes_hardly_more_calls_than_it_did(
    load: str, calls: float, tmp_path: Path
) -> None:
    assert await calls_of(load, tmp_path) <= 1.03 * calls


@pytest.mark.parametrize(
    "load, times",
    [("1,000 posts in a made room", 1.1), ("1,000 posts by one member in a made room", 1.02)],
)
async def test_posts_by_members_take_hardly_more_calls_than_in_a_free_room(
    load: str, times: float, tmp_path: Path
) -> None:
    free = await calls_of("1,000 posts", tmp_path / "free")
    assert await calls_of(load, tmp_path / "made") <= times * free
