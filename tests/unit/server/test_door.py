import pytest

from hubbub.protocol.errors import Refused
from hubbub.rooms.access import Principal, Role
from hubbub.server.door import Door

KEY, OTHER_KEY = "ada's secret key", "another secret key"
ADA = Principal("ada", Role.GUEST, "ada")


@pytest.fixture
def door() -> Door:
    return Door()


def refusal_at(door: Door, name: str, key: str | None) -> str:
    with pytest.raises(Refused) as caught:
        door.enter(name, key)
    with pytest.raises(Refused) as again:
        door.recognise(name, key)
    assert again.value.refusal == caught.value.refusal
    return caught.value.refusal.code


def test_a_guest_comes_in_under_the_name_they_chose(door: Door) -> None:
    assert door.enter("ada", None) == ADA
    assert door.recognise("grace", None) == Principal("grace", Role.GUEST, "grace")


@pytest.mark.parametrize("name", ["", " ada", "a" * 33, "ada\n", "<ada>"])
def test_nobody_is_called_so(door: Door, name: str) -> None:
    assert refusal_at(door, name, None) == "bad_request"


@pytest.mark.parametrize("key", [None, "", OTHER_KEY, "ključ od Ade i Grace", "\udcff" * 16])
def test_a_name_is_its_holders_while_they_are_connected(door: Door, key: str | None) -> None:
    door.enter("ada", KEY)
    assert refusal_at(door, "ada", key) == "name_taken"


@pytest.mark.parametrize("key", [None, KEY])
def test_who_gave_no_key_can_not_come_twice(door: Door, key: str | None) -> None:
    door.enter("ada", None)
    assert refusal_at(door, "ada", key) == "name_taken"


@pytest.mark.parametrize("key", [KEY, "ključ od Ade i Grace", "\udcff" * 16])
def test_the_same_key_comes_in_as_often_as_it_likes(door: Door, key: str) -> None:
    assert [door.enter("ada", key) for _ in range(3)] == [ADA] * 3
    assert door.recognise("ada", key) == ADA


def test_a_name_is_free_when_its_last_connection_has_ended(door: Door) -> None:
    first, second = door.enter("ada", KEY), door.enter("ada", KEY)
    door.exit(first)
    assert refusal_at(door, "ada", OTHER_KEY) == "name_taken"
    door.exit(second)
    assert door.enter("ada", OTHER_KEY) == ADA
    assert refusal_at(door, "ada", KEY) == "name_taken"


def test_a_name_is_held_for_the_length_of_a_block(door: Door) -> None:
    with door.admitted("ada", None) as principal:
        assert principal == ADA
        assert refusal_at(door, "ada", None) == "name_taken"
    with pytest.raises(ZeroDivisionError), door.admitted("ada", None):
        raise ZeroDivisionError
    assert door.enter("ada", None) == ADA


def test_recognising_holds_no_name(door: Door) -> None:
    door.recognise("ada", KEY)
    assert door.enter("ada", OTHER_KEY) == ADA


def test_the_nameless_get_a_name_each_and_share_their_keys(door: Door) -> None:
    strangers = [door.enter(None, None) for _ in range(100)]
    assert len({stranger.name for stranger in strangers}) == 100
    assert {stranger.key_owner for stranger in strangers} == {""}
    assert all(stranger.name.startswith("guest-") for stranger in strangers)
    assert refusal_at(door, strangers[0].name, None) == "name_taken"


def test_a_nameless_request_is_simply_a_guest(door: Door) -> None:
    assert door.recognise(None, None) == Principal("guest", Role.GUEST, "")


def test_a_name_given_away_is_not_given_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(tokens))
    assert [door.enter(None, None).name for _ in range(2)] == ["guest-aaaaaa", "guest-bbbbbb"]
