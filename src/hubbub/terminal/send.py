"""`hubbub send`: post messages, one after the other, and tell what they were acknowledged with."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from hubbub.client import Acknowledgement, Client, Unreachable
from hubbub.terminal.remarks import remark_on
from hubbub.terminal.run import beside, run
from hubbub.terminal.stdin import read_stdin
from hubbub.terminal.text import visible, visible_json

MAX_PREFIX = 50  # of 64 characters that an id has; leaves room for the number of any line


class SendOutput(NamedTuple):
    """What is written: each answer as JSON or only its seq to standard output, remarks to standard error."""

    as_json: bool = False
    quiet: bool = False

    def tell(self, answer: Acknowledgement) -> None:
        """Write one answer."""
        if not self.quiet:
            encoded = msgspec.json.encode(answer).decode()
            print(visible_json(encoded, sys.stdout.encoding) if self.as_json else answer.seq)
            sys.stdout.flush()

    def remark(self, text: str) -> None:
        """Say something about the connection."""
        if not self.quiet:
            print(f"-- {visible(text)}", file=sys.stderr, flush=True)


@dataclass
class _Progress:
    """How far the lines of standard input have come."""

    line: int = 0
    acknowledged: int = 0
    duplicates: int = 0
    is_waiting: bool = False  # for the line's answer

    def __str__(self) -> str:
        if not self.is_waiting:
            return f"stopped after line {self.line}; messages acknowledged: {self.acknowledged}"
        where = f"stopped at line {self.line}, which was not acknowledged"
        return f"{where}; messages acknowledged before it: {self.acknowledged}"


def send(
    client: Client,
    room: str,
    text: str,
    *,
    client_message_id: str | None,
    timeout: float | None,
    form: SendOutput,
) -> None:
    """Post one message.

    Raises:
        Refused: the server refused it.
        Unreachable: it is not acknowledged within `timeout` seconds; it may be later.
        Closed, Unknown: the client was closed for good.
    """

    async def post() -> None:
        async with client:
            form.tell(await _post(client, room, text, client_message_id, timeout))

    run(post())


def send_lines(
    client: Client, room: str, *, prefix: str | None, timeout: float | None, form: SendOutput
) -> None:
    """Post each line of standard input that is not empty. On failure, say how far it came.

    With a `prefix`, the line numbered N has the client_message_id PREFIX-N, so that the same input again is
    not posted again.

    Raises:
        BadInput: a line can't be sent; those before it were.
        Refused, Unreachable, Closed, Unknown: as `send`, at the first line that failed.
    """
    progress = _Progress()

    async def post_all() -> None:
        async with beside(remark_on(client, form.remark)), client:
            async for text in _counted(progress):
                progress.is_waiting = True
                key = f"{prefix}-{progress.line}" if prefix else None
                answer = await _post(client, room, text, key, timeout)
                progress.is_waiting = False
                progress.acknowledged += 1
                progress.duplicates += answer.duplicate
                form.tell(answer)

    try:
        run(post_all())
    except BrokenPipeError:
        raise
    except BaseException:
        print(f"hubbub: {progress}", file=sys.stderr, flush=True)
        raise
    if progress.duplicates:
        form.remark(f"{progress.duplicates} of {progress.acknowledged} had been posted before")


async def _counted(progress: _Progress) -> AsyncIterator[str]:
    async for line in read_stdin():
        progress.line += 1
        if line:
            yield line


async def _post(
    client: Client, room: str, text: str, client_message_id: str | None, timeout: float | None
) -> Acknowledgement:
    try:
        async with asyncio.timeout(timeout):
            return await client.post(room, text, client_message_id=client_message_id)
    except TimeoutError:
        what = text if len(text) <= 60 else f"{text[:60]}…"
        raise Unreachable(
            f"no acknowledgement within {timeout:g} s; this may or may not have been posted: {what!r}"
        ) from None
