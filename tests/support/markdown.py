"""What is left of a text when its Markdown is drawn, by another implementation than the page's."""

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

_RULES = ("fence", "blockquote", "list", "newline", "escape", "backticks", "strikethrough")
_PARSER = MarkdownIt("zero", {"breaks": True}).enable([*_RULES, "emphasis", "link"])
_PARSER.validateLink = lambda url: bool(re.match(r"(https?://|mailto:)", url, re.I))  # type: ignore[method-assign]


def shown_text(text: str) -> str:
    """The text, without the marks."""
    return "".join(_parts(_PARSER.parse(text)))


def _parts(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _parts(token.children or ())
        elif token.type in {"softbreak", "hardbreak"}:
            yield "\n"
        else:
            yield token.content
