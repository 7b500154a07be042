"""What a speaker would expect to find: texts, queries, and the parts of the text that are highlighted."""

import pytest

from hubbub.domain.search.matching import Searched, matches, relevance, traits_of
from hubbub.domain.search.query import query_of
from hubbub.domain.search.terms import MOST_TERMS, terms_of

AT = "2026-05-31T18:00:00.000Z"
TOKYO, BERLIN, SEOUL = (
    "明日は東京都庁に行きます",
    "Die Straßenbahn fährt über die Brücke",
    "학교에서 만나요",
)
CHINESE, THAI = "我们明天部署新的服务器。", "ฉันไปเที่ยวทะเลเมื่อวานนี้"
CODE = (
    "call foo_bar(x) in std::vector<T>, see https://example.org/a/b?c=d#e or mail ada@example.org"
)

FOUND = [
    # Chinese: any two characters, one, many, a phrase over punctuation; never characters that don't touch
    (CHINESE, "部署", ["部署"]),
    (CHINESE, "服务器", ["服务器"]),
    (CHINESE, "器", ["器"]),
    (CHINESE, "服", ["服"]),
    (CHINESE, "明天部署 服务", ["明天部署", "服务"]),
    (CHINESE, "署部", None),
    (CHINESE, "明服", None),
    # Japanese: kanji with kana, kana alone, half width, in the middle of a run
    (TOKYO, "東京", ["東京"]),
    (TOKYO, "京都", ["京都"]),
    (TOKYO, "行きます", ["行きます"]),
    (TOKYO, "大阪", None),
    ("カレーを食べた", "ｶﾚｰ", ["カレー"]),
    ("ｶﾞｷﾞ", "ガギ", ["ｶﾞｷﾞ"]),
    ("iPhone15を買う", "iphone15", ["iPhone15"]),
    ("iPhone15を買う", '"iphone15 を買う"', ["iPhone15を買う"]),
    # Korean: a noun within a word with its particle; syllables that were taken apart
    (SEOUL, "학교", ["학교"]),
    (SEOUL, "만나", ["만나"]),
    (SEOUL, "교학", None),
    ("한국어", "\u1112\u1161\u11ab\u1100\u116e\u11a8", ["한국"]),
    # Thai: vowels and tones belong to their consonants
    (THAI, "เที่ยว", ["เที่ยว"]),
    (THAI, "ทะเล", ["ทะเล"]),
    (THAI, "ทะลา", None),
    # German and other Latin: case, umlauts, sharp s, ligatures; compounds by their beginning
    (BERLIN, "strassenbahn", ["Straßenbahn"]),
    (BERLIN, "STRASSEN*", ["Straßenbahn"]),
    (BERLIN, "fahrt uber", ["fährt", "über"]),
    (BERLIN, "fährt*", ["fährt"]),
    (BERLIN, "bahn", None),
    ("Die E-Mail-Adresse fehlt", "e-mail", ["E-Mail"]),
    ("Die E-Mail-Adresse fehlt", "adresse", ["Adresse"]),
    ("Donau\u00addampf\u00adschiff", "donaudampfschiff", ["Donau\u00addampf\u00adschiff"]),
    ("A naïve café", "NAIVE cafe", ["naïve", "café"]),
    ("ＦＵＬＬ width ①", "full 1", ["ＦＵＬＬ", "①"]),
    ("Ёлка и йод", "елка", ["Ёлка"]),
    ("Ёлка и йод", "иод", None),
    ("שָׁלוֹם", "שלום", ["שָׁלוֹם"]),
    ("हिन्दी में", "हिन्दी", ["हिन्दी"]),
    ("हिन्दी में", "हिंदी", ["हिन्दी"]),
    ("बाज़ार में चाँद", "बाजार चांद", ["बाज़ार", "चाँद"]),
    # Letters that are written as others where a keyboard lacks them, and other digits
    ("W Łodzi pada", "lodzi", ["Łodzi"]),
    ("đi Đà Nẵng", "da nang", ["Đà", "Nẵng"]),
    ("smørrebrød på Ærø", "smorrebrod aero", ["smørrebrød", "Ærø"]),
    ("mon cœur", "coeur", ["cœur"]),
    ("Ísafjörður og Þór", "isafjordur thor", ["Ísafjörður", "Þór"]),
    ("İstanbul'da IŞIK", "istanbul ışık", ["İstanbul", "IŞIK"]),
    ("ışık", "isik", ["ışık"]),
    ("مـرحبا يا أحمد", "مرحبا احمد", ["مـرحبا", "أحمد"]),
    ("علي كتب", "علی کتب", ["علي", "كتب"]),
    ("في المدرسة", "المدرسه", ["المدرسة"]),
    ("می‌روم", "میروم", ["می‌روم"]),
    ("سال ۱۴۰۳", "1403", ["۱۴۰۳"]),
    ("ΟΔΟΣ", "οδός", ["ΟΔΟΣ"]),
    # Scripts side by side, and what stands in for a word
    ("我用Python写脚本", "python", ["Python"]),
    ("我用Python写脚本", "python写", ["Python写"]),
    ("价格是３００元", "300元", ["３００元"]),
    ("人々が集まる", "人々", ["人々"]),
    ("3ヶ月前", "3ヶ月", ["3ヶ月"]),
    ("パソコン", "ハソコン", None),
    ("안녕하세요 ㅋㅋㅋ", "안녕 ㅋㅋ", ["안녕", "ㅋㅋㅋ"]),
    ("ดื่มน้ำเย็น", "น้ำ", ["น้ำ"]),
    ("Rechtsschutzversicherung", "rechtsschutz*", ["Rechtsschutzversicherung"]),
    # Code, addresses, mail: parts, and what is written together
    (CODE, "foo_bar", ["foo_bar"]),
    (CODE, "bar_foo", None),
    (CODE, "std::vector", ["std::vector"]),
    (CODE, "example.org/a/b", ["example.org/a/b"]),
    (CODE, "https://example.org/a", ["https://example.org/a"]),
    (CODE, "ada@example.org", ["ada@example.org"]),
    (CODE, "vec*", ["vector"]),
    ("v1.2.3 runs on 192.168.0.1", "v1.2.3 192.168", ["v1.2.3", "192.168"]),
    ("edit /etc/nginx/nginx.conf", "nginx.conf", ["nginx.conf"]),
    ("run --dry-run in $HOME", "--dry-run $home", ["dry-run", "HOME"]),
    ("getUserName() is 0xDEADBEEF", "getusername 0xdead*", ["getUserName", "0xDEADBEEF"]),
    ("https://münchen.de/", "munchen.de", ["münchen.de"]),
    ("don’t use C++", "don't c++", ["don’t", "C++"]),
    ("C++, not C#: (c)", "C#", ["C#"]),
    ("C++, not C#: (c)", "c", ["c"]),
    ("C++ или C#", "c++ c#", ["C++", "C#"]),
    ("vitamin C", "c++", None),
    ("#c#d and c+d", "c#", None),
    # Emoji: alone, many, in any skin tone, joined, flags
    ("party 🎉🎉 now", "🎉", ["🎉🎉"]),
    ("well done 👍🏽", "👍", ["👍🏽"]),
    ("by 👩‍💻", "👩‍💻", ["👩‍💻"]),
    ("to 🇩🇪", "🇩🇪", ["🇩🇪"]),
    ("to 🇫🇷", "🇩🇪", None),
    ("I ❤️ you", "❤", ["❤️"]),
    ("I ❤ you", "❤️", ["❤"]),
    ("1️⃣ first", "1", ["1️⃣"]),
    ("🏳️‍🌈", "🏳️‍🌈", ["🏳️‍🌈"]),
    ("👍", "👍🏽", ["👍"]),
    ("by 👩🏽‍💻, 🏴󠁧󠁢󠁳󠁣󠁴󠁿 and 🇩🇪🇫🇷", "👩 🏴 🇫", ["👩🏽‍💻", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇫🇷"]),
    # Words in any order, phrases in theirs
    ("on Friday we deploy", "deploy friday", ["Friday", "deploy"]),
    ("on Friday we deploy", '"on friday"', ["on Friday"]),
    ("on Friday we deploy", "“on fri”*", ["on Friday"]),
    ("on Friday we deploy", '"friday on"', None),
    ("on Friday we deploy", "deploy monday", None),
]


@pytest.mark.parametrize("text, asked, parts", FOUND)
def test_what_is_found(text: str, asked: str, parts: list[str] | None) -> None:
    spans = matches(query_of(asked), Searched(text, "ada", "lobby", AT))
    found = None if spans is None else [text[start : start + length] for start, length in spans]
    assert found == parts


@pytest.mark.parametrize(
    "asked, has_it",
    [
        ("before:2026-06-01", True),
        ("before:2026-05-31", False),
        ("after:2026-05-30", True),
        ("after:2026-05-31", False),
        ("after:2026-05 ", False),
        ("after:2025", True),
        ("before:2026-05-31T20:00:01+02:00", True),
        ("after:2026-05-31T18:00:00Z", True),
        ("before:2026-05-31T18:00:00Z", False),
        ("from:ada", True),
        ("from:grace from:ada", True),
        ("from:grace", False),
        ("has:link", True),
        ("has:file", False),
        ("is:thread", False),
    ],
)
def test_filters(asked: str, has_it: bool) -> None:
    message = Searched("see http://example.org", "ada", "@r7m2q9x4w1z3k", AT)
    assert (matches(query_of(asked), message) is not None) is has_it


@pytest.mark.parametrize(
    "types, has",
    [
        (("image/png", "text/plain"), ["file", "image"]),
        (("text/plain", "video/mp4"), ["file"]),
        ((), []),
    ],
)
def test_what_a_message_has_and_is(types: tuple[str, ...], has: list[str]) -> None:
    message = Searched("", "ada", "@r7m2q9x4w1z3k:42", AT, types)
    assert traits_of(message) == [*has, "thread"]


def test_words_are_also_found_in_what_is_said_of_files_but_not_from_one_to_the_next() -> None:
    names = ("holiday-beach.png", "ada am Strand")
    message = Searched("the beach", "ada", "lobby", AT, ("image/png",), names)
    for asked, spans in (
        *(
            ("beach", [(4, 5)]),
            ("holiday*", []),
            ("beach.png strand", []),
            ("the holiday", [(0, 3)]),
        ),
        *(('"beach holiday"', None), ("png ada am", []), ('"png ada"', None), ("sea", None)),
    ):
        assert matches(query_of(asked), message) == spans, asked


@pytest.mark.timeout(10)  # in one pass it takes a tenth of a second
def test_emoji_of_a_long_text_are_compared_with_its_highlights_in_one_pass() -> None:
    text = "a " * MOST_TERMS + "!\ufe0f" * 60_000
    spans = matches(query_of("a"), Searched(text, "ada", "lobby", AT))
    assert spans == [(n, 1) for n in range(0, 2 * MOST_TERMS, 2)]


def test_a_very_long_text_is_cut_off() -> None:
    assert (
        len(terms_of("word " * (MOST_TERMS + 1)))
        == len(terms_of("京" * (MOST_TERMS + 1)))
        == MOST_TERMS
    )


def test_what_is_asked_for_counts_more_the_less_there_is_besides() -> None:
    asked = query_of("deploy")
    texts = "deploy", "deploy on friday", "on friday we shall deploy, says somebody"
    messages = [Searched(text, "ada", "lobby", AT) for text in texts]
    scores = [relevance(each, matches(asked, each) or []) for each in messages]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == len(scores)
