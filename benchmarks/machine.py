"""What the figures were measured on: hardware, kernel, and the versions of everything that took part."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

from benchmarks.generator import HERE
from benchmarks.servers import NPM, nats_program, node_program

PACKAGES = ("hubbub", "aiohttp", "uvloop", "apsw", "websockets", "picows", "socketify")


def describe() -> dict[str, str]:
    """What there is, by name."""
    found = {
        "processor": _first(Path("/proc/cpuinfo"), r"model name\s*: (.+)") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": _memory(),
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
    }
    found |= {name: version for name in PACKAGES if (version := _package(name))}
    found |= {
        "commit": _said(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]),
        "node": _said([node_program() or "node", "--version"]),
        "npm ws": _first(NPM / "node_modules/ws/package.json", r'"version": "(.+)"'),
        "nats-server": _said([nats_program() or "nats-server", "--version"]).rpartition(" ")[2],
        "C compiler": _said(["cc", "--version"]).partition("\n")[0],
    }
    return {name: text for name, text in found.items() if text}


def _memory() -> str:
    kb = _first(Path("/proc/meminfo"), r"MemTotal:\s*(\d+)")
    return f"{int(kb) / 2**20:.0f} GiB" if kb else ""


def _package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _first(path: Path, pattern: str) -> str:
    """What the pattern's group first matches in a file, or nothing."""
    try:
        found = re.search(pattern, path.read_text())
    except OSError:
        return ""
    return found[1] if found else ""


def _said(command: list[str]) -> str:
    """What a command prints, or nothing."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
