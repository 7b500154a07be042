"""JWTs that speak for accounts: made at the first use, the same on every node, and good for nothing once suspended."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from hubbub.domain.aspects.people.accounts import OPERATOR, ChangeRole, ResumePerson, SuspendPerson
from hubbub.domain.facts import Accepted
from hubbub.protocol.errors import Close
from hubbub.server.app import running
from hubbub.server.config import Settings
from tests.integration.native import native
from tests.integration.test_principals import DOORS, NOTICED_SECONDS, Door, Given
from tests.integration.test_socketio_rooms import Client, socket_io
from tests.support.postgres import Postgres
from tests.support.resting import at_rest
from tests.support.site import Site, Someone, site

ISSUER = "https://app.example.org"
SECRET = "correct horse battery staple, and more"


def signed(subject: str, **claims: Any) -> str:
    """A JWT for an hour."""
    given = {"sub": subject, "iss": ISSUER, "exp": int(time.time()) + 3600}
    return jwt.encode(given | claims, SECRET)


def trusting(folder: Path) -> dict[str, Any]:
    """The settings of a server that makes accounts for the application's users."""
    (folder / "secret").write_text(SECRET)
    return {
        "jwt_secret_file": folder / "secret",
        "jwt_issuer": ISSUER,
        "jwt_accounts": True,
    }


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path / "data", **trusting(tmp_path)) as here:
        yield here


def holding(here: Site, token: str) -> Someone:
    """Whoever has a token."""
    return Someone(here.stranger._http, here.stranger.url, token)


async def me(here: Site, token: str) -> dict[str, Any]:
    answer = await holding(here, token).ask("GET", "/me")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body
    return found


async def set_status(here: Site, change: SuspendPerson | ResumePerson | ChangeRole) -> None:
    assert isinstance(await here.server.hub.writing.commit(OPERATOR, change), Accepted)


async def test_a_user_gets_an_account_at_the_first_use_and_keeps_it(here: Site) -> None:
    first = await me(here, signed("u-42", name="Grace Hopper", preferred_username="Grace"))
    assert (first["handle"], first["name"]) == ("grace", "Grace Hopper")
    assert (first["kind"], first["role"], first["status"]) == ("person", "member", "active")
    again = await me(here, signed("u-42", name="Another Name", preferred_username="other"))
    assert again == first
    assert (await me(here, signed("u-43")))["account"] != first["account"]


@pytest.mark.parametrize(
    "claims, handle, name",
    [
        ({"preferred_username": "grace@example.org", "name": "G"}, "grace", "G"),
        ({"name": "Zoë Müller"}, "zoe-muller", "Zoë Müller"),
        ({"sub": "auth0|64f1"}, "auth0-64f1", "auth0-64f1"),
        ({"preferred_username": "adele", "name": "ADA"}, "adele", "adele"),  # the owner's name
        ({"preferred_username": "ada"}, "ada-2", "ada-2"),  # the owner's handle
        ({"preferred_username": "admin"}, "admin-2", "admin-2"),
        ({"preferred_username": "\u4f60\u597d", "name": "\u4f60\u597d"}, "u-1", "\u4f60\u597d"),
        ({"preferred_username": 7, "name": ["x"], "sub": "\u4f60"}, "user", "user"),
        ({"name": "a\u202eb", "preferred_username": "x" * 99}, "x" * 32, "x" * 32),
    ],
)
async def test_an_account_is_called_as_the_application_says_if_that_is_possible(
    here: Site, claims: dict[str, Any], handle: str, name: str
) -> None:
    found = await me(here, signed(**{"subject": claims.pop("sub", "u-1")}, **claims))
    assert (found["handle"], found["name"]) == (handle, name)


async def test_users_of_one_name_get_handles_of_their_own(here: Site) -> None:
    tokens = [signed(str(number), preferred_username="grace") for number in range(9)]
    found = await asyncio.gather(*(me(here, token) for token in tokens))
    handles = {each["handle"] for each in found}
    assert len(handles) == 9
    assert {"grace", "grace-2", "grace-3", "grace-4", "grace-5"} < handles


async def test_what_a_user_posts_is_the_accounts_and_within_what_the_token_allows(
    here: Site,
) -> None:
    account = (await me(here, signed("u-42")))["account"]
    grace = holding(here, signed("u-42", rooms=["trip-*"], can=["read", "post"]))
    posted = await grace.ask("POST", "/rooms/trip-7/messages", {"text": "hi"})
    assert posted.status == 201
    read = await grace.ask("GET", "/rooms/trip-7/messages")
    assert [message["by"] for message in read.body["messages"]] == [account]
    refused = [
        await grace.ask("POST", "/rooms/lobby/messages", {"text": "hi"}),
        await holding(here, signed("u-42", can="read")).ask(
            "POST", "/rooms/trip-7/messages", {"text": "hi"}
        ),
        await grace.ask("PATCH", "/me", {"name": "Other"}),
        await grace.ask("GET", "/me/sessions"),
    ]
    assert [answer.status for answer in refused] == [404, 403, 403, 403]


async def test_only_a_valid_jwt_of_the_issuer_makes_an_account(here: Site) -> None:
    wrong = [
        signed("u-42", iss="https://other.example"),
        signed("u-42", exp=1),
        jwt.encode({"sub": "u-42", "iss": ISSUER, "exp": 4e9}, "x" * 40),
        jwt.encode({"sub": "u-42", "iss": ISSUER, "exp": 4e9}, "", "none"),
        jwt.encode({"sub": "u-42", "exp": int(time.time()) + 60}, SECRET),
    ]
    for token in wrong:
        assert (await holding(here, token).ask("GET", "/me")).status == 401
    people = await here.ada.ask("GET", "/people")
    assert [each["handle"] for each in people.body["people"]] == ["ada"]


async def test_without_the_setting_a_jwt_is_no_account(tmp_path: Path) -> None:
    async with site(tmp_path / "data", **trusting(tmp_path) | {"jwt_accounts": False}) as here:
        grace = holding(here, signed("u-42"))
        assert (await grace.ask("GET", "/rooms")).status == 200
        assert (await grace.ask("GET", "/me")).code == "forbidden"


async def waits(here: Site, token: str) -> Any:
    """Wait at a door for longer than the test lasts."""
    return await holding(here, token).ask("GET", "/rooms/lobby/events?wait=60")


@pytest.mark.parametrize("ends, result", DOORS.values(), ids=DOORS)
async def test_a_suspended_account_is_out(here: Site, ends: Door, result: int) -> None:
    token = signed("u-42")
    account = (await me(here, token))["account"]
    given = Given(_Served(here.stranger.url))  # type: ignore[arg-type]
    async with aiohttp.ClientSession() as http:
        waiting = asyncio.ensure_future(ends(given, http, token))
        await at_rest(os.getpid())  # they wait at the door
        assert not waiting.done()
        await set_status(here, SuspendPerson(account=account))
        since = time.monotonic()
        assert await asyncio.wait_for(waiting, 30) == result
    assert time.monotonic() - since < NOTICED_SECONDS
    assert (await holding(here, token).ask("GET", "/me")).code == "unauthenticated"
    await set_status(here, ResumePerson(account=account))
    assert (await me(here, token))["account"] == account


async def test_nothing_that_is_posted_after_a_suspension_reaches_who_holds_a_jwt(
    here: Site,
) -> None:
    token = signed("u-42")
    account = (await me(here, token))["account"]
    async with (
        native(here.server.port, token=here.ada.token) as ada,
        native(here.server.port, token=token) as grace,
    ):
        await grace.ask("follow", room="lobby")
        await set_status(here, SuspendPerson(account=account))
        await ada.ask("post", room="lobby", text="after")
        assert await grace.closed() == Close.UNAUTHENTICATED
        assert not grace.events


class _Served:
    """A server as `Given` needs it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = int(url.rpartition(":")[2])


async def test_a_suspended_account_leaves_socket_io(here: Site) -> None:
    token = signed("u-42")
    account = (await me(here, token))["account"]
    async with socket_io(here.stranger.url, token=token) as client:
        await set_status(here, SuspendPerson(account=account))
        with pytest.raises(ConnectionError):
            await everything(client)


async def everything(client: Client) -> None:
    """Read until the connection ends."""
    while True:
        await client.packet()


async def test_what_a_suspension_ends_is_good_again_once_it_is_lifted(here: Site) -> None:
    token = signed("u-42")
    account = (await me(here, token))["account"]
    waiting = asyncio.ensure_future(waits(here, token))
    await at_rest(os.getpid())  # they wait at the door
    await set_status(here, SuspendPerson(account=account))
    assert (await waiting).code == "unauthenticated"
    await set_status(here, ResumePerson(account=account))
    assert (await me(here, token))["status"] == "active"


@pytest.mark.timeout(90)
async def test_two_first_uses_at_once_on_two_nodes_make_one_account(
    postgres: Postgres, tmp_path: Path
) -> None:
    given = trusting(tmp_path) | {"store": await postgres.fresh(), "host": "127.0.0.1", "port": 0}
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(running(Settings(data=tmp_path / str(n), **given)))
            for n in range(2)
        ]
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for number in range(10):
            token = signed(f"u-{number}", preferred_username="grace")
            asked = [
                Someone(http, f"http://127.0.0.1:{node.port}", token).ask("GET", "/me")
                for node in nodes
                for _ in range(3)
            ]
            answers = await asyncio.gather(*asked)
            assert [answer.status for answer in answers] == [200] * 6
            assert len({answer.body["account"] for answer in answers}) == 1
        by = (
            await Someone(http, f"http://127.0.0.1:{nodes[1].port}", signed("u-0")).ask(
                "GET", "/me"
            )
        ).body["account"]
        handles = {row.handle for row in await nodes[0].entrance.register.people(by, "", 100)}
        assert len(handles) == 10
