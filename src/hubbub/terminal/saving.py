"""Saves the files of messages from `hubbub chat`, in the folder that it runs in."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from hubbub.client import Client, Refused, Unreachable
from hubbub.protocol.files import name_of
from hubbub.terminal.text import visible

COMMANDS = {"/save": "with the number of a message, save its files in the current folder"}
MOST = 18  # digits of a number


async def save(client: Client, room: str, line: str, remark: Callable[[str], None]) -> None:
    """Do what `/save NUMBER` says, and tell what was saved, or why not."""
    _, _, number = line.partition(" ")
    number = number.strip()
    if not (number.isascii() and number.isdigit() and len(number) <= MOST):
        remark("Which message? For example: /save 42")
        return
    try:
        messages = (await client.history(room, before=int(number) + 1, limit=1)).messages
        files = [file for each in messages if each.seq == int(number) for file in each.files or ()]
        for file in files:
            target = next(_free(Path.cwd() / name_of(file.name)))
            await client.download(file.file, target)
            remark(f"Saved {visible(target.name)}")
    except (Refused, Unreachable, OSError) as error:
        remark(f"Can't save: {error}")
        return
    if not files:
        remark(f"Message {number} has no files")


def _free(target: Path) -> Iterator[Path]:
    """Yield names like this one that nothing has: `plan.png`, `plan (2).png` …"""
    if not target.exists():
        yield target
    for n in count(2):
        other = target.with_name(f"{target.stem} ({n}){target.suffix}")
        if not other.exists():
            yield other
