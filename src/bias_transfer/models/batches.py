"""Which token sequences go through an encoder together: each once, those of like length at a time.

A text's numbers do not depend on the texts beside it but for rounding, so that sending it again is
waste; and so is what fills it up to the length of a longer one.
"""

from collections.abc import Hashable, Iterable, Iterator

import numpy as np


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

    Parameters
    ----------
    lengths
        Tokens of each sequence, ascending.
    most
        Sequences a batch, at most.
    """
    return (
        np.arange(start, min(start + most, len(lengths))) for start in range(0, len(lengths), most)
    )
