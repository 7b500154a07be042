"""`hubbub config show`: every setting that a server here would use, and where it comes from."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from hubbub.server.config import Settings
from hubbub.server.sources import gather, load, shown


def show(
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Path | None,
    *,
    with_origin: bool,
) -> None:
    """Print the settings as TOML, one per line. Raises BadSettings."""
    settings = load(flags, environment, file)
    made = gather(flags, environment, file)
    for name in (field.name for field in fields(settings)):
        origin = made[name][1] if name in made else "default"
        print(_line(settings, name) + (f"  # {origin}" if with_origin else ""))


def _line(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return f"# {name} is not set" if value is None else f"{name} = {shown(value)}"
