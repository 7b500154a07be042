"""Into which terms texts are cut."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.domain.search import terms
from hubbub.domain.search.matching import Searched, fields_of, term_texts_in
from hubbub.domain.search.terms import MOST_TERMS, fold, term_texts_of, terms_of

AT = "2026-11-30T12:00:00.000Z"
SCRIPTS = (
    "Az09 _",
    "éüßłёЁ\u0301",
    "京都東服务器",
    "かがカガﾊﾞｱ゛",
    "한국어ㅎ\u1112\u1161",
    "เที่ยว हिन्दी",
    "🎉\ufe0f\u200d",
    "\u00ad۵٥",
)
TEXTS = st.text(st.sampled_from("".join(SCRIPTS)), max_size=40) | st.text(max_size=40)


@settings(max_examples=60)
@given(TEXTS | TEXTS.map(lambda text: text * 9))
def test_the_texts_of_terms_are_those_of_all_terms(text: str) -> None:
    assert term_texts_of(text) == [term.text for term in terms_of(text)]


def test_the_texts_of_a_message_are_those_of_all_fields_as_far_as_these_are_looked_at() -> None:
    for file_texts in ([], ["C++ 京都", "a.png"], ["word " * MOST_TERMS, "more"]):
        message = Searched("京都 in C#", "ada", "lobby", AT, [], file_texts)
        terms = [term.text for field in fields_of(message) for term in field]
        assert term_texts_in(message) == terms and len(terms) <= MOST_TERMS


def test_runs_that_are_not_folded_would_not_change() -> None:
    plain = [chr(code) for code in range(0x3000, 0xE000) if terms._PLAIN_RUN.match(chr(code))]
    assert len(plain) > 30_000
    for each in plain:
        assert fold(each) == each and unicodedata.category(each) == "Lo", each
