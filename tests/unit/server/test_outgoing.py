"""Which addresses are on the internet."""

from ipaddress import ip_address

import pytest

from hubbub.server.people.outgoing import is_public


@pytest.mark.parametrize(
    "address, is_there",
    [
        *(
            (address, True)
            for address in ("1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101")
        ),
        *(
            (address, False)
            for address in ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1")
        ),
        *(
            (address, False)
            for address in ("169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255")
        ),
        *(
            (address, False)
            for address in ("::1", "::", "fe80::1", "fd00::1", "ff02::1", "2001:db8::1")
        ),
        *(
            (address, False)
            for address in ("::ffff:10.1.2.3", "64:ff9b::a01:203", "2002:a01:203::1")
        ),
    ],
)
def test_an_address_is_on_the_internet_or_not(address: str, is_there: bool) -> None:
    assert is_public(ip_address(address)) is is_there
