"""Reliabilities and corrected slopes, checked against printed and hand-worked examples."""

import itertools

import numpy as np
import pytest

from bias_transfer.analysis.reliability import (
    corrected_slopes,
    cronbach_alpha,
    intraclass_correlation,
    split_half,
)
from bias_transfer.errors import StudyError

# Shrout and Fleiss (1979), "Intraclass correlations: uses in assessing rater reliability", table 2:
# six targets and four judges. Its table 4 prints ICC(3,4) = .91, from mean squares 11.24 and 1.02.
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    dtype=float,
)
# Columns of a Hadamard matrix: uncorrelated, of one variance.
HADAMARD = np.array([[(-1.0) ** (i & j).bit_count() for j in range(16)] for i in range(16)])
MEASURES = (cronbach_alpha, split_half, intraclass_correlation)
every_measure = pytest.mark.parametrize("measure", MEASURES)


def test_the_intraclass_correlation_is_the_printed_one():
    assert round(intraclass_correlation(JUDGES), 2) == 0.91
    assert intraclass_correlation(JUDGES) == pytest.approx((11.24 - 1.02) / 11.24, abs=1e-3)


def test_cronbachs_alpha_is_the_printed_icc_and_that_of_the_mean_covariance():
    # Shrout and Fleiss, p. 422: ICC(3,k) is Cronbach's alpha.
    assert round(cronbach_alpha(JUDGES), 2) == 0.91
    covariance = np.cov(JUDGES.T)
    between = covariance[~np.eye(4, dtype=bool)].mean()
    wanted = 4 * between / (np.diag(covariance).mean() + 3 * between)
    assert cronbach_alpha(JUDGES) == pytest.approx(wanted, rel=1e-12)


def test_split_halves_are_stepped_up_and_averaged():
    rs = [
        np.corrcoef(JUDGES[:, [0, other]].sum(axis=1), np.delete(JUDGES, [0, other], 1).sum(axis=1))
        for other in (1, 2, 3)
    ]
    wanted = np.mean([2 * r[0, 1] / (1 + r[0, 1]) for r in rs])
    assert split_half(JUDGES) == pytest.approx(wanted, rel=1e-12)


def test_unequal_halves_are_stepped_up_by_horsts_formula_and_averaged():
    # Horst (1951): (sqrt(r⁴ + 4pq r²(1 - r²)) - r²) / (2pq (1 - r²)), halves of one and two thirds.
    pq, wanted = 2 / 9, []
    for one in range(3):
        others = np.delete(JUDGES[:, :3], one, axis=1).sum(axis=1)
        r = np.corrcoef(JUDGES[:, one], others)[0, 1]
        root = np.sqrt(r**4 + 4 * pq * r**2 * (1 - r**2))
        wanted.append((root - r**2) / (2 * pq * (1 - r**2)))
    assert split_half(JUDGES[:, :3]) == pytest.approx(np.mean(wanted), rel=1e-12)


@every_measure
@pytest.mark.parametrize("templates", [2, 3, 5, 7, 12])
def test_parallel_templates_have_the_reliability_of_their_mean(measure, templates):
    # One truth and errors of twice its variance: 1 / (1 + 2 / T).
    scores = HADAMARD[:, [1]] + 2**0.5 * HADAMARD[:, 2 : 2 + templates] + 10
    assert measure(scores) == pytest.approx(1 / (1 + 2 / templates), rel=1e-12)


@every_measure
def test_one_is_perfect_and_a_templates_own_level_is_no_error(measure):
    scores = HADAMARD[:, [1]] + np.arange(5.0)
    assert measure(scores) == pytest.approx(1, rel=1e-12)


@every_measure
def test_zero_is_chance(measure):
    assert measure(HADAMARD[:, 1:7]) == pytest.approx(0, abs=1e-12)


@every_measure
def test_one_replicate_has_no_other_to_agree_with(measure):
    assert np.isnan(measure(JUDGES[:, :1]))


@every_measure
def test_what_never_varies_has_no_reliability(measure):
    assert np.isnan(measure(np.full((6, 4), 0.1)))


@every_measure
@pytest.mark.parametrize("unit", [1e-20, 1e20])
def test_no_reliability_is_a_matter_of_the_unit(measure, unit):
    assert measure(unit * JUDGES) == pytest.approx(measure(JUDGES), rel=1e-12)
    assert np.isnan(measure(np.full((6, 4), 0.1 * unit)))


@every_measure
def test_two_items_are_enough(measure):
    assert measure(np.array([[0.0, 1, 2], [3, 4, 5]])) == pytest.approx(1, rel=1e-12)


@every_measure
def test_a_gap_and_a_single_item_are_refused(measure):
    gap = np.where(JUDGES == 10, np.nan, JUDGES)
    with pytest.raises(StudyError, match="give complete items"):
        measure(gap)
    with pytest.raises(StudyError, match="two items"):
        measure(JUDGES[:1])


def test_one_column_by_hand():
    # x - 3 = (-3, -1, 1, 3): x'x = 20, x'y = 12, slope 0.6. Errors of 4/3 hold 3 * 4/3 = 4 of the
    # 20: reliability 0.8, slope 0.6 / 0.8.
    x, y = np.array([[0.0], [2], [4], [6]]), np.array([1.0, 2, 2, 5])
    assert corrected_slopes(y, x, (), np.array([0.0])) == pytest.approx([0.6])
    assert corrected_slopes(y, x, (), np.array([4 / 3])) == pytest.approx([0.75])


def test_two_columns_by_hand():
    # About their means X'X = [4 2; 2 5] and X'y = (6, 7): slopes (1, 1). With 3 * 2/3 = 2 of the
    # first column's 4 error, [2 2; 2 5] b = (6, 7): b = (16/6, 1/3).
    x = np.array([[-1, -1.5], [-1, 0.5], [1, -0.5], [1, 1.5]])
    y = np.array([0.0, 1, 2, 5])
    assert corrected_slopes(y, x, (), np.zeros(2)) == pytest.approx([1, 1])
    assert corrected_slopes(y, x, (), np.array([2 / 3, 0])) == pytest.approx([16 / 6, 1 / 3])


def test_within_effects_the_error_keeps_its_degrees_of_freedom():
    # Of 2 rows an item, one is taken out: the errors' share is N - 300 times the variance.
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(3000), 2)
    truth = rng.normal(size=6000) + rng.normal(size=3000)[item]
    x = truth + rng.normal(scale=0.7, size=6000)
    y = 0.5 * truth + rng.normal(size=3000)[item] + rng.normal(scale=0.2, size=6000)
    (naive,) = corrected_slopes(y, x[:, None], (item,), np.array([0.0]))
    (corrected,) = corrected_slopes(y, x[:, None], (item,), np.array([0.49]))
    assert naive == pytest.approx(0.5 / 1.49, abs=0.02)
    assert corrected == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("variances", "said"),
    [
        ([20 / 3], "as large as all that the columns vary"),
        ([-1.0], "one error variance"),
        ([np.nan], "one error variance"),
        ([0.0, 0.0], "one error variance"),
    ],
)
def test_errors_that_leave_nothing_are_refused(variances, said):
    x, y = np.array([[0.0], [2], [4], [6]]), np.array([1.0, 2, 2, 5])
    with pytest.raises(StudyError, match=said):
        corrected_slopes(y, x, (), np.array(variances))


@pytest.mark.parametrize(
    ("variances", "said"),
    [([0.0, 5 / 3], "as large as all that the columns vary"), ([0.0, -1], "one error variance")],
)
def test_one_column_of_two_that_is_nothing_but_error_is_enough_to_refuse(variances, said):
    # Three times 5/3 is all of the second column's sum of squares.
    x = np.array([[-1, -1.5], [-1, 0.5], [1, -0.5], [1, 1.5]])
    with pytest.raises(StudyError, match=said):
        corrected_slopes(np.array([0.0, 1, 2, 5]), x, (), np.array(variances))


def test_above_ten_templates_a_hundred_splits_are_always_the_same():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(20, 1)) + rng.normal(size=(20, 12))
    assert split_half(scores) == split_half(scores)
    every = [
        np.corrcoef(scores[:, list(half)].sum(axis=1), np.delete(scores, half, 1).sum(axis=1))[0, 1]
        for half in itertools.combinations(range(12), 6)
    ]
    stepped_up = [2 * r / (1 + r) for r in every]
    error = np.std(stepped_up) / 10
    assert split_half(scores) == pytest.approx(np.mean(stepped_up), abs=4 * error)
