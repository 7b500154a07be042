"""Runs hubbub's commands to their end, each in a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.nursery import is_read_later, nursery


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
        return await _forked(map(str, words), stdin.encode(), whole)
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


async def _forked(words: Iterable[str], stdin: bytes, environment: Mapping[str, str]) -> Ran:
    theirs, ours = os.pipe()
    forked = await nursery().fork(*words, environment=environment, stdin=theirs, apart=True)
    os.close(theirs)
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(ours, "wb"))
    pipe.write(stdin)
    pipe.write_eof()
    reading = (forked.stdout.read(), forked.stderr.read(), forked.wait())
    out, err, code = await asyncio.gather(*reading)
    pipe.abort()
    return Ran(code, out.decode(), err.decode())
