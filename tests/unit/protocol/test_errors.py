import re
from pathlib import Path

import pytest

from hubbub.protocol.errors import CODES, Close, Refusal, RefusalError

SOURCE = Path(__file__).parents[3] / "src" / "hubbub"
PROTOCOL = Path(__file__).parents[3] / "docs" / "protocol.md"


def table(first_heading: str) -> list[list[str]]:
    """The rows of the Markdown table whose first column is called so."""
    lines = iter(PROTOCOL.read_text().splitlines())
    for line in lines:
        if line.startswith(f"| {first_heading} |"):
            break
    next(lines)  # the rule under the headings
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_documented_error_codes_are_those_of_the_table() -> None:
    documented = {
        code.strip("`"): (int(status), {"yes": True, "no": False}[temporary])
        for code, status, temporary, _ in table("code")
    }
    assert documented == {name: (row.status, row.temporary) for name, row in CODES.items()}


def test_the_documented_close_codes_are_those_of_the_table() -> None:
    answers = {"yes": True, "as you like": True, "later": True}
    answers |= {"no": False, "with new credentials": False}
    documented = {int(code): answers[retry] for code, _, retry in table("close")}
    assert documented == {close.value: close.may_retry for close in Close}


def test_every_close_code_is_sent_somewhere() -> None:
    sources = [*(SOURCE / "server").rglob("*.py"), SOURCE / "protocol" / "errors.py"]
    code = "".join(each.read_text() for each in sources)
    listed = re.sub(r"_MAY_RETRY = .*?\n\)", "", code, flags=re.DOTALL)
    assert [each.name for each in Close if f"Close.{each.name}" not in listed] == []


def test_every_code_is_a_word_with_a_title_and_a_status_of_an_error() -> None:
    for name, row in CODES.items():
        assert re.fullmatch("[a-z_]+", name)
        assert row.title
        assert 400 <= row.status < 600


def test_only_what_may_pass_by_itself_is_temporary() -> None:
    assert {name for name, row in CODES.items() if row.temporary} == {
        name for name, row in CODES.items() if row.status in (408, 429, 500, 503)
    }


def test_a_refusal_knows_its_row() -> None:
    assert Refusal("busy", "too much").row is CODES["busy"]


def test_a_refusal_travels_as_an_exception_and_comes_back_whole() -> None:
    refusal = Refusal("rate_limited", "slower", retry_after=0.5, hint="wait", facts={"head": 7})
    with pytest.raises(RefusalError, match="rate_limited: slower") as caught:
        raise RefusalError.of(refusal)
    assert caught.value.refusal == refusal


def test_what_is_raised_carries_its_hint_and_facts() -> None:
    refusal = RefusalError("reset", "another log", hint="take a snapshot", head=7).refusal
    assert (refusal.hint, refusal.facts) == ("take a snapshot", {"head": 7})
