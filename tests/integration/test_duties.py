"""Whatever a server does by itself may fail: it goes on, and says so."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hubbub.server import app, duties
from hubbub.server.config import Settings
from hubbub.server.duties import Duty
from hubbub.server.people.outside import keys
from hubbub.server.stores.base import LogsReplaced
from tests.integration.test_metrics import figures
from tests.support.postgres import Postgres


class Failing:
    """The duties of a server, each of which fails once, with whatever is planned, and is then left undone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: Exception = ZeroDivisionError("secret")
        self.names: set[str] = set()
        self.gone_on: set[str] = set()
        self.all_went_on = asyncio.Event()
        self._assemble = app._assembled
        monkeypatch.setattr(app, "_assembled", self._assembled)

    async def _assembled(self, *given: Any) -> app.Assembled:
        parts = await self._assemble(*given)
        self.names = {duty.name for duty in parts.duties}
        assert len(self.names) == len(parts.duties)
        return parts._replace(duties=tuple(map(self._failing, parts.duties)))

    def _failing(self, duty: Duty) -> Duty:
        has_failed = False

        async def act() -> None:
            nonlocal has_failed
            if not has_failed:
                has_failed = True
                raise self.error
            self.gone_on.add(duty.name)
            if self.gone_on == self.names:
                self.all_went_on.set()
            await asyncio.Event().wait()

        return duty._replace(act=act, every=0.0)


@pytest.fixture
async def settings(postgres: Postgres, tmp_path: Path) -> Settings:
    """With every duty that there can be."""
    return Settings(
        port=0,
        data=tmp_path,
        store=await postgres.fresh(),
        broker="nats://127.0.0.1:1",
        jwt_jwks_url="http://127.0.0.1:1/",
        link_previews="all",
        edits="last",
    )


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    async def fetch(_: str) -> bytes:
        return b""

    monkeypatch.setattr(keys, "fetch", fetch)
    monkeypatch.setattr(keys, "keys_from_jwks", lambda _: [])
    monkeypatch.setattr(duties, "FIRST_SECONDS", 0.01)
    return Failing(monkeypatch)


async def test_whichever_duty_fails_the_server_goes_on_and_so_does_the_duty(
    failing: Failing, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with app.running(settings) as server:
        async with asyncio.timeout(30):
            await failing.all_went_on.wait()
        assert not server.broken.done()
        now = await figures(f"http://127.0.0.1:{server.port}")
        counted = {name: now[f"hubbub_failures_total {name}"] for name in failing.names}
        assert counted == dict.fromkeys(failing.names, 1.0)
        assert len(failing.names) > 15
    said = [each.getMessage() for each in caplog.records if "trying again" in each.getMessage()]
    assert len(said) == len(set(said)) == len(failing.names)
    assert "secret" not in caplog.text


async def test_once_nothing_can_be_trusted_any_more_the_server_ends(
    failing: Failing, settings: Settings
) -> None:
    failing.error = LogsReplaced("the logs were replaced")
    with pytest.raises(LogsReplaced):
        async with app.running(settings) as server:
            await asyncio.wait_for(server.broken, 30)
