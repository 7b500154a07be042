"""What a newcomer meets in a fresh checkout: `make serve`, `make example`, and how much they install.

These install packages, so they need a package registry. What pip has cached is not downloaded again.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from urllib.request import urlopen

import pytest

from tests.support.checkout import ROOT, copy_checkout
from tests.support.ports import free_port

MOST_MEGABYTES = 70  # of what serving needs
MOST_TO_BUILD = 110  # of what builds the page, which lists emoji in all languages
BUILDING_TOOLS = {"pip", "setuptools", "hatchling", "editables", "wheel", "packaging"}
ENDS_SECONDS = 30
MOST_SECONDS = 120  # for an example to be installed and to be heard

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout"),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout as they are now, and nothing that was installed in it."""
    return copy_checkout(tmp_path_factory.mktemp("fresh") / "hubbub")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A newcomer's: Python may keep bytecode, no environment is active, and Node.js is too old."""
    old = tmp_path_factory.mktemp("old") / "node"
    old.write_text("#!/bin/sh\necho v18.20.4\n")
    old.chmod(0o755)
    mine = {"PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV", "MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
    if os.environ.get("SSL_CERT_FILE") == os.devnull:
        mine.add("SSL_CERT_FILE")  # a registry is one to be trusted
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    path = f"{old.parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PYTHON": sys._base_executable, "PATH": path}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def served(checkout: Path, environment: dict[str, str]) -> Iterator[tuple[list[str], str]]:
    """What `make serve` prints until the server is ready, and the server's URL."""
    flags = f"--port {free_port()} --data {checkout.parent / 'data'}"
    with subprocess.Popen(
        ["make", "serve", f"ARGS={flags}"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        try:
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if found := re.search(r"ready: +(http://\S+)", line):
                    yield lines, found[1]
                    break
            else:
                pytest.fail("no server:\n" + "\n".join(lines))
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def megabytes(folder: Path) -> int:
    answer = subprocess.run(["du", "-sm", str(folder)], check=True, capture_output=True, text=True)
    return int(answer.stdout.split()[0])


def test_serve_names_each_step_and_each_package(served: tuple[list[str], str]) -> None:
    lines, _ = served
    steps = [line for line in lines if "==>" in line]
    assert "Creating .venv-build" in steps[0]
    assert "Creating .venv " in steps[1]
    assert "Installing Node.js" in steps[2]
    assert "Building the web page" in steps[3]
    assert "Installing hubbub" in steps[4]
    packages = [
        match for line in lines if (match := re.fullmatch(r" +\[ *(\d+)/(\d+)\] (.+)", line))
    ]
    locked = (ROOT / "requirements" / "run.txt").read_text().count("==")
    assert {int(match[2]) for match in packages} == {locked}
    assert int(packages[-1][1]) == locked, "the last line shows that all are dealt with"
    assert [match[3].split()[0] for match in packages][:2] == ["aiohappyeyeballs", "aiohttp"]


def test_what_serving_needs_is_small_and_has_no_building_tools(
    checkout: Path, served: tuple[list[str], str]
) -> None:
    hubbub = str(checkout / ".venv" / "bin" / "hubbub")
    subprocess.run([hubbub, "send", "lobby", "hi", "--url", served[1]], check=True, timeout=30)
    (packages,) = (checkout / ".venv" / "lib").glob("python*/site-packages")
    installed = {path.name.split("-")[0] for path in packages.glob("*.dist-info")}
    assert not installed & BUILDING_TOOLS
    assert not [name for name in BUILDING_TOOLS if (packages / name).exists()]
    assert "hubbub" in installed
    for caches in [*packages.rglob("__pycache__")]:
        shutil.rmtree(caches)
    assert megabytes(checkout / ".venv") < MOST_MEGABYTES


def test_the_page_is_built_once_and_served(
    checkout: Path, environment: dict[str, str], served: tuple[list[str], str]
) -> None:
    with urlopen(served[1]) as response:
        assert response.read() == (checkout / "web" / "dist" / "index.html").read_bytes()
    assert megabytes(checkout / "web" / "node_modules") < MOST_TO_BUILD
    install = ["make", "install"]

    def steps() -> str:
        return subprocess.run(
            install, cwd=checkout, env=environment, check=True, capture_output=True, text=True
        ).stdout

    assert "==>" not in steps()
    (checkout / "web" / "app" / "styles" / "base.css").touch()
    assert re.findall("==> (.+?)\x1b", steps()) == ["Building the web page (web/package-lock.json)"]


@pytest.mark.parametrize("name", ["", "chat.sh", "README.md"])
def test_an_example_that_does_not_exist_is_answered_with_those_that_do(
    checkout: Path, environment: dict[str, str], name: str
) -> None:
    made = subprocess.run(
        ["make", "example", f"RUN={name}"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stdout) == (2, "")
    assert made.stderr.startswith("Choose one: ") and "curl.sh" in made.stderr


@pytest.mark.parametrize(
    "name, most_megabytes", [("curl.sh", 1), ("sdk.py", 5), ("plain.py", 5), ("ws.js", 20)]
)
def test_an_example_installs_no_more_than_it_needs(
    checkout: Path,
    environment: dict[str, str],
    served: tuple[list[str], str],
    name: str,
    most_megabytes: int,
) -> None:
    scheme = "ws" if name in {"plain.py", "ws.js"} else "http"
    url = served[1].replace("http", scheme)
    before = megabytes(checkout)
    with subprocess.Popen(
        ["make", "example", f"RUN={name}", f"ARGS={url}"],
        cwd=checkout,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        late = Timer(MOST_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
        late.start()
        try:
            if name == "curl.sh":  # its stream tells only of what is posted after it has opened
                assert process.stdout.readline().startswith("id: ")
            process.stdin.write(f"said by {name}\n")
            process.stdin.flush()
            assert any(f"said by {name}" in line for line in process.stdout)
        finally:
            late.cancel()
            process.stdin.close()
            os.killpg(process.pid, signal.SIGTERM)
    assert megabytes(checkout) - before <= most_megabytes
