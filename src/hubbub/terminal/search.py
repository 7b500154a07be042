"""Messages that were found, as lines of text: for `hubbub search`, and for /search in `hubbub chat`."""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from hubbub.client import Client, Refused, Unknown
from hubbub.domain.search.query import DATE, PARTS, plain
from hubbub.protocol.commands.search import Hit, Order, SearchPage
from hubbub.protocol.keys import parent_of, root_of
from hubbub.terminal.run import run
from hubbub.terminal.screen import Screen
from hubbub.terminal.style import Line, Painted, Part, Style, dim, name
from hubbub.terminal.text import in_a_row, visible, visible_json

COMMANDS = {
    "/search": "with words, find messages; also from:ada, in:#plans, has:link, before:2026-05-31"
}
ANSWER_SECONDS = 5.0
SHOWN = 10  # in a conversation
BEFORE, LENGTH = (
    60,
    200,
)  # characters of a message that are shown: before the first word that was asked for, and in all
MOST_TRIED = 100  # words at which that part may begin
FOUND = "1;33"  # how words look that were asked for
NOTHING = "No messages found"
MORE = "More messages match: show them with a larger -n"
OLD = 180.0  # seconds; when the index is that far behind, that is worth a word


class SearchAsked(NamedTuple):
    """What `hubbub search` looks for, and how it shows that."""

    query: str
    order: Order
    limit: int
    as_json: bool
    quiet: bool


def search(client: Client, asked: SearchAsked) -> bool:
    """Print messages that match, one a line; as JSON, on what the server answered. Returns whether there are any.

    Raises Refused, Unreachable, Closed, Unknown: see the SDK.
    """
    found: list[bool] = []

    async def look() -> None:
        found.append(await _search(client, asked))

    run(look())
    return any(found)


async def _search(client: Client, asked: SearchAsked) -> bool:
    style, left, before, page = Style.of(sys.stdout), asked.limit, None, None
    has_any = False
    query = in_local_time(asked.query)
    async with client:
        while left > 0 and (page is None or page.more):
            page = await client.search(query, before=before, limit=min(left, 50), order=asked.order)
            for line in _json(page) if asked.as_json else map(style.render, lines(page)):
                print(line)
            has_any, left = has_any or bool(page.hits), left - len(page.hits)
            before = page.then if isinstance(page.then, str) else None
            if not page.hits and before is None:
                break
    sys.stdout.flush()
    if page is not None and not asked.quiet:
        more = MORE if has_any and page.more else None
        for remark in filter(None, [None if has_any else NOTHING, more, hint(page), behind(page)]):
            print(f"-- {remark}", file=sys.stderr)
    return has_any


def _json(page: SearchPage) -> Iterator[str]:
    for hit in page.hits:
        yield visible_json(msgspec.json.encode(hit).decode(), sys.stdout.encoding)


class SearchShown:
    """Searches from a conversation."""

    def __init__(self, client: Client, screen: Screen) -> None:
        self._client = client
        self._screen = screen

    async def run(self, line: str) -> None:
        """Show what is found, the newest last. While there is no answer, no further line is read, but not for long."""
        _, query = [*line.split(maxsplit=1), ""][:2]
        if not query.strip():
            self._screen.complain("Enter something to search for: see /help")
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                page = await self._client.search(in_local_time(query.strip()), limit=SHOWN)
        except Refused as refusal:
            self._screen.complain(f"Refused: {refusal.message}")
        except (TimeoutError, Unknown):
            self._screen.complain("No answer from the server")
        else:
            self._screen.show([*reversed([*lines(page)]), *_rest(page)])


def lines(page: SearchPage) -> Iterator[Line]:
    """Yield a line for each message: when, where, who, and the part of it that was asked for."""
    people = page.people if isinstance(page.people, dict) else {}
    for hit in page.hits:
        by = people.get(hit.message.by)
        where = page.titles.get(hit.room, "" if hit.room.startswith("@") else hit.room)
        if root := root_of(hit.room):
            where = f"{where or parent_of(hit.room)} (thread {root})"
        place = f"{where or 'direct'} {hit.message.seq}"
        who = name(by.name if by else hit.message.by)
        yield [dim(f"{_when(hit.message.at)}  {place}  "), who, ": ", *_excerpt(hit)]


def in_local_time(query: str) -> str:
    """Return a query whose days, months and years begin and end where one is, and not at the server: as moments."""
    return PARTS.sub(_in_local_time, plain(query))


def _in_local_time(part: re.Match[str]) -> str:
    """Return a filter with a moment in place of a day; other parts, and days that don't exist, as they are."""
    name, found = part["name"] or "", DATE.fullmatch((part["value"] or "").strip('"'))
    if name.lower() not in ("after", "before") or not found:
        return part[0]
    parts = found.groups()
    date = [int(each or 1) for each in parts]
    try:
        if time.localtime(_midnight(*date))[:3] != (*date,):
            return part[0]
        if name.lower() == "after":  # from the next one of these on
            date[sum(map(bool, parts)) - 1] += 1
        moment = datetime.fromtimestamp(_midnight(*date)).astimezone().isoformat()
        return part[0].replace(found[0], moment)
    except (ValueError, OverflowError, OSError):
        return part[0]


def _midnight(year: int, month: int, day: int) -> float:
    """Return when a day begins where one is. Days and months may be beyond the last one."""
    return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))


def behind(page: SearchPage) -> str | None:
    """Return a remark if newer messages may not be found yet."""
    if page.indexed_to is None:
        return "The server is still indexing: not all messages are found yet"
    age = datetime.now().astimezone() - datetime.fromisoformat(page.indexed_to)
    if age.total_seconds() < OLD:
        return None
    return f"The server is still indexing: messages after {_when(page.indexed_to)} may not be found yet"


def hint(page: SearchPage) -> str | None:
    """Return a sentence for people, if the query may not mean what they intended."""
    return visible(page.hint) if isinstance(page.hint, str) else None


def _rest(page: SearchPage) -> Iterator[Line]:
    if not page.hits:
        yield [NOTHING]
    elif page.more:
        yield ["These are the newest; there are more"]
    for remark in filter(None, (hint(page), behind(page))):
        yield [remark]


def _excerpt(hit: Hit) -> Iterator[Part]:
    """Yield the part of a message with most of the words that were asked for, in one line, with these words painted."""
    text = hit.message.text or ""
    begin = _begin(text, hit.highlights)
    end = min(len(text), begin + LENGTH)
    if begin:
        yield "…"
    at = begin
    for start, length in hit.highlights:
        if start < at:
            continue
        if start >= end:
            break
        yield in_a_row(text[at:start])
        at = min(end, start + length)
        yield Painted(in_a_row(text[start:at]), FOUND)
    yield in_a_row(text[at:end])
    if end < len(text):
        yield "…"
    if files := [visible(each.name) for each in hit.message.files or ()]:
        yield f"{' ' if text else ''}[{', '.join(files)}]"


def _begin(text: str, highlights: list[list[int]]) -> int:
    """Return where the part begins that has most of the words, the first one if there are several."""

    def words(begin: int) -> int:
        shown = (text[s : s + n] for s, n in highlights if begin <= s and s + n <= begin + LENGTH)
        return len({each.casefold() for each in shown})

    begins = [max(0, start - BEFORE) for start, _ in highlights[:MOST_TRIED]]
    return max(begins, key=words, default=0)


def _when(at: str) -> str:
    try:
        return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return "-"
