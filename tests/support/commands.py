"""Runs hubbub's commands to their end, each in a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.nursery import is_read_later, nursery, pipe

# Which stream is closed, a device, or a pipe that nobody reads.
REDIRECTIONS = {
    **{"<&-": (0, ""), ">&-": (1, ""), "2>&-": (2, "")},
    **{"</dev/null": (0, "null"), ">/dev/full": (1, "full"), "2>/dev/full": (2, "full")},
    "| true": (1, "| true"),
}


class Ran(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str


async def hubbub(
    *words: str | Path,
    stdin: str = "",
    prepare: Callable[[], object] | None = None,
    **environment: str,
) -> Ran:
    """Run `hubbub WORDS` with something to read, and something added to the environment.

    The nursery forks it, unless a fresh process needs it: to call `prepare` first, or for what is read at import.
    """
    whole = os.environ | environment
    if prepare is None and is_read_later(environment):
        return await forked(map(str, words), stdin.encode(), whole)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", *map(str, words)),
        env=whole,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=prepare,
    )
    out, err = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


async def forked(
    words: Iterable[str],
    stdin: bytes,
    environment: Mapping[str, str],
    redirections: Iterable[str] = (),
) -> Ran:
    """Run it by the nursery, with streams as a shell would redirect them."""
    theirs, ours = os.pipe()
    stdout, output = await pipe()
    stderr, errors = await pipe()
    given = {name: os.open(f"/dev/{name}", os.O_RDWR) for name in ("null", "full")}
    unread, given["| true"] = os.pipe()
    os.close(unread)
    streams: list[int | None] = [theirs, output, errors]
    for each in redirections:
        number, what = REDIRECTIONS[each]
        streams[number] = given.get(what)
    child = await nursery().fork_with(*words, environment=environment, streams=streams)
    for fd in (theirs, output, errors, *given.values()):
        os.close(fd)
    loop = asyncio.get_running_loop()
    writing, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(ours, "wb"))
    writing.write(stdin)
    writing.write_eof()
    out, err, code = await asyncio.gather(stdout.read(), stderr.read(), child.wait())
    writing.abort()
    return Ran(code, out.decode(), err.decode())
