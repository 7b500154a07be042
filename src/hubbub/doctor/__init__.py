"""`hubbub doctor`: looks at what may be wrong with a server here, or with the way to one elsewhere."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from hubbub.doctor.findings import tell
from hubbub.doctor.here import examine_here
from hubbub.doctor.there import examine_there


def examine(
    url: str | None, token: str | None, environment: Mapping[str, str], file: Path | None
) -> bool:
    """Print what was found, a line each; whether there is no problem."""
    if url is not None:
        return asyncio.run(_examine_there(url, token))
    problems = [f for f in examine_here(environment, file) if not tell(f)]
    return not problems


async def _examine_there(url: str, token: str | None) -> bool:
    problems = [f async for f in examine_there(url, token) if not tell(f)]
    return not problems
