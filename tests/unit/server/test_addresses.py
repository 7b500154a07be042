"""Addresses: what is one, and what is shown of it."""

import pytest

from hubbub.server.addresses import BadAddress, check, without_secrets

GOOD = [
    "postgres://h/db",
    "postgres://",
    "postgres:///db?host=/run/postgresql",
    "postgres://u@[::1]:5432/db",
    "postgres://u:p%40ss:w%2Frd@h.example:5432,h2/db?sslmode=require&x=1",
]
BAD = [
    "postgres",
    "mysql://u:hunter2@h/db",
    "postgres://u:hun@ter2@h/db",
    "postgres://u:hunter2/xyz@h/db",
    "postgres://u:12/hunter2@h/db",
    "postgres://u:hunter2#1@h/db",
    "postgres://u:1?hunter2@h/db",
    "postgres://h:hunter2/db",
    "postgres://h:123456/db",
]


@pytest.mark.parametrize("address", GOOD)
def test_what_postgresql_takes_is_an_address(address: str) -> None:
    check(address, ("postgres",), needs_host=False)


@pytest.mark.parametrize("address", BAD)
def test_an_ambiguous_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(BadAddress) as raised:
        check(address, ("postgres",), needs_host=False)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "nats://",
        "nats://:4222",
        "nats://a:1,b:2",
        "nats://u:p@",
        "nats:// ",
        "nats://a b",
        "nats://h:65536",
    ],
)
def test_where_a_host_is_needed_there_is_one(address: str) -> None:
    with pytest.raises(BadAddress):
        check(address, ("nats",), needs_host=True)


def test_what_is_shown_has_neither_passwords_nor_questions() -> None:
    assert without_secrets(GOOD[-1]) == "postgres://***@h.example:5432,h2/db?***"
    assert without_secrets("nats://u:a,b@h:4222,tls://key@i") == "nats://***@h:4222,tls://***@i"
    assert without_secrets("https://a.example/keys") == "https://a.example/keys"


@pytest.mark.parametrize("address", [each for each in BAD if "@" in each and "mysql" not in each])
def test_nothing_is_shown_of_what_could_be_misread(address: str) -> None:
    assert without_secrets(address) == "***"
