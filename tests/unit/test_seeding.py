"""Random streams: one a purpose, and none disturbs another."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.seeding import derived_seed, generator, pick


def test_a_seed_is_the_start_of_a_hash_of_its_names():
    digest = hashlib.sha256(b"7/upstream/random-t1").hexdigest()
    assert derived_seed(7, "upstream", "random-t1") == int(digest[:8], 16)


@given(st.integers(0, 2**31), st.text())
def test_a_seed_fits_in_32_bits(seed, name):
    assert 0 <= derived_seed(seed, name) < 2**32


@pytest.mark.parametrize("other", [(2, "a", 1), (1, "b", 1), (1, "a", 2), (1, "a")])
def test_another_name_or_seed_is_another_stream(other):
    assert derived_seed(1, "a", 1) != derived_seed(*other)


def test_a_stream_repeats_itself():
    first, second = generator(1, "split"), generator(1, "split")
    assert first.random(5).tolist() == second.random(5).tolist()


def test_every_choice_is_picked_equally_often():
    rng = generator(1)
    picked = [pick(rng, "abcd") for _ in range(4000)]
    # Four standard errors of a count of 1,000.
    assert all(abs(picked.count(each) - 1000) < 110 for each in "abcd")
