from itertools import product

import pytest

from hubbub.protocol.errors import RefusalError
from hubbub.server.http.origins import Asked, Authority, Origins, Source, canonical

HERE = "localhost:8181"


def is_refused(origins: Origins, origin: str | None, host: str | None) -> bool:
    try:
        origins.check(Asked(host, origin))
    except RefusalError as error:
        return error.refusal.code == "bad_origin"
    return False


def source(origins: Origins, origin: str, site: str | None = None) -> Source:
    return origins.source(Asked(HERE, origin, site))


def test_a_refusal_says_what_would_help() -> None:
    for origin, host in (("https://evil.example", HERE), (None, "evil.example")):
        with pytest.raises(RefusalError) as caught:
            Origins().check(Asked(host, origin))
        assert caught.value.refusal.hint is not None
        assert caught.value.refusal.hint.endswith(
            f"{'--allow-origin' if origin else '--public-url'} https://evil.example"
        )


@pytest.mark.parametrize("origin", ["null", "http://[", ""])
def test_no_setting_is_named_for_an_origin_that_none_can_allow(origin: str) -> None:
    with pytest.raises(RefusalError) as caught:
        Origins().check(Asked(HERE, origin))
    assert caught.value.refusal.hint is None


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
    assert not is_refused(Origins(), None, host)
    assert not is_refused(Origins(), f"http://{host}", host)


@pytest.mark.parametrize(
    "host",
    [
        *(None, "", "evil.example", "evil.example:8181", "localhost.evil.example", "192.168.1.7"),
        *("notlocalhost", "127.0.0.1.evil.example", "[::2]", "[", "a:b:c", "0.0.0.0", "[]:1@"),
        *("evil.example#localhost", "localhost@evil.example", "localhost:99999999"),
    ],
)
def test_a_foreign_name_that_leads_here_is_refused(host: str | None) -> None:
    assert is_refused(Origins(), None, host)


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "", "http://", "http://localhost.evil.example"),
        *("http://192.168.1.7", "file://", "evil", "http://[", "http://127.0.0.1.evil.example"),
        *("chrome-extension://localhost", "moz-extension://127.0.0.1", "capacitor://localhost"),
        *(
            "http://localhost/",
            "http://localhost:",
            "http://localhost:65536",
            "http://user@localhost",
        ),
    ],
)
def test_pages_of_other_sites_stay_out(origin: str) -> None:
    assert is_refused(Origins(), origin, HERE)


def test_pages_of_this_machine_come_in_from_any_port() -> None:
    assert source(Origins(), "http://localhost:3000") is Source.LOOPBACK_PAGE
    assert source(Origins(), "https://127.0.0.1") is Source.LOOPBACK_PAGE
    assert source(Origins(), f"http://{HERE}") is Source.OWN_PAGE


def test_pages_of_other_ports_stay_out_where_the_public_address_is_known() -> None:
    origins = Origins(public_url="https://chat.example")
    assert is_refused(origins, "http://localhost:3000", HERE)
    assert is_refused(origins, f"http://{HERE}", HERE)
    assert source(origins, "https://chat.example") is Source.OWN_PAGE
    allowing = Origins(["http://localhost:3000"], public_url="https://chat.example")
    assert source(allowing, "http://localhost:3000") is Source.ALLOWED_PAGE


def test_over_tls_its_own_pages_are_those_that_came_over_tls() -> None:
    origins = Origins(is_local=False)
    here = "192.168.1.7:8181"
    for scheme, expected in (("https", Source.OWN_PAGE), ("http", Source.FOREIGN_PAGE)):
        asked = Asked(here, f"{scheme}://{here}", is_secure=True)
        assert origins.source(asked) is expected


@pytest.mark.parametrize(
    "site, expected",
    [
        (None, Source.PROGRAM),
        ("none", Source.TYPED),
        ("same-origin", Source.OWN_PAGE),
        *((site, Source.FOREIGN_PAGE) for site in ("same-site", "cross-site", "", "x", "None")),
    ],
)
def test_without_an_origin_the_browser_says_whose_page_asks(
    site: str | None, expected: Source
) -> None:
    assert Origins().source(Asked(HERE, site=site)) is expected


def test_an_origin_counts_for_more_than_what_else_the_browser_says() -> None:
    for site in ("same-origin", "none"):
        assert source(Origins(), "https://evil.example", site) is Source.FOREIGN_PAGE
    assert source(Origins(), "http://localhost:3000", "cross-site") is Source.LOOPBACK_PAGE


def test_a_link_from_elsewhere_opens_the_page_and_no_other_name_does() -> None:
    Origins().check(Asked(HERE, site="cross-site", is_navigation=True, is_shell=True))
    with pytest.raises(RefusalError):
        Origins().check(Asked("evil.example", site="cross-site", is_navigation=True, is_shell=True))


# What each source sends; where nothing but reading is allowed, and where everything is.
SENT = {
    Source.PROGRAM: Asked(HERE),
    Source.TYPED: Asked(HERE, site="none"),
    Source.OWN_PAGE: Asked(HERE, origin=f"http://{HERE}"),
    Source.LOOPBACK_PAGE: Asked(HERE, origin="http://localhost:3000"),
    Source.ALLOWED_PAGE: Asked(HERE, origin="https://app.example"),
    Source.FOREIGN_LINK: Asked(HERE, site="cross-site", is_navigation=True),
    Source.FOREIGN_PAGE: Asked(HERE, origin="https://evil.example"),
}
NOBODY = {Source.FOREIGN_PAGE, Source.FOREIGN_LINK}
SPEAK = {
    Authority.VISITOR: set(Source) - NOBODY,
    Authority.BEARER: set(Source) - NOBODY,
    Authority.COOKIE: {Source.TYPED, Source.OWN_PAGE},
    Authority.SIGN_IN: {Source.PROGRAM, Source.TYPED, Source.OWN_PAGE, Source.FOREIGN_LINK},
}
ONLY_READ = {(Authority.COOKIE, Source.PROGRAM)}


@pytest.mark.parametrize("authority, sender", list(product(Authority, Source)))
def test_who_may_speak(authority: Authority, sender: Source) -> None:
    origins = Origins(["https://app.example"])
    asked = SENT[sender]._replace(authority=authority)
    assert origins.source(asked) is sender
    may_speak = sender in SPEAK[authority]
    for is_reading in (False, True):
        may = may_speak or (is_reading and (authority, sender) in ONLY_READ)
        if may:
            origins.check(asked._replace(is_reading=is_reading))
        else:
            with pytest.raises(RefusalError, match="bad_origin"):
                origins.check(asked._replace(is_reading=is_reading))


def test_a_page_of_the_same_site_is_not_ours_for_a_cookie() -> None:
    for site in ("same-site", "cross-site", ""):
        with pytest.raises(RefusalError, match="cookie"):
            Origins().check(Asked(HERE, site=site, is_reading=True, authority=Authority.COOKIE))


@pytest.mark.parametrize(
    "allowed", ["https://chat.example", "https://Chat.Example/", "https://chat.example:443"]
)
def test_an_origin_that_was_allowed_comes_in_and_names_this_server(allowed: str) -> None:
    origins = Origins((allowed,))
    assert not is_refused(origins, "https://chat.example", HERE)
    assert not is_refused(origins, "https://CHAT.example", HERE)
    assert not is_refused(origins, "https://chat.example:443", HERE)
    assert not is_refused(origins, None, "chat.example")
    assert not is_refused(origins, "https://chat.example", "chat.example:443")
    assert is_refused(origins, "http://chat.example", HERE)
    assert is_refused(origins, "https://chat.example:444", HERE)
    assert is_refused(origins, "https://evil.chat.example", HERE)
    assert is_refused(origins, None, "evil.example")


def test_an_app_with_a_scheme_of_its_own_can_be_allowed() -> None:
    assert not is_refused(Origins(["capacitor://localhost"]), "capacitor://localhost", HERE)


def test_where_it_is_reached_from_elsewhere_its_own_pages_come_in_and_no_others() -> None:
    origins = Origins(is_local=False)
    assert not is_refused(origins, "https://192.168.1.7:8181", "192.168.1.7:8181")
    assert not is_refused(origins, None, "[fd00::1]:8181")
    assert is_refused(origins, "https://192.168.1.8:8181", "192.168.1.7:8181")
    assert is_refused(origins, "https://192.168.1.7", "192.168.1.7:8181")
    assert is_refused(origins, "http://localhost:3000", "192.168.1.7:8181")
    assert is_refused(origins, None, "evil.example")
    assert is_refused(origins, "https://evil.example", "evil.example")
    public = Origins(public_url="https://chat.example", is_local=False)
    assert not is_refused(public, "https://chat.example", "chat.example")
    assert is_refused(public, "http://localhost:3000", "chat.example")
    assert is_refused(public, "null", "chat.example")


@pytest.mark.parametrize(
    "origin, expected",
    [
        ("HTTP://Localhost:80", "http://localhost"),
        ("https://chat.example:443", "https://chat.example"),
        ("https://chat.example:80", "https://chat.example:80"),
        ("http://[::1]:8181", "http://[::1]:8181"),
        *((given, None) for given in ("*", "https://*.example.org", "https://bücher.example")),
    ],
)
def test_an_origin_has_one_form(origin: str, expected: str | None) -> None:
    assert canonical(origin) == expected
