import json
import logging
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from hubbub.server.people.outside.jwts import Jwts
from hubbub.server.people.outside.keys import BadKey, key_from_pem, key_from_secret, keys_from_jwks
from tests.support.rsa import rsa_key

ED, RSA = Ed25519PrivateKey.generate(), rsa_key("ours")
SHORT_RSA = rsa_key("short", 1024)
CLAIMS = {"sub": "42", "name": "ada", "exp": 4_000_000_000}


def pem(key: Any) -> bytes:
    material: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return material


def jwk(key: Any, algorithm: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in row.items() if name != "key_ops"} | more


def jwks(*rows: Any) -> bytes:
    return json.dumps({"keys": rows}).encode()


EC = generate_ec(SECP256R1())
GOOD = jwk(ED, "EdDSA", kid="good")
NO_MODULUS = {name: value for name, value in jwk(RSA, "RS256").items() if name != "n"}


def test_files_that_hold_no_usable_key_say_so(tmp_path: Path) -> None:
    file = tmp_path / "key"
    with pytest.raises(BadKey, match="Can't read"):
        key_from_secret(file)
    file.write_bytes(b"too short\n")
    with pytest.raises(BadKey, match="at least 32 bytes"):
        key_from_secret(file)
    with pytest.raises(BadKey, match="not a PEM public key"):
        key_from_pem(file)
    for key in (SHORT_RSA, generate_ec(SECP384R1())):
        file.write_bytes(pem(key))
        with pytest.raises(BadKey, match=f"{file}: .* at least 2048 bits, P-256, or Ed25519"):
            key_from_pem(file)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("secret", [b"k" * 40, b" " + b"k" * 40 + b"\t", b"k" * 40 + b"\n"])
def test_a_secret_is_all_of_its_file_but_the_last_newline(
    tmp_path: Path, secret: bytes, end: bytes
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(secret + end)
    assert key_from_secret(file).material == secret


def test_a_set_of_keys_is_told_apart_by_their_names() -> None:
    other = Ed25519PrivateKey.generate()
    checks = Jwts([])
    rows = (jwk(ED, "EdDSA", kid="a"), jwk(RSA, "RS256", kid="b", use="sig"))
    keys = keys_from_jwks(jwks(*rows, jwk(EC, "ES256", kid="c")))
    assert [(key.kid, key.algorithm) for key in keys] == [
        *(("a", "EdDSA"), ("b", "RS256"), ("c", "ES256"))
    ]
    checks.publish(keys)
    assert checks.principal(signed(ED, "EdDSA", kid="a")) is not None
    assert checks.principal(signed(RSA, "RS256", kid="b")) is not None
    assert checks.principal(signed(EC, "ES256", kid="c")) is not None
    assert checks.principal(signed(ED, "EdDSA", kid="b")) is None
    assert not checks.has_met_unknown_kid
    assert checks.principal(signed(other, "EdDSA", kid="new")) is None
    assert checks.has_met_unknown_kid


@pytest.mark.parametrize(
    "row, why",
    [
        (None, "not an object"),
        (7, "not an object"),
        ({"kid": "b"}, "`kty`"),
        ({"kty": ["RSA"]}, "`kty`"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "`kty`"),
        ({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, "can't be read"),
        (jwk(generate_ec(SECP384R1()), "ES384"), "P-256"),
        (jwk(generate_ec(SECP256R1()), "ES256", alg="ES384"), "`alg`"),
        (jwk(RSA, "RS256", kid=7), "`kid`"),
        (jwk(ED, "EdDSA", use="enc"), "`use`"),
        (jwk(RSA, "RS256", alg="RSA-OAEP-256"), "`alg`"),
        (jwk(RSA, "RS256", alg="RS512"), "`alg`"),
        (jwk(RSA, "RS256", alg=None), "`alg`"),
        (jwk(RSA, "RS256", key_ops=["encrypt"]), "`key_ops`"),
        (jwk(RSA, "RS256", key_ops="verify"), "`key_ops`"),
        (jwk(SHORT_RSA, "RS256"), "2048 bits"),
        ({"kty": "OKP", "crv": "X25519", "x": "A" * 43}, "can't be read"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "1"}, "can't be read"),
        ({"kty": "OKP", "crv": "Ed25519", "x": 1}, "can't be read"),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, ""),
        ({"kty": "RSA", "n": None, "e": []}, "can't be read"),
        (NO_MODULUS, "can't be read"),
    ],
)
def test_a_key_that_can_not_be_used_is_left_out_and_the_rest_is_used(
    row: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert [key.kid for key in keys_from_jwks(jwks(row, GOOD, row))] == ["good"]
    assert caplog.text.count("Ignored key 1 of the key set: ") == 1
    assert caplog.text.count("Ignored key 3 of the key set: ") == 1
    assert why in caplog.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
MEMBERS = st.sampled_from(
    ["kty", "kid", "use", "alg", "key_ops", "n", "e", "d", "p", "oth", "crv", "x"]
)
KNOWN = st.sampled_from(["RSA", "OKP", "EC", "Ed25519", "Ed448", "X25519", "RS256", "sig", "AQAB"])


@given(JSON | st.dictionaries(MEMBERS, KNOWN | JSON), st.sampled_from([ED, RSA]))
def test_no_row_whatever_takes_a_good_key_from_the_set(row: Any, key: Any) -> None:
    algorithm = "RS256" if key is RSA else "EdDSA"
    found = keys_from_jwks(jwks(row, jwk(key, algorithm, kid="good")))
    assert found[-1].kid == "good"
    if isinstance(row, dict):  # a good key that is spoilt somewhere
        keys_from_jwks(jwks(jwk(key, algorithm) | row))


@pytest.mark.parametrize(
    "more", [{"alg": "EdDSA"}, {"key_ops": ["sign", "verify"]}, {"use": "sig"}, {"d": "AAAA"}]
)
def test_a_key_that_is_meant_for_it_checks_tokens(more: dict[str, Any]) -> None:
    checks = Jwts([])
    checks.publish(keys_from_jwks(jwks(GOOD | more)))
    assert checks.principal(signed(ED, "EdDSA", kid="good")) is not None


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"keys": 7}', b'{"keys": {}}', b"[" * 100_000, b"\xff"]
)
def test_a_document_that_is_not_a_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(BadKey, match="not a JSON Web Key Set"):
        keys_from_jwks(document)


def signed(key: Any, algorithm: str, **header: str) -> str:
    return jwt.encode(CLAIMS, key, algorithm, headers=header)
