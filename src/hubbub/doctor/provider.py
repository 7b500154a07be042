"""Checks the provider that people sign in at: whether it answers as it should, and where it must send them back to."""

import time

from hubbub.protocol.errors import RefusalError
from hubbub.server.config import Settings
from hubbub.server.findings import Finding, ok, problem, warning
from hubbub.server.http.problems import RETURN
from hubbub.server.people.outside.provider import Provider, Registration


async def examine_provider(settings: Settings) -> list[Finding]:
    """Ask the provider for its description, and look at the settings that must fit it."""
    what, issuer = "sign-in", settings.oidc_issuer
    found = []
    try:
        registration = Registration(issuer, settings.oidc_client_id, reach=settings.reach)
        await Provider(registration, time.monotonic).metadata()
        found.append(ok(what, f"{issuer} describes itself as it should"))
    except RefusalError as error:
        fix = "open its address with /.well-known/openid-configuration, and check HUBBUB_OIDC_ISSUER; the log says more"
        found.append(problem(what, f"{issuer}: {error.refusal.detail}", fix))
    if not issuer.startswith("https:"):
        fix = "use a provider with https, except for tests on this machine"
        found.append(warning(what, f"{issuer} is asked without TLS, so others can sign in", fix))
    found.append(_return(settings))
    return found


def _return(settings: Settings) -> Finding:
    if settings.public_url:
        where = f"{settings.public_url.rstrip('/')}{RETURN}"
        return ok("sign-in", f"the provider must know this redirect URI: {where}")
    found = f"people return to {RETURN} at whatever address they came by, and the provider must know each"
    return warning("sign-in", found, "set --public-url to the one address of this server")
