"""Which comments mention which identity term."""

import re
from collections.abc import Iterable, Sequence

SEPARATOR = ";"


def mentions(texts: Iterable[str], terms: Sequence[str]) -> list[str]:
    """Return, for each text, the terms it mentions, in the given order, joined by semicolons.

    A mention is the term at word boundaries, whatever the case, by Unicode's rules. A longer term
    counts its parts too: "african american" is also a mention of "african" and of "american".
    """
    patterns = [(term, _pattern(term)) for term in terms]
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


def _pattern(term: str) -> re.Pattern[str]:
    spaced = r"\s+".join(map(re.escape, term.split()))
    return re.compile(rf"(?<!\w){spaced}(?!\w)", re.IGNORECASE)
