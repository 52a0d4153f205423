"""Which token sequences go through an encoder together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.models.sequences import batches, distinct

TEXTS = st.lists(st.text("ab", min_size=1, max_size=4), max_size=30)


def lengths_of(texts):
    return np.array([len(text) for text in texts], dtype=np.int64)


@given(TEXTS)
def test_each_sequence_is_found_once_the_shortest_first(texts):
    firsts, numbers = distinct(texts, lengths_of(texts))
    found = [texts[first] for first in firsts]
    assert sorted(found) == sorted(set(texts))
    assert [len(each) for each in found] == sorted(map(len, set(texts)))
    assert [found[number] for number in numbers] == texts


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 9))
def test_sequences_that_share_a_batch_are_of_like_length(lengths, most):
    ascending = np.sort(np.array(lengths, dtype=np.int64))
    found = list(batches(ascending, most))
    assert np.concatenate([[], *found]).tolist() == list(range(len(lengths)))
    for batch in found:
        assert 0 < len(batch) <= most
        assert ascending[batch[-1]] <= 1.25 * ascending[batch[0]]


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([8, 9, 10, 11], [[0, 1, 2], [3]]),
        ([4, 4, 4], [[0, 1, 2]]),
        ([4, 4, 4, 4], [[0, 1, 2], [3]]),
    ],
)
def test_a_batch_ends_where_it_is_full_or_the_next_is_too_long(lengths, expected):
    assert [batch.tolist() for batch in batches(np.array(lengths), 3)] == expected
