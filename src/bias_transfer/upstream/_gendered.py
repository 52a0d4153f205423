"""Gendered words as a config gives them, and pairs of sentences that differ in them only."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from bias_transfer import vocabularies
from bias_transfer.errors import StudyError, counted
from bias_transfer.section import Name
from bias_transfer.tasks._vocabulary import read_by
from bias_transfer.upstream._swapping import counterparts, find, key, swapped

_Pair = Annotated[list[Name], Field(min_length=2, max_length=2)]
# Words, each with its counterpart: a list of pairs, a vocabulary, or a CSV file.
Pairs = Annotated[
    list[_Pair], read_by(vocabularies.counterparts, str | list[_Pair]), Field(min_length=1)
]
GENDERED_PAIRS = [list(pair) for pair in vocabularies.pairs("gendered_pairs")]


def check_pairs(settings: Any, definition: Any) -> None:
    """Refuse pairs that hold no group's word, as those of another language.

    They would move something else: in French, where "son" is a possessive, "daughter" for "son".

    Parameters
    ----------
    settings
        Of a method, with `pairs`.
    definition
        What is predicted, for whom; one without groups is not looked at.

    Raises
    ------
    StudyError
        Naming the key and the words.
    """
    words = [group.word for group in getattr(definition, "groups", ())]
    held = {key(word) for pair in settings.pairs for word in pair}
    if words and not held.intersection(map(key, words)):
        raise StudyError(
            f"pairs: none of {', '.join(map(repr, words))}, the words of the groups, stands in a "
            "pair, so what the model makes of them would not be altered; give pairs that hold "
            "them, in the corpus's language"
        )


def gendered_pairs(
    texts: Sequence[str], known: Sequence[Sequence[str]], maximum: int
) -> list[tuple[str, str]]:
    """Find sentences with a gendered word, and write each one's counterpart.

    Every gendered word of a sentence is swapped, keeping its case; the first one tells which
    member of the pair is female.

    Parameters
    ----------
    texts
        The corpus.
    known
        Pairs of words, the female one first.
    maximum
        How many pairs to keep, from the corpus's start.

    Returns
    -------
    list of tuple
        (female, male) sentences, as in Liang et al. (2020), Section 2.1.
    """
    words, female = counterparts(known), {key(word) for word, _ in known}
    gendered = find(words, texts)
    pairs: list[tuple[str, str]] = []
    for text in texts:
        first = gendered.search(text)
        if first is None:
            continue
        other = swapped(text, gendered, words)
        pairs.append((text, other) if key(first["word"]) in female else (other, text))
        if len(pairs) == maximum:
            break
    return pairs


def require_pairs(pairs: Sequence[tuple[str, str]], fewest: int, method: str) -> None:
    """Refuse fewer pairs of sentences than a method, called so in the config, needs."""
    if len(pairs) < fewest:
        raise StudyError(
            f"the corpus has {counted(len(pairs), 'sentence')} with a gendered word, too few for "
            f"upstream.{method}; give a larger model.corpus, or other words in "
            f"upstream.{method}.pairs"
        )
