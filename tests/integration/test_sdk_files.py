"""Files with the Python SDK and from the command line: sent over links that break, shown, and saved."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

import hubbub
from hubbub.client import transfers
from hubbub.client.wire.backoff import Backoff
from hubbub.terminal import saving
from tests.support.commands import Ran
from tests.support.commands import hubbub as command
from tests.support.ports import free_port
from tests.support.site import Site, site

NOISE = hashlib.shake_256(b"noise").digest(700_000)


class Here(NamedTuple):
    made: Site
    room: str
    data: Path
    client: hubbub.Client


@pytest.fixture(scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Here]:
    data = tmp_path_factory.mktemp("sdk-files")
    async with site(data, max_file_size=1_000_000) as made:
        room = (await made.ada.ask("POST", "/rooms", {"kind": "closed", "title": "x"})).body["made"]
        async with hubbub.connect(made.ada.url, token=made.ada.token) as client:
            yield Here(made, room, data, client)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next", lambda *_: 0.01)


async def test_a_file_arrives_whole_over_a_link_that_breaks(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "plan.png", tmp_path / "saved.png"
    source.write_bytes(NOISE)
    whole, sent = transfers._Sending._pieces, 0

    async def breaking(self: Any) -> AsyncIterator[bytes]:
        nonlocal sent
        async for data in whole(self):
            sent += 1
            if sent <= 3:
                yield data
                raise aiohttp.ClientConnectionError
            yield data

    monkeypatch.setattr(transfers._Sending, "_pieces", breaking)
    monkeypatch.setattr(transfers, "ATTEMPTS", 10_000)  # the server is busy until it sees the break
    told: list[tuple[int, int]] = []
    file = await here.client.upload(source, on_progress=lambda *now: told.append(now))
    assert (told[0], told[-1]) == ((0, len(NOISE)), (len(NOISE), len(NOISE)))
    assert (file.name, file.size) == ("plan.png", len(NOISE))
    assert file.sha256 == hashlib.sha256(NOISE).hexdigest()
    assert sent >= 3  # the last of these may have been all that was missing
    posted = await here.client.post(here.room, "The plan", files=[file])
    [message] = (await here.client.history(here.room, limit=1)).messages
    assert message.seq == posted.seq and message.files
    assert [shown.file for shown in message.files] == [file.file]
    await here.client.download(file.file, target)
    assert target.read_bytes() == NOISE
    with pytest.raises(FileExistsError):
        await here.client.download(file.file, target)
    longest = tmp_path / ("x" * 255)
    await here.client.download(file.file, longest)
    assert longest.read_bytes() == NOISE
    assert names_in(tmp_path) == ["plan.png", "saved.png", longest.name]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_what_is_refused_or_damaged_is_not_saved(here: Here, tmp_path: Path) -> None:
    with pytest.raises(hubbub.Refused, match="too_large"):
        await here.client.upload(b"x" * 1_000_001)
    with pytest.raises(FileNotFoundError):
        await here.client.upload(tmp_path / "nothing")
    file = await here.client.upload(b"hello", name="a.txt")
    with pytest.raises(hubbub.Refused, match="not_found"):
        await here.client.download(file.file, tmp_path / "a")
    room = await here.client.follow(here.room)
    await room.post("", files=[file.file])
    await room.unfollow()
    next((here.data / "files").rglob(file.file)).write_bytes(b"hullo")
    with pytest.raises(hubbub.Unreachable, match="not what was uploaded"):
        await here.client.download(file.file, tmp_path / "a")
    away = hubbub.Client(f"http://127.0.0.1:{free_port()}", token="x")
    with pytest.raises(hubbub.Unreachable):
        await away.upload(b"x")
    assert names_in(tmp_path) == []


async def test_files_are_sent_from_the_command_line(here: Here, tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(NOISE)
    url, token = here.made.ada.url, here.made.ada.token

    async def send(*more: str | Path) -> Ran:
        return await command("send", here.room, "--url", url, *more, HUBBUB_TOKEN=token)

    for words in (["the map"], ["--alt", "A way"]):
        assert (await send(*words, "--file", tmp_path / "map.png")).code == 0
    with_text, without = (await here.client.history(here.room, limit=2)).messages
    for message, text in ((with_text, "the map"), (without, "")):
        assert message.files is not None
        assert (message.text, [file.name for file in message.files]) == (text, ["map.png"])
        assert [file.alt for file in message.files] == ["" if text else "A way"]
    room = await here.client.follow(here.room)
    assert without.files
    await room.edit(without.seq, "", alts={without.files[0].file: "The way home"})
    await room.unfollow()
    [edited] = (await here.client.history(here.room, limit=1)).messages
    assert edited.files and edited.files[0].alt == "The way home"
    assert (await send("--alt", "A way", "hi")).err.startswith("hubbub: Too many --alt")
    many = [word for _ in range(11) for word in ("--file", tmp_path / "map.png")]
    ran = await send(*many)
    assert (ran.code, "at most 10" in ran.err) == (2, True), ran
    for missing, code, why in (("nothing", 2, "No such file"), ("large", 3, "too_large")):
        (tmp_path / "large").write_bytes(b"x" * 1_000_001)
        ran = await send("--file", tmp_path / missing)
        assert (ran.code, why in ran.err) == (code, True), ran


async def test_chat_saves_the_files_of_a_message(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = await here.client.upload(NOISE, name="../x.bin")
    seq = (await here.client.post(here.room, "", files=[file])).seq
    said: list[str] = []
    for asked in (f"/save {seq}", f"/save {seq}", "/save x", f"/save {seq + 1}", "/save"):
        await saving.save(here.client, here.room, asked, said.append)
    which = "Which message? For example: /save 42"
    assert said == [
        *("Saved x.bin", "Saved x (2).bin", which),
        *(f"Message {seq + 1} has no files", which),
    ]
    assert names_in(tmp_path) == ["x (2).bin", "x.bin"]
    assert (tmp_path / "x.bin").read_bytes() == NOISE
