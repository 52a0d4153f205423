"""Which texts mention which term: whole words and phrases, whatever their case."""

import re
from collections.abc import Iterable, Sequence

SEPARATOR = ";"


def mentions(texts: Iterable[str], terms: Sequence[str]) -> list[str]:
    """Return, for each text, the terms it mentions, in the given order, joined by semicolons.

    A mention is the term at word boundaries, whatever the case, by Unicode's rules. A longer term
    counts its parts too: "african american" is also a mention of "african" and of "american".
    """
    patterns = [(term, re.compile(whole(term), re.IGNORECASE)) for term in terms]
    # One pass tells that most texts mention nothing.
    some = re.compile("|".join(pattern.pattern for _, pattern in patterns), re.IGNORECASE)
    return [
        SEPARATOR.join(term for term, pattern in patterns if pattern.search(text))
        if some.search(text)
        else ""
        for text in texts
    ]


def mentioned(groups: Sequence[str], term: str) -> list[bool]:
    """Tell for each joined list of terms whether `term` is one of them."""
    return [term in group.split(SEPARATOR) for group in groups]


def whole(phrase: str) -> str:
    """Return the pattern of a phrase that no letter, digit or underscore touches."""
    spaced = r"\s+".join(map(re.escape, phrase.split()))
    return rf"(?<!\w){spaced}(?!\w)"
