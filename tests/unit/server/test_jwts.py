import base64
import hashlib
import hmac
import logging
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hubbub.domain import identity
from hubbub.domain.principals import ALL_ROOMS, Principal, Role, scopes_of
from hubbub.protocol.errors import RefusalError
from hubbub.server.people.outside.jwts import LEEWAY, Jwts
from hubbub.server.people.outside.keys import Key, key_from_pem
from tests.support.garbage import garbage_of
from tests.support.rsa import rsa_key

SECRET = b"correct horse battery staple, " * 3
FAR = 4_000_000_000  # seconds since 1970
ED, RSA, EC = Ed25519PrivateKey.generate(), rsa_key("ours"), generate_ec(SECP256R1())
CLAIMS = {"sub": "42", "name": "ada", "exp": FAR}


def signed(
    claims: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **header: str
) -> str:
    return jwt.encode(claims, key, algorithm, headers=header or None)


def pem(key: Any) -> bytes:
    material: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return material


@pytest.fixture
def jwts() -> Jwts:
    return Jwts([Key(SECRET, "HS256")])


def test_claims_say_name_rooms_rights_and_end(jwts: Jwts) -> None:
    claims = CLAIMS | {"rooms": ["trip-*", "lobby"], "can": "read moderate"}
    assert jwts.principal(signed(claims)) == Principal(
        "ada",
        Role.USER,
        "user//42",
        scopes_of(["read", "moderate"]),
        ("trip-*", "lobby"),
        FAR + LEEWAY,
    )


def test_a_jwt_without_claims_is_named_after_its_subject_and_reads_and_posts_everywhere(
    jwts: Jwts,
) -> None:
    principal = jwts.principal(signed({"sub": "ada", "exp": FAR}))
    assert principal == Principal(
        "ada", Role.USER, "user//ada", scopes_of(["read", "post"]), ALL_ROOMS, FAR + LEEWAY
    )
    assert principal.rooms is ALL_ROOMS


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "hubbub_x",
        signed(CLAIMS, b"another secret of thirty-two bytes"),
        signed(CLAIMS | {"exp": 1}),
        signed(CLAIMS | {"nbf": FAR}),
        signed({"sub": "42", "name": "ada"}),
        signed({"name": "ada", "exp": FAR}),
        signed(CLAIMS)[:-4],
        signed(CLAIMS, SECRET, "HS512"),
        jwt.encode(CLAIMS, "", "none"),
    ],
    ids=[
        "empty",
        "not one",
        "ours",
        "signed by another",
        "expired",
        "not yet",
        "no end",
        "no subject",
        "cut off",
        "another algorithm",
        "unsigned",
    ],
)
def test_an_invalid_token_has_no_principal(jwts: Jwts, token: str) -> None:
    assert jwts.principal(token) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"rooms": ["a b"]},
        {"rooms": 7},
        {"can": ["fly"]},
        {"can": [7]},
        {"sub": ""},
        {"sub": "a\0b"},
        {"sub": "\ud800"},
        {"sub": "x" * 256},
    ],
)
def test_claims_that_can_not_be_used_are_named(jwts: Jwts, claims: dict[str, Any]) -> None:
    with pytest.raises(RefusalError) as caught:
        jwts.principal(signed(CLAIMS | claims))
    assert caught.value.refusal.code == "bad_request"
    assert f"`{next(iter(claims))}`" in caught.value.refusal.detail


def test_issuer_and_audience_can_be_required() -> None:
    jwts = Jwts([Key(SECRET, "HS256")], issuer="shop", audience="hubbub")
    right = CLAIMS | {"iss": "shop", "aud": ["hubbub", "other"]}
    assert jwts.principal(signed(right)) is not None
    for wrong in ({"iss": "other"}, {"aud": "other"}, {"iss": None}, {"aud": None}):
        claims = {k: v for k, v in (right | wrong).items() if v is not None}
        assert jwts.principal(signed(claims)) is None


@pytest.mark.parametrize("key, algorithm", [(ED, "EdDSA"), (RSA, "RS256"), (EC, "ES256")])
def test_a_public_key_checks_what_its_private_key_signed(
    tmp_path: Path, key: Any, algorithm: str
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(key))
    jwts = Jwts([key_from_pem(file)])
    assert jwts.principal(signed(CLAIMS, key, algorithm)) is not None
    # The classical confusion: the public key, which all know, taken for a secret.
    header, payload, _ = signed(CLAIMS).split(".")
    mac = hmac.new(pem(key), f"{header}.{payload}".encode(), hashlib.sha256).digest()
    forged = f"{header}.{payload}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert jwts.principal(forged) is None


@pytest.mark.parametrize(
    "token",
    [
        "\udcff",
        "ä.ö.ü",
        base64.urlsafe_b64encode(b"[" * 5000).decode() + ".e30.e30",
        base64.urlsafe_b64encode(b'{"alg":"HS256","kid":["a"]}').decode() + ".e30.e30",
    ],
)
def test_a_malformed_jwt_has_no_principal(token: str) -> None:
    assert Jwts([Key(b"a secret of at least 32 bytes, here", "HS256")]).principal(token) is None


@pytest.mark.parametrize("claim, seconds", [("exp", -30), ("nbf", 30), ("iat", 30)])
def test_clocks_may_differ_by_a_minute(jwts: Jwts, claim: str, seconds: int) -> None:
    now = int(time.time())
    assert jwts.principal(signed(CLAIMS | {claim: now + seconds})) is not None
    assert jwts.principal(signed(CLAIMS | {claim: now + 3 * seconds})) is None


REFUSED = {
    "malformed": ["", "a.b.c", "hubbub_x", "\udcff", signed(CLAIMS | {"pad": "x" * 8000})],
    "malformed, by an extension": [signed(CLAIMS, crit="no list")],
    "not signed with a known key": [signed(CLAIMS, b"another secret of thirty-two bytes")],
    "expired": [signed(CLAIMS | {"exp": 1})],
    "not valid yet": [signed(CLAIMS | {"nbf": FAR}), signed(CLAIMS | {"iat": FAR})],
    "lacks a required claim": [signed({"sub": "42"}), signed({"exp": FAR})],
    "algorithm": [signed(CLAIMS, SECRET, "HS512"), jwt.encode(CLAIMS, "", "none")],
    "audience": [signed(CLAIMS | {"iss": "shop", "aud": "other"})],
    "issuer": [signed(CLAIMS | {"iss": "other", "aud": "hubbub"})],
    "`rooms`": [signed(CLAIMS | {"iss": "shop", "aud": "hubbub", "rooms": 7})],
}


@pytest.mark.parametrize(
    "why, token", [(why.partition(",")[0], t) for why, tokens in REFUSED.items() for t in tokens]
)
def test_the_log_says_why_a_token_is_refused_and_never_what_it_was(
    why: str, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    checks = Jwts([Key(SECRET, "HS256")], issuer="shop", audience="hubbub")
    with caplog.at_level(logging.INFO):
        try:
            assert checks.principal(token) is None
        except RefusalError:
            assert why == "`rooms`"
    assert why in caplog.text
    assert not any(part in caplog.text for part in token.split(".") if len(part) > 3)


@pytest.mark.parametrize("token", [token for tokens in REFUSED.values() for token in tokens])
def test_refusing_a_token_leaves_nothing_to_collect(token: str) -> None:
    jwts = Jwts([Key(SECRET, "HS256")], issuer="shop", audience="hubbub")
    assert not garbage_of(lambda: jwts.principal(token), RefusalError)


def test_an_expired_token_is_said_to_be_expired_whatever_other_keys_there_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = Key(b"another secret of thirty-two bytes", "HS256")
    for keys in ([other, Key(SECRET, "HS256")], [Key(SECRET, "HS256"), other]):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            assert Jwts(keys).principal(signed(CLAIMS | {"exp": 1})) is None
        assert "expired" in caplog.text


@pytest.mark.parametrize("name", [None, "", " ", "<ada>", "x" * 33, 7, ["ada"]])
@pytest.mark.parametrize("subject, shown", [("ada", "ada"), ("auth0|64f1", "auth0-64f1")])
def test_a_name_that_can_not_be_used_gives_way_to_the_subject(
    jwts: Jwts, name: object, subject: str, shown: str
) -> None:
    principal = jwts.principal(signed(CLAIMS | {"name": name, "sub": subject}))
    assert principal is not None
    assert principal.name == shown
    assert principal.id == identity.user("", subject)


def test_the_same_subject_of_two_issuers_is_two_people(jwts: Jwts) -> None:
    issuers = ("https://a.example", "https://b.example", "https://a.example/", None)
    claims = [CLAIMS | ({} if issuer is None else {"iss": issuer}) for issuer in issuers]
    people = [jwts.principal(signed(each)) for each in claims]
    assert len({person.id for person in people if person is not None}) == len(issuers)


def test_no_subject_can_be_of_another_issuer() -> None:
    assert identity.user("a/b", "c") != identity.user("a", "b/c")
    assert identity.user("a%2Fb", "c") != identity.user("a/b", "c")
    assert identity.user("", "a/b") != identity.user("a", "b")
