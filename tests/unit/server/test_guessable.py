import pytest

from hubbub.server.people.guessable import is_guessable

HANDLE = "ada.lovelace"


@pytest.mark.parametrize(
    "password",
    [
        *("password", "Password1", "P@ssw0rd", "passw0rd!", "p4$$w0rd", "$unshine1", "1ove1234"),
        *("monkey12", "iloveyou", "Summer2024!", "welcome1", "!changeme!", "hubbub-123"),
        *("12345678", "87654321", "abcd1234", "1234qwer", "qwertyui", "QWERTZUI", "asdfghjk"),
        *("1qaz2wsx", "zaq12wsx", "1q2w3e4r", "a1b2c3d4", "qwe123asd", "abc12345"),
        *(
            "11111111",
            "12121212",
            "abcabcabc",
            "xyxxyyyx",
            "x" * 64,
            "passwordpassword",
            "zulip7zulip7",
        ),
        *("01011990", "19841225", "5551234567"),
        *("ada.lovelace", "Ada.Lovelace1", "4d4lovelace", "lovelace2024", "ada12345"),
    ],
)
def test_what_is_guessed_first_is_guessable(password: str) -> None:
    assert is_guessable(password, HANDLE)


@pytest.mark.parametrize(
    "password",
    [
        *("correct horse battery staple", "kitchen-lamp-42", "Xk9#mQ2v", "a quiet wednesday"),
        *("lovelace-and-babbage", "480517209361", "1843-notes-G", "пароль-кухни", "台所のランプ"),
        *("hunter2's dog ate it", "mypasswordisverylong", "zebra1zebra2", "graceful"),
    ],
)
def test_what_is_not_guessed_first_may_be_used(password: str) -> None:
    assert not is_guessable(password, HANDLE)


def test_a_handle_is_guessable_for_its_account_only() -> None:
    assert is_guessable("grace.hopper-7", "grace.hopper")
    assert not is_guessable("grace.hopper-7", HANDLE)


def test_a_handle_of_digits_makes_no_other_password_guessable() -> None:
    assert not is_guessable("480517209361", "42")
