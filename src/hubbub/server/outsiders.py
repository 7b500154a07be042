"""Builds from the settings what lets users of other servers in. Its libraries take some megabytes, so they are imported only if needed."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hubbub.server import upkeep
from hubbub.server.config import Settings
from hubbub.server.duties import Duty
from hubbub.server.people.door import Checker
from hubbub.server.people.ends import Refresh
from hubbub.server.people.entrance import Entrance
from hubbub.server.people.outside.identities import Identities
from hubbub.server.stores.base import Store

if TYPE_CHECKING:
    from hubbub.server.people.outside.jwts import Jwts
    from hubbub.server.people.outside.oidc import SignIn


class CannotTrust(Exception):
    """A key or a secret that can't be used. The message says which, and what is valid."""


class Outsiders(NamedTuple):
    """Who knows users of other servers; what checks their JWTs, what it looks up again, and what must go on beside it."""

    identities: Identities
    checkers: tuple[Checker, ...] = ()
    refreshing: tuple[Refresh, ...] = ()
    duties: tuple[Duty, ...] = ()


async def jwts_of(
    settings: Settings, store: Store, identities: Identities, now: Callable[[], float]
) -> Outsiders:
    """Return what the settings say about JWTs. Raises CannotTrust."""
    jwts = await _jwts(settings)
    if jwts is None:
        return Outsiders(identities)
    duties = (*upkeep.keys(jwts, settings.jwt_jwks_url),)
    if not settings.jwt_accounts:
        return Outsiders(identities, (jwts,), duties=duties)
    from hubbub.server.people.outside.jwt_accounts import JwtAccounts

    accounts = JwtAccounts(jwts, identities, store, now)
    return Outsiders(identities, (accounts,), (accounts.refresh,), duties)


def sign_in_of(
    settings: Settings,
    identities: Identities,
    entrance: Entrance,
    now: Callable[[], float],
    clock: Callable[[], float],
) -> "SignIn | None":
    """Return what lets people sign in at a provider, if there is one. `clock` is monotonic. Raises CannotTrust."""
    if not settings.oidc_issuer:
        return None
    from hubbub.server.people.outside.oidc import NewcomerRule, SignIn
    from hubbub.server.people.outside.provider import Provider, Registration

    secret = _secret(settings.oidc_client_secret_file)
    registration = Registration(
        settings.oidc_issuer, settings.oidc_client_id, secret, settings.reach
    )
    policy = NewcomerRule(settings.oidc_allow, settings.oidc_link_by_mail)
    return SignIn(Provider(registration, clock), identities, policy, entrance.open, now)


def _secret(file: Path | None) -> str:
    """Return the secret in a file, without the newline at its end. Raises CannotTrust."""
    if file is None:
        return ""
    try:
        secret = file.read_text().rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise CannotTrust(f"Can't read {file}: {error}") from error
    if not secret:
        raise CannotTrust(f"{file} is empty: write the secret that the provider gave you to it")
    return secret


async def _jwts(settings: Settings) -> "Jwts | None":
    """Return what checks JWTs, if there are keys. Raises CannotTrust."""
    files = (settings.jwt_secret_file, settings.jwt_public_key_file)
    if not (any(files) or settings.jwt_jwks_url):
        return None
    from hubbub.server.people.outside import keys
    from hubbub.server.people.outside.jwts import Jwts

    try:
        own = [
            read(file)
            for read, file in zip((keys.key_from_secret, keys.key_from_pem), files, strict=True)
            if file is not None
        ]
        jwts = Jwts(own, settings.jwt_issuer, settings.jwt_audience)
        if url := settings.jwt_jwks_url:
            jwts.publish(keys.keys_from_jwks(await keys.fetch(url)))
    except keys.BadKey as error:
        raise CannotTrust(str(error)) from error
    return jwts
