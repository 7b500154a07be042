"""Fixtures for tests in a real browser: the system's Chromium, driven by Playwright's async API.

`browser` is started once a run; it shares the one event loop with servers and tests. `page` is a
fresh, empty profile each time, and fails its test if the page threw an exception.
"""

import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

# As long as Playwright waits for what it is to do.
expect.set_options(timeout=30_000)

_NAMES = [
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable"),
]

# The popups of the address bar, which nobody sees: for each page, they would be two more in a process of their own, and
# take more time than the page. Chromium heeds only the last such list, so Playwright's is repeated.
_TURNED_OFF = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
    # A page that a test itself serves has no network address, so Chromium wouldn't let it reach this machine by WebSocket.
    *("LocalNetworkAccessChecks", "LocalNetworkAccessChecksWebSockets"),
)

_FLAGS = [
    f"--disable-features={','.join(_TURNED_OFF)}",
    "--disable-gpu",
    # No page lives long enough to earn back what optimizing its code costs, or collecting garbage from the start.
    "--js-flags=--no-opt,--no-maglev,--min-semi-space-size=16",
    # Nothing leaves this machine: what a fresh Chromium would like to fetch, it can't have.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Another site, and a machine of the same network by its name: both are this machine all the same.
    "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP hubbub.lan 127.0.0.1",
]


# Pages of these profiles keep no copy of their files, or do. Doing so is a fifth of what opening a page costs.
NO_WORKER: Final = {"service_workers": "block"}
WITH_WORKER: Final = {"service_workers": "allow"}
NO_WORKER_SAID: Final = "Service Worker registration blocked"


def chromium_path() -> str | None:
    """The system's Chromium or Chrome, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """A running Chromium, without a window, that does not notice which networks other tests make."""
    path = chromium_path()
    if path is None:
        pytest.skip("there is no Chromium: make chromium, as root")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_deaf(path, tmp_path_factory.mktemp("chromium") / "deaf"),
            args=_FLAGS,
            # Its sandbox doesn't work for root.
            chromium_sandbox=os.geteuid() != 0,
        )
        yield browser
        await browser.close()


def _deaf(path: str, script: Path) -> Path:
    """A program that starts this one deaf."""
    command = shlex.join([sys.executable, str(Path(__file__).with_name("deaf.py")), path])
    script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    script.chmod(0o700)
    return script


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in a profile of its own, without a service worker."""
    thrown: list[str] = []
    async with await browser.new_context(service_workers="block") as context:
        page = await context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        yield page
    assert not thrown, f"the page threw: {thrown}"
