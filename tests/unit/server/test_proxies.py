import pytest
from aiohttp.test_utils import make_mocked_request

from hubbub.server.http.proxies import Proxies

PROXIES = Proxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


def address(remote: str, *forwarded: str) -> str:
    request = make_mocked_request("GET", "/", headers=[("X-Forwarded-For", f) for f in forwarded])
    return PROXIES.address_of(request.clone(remote=remote))


@pytest.mark.parametrize(
    "remote, forwarded, expected",
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["1.2.3.4, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
        ("127.0.0.1", ["1.2.3.4, 203.0.113.9", "10.1.1.1"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", ["203.0.113.9, unknown"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("", ["203.0.113.9"], ""),
    ],
)
def test_only_known_proxies_say_who_was_before_them(
    remote: str, forwarded: list[str], expected: str
) -> None:
    assert address(remote, *forwarded) == expected
