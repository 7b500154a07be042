"""What counts as code in texts: mentions and links read it alike."""

import pytest

from hubbub.domain.links import links_in
from hubbub.protocol.code import MOST_PIECES, outside_code
from hubbub.protocol.mentions import mentioned_in
from tests.support.costly import MOST_SECONDS, within

IN = "@ada https://a.example/"
OUT = "@grace https://b.example/"


@pytest.mark.parametrize(
    "text",
    [
        *(f"`{IN}` {OUT}", f"`` {IN} `` {OUT}", f"{OUT} `` {IN} ``", f"``` {IN} ``` {OUT}"),
        *(f"```\n{IN}\n```\n{OUT}", f"``` python\n{IN}\n\n{IN}\n```\n{OUT}"),
        *(f"~~~\n{IN}\n~~~\n{OUT}", f"  ~~~ python\n{IN}\n```\n{IN}\n  ~~~\n{OUT}"),
        f"```\n{IN}\n~~~\n` {IN}\n```\n{OUT}",
        *(f"{OUT}\n```\n{IN}", f"{OUT}\n~~~\n{IN}", f"so: ```\n{IN}\n``` {OUT}"),
        *(f"`\n{OUT}\n`", f"a ~~~ {OUT}", f"    ~~~\n{OUT}"),
        f"{OUT} " + "`x` " * MOST_PIECES + IN,
    ],
)
def test_mentions_and_links_count_outside_of_code_only(text: str) -> None:
    assert mentioned_in(text) == [["grace"]]
    assert links_in(text, 9) == ["https://b.example/"]


@pytest.mark.parametrize(
    "text",
    [
        *("```\n" * 16_000, "~~~\n" * 16_000, "`a`" * 20_000, "`\n" * 32_000, "`" * 65_536),
        *("``` `\n" * 10_000, "x ``" * 16_000, "```" + "x" * 60_000, "x ```" + "`\n" * 30_000),
    ],
    ids=lambda text: repr(text[:8]),
)
def test_no_text_takes_long(text: str) -> None:
    within(MOST_SECONDS, lambda each: outside_code(each.decode()), text.encode(), ValueError)
