"""Whose picture `hubbub picture` sets."""

from types import SimpleNamespace
from typing import Any

import pytest

from hubbub.terminal.picture import NoSuchAccount, set_picture

ME, PAUL, RITA, ROOM = "@p000000000001", "@p000000000002", "@p000000000003", "@r000000000004"
PEOPLE = {PAUL: SimpleNamespace(handle="paul"), RITA: SimpleNamespace(handle="rita")}


class FakeClient:
    """Knows two people, and whose picture was set."""

    def __init__(self) -> None:
        self.me = self
        self.set: list[str] = []

    async def __aenter__(self) -> None:
        """Connect."""

    async def __aexit__(self, *_: object) -> None:
        """Close."""

    async def open(self) -> Any:
        return SimpleNamespace(account=ME, people=PEOPLE)

    async def set_avatar(self, whose: str, _: str | None) -> None:
        self.set.append(whose)


@pytest.mark.parametrize(
    "whose, key",
    [
        *(("@paul", PAUL), ("@rita", RITA), ("paul", PAUL), ("Rita", RITA), ("", ME)),
        *((PAUL, PAUL), (ROOM, ROOM), ("#kitchen", "#kitchen")),
    ],
)
def test_a_picture_is_of_a_handle_a_key_or_an_alias(whose: str, key: str) -> None:
    client: Any = FakeClient()
    set_picture(client, whose, None, quiet=True)
    assert client.set == [key]


@pytest.mark.parametrize("whose", ["@pia", "@roy", "@p00000000000", "nobody"])
def test_nobody_has_an_unknown_handle(whose: str) -> None:
    with pytest.raises(NoSuchAccount):
        set_picture(FakeClient(), whose, None, quiet=True)  # type: ignore[arg-type]
