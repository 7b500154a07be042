"""Tells which passwords are guessed first: repeats, runs over a keyboard, dates, and a small list of words. No I/O.

The list was written by hand for this project, from what such passwords are made of: words that name the thing itself
(`password`), greetings and wishes, first names, animals, sports and heroes, seasons, and what is set at delivery
(`admin`, `changeme`). Variants need no entry: case, digits and signs at the ends, letters written as digits or signs.
"""

import re

_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        """
    abc access account adgjmp admin administrator alexander andrea andrew angel anthony arsenal ashley asdf asdfgh asdfghjkl austin
    babygirl bailey banana barcelona baseball basketball batman bitcoin blink buster butterfly changeit changeme charlie cheese
    chelsea chocolate christmas classic computer cookie corvette cowboys dallas daniel default diamond dragon eagles einstein
    elephant everton family ferrari flower football forever freedom friend friends gandalf garfield george ginger golfer google
    guest hallo hannah harley heather hello helloworld hockey hubbub hunter iceman iloveu iloveyou internet jasmine jennifer
    jessica jordan joshua justin killer letmein liverpool login london love loveme lovely lover loveyou maggie manager manchester
    marina marvel master matrix matthew mercedes merlin messenger metallica michael michelle mickey minecraft money monkey
    monster mustang myspace naruto nicole ninja nothing olivia orange passcode passphrase password passwords passwort patrick
    peanut pepper phoenix pikachu pokemon porsche princess private purple qazwsx qwerty qwertz rainbow ranger robert samantha
    samsung schatz scooter secret secrets security server shadow silver snoopy soccer spiderman spring starwars steelers summer
    sunflower sunshine superman superstar system taylor temporary test tester testing thomas thunder tigger trustno unknown user
    vanilla victoria welcome whatever william winner winter wizard yankees yellow zxcvbnm
    """,
    )
)
_ROWS = (
    *("01234567890", "abcdefghijklmnopqrstuvwxyz"),
    *("qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm"),
    *("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm"),
)
_RUNS = tuple(run for row in _ROWS for run in (row, row[::-1]))
_LONGEST_RUN = max(map(len, _RUNS))
_FEW = 3  # different characters, or characters of a run
_LONGEST_REPEATED = 8  # characters; what repeats more is as long as a password must be
_LONGEST_NUMBER = 11  # dates, and telephone numbers without their country

_PARTS = re.compile(r"[a-z0-9]+")
_DECORATION = re.compile(r"[\W\d_]+")
_SPELLED = str.maketrans("@40!135$7+", "aaoiiesstt")
_WITH_L = {**_SPELLED, **str.maketrans("1!", "ll")}


def is_guessable(password: str, handle: str) -> bool:
    """Whether a password is one of those that are guessed first for an account with this handle."""
    text = password.casefold()
    return (
        len(set(text)) <= _FEW
        or (text + text).find(text, 1) < min(_LONGEST_REPEATED + 1, len(text))
        or (text.isdigit() and len(text) <= _LONGEST_NUMBER)
        or _is_run(text)
        or (_is_run(text[::2]) and _is_run(text[1::2]))
        or not _words_in(text).isdisjoint(_WORDS)
        or not _words_in(text).isdisjoint(
            _words_in(handle).union(*map(_words_in, _PARTS.findall(handle)))
        )
    )


def _is_run(text: str) -> bool:
    """Whether it consists of runs of three or more characters, and at most two more at the end."""
    while len(text) >= _FEW:
        sizes = range(min(len(text), _LONGEST_RUN), _FEW - 1, -1)
        size = next((n for n in sizes if any(text[:n] in run for run in _RUNS)), 0)
        if not size:
            return False
        text = text[size:]
    return True


def _words_in(text: str) -> set[str]:
    """Return the word that remains without digits and signs at the ends, as it may be spelled."""
    end = len(text) - len(_leading(text[::-1]))
    cores = (text[:end], text[len(_leading(text[:end])) : end])
    spelled = {core.translate(letters) for core in cores for letters in (_SPELLED, _WITH_L)}
    return {_DECORATION.sub("", each) for each in spelled} - {""}


def _leading(text: str) -> str:
    found = _DECORATION.match(text)
    return found[0] if found else ""
