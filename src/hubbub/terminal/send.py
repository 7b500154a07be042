"""`hubbub send`: post messages one at a time and print their acknowledgements."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from hubbub.client import Acknowledgement, Client, Unreachable, UploadedFile
from hubbub.terminal.remarks import about_unreached, remark_on
from hubbub.terminal.run import beside, run
from hubbub.terminal.stdin import read_stdin
from hubbub.terminal.text import visible, visible_json

MAX_PREFIX = 50  # of the 64 characters of an id, which leaves room for any line number


class SendOutput(NamedTuple):
    """Prints acknowledgements, as JSON or only their seq, to standard output, and remarks to standard error."""

    as_json: bool = False
    quiet: bool = False

    def tell(self, answer: Acknowledgement) -> None:
        """Print one acknowledgement, and whom the message did not reach."""
        if not self.quiet:
            encoded = msgspec.json.encode(answer).decode()
            print(visible_json(encoded, sys.stdout.encoding) if self.as_json else answer.seq)
            sys.stdout.flush()
        if answer.unreached:
            self.remark(about_unreached(answer.unreached))

    def progress(self, file: Path) -> Callable[[int, int], None] | None:
        """Return what tells people at a terminal how far the upload of a file is."""
        if self.quiet or not sys.stderr.isatty():
            return None
        said = -1

        def tell(sent: int, size: int) -> None:
            nonlocal said
            percent = 100 * sent // size if size else 100
            if percent != said:
                said = percent
                end = "\n" if sent >= size else ""
                print(
                    f"\r-- {visible(file.name)}: {percent} %", end=end, file=sys.stderr, flush=True
                )

        return tell

    def remark(self, text: str) -> None:
        """Print a remark about the connection or a message."""
        if not self.quiet:
            print(f"-- {visible(text)}", file=sys.stderr, flush=True)


@dataclass
class _Progress:
    """How far the lines of standard input have been posted."""

    line: int = 0
    acknowledged: int = 0
    duplicates: int = 0
    is_waiting: bool = False  # for the acknowledgement of `line`

    def read_line(self) -> None:
        """Another line was read."""
        self.line += 1

    def post(self) -> None:
        """The line is on its way."""
        self.is_waiting = True

    def acknowledge(self, answer: Acknowledgement) -> None:
        """The line was posted, now or before."""
        self.is_waiting = False
        self.acknowledged += 1
        self.duplicates += answer.duplicate

    def __str__(self) -> str:
        if not self.is_waiting:
            return f"Stopped after line {self.line}; messages acknowledged: {self.acknowledged}"
        where = f"Stopped at line {self.line}, which was not acknowledged"
        return f"{where}; messages acknowledged before it: {self.acknowledged}"


def send(
    client: Client,
    room: str,
    text: str,
    *,
    files: Sequence[tuple[Path, str]] = (),
    client_message_id: str | None,
    timeout: float | None,
    form: SendOutput,
) -> None:
    """Post one message, after uploading its files, each with its alt text, however long that takes.

    Raises:
        OSError: a file can't be read.
        Refused: the server refused it.
        Unreachable: it was not acknowledged within `timeout` seconds. It may or may not have been posted.
        Closed, Unknown: the client was closed for good.
    """

    async def post() -> None:
        uploaded = [
            (await client.upload(file, on_progress=form.progress(file)), alt) for file, alt in files
        ]
        async with client:
            form.tell(await _post(client, room, text, client_message_id, timeout, uploaded))

    run(post())


def send_lines(
    client: Client, room: str, *, prefix: str | None, timeout: float | None, form: SendOutput
) -> None:
    """Post each non-empty line of standard input. On failure, print how many were acknowledged.

    With a `prefix`, line number N has the client_message_id PREFIX-N, so that repeating the same input does
    not post it again.

    Raises:
        BadInput: a line can't be sent. The lines before it were sent.
        Refused, Unreachable, Closed, Unknown: see `send`; at the first line that failed.
    """
    progress = _Progress()

    async def post_all() -> None:
        async with beside(remark_on(client, form.remark)), client:
            async for text in _counted(progress):
                progress.post()
                key = f"{prefix}-{progress.line}" if prefix else None
                answer = await _post(client, room, text, key, timeout)
                progress.acknowledge(answer)
                form.tell(answer)

    try:
        run(post_all())
    except BrokenPipeError:
        raise
    except BaseException:
        print(f"hubbub: {progress}", file=sys.stderr, flush=True)
        raise
    if progress.duplicates:
        form.remark(
            f"{progress.duplicates} of {progress.acknowledged} messages had been posted before"
        )


async def _counted(progress: _Progress) -> AsyncIterator[str]:
    async for line in read_stdin():
        progress.read_line()
        if line:
            yield line


async def _post(
    client: Client,
    room: str,
    text: str,
    client_message_id: str | None,
    timeout: float | None,
    files: Sequence[tuple[UploadedFile, str]] = (),
) -> Acknowledgement:
    alts = {each.file: alt for each, alt in files if alt}
    try:
        async with asyncio.timeout(timeout):
            return await client.post(
                room,
                text,
                client_message_id=client_message_id,
                files=[each for each, _ in files],
                alts=alts or None,
            )
    except TimeoutError:
        what = text if len(text) <= 60 else f"{text[:60]}…"
        raise Unreachable(
            f"No acknowledgement within {timeout:g} s; the message may or may not have been posted: {what!r}"
        ) from None
