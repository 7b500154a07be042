"""`hubbub send`: post messages, one after the other, and tell what they were acknowledged with."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable

import msgspec

from hubbub.client import Acknowledgement, Client, Unreachable
from hubbub.terminal.run import run
from hubbub.terminal.screen import read_stdin


def send(
    client: Client,
    room: str,
    texts: Iterable[str] | None,
    *,
    client_message_id: str | None,
    timeout: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Post `texts`, or each line of stdin that is not empty.

    Writes the seq of each (or its acknowledgement as JSON) to stdout, or nothing if `quiet`.

    Raises:
        Refused: the first message that was refused; those after it were not sent.
        Unreachable: a message is not acknowledged within `timeout` seconds; it may be later.
    """

    async def post_all() -> None:
        async with client:
            async for text in _each(texts):
                answer = await _post(client, room, text, client_message_id, timeout)
                if not quiet:
                    _tell(answer, as_json)

    run(post_all())


async def _post(
    client: Client, room: str, text: str, client_message_id: str | None, timeout: float
) -> Acknowledgement:
    try:
        async with asyncio.timeout(timeout):
            return await client.post(room, text, client_message_id=client_message_id)
    except TimeoutError:
        raise Unreachable(
            f"no acknowledgement within {timeout:g} s; whether this was posted is not known: {text!r}"
        ) from None


async def _each(texts: Iterable[str] | None) -> AsyncIterator[str]:
    if texts is not None:
        for text in texts:
            yield text
        return
    async for line in read_stdin():
        if line:
            yield line


def _tell(answer: Acknowledgement, as_json: bool) -> None:
    print(msgspec.json.encode(answer).decode() if as_json else answer.seq)
    sys.stdout.flush()
