"""What every test runs under: one uvloop, a time limit, no error unheard, no skipping in CI."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

import pytest
import uvloop
from hypothesis import settings

pytest_plugins = [
    "tests.support.chromium",
    "tests.support.postgres",
    "tests.support.scratch",
    "tests.support.server",
    "tests.support.timeouts",
]

pytest.register_assert_rewrite("tests.support")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


# No deadline: other programs on the machine would break it. In CI, the same examples each time. `make soak` tries many more.
EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "25"))
settings.register_profile("hubbub", deadline=None, derandomize=IN_CI, max_examples=EXAMPLES)
settings.load_profile("hubbub")

# Where bytecode isn't kept, each of the thousand processes that tests start would compile all of hubbub again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No test trusts whom the machine trusts, which each process that imports aiohttp would load: 50 ms. Set before this one does.
os.environ.setdefault("SSL_CERT_FILE", os.devnull)
# Nor is there TLS to a PostgreSQL here, after which each connection would ask: 1 ms.
os.environ.setdefault("PGSSLMODE", "disable")

_unheard: list[dict[str, Any]] = []


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """With `-n auto`, two processes more than there are cores, up to four: many tests wait."""
    return min(4, (yield) + 2)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the server runs on is the one to test on."""
    return {"uvloop": _new_loop}


def _new_loop() -> asyncio.AbstractEventLoop:
    loop = uvloop.new_event_loop()
    loop.set_exception_handler(_hear)
    return loop


def _hear(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Note an error, unless a browser's page was closed while its driver still had an event of it to pass on."""
    task = context.get("task")
    code = getattr(task.get_coro(), "cr_code", None) if isinstance(task, asyncio.Task) else None
    if code is None or "playwright" not in code.co_filename:
        _unheard.append(context)


@pytest.fixture(autouse=True)
def no_error_unheard() -> Generator[None]:
    """Fail the test in which a task or a callback died and nobody was told."""
    _unheard.clear()
    yield
    assert not _unheard


@pytest.fixture(autouse=True, scope="session")
def no_state_of_ours(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """What commands keep between runs is kept elsewhere than at home."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patched.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backwards", action="store_true", help="the last test first: none may need another"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("backwards"):
        items.reverse()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: the garbage collector need not look at it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _forbid_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _forbid_skip(report)


def _forbid_skip(report: Report) -> Report:
    """A missing outside part skips at home, saying so; in CI it would hide that nothing was tested."""
    if IN_CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI, but this was: {report.longrepr}"
    return report
