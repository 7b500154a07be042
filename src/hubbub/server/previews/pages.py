"""Fetches what pages say of themselves: rarely, a few at once, and only from where requests may go that others name."""

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from hubbub.events import LinkPreview
from hubbub.protocol.messages import LONGEST_URL
from hubbub.server.mistakes import place_of
from hubbub.server.people.outside.outgoing import CannotReach, Fetched, NotAllowed, ask
from hubbub.server.people.outside.reachable import Reachable
from hubbub.server.people.rates import Rates
from hubbub.server.previews.page import preview_of

FETCH_SECONDS = 8.0  # for everything that it takes to fetch one page
AT_ONCE = 8
MOST_REDIRECTS = 3
PERSON_PER_SECOND, PERSON_AT_ONCE = 0.2, 20.0  # links
SLOW_SECONDS, SLOW_COSTS = 2.0, 5.0  # a link that takes longer, or fails, counts as so many
HOST_PER_SECOND, HOST_AT_ONCE = 1.0, 10.0  # to one host
ALL_PER_SECOND, ALL_AT_ONCE = 5.0, 100.0

HEADERS = {
    "Accept": "text/html, application/xhtml+xml",
    "User-Agent": "Mozilla/5.0 (compatible; hubbub; link preview)",
}
_TYPES = ("text/html", "application/xhtml+xml")
_REDIRECTS = (301, 302, 303, 307, 308)

log = logging.getLogger(__name__)


class Pages:
    """Previews of pages by their addresses. What was fetched is not remembered: it would outlive its message."""

    def __init__(
        self,
        reach: Reachable,
        own: str,
        now: Callable[[], float],
        counted: Callable[[str], object],
    ) -> None:
        """`own` is the address of this server, of which there is no preview. `now` gives seconds of a monotonic clock.

        `counted` is told what became of each link.
        """
        self._counted = counted
        self._reach = reach
        self._own = urlsplit(own).hostname
        self._now = now
        self._free = asyncio.Semaphore(AT_ONCE)
        self._people = Rates(PERSON_PER_SECOND, PERSON_AT_ONCE)
        self._hosts = Rates(HOST_PER_SECOND, HOST_AT_ONCE)
        self._all = Rates(ALL_PER_SECOND, ALL_AT_ONCE)

    async def preview(self, url: str, who: str) -> LinkPreview | None:
        """Return the preview of a link that somebody posted, or None: it has none, can't be fetched, or it is too early for it."""
        if not self._is_wanted(url):
            return None
        if self._is_too_early(url, who):
            self._counted("too_early")
            return None
        async with self._free:
            began = self._now()
            preview, outcome = await self._fetched(url)
        now = self._now()
        if outcome == "failed" or now - began > SLOW_SECONDS:
            self._people.owe(who, now, SLOW_COSTS - 1)
        self._counted(outcome)
        return preview

    def forget(self) -> None:
        """Forget who has not posted a link for a while."""
        for rates in (self._people, self._hosts, self._all):
            rates.sweep(self._now())

    def _is_wanted(self, url: str) -> bool:
        """Whether this is an address of another server, without a password."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        return bool(host) and host != self._own and parts.username is None

    def _is_too_early(self, url: str, who: str) -> bool:
        now = self._now()
        host = urlsplit(url).hostname or ""
        asked = (self._people, who), (self._hosts, host), (self._all, "")
        return any(rates.wait(key, now) for rates, key in asked)

    async def _fetched(self, url: str) -> tuple[LinkPreview | None, str]:
        """Return the preview of a link, and what became of it."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._tried(url)
        except NotAllowed:
            return None, "not_allowed"
        except (CannotReach, TimeoutError):
            return None, "failed"
        except Exception as error:  # whatever Python's parsers make of a foreign page
            log.warning("Can't read a page that is linked to: %s", place_of(error))
            return None, "failed"

    async def _tried(self, url: str) -> tuple[LinkPreview | None, str]:
        """Fetch a page, once more if its server failed. Raises CannotReach."""
        answer = await self._followed(url)
        if answer.status >= 500:
            answer = await self._followed(url)
        kind = answer.headers.get("Content-Type", "")
        is_page = kind.partition(";")[0].strip().lower() in _TYPES
        is_plain = "Content-Encoding" not in answer.headers  # none was asked for
        if answer.status != 200:
            return None, "failed"
        preview = await preview_of(url, answer.body, kind) if is_page and is_plain else None
        return preview, "found" if preview else "none"

    async def _followed(self, url: str) -> Fetched:
        """Fetch a page where it is by now. Each step is checked as the first. Raises CannotReach."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = await ask(url, headers=HEADERS, within=self._reach, only_beginning=True)
            if answer.status not in _REDIRECTS:
                return answer
            url = _next(url, answer.headers.get("Location", ""))
            if not self._is_wanted(url):
                raise NotAllowed("Redirected to an address that may not be fetched")
        raise CannotReach("Too many redirects")


def _next(url: str, location: str) -> str:
    """Return where a redirect leads. Raises CannotReach."""
    try:
        there = urljoin(url, location)
    except ValueError as error:
        raise CannotReach(f"Malformed redirect: {error}") from error
    is_downgrade = url.lower().startswith("https:") and not there.lower().startswith("https:")
    if (
        is_downgrade
        or len(there) > 2 * LONGEST_URL
        or urlsplit(there).scheme not in ("http", "https")
    ):
        raise NotAllowed("Redirected to an address that may not be fetched")
    return there
