"""Runs hubbub's commands to their end, each in a process of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.support.nursery import is_read_later, nursery


class Ran(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str


async def hubbub(
    *words: str | Path, prepare: Callable[[], object] | None = None, **environment: str
) -> Ran:
    """Run `hubbub WORDS`, with something added to the environment and nothing to read.

    The nursery forks it, unless a fresh process needs it: to call `prepare` first, or for what is read at import.
    """
    whole = os.environ | environment
    if prepare is None and is_read_later(environment):
        with open(os.devnull) as nothing:  # noqa: ASYNC230 - that takes no time
            forked = await nursery().fork(
                *map(str, words), environment=whole, stdin=nothing.fileno(), apart=True
            )
        reading = (forked.stdout.read(), forked.stderr.read(), forked.wait())
        out, err, code = await asyncio.gather(*reading)
        return Ran(code, out.decode(), err.decode())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hubbub", *map(str, words)),
        env=whole,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=prepare,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())
