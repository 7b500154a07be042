"""The HTTP application: what guards it, what its handlers find in it, its routes, and how many connections it takes.

Knows nothing of stores.
"""

import resource
from collections.abc import Mapping
from dataclasses import fields
from urllib.parse import urlsplit

from aiohttp import web

from hubbub.server.config import Settings
from hubbub.server.http.bounds import BoundedRunner
from hubbub.server.http.cookies import COOKIES, Cookies
from hubbub.server.http.entering import ENTRANCE, REGISTER
from hubbub.server.http.headers import protect
from hubbub.server.http.metrics import Metrics
from hubbub.server.http.operations import Route, headers_of, reading_of
from hubbub.server.http.origins import Origins
from hubbub.server.http.problems import guard, share
from hubbub.server.http.proxies import PROXIES, Proxies
from hubbub.server.http.requests import HUB, LINKS
from hubbub.server.http.resources.accounts import invites, signup, ways
from hubbub.server.http.resources.doors import socketio, sockets, sockjs
from hubbub.server.http.resources.messages import emoji
from hubbub.server.http.resources.server import administration, descriptions, metrics, page
from hubbub.server.hub.hub import Hub
from hubbub.server.people.entrance import Entrance
from hubbub.server.people.places import Most, Place, Places
from hubbub.server.sources import shown
from hubbub.server.transports.base import Links
from hubbub.server.transports.websocket import COMPRESSES

LINKS_TIMEOUT = 5.0  # seconds for clients to answer the close
OWN_FILES = 96  # reserved for the database, and for connections that are only refused
MAX_PER_ADDRESS = 256  # connections without a token from one address


def application_of(
    hub: Hub,
    entrance: Entrance,
    links: Links,
    measured: Metrics,
    settings: Settings,
    routes: tuple[Route, ...],
    *,
    origins: Mapping[str, str] | None = None,
) -> web.Application:
    """Return the application with these routes. `origins` says where settings come from."""
    places = Places(_most(settings))
    application = web.Application(
        middlewares=[
            guard(
                _origins(settings),
                places,
                hub.door,
                measured.refused,
                _session_place,
                headers=headers_of(routes),
                reading=reading_of(routes),
            )
        ],
        client_max_size=settings.max_message_bytes,
    )
    page.warn_if_not_built()
    application[HUB] = hub
    application[ENTRANCE], application[REGISTER] = entrance, entrance.register
    application[LINKS] = links
    application[socketio.SOCKET_IO] = socketio.socket_io_for(hub, links)
    application[sockjs.SOCK_JS] = sockjs.sock_js_for(hub, links)
    application.on_response_prepare.append(_finish)
    application[metrics.METRICS], application[metrics.WHO_MAY_LOOK] = measured, settings.metrics
    application[administration.PLACES] = places
    application[descriptions.SERVED] = routes
    application.add_routes(route.definition for route in routes)
    application[administration.SETTINGS] = _shown(settings, origins or {})
    _tell(application, settings)
    return application


def runner_of(application: web.Application, settings: Settings, measured: Metrics) -> BoundedRunner:
    """Return what serves the application to a bounded number of connections."""
    return BoundedRunner(
        application,
        max_connections=max_connections(settings),
        request_timeout=settings.request_timeout,
        refused=measured.refused,
        shutdown_timeout=LINKS_TIMEOUT,
    )


def max_connections(settings: Settings) -> int:
    """Return the limit from the settings or, by default, from the limit on open files, minus a reserve."""
    if settings.max_connections:
        return settings.max_connections
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(allowed - OWN_FILES, 1)


def _tell(application: web.Application, settings: Settings) -> None:
    """Put into the application what its handlers must know of the settings."""
    application[invites.MEMBERS_MAY_INVITE] = settings.invites == "members"
    application[emoji.MEMBERS_MAY_ADD] = settings.emoji == "members"
    application[signup.IS_OPEN] = settings.sign_up == "open"
    provider = urlsplit(settings.oidc_issuer).hostname
    application[ways.WAYS] = ways.Ways(settings.sign_up == "open", settings.has_guests, provider)
    application[PROXIES] = Proxies(settings.trusted_proxy)
    application[COOKIES] = Cookies(
        is_public_secure=settings.public_url.lower().startswith("https:")
    )
    application[sockets.ECHO_MAX_BYTES] = settings.echo_max_bytes if settings.has_echo else 0
    application[COMPRESSES] = settings.compress
    if settings.workers > 1:
        application[metrics.OWN_PORT] = settings.worker_port


def _shown(settings: Settings, origins: Mapping[str, str]) -> administration.ServerSettingsReply:
    """Return the settings as owners and admins see them."""
    items = [
        administration.SettingItem(name, shown(getattr(settings, name)), origins.get(name, ""))
        for name in (field.name for field in fields(settings))
    ]
    return administration.ServerSettingsReply(items)


def _session_place(request: web.Request) -> Place | None:
    return socketio.session_place(request) or sockjs.session_place(request)


def _origins(settings: Settings) -> Origins:
    return Origins(
        settings.allow_origin, public_url=settings.public_url, is_local=settings.is_local
    )


async def _finish(request: web.Request, response: web.StreamResponse) -> None:
    protect(response)
    share(request, response)


def _most(settings: Settings) -> Most:
    """Return the limits on connections without a token and per principal."""
    connections = 0 if settings.is_local else max_connections(settings)
    return Most(
        settings.max_anonymous or connections * 3 // 4,
        settings.max_per_address or (0 if settings.is_local else MAX_PER_ADDRESS),
        settings.max_per_principal or connections // 2,
    )
