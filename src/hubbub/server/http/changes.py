"""Changes over HTTP: the answer that they all have, and how one is committed."""

import msgspec
from aiohttp import web
from msgspec.structs import replace

from hubbub.domain.facts import Answer
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal, RefusalError
from hubbub.protocol.messages import Change
from hubbub.server.clients.native import accepted
from hubbub.server.http.parameters import TEXT, Parameter
from hubbub.server.http.problems import problem
from hubbub.server.http.requests import HUB

MAX_KEY = 64  # characters


def _key_of(request: web.Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (1 <= len(key) <= MAX_KEY and _is_utf8(key)):
        why = f"Invalid Idempotency-Key: use 1 to {MAX_KEY} characters"
        raise RefusalError("bad_request", why)
    return key


def _is_utf8(text: str) -> bool:
    """Whether a header's bytes were UTF-8: any others become lone surrogates."""
    return text == text.encode(errors="replace").decode()


KEY = Parameter(
    "Idempotency-Key",
    "header",
    TEXT | {"minLength": 1, "maxLength": MAX_KEY},
    _key_of,
    "A change that was accepted with this key before is not made again, but answered as it was then",
)


class ChangeReply(msgspec.Struct, kw_only=True):
    """The answer to an accepted change.

    `seq` is null if there was nothing to change; `made` is the key of what it made. `unreached` are handles that a
    message mentions in vain, since these people are no members of the room.
    """

    room: str
    seq: int | None
    at: str | msgspec.UnsetType = msgspec.UNSET
    made: str | msgspec.UnsetType = msgspec.UNSET
    unreached: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    duplicate: bool | msgspec.UnsetType = msgspec.UNSET
    epoch: str


class MadeReply(ChangeReply, kw_only=True):
    """The answer to a change that made an account: its key, the same if the change is repeated."""

    account: str


async def commit(
    request: web.Request, principal: Principal, change: Change
) -> ChangeReply | web.Response:
    """Commit a change, under the request's key if it has one; return the answer, or the refusal as a response.

    Its room and its people may be called as clients call them (see `Names`). Raises RefusalError.
    """
    change = await request.app[HUB].in_full(principal, change)
    answer = await _committed(request, principal, change)
    if isinstance(answer, Refusal):
        return problem(answer)
    epoch = request.app[HUB].reading.epoch
    return ChangeReply(**accepted(change.room, answer), epoch=epoch)


async def make(
    request: web.Request, principal: Principal, change: Change
) -> MadeReply | web.Response:
    """Commit a change that makes an account, as `commit` does."""
    answer = await _committed(request, principal, change)
    if isinstance(answer, Refusal):
        return problem(answer)
    fields = accepted(change.room, answer) | {"account": answer.made}
    return MadeReply(**fields, epoch=request.app[HUB].reading.epoch)


async def _committed(request: web.Request, principal: Principal, change: Change) -> Answer:
    if (key := KEY.of(request)) is not None:
        change = replace(change, client_message_id=key)
    return await request.app[HUB].writing.commit(principal, change)
