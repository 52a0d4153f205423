"""Pairs of sentences that differ in their gendered words only."""

import re
from collections.abc import Sequence
from functools import cache

from bias_transfer import vocabularies
from bias_transfer.errors import StudyError


@cache
def _words() -> tuple[dict[str, str], re.Pattern[str]]:
    """Return the male counterpart of each female word, and what finds a word of either kind."""
    pairs = dict(vocabularies.pairs("gendered_pairs"))
    words = "|".join(re.escape(word) for pair in pairs.items() for word in pair)
    return pairs, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


def gendered_pairs(texts: Sequence[str], maximum: int) -> list[tuple[str, str]]:
    """Find sentences with a gendered word, and write each one's counterpart.

    Every gendered word of a sentence is swapped, keeping its case; the first one tells which
    member of the pair is female.

    Parameters
    ----------
    texts
        The corpus.
    maximum
        How many pairs to keep, from the corpus's start.

    Returns
    -------
    list of tuple
        (female, male) sentences, as in Liang et al. (2020), Section 2.1.
    """
    males, gendered = _words()
    counterparts = males | {male: female for female, male in males.items()}

    def swap(match: re.Match[str]) -> str:
        return _cased(counterparts[match.group().casefold()], match.group())

    pairs: list[tuple[str, str]] = []
    for text in texts:
        first = gendered.search(text)
        if first is None:
            continue
        other = gendered.sub(swap, text)
        pairs.append((text, other) if first.group().casefold() in males else (other, text))
        if len(pairs) == maximum:
            break
    return pairs


def require_pairs(pairs: Sequence[tuple[str, str]], components: int) -> None:
    """Refuse fewer pairs than a subspace of so many components needs."""
    if len(pairs) < max(2, components):
        raise StudyError(
            f"the corpus has {len(pairs)} sentences with a gendered word, too few for Sent-Debias; "
            "give a larger model.corpus"
        )


def _cased(word: str, as_in: str) -> str:
    if as_in.isupper() and len(as_in) > 1:
        return word.upper()
    return word.capitalize() if as_in[0].isupper() else word
