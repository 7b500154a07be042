"""`/metrics` as Prometheus reads it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.native import native
from tests.support.server import Server


async def figures(url: str) -> dict[str, float]:
    """Each sample by its name, and its label if it has one."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        families = text_string_to_metric_families(await answer.text())
        return {
            " ".join([sample.name, *sample.labels.values()]): sample.value
            for family in families
            for sample in family.samples
        }


async def test_what_happens_is_counted(server: Server) -> None:
    before = await figures(server.url)
    assert before["hubbub_connections native"] == before["hubbub_connections plain"] == 0
    async with (
        aiohttp.ClientSession() as http,
        native(server.port, "ada") as ada,
        http.ws_connect(f"ws://127.0.0.1:{server.port}/") as plain,
    ):
        for room in ("lobby", "kitchen"):
            await ada.ask("join", room=room)
            await ada.ask("post", room=room, text="hi")
        assert await plain.receive_str(timeout=30) == "hi"
        for _ in range(3):
            async with http.get(f"{server.url}/api/v1/rooms/a%20b") as answer:
                assert answer.status == 400
        now = await figures(server.url)
    assert now["hubbub_connections native"] == now["hubbub_connections plain"] == 1
    assert (now["hubbub_cursors_live"], now["hubbub_rooms_followed"]) == (3, 2)
    new = {name: value - before[name] for name, value in now.items() if "commit" in name}
    assert new["hubbub_commit_changes_sum"] == 2
    assert new["hubbub_commit_seconds_count"] == new["hubbub_commit_changes_count"] == 2
    assert 0 < now["hubbub_commit_seconds_sum"] < 5
    assert now["hubbub_refusals_total bad_request"] == 3
    assert now["hubbub_waiting_changes"] == now["hubbub_queued_bytes"] == 0
    assert now["hubbub_loop_lag_seconds_count"] >= 0


SIGNS_OF_A_PROXY = {
    "X-Forwarded-For": "127.0.0.1",
    "x-forwarded-proto": "https",
    "Forwarded": "for=127.0.0.1",
    "Via": "1.1 proxy",
    "X-Real-IP": "127.0.0.1",
    "Host": "chat.example.org",
}


@pytest.fixture(scope="module")
async def behind_a_proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    flags = ("--public-url", "http://chat.example.org", "--trusted-proxy", "127.0.0.1")
    async with Server(tmp_path_factory.mktemp("proxied") / "data", *flags) as server:
        yield server


@pytest.mark.parametrize("header", SIGNS_OF_A_PROXY)
async def test_metrics_are_not_shown_through_a_proxy(behind_a_proxy: Server, header: str) -> None:
    url, headers = f"{behind_a_proxy.url}/metrics", {header: SIGNS_OF_A_PROXY[header]}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        assert answer.status == 404
        hidden = await answer.text()
        async with http.get(f"{behind_a_proxy.url}/nothing") as absent:
            assert hidden == await absent.text()


async def test_metrics_are_not_shown_over_http_1_0(behind_a_proxy: Server) -> None:
    """Most proxies without any settings use it, and tell nothing else of who asked them."""
    async with (
        aiohttp.ClientSession(version=aiohttp.HttpVersion10) as http,
        http.get(f"{behind_a_proxy.url}/metrics") as answer,
    ):
        assert answer.status == 404


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8181", "[::1]:8181"])
async def test_metrics_are_shown_to_this_machine(behind_a_proxy: Server, host: str) -> None:
    url, headers = f"{behind_a_proxy.url}/metrics", {"Host": host}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
        assert answer.status == 200
