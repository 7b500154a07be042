"""The figures of searches, files and previews that ARCHITECTURE.md promises are those of the code."""

from pathlib import Path

import pytest

from hubbub.domain.aspects.files import MAX_WAITING
from hubbub.domain.aspects.previews import MAX_PREVIEWS
from hubbub.domain.search.query import MOST_WORDS
from hubbub.protocol.commands.search import LONGEST_QUERY
from hubbub.protocol.files import MAX_PIXELS
from hubbub.server.files import directory, portraits, shrinker, shrinking, thumbnails, uploads
from hubbub.server.hub import searching
from hubbub.server.people.rates import SEARCHES_PER_SECOND
from hubbub.server.previews import pages
from hubbub.server.stores import search

KIB, MIB, HOUR = 2**10, 2**20, 3600
TEXT = (Path(__file__).parents[3] / "ARCHITECTURE.md").read_text()
BOUNDS = dict(line[2:].split(" | ")[:2] for line in TEXT.splitlines() if line.count(" | ") == 2)
FIGURES = {  # of the row that begins so
    "searches of a person": (
        f"{SEARCHES_PER_SECOND:g} a second, twice as many at once;"
        f" {searching.AT_ONCE}; {searching.WAITING}"
    ),
    "the time of a search": f"{search.SECONDS * 1000:g} ms",
    "a query": f"{LONGEST_QUERY} characters, {MOST_WORDS} words",
    "files of an account that are not posted": (
        f"{MAX_WAITING}, for {uploads.KEPT_SECONDS / HOUR:g} h"
    ),
    "uploads that a node receives": (
        f"{uploads.AT_ONCE}; {uploads.ALL_AT_ONCE}; {uploads.WRITTEN_BYTES // KIB} KiB"
    ),
    f"parts of files that a node reads from the disk at once, {directory.READ_BYTES // KIB} KiB": (
        f"{directory.READS};"
    ),
    "a picture that is made smaller": (
        f"{shrinker.MAX_BYTES // MIB} MiB, {MAX_PIXELS / 1e6:g} million;"
        f" {shrinking.MEMORY // MIB} MiB of addresses, {shrinker.SECONDS:g} s"
    ),
    "pictures whose thumbnails": f"{thumbnails.AT_ONCE}; {thumbnails.PATIENCE:g} s",
    "pictures that are made smaller at once": f"1; {portraits.AT_ONCE}",
    "links that are previewed": (
        f"{MAX_PREVIEWS}; 1 every {1 / pages.PERSON_PER_SECOND:g} s, {pages.PERSON_AT_ONCE:g} at once,"
        f" where one that fails or takes more than {pages.SLOW_SECONDS:g} s counts as {pages.SLOW_COSTS:g},"
        " and guests without a key as one person;"
        f" {pages.HOST_PER_SECOND:g} a second, {pages.HOST_AT_ONCE:g} at once;"
        f" {pages.ALL_PER_SECOND:g} a second, {pages.ALL_AT_ONCE:g} at once;"
        f" {pages.AT_ONCE}; {pages.FETCH_SECONDS:g} s"
    ),
}


@pytest.mark.parametrize("row", FIGURES)
def test_what_is_bounded_is_what_is_promised(row: str) -> None:
    [promised] = [figures for name, figures in BOUNDS.items() if name.startswith(row)]
    assert promised.startswith(FIGURES[row])
