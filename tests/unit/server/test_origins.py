import pytest

from hubbub.protocol.errors import Refused
from hubbub.server.http.origins import Origins

HERE = "localhost:8181"


def is_refused(origins: Origins, origin: str | None, host: str | None) -> bool:
    try:
        origins.check(origin, host)
    except Refused as error:
        return error.refusal.code == "bad_origin"
    return False


def test_a_refusal_says_what_would_help() -> None:
    for origin, host in (("https://evil.example", HERE), (None, "evil.example")):
        with pytest.raises(Refused) as caught:
            Origins(()).check(origin, host)
        assert caught.value.refusal.hint is not None
        assert caught.value.refusal.hint.endswith(
            f"{'--allow-origin' if origin else '--public-url'} https://evil.example"
        )


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        HERE,
        "127.0.0.1:8181",
        "127.1.2.3",
        "[::1]:8181",
        "LOCALHOST",
        "hub.localhost:80",
    ],
)
def test_this_machine_is_ours_by_any_of_its_names(host: str) -> None:
    assert not is_refused(Origins(()), None, host)
    assert not is_refused(Origins(()), f"http://{host}", host)


@pytest.mark.parametrize(
    "host",
    [
        *(None, "", "evil.example", "evil.example:8181", "localhost.evil.example", "192.168.1.7"),
        *("notlocalhost", "127.0.0.1.evil.example", "[::2]", "[", "a:b:c", "0.0.0.0", "[]:1@"),
    ],
)
def test_a_foreign_name_that_leads_here_is_refused(host: str | None) -> None:
    assert is_refused(Origins(()), None, host)


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "", "http://", "http://localhost.evil.example"),
        *("http://192.168.1.7", "file://", "evil", "http://[", "http://127.0.0.1.evil.example"),
    ],
)
def test_pages_of_other_sites_stay_out(origin: str) -> None:
    assert is_refused(Origins(()), origin, HERE)


def test_pages_of_this_machine_come_in_from_any_port() -> None:
    assert not is_refused(Origins(()), "http://localhost:3000", HERE)
    assert not is_refused(Origins(()), "https://127.0.0.1", HERE)


def test_no_page_at_all_comes_in() -> None:
    assert not is_refused(Origins(()), None, HERE)


@pytest.mark.parametrize("allowed", ["https://chat.example", "https://Chat.Example/"])
def test_an_origin_that_was_allowed_comes_in_and_names_this_server(allowed: str) -> None:
    origins = Origins((allowed,))
    assert not is_refused(origins, "https://chat.example", HERE)
    assert not is_refused(origins, "https://CHAT.example", HERE)
    assert not is_refused(origins, None, "chat.example")
    assert not is_refused(origins, "https://chat.example", "chat.example:443")
    assert is_refused(origins, "http://chat.example", HERE)
    assert is_refused(origins, "https://chat.example:444", HERE)
    assert is_refused(origins, "https://evil.chat.example", HERE)
    assert is_refused(origins, None, "evil.example")


def test_where_it_is_reached_from_elsewhere_its_own_pages_come_in_and_no_others() -> None:
    origins = Origins(("https://chat.example",), is_local=False)
    assert not is_refused(origins, "https://chat.example", "chat.example")
    assert not is_refused(origins, "https://192.168.1.7:8181", "192.168.1.7:8181")
    assert not is_refused(origins, None, "[fd00::1]:8181")
    assert is_refused(origins, "https://192.168.1.8:8181", "192.168.1.7:8181")
    assert is_refused(origins, "https://192.168.1.7", "192.168.1.7:8181")
    assert is_refused(origins, "http://localhost:3000", "chat.example")
    assert is_refused(origins, "null", "chat.example")
    assert is_refused(origins, None, "evil.example")
    assert is_refused(origins, "https://evil.example", "evil.example")
