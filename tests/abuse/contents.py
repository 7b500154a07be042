"""What is JSON, and yet can't be taken: values that clients send in good faith, such as half of an emoji."""

CONTENTS = {
    "half a surrogate pair": r'"\ud800"',
    "surrogates in the wrong order": r'"\udc00\ud800"',
    "NUL": r'"a\u0000b"',
    "__proto__": '{"__proto__": {"admin": true}}',
    "__proto__, escaped": r'{"\u005f_proto__": {}}',
    "the same key twice": '{"a": 1, "a": 2}',
    "nesting of 40": "[" * 40 + "]" * 40,
    "nesting of 10,000": "[" * 10_000 + "]" * 10_000,
    "1e999": "1e999",
    "30 digits": "9" * 30,
    "5,000 digits": "9" * 5000,
    "2,001 values": f"[{','.join(['1'] * 2001)}]",
}
TEXTS = {name: value for name, value in CONTENTS.items() if value.startswith('"')}
