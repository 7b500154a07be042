"""Files as programs name them: what was uploaded, and where files go and come from."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from hubbub.client.wire.address import page_url


class UploadedFile(msgspec.Struct, frozen=True):
    """A file on the server, to be posted within 24 hours.

    Attributes:
        file: its key.
        name: what it is called: the safe form of the name that was given.
        type: its media type, by its first bytes.
        size: in bytes.
        sha256: of its content, in hexadecimal digits.
    """

    file: str
    name: str
    type: str
    size: int
    sha256: str


class FilePlace(NamedTuple):
    """The server, what proves who asks, and random numbers from 0 to 1 for the waits between attempts."""

    address: str
    token: str | None
    draw: Callable[[], float]

    def url(self, path: str) -> str:
        """Return where something is."""
        return page_url(self.address, path)


OnProgress = Callable[[int, int], None]  # gets the bytes sent so far, and all


def keys_of(files: Iterable[UploadedFile | str] | None) -> list[str] | None:
    """Return the keys of files; None without any."""
    return [file if isinstance(file, str) else file.file for file in files or ()] or None
