"""Altered word embeddings: noise within its bounds, and a gender direction that is removed."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.errors import StudyError
from bias_transfer.upstream.embeddings import (
    bias_subspace,
    gaussian_noise,
    gendered_pairs,
    noisy,
    remove_component,
    sentence_embeddings,
    uniform_noise,
)

SHAPE = torch.Size((200, 50))


def matrix(seed=0):
    rows = torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))
    rows[1] = 0
    return rows


def test_noise_is_added_then_clipped_to_the_range_before():
    before = torch.tensor([[0.0, 1.0], [0.0, 0.0], [-1.0, 0.5]])
    noise = torch.tensor([[0.25, 0.25], [0.5, 0.5], [-0.25, 0.25]])
    after = noisy(before, noise, padding=1)
    assert after.tolist() == [[0.25, 1.0], [0.0, 0.0], [-1.0, 0.75]]
    assert before[0, 0] == 0


@pytest.mark.parametrize("strength", [0.1, 2.0, 100.0])
def test_however_strong_the_noise_no_entry_leaves_the_range(strength):
    before = matrix()
    after = noisy(before, gaussian_noise(SHAPE, strength, seed=1), padding=1)
    assert after.min() >= before.min()
    assert after.max() <= before.max()
    assert (after[1] == 0).all()
    assert (after != before).float().mean() > 0.9


def test_no_noise_changes_nothing():
    before = matrix()
    assert torch.equal(noisy(before, torch.zeros(SHAPE), padding=1), before)


def test_uniform_noise_lies_evenly_within_its_half_width():
    noise = uniform_noise(SHAPE, 0.5, seed=1)
    assert noise.abs().max() <= 0.5
    assert noise.min() < -0.49
    assert noise.max() > 0.49
    # The variance of U(-c, c) is c^2 / 3; of 10,000 draws the mean is off by 0.003.
    assert noise.mean().abs() < 0.012
    assert noise.var().item() == pytest.approx(0.25 / 3, rel=0.05)


def test_gaussian_noise_has_its_standard_deviation():
    noise = gaussian_noise(SHAPE, 0.3, seed=1)
    assert noise.mean().abs() < 0.012
    assert noise.std().item() == pytest.approx(0.3, rel=0.03)
    # A normal variable is within one standard deviation 68.3 % of the time.
    assert (noise.abs() < 0.3).float().mean().item() == pytest.approx(0.683, abs=0.02)


@pytest.mark.parametrize("draw", [uniform_noise, gaussian_noise])
def test_noise_depends_on_its_seed_only(draw):
    torch.manual_seed(5)
    first = draw(SHAPE, 1.0, 1)
    assert torch.equal(first, draw(SHAPE, 1.0, 1))
    assert not torch.equal(first, draw(SHAPE, 1.0, 2))


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("She is here", ("She is here", "He is here")),
        ("the father left", ("the mother left", "the father left")),
        ("HE saw HER son", ("SHE saw HIS daughter", "HE saw HER son")),
        ("Mary and john", ("Mary and john", "John and mary")),
        ("MARY", ("MARY", "JOHN")),
        ("he hurt himself", ("she hurt herself", "he hurt himself")),
        ("a guy, a gal", ("a gal, a guy", "a guy, a gal")),
        ("his-and-hers", ("her-and-hers", "his-and-hers")),
    ],
)
def test_each_gendered_word_is_swapped_and_keeps_its_case(text, pair):
    assert gendered_pairs([text], 10) == [pair]


def test_words_that_only_hold_a_gendered_word_do_not_count():
    assert gendered_pairs(["The theory", "a human shell", "sonata", ""], 10) == []


def test_pairs_come_in_the_order_of_the_corpus_up_to_the_maximum():
    texts = ["nobody", "she a", "nobody", "he b", "she c"]
    assert gendered_pairs(texts, 2) == [("she a", "he a"), ("she b", "he b")]
    assert len(gendered_pairs(texts, 99)) == 3


def planted(direction, pairs=200, spread=0.05, seed=0):
    """Sentences that differ in one direction, whichever their own place is."""
    rng = np.random.default_rng(seed)
    context = rng.normal(size=(pairs, len(direction)))
    context /= np.linalg.norm(context, axis=1, keepdims=True)
    noise = spread * rng.normal(size=(2, pairs, len(direction))) / np.sqrt(len(direction))
    return context + 0.5 * direction + noise[0], context - 0.5 * direction + noise[1]


def unit(size=30, seed=3):
    vector = np.random.default_rng(seed).normal(size=size)
    return vector / np.linalg.norm(vector)


def test_the_planted_direction_is_recovered():
    direction = unit(300)
    female, male = planted(direction)
    (found,) = bias_subspace(female, male, 1)
    assert np.linalg.norm(found) == pytest.approx(1)
    assert abs(found @ direction) >= 0.99


def test_the_pca_of_plain_differences_would_miss_it():
    # Why each pair is centred on its own mean: centring the differences takes the direction away.
    direction = unit(300)
    female, male = planted(direction)
    differences = female - male
    centred = differences - differences.mean(axis=0)
    wrong = np.linalg.svd(centred, full_matrices=False)[2][0]
    assert abs(wrong @ direction) < 0.5


def test_the_subspace_is_that_of_a_covariance_matrix():
    rng = np.random.default_rng(0)
    female, male = rng.normal(size=(40, 6)) + 1, rng.normal(size=(40, 6))
    covariance = np.zeros((6, 6))
    for woman, man in zip(female, male, strict=True):
        woman, man = woman / np.sqrt(woman @ woman), man / np.sqrt(man @ man)
        middle = (woman + man) / 2
        for each in (woman - middle, man - middle):
            covariance += np.outer(each, each)
    expected = np.linalg.eigh(covariance)[1][:, ::-1][:, :3].T
    found = bias_subspace(female, male, 3)
    assert np.abs(np.sum(found * expected, axis=1)) == pytest.approx([1, 1, 1])
    assert found @ found.T == pytest.approx(np.eye(3), abs=1e-12)


@pytest.mark.parametrize(
    ("female", "male", "components", "said"),
    [
        (np.ones((1, 4)), np.ones((1, 4)), 1, "has 1 sentences with a gendered word"),
        (np.empty((0, 4)), np.empty((0, 4)), 1, "has 0 sentences"),
        (np.eye(4)[:3], np.eye(4)[:3], 1, "do not differ"),
        (np.eye(9, 4) + 1, np.eye(9, 4)[::-1] + 2, 5, "components: 5"),
    ],
)
def test_what_has_no_gender_direction_is_refused(female, male, components, said):
    with pytest.raises(StudyError, match=said):
        bias_subspace(female, male, components)


def test_gamma_zero_is_the_identity_bit_for_bit():
    rows = matrix()
    assert torch.equal(remove_component(rows, unit(50)[None], 0), rows)


def test_gamma_one_leaves_nothing_in_the_subspace_and_the_rest_alone():
    rows, direction = matrix(), unit(50)
    after = remove_component(rows, direction[None], 1).double().numpy()
    assert after @ direction == pytest.approx(0, abs=1e-5)
    other = np.random.default_rng(0).normal(size=50)
    other -= (other @ direction) * direction
    assert after @ other == pytest.approx(rows.double().numpy() @ other, abs=1e-4)


def test_gamma_one_twice_is_gamma_one_once():
    once = remove_component(matrix(), unit(50)[None], 1)
    torch.testing.assert_close(remove_component(once, unit(50)[None], 1), once, atol=1e-6, rtol=0)


@given(st.sampled_from([-50, -10, -1, 0.5, 2, 10, 50]))
def test_the_component_is_multiplied_by_one_less_gamma(gamma):
    # So a negative gamma amplifies, and two turns the sign.
    rows, direction = matrix().double(), unit(50)
    before = rows.numpy() @ direction
    after = remove_component(rows, direction[None], gamma).numpy() @ direction
    assert after == pytest.approx((1 - gamma) * before)


def test_a_row_worked_out_by_hand():
    # <h, v> = 0.6 + 2 * 0.8 = 2.2; h - 0.5 * 2.2 * v.
    after = remove_component(torch.tensor([[1.0, 2.0]]), np.array([[0.6, 0.8]]), 0.5)
    assert after[0].tolist() == pytest.approx([1 - 0.66, 2 - 0.88])


def test_two_directions_are_both_removed():
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(50, 2)))[0].T
    after = remove_component(matrix(), directions, 1).double().numpy()
    assert after @ directions.T == pytest.approx(0, abs=1e-5)


def test_a_sentence_is_the_mean_of_its_tokens():
    table = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 6.0]])
    assert sentence_embeddings(table, [[1, 2], [2], [0, 1, 1, 2]]).tolist() == [
        [2.0, 4.0],
        [3.0, 6.0],
        [1.25, 2.5],
    ]
