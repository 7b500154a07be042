import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from hubbub.protocol.errors import Refused
from hubbub.rooms.access import ALL_ROOMS, Principal, Role, allowed
from hubbub.server.jwts import (
    BadKey,
    Jwts,
    Key,
    key_from_pem,
    key_from_secret,
    keys_from_jwks,
)

SECRET = b"correct horse battery staple, " * 3
FAR = 4_000_000_000  # seconds since 1970
ED, RSA = Ed25519PrivateKey.generate(), generate_rsa(65537, 2048)
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
        "ada", Role.USER, "user/42", allowed(["read", "moderate"]), ("trip-*", "lobby"), FAR
    )


def test_without_them_one_is_called_as_the_subject_and_reads_and_posts_everywhere(
    jwts: Jwts,
) -> None:
    principal = jwts.principal(signed({"sub": "ada", "exp": FAR}))
    assert principal == Principal(
        "ada", Role.USER, "user/ada", allowed(["read", "post"]), ALL_ROOMS, FAR
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
def test_what_is_no_valid_token(jwts: Jwts, token: str) -> None:
    assert jwts.principal(token) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"name": "<ada>"},
        {"name": 7},
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
    with pytest.raises(Refused) as caught:
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


@pytest.mark.parametrize("key, algorithm", [(ED, "EdDSA"), (RSA, "RS256")])
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


def test_keys_that_can_not_be_used_say_so(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with pytest.raises(BadKey, match="can't read"):
        key_from_secret(file)
    file.write_bytes(b"too short\n")
    with pytest.raises(BadKey, match="at least 32 bytes"):
        key_from_secret(file)
    with pytest.raises(BadKey, match="no public key in PEM"):
        key_from_pem(file)
    for key in (generate_rsa(65537, 1024), generate_ec(SECP256R1())):
        file.write_bytes(pem(key))
        with pytest.raises(BadKey, match="at least 2048 bits, or Ed25519"):
            key_from_pem(file)


def jwk(key: Any, algorithm: str, **more: str) -> dict[str, Any]:
    row: dict[str, Any] = get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)
    return row | more


def test_a_set_of_keys_is_told_apart_by_their_names() -> None:
    other = Ed25519PrivateKey.generate()
    rows = [
        jwk(ED, "EdDSA", kid="a"),
        jwk(RSA, "RS256", kid="b", use="sig"),
        jwk(other, "EdDSA", kid="c", use="enc"),
        {"kty": "EC", "kid": "d"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "e"},
    ]
    keys = keys_from_jwks(json.dumps({"keys": rows}).encode())
    assert [(key.kid, key.algorithm) for key in keys] == [("a", "EdDSA"), ("b", "RS256")]
    jwts = Jwts(keys)
    assert jwts.principal(signed(CLAIMS, ED, "EdDSA", kid="a")) is not None
    assert jwts.principal(signed(CLAIMS, RSA, "RS256", kid="b")) is not None
    assert jwts.principal(signed(CLAIMS, ED, "EdDSA", kid="b")) is None
    assert not jwts.has_met_unknown_kid
    assert jwts.principal(signed(CLAIMS, other, "EdDSA", kid="new")) is None
    assert jwts.has_met_unknown_kid


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys": 7}', b'{"keys": [7]}'])
def test_what_is_no_set_of_keys(document: bytes) -> None:
    with pytest.raises(BadKey):
        keys_from_jwks(document)


@pytest.mark.parametrize(
    "token",
    [
        "\udcff",
        "ä.ö.ü",
        base64.urlsafe_b64encode(b"[" * 5000).decode() + ".e30.e30",
        base64.urlsafe_b64encode(b'{"alg":"HS256","kid":["a"]}').decode() + ".e30.e30",
    ],
)
def test_what_no_jwt_can_be_is_nobodys(token: str) -> None:
    assert Jwts([Key(b"a secret of at least 32 bytes, here", "HS256")]).principal(token) is None


@pytest.mark.parametrize(
    "key",
    [
        '{"kty": "OKP", "crv": "Ed25519", "x": "1"}',
        '{"kty": "OKP", "crv": "Ed25519", "x": 1}',
        '{"kty": "RSA", "n": "AQAB", "e": "AQAB"}',
        '{"kty": "RSA", "n": null, "e": []}',
    ],
)
def test_a_key_that_is_none_is_bad(key: str) -> None:
    with pytest.raises(BadKey):
        keys_from_jwks(f'{{"keys": [{key}]}}'.encode())
