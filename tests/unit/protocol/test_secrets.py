import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.protocol.keys import account_key
from hubbub.protocol.names import is_text
from hubbub.protocol.secrets import (
    RANDOM_BYTES,
    InviteToken,
    SessionToken,
    digest_of,
    invite_from,
    is_secret_of,
    new_invite,
    new_session,
    new_token,
    session_from,
)

RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
ADA = "@p7m2q9x4w1z3k"
SESSION = "hubbub_s_p7m2q9x4w1z3k_000000000000_" + "z" * 52
INVITE = "000000000000." + "z" * 52


@given(RANDOM, st.binary(min_size=8, max_size=8))
def test_a_token_is_read_as_it_was_made(random: bytes, account: bytes) -> None:
    session = new_session(account_key(account), random)
    token = new_token(account_key(account), random)
    assert session_from(session.text) == session and session_from(token.text) == token
    assert session.key != token.key
    invite = new_invite(random)
    assert invite_from(invite.text) == invite
    assert session_from(invite.text) is None and invite_from(session.text) is None


def test_the_text_of_a_token_is_fixed() -> None:
    random = bytes(8) + b"\xff" * 33
    assert new_session(ADA, random).text == SESSION
    assert new_token(ADA, random).text == SESSION.replace("_s_", "_t_")
    assert new_invite(random).text == INVITE
    assert len(SESSION) == 88 and len(INVITE) == 65


@given(RANDOM, RANDOM)
def test_no_bit_of_a_secret_is_lost(one: bytes, other: bytes) -> None:
    assert (new_invite(one).secret == new_invite(other).secret) == (
        int.from_bytes(one[8:], "big") >> 4 == int.from_bytes(other[8:], "big") >> 4
    )
    assert len(new_invite(one).secret) * 5 >= 256


@pytest.mark.parametrize("size", [0, 40, 42])
def test_a_token_needs_all_its_random_bytes_and_no_others(size: int) -> None:
    for make in (lambda: new_session(ADA, bytes(size)), lambda: new_invite(bytes(size))):
        with pytest.raises(ValueError, match="Expected 41 random bytes"):
            make()


@pytest.mark.parametrize(
    "text",
    [
        *("", "hubbub_", "hubbub_s_", SESSION[:-1], SESSION + "z", SESSION + "\n", " " + SESSION),
        *(SESSION.upper(), SESSION.replace("_s_", "_x_"), SESSION.replace("_p", "_@p")),
        *(
            SESSION.replace("_p", "_r"),
            SESSION.replace("k_", "l_"),
            SESSION.replace("z" * 52, "u" * 52),
        ),
        *(
            SESSION.replace("7m", "7M"),
            SESSION.replace("0" * 12, "٠" * 12),
            SESSION.replace("_0", "-0"),
        ),
        *(
            SESSION + "\0",
            SESSION.replace("z", "\ud800", 1),
            "hubbub_s_" * 100_000,
            "_" * 1_000_000,
        ),
    ],
)
def test_anything_else_is_no_session(text: str) -> None:
    assert session_from(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", INVITE[:-1], INVITE + "z", INVITE + "\n", "#" + INVITE, INVITE.upper()),
        *(INVITE.replace(".", "_"), INVITE.replace(".", ""), INVITE.replace("0.", "o.")),
        *(INVITE.replace("z" * 52, "i" * 52), INVITE + "\0", "." * 1_000_000, "0" * 1_000_000),
    ],
)
def test_anything_else_is_no_invite(text: str) -> None:
    assert invite_from(text) is None


def test_only_its_own_secret_has_a_digest() -> None:
    digest = digest_of("z" * 52)
    assert digest == hashlib.sha256(b"z" * 52).hexdigest()
    assert is_secret_of("z" * 52, digest)
    assert not is_secret_of("z" * 51 + "y", digest)
    assert not is_secret_of(digest, digest)
    assert not is_secret_of("z" * 52, "")


@given(st.text(max_size=200))
def test_what_is_read_is_plain_text(text: str) -> None:
    session = session_from(text)
    assert session is None or (is_text(text) and session.text == text)


def test_a_token_that_is_logged_hides_its_secret() -> None:
    for token in (
        SessionToken(ADA, "session", "0" * 12, "z" * 52),
        InviteToken("0" * 12, "z" * 52),
    ):
        assert "zz" not in repr(token)
