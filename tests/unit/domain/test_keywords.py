"""How keywords are found in texts of any script."""

import pytest

from hubbub.domain.tables.keywords import KeywordRow, Lookout, compared

AT = "2026-01-01T00:00:00.000Z"


def is_in(keyword: str, text: str) -> bool:
    return Lookout([KeywordRow("@p", compared(keyword), AT)]).called_by(text, AT) == {"@p"}


@pytest.mark.parametrize(
    "keyword, text",
    [
        ("deploy", "Deploy!"),
        ("deploy", "can we (deploy) it?"),
        ("Straße", "die STRASSE"),
        ("café", "cafe\u0301 au lait"),
        ("release plan", "the Release\nPlan is out"),
        ("on-call", "who is on call"),
        ("東京", "今日は東京へ行く"),
        ("京", "東京"),
        ("서울", "서울에서"),
        ("กาแฟ", "ผมชอบกาแฟมาก"),
        ("हिन्दी", "मैं हिन्दी बोलता हूँ"),
        ("שלום", "שָׁלוֹם".replace("\u05b8", "").replace("\u05c1", "").replace("\u05b9", "")),
        ("ПРИВЕТ", "привет, мир"),
        ("v2", "the v2 API"),
        ("Ａｂｃ", "abc"),
    ],
)
def test_a_word_is_found(keyword: str, text: str) -> None:
    assert is_in(keyword, text)


@pytest.mark.parametrize(
    "keyword, text",
    [
        ("deploy", "deployment, redeploy, deploy_it, deploys"),
        ("release plan", "plan the release; the release, no plan"),
        ("हिन्द", "हिन्दी"),
        ("東京", "京東"),
        ("cafe", "café"),
        ("v2", "v21"),
    ],
)
def test_part_of_a_word_is_not(keyword: str, text: str) -> None:
    assert not is_in(keyword, text)


def test_each_account_is_found_by_its_own_words() -> None:
    watch = Lookout(
        [
            KeywordRow("@p1", "deploy", AT),
            KeywordRow("@p2", "deploy now", AT),
            KeywordRow("@p3", "later", AT),
            KeywordRow("@p4", "deploy", "2026-01-02T00:00:00.000Z"),
        ]
    )
    assert watch.called_by("deploy now", AT) == {"@p1", "@p2"}
    assert watch and not Lookout([])
