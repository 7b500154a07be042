"""HTTP header fields (RFC 9110 sections 5.6, 8.3 and 12.5): lists, on one line or several, and media types. No I/O, no clock."""

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_CLOSED = re.compile(rf'(?:{_QUOTED}|[^"])*')  # everything before a quote that is never closed
_ELEMENT = re.compile(rf'(?:{_QUOTED}|[^,"])+')  # a quoted string may contain commas
LONGEST_TYPE = 1_000  # characters of a media type with its parameters
MOST_ACCEPTED = 100  # media types that are looked at
_TYPE = re.compile(rf"({TOKEN})/({TOKEN})")
_PARAMETER = re.compile(rf"[ \t]*;[ \t]*(?:({TOKEN})=({TOKEN}|{_QUOTED}))?")


class Headers(Protocol):
    """The headers of a request. Names are case-insensitive."""

    def getall(self, key: str, default: Sequence[str]) -> Sequence[str]:
        """The values of a header, one per line."""


class MediaType(NamedTuple):
    """A media type in lower case, and its parameters."""

    name: str
    parameters: dict[str, str]

    @property
    def weight(self) -> float:
        """Its weight in an Accept header, from 0 (not acceptable) to 1 (RFC 9110 section 12.4.2)."""
        try:
            return min(max(float(self.parameters.get("q", "1")), 0.0), 1.0)
        except ValueError:
            return 0.0


def elements(headers: Headers, name: str) -> list[str]:
    """The non-empty elements of a header that is a list, from all its lines."""
    lines = headers.getall(name, ())
    if not lines:
        return []
    text = ",".join(lines)
    found = _split(text) if '"' in text else text.split(",")
    return [element for each in found if (element := each.strip(" \t"))]


def words(headers: Headers, name: str) -> list[str]:
    """The elements in lower case, for lists of case-insensitive elements."""
    return [element.lower() for element in elements(headers, name)]


def media_type(text: str) -> MediaType | None:
    """A media type, such as `text/html;charset=utf-8`; None if it is malformed or too long."""
    found = _TYPE.match(text)
    if found is None or len(text) > LONGEST_TYPE:
        return None
    parameters: dict[str, str] = {}
    at, end = found.end(), len(text.rstrip(" \t"))
    while at < end:
        parameter = _PARAMETER.match(text, at)
        if parameter is None:
            return None
        if parameter[1]:
            parameters[parameter[1].lower()] = _unquoted(parameter[2])
        at = parameter.end()
    return MediaType(found[0].lower(), parameters)


def content_type(headers: Headers) -> MediaType | None:
    """The media type of a body. None if it is missing, malformed or given more than once."""
    given = headers.getall("Content-Type", ())
    return media_type(given[0].strip(" \t")) if len(given) == 1 else None


def prefers(headers: Headers, wanted: str, default: str) -> bool:
    """Whether a client accepts `wanted` by name, with at least the weight of `default`."""
    weights: dict[str, float] = {}
    for accepted in map(media_type, elements(headers, "Accept")[:MOST_ACCEPTED]):
        if accepted is not None:
            weights[accepted.name] = max(accepted.weight, weights.get(accepted.name, 0.0))
    weight = weights.get(wanted, 0.0)
    return weight > 0 and weight >= weights.get(default, 0.0)


def _split(text: str) -> list[str]:
    """Split at commas outside quoted strings. An unclosed quote is an ordinary character: it must not
    swallow what a proxy adds.
    """
    closed = _CLOSED.match(text)
    end = closed.end() if closed else 0
    return _ELEMENT.findall(text[:end]) + text[end:].split(",")


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
