"""Look-ups of names that others chose, apart from those of the server itself.

A name that no server answers for keeps its thread for half a minute, and systems and event loops have few threads for look-ups. Here
each has one of its own, so that it holds up neither the way to the database nor the end of the process.
"""

import asyncio
import socket
from concurrent.futures import Future
from errno import EAGAIN, EBUSY
from threading import BoundedSemaphore, Thread

MOST_LOOKUPS = 32

Found = list[tuple[int, str]]  # families and addresses


class Lookups:
    """Looks names up, a bounded number at once."""

    def __init__(self) -> None:
        self._free = BoundedSemaphore(MOST_LOOKUPS)

    async def addresses(self, host: str, family: socket.AddressFamily) -> Found:
        """Return the addresses of a host. Raises OSError, ValueError."""
        if not self._free.acquire(blocking=False):
            raise OSError(EBUSY, "too many names are being looked up")
        found: Future[Found] = Future()
        found.set_running_or_notify_cancel()  # whoever waits may give up; the look-up goes on
        try:
            Thread(target=self._look_up, args=(found, host, family), daemon=True).start()
        except RuntimeError as error:
            self._free.release()
            raise OSError(EAGAIN, "the system has no thread for a look-up") from error
        return await asyncio.wrap_future(found)

    def _look_up(self, found: Future[Found], host: str, family: socket.AddressFamily) -> None:
        try:
            given = socket.getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
            result: Found = [(kind, str(address[0])) for kind, _, _, _, address in given]
        except (OSError, ValueError) as error:
            self._free.release()
            found.set_exception(error)
        else:
            self._free.release()
            found.set_result(result)
