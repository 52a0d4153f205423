"""The bootstrap over seeds and items, checked against the closed form for a mean."""

import numpy as np
import pytest

from bias_transfer.analysis.resampling import (
    multi_bootstrap,
    percentile_interval,
    weighted_products,
)
from bias_transfer.analysis.within import fixed_effects
from bias_transfer.errors import StudyError

ITEM, SEED = np.repeat(np.arange(6), 4), np.tile(np.arange(4), 6)
CROSSED = np.ones(24, dtype=bool)


@pytest.mark.parametrize("seeds", [1, 4])
def test_the_variance_of_a_mean_is_that_of_seeds_items_and_what_is_left(seeds):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(seeds, 1)) + rng.normal(size=(1, 10)) + rng.normal(size=(seeds, 10))
    by_seed, by_item = values.mean(axis=1), values.mean(axis=0)
    left = values - by_seed[:, None] - by_item + values.mean()
    # The variance of a mean of n draws from n numbers is their variance (over n) / n.
    wanted = by_seed.var() / seeds + by_item.var() / 10 + (left**2).mean() / (10 * seeds)
    seed, item = (each.ravel() for each in np.indices(values.shape))
    weights = multi_bootstrap(item, seed, np.ones(values.size, dtype=bool), 20_000, seed=1)
    draws = weights @ values.ravel() / values.size
    # The relative error of a variance of so many draws is 1 %.
    assert draws.var() == pytest.approx(wanted, rel=0.04)
    assert draws.mean() == pytest.approx(values.mean(), abs=4 * (wanted / 20_000) ** 0.5)


def test_seeds_and_items_go_whole():
    for weights in multi_bootstrap(ITEM, SEED, CROSSED, 50, seed=2):
        table = weights.reshape(6, 4)
        of_item, of_seed = table.sum(axis=1) / 4, table.sum(axis=0) / 6
        assert (of_item.sum(), of_seed.sum()) == (6, 4)
        np.testing.assert_array_equal(table, np.outer(of_item, of_seed))


def test_models_with_some_of_the_seeds_are_taken_as_they_are():
    crossed = SEED != 3
    for weights in multi_bootstrap(ITEM, SEED, crossed, 50, seed=2):
        assert weights[~crossed].sum() == 6


def test_equal_seeds_give_equal_draws():
    one, again, other = (multi_bootstrap(ITEM, SEED, CROSSED, 10, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@pytest.mark.parametrize("effects", [(), (SEED,), (ITEM, SEED)], ids=["none", "one", "two"])
def test_products_under_weights_are_those_of_the_rows_that_the_draw_takes(effects):
    values = np.random.default_rng(0).normal(size=(24, 3)) + 10
    weights = multi_bootstrap(ITEM, SEED, CROSSED, 20, seed=3)
    found = weighted_products(values, effects, weights)
    for products, counts in zip(found, weights.astype(int), strict=True):
        rows = np.repeat(np.arange(24), counts)
        left = fixed_effects([each[rows] for each in effects], 24).taken_out(values[rows])
        np.testing.assert_allclose(products, left.T @ left, atol=1e-10)


def test_an_interval_leaves_out_as_much_at_either_end():
    assert percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5, 95))
    assert percentile_interval(np.arange(201.0)) == pytest.approx((5, 195))


def test_a_draw_without_the_statistic_is_not_left_out():
    assert np.isnan(percentile_interval(np.array([1.0, np.nan, 2.0]))).all()


@pytest.mark.parametrize(("rows", "draws"), [(0, 1), (24, 0)])
def test_what_cannot_be_resampled_is_refused(rows, draws):
    with pytest.raises(StudyError, match="bootstrap over seeds and items"):
        multi_bootstrap(ITEM[:rows], SEED[:rows], CROSSED[:rows], draws, seed=1)
