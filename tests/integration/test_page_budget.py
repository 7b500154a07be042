"""What the page weighs: all that its first view needs, compressed as servers do it."""

import gzip
import json

from tests.support.checkout import ROOT

DIST = ROOT / "web" / "dist"
MOST_KILOBYTES = 110
MOST_OF_EMBEDDED = 39  # what another site's page loads to show a room


def first_view(entry: str = "index.html") -> set[str]:
    """The files that the first view needs: the page, or another entry, and what it imports. Others are loaded later."""
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())
    needed: set[str] = set()

    def need(name: str) -> None:
        chunk = manifest[name]
        needed.update([chunk["file"], *chunk.get("css", ()), *chunk.get("assets", ())])
        for imported in chunk.get("imports", ()):
            need(imported)

    need(entry)
    return needed


def weigh(files: set[str]) -> dict[str, float]:
    return {name: len(gzip.compress((DIST / name).read_bytes())) / 1000 for name in files}


def test_the_first_view_is_light() -> None:
    files = first_view() | {"index.html"}
    assert {".js", ".css", ".svg", ".html"} <= {name[name.rindex(".") :] for name in files}
    sizes = weigh(files)
    assert sum(sizes.values()) <= MOST_KILOBYTES, sizes


def test_an_embedded_room_is_lighter() -> None:
    # The icons are one file, which pages of other origins may not use: nothing of them is loaded.
    sizes = weigh({name for name in first_view("embed/embed.ts") if not name.endswith(".svg")})
    assert sum(sizes.values()) <= MOST_OF_EMBEDDED, sizes


def test_markdown_is_loaded_after_the_first_view() -> None:
    later = {path.name for path in DIST.glob("*.js")} - first_view()
    assert any(name.startswith("parse-") for name in later)
