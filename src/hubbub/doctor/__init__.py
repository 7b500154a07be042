"""`hubbub doctor`: diagnoses this machine, or the connection to a server."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubbub.doctor import here, there
from hubbub.doctor.findings import tell


def examine_here(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None
) -> bool:
    """Diagnose this machine and print each finding. Return whether there is no problem."""
    problems = [f for f in here.examine(flags, environment, file) if not tell(f)]
    return not problems


def examine_there(url: str, token: str | None) -> bool:
    """Diagnose the connection to a server and print each finding. Return whether there is no problem."""

    async def look() -> bool:
        problems = [f async for f in there.examine(url, token) if not tell(f)]
        return not problems

    return asyncio.run(look())
