import base64
import json
import stat
from pathlib import Path

import pytest

from hubbub.terminal.home import Drafts, folder, guest_key

URL, OTHER = "http://one.example", "http://two.example"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "hubbub"


def jwt(**claims: str) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.sig"


def test_a_key_stays_and_is_another_for_each_server_and_name() -> None:
    assert guest_key(URL, "ada") == guest_key(f"{URL}/", "ada")
    keys = {guest_key(url, name) for url in (URL, OTHER) for name in ("ada", "grace", None)}
    assert len(keys) == 6
    assert all(16 <= len(key) <= 128 for key in keys)


def test_what_was_entered_is_there_the_next_time_in_order() -> None:
    drafts = Drafts(URL, "lobby", "ada", None)
    added = [drafts.add(text) for text in ("one", "two\nlines", "three", "four")]
    drafts.remove(added[2])
    again = Drafts(URL, "lobby", "ada", None)
    assert again.load() == [added[0], added[1], added[3]]
    for draft in again.load():
        again.remove(draft)
        again.remove(draft)
    assert Drafts(URL, "lobby", "ada", None).load() == []


def test_nobody_else_can_read_it(state: Path) -> None:
    Drafts(URL, "lobby", "ada", None).add("secret")
    guest_key(URL, None)
    for path in (state, *state.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_each_server_room_and_person_has_its_own() -> None:
    Drafts(URL, "lobby", "ada", None).add("for ada in the lobby")
    for other in (
        Drafts(OTHER, "lobby", "ada", None),
        Drafts(URL, "kitchen", "ada", None),
        Drafts(URL, "lobby", "grace", None),
        Drafts(URL, "lobby", None, None),
        Drafts(URL, "lobby", "ada", "hubbub_token"),
    ):
        assert other.load() == []


def test_a_renewed_jwt_is_the_same_person_s() -> None:
    Drafts(URL, "lobby", None, jwt(iss="shop", sub="42", exp="1")).add("hi")
    assert Drafts(URL, "lobby", None, jwt(iss="shop", sub="42", exp="2")).load() != []
    for other in (
        jwt(iss="shop", sub="43"),
        jwt(iss="else", sub="42"),
        "a.b.c",
        "hubbub_x",
        "a.W10",
    ):
        assert Drafts(URL, "lobby", None, other).load() == []


def test_the_folder_is_where_the_desktop_keeps_state(
    state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert folder() == state
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder() == tmp_path / ".local/state/hubbub"


def test_a_folder_that_can_not_be_made_is_an_error(state: Path) -> None:
    state.write_text("a file, where the folder should be")
    with pytest.raises(OSError, match="hubbub"):
        guest_key(URL, None)
    with pytest.raises(OSError, match="hubbub"):
        Drafts(URL, "lobby", "ada", None).add("hi")
