"""`hubbub login` and `logout`, at a terminal and in scripts, and what `send`, `tail` and `chat` make of it."""

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.pane import Pane
from tests.support.site import PASSWORD, Site, Someone, chosen, site
from tests.system.test_terminal import run


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("HUBBUB_TOKEN", raising=False)
    async with site(tmp_path / "data", guests="on") as made:
        yield made


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    return tmp_path / "config" / "hubbub" / "credentials.json"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def content(path: Path) -> str:
    return path.read_text()


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*")]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def logged_in(here: Site, *more: str) -> None:
    code, out, err = await run(
        "login", here.ada.url, "--handle", "ada", *more, stdin=f"{PASSWORD}\n"
    )
    assert (code, out) == (0, ""), err
    assert err == f"Logged in to {here.ada.url} as ada\n"


def held(here: Site, credentials: Path) -> Someone:
    """Whoever has the session that is kept."""
    [login] = json.loads(credentials.read_text())["logins"].values()
    return Someone(here.ada._http, here.ada.url, login["token"], login["account"])


async def poster(here: Site, *more: str) -> str:
    """Who posts with `hubbub send`."""
    code, _, err = await run("send", "lobby", "hi", "--url", here.ada.url, *more)
    assert code == 0, err
    [*_, message] = (await here.ada.ask("GET", "/rooms/lobby/messages")).body["messages"]
    by: str = message["by"]
    return by


async def test_at_a_terminal_the_password_is_not_shown(here: Site, credentials: Path) -> None:
    async with Pane("login", here.ada.url) as pane:
        await pane.shows("Handle: ")
        pane.press("ada\r")
        await pane.shows("Password: ")
        pane.press(f"{PASSWORD}\r")
        await pane.shows(f"Logged in to {here.ada.url} as ada")
        assert PASSWORD not in "".join(pane.rows)
    assert (mode(credentials), mode(credentials.parent)) == (0o600, 0o700)
    assert PASSWORD not in content(credentials)
    async with Pane("chat", here.ada.url) as pane:
        await pane.shows("lobby> ")
        pane.press("hello from the terminal\r")
        await pane.shows("Ada: hello from the terminal")


async def test_whoever_is_logged_in_sends_as_the_account_unless_they_choose_a_name(
    here: Site, credentials: Path
) -> None:
    await logged_in(here)
    assert await poster(here) == here.ada.account
    assert await poster(here, "--name", "bob") == "bob"
    code, out, _ = await run("tail", "lobby", "--url", "http://127.0.0.1:9", "-q")
    assert (code, out) == (4, "")  # no session of another server is sent there


async def test_a_password_comes_from_a_file_as_well(here: Site, tmp_path: Path) -> None:
    write(tmp_path / "secret", PASSWORD)
    for file in (str(tmp_path / "secret"), "-"):
        await logged_in(here, "--password-file", file)
        assert await poster(here) == here.ada.account


async def test_logging_in_again_ends_the_session_before(here: Site, credentials: Path) -> None:
    await logged_in(here)
    first = held(here, credentials)
    await logged_in(here)
    ended = await first.ask("GET", "/rooms/lobby/events?wait=20")
    assert ended.code == "unauthenticated"
    assert (await held(here, credentials).ask("GET", "/me")).status == 200


@pytest.mark.parametrize("has_ended", [False, True])
async def test_logging_out_ends_the_session_and_forgets_it(
    here: Site, credentials: Path, has_ended: bool
) -> None:
    await logged_in(here)
    someone = held(here, credentials)
    if has_ended:
        assert (await someone.ask("POST", "/logout")).status == 200
        await someone.ask("GET", "/rooms/lobby/events?wait=20")
        code, _, err = await run("send", "lobby", "hi", "--url", here.ada.url)
        assert code == 3 and "log in with `hubbub login`" in err
    assert (await run("logout", here.ada.url))[0] == 0
    assert (await someone.ask("GET", "/rooms/lobby/events?wait=20")).code == "unauthenticated"
    assert json.loads(content(credentials)) == {"logins": {}}
    code, out, err = await run("logout", here.ada.url)
    assert (code, out, err) == (1, "", f"hubbub: Not logged in to {here.ada.url}\n")


async def test_a_wrong_password_is_refused_and_keeps_nothing(here: Site, credentials: Path) -> None:
    code, out, err = await run("login", here.ada.url, "--handle", "ada", stdin="not-the-lamp\n")
    assert (code, out) == (3, "") and "Wrong handle or password" in err
    assert "credentials.json" not in files(credentials.parent)


async def test_what_can_not_be_is_said_and_has_a_code(here: Site, credentials: Path) -> None:
    url, word = here.ada.url, f"{PASSWORD}\n"
    cases: list[tuple[list[str], str, int, str]] = [
        (["login", url], word, 2, "give --handle"),
        (["login", url, "--handle", "ada"], "", 2, "Expected one line"),
        (["login", url, "--handle", "ada", "--password-file", "/nowhere"], "", 2, "Can't read"),
        (["login", "ftp://x", "--handle", "ada"], word, 2, "Invalid server address"),
        (["login", "127.0.0.1:9", "--handle", "ada"], word, 4, "127.0.0.1:9: Connection refused"),
        (["logout", "ftp://x"], "", 2, "Invalid server address"),
    ]
    for words, stdin, code, said in cases:
        found, out, err = await run(*words, stdin=stdin)
        assert (found, out) == (code, "") and said in err, (words, found, err)
        assert "Traceback" not in err
    write(credentials, "{")
    for words in (["login", url, "--handle", "ada"], ["logout", url], ["send", "x", "y"]):
        code, out, err = await run(*words, stdin=word)
        assert (code, out) == (1, "") and "delete it, and log in again" in err, (words, err)


@pytest.mark.parametrize("status", [201, 403])
async def test_no_wrong_answer_stops_it_or_reaches_the_terminal(here: Site, status: int) -> None:
    bodies = ["[" * 30_000, "null", "[]", '{"code": []}', "\x1b[2J", '{"account": {}}']
    bodies += ['{"code": "\\u001b[2J", "detail": "\\u001b[2J", "temporary": 1}']
    waiting = iter(bodies)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=next(waiting))

    elsewhere = web.Application()
    elsewhere.router.add_route("*", "/{rest:.*}", answer)
    async with TestServer(elsewhere, host="127.0.0.1") as server:
        words = ("login", f"http://127.0.0.1:{server.port}", "--handle", "ada")
        for body in bodies:
            code, out, err = await run(*words, stdin=f"{PASSWORD}\n")
            assert (code in (3, 4), out) == (True, ""), body
            assert "Traceback" not in err and "\x1b" not in err


async def test_no_password_follows_a_redirect(here: Site) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": f"{here.ada.url}/api/v1/login"})

    elsewhere = web.Application()
    elsewhere.router.add_route("*", "/{rest:.*}", answer)
    async with TestServer(elsewhere, host="127.0.0.1") as server:
        words = ("login", f"http://127.0.0.1:{server.port}", "--handle", "ada")
        code, _, err = await run(*words, stdin=f"{PASSWORD}\n")
    assert code == 4 and "is no hubbub server" in err
    assert asked == ["/api/v1/login"]


async def test_people_and_rooms_are_shown_by_their_names(here: Site) -> None:
    await logged_in(here)
    invite = await here.ada.ask("POST", "/invites", {})
    grace = await here.stranger.enter("/accept", token=invite.body["token"], **chosen("grace"))
    given = {"kind": "open", "title": "Plans", "alias": "plans", "public": "post", "who": ["grace"]}
    room = (await here.ada.ask("POST", "/rooms", given)).body["made"]
    seq = (await grace.ask("POST", f"/rooms/{room}/messages", {"text": "hello"})).body["seq"]
    url = ("--url", here.ada.url)
    code, _, err = await run("send", "#plans", "hi", *url)
    assert code == 0, err
    react = f"/rooms/{room}/messages/{seq}/reactions/x"
    assert (await grace.ask("PUT", react)).status == 200
    async with (
        Pane("chat", here.ada.url, "--room", "#plans") as ada,
        Pane("chat", here.ada.url, "--room", "#plans", "--name", "vera") as vera,
        Pane("tail", "#plans", *url, "--since", "0") as tail,
    ):
        for pane, texts in {
            ada: ("You are Ada", "Plans: ", "Grace: hello", "Ada: hi", "#plans> "),
            vera: ("#plans: ", "Grace: hello", "Ada: hi"),
            tail: ("* Ada made the room", "* Ada added Grace", "* Grace reacted with x"),
        }.items():
            for text in texts:
                await pane.shows(text)
        linus = await here.stranger.enter("/accept", **await newcomer(here), **chosen("linus"))
        assert (await linus.ask("POST", f"/rooms/{room}/join")).status == 200
        await linus.ask("POST", f"/rooms/{room}/messages", {"text": "me, too"})
        for pane in (ada, vera, tail):
            await pane.shows("Linus: me, too")
            assert "@p" not in "\n".join(pane.rows), pane.rows


async def test_send_and_chat_say_whom_a_message_did_not_reach(here: Site) -> None:
    await logged_in(here)
    for handle in ("grace", "linus"):
        await here.stranger.enter("/accept", **await newcomer(here), **chosen(handle))
    given = {"kind": "closed", "title": "Plans", "alias": "plans", "who": ["grace"]}
    await here.ada.ask("POST", "/rooms", given)
    words = ("send", "#plans", "--url", here.ada.url)
    told = "Not told of this message, since they aren't members of the room: @linus"
    code, out, err = await run(*words, "@linus @grace look")
    assert (code, err) == (0, f"-- {told}\n") and out.strip().isdigit()
    assert (await run(*words, "@grace look"))[2] == ""
    assert (await run(*words, "-q", "@linus look"))[1:] == ("", "")
    async with Pane("chat", here.ada.url, "--room", "#plans") as ada:
        await ada.shows("#plans> ")
        ada.press("@linus look\r")
        await ada.shows(told)


async def test_chat_shows_threads_and_replies_in_them(here: Site) -> None:
    await logged_in(here)
    given = {"kind": "open", "title": "Plans", "alias": "here"}
    room = (await here.ada.ask("POST", "/rooms", given)).body["made"]
    path = f"/rooms/{room}/messages"
    seq = (await here.ada.ask("POST", path, {"text": "Which kettle?"})).body["seq"]
    async with Pane("chat", here.ada.url, "--room", "#here") as chat:
        await chat.shows("#here> ")
        chat.press("/thread\r")
        await chat.shows(f"{seq}  Ada: Which kettle?")
        chat.press(f"/thread {seq}\r")
        await chat.shows("none")
        chat.press(f"/reply {seq} the red one\r")
        await chat.shows(f"Ada replied to Ada's “Which kettle?” (thread {seq})")
        chat.press(f"/thread {seq}\r")
        await chat.shows("Ada: the red one")
        chat.press("/thread\r")
        await chat.shows(f"{seq}  Ada: Which kettle? (1 reply)")
        chat.press(f"/reply {seq}\r")
        await chat.shows("Give the number of a message")
        chat.press("/thread 999\r/reply 999 x\r")
        await chat.shows("Refused (No message 999")
    said = (await here.ada.ask("GET", f"/rooms/{room}:{seq}/messages")).body["messages"]
    assert [each["text"] for each in said] == ["the red one"]


async def newcomer(here: Site) -> dict[str, str]:
    """What whoever accepts an invite has."""
    return {"token": (await here.ada.ask("POST", "/invites", {})).body["token"]}


async def test_a_thread_is_named_by_its_rooms_alias(here: Site) -> None:
    await logged_in(here)
    given = {"kind": "open", "title": "Plans", "alias": "plans", "titles": True}
    room = (await here.ada.ask("POST", "/rooms", given)).body["made"]
    root = {"text": "Which?", "title": "Kettles"}
    seq = (await here.ada.ask("POST", f"/rooms/{room}/messages", root)).body["seq"]
    url, thread = ("--url", here.ada.url), f"#plans:{seq}"
    code, _, err = await run("send", "#plans", "no title", *url)
    assert code != 0 and "This room requires titles" in err
    code, _, err = await run("send", thread, "the red one", *url)
    assert code == 0, err
    async with (
        Pane("chat", here.ada.url, "--room", thread) as chat,
        Pane("tail", thread, *url, "--since", "0") as tail,
    ):
        await chat.shows("Ada: the red one")
        await chat.shows(f"{thread}> ")
        chat.press("or the blue one\r")
        for pane in (chat, tail):
            await pane.shows("Ada: or the blue one")
        await tail.shows("Ada: the red one")
    said = (await here.ada.ask("GET", f"/rooms/{room}:{seq}/messages")).body["messages"]
    assert [each["text"] for each in said] == ["the red one", "or the blue one"]
