"""Pairs of sentences that differ in their gendered words only."""

from collections.abc import Sequence

from bias_transfer import vocabularies
from bias_transfer.errors import StudyError, counted
from bias_transfer.upstream._swapping import counterparts, find, swapped


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
    known = vocabularies.pairs("gendered_pairs")
    words, female = counterparts(known), {word for word, _ in known}
    gendered = find(words)
    pairs: list[tuple[str, str]] = []
    for text in texts:
        first = gendered.search(text)
        if first is None:
            continue
        other = swapped(text, gendered, words)
        pairs.append((text, other) if first["word"].casefold() in female else (other, text))
        if len(pairs) == maximum:
            break
    return pairs


def require_pairs(pairs: Sequence[tuple[str, str]], components: int) -> None:
    """Refuse fewer pairs than a subspace of so many components needs."""
    if len(pairs) < max(2, components):
        raise StudyError(
            f"the corpus has {counted(len(pairs), 'sentence')} with a gendered word, too few for "
            "Sent-Debias; give a larger model.corpus"
        )
