"""Web Push over HTTP: the key of the server, and the subscription of the device that asks."""

import msgspec
from aiohttp import web

from hubbub.domain.aspects.people.preferences import CHANGE_OWN
from hubbub.protocol.commands.subscriptions import (
    Endpoint,
    PublicKey,
    Secret,
    Subscribe,
    Unsubscribe,
)
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import READ_OWN, REGISTER, account_of
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import Body
from hubbub.server.webpush.keys import Keys

SUBSCRIPTION = "/api/v1/me/subscription"
KEYS = web.AppKey("keys", Keys)

resource = Resource()


class SubscriptionReply(msgspec.Struct, kw_only=True):
    """Whether the device that asks is notified, and whether notifications say what was written (`shows_text`).

    `key` is what its browser must be given as `applicationServerKey` (Push API). `endpoint` is what the browser gave, null if it is not notified.
    """

    key: str
    endpoint: str | None
    shows_text: bool


class NewSubscription(msgspec.Struct, kw_only=True):
    """What a browser gave. `shows_text`: whether notifications say what was written."""

    endpoint: Endpoint
    p256dh: PublicKey
    auth: Secret
    shows_text: bool = False


NEW = Body(NewSubscription)


@resource.operation(
    HttpOperation("GET", SUBSCRIPTION, "getSubscription", needs=READ_OWN, answers=SubscriptionReply)
)
async def get_subscription(request: web.Request) -> SubscriptionReply:
    """Get the server's key for Web Push, and whether this device is notified."""
    principal = account_of(request, READ_OWN)
    key = await request.app[KEYS].public()
    row = await request.app[REGISTER].subscription(principal.session)
    return SubscriptionReply(
        key=key,
        endpoint=row.endpoint if row else None,
        shows_text=row is not None and row.shows_text,
    )


@resource.operation(
    HttpOperation(
        "PUT",
        SUBSCRIPTION,
        "subscribe",
        needs=CHANGE_OWN,
        takes=(KEY,),
        body=NEW,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def subscribe(request: web.Request) -> ChangeReply | web.Response:
    """Notify this device of what is new while no page is open there. It ends with the session."""
    principal = account_of(request, CHANGE_OWN)
    given = await NEW.read(request, principal)
    change = Subscribe(room=principal.id, **msgspec.structs.asdict(given))
    return await commit(request, principal, change)


@resource.operation(
    HttpOperation(
        "DELETE",
        SUBSCRIPTION,
        "unsubscribe",
        needs=CHANGE_OWN,
        takes=(KEY,),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def unsubscribe(request: web.Request) -> ChangeReply | web.Response:
    """Stop notifying this device."""
    principal = account_of(request, CHANGE_OWN)
    return await commit(request, principal, Unsubscribe(room=principal.id))
