import time
from collections.abc import Iterator, Sequence
from functools import partial

import pytest

from hubbub.domain.identity import NAMELESS, token_holder
from hubbub.domain.lookalikes import forms
from hubbub.domain.principals import Principal, Role, scopes_of
from hubbub.protocol.errors import RefusalError
from hubbub.protocol.handles import retired
from hubbub.protocol.secrets import digest_of
from hubbub.server.people.door import GUESSES_PER_SECOND, Credentials, Door
from hubbub.server.people.tokens import Tokens
from hubbub.server.people.visits import Visit
from hubbub.server.stores.base import Token
from tests.support.fakes import guest
from tests.support.garbage import garbage_of

KEY, OTHER_KEY = "ada's secret key", "another secret key"
TOKEN, OTHER_TOKEN = "hubbub_one", "hubbub_two"


class Clock:
    """Stands still until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def door() -> Door:
    return Door(now=time.time, clock=time.monotonic)


def token(name: str, secret: str = TOKEN, until: float | None = None) -> Token:
    return Token(name, name, digest_of(secret), ("read",), ("build-*",), "", until)


def enter(door: Door, name: str | None, key: str | None = None) -> Principal:
    return door.enter(Credentials(name, key)).principal


def recognise(door: Door, name: str | None, key: str | None = None) -> Principal:
    return door.recognise(Credentials(name, key))


def known(*tokens: Token, clock: Clock | None = None) -> tuple[Door, Tokens]:
    """A door for those who have one of these tokens, and nobody else."""
    checker = Tokens()
    checker.replace(tokens)
    clock = clock or Clock()
    return Door((checker,), has_guests=False, now=clock, clock=clock), checker


def expelled(door: Door, *visits: Visit) -> Sequence[bool]:
    """Which of these the next review shows out."""
    out: list[Visit] = []
    for visit in visits:
        visit.when_expelled(partial(out.append, visit))
    door.review()
    return [visit in out for visit in visits]


def refusal_at(door: Door, name: str, key: str | None) -> str:
    with pytest.raises(RefusalError) as caught:
        enter(door, name, key)
    with pytest.raises(RefusalError) as again:
        recognise(door, name, key)
    assert again.value.refusal == caught.value.refusal
    return caught.value.refusal.code


def test_a_review_looks_only_at_names_in_use() -> None:
    """There may be far more tokens than connections, and a review happens every second."""

    class Names(frozenset[str]):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("looked at every name")

    checker = Tokens()
    door = Door((checker,), now=time.time, clock=time.monotonic)
    held = [door.enter(Credentials(name)) for name in ("ada", "grace")]
    checker.names = Names({"ada", "hal"})
    assert expelled(door, *held) == [True, False]


def test_the_handle_of_a_removed_account_is_no_guests_name() -> None:
    checker = Tokens()
    checker.names = frozenset({retired("dave")})
    for name in ("dave", "Dave"):
        assert (
            refusal_at(Door((checker,), now=time.time, clock=time.monotonic), name, None)
            == "name_taken"
        )


def test_a_guest_comes_in_under_the_name_they_chose(door: Door) -> None:
    assert enter(door, "ada", None) == guest("ada")
    assert recognise(door, "grace", None) == guest("grace")


@pytest.mark.parametrize("name", ["", " ada", "a" * 33, "ada\n", "<ada>"])
def test_an_invalid_name_is_refused(door: Door, name: str) -> None:
    assert refusal_at(door, name, None) == "bad_request"


@pytest.mark.parametrize("key", [None, "", OTHER_KEY, "ključ od Ade i Grace", "\udcff" * 16])
def test_a_name_is_its_holders_while_they_are_connected(door: Door, key: str | None) -> None:
    enter(door, "ada", KEY)
    assert refusal_at(door, "ada", key) == "name_taken"


@pytest.mark.parametrize("key", [None, KEY])
def test_a_guest_without_a_key_can_not_connect_twice(door: Door, key: str | None) -> None:
    enter(door, "ada", None)
    assert refusal_at(door, "ada", key) == "name_taken"


def test_whoever_takes_a_name_in_use_is_told_to_choose_another(door: Door) -> None:
    enter(door, "ada", None)
    with pytest.raises(RefusalError) as refused:
        door.enter(Credentials("ada"))
    assert refused.value.refusal.detail == "Someone else is connected as ada; choose another name"


@pytest.mark.parametrize("key", [KEY, "ključ od Ade i Grace", "\udcff" * 16])
def test_the_same_key_comes_in_as_often_as_it_likes(door: Door, key: str) -> None:
    assert [enter(door, "ada", key) for _ in range(3)] == [guest("ada", key)] * 3
    assert recognise(door, "ada", key) == guest("ada", key)


def test_a_name_is_free_when_its_last_connection_has_ended(door: Door) -> None:
    first, second = (door.enter(Credentials("ada", KEY)) for _ in range(2))
    door.exit(first)
    assert refusal_at(door, "ada", OTHER_KEY) == "name_taken"
    door.exit(second)
    assert enter(door, "ada", OTHER_KEY) == guest("ada", OTHER_KEY)
    assert refusal_at(door, "ada", KEY) == "name_taken"


def test_a_name_is_held_for_the_length_of_a_block(door: Door) -> None:
    with door.admitted(Credentials("ada")) as visit:
        assert visit.principal == guest("ada")
        assert refusal_at(door, "ada", None) == "name_taken"
    with pytest.raises(ZeroDivisionError), door.admitted(Credentials("ada")):
        raise ZeroDivisionError
    assert enter(door, "ada", None) == guest("ada")


def test_recognising_holds_no_name(door: Door) -> None:
    recognise(door, "ada", KEY)
    assert enter(door, "ada", OTHER_KEY) == guest("ada", OTHER_KEY)


def test_the_nameless_get_a_name_each_and_share_their_keys(door: Door) -> None:
    strangers = [enter(door, None, None) for _ in range(100)]
    assert len({stranger.name for stranger in strangers}) == 100
    assert len({stranger.id for stranger in strangers}) == 100
    assert len({stranger.counted_as for stranger in strangers}) == 100
    assert {stranger.key_owner for stranger in strangers} == {NAMELESS}
    assert not any(stranger.may_own for stranger in strangers)
    assert all(stranger.name.startswith("guest-") for stranger in strangers)
    assert refusal_at(door, strangers[0].name, None) == "name_taken"


def test_a_nameless_request_is_simply_a_guest(door: Door) -> None:
    here, there = (door.recognise(Credentials(address=address)) for address in ("a", "b"))
    assert here.name == there.name == "guest"
    assert here.key_owner == there.key_owner == NAMELESS
    assert here.counted_as != there.counted_as


def test_a_name_given_away_is_not_given_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(tokens))
    assert [enter(door, None, None).name for _ in range(2)] == ["guest-aaaaaa", "guest-bbbbbb"]


def test_who_has_a_token_comes_in_with_its_name_rights_and_rooms() -> None:
    door, _ = known(token("ci", until=2000.0))
    principal = door.enter(Credentials(token=TOKEN)).principal
    assert principal == Principal(
        "ci", Role.TOKEN, token_holder("ci"), scopes_of(["read"]), ("build-*",), 2000.0
    )


@pytest.mark.parametrize("wrong", [OTHER_TOKEN, "", "hubbub_", "\udcff", "x" * 9000])
def test_a_wrong_token_lets_nobody_in(wrong: str) -> None:
    door, _ = known(token("ci"))
    with pytest.raises(RefusalError) as caught:
        door.enter(Credentials("ada", token=wrong))
    assert caught.value.refusal.code == "unauthenticated"


def test_where_guests_are_not_let_in_a_name_is_not_enough() -> None:
    door, _ = known(token("ci"))
    assert refusal_at(door, "ada", None) == "unauthenticated"
    with pytest.raises(RefusalError):
        door.enter(Credentials())


def test_who_guesses_is_slowed_down_and_nobody_else_is() -> None:
    clock = Clock()
    door, _ = known(token("ci"), clock=clock)
    codes = []
    for n in range(1000):
        with pytest.raises(RefusalError) as caught:
            door.recognise(Credentials(token=f"hubbub_{n}", address="a"))
        codes.append(caught.value.refusal)
    burst = int(2 * GUESSES_PER_SECOND)
    assert [refusal.code for refusal in codes[:burst]] == ["unauthenticated"] * burst
    assert {refusal.code for refusal in codes[burst:]} == {"rate_limited"}
    assert 0 < (codes[-1].retry_after or 0) <= 1
    wrong = Credentials(token="hubbub_x", address="a")
    assert not garbage_of(lambda: door.recognise(wrong), RefusalError)
    assert door.recognise(Credentials(token=TOKEN, address="a")).name == "ci"
    with pytest.raises(RefusalError) as caught:
        door.recognise(Credentials(token="hubbub_x", address="b"))
    assert caught.value.refusal.code == "unauthenticated"


def test_an_expired_token_is_none_and_who_came_in_with_it_is_shown_out() -> None:
    clock = Clock()
    door, _ = known(token("ci", until=1010.0), token("app", OTHER_TOKEN), clock=clock)
    ci, app = (door.enter(Credentials(token=t)) for t in (TOKEN, OTHER_TOKEN))
    assert expelled(door, ci, app) == [False, False]
    clock.now = 1010.0
    assert expelled(door, ci, app) == [True, False]
    with pytest.raises(RefusalError):
        door.enter(Credentials(token=TOKEN))


def test_who_came_in_with_a_revoked_token_is_shown_out_of_connections_and_requests() -> None:
    door, tokens = known(token("ci"), token("app", OTHER_TOKEN))
    ci, app = (door.enter(Credentials(token=t)) for t in (TOKEN, OTHER_TOKEN))
    with door.calling(Credentials(token=TOKEN)) as call:
        tokens.replace([token("app", OTHER_TOKEN)])
        assert expelled(door, ci, app, call) == [True, False, True]


async def test_a_token_that_ended_while_it_was_answered_is_not_confirmed_whoever_saw_it_first() -> (
    None
):
    door, tokens = known(token("ci"))
    door.recognise(Credentials(token=TOKEN))
    await door.confirm(TOKEN, "127.0.0.1")
    tokens.replace([])
    for _ in range(50):  # that is no guessing
        with pytest.raises(RefusalError, match="revoked"):
            await door.confirm(TOKEN, "127.0.0.1")


def test_who_has_left_is_not_shown_out() -> None:
    door, tokens = known(token("ci"))
    ci = door.enter(Credentials(token=TOKEN))
    door.exit(ci)
    with door.calling(Credentials(token=TOKEN)) as call:
        pass
    tokens.replace([])
    assert expelled(door, ci, call) == [False, False]


def test_a_guest_makes_room_for_whom_the_name_belongs_to() -> None:
    tokens = Tokens()
    door = Door((tokens,), now=time.time, clock=time.monotonic)
    guest = door.enter(Credentials("ada", KEY))
    out: list[str] = []
    guest.when_expelled(lambda: out.append("guest"))
    tokens.replace([token("ada")])
    door.review()
    door.review()
    holder = door.enter(Credentials(token=TOKEN))
    assert out == ["guest"]
    assert refusal_at(door, "ada", KEY) == "name_taken"
    door.exit(guest)
    assert refusal_at(door, "ada", KEY) == "name_taken"
    door.enter(Credentials(token=TOKEN))
    door.exit(holder)
    assert refusal_at(door, "ada", KEY) == "name_taken"


@pytest.mark.parametrize("name", ["ada", "Ada", "aDA"])
def test_a_guest_makes_room_for_a_new_account_however_they_spell_its_handle(name: str) -> None:
    tokens = Tokens()
    door = Door((tokens,), now=time.time, clock=time.monotonic)
    held = [door.enter(Credentials(each)) for each in (name, "Adam", "GRACE")]
    left = door.enter(Credentials("ADA" if name != "ada" else "Hal"))
    door.exit(left)
    tokens.names = frozenset({"ada", "eve"})
    assert expelled(door, *held, left) == [True, False, False, False]
    for each in held:
        door.exit(each)
    assert not door.visits._spellings and not door.visits._holders


class Looks:
    """Whatever is like `taken` looks like an admin."""

    looks_version = 0
    taken = ""

    def looks_taken(self, name: str) -> bool:
        return bool(self.taken) and not forms(name).isdisjoint(forms(self.taken))


def test_a_guest_makes_room_for_whoever_becomes_an_admin_and_looks_like_them() -> None:
    looks, tokens = Looks(), Tokens()
    tokens.replace([token("\u0430da")])
    door = Door((tokens,), looks=looks, now=time.time, clock=time.monotonic)
    held = [door.enter(Credentials(each)) for each in ("Ad\u0430", "Grace")]
    held.append(door.enter(Credentials(token=TOKEN)))  # whose name was given to it
    looks.taken = "Ada"
    assert expelled(door, *held) == [False, False, False], "as long as nothing is said to be new"
    looks.looks_version += 1
    assert expelled(door, *held) == [True, False, False]


@pytest.mark.parametrize("key", [None, KEY])
def test_the_name_of_a_token_is_refused_to_guests_also_while_nobody_is_here(
    key: str | None,
) -> None:
    tokens = Tokens()
    tokens.replace([token("ada")])
    door = Door((tokens,), now=time.time, clock=time.monotonic)
    assert refusal_at(door, "ada", key) == "name_taken"
    assert enter(door, "grace", key) == guest("grace", key)
    tokens.replace([])
    assert enter(door, "ada", key) == guest("ada", key)


def test_no_name_that_is_given_away_is_a_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens()
    tokens.replace([token("guest-aaaaaa"), token("guest", OTHER_TOKEN)])
    door = Door((tokens,), now=time.time, clock=time.monotonic)
    given = iter(["aaaaaa", "bbbbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(given))
    assert enter(door, None).name == "guest-bbbbbb"
    with pytest.raises(RefusalError):
        recognise(door, None)


def test_a_key_is_the_same_guest_with_any_name_or_none(door: Door) -> None:
    people = [enter(door, "ada", KEY), enter(door, "grace", KEY), enter(door, None, KEY)]
    people.append(recognise(door, None, KEY))
    assert {person.id for person in people} == {guest("x", KEY).id}
    assert {person.key_owner for person in people} == {guest("x", KEY).id}


@pytest.mark.parametrize("key", ["x", "x" * 15, "x" * 129])
@pytest.mark.parametrize("name", ["ada", None])
def test_a_key_that_is_easily_guessed_or_very_long_is_refused(
    door: Door, key: str, name: str | None
) -> None:
    for come in (enter, recognise):
        with pytest.raises(RefusalError) as caught:
            come(door, name, key)
        assert caught.value.refusal.code == "bad_request"


def test_who_is_shown_out_before_they_have_sat_down_leaves_when_they_do() -> None:
    door, tokens = known(token("ci"))
    ci = door.enter(Credentials(token=TOKEN))
    tokens.replace([])
    door.review()
    out: list[str] = []
    ci.when_expelled(lambda: out.append("ci"))
    assert out == ["ci"]
