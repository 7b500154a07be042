"""Pictures of people and rooms: setting them, and getting them by their keys."""

import secrets

import msgspec
from aiohttp import web

from hubbub.domain.access import Operation
from hubbub.domain.aspects.people.accounts import ChangePerson
from hubbub.domain.pictures import SEE_PICTURES
from hubbub.protocol.commands.rooms import SetAvatar
from hubbub.protocol.files import KEY_BYTES, THUMBNAIL_TYPE, key_of
from hubbub.server.files.portraits import Portraits
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import ACCOUNT, OWN_ACCOUNT, session_of
from hubbub.server.http.headers import AS_IMAGE
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import ROOM, Body, file_key
from hubbub.server.http.requests import principal_of

PORTRAITS = web.AppKey("portraits", Portraits)
AVATAR = file_key("avatar")

resource = Resource()


class NewPicture(msgspec.Struct):
    """The key of a picture that one uploaded and did not post; empty to have none any more."""

    file: str


PICTURE = Body(NewPicture)


@resource.operation(
    HttpOperation(
        "PUT",
        "/api/v1/people/{account}/avatar",
        "setAvatar",
        needs=OWN_ACCOUNT,
        takes=(ACCOUNT, KEY),
        body=PICTURE,
        answers=ChangeReply,
        refuses=frozenset({"busy", "conflict"}),
    )
)
async def set_avatar(request: web.Request) -> ChangeReply | web.Response:
    """Give one's own account a picture, or that of a bot that one owns; as an admin, any."""
    principal, _ = session_of(request)
    account, file = ACCOUNT.of(request), (await PICTURE.read(request, principal)).file
    if not file:
        return await commit(request, principal, ChangePerson(account=account, avatar=""))
    image = await request.app[PORTRAITS].make(principal, file)
    avatar = key_of(secrets.token_bytes(KEY_BYTES))
    return await commit(
        request, principal, ChangePerson(account=account, avatar=avatar, image=image)
    )


@resource.operation(
    HttpOperation(
        "PUT",
        "/api/v1/rooms/{room}/avatar",
        "setRoomAvatar",
        needs=Operation.DEPICT,
        takes=(ROOM, KEY),
        body=PICTURE,
        answers=ChangeReply,
        refuses=frozenset({"busy", "conflict"}),
    )
)
async def set_room_avatar(request: web.Request) -> ChangeReply | web.Response:
    """Give a room a picture."""
    principal = principal_of(request)
    file = (await PICTURE.read(request, principal)).file
    return await commit(request, principal, SetAvatar(room=ROOM.of(request), file=file))


@resource.operation(
    HttpOperation(
        "GET",
        "/api/v1/avatars/{avatar}",
        "getAvatar",
        needs=SEE_PICTURES,
        takes=(AVATAR,),
        answers=bytes,
        answers_type="image/webp",
    )
)
async def get_avatar(request: web.Request) -> web.Response:
    """Get a picture of somebody or of a room by its key, their `avatar`. What is at this address never changes."""
    data = await request.app[PORTRAITS].find(principal_of(request), AVATAR.of(request))
    return web.Response(body=data, content_type=THUMBNAIL_TYPE, headers=AS_IMAGE)
