import pytest

from hubbub.protocol.errors import RefusalError
from hubbub.server.people.places import REQUESTS_OF_A_SESSION, Most, Place, Places
from tests.support.garbage import garbage_of


def take(places: Places, address: str, count: int) -> list[Place]:
    return [places.take(address) for _ in range(count)]


def is_full(places: Places, address: str) -> bool:
    try:
        places.take(address).leave()
    except RefusalError:
        return True
    return False


def test_one_address_takes_only_its_share() -> None:
    places = Places(Most(per_address=2))
    first, _ = take(places, "203.0.113.7", 2)
    assert is_full(places, "203.0.113.7")
    assert not is_full(places, "203.0.113.8")
    first.leave()
    assert not is_full(places, "203.0.113.7")


def test_a_subscriber_of_ipv6_has_one_share_for_all_their_addresses() -> None:
    places = Places(Most(per_address=2))
    for host in (1, 2):
        places.take(f"2001:db8::{host}")
    assert is_full(places, "2001:db8::ffff:3")
    assert not is_full(places, "2001:db8:0:1::3")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_what_comes_from_this_machine_has_no_share_but_counts(address: str) -> None:
    places = Places(Most(anonymous=3, per_address=1))
    take(places, address, 3)
    assert is_full(places, address)


def test_all_without_a_token_leave_room_for_those_who_have_one() -> None:
    places = Places(Most(anonymous=2))
    take(places, "203.0.113.7", 1)
    take(places, "203.0.113.8", 1)
    assert is_full(places, "203.0.113.9")
    places.uncounted("203.0.113.9").claim("app/ada")


def test_who_is_known_counts_for_themselves_and_no_longer_for_the_address() -> None:
    places = Places(Most(anonymous=2, per_address=2, per_principal=2))
    office = take(places, "203.0.113.7", 2)
    for place in office:
        place.claim("app/ada")
        place.claim("app/ada")
    assert not is_full(places, "203.0.113.7")
    (third,) = take(places, "203.0.113.7", 1)
    with pytest.raises(RefusalError):
        third.claim("app/ada")
    third.claim("app/grace")
    office[0].leave()
    places.take("203.0.113.7").claim("app/ada")


def test_what_was_left_is_free_once() -> None:
    places = Places(Most(anonymous=1))
    (place,) = take(places, "203.0.113.7", 1)
    place.leave()
    place.leave()
    take(places, "203.0.113.7", 1)
    assert is_full(places, "203.0.113.7")


def test_a_session_has_room_for_its_requests_though_all_is_taken() -> None:
    places = Places(Most(anonymous=1))
    (session,) = take(places, "203.0.113.7", 1)
    requests = [places.within(session, "203.0.113.7") for _ in range(REQUESTS_OF_A_SESSION)]
    assert all(requests) and places.within(session, "203.0.113.7") is None
    assert requests[0] is not None
    requests[0].leave()
    requests[0].leave()
    assert places.within(session, "203.0.113.7") and not places.within(session, "203.0.113.7")


def test_without_bounds_everyone_has_a_place() -> None:
    take(Places(), "203.0.113.7", 5000)


def test_a_refusal_leaves_nothing_to_collect() -> None:
    places = Places(Most(per_address=1))
    places.take("203.0.113.7")
    assert not garbage_of(lambda: places.take("203.0.113.7"), RefusalError)
