import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.protocol.keys import (
    AUDIT,
    DIRECTORY,
    ME,
    RANDOM_BYTES,
    account_key,
    base32,
    is_account_key,
    is_room_key,
    room_key,
)
from hubbub.protocol.names import is_person_name, is_reserved, is_room_name

RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(RANDOM)
def test_a_key_is_recognized_as_what_it_names(random: bytes) -> None:
    account, room = account_key(random), room_key(random)
    assert is_account_key(account) and not is_room_key(account)
    assert is_room_key(room) and not is_account_key(room)


@given(RANDOM)
def test_a_key_names_a_log_but_never_a_visitor(random: bytes) -> None:
    for key in (account_key(random), room_key(random), DIRECTORY, AUDIT, ME):
        assert is_room_name(key) and is_reserved(key) and not is_person_name(key)


@given(RANDOM, RANDOM)
def test_different_bits_make_different_keys(one: bytes, other: bytes) -> None:
    used = [int.from_bytes(random, "big") >> 4 for random in (one, other)]
    assert (account_key(one) == account_key(other)) == (used[0] == used[1])


@pytest.mark.parametrize(
    "random, key",
    [
        (bytes(8), "@p000000000000"),
        (b"\xff" * 8, "@pzzzzzzzzzzzz"),
        (bytes.fromhex("0044440400000010"), "@p012481000001"),
        (b"\x00" * 7 + b"\x0f", "@p000000000000"),
    ],
)
def test_a_key_holds_the_first_60_bits_in_order(random: bytes, key: str) -> None:
    assert account_key(random) == key


@pytest.mark.parametrize("size", [0, 7, 9, 16])
def test_a_key_needs_all_its_random_bytes_and_no_others(size: int) -> None:
    with pytest.raises(ValueError, match="Expected 8 random bytes"):
        account_key(bytes(size))


@pytest.mark.parametrize(
    "text",
    [
        *("", "@p", "@r", DIRECTORY, AUDIT, ME, "p7m2q9x4w1z3k", "@q7m2q9x4w1z3k"),
        *("@p7m2q9x4w1z3", "@p7m2q9x4w1z3kk", "@p7m2q9x4w1z3k\n", " @p7m2q9x4w1z3k"),
        *("@P7m2q9x4w1z3k", "@p7M2q9x4w1z3k", "@p7m2q9x4w1z3l", "@p7m2q9x4w1z3i"),
        *("@p7m2q9x4w1z3o", "@p7m2q9x4w1z3u", "@p7m2q9x4w1z3٣", "@r7m2q9x4w1z3k:7"),
    ],
)
def test_anything_else_is_no_key(text: str) -> None:
    assert not is_account_key(text) and not is_room_key(text)


@given(st.binary(max_size=32))
def test_base32_has_a_character_for_each_5_bits(random: bytes) -> None:
    assert len(base32(random)) == len(random) * 8 // 5
    assert int(
        base32(random).translate(str.maketrans("jkmnpqrstvwxyz", "ijklmnopqrstuv")) or "0", 32
    ) == (int.from_bytes(random, "big") >> len(random) * 8 % 5)
