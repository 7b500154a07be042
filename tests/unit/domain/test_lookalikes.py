import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.domain.lookalikes import forms, skeleton
from tests.support.names import SCRIPTS

ADA = "Ada Lovelace"
WORDS = [word for words in SCRIPTS.values() for word in words]


@pytest.mark.parametrize(
    "name",
    [
        *("Ada Lovelace", "ada lovelace", "ADA LOVELACE", "aDA lOVELACE"),
        *(
            "Аda Lovelace",
            "Ada Lovеlаcе",
            "Adа Ⅼovelace",
            "𝐀𝐝𝐚 𝐋𝐨𝐯𝐞𝐥𝐚𝐜𝐞",
            "Ａｄａ Ｌｏｖｅｌａｃｅ",
        ),
        *("Ada LoveIace", "Ada Love1ace", "Ada Love|ace", "Ada L0velace", "АDА LОVЕLАСЕ"),
    ],
)
def test_a_name_looks_like_another(name: str) -> None:
    assert forms(name) & forms(ADA)


@pytest.mark.parametrize(
    "name",
    ["", "Ada", "Lovelace", "Ada Lovelaçe", "Äda Lovelace", "Ada Lovelace 2", "Ida Lovelace"],
)
def test_a_name_looks_different(name: str) -> None:
    assert not forms(name) & forms(ADA)


@pytest.mark.parametrize(
    "one, other",
    [
        *(("Mark", "rnark"), ("mark", "RNARK"), ("admin", "AdmIn"), ("Adamsley", "AdamsIey")),
        *(("Zoë", "Zoe\u0308"), ("Zoé", "Ζоé"), ("می‌خواهم", "میخواهم"), ("Öner", "ӧner")),
        *(
            ("Hanna", "ΗΑΝΝΑ"),
            ("łukasz", "l̷ukasz"),
            ("Æneas", "AEneas"),
            ("q\u0323\u0317", "q\u0650\u0323"),
        ),
    ],
)
def test_names_look_alike_in_any_case_and_script(one: str, other: str) -> None:
    assert forms(one) & forms(other)


@pytest.mark.parametrize(
    "text, expected",
    [("paypаl", "paypal"), ("m", "rn"), ("1I|l", "llll"), ("0O", "OO"), ("ö", "o\u0308")],
)
def test_a_skeleton_is_that_of_the_standard(text: str, expected: str) -> None:
    assert skeleton(text) == expected


@pytest.mark.parametrize("word", WORDS)
def test_words_of_different_scripts_look_different(word: str) -> None:
    assert forms(word)
    assert not any(forms(word) & forms(other) for other in WORDS if other != word)


@given(st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), max_size=20))
def test_all_normal_forms_of_a_text_have_one_skeleton(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert skeleton(unicodedata.normalize(form, text)) == skeleton(text)
