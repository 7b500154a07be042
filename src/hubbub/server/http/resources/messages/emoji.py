"""Emoji of the server: their list, their images, and who adds and removes them."""

from aiohttp import web

from hubbub.domain.aspects.emoji import (
    IMAGE_KEY,
    KNOW,
    MANAGE,
    MAX_IMAGE_BYTES,
    AddEmoji,
    RemoveEmoji,
    image_from,
)
from hubbub.protocol.commands.emoji import EmojiReply, ListEmoji
from hubbub.server.http.changes import KEY, ChangeReply, commit
from hubbub.server.http.entering import account_of
from hubbub.server.http.headers import AS_IMAGE
from hubbub.server.http.operations import HttpOperation, Resource
from hubbub.server.http.parameters import TEXT, Parameter, Upload, text
from hubbub.server.http.requests import HUB, principal_of
from hubbub.server.transports.requests import place_of

EMOJI = "/api/v1/emoji"
NAME = Parameter(
    "name",
    "path",
    TEXT | {"pattern": r"^[a-z0-9_+\-]{2,30}$", "example": "party_parrot"},
    lambda request: request.match_info["name"],
)
IMAGE = Parameter(
    "image",
    "path",
    TEXT | {"pattern": f"^[0-9a-f]{{{IMAGE_KEY}}}$", "example": "0123456789abcdef" * 2},
    lambda request: request.match_info["image"],
)
VERSION = text("version", "The version of the list that the client has")
FILE = Upload("image/*", MAX_IMAGE_BYTES)
MEMBERS_MAY_ADD = web.AppKey("members_may_add_emoji", bool)

resource = Resource()


@resource.operation(
    HttpOperation("GET", EMOJI, "listEmoji", needs=KNOW, takes=(VERSION,), answers=EmojiReply)
)
async def list_emoji(request: web.Request) -> EmojiReply:
    """List the emoji of this server by their names, unless one has this version of the list."""
    asked = ListEmoji(version=VERSION.of(request))
    return await request.app[HUB].emoji.shown(principal_of(request), asked)


@resource.operation(
    HttpOperation(
        "GET",
        f"{EMOJI}/{{name}}/{{image}}",
        "getEmoji",
        needs=KNOW,
        takes=(NAME, IMAGE),
        answers=bytes,
        answers_type="image/*",
    )
)
async def get_emoji(request: web.Request) -> web.Response:
    """Get the image of an emoji. What is at this address never changes."""
    asked = NAME.of(request), IMAGE.of(request)
    type_, data = await request.app[HUB].emoji.image(principal_of(request), *asked)
    return web.Response(body=data, content_type=type_, headers=AS_IMAGE)


@resource.operation(
    HttpOperation(
        "PUT",
        f"{EMOJI}/{{name}}",
        "addEmoji",
        needs=MANAGE,
        takes=(NAME, KEY),
        body=FILE,
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def add_emoji(request: web.Request) -> ChangeReply | web.Response:
    """Add an emoji with this image: as an owner or admin, or as a member if the settings say so."""
    principal = account_of(request, MANAGE)
    name, is_open = NAME.of(request), request.app[MEMBERS_MAY_ADD]
    image = image_from(await FILE.read(request, principal))
    given = AddEmoji(name=name, image=image, is_open=is_open, address=place_of(request).address)
    return await commit(request, principal, given)


@resource.operation(
    HttpOperation(
        "DELETE",
        f"{EMOJI}/{{name}}",
        "removeEmoji",
        needs=MANAGE,
        takes=(NAME, KEY),
        answers=ChangeReply,
        refuses=frozenset({"busy"}),
    )
)
async def remove_emoji(request: web.Request) -> ChangeReply | web.Response:
    """Remove an emoji: any as an owner or admin, or one's own if members may add them."""
    principal = account_of(request, MANAGE)
    name, is_open = NAME.of(request), request.app[MEMBERS_MAY_ADD]
    given = RemoveEmoji(name=name, is_open=is_open, address=place_of(request).address)
    return await commit(request, principal, given)
