"""What requests tell of who sends them."""

from aiohttp.test_utils import make_mocked_request

from hubbub.protocol.foreign import sockjs_wires
from hubbub.server.http.problems import TOKEN
from hubbub.server.http.requests import owner_of
from hubbub.server.transports.sockjs import SockJs, SockJsSettings
from tests.support.protocol_server import links


def test_credentials_are_hashed_once_per_request() -> None:
    request, other = (make_mocked_request("GET", "/socket.io/") for _ in range(2))
    request[TOKEN], other[TOKEN] = ("hubbub_x",), (None,)
    assert owner_of(request) is owner_of(request)
    assert owner_of(request) != owner_of(other)


def test_only_requests_to_a_sockjs_door_are_asked_for_their_owner() -> None:
    def no_owner(_: object) -> bytes:
        raise AssertionError("asked for the owner")

    def no_client(*_: object) -> None:
        raise AssertionError("a session was opened")

    door = SockJs("/sockjs", no_client, no_owner, SockJsSettings(), links(), sockjs_wires.NATIVE)  # type: ignore[arg-type]
    assert door.place(make_mocked_request("GET", "/api/v1/rooms")) is None
