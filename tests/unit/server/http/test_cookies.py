from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web
from multidict import CIMultiDict

from hubbub.protocol.errors import RefusalError
from hubbub.protocol.secrets import new_session
from hubbub.server.http.cookies import Cookies

TOKEN = new_session("@p7m2q9x4w1z3k", bytes(41)).text
NAME = "hubbub-8181"


def asked(*cookies: str, host: str = "localhost:8181", is_secure: bool = False) -> web.Request:
    headers = CIMultiDict([("Host", host), *(("Cookie", cookie) for cookie in cookies)])
    return cast(web.Request, SimpleNamespace(headers=headers, host=host, secure=is_secure))


@pytest.mark.parametrize(
    "cookies",
    [
        (f"{NAME}={TOKEN}",),
        (f"theme=dark; {NAME}={TOKEN}; a=b",),
        (f"theme=dark;{NAME}={TOKEN};",),
        (f" {NAME} = {TOKEN}\t; hubbub-8182=other; hubbub=x; __Host-hubbub=y",),
        ("theme=dark", f"{NAME}={TOKEN}"),
        (f"\udce9=\udcff; \x01; =; ;; x; {NAME}={TOKEN}; ={TOKEN}",),
        (f"{'x' * 60_000}=1; {NAME}={TOKEN}",),
    ],
)
def test_a_token_is_found_among_cookies_of_others(cookies: tuple[str, ...]) -> None:
    assert Cookies().token(asked(*cookies)) == TOKEN


@pytest.mark.parametrize(
    "cookies",
    [
        *((), ("",), ("theme=dark",), (NAME,), (f"{NAME.upper()}={TOKEN}",)),
        *((f"hubbub-818={TOKEN}",), (f"__Host-hubbub={TOKEN}",), (f"x={NAME}={TOKEN}",)),
    ],
)
def test_cookies_of_others_are_no_token(cookies: tuple[str, ...]) -> None:
    assert Cookies().token(asked(*cookies)) is None


@pytest.mark.parametrize(
    "cookies",
    [
        *((f"{NAME}={TOKEN}; {NAME}={TOKEN}",), (f"{NAME}={TOKEN}", f"{NAME}=x")),
        *((f"{NAME}=",), (f'{NAME}="{TOKEN}"',), (f"{NAME}={TOKEN}=",), (f"{NAME}=a b",)),
        *((f"{NAME}=\udce9",), (f"{NAME}=a\0",), (f"{NAME}=é",), (f"{NAME}={'x' * 257}",)),
        *((f"{NAME}={'x' * 60_000}",), (f"{NAME}=x," * 2_000,), (f"{NAME}=x;" * 6_000,)),
    ],
)
def test_a_cookie_of_ours_that_can_hold_no_token_is_refused(cookies: tuple[str, ...]) -> None:
    with pytest.raises(RefusalError, match=f"bad_request: .*cookie {NAME}"):
        Cookies().token(asked(*cookies))


@pytest.mark.parametrize(
    "host, name",
    [
        *(("localhost:8181", NAME), ("chat.lan", "hubbub-80"), ("[::1]:9000", "hubbub-9000")),
        *(("[::1]", "hubbub-80"), ("192.168.1.7:80", "hubbub-80")),
    ],
)
def test_over_plain_http_a_cookie_belongs_to_one_port(host: str, name: str) -> None:
    response = web.Response()
    Cookies().keep(asked(host=host), response, TOKEN)
    assert response.headers.getall("Set-Cookie") == [
        f"{name}={TOKEN}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Strict"
    ]
    assert Cookies().token(asked(f"{name}={TOKEN}", host=host)) == TOKEN


@pytest.mark.parametrize("is_secure, is_public_secure", [(True, False), (False, True)])
def test_over_tls_a_cookie_is_bound_to_the_host(is_secure: bool, is_public_secure: bool) -> None:
    cookies, response = Cookies(is_public_secure=is_public_secure), web.Response()
    cookies.keep(asked(is_secure=is_secure), response, TOKEN)
    assert response.headers.getall("Set-Cookie") == [
        f"__Host-hubbub={TOKEN}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Strict; Secure"
    ]
    both = f"{NAME}=other; __Host-hubbub={TOKEN}"
    assert cookies.token(asked(both, is_secure=is_secure)) == TOKEN


@pytest.mark.parametrize("is_secure", [False, True])
def test_a_dropped_cookie_is_forgotten_at_once(is_secure: bool) -> None:
    kept, dropped = web.Response(), web.Response()
    Cookies().keep(asked(is_secure=is_secure), kept, TOKEN)
    Cookies().drop(asked(is_secure=is_secure), dropped)
    assert dropped.headers["Set-Cookie"] == kept.headers["Set-Cookie"].replace(TOKEN, "").replace(
        "7776000", "0"
    )
