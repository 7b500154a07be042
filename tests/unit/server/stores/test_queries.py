"""What several queries share is written once, and stands in each of them."""

import pytest

from hubbub.server.stores import queries


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_rooms_and_threads_count_what_is_unread_in_the_same_way(name: str) -> None:
    found = queries.load(name)
    rule = "by NOT IN (SELECT blocked FROM"
    for query in (found.own_rooms, found.own_threads):
        assert query.count(rule) == 1
        assert "{unread" not in query and "{0}" not in query
