"""How much of a text is looked at for mentions; what mentions whom is in `tests/contracts/test_reading.py`."""

from hubbub.protocol.mentions import MAX_PLACES, MAX_READINGS, mentioned_in

DOTTED = ".".join("bcdefghijklmno")  # may be as many handles as it has letters


def test_a_place_may_mean_less_by_what_comes_after_a_separator() -> None:
    assert mentioned_in("@ada.b-c, @grace") == [["ada.b-c", "ada.b", "ada"], ["grace"]]


def test_only_so_many_places_are_looked_at() -> None:
    assert len(mentioned_in(" ".join(f"@p{n}" for n in range(1_000)))) == MAX_PLACES


def test_only_so_many_handles_are_looked_up_however_a_text_is_made() -> None:
    places = mentioned_in(" ".join(f"@{n:03}.{DOTTED}" for n in range(MAX_PLACES)))
    assert sum(map(len, places)) == MAX_READINGS and all(places)
