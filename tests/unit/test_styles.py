"""The page's styles know where a line begins and ends, not left and right, so that all of it turns about for other languages."""

import re
from pathlib import Path

from tests.support.checkout import ROOT

APP = ROOT / "web" / "app"
# Somebody's sign is the same in every language.
DRAWINGS = {"avatar.css"}
# What has two values, one for each direction.
TURNED = re.compile(r"translateX|to (left|right)|safe-area-inset-(left|right)")
PHYSICAL = re.compile(
    r"^((margin|padding|border|scroll-margin|scroll-padding)-(left|right)\b|(left|right|float|clear)$"
    r"|border-(top|bottom)-(left|right)-radius)|^(width|height)$|^(min|max)-(width|height)$"
)
SIDES = re.compile(r"^(margin|padding|inset|border-(width|style|color|radius)|scroll-margin)$")


def declarations(css: str) -> list[tuple[str, str, str]]:
    """The selector, property and value of each declaration, in files as Biome formats them."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    rules = re.findall(r"([^{};]+)\{([^{}]*)\}", css)
    return [
        (" ".join(selector.split()), name, " ".join(value.split()))
        for selector, body in rules
        for name, value in re.findall(r"([\w-]+):\s*([^;]+);", body)
    ]


def values(value: str) -> list[str]:
    """The parts of a value, of which calc(a + b) is one."""
    parts, depth = [""], 0
    for c in value:
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == " " and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return parts


def is_lopsided(name: str, value: str) -> bool:
    """Whether it gives left and right different values."""
    given = values(value)
    if name.endswith("radius"):
        return len(given) > 1
    return SIDES.match(name) is not None and len(given) == 4 and given[1] != given[3]


def sided(selector: str, name: str, value: str) -> bool:
    """Whether a declaration means left or right, whatever the direction."""
    if PHYSICAL.match(name) or is_lopsided(name, value):
        return True
    return name in {"text-align", "float"} and value in {"left", "right"}


def test_styles_know_no_left_and_right() -> None:
    found = {
        f"{file.name}: {selector} {{ {name}: {value} }}"
        for file in APP.rglob("*.css")
        if file.name not in DRAWINGS
        for selector, name, value in declarations(file.read_text())
        if sided(selector, name, value)
    }
    assert found == set()


def test_what_has_a_direction_has_another_from_right_to_left() -> None:
    directed: dict[str, set[str]] = {}
    for file in APP.rglob("*.css"):
        for selector, name, value in declarations(file.read_text()):
            if TURNED.search(value) and "inset(" not in value:
                plain = selector.removeprefix('[dir="rtl"]').strip() or ":root"
                way = "rtl" if selector.startswith('[dir="rtl"]') else "ltr"
                directed.setdefault(f"{plain} {name}", set()).add(way)
    assert directed
    assert {what: ways for what, ways in directed.items() if ways != {"ltr", "rtl"}} == {}


def test_views_set_no_styles_that_know_left_and_right() -> None:
    views: list[Path] = [*APP.rglob("*.tsx")]
    assert views
    with_styles = [view.name for view in views if re.search(r"\bstyle=", view.read_text())]
    assert with_styles == []


HAVE_NOTHING_HIDDEN = {"pre", ".body pre", ".grow", ".viewing .caption", ".stage.zoomed"}


def test_what_scrolls_holds_what_is_hidden_in_it() -> None:
    """Or that stands beyond its edge, where it makes the whole page wider: .visually-hidden has a position of its own."""
    rules = [rule for file in APP.rglob("*.css") for rule in declarations(file.read_text())]
    scrolls = {
        selector
        for selector, name, value in rules
        if re.match(r"overflow(-[xy])?$", name) and re.search(r"auto|scroll", value)
    }
    holds = {selector for selector, name, value in rules if name == "position" or value == "strict"}
    assert scrolls > HAVE_NOTHING_HIDDEN
    assert scrolls - holds - HAVE_NOTHING_HIDDEN == {"dialog"}  # which has a position by itself


STILL = re.compile(
    r"@media \(prefers-reduced-motion: reduce\) \{\s*\*,\s*\*::before,\s*\*::after \{([^}]*)\}"
)
MOVES = re.compile(r"transition|animation|scroll-behavior|view-transition")


def test_nothing_moves_for_those_who_want_less_motion() -> None:
    """One rule switches off all that moves, so that no other may overrule it, or be where it does not reach."""
    still = STILL.search((APP / "styles" / "base.css").read_text())
    assert still is not None
    assert re.findall(r"([\w-]+): none !important", still[1]) == ["animation", "transition"]
    moving = {
        (file.name, selector, name, value)
        for file in APP.rglob("*.css")
        for selector, name, value in declarations(file.read_text())
        if MOVES.match(name) and not (file.name == "base.css" and value == "none !important")
    }
    assert moving  # or there is nothing to switch off
    for file, selector, name, value in moving:
        assert name != "scroll-behavior", (file, selector, value)
        assert "!important" not in value, (file, selector, name)
        assert "::" not in re.sub(r"::(before|after)\b", "", selector), (file, selector, name)
        assert file != "embed.css", "an embedded room has a tree of its own, with styles of its own"


def test_no_script_scrolls_smoothly_or_animates() -> None:
    """Scripts would have to ask for less motion themselves."""
    scripts = [file for kind in ("*.ts", "*.tsx") for file in APP.rglob(kind)]
    found = [
        file.name
        for file in scripts
        if re.search(r"""behavior: ["']smooth|\.animate\(""", file.read_text())
    ]
    assert scripts and found == []


def test_the_page_is_as_high_as_what_one_sees_of_it_and_clear_of_the_edges_of_a_phone() -> None:
    rules = [rule for file in APP.rglob("*.css") for rule in declarations(file.read_text())]
    assert ("#app", "block-size", "100dvh") in rules
    assert [rule for rule in rules if re.search(r"\d[ls]?vh\b", rule[2])] == []
    clear = {
        (edge, selector)
        for selector, _, value in rules
        for edge in re.findall(r"safe-area-inset-(\w+)", value)
    }
    heads = {"#sidebar > header", "#room > header", "#panel > header", ".in-place > header"}
    feet = {"#sidebar footer", "#composer", "#instead", "#panel", ".missed", ".results"}
    assert {("top", each) for each in heads} | {("bottom", each) for each in feet} <= clear
    assert "viewport-fit=cover" in (APP / "index.html").read_text()
