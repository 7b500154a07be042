"""What devices are told is encrypted as the examples of RFC 8188 and RFC 8291 are, and signed for push services (RFC 8292)."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
)
from jwt.types import Options

from hubbub.protocol.commands.subscriptions import decoded
from hubbub.server.webpush.encryption import RECORD, encrypt, public_bytes, seal
from hubbub.server.webpush.keys import LIFETIME, Keys, unpadded
from tests.support.devices import AUTH, P256DH
from tests.support.fakes import MemoryStore

# RFC 8291, section 5 and appendix A
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
MESSAGE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
# RFC 8292, section 2.4
EXAMPLE = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1h"
    "aWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"
)
EXAMPLE_KEY = (
    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
)
MAX_PLAIN = RECORD - 86 - 16 - 1  # without the header, the tag of the cipher, and the delimiter


def test_the_example_of_rfc_8188() -> None:
    salt, header = decoded("I1BsxtFttlv3u_Oo94xnmw"), decoded("I1BsxtFttlv3u_Oo94xnmwAAEAAA")
    record = seal(b"I am the walrus", decoded("yqdlZ-tYemfogSmv7Ws5PQ"), salt)
    assert unpadded(header + record) == (
        "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"
    )


def test_the_example_of_rfc_8291() -> None:
    sender = derive_private_key(int.from_bytes(decoded(SENDER), "big"), SECP256R1())
    plain = b"When I grow up, I want to be a watermelon"
    device = decoded(P256DH), decoded(AUTH)
    assert unpadded(encrypt(plain, *device, sender=sender, salt=decoded(SALT))) == MESSAGE


def test_each_message_has_a_key_of_its_own() -> None:
    messages = {encrypt(b"x", decoded(P256DH), decoded(AUTH))[:86] for _ in range(3)}
    assert len(messages) == 3
    assert len({message[:16] for message in messages}) == 3
    assert len({message[16:] for message in messages}) == 3


def test_the_longest_message_is_one_that_every_push_service_takes() -> None:
    assert len(encrypt(bytes(MAX_PLAIN), decoded(P256DH), decoded(AUTH))) == RECORD


async def test_a_push_service_finds_out_whose_message_it_is() -> None:
    now = 1_700_000_000.0
    keys = Keys(MemoryStore(), lambda: now, "https://chat.example.org")
    header = await keys.authorization("https://Push.example.net:443/p/x?y")
    scheme, token, key = header.replace(",", "").split()
    assert scheme == "vapid" and key == f"k={await keys.public()}"
    assert _claims(token.removeprefix("t="), key.removeprefix("k=")) == {
        "aud": "https://push.example.net",
        "exp": now + LIFETIME,
        "sub": "https://chat.example.org",
    }
    assert await keys.authorization("https://push.example.net/p/z") == header
    assert await keys.authorization("https://push.example.net:8443/p/z") != header
    now += LIFETIME / 2 + 1
    assert await keys.authorization("https://push.example.net/p/z") != header


async def test_without_a_public_address_it_names_none() -> None:
    header = await Keys(MemoryStore(), time.time).authorization("https://push.example.net/")
    token = header.split()[1].removeprefix("t=").rstrip(",")
    assert "sub" not in jwt.decode(token, options={"verify_signature": False})


def test_the_example_of_rfc_8292_is_verified_as_ours_is() -> None:
    assert _claims(EXAMPLE, EXAMPLE_KEY)["sub"] == "mailto:push@example.com"
    with pytest.raises(jwt.InvalidSignatureError):
        _claims(EXAMPLE, P256DH)


async def test_the_key_is_made_once_for_all_nodes() -> None:
    store = MemoryStore()
    here, there = Keys(store, time.time), Keys(store, time.time)
    assert await here.public() == await there.public() == await Keys(store, time.time).public()
    assert len(decoded(await here.public())) == 65
    assert await Keys(MemoryStore(), time.time).public() != await here.public()


def _claims(token: str, key: str) -> dict[str, object]:
    public = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), decoded(key))
    assert public_bytes(public) == decoded(key)
    options: Options = {"verify_exp": False, "verify_aud": False}
    claims: dict[str, object] = jwt.decode(token, public, ["ES256"], options=options)
    return claims
