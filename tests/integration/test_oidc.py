"""Signing in at a provider: who comes in, by what, and each answer that must not be believed."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from yarl import URL

from hubbub.domain.aspects.people.accounts import OPERATOR, ResumePerson, SuspendPerson
from hubbub.server.app import running
from hubbub.server.config import Settings
from hubbub.server.people.outside import outgoing
from hubbub.server.people.outside import provider as providers
from hubbub.server.people.outside.oidc import Transaction
from tests.support.postgres import Postgres
from tests.support.provider import ADA, CLIENT, SECRET, Provider, providing
from tests.support.rsa import rsa_key
from tests.support.site import Site, Someone, site

LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FROM_OUR_PAGE = LINK | {"Sec-Fetch-Site": "same-origin"}
FROM_THE_PROVIDER = LINK | {"Sec-Fetch-Site": "cross-site"}


class Page(NamedTuple):
    """What a browser got."""

    status: int
    text: str
    location: str
    set_cookies: list[str]

    @property
    def says(self) -> str:
        """The sentences of a page with an error."""
        assert "<h1>" in self.text, self
        return " ".join(re.findall(r"<p>(.*)</p>", self.text))


class Browser:
    """Somebody's browser at a server: keeps cookies, and sends along what a navigation may carry."""

    def __init__(self, here: Site) -> None:
        self.here = here
        self.cookies: dict[str, str] = {}
        self.session = ""

    async def open(self, url: str, headers: dict[str, str]) -> Page:
        """Open a page of the server. From another site, the session's cookie stays behind, as it is strict."""
        sent = dict(self.cookies)
        if headers.get("Sec-Fetch-Site") != "cross-site" and self.session:
            sent[f"hubbub-{self.here.server.port}"] = self.session
        cookie = {"Cookie": "; ".join(f"{n}={v}" for n, v in sent.items())} if sent else {}
        http = self.here.stranger._http
        async with http.get(
            URL(url, encoded=True), headers=headers | cookie, allow_redirects=False
        ) as answer:
            set_cookies = answer.headers.getall("Set-Cookie", [])
            self.keep(set_cookies)
            location = answer.headers.get("Location", "")
            return Page(answer.status, await answer.text(), location, set_cookies)

    def keep(self, set_cookies: list[str]) -> None:
        for text in set_cookies:
            for name, morsel in SimpleCookie(text).items():
                if name == f"hubbub-{self.here.server.port}":
                    assert morsel["samesite"] == "Strict" and morsel["httponly"]
                    self.session = morsel.value
                elif morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    assert (morsel["samesite"], morsel["max-age"]) == ("Lax", "600")
                    assert morsel["httponly"] and morsel["path"] == "/"
                    self.cookies[name] = morsel.value

    async def begin(self, invite: str = "") -> str:
        """Begin to sign in; the address that the browser is sent to."""
        if not invite:
            page = await self.open(f"{self.here.stranger.url}/oidc/start", FROM_OUR_PAGE)
            assert page.status == 303, page
            return page.location
        own = {"Origin": self.here.stranger.url}
        answer = await self.here.stranger.ask("POST", "/oidc/start", {"token": invite}, own)
        assert answer.status == 200, answer
        self.keep(answer.headers.getall("Set-Cookie"))
        url: str = answer.body["url"]
        return url

    async def at_provider(self, url: str) -> str:
        """Sign in there; the address that the browser is sent back to."""
        http = self.here.stranger._http
        async with http.get(URL(url, encoded=True), allow_redirects=False) as answer:
            assert answer.status == 302
            return answer.headers["Location"]

    async def sign_in(self, invite: str = "") -> Page:
        """Sign in, from our page and back."""
        return await self.open(await self.at_provider(await self.begin(invite)), FROM_THE_PROVIDER)

    async def me(self) -> Any:
        answer = await Someone(self.here.stranger._http, self.here.stranger.url, self.session).ask(
            "GET", "/me"
        )
        assert answer.status == 200, answer
        return answer.body


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as provider:
        yield provider


@asynccontextmanager
async def signing_in(folder: Path, provider: Provider, **settings: Any) -> AsyncIterator[Site]:
    """A server whose people sign in there."""
    (folder / "client-secret").write_text(f"{SECRET}\n")
    given = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret_file": folder / "client-secret",
        "oidc_allow": "anyone",
    }
    async with site(folder / "data", **given | settings) as here:
        yield here


@pytest.fixture
async def here(tmp_path: Path, provider: Provider) -> AsyncIterator[Site]:
    async with signing_in(tmp_path, provider) as here:
        yield here


@pytest.fixture
def browser(here: Site) -> Browser:
    return Browser(here)


async def handles(here: Site) -> list[str]:
    answer = await here.ada.ask("GET", "/people")
    return sorted(each["handle"] for each in answer.body["people"])


# --- who comes in ---


async def test_who_signs_in_has_an_account_and_a_session(
    provider: Provider, browser: Browser
) -> None:
    provider.person |= {"preferred_username": "grace", "name": "Grace Hopper"}
    page = await browser.sign_in()
    assert (page.status, page.location) == (303, "/#entered")
    me = await browser.me()
    assert (me["handle"], me["name"], me["role"]) == ("grace", "Grace Hopper", "member")
    assert browser.cookies == {}, "the sign-in's cookie is gone"


async def test_who_signs_in_again_has_the_same_account_and_another_session(
    provider: Provider, here: Site, browser: Browser
) -> None:
    assert (await browser.sign_in()).status == 303
    first, session = await browser.me(), browser.session
    provider.person |= {"name": "Other", "preferred_username": "other", "email": "o@example.net"}
    assert (await browser.sign_in()).status == 303
    assert await browser.me() == first
    assert browser.session != session
    provider.person |= {"sub": "another"}
    stranger = Browser(here)
    await stranger.sign_in()
    assert (await stranger.me())["account"] != first["account"]


async def test_what_only_another_request_tells_is_asked_for(
    provider: Provider, browser: Browser
) -> None:
    provider.only_in_userinfo = frozenset({"preferred_username", "name", "email", "email_verified"})
    provider.person |= {"preferred_username": "grace"}
    await browser.sign_in()
    assert (await browser.me())["handle"] == "grace"


@pytest.mark.parametrize("methods", [["client_secret_basic", "x"], ["client_secret_post"], None])
async def test_the_server_proves_itself_as_the_provider_wants(
    provider: Provider, browser: Browser, methods: list[str] | None
) -> None:
    if methods:
        provider.described["token_endpoint_auth_methods_supported"] = methods
    assert (await browser.sign_in()).status == 303


async def test_a_public_client_needs_no_secret(tmp_path: Path, provider: Provider) -> None:
    provider.has_secret = False
    async with signing_in(tmp_path, provider, oidc_client_secret_file=None) as here:
        assert (await Browser(here).sign_in()).status == 303


async def test_the_provider_may_change_its_key(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "KEYS_CHECK", 0.0)
    assert (await browser.sign_in()).status == 303
    provider.key, provider.kid = rsa_key("the next"), "2"
    assert (await browser.sign_in()).status == 303
    provider.key, provider.kid = generate_ec(SECP256R1()), "3"
    assert (await browser.sign_in()).status == 303


async def test_a_jwt_of_the_same_user_speaks_for_the_same_account(
    tmp_path: Path, provider: Provider
) -> None:
    (tmp_path / "secret").write_text("correct horse battery staple, and more")
    more = {"jwt_secret_file": tmp_path / "secret", "jwt_issuer": provider.issuer}
    async with signing_in(tmp_path, provider, jwt_accounts=True, **more) as here:
        browser = Browser(here)
        await browser.sign_in()
        claims = {"iss": provider.issuer, "sub": ADA["sub"], "exp": int(time.time()) + 60}
        token = jwt.encode(claims, (tmp_path / "secret").read_text())
        me = await Someone(here.stranger._http, here.stranger.url, token).ask("GET", "/me")
        assert me.body["account"] == (await browser.me())["account"]


@pytest.mark.timeout(90)
async def test_a_sign_in_that_was_begun_at_one_node_ends_at_another(
    postgres: Postgres, tmp_path: Path, provider: Provider
) -> None:
    """And if both nodes are the first to see somebody at once, there is one account."""
    provider.has_secret = False
    given: dict[str, Any] = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT}
    given |= {"oidc_allow": "anyone", "public_url": "https://chat.example"}
    given |= {"store": await postgres.fresh(), "host": "127.0.0.1", "port": 0}
    async with AsyncExitStack() as stack:
        jar = aiohttp.DummyCookieJar()
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        nodes = []
        for n in range(2):
            node = running(Settings(data=tmp_path / str(n), **given))
            nodes.append(await stack.enter_async_context(node))
        urls = [f"http://127.0.0.1:{node.port}" for node in nodes]

        async def sign_in(first: str, second: str) -> str:
            async with http.get(
                f"{first}/oidc/start", headers=FROM_OUR_PAGE, allow_redirects=False
            ) as answer:
                cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
                url = answer.headers["Location"]
            async with http.get(URL(url, encoded=True), allow_redirects=False) as answer:
                back = answer.headers["Location"].removeprefix("https://chat.example")
            target = URL(f"{second}{back}", encoded=True)
            async with http.get(
                target, headers=FROM_THE_PROVIDER | cookie, allow_redirects=False
            ) as answer:
                assert answer.status == 303, await answer.text()
                return SimpleCookie(answer.headers["Set-Cookie"])["__Host-hubbub"].value

        for number in range(5):
            provider.person |= {"sub": str(number)}
            ways = (urls, urls[::-1], urls)
            tokens = await asyncio.gather(*(sign_in(*way) for way in ways))
            accounts = [
                (await Someone(http, url, token).ask("GET", "/me")).body["account"]
                for token in tokens
                for url in urls
            ]
            assert len(set(accounts)) == 1


# --- who gets an account ---


async def invite(here: Site, role: str = "member") -> str:
    answer = await here.ada.ask("POST", "/invites", {"role": role})
    assert answer.status == 201, answer
    token: str = answer.body["token"]
    return token


async def test_without_an_invite_nobody_gets_an_account_unless_the_settings_say_so(
    tmp_path: Path, provider: Provider
) -> None:
    async with signing_in(tmp_path, provider, oidc_allow="invited") as here:
        browser = Browser(here)
        page = await browser.sign_in()
        assert page.status == 403
        assert "ask for an invite" in page.says
        assert (browser.session, await handles(here)) == ("", ["ada"])
        token = await invite(here, "moderator")
        assert (await browser.sign_in(token)).status == 303
        assert (await browser.me())["role"] == "moderator"
        provider.person |= {"sub": "another"}
        assert (await Browser(here).sign_in(token)).status == 410  # it was good for one
        provider.person |= {"sub": ADA["sub"]}
        assert (await Browser(here).sign_in()).status == 303


@pytest.mark.parametrize(
    "person, may",
    [
        ({}, True),
        ({"email": "ada@EXAMPLE.org"}, True),
        ({"email": "ada@sub.example.org"}, False),
        ({"email": "ada@example.org.evil.example"}, False),
        ({"email": "ada@evil-example.org"}, False),
        ({"email": "ada@evil.example", "name": "ada@example.org"}, False),
        ({"email_verified": False}, False),
        ({"email_verified": "true"}, False),
        ({"email_verified": 1}, False),
        ({"email_verified": None}, False),
        ({"email": None}, False),
        ({"email": ["ada@example.org"]}, False),
    ],
)
async def test_a_domain_counts_only_for_verified_addresses(
    tmp_path: Path, provider: Provider, person: dict[str, Any], may: bool
) -> None:
    provider.claimed = person
    provider.described = {"userinfo_endpoint": None}
    async with signing_in(tmp_path, provider, oidc_allow="example.net, example.org") as here:
        page = await Browser(here).sign_in()
        assert page.status == (303 if may else 403), page


async def test_what_is_verified_is_not_mixed_from_two_answers(
    tmp_path: Path, provider: Provider
) -> None:
    provider.claimed = {"email": "eve@example.org", "email_verified": None}
    provider.only_in_userinfo = frozenset({"preferred_username"})
    provider.userinfo = {"email": "eve@evil.example", "email_verified": True}
    async with signing_in(tmp_path, provider, oidc_allow="example.org") as here:
        assert (await Browser(here).sign_in()).status == 403


@pytest.mark.parametrize(
    "links, verified, same",
    [(True, True, True), (True, False, False), (False, True, False)],
)
async def test_a_verified_address_decides_whose_account_it_is_only_if_the_settings_say_so(
    tmp_path: Path, provider: Provider, links: bool, verified: bool, same: bool
) -> None:
    provider.claimed = {"email_verified": verified}
    async with signing_in(tmp_path, provider, oidc_link_by_mail=links) as here:
        before, after = Browser(here), Browser(here)
        await before.sign_in()
        provider.person |= {"sub": "given anew", "email": "Ada@Example.org"}
        await after.sign_in()
        accounts = [(await each.me())["account"] for each in (before, after)]
        assert (accounts[0] == accounts[1]) is same
        provider.person |= {"email": "ada@elsewhere.example"}  # from now on it is by `sub`
        await after.sign_in()
        assert (await after.me())["account"] == accounts[1]


async def test_a_suspended_account_can_not_sign_in(here: Site, browser: Browser) -> None:
    await browser.sign_in()
    account = (await browser.me())["account"]
    commit = here.server.hub.writing.commit
    await commit(OPERATOR, SuspendPerson(account=account))
    browser.session = ""
    page = await browser.sign_in()
    assert page.status == 403 and "log in" in page.says
    assert browser.session == ""
    await commit(OPERATOR, ResumePerson(account=account))
    assert (await browser.sign_in()).status == 303


# --- what is not believed ---


def tampered(**changes: str | None) -> Callable[[str], str]:
    """Change what the provider's answer says."""

    def change(url: str) -> str:
        answer = dict(parse_qsl(urlsplit(url).query)) | changes
        given = {name: value for name, value in answer.items() if value is not None}
        return f"{url.partition('?')[0]}?{urlencode(given)}"

    return change


ANSWERS: dict[str, tuple[Callable[[str], str], int, str]] = {
    "another state": (tampered(state="x" * 43), 400, "another sign-in (`state`)"),
    "no state": (tampered(state=None), 400, "another sign-in (`state`)"),
    "a state that is no ASCII": (tampered(state="\u00e9"), 400, "another sign-in (`state`)"),
    "another provider": (tampered(iss="https://evil.example"), 400, "another provider (`iss`)"),
    "no provider": (tampered(iss=None), 400, "which provider it is from (`iss`)"),
    "an error": (tampered(code=None, error="access_denied"), 403, "sign you in: access_denied"),
    "markup": (tampered(code=None, error="<script>"), 403, "for an unknown reason"),
    "no code": (tampered(code=None), 400, "has no code"),
    "a long code": (tampered(code="x" * 2049), 400, "has no code"),
    "an unknown code": (tampered(code="x"), 401, "did not accept the code"),
    "two codes": (lambda url: f"{url}&code=x", 400, "a parameter appears twice"),
}


@pytest.mark.parametrize("change, status, why", ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_that_is_not_the_providers_to_this_browser_is_refused(
    here: Site, browser: Browser, change: Callable[[str], str], status: int, why: str
) -> None:
    url = change(await browser.at_provider(await browser.begin()))
    page = await browser.open(url, FROM_THE_PROVIDER)
    assert (page.status, why in page.says, browser.session) == (status, True, ""), page
    assert "<script" not in page.text
    assert await handles(here) == ["ada"]


def signed_by(key: Any, algorithm: str, **header: Any) -> Callable[[dict[str, Any]], str]:
    return lambda claims: jwt.encode(claims, key, algorithm, headers=header or None)


TOKENS: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"claimed": {"nonce": "x"}}, "another sign-in (`nonce`)"),
    "no nonce": ({"claimed": {"nonce": None}}, "another sign-in (`nonce`)"),
    "a nonce that is no text": ({"claimed": {"nonce": 7}}, "another sign-in (`nonce`)"),
    "another issuer": ({"claimed": {"iss": "https://evil.example"}}, "another issuer"),
    "no issuer": ({"claimed": {"iss": None}}, "lacks a required claim"),
    "another audience": ({"claimed": {"aud": "other"}}, "another audience"),
    "no audience": ({"claimed": {"aud": None}}, "lacks a required claim"),
    "several audiences": ({"claimed": {"aud": [CLIENT, "other"]}}, "another party (`azp`)"),
    "another party": ({"claimed": {"azp": "other"}}, "another party (`azp`)"),
    "expired": ({"claimed": {"exp": int(time.time()) - 120}}, "it has expired"),
    "without an end": ({"claimed": {"exp": None}}, "lacks a required claim"),
    "without a beginning": ({"claimed": {"iat": None}}, "when it was made"),
    "from the future": ({"claimed": {"iat": int(time.time()) + 86_400}}, "not valid yet"),
    "no subject": ({"claimed": {"sub": None}}, "lacks a required claim"),
    "alg none": ({"sign": signed_by("", "none")}, "algorithm does not match"),
    "another key": (
        {"sign": lambda claims: jwt.encode(claims, rsa_key("another"), "RS256")},
        "not signed with a known key",
    ),
    "a secret": ({"sign": signed_by(SECRET * 3, "HS256", kid="1")}, "algorithm does not match"),
    "garbage": ({"sign": lambda _: "a.b.c"}, "it is malformed"),
    "another person": (
        {"only_in_userinfo": frozenset({"email"}), "userinfo": {"sub": "eve"}},
        "another person",
    ),
}


@pytest.mark.parametrize("fault, why", TOKENS.values(), ids=TOKENS)
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    provider: Provider, here: Site, browser: Browser, fault: dict[str, Any], why: str
) -> None:
    for name, value in fault.items():
        setattr(provider, name, value)
    page = await browser.sign_in()
    assert (page.status, why in page.says, browser.session) == (401, True, ""), page
    assert await handles(here) == ["ada"]


async def test_a_sign_in_is_used_once(provider: Provider, browser: Browser) -> None:
    provider.forgives = True
    url = await browser.at_provider(await browser.begin())
    kept = dict(browser.cookies)
    assert (await browser.open(url, FROM_THE_PROVIDER)).status == 303
    again = await browser.open(url, FROM_THE_PROVIDER)
    assert again.status == 400 and "has not begun" in again.says  # the cookie is gone
    browser.cookies |= kept
    again = await browser.open(url, FROM_THE_PROVIDER)
    assert again.status == 400 and "used before" in again.says


async def test_a_code_is_good_once_and_for_the_browser_that_asked_for_it(
    here: Site, browser: Browser
) -> None:
    """Eve gives her browser the code of another, with her own state; and another her own, to be her there."""
    eve = Browser(here)
    stolen = dict(parse_qsl(urlsplit(await browser.at_provider(await browser.begin())).query))
    hers = await eve.at_provider(await eve.begin())
    page = await eve.open(tampered(code=stolen["code"])(hers), FROM_THE_PROVIDER)
    assert page.status == 401 and "did not accept the code" in page.says
    page = await browser.open(await eve.at_provider(await eve.begin()), FROM_THE_PROVIDER)
    assert page.status == 400 and "another sign-in" in page.says
    nobody = Browser(here)
    page = await nobody.open(await eve.at_provider(await eve.begin()), FROM_THE_PROVIDER)
    assert page.status == 400 and "has not begun" in page.says
    assert [eve.session, browser.session, nobody.session] == ["", "", ""]


async def test_what_the_browser_keeps_can_not_be_prolonged(browser: Browser) -> None:
    url = await browser.at_provider(await browser.begin())
    (name, kept), *_ = browser.cookies.items()
    secret, until = kept.split("~")
    browser.cookies[name] = f"{secret}~{int(until) + 5}"
    page = await browser.open(url, FROM_THE_PROVIDER)
    assert page.status == 400 and "another sign-in" in page.says
    for text in (f"{secret}~1", f"{secret}~{int(until) + 10**6}"):
        browser.cookies[name] = text
        state = Transaction(text, 0).derived("state")
        page = await browser.open(tampered(state=state)(url), FROM_THE_PROVIDER)
        assert page.status == 400 and "longer than 10 minutes" in page.says
    assert browser.session == ""


async def test_nothing_in_the_address_says_where_the_browser_goes_next(browser: Browser) -> None:
    page = await browser.open(
        f"{browser.here.stranger.url}/oidc/start?next=https://evil.example"
        "&redirect_uri=https://evil.example&return_to=//evil.example",
        FROM_OUR_PAGE,
    )
    asked = parse_qs(urlsplit(page.location).query)
    assert asked["redirect_uri"] == [f"{browser.here.stranger.url}/oidc/callback"]
    assert "evil" not in page.location
    url = await browser.at_provider(page.location)
    page = await browser.open(f"{url}&next=//evil.example", FROM_THE_PROVIDER)
    assert (page.status, page.location) == (303, "/#entered")


async def test_the_public_address_is_where_people_return_to(
    tmp_path: Path, provider: Provider
) -> None:
    public = {"public_url": "https://chat.example/", "guests": "on"}
    async with signing_in(tmp_path, provider, **public) as here:
        http = here.stranger._http
        url = f"{here.stranger.url}/oidc/start"
        async with http.get(url, headers=FROM_OUR_PAGE, allow_redirects=False) as answer:
            asked = parse_qs(urlsplit(answer.headers["Location"]).query)
            assert asked["redirect_uri"] == ["https://chat.example/oidc/callback"]
            cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-hubbub-sign-in=")
        assert cookie.endswith("Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure")


# --- who may begin, and who may return ---


@pytest.mark.parametrize(
    "headers, may_begin, may_return",
    [
        (FROM_OUR_PAGE, True, True),
        (LINK | {"Sec-Fetch-Site": "none"}, True, True),
        (FROM_THE_PROVIDER, False, True),
        (LINK | {"Sec-Fetch-Site": "same-site"}, False, True),
        ({}, True, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, False, False),
        (FROM_THE_PROVIDER | {"Sec-Fetch-Dest": "iframe"}, False, False),
        (FROM_THE_PROVIDER | {"Origin": "https://evil.example"}, False, False),
        ({"Origin": "http://localhost:3000"}, False, False),
        ({"Origin": "null"}, False, False),
    ],
)
async def test_only_our_pages_begin_and_only_a_page_of_its_own_returns(
    browser: Browser, headers: dict[str, str], may_begin: bool, may_return: bool
) -> None:
    start = await browser.open(f"{browser.here.stranger.url}/oidc/start", headers)
    assert (start.status, bool(start.set_cookies)) == (303 if may_begin else 403, may_begin)
    url = await browser.at_provider(await browser.begin())
    page = await browser.open(url, headers)
    assert (page.status, bool(browser.session)) == (303 if may_return else 403, may_return), page
    assert page.status == 303 or "site" in page.says or "may not" in page.says


async def test_a_page_with_an_error_shows_markup_as_text(browser: Browser) -> None:
    headers = {"Origin": "<script>alert(1)</script>"}
    page = await browser.open(f"{browser.here.stranger.url}/oidc/callback", headers)
    assert page.status == 403 and "&lt;script&gt;" in page.text and "<script" not in page.text


async def test_a_session_of_before_is_neither_used_nor_continued(
    here: Site, browser: Browser
) -> None:
    """What Eve put into the browser before is worth nothing after (session fixation)."""
    browser.session = here.ada.token
    url = await browser.at_provider(await browser.begin())
    cookie = {f"hubbub-{here.server.port}": here.ada.token}
    browser.cookies |= cookie
    assert (await browser.open(url, FROM_THE_PROVIDER)).status == 303
    assert browser.session != here.ada.token
    assert (await browser.me())["account"] != here.ada.account
    assert (await here.ada.ask("GET", "/me")).status == 200


async def test_the_session_that_the_browser_had_ends_when_the_same_person_signs_in_again(
    here: Site, browser: Browser
) -> None:
    await browser.sign_in()
    first, another = browser.session, Browser(here)
    await another.sign_in()
    await browser.sign_in()
    assert browser.session != first
    former = Someone(here.stranger._http, here.stranger.url, first)
    assert (await former.ask("GET", "/me")).status == 401
    assert (await another.me())["account"] == (await browser.me())["account"]


async def test_a_server_without_a_provider_says_so(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        browser = Browser(here)
        for path in ("/oidc/start", "/oidc/callback?code=x&state=y"):
            page = await browser.open(f"{here.stranger.url}{path}", FROM_OUR_PAGE)
            assert page.status == 404 and "no provider to sign in at" in page.says
        own = {"Origin": here.stranger.url}
        assert (await here.stranger.ask("POST", "/oidc/start", {}, own)).code == "not_found"


# --- a provider that fails ---


async def _slow(_: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 65_536)


async def _elsewhere(_: web.Request) -> web.Response:
    raise web.HTTPTemporaryRedirect("/elsewhere")


async def _compressed(_: web.Request) -> web.Response:
    response = web.Response(body=b" " * 10**7)
    response.enable_compression(web.ContentCoding.gzip)
    return response


def _answering(status: int, body: Any) -> Any:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return answer


FAILURES: dict[str, tuple[Any, int]] = {
    "slow": (_slow, 503),
    "endless": (_endless, 503),
    "redirects": (_elsewhere, 503),
    "compressed": (_compressed, 503),
    "no JSON": (_answering(200, "x"), 503),
    "no ID token": (_answering(200, {"access_token": "x"}), 503),
    "an ID token that is no text": (_answering(200, {"id_token": {}}), 503),
    "an error": (_answering(500, {}), 503),
    "a refusal of this server": (_answering(401, {"error": "invalid_client"}), 500),
    "a refusal that is no object": (_answering(400, ["x"]), 503),
}


@pytest.mark.parametrize("answer, status", FAILURES.values(), ids=FAILURES)
async def test_a_provider_that_fails_lets_nobody_in_and_holds_nothing_up(
    provider: Provider,
    here: Site,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
    status: int,
) -> None:
    if answer in (_slow, _endless):
        monkeypatch.setattr(outgoing, "ASK_SECONDS", 0.5)
    provider.answer = answer
    page = await browser.sign_in()
    assert (page.status, browser.session) == (status, ""), page
    assert "Traceback" not in page.text and "rovider" in page.says
    assert "/elsewhere" not in provider.seen
    provider.answer = None
    assert (await browser.sign_in()).status == 303


@pytest.mark.parametrize(
    "described, why",
    [
        ({"issuer": "https://evil.example"}, "another issuer"),
        ({"token_endpoint": "ftp://127.0.0.1/token"}, "a bad address"),
        ({"jwks_uri": "file:///etc/passwd"}, "a bad address"),
        ({"userinfo_endpoint": "/userinfo"}, "a bad address"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "a bad address"),
        ({"token_endpoint": None}, "does not answer as it should"),
        ({"jwks_uri": 7}, "does not answer as it should"),
    ],
)
async def test_a_provider_that_describes_itself_wrongly_is_not_used(
    tmp_path: Path, provider: Provider, described: dict[str, Any], why: str
) -> None:
    provider.described = described
    async with signing_in(tmp_path, provider) as here:
        page = await Browser(here).open(f"{here.stranger.url}/oidc/start", FROM_OUR_PAGE)
    assert page.status in (401, 503) and why in page.says
    assert page.set_cookies == []


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "localhost"]
)
async def test_what_the_provider_names_may_not_be_in_a_private_network(
    tmp_path: Path, provider: Provider, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    """Only its own host may be: the administrator has named that one."""
    provider.described = {"token_endpoint": f"http://{host}/token"}
    async with signing_in(tmp_path, provider) as here:
        with caplog.at_level(logging.WARNING):
            page = await Browser(here).sign_in()
    assert page.status == 503
    assert "public address" in caplog.text


async def test_a_provider_that_is_down_is_not_asked_again_at_once(
    tmp_path: Path, provider: Provider
) -> None:
    provider.described = {"token_endpoint": None}
    async with signing_in(tmp_path, provider) as here:
        browsers = [Browser(here) for _ in range(20)]
        url = f"{here.stranger.url}/oidc/start"
        pages = await asyncio.gather(*(each.open(url, FROM_OUR_PAGE) for each in browsers))
    assert {page.status for page in pages} == {503}
    assert len(provider.seen) == 1


async def test_more_people_than_the_provider_can_answer_wait_their_turn(
    provider: Provider, here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "ASK_SECONDS", 1.0)
    provider.answer = _slow
    pages = await asyncio.gather(*(Browser(here).sign_in() for _ in range(24)))
    assert {page.status for page in pages} == {503}
    assert sum("Too many people" in page.says for page in pages) == 8
    assert (await here.stranger.ask("GET", "/rooms")).status == 401  # and others are served


# --- secrets ---


async def test_no_secret_of_a_sign_in_is_logged_or_shown(
    tmp_path: Path, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    async with signing_in(tmp_path, provider) as here:
        browser = Browser(here)
        with caplog.at_level(logging.DEBUG):
            url = await browser.begin(await invite(here))
            kept = next(iter(browser.cookies.values()))
            back = await browser.at_provider(url)
            assert (await browser.open(back, FROM_THE_PROVIDER)).status == 303
            provider.answer = _answering(400, {"error": "invalid_grant"})
            again = await browser.open(
                await browser.at_provider(await browser.begin()), FROM_THE_PROVIDER
            )
    told = [record.getMessage() + str(record.__dict__) for record in caplog.records]
    ours = [text for text in told if "aiohttp.client" not in text]
    code = parse_qs(urlsplit(back).query)["code"][0]
    for secret in (SECRET, code, kept.split("~")[0], kept.split("~")[2], browser.session):
        assert not any(secret in text for text in [*ours, again.text]), secret


async def test_the_first_owner_may_come_by_a_provider(tmp_path: Path, provider: Provider) -> None:
    given: dict[str, Any] = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT}
    provider.has_secret = False
    async with (
        running(Settings(data=tmp_path, host="127.0.0.1", port=0, **given)) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        stranger = Someone(http, f"http://127.0.0.1:{server.port}")
        token = await server.entrance.claim_link()
        browser = Browser(Site(server, stranger, stranger))
        assert token is not None and (await browser.sign_in(token)).status == 303
        assert (await browser.me())["role"] == "owner"
        assert await server.entrance.claim_link() is None
