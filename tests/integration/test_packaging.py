"""What is installed from a wheel is what is in the checkout."""

from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.support.server import Server

ROOT = Path(__file__).parents[2]


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
    page = {"hubbub" / path.relative_to(ROOT) for path in _files(ROOT / "web")}
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
        assert await response.text() == (ROOT / "web" / "index.html").read_text()


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}
