"""Words of many scripts that are names, and what looks like one and is none."""

import unicodedata

ZWNJ, ZWJ = "\u200c", "\u200d"
_WORDS = {
    "Arabic": ("العَرَبيّة", "قهوة"),
    "Bengali": ("বাংলা", f"র{ZWJ}্যাব"),
    "Burmese": ("မြန်မာ", "မြွှောင့်"),
    "Cyrillic": ("кухня", "їжа"),
    "Devanagari": ("हिन्दी", "क्षेत्र", f"दर्{ZWJ}या"),
    "Ethiopic": ("አማርኛ",),
    "Georgian": ("ქართული",),
    "Greek": ("ελληνικά",),
    "Gujarati": ("ગુજરાતી",),
    "Gurmukhi": ("ਪੰਜਾਬੀ",),
    "Han": ("漢字", "台所"),
    "Hangul": ("한국어",),
    "Hebrew": ("עִבְרִית",),
    "Kana": ("ひらがな", "ガ"),
    "Kannada": ("ಕನ್ನಡ",),
    "Khmer": ("ខ្មែរ",),
    "Lao": ("ລາວ",),
    "Latin": ("Łódź", "İstanbul", "ß", "Việt", "q̃"),
    "Malayalam": ("മലയാളം",),
    "Persian": (f"می{ZWNJ}خواهم", f"کتاب{ZWNJ}ها"),
    "Sinhala": ("සිංහල", f"ශ්{ZWJ}රී"),
    "Tamil": ("தமிழ்",),
    "Telugu": ("తెలుగు",),
    "Thai": ("ภาษาไทย", "ที่"),
    "Tibetan": ("བོད་ཡིག".replace("་", "-"), "བསྒྲུབས"),
}
SCRIPTS = {
    script: [unicodedata.normalize("NFC", word) for word in words]
    for script, words in _WORDS.items()
}

UNSEEN = {
    "a joiner between Latin letters": f"ad{ZWJ}a",
    "a non-joiner between Latin letters": f"ad{ZWNJ}a",
    "a joiner at the end": f"ශ්{ZWJ}",
    "a joiner after a Tamil virama": f"தமிழ்{ZWJ}நாடு",
    "a non-joiner after a letter that joins no other": f"دو{ZWNJ}ا",
    "two non-joiners": f"می{ZWNJ}{ZWNJ}خواهم",
    "a grapheme joiner": "a\u034fb",
    "a Hangul filler": "a\u3164b",
    "a halfwidth filler": "\uffa0",
    "a variant selector": "a\ufe0f",
    "a supplementary selector": "漢\U000e0100",
    "a Khmer vowel that is not shown": "ក\u17b5",
    "a Mongolian selector": "ᠠ\u180b",
    "a blank Braille pattern": "ada\u2800",
    "a blank hieroglyph": "ada\U00013441",
    "a Khitan filler": "ada\U00016fe4",
    "a blank note": "ada\U0001d159",
    "a stand-in for an object": "ada\ufffc",
    "a soft hyphen": "ad\u00ada",
    "a mark of direction": "ada\u200f",
    "an enclosing mark": "a\u20dd",
}
