"""Pairs of sentences that differ in their gendered words only."""

import re
from collections.abc import Sequence
from functools import cache

from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.lexicon import GENDERED_PAIRS


@cache
def _counterparts() -> dict[str, str]:
    return dict(GENDERED_PAIRS) | {male: female for female, male in GENDERED_PAIRS}


@cache
def _female_words() -> frozenset[str]:
    return frozenset(female for female, _ in GENDERED_PAIRS)


@cache
def _gendered() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, _counterparts()))})\b", re.IGNORECASE)


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
    pairs: list[tuple[str, str]] = []
    for text in texts:
        first = _gendered().search(text)
        if first is None:
            continue
        other = _gendered().sub(_swap, text)
        female = first.group().lower() in _female_words()
        pairs.append((text, other) if female else (other, text))
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


def _swap(match: re.Match[str]) -> str:
    word = match.group()
    other = _counterparts()[word.lower()]
    if word.isupper() and len(word) > 1:
        return other.upper()
    return other.capitalize() if word[0].isupper() else other
