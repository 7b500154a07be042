"""Builds from the settings what lets users of other servers in. Its libraries take some megabytes, so they are imported only if needed."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from hubbub.server import upkeep
from hubbub.server.config import Settings
from hubbub.server.people.door import Checker
from hubbub.server.people.identities import Identities
from hubbub.server.stores.base import Store

if TYPE_CHECKING:
    from hubbub.server.people.jwts import Jwts

Refresh = Callable[[], Awaitable[bool]]


class CannotTrust(Exception):
    """A key that can't be used. The message says which, and what is valid."""


class Outsiders(NamedTuple):
    """What checks the JWTs of another application, what it looks up again, and what must run beside it."""

    checkers: tuple[Checker, ...] = ()
    refreshing: tuple[Refresh, ...] = ()
    work: tuple[upkeep.Work, ...] = ()


async def jwts_of(
    settings: Settings, store: Store, identities: Identities, now: Callable[[], float]
) -> Outsiders:
    """Return what the settings say about JWTs. Raises CannotTrust."""
    jwts = await _jwts(settings)
    if jwts is None:
        return Outsiders()
    work = (upkeep.keys(jwts, settings.jwt_jwks_url),)
    if not settings.jwt_accounts:
        return Outsiders((jwts,), work=work)
    from hubbub.server.people.jwt_accounts import JwtAccounts

    accounts = JwtAccounts(jwts, identities, store, now)
    return Outsiders((accounts,), (accounts.refresh,), work)


async def _jwts(settings: Settings) -> "Jwts | None":
    """Return what checks JWTs, if there are keys. Raises CannotTrust."""
    files = (settings.jwt_secret_file, settings.jwt_public_key_file)
    if not (any(files) or settings.jwt_jwks_url):
        return None
    from hubbub.server.people import keys
    from hubbub.server.people.jwts import Jwts

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
