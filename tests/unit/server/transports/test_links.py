import asyncio

import pytest

from hubbub.protocol.errors import Close
from hubbub.protocol.messages import Closing
from hubbub.server.engine.outlet import Outlet
from hubbub.server.transports.base import HEARTBEAT, Links
from tests.support.fakes import settle, timeless


class FakeLink:
    """A link that notes what is asked of it, and may answer pings and go when asked to."""

    outlet: Outlet
    hears = True

    def __init__(self, links: Links, answers: bool = True, goes: bool = True) -> None:
        self.was_heard = True
        self.seen: list[object] = []
        self._links = links
        self._answers = answers
        self._goes = goes
        links.add(self)

    def ping(self) -> None:
        self.seen.append("ping")
        self.was_heard = self._answers

    def hang_up(self, code: Close) -> None:
        self.seen.append(code)
        self._go()

    def stop(self, notice: Closing) -> None:
        self.seen.append(notice)
        self._go()

    def _go(self) -> None:
        if self._goes:
            asyncio.get_running_loop().call_later(0.5, self._links.discard, self)


async def beats(links: Links, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        await asyncio.sleep(1)
        links.beat(loop.time())


@timeless
async def test_a_link_that_answers_pings_stays() -> None:
    links = Links()
    link = FakeLink(links)
    await beats(links, 10 * HEARTBEAT)
    assert link.seen == ["ping"] * 10
    assert len(links) == 1


@timeless
async def test_a_link_that_stays_silent_is_pinged_once_and_then_closed() -> None:
    links = Links()
    link = FakeLink(links, answers=False)
    await beats(links, HEARTBEAT - 1)
    assert link.seen == []
    await beats(links, 1)
    assert link.seen == ["ping"]
    await beats(links, HEARTBEAT - 1)
    assert link.seen == ["ping"]
    await beats(links, 2)
    assert link.seen == ["ping", Close.TIMED_OUT]
    assert len(links) == 0


@timeless
async def test_a_sign_of_life_in_time_is_enough() -> None:
    links = Links()
    link = FakeLink(links, answers=False)
    for _ in range(5):
        await beats(links, HEARTBEAT)
        link.was_heard = True
    assert link.seen == ["ping"] * 5


@timeless
async def test_a_link_that_is_gone_is_left_alone() -> None:
    links = Links()
    link = FakeLink(links)
    links.discard(link)
    links.discard(link)
    await beats(links, 3 * HEARTBEAT)
    assert link.seen == []


@timeless
async def test_at_the_end_all_are_told_and_waited_for() -> None:
    links = Links()
    several = [FakeLink(links) for _ in range(3)]
    stopping = asyncio.create_task(links.stop(lambda count: Closing(str(count), 0.0), 5.0))
    await settle()
    assert [link.seen for link in several] == [[Closing("3", 0.0)]] * 3
    assert not stopping.done()
    await stopping
    assert len(links) == 0
    assert asyncio.get_running_loop().time() < 1.0


@timeless
async def test_who_does_not_go_is_not_waited_for_forever() -> None:
    links = Links()
    FakeLink(links, goes=False)
    FakeLink(links)
    await links.stop(lambda _: Closing("", 0.0), 5.0)
    assert len(links) == 1
    assert 4.9 < asyncio.get_running_loop().time() < 5.1


@timeless
async def test_with_nobody_there_the_end_comes_at_once() -> None:
    links = Links()
    links.discard(FakeLink(links))
    await links.stop(lambda _: Closing("", 0.0), 5.0)
    assert asyncio.get_running_loop().time() < 0.1


@timeless
async def test_it_is_known_how_long_ago_a_link_was_heard_at_most() -> None:
    links = Links()
    one, other = FakeLink(links), FakeLink(links, answers=False)
    await beats(links, HEARTBEAT)  # both are pinged, and one answers
    await asyncio.sleep(4)
    links.discard(other)
    other.was_heard = False
    assert links.heard_since(one) == pytest.approx(4)
    assert links.heard_since(other) is None
    one.was_heard = False
    assert links.heard_since(one) == pytest.approx(4 + HEARTBEAT)
    one.hears = False
    assert links.heard_since(one) is None
