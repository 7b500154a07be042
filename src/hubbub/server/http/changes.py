"""Changes over HTTP: the answer that they all have, and how one is committed."""

import msgspec
from aiohttp import web

from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change
from hubbub.server.clients.native import accepted
from hubbub.server.http.problems import problem
from hubbub.server.http.requests import HUB


class ChangeReply(msgspec.Struct, kw_only=True):
    """The answer to an accepted change. `seq` is null if there was nothing to change."""

    room: str
    seq: int | None
    at: str | msgspec.UnsetType = msgspec.UNSET
    duplicate: bool | msgspec.UnsetType = msgspec.UNSET
    epoch: str


async def commit(
    request: web.Request, principal: Principal, change: Change
) -> ChangeReply | web.Response:
    """Commit a change and return the answer, or the refusal as a response. Raises RefusalError."""
    hub = request.app[HUB]
    answer = await hub.writing.commit(principal, change)
    if isinstance(answer, Refusal):
        return problem(answer)
    return ChangeReply(**accepted(change.room, answer), epoch=hub.reading.epoch)
