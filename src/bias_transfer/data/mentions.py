"""Which texts mention which term: whole words and phrases, whatever their case."""

import re
from collections.abc import Iterable, Sequence

SEPARATOR = ";"


def mentions(texts: Iterable[str], terms: Sequence[str]) -> list[str]:
    """Return, for each text, the terms it mentions, in the given order, joined by semicolons.

    A mention is the term at word boundaries, whatever the case, by Unicode's rules. A longer term
    counts its parts too: "african american" is also a mention of "african" and of "american".
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
    """Return the pattern of some phrases: the first that fits, no letter, digit or _ beside it."""
    spaced = (r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
    # Around all of them, so that inside a word none is tried.
    return rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)"
