"""The JavaScript SDK: its own tests in Node.js, the fixtures by which it learns to fold, and the package that programs install."""

import asyncio
import gzip
import json
import os
import re
import tarfile
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

import hubbub
from tests.support import fold_stories
from tests.support.checkout import ROOT
from tests.support.docs import Block, blocks
from tests.support.node import NODE
from tests.support.server import Server

WEB = ROOT / "web"
SDK = WEB / "sdk"
TESTS = sorted((WEB / "tests").glob("*.test.js"))
MOST_BYTES = {
    "hubbub.js": 10 * 1024,
    "me.js": 6_050,
    "files.js": 2_500,
}  # compressed; the others are loaded when `client.me` is opened, and when a file is sent or asked for
NPM = NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
TSC = WEB / "node_modules" / "typescript" / "bin" / "tsc"

ADDRESS = "http://localhost:8181"
EXAMPLES = [
    block
    for page in ("web/sdk/README.md", "docs/reference/javascript.md")
    for block in blocks(page)
    if block.language == "ts"
]
AROUND = """
declare var connect: typeof import("hubbub").connect;
declare var client: import("hubbub").Client;
declare var room: import("hubbub").Room;
declare var banner: HTMLElement;
declare var leaving: AbortController;
declare var show: (what: unknown) => void;
"""


async def _run(*command: str | Path, at: Path = WEB) -> str:
    """Run a program, which must succeed. Returns what it wrote."""
    environment = os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=at, env=environment, stdout=PIPE, stderr=STDOUT
    )
    try:
        written = (await process.communicate())[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, written
    return written


@pytest.mark.skipif(not NODE.exists(), reason="there is no Node.js: make clients")
@pytest.mark.parametrize("path", TESTS, ids=[path.name for path in TESTS])
async def test_the_tests_of_the_sdk_pass(path: Path) -> None:
    written = await _run(NODE, "--test-reporter=tap", path)
    assert re.search(r"^# pass [1-9]", written, re.MULTILINE), written


@pytest.mark.parametrize("story", fold_stories.STORIES, ids=[s.name for s in fold_stories.STORIES])
async def test_the_fixtures_of_the_fold_are_current(story: fold_stories.Story) -> None:
    written = (fold_stories.FOLDER / f"{story.name}.json").read_text()
    assert fold_stories.text_of(await fold_stories.record(story)) == written, "run make fixtures"


def test_no_fixture_is_left_over() -> None:
    names = {path.stem for path in fold_stories.FOLDER.iterdir()}
    assert names == {story.name for story in fold_stories.STORIES}


@pytest.fixture(scope="module")
async def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, packed and installed in a folder of its own, which is returned."""
    if not NPM.is_file() or not TSC.is_file():
        pytest.skip("there is no npm or no tsc: make check")
    folder = tmp_path_factory.mktemp("program")
    written = await _run(NODE, NPM, "pack", "--json", "--pack-destination", folder, at=SDK)
    [packed] = json.loads(written[written.index("[\n") :])
    with tarfile.open(folder / packed["filename"]) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (folder / "node_modules").mkdir()
    (folder / "unpacked" / "package").rename(folder / "node_modules" / "hubbub")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def test_the_package_has_what_it_says_and_nothing_else(installed: Path) -> None:
    package = installed / "node_modules" / "hubbub"
    described = json.loads((package / "package.json").read_text())
    assert (described["name"], described["version"]) == ("hubbub", hubbub.__version__)
    assert "dependencies" not in described
    entry = described["exports"]["."]
    assert (package / entry["types"]).is_file()
    assert (package / entry["default"]).is_file()
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert {path.name for path in package.iterdir()} == {
        *("LICENSE", "README.md", "package.json", "dist"),
    }
    assert {path.suffix for path in (package / "dist").rglob("*.*")} == {".js", ".ts"}


def test_the_sdk_is_small(installed: Path) -> None:
    modules = (installed / "node_modules" / "hubbub" / "dist").glob("*.js")
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in modules}
    assert sizes.keys() == MOST_BYTES.keys()
    assert all(size < MOST_BYTES[name] for name, size in sizes.items()), sizes


async def test_the_examples_fit_the_types(installed: Path) -> None:
    files = {f"example{number}.ts": block.text for number, block in enumerate(EXAMPLES)}
    files["around.d.ts"] = AROUND
    for name, text in files.items():
        (installed / name).write_text(text)
    options = ("--strict", "--noEmit", "--module", "nodenext", "--lib", "es2023,dom", "--types", "")
    await _run(NODE, TSC, *options, *files, at=installed)


@pytest.mark.parametrize(
    "block", [each for each in EXAMPLES if "client.close()" in each.text], ids=str
)
async def test_the_programs_run(block: Block, installed: Path, shared_server: Server) -> None:
    program = installed / f"program{block.line}.ts"
    program.write_text(block.text.replace(ADDRESS, shared_server.url))
    assert await _run(NODE, program, at=installed)
