"""One rule for whatever must go on as long as the server runs, also when it fails.

What a duty expects, such as a database that is away, is logged once, and again when it is over. What nobody foresaw is logged each
time and counted; the duty goes on after a while, which gets longer. The server ends only when nothing that it knows can be
trusted any more, or when a duty without which it isn't secure keeps failing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from hubbub.doubling import doubled
from hubbub.server.mistakes import place_of
from hubbub.server.stores.base import LogsReplaced, StoreFailed

FIRST_SECONDS, MOST_SECONDS = 1.0, 60.0  # to wait after an unexpected failure

log = logging.getLogger(__name__)


class DutyFailed(Exception):
    """A duty without which the server isn't secure has failed too often. The message says which, and where."""


class Duty(NamedTuple):
    """Something to do again and again, or an act that goes on as long as the server does.

    Attributes:
        name: for metrics.
        does: what it does, for people: it completes a sentence after "can't".
        every: seconds from the end of one act to the next.
        most: seconds to wait after unexpected failures, at most; never less than `every`.
        tries: the unexpected failures in a row after which the server must end; 0 if it can do without.
    """

    name: str
    does: str
    act: Callable[[], Awaitable[object]]
    every: float = 0.0
    at_once: bool = False
    most: float = MOST_SECONDS
    tries: int = 0


async def keep_at(duty: Duty, failed: Callable[[str], object]) -> None:
    """Carry out a duty without end. `failed` gets its name at each unexpected failure. Raises LogsReplaced, DutyFailed."""
    now = asyncio.get_running_loop().time
    is_hindered, failures = False, 0
    if not duty.at_once:
        await asyncio.sleep(duty.every)
    while True:
        began, wait = now(), duty.every
        try:
            await duty.act()
        except LogsReplaced:
            raise
        except StoreFailed as error:
            if not is_hindered:
                log.warning("Can't %s: %s", duty.does, error)
            is_hindered = True
        except Exception as error:  # a mistake, which must not end the server
            failed(duty.name)
            failures = 1 if now() - began > MOST_SECONDS else failures + 1
            wait = max(wait, doubled(FIRST_SECONDS, failures - 1, duty.most))
            place = place_of(error)
            if failures == duty.tries:
                raise DutyFailed(f"Can't {duty.does}, in {failures} tries: {place}") from None
            log.error("Can't %s; trying again in %g s: %s", duty.does, wait, place)
        else:
            if is_hindered or failures:
                log.warning("Recovered: can %s again", duty.does)
            is_hindered, failures = False, 0
        await asyncio.sleep(wait)
