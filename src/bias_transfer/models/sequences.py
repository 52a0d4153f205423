"""Which token sequences go through an encoder together: each once, those of like length at a time.

A text's numbers do not depend on the texts beside it but for rounding, so that sending it again is
waste; and so is what fills it up to the length of a longer one.
"""

from collections.abc import Hashable, Iterable, Iterator

import numpy as np

_ALIKE = 1.25


def distinct(sequences: Iterable[Hashable], lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the distinct sequences, and put the shortest first.

    Parameters
    ----------
    sequences
        The tokens of each text, as something that equals where they do.
    lengths
        Tokens of each text, shape (texts,).

    Returns
    -------
    tuple
        The first text that is each distinct sequence, shape (sequences,), and the number of each
        text's sequence among these, shape (texts,).
    """
    known: dict[Hashable, int] = {}
    numbers = np.array([known.setdefault(each, len(known)) for each in sequences], dtype=np.int64)
    firsts = np.unique(numbers, return_index=True)[1]
    order = np.argsort(lengths[firsts], kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return firsts[order], rank[numbers]


def batches(lengths: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Yield the numbers of neighbouring sequences that share a batch.

    None of them is more than a quarter longer than the shortest.

    Parameters
    ----------
    lengths
        Tokens of each sequence, ascending.
    most
        Sequences a batch, at most.
    """
    start = 0
    while start < len(lengths):
        alike = int(np.searchsorted(lengths, _ALIKE * lengths[start], side="right"))
        end = min(start + most, alike)
        yield np.arange(start, end)
        start = end
