"""Which texts mention which term: whole words and phrases, whatever their case."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

SEPARATOR = ";"
# Behind it there are none but selectors of a character's form.
_LAST_MARK = 0x20000


def mentions(texts: Iterable[str], terms: Sequence[str]) -> list[str]:
    """Return, for each text, the terms it mentions, in the given order, joined by semicolons.

    A mention is the term at word boundaries, whatever the case, by Unicode's rules; an accent may
    be a part of its letter or a character of its own. A longer term counts its parts too: "african
    american" is also a mention of "african" and of "american".
    """
    patterns = [(term, _start(term), re.compile(whole(term), re.IGNORECASE)) for term in terms]
    # One pass tells that most texts mention nothing.
    some = re.compile(whole(*terms), re.IGNORECASE)

    def of(text: str) -> str:
        if not some.search(text):
            return ""
        # Beyond ASCII a letter has several lower cases: there every term is searched for.
        lower = text.lower() if text.isascii() else None
        return SEPARATOR.join(
            term
            for term, start, pattern in patterns
            if (lower is None or start in lower) and pattern.search(text)
        )

    return [of(text) for text in texts]


def _start(term: str) -> str:
    """Return what an ASCII text in lower case holds if it mentions a term."""
    return term.split()[0].lower() if term.isascii() else ""


def mentioned(groups: Sequence[str], term: str) -> list[bool]:
    """Tell for each joined list of terms whether `term` is one of them."""
    return [term in group.split(SEPARATOR) for group in groups]


def whole(*phrases: str) -> str:
    """Return the pattern of some phrases: the first that fits, no letter, digit or _ beside it.

    A mark, such as an accent that is a character of its own, belongs to its letter.
    """
    spelled = (form for phrase in phrases for form in _spellings(phrase))
    spaced = (r"\s+".join(map(re.escape, form.split())) for form in spelled)
    # Around all of them, so that inside a word none is tried. Before most words stands a space, and
    # that it is no mark is told by ASCII sooner than by the list of them.
    before = rf"(?<!\w)(?<!(?![\0-\x7f])[{_marks()}])"
    return rf"{before}(?:{'|'.join(spaced)})(?![\w{_marks()}])"


def _spellings(phrase: str) -> tuple[str, ...]:
    """Return a phrase with its accents in their letters, and as characters of their own."""
    return tuple(dict.fromkeys(unicodedata.normalize(form, phrase) for form in ("NFC", "NFD")))


@cache
def _marks() -> str:
    """Return the characters that only go with a letter, as ranges of a pattern's class."""
    marks = [chr(n) for n in range(_LAST_MARK) if unicodedata.category(chr(n)) in ("Mn", "Mc")]
    ranges: list[str] = []
    for mark in marks:
        if ranges and ord(ranges[-1][-1]) == ord(mark) - 1:
            ranges[-1] = f"{ranges[-1][0]}-{mark}"
        else:
            ranges.append(mark)
    return "".join(ranges)
