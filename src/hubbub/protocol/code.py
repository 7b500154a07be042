"""Code in texts, as Markdown marks it: what stands in it mentions nobody, and is no link."""

import re

MOST_PIECES = 500  # of code in one text; nothing after them is looked at

_CODE = re.compile(
    r"^ {0,3}(?P<fence>```(?=[^`\n]*$)|~~~)|```[\s\S]*?```|`+[^`\n]*`+", re.MULTILINE
)
_ENDS = {fence: re.compile(rf"^ {{0,3}}{fence}", re.MULTILINE) for fence in ("```", "~~~")}


def outside_code(text: str) -> str:
    """Return a text with a space in the place of each piece of code: between fences, or between backticks."""
    parts, at = list[str](), 0
    for _ in range(MOST_PIECES):
        found = _CODE.search(text, at)
        if found is None:
            return " ".join([*parts, text[at:]])
        parts.append(text[at : found.start()])
        end = _ENDS[found["fence"]].search(text, found.end()) if found["fence"] else found
        if end is None:
            break  # a fence that is never closed
        at = end.end()
    return " ".join(parts)
