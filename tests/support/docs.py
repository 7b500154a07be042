"""The code blocks of every page of the documentation, as a reader sees them."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.support.checkout import ROOT, tracked

SHELL = "sh"
READ = MarkdownIt().enable("table").disable("inline")  # of which only the text is needed
STOP = "# stop the server"  # said to the reader


@dataclass(frozen=True)
class Block:
    """A code block: where it is, its language (indented ones are for the shell), and its text.

    `file` is the name that the sentence before it gives it, as in "Save this as `chat.js`:".
    """

    page: str
    section: str
    line: int
    language: str
    text: str
    file: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def opening(self) -> str:
        """Its first line, by which tables name it."""
        return self.text.strip().splitlines()[0].strip()


def pages() -> list[str]:
    """Every page in Markdown."""
    return tracked("*.md")


def blocks(page: str) -> list[Block]:
    """The code blocks of a page, in order."""
    found: list[Block] = []
    sentence = section = ""
    heading = False
    for token in READ.parse((ROOT / page).read_text()):
        if token.type == "inline":
            sentence = token.content
            section = sentence if heading else section
        elif token.type in {"fence", "code_block"}:
            assert token.map is not None
            name = re.search(r"[Ss]ave this as `([\w.-]+)`", sentence)
            language = token.info.strip() or (SHELL if token.type == "code_block" else "")
            file = name[1] if name else None
            found.append(Block(page, section, token.map[0] + 1, language, token.content, file))
            sentence = ""
        heading = token.type == "heading_open"
    return found


def commands(block: Block) -> list[str]:
    """The commands of a shell block: lines, with those that they go on in. Of comments only STOP is left."""
    joined = block.text.replace("\\\n", " ")
    lines = (line.strip() for line in joined.splitlines())
    bare = (line if line == STOP else re.sub(r"(^|\s)# .*$", "", line) for line in lines)
    return [line for line in bare if line]


def links(page: str) -> list[tuple[str, str]]:
    """The links of a page to files of the project: a path, empty for the page itself, and an anchor, or empty."""
    text = (ROOT / page).read_text()
    return re.findall(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)", text)


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
