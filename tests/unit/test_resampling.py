"""The bootstrap over seeds and items, checked against the closed form for a mean."""

import numpy as np
import pytest

from bias_transfer.analysis.resampling import multi_bootstrap, percentile_interval
from bias_transfer.errors import StudyError


def mean(values: np.ndarray) -> float:
    return float(values.mean())


@pytest.mark.parametrize("seeds", [1, 4])
def test_the_variance_of_a_mean_is_that_of_seeds_items_and_what_is_left(seeds):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(seeds, 1)) + rng.normal(size=(1, 10)) + rng.normal(size=(seeds, 10))
    by_seed, by_item = values.mean(axis=1), values.mean(axis=0)
    left = values - by_seed[:, None] - by_item + values.mean()
    # The variance of a mean of n draws from n numbers is their variance (over n) / n.
    wanted = by_seed.var() / seeds + by_item.var() / 10 + (left**2).mean() / (10 * seeds)
    draws = multi_bootstrap(values, mean, 20_000, seed=1)
    assert draws.shape == (20_000,)
    # The relative error of a variance of so many draws is 1 %.
    assert draws.var() == pytest.approx(wanted, rel=0.04)
    assert draws.mean() == pytest.approx(values.mean(), abs=4 * (wanted / 20_000) ** 0.5)


def test_seeds_and_items_go_whole():
    values = np.arange(24.0).reshape(3, 4, 2)

    def check(sample: np.ndarray) -> float:
        assert sample.shape == values.shape
        seeds, items = sample[:, 0, 0] // 8, sample[0, :, 0] % 8 // 2
        np.testing.assert_array_equal(sample, values[seeds.astype(int)][:, items.astype(int)])
        return 0.0

    multi_bootstrap(values, check, 50, seed=2)


def test_equal_seeds_give_equal_draws():
    values = np.random.default_rng(0).normal(size=(2, 5))
    one, again, other = (multi_bootstrap(values, mean, 10, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_an_interval_leaves_out_as_much_at_either_end():
    assert percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5, 95))
    assert percentile_interval(np.arange(201.0)) == pytest.approx((5, 195))


def test_a_draw_without_the_statistic_is_not_left_out():
    assert np.isnan(percentile_interval(np.array([1.0, np.nan, 2.0]))).all()


@pytest.mark.parametrize(
    ("values", "draws"),
    [(np.ones(3), 1), (np.ones((0, 3)), 1), (np.ones((2, 3)), 0), (np.full((2, 3), np.nan), 1)],
)
def test_what_cannot_be_resampled_is_refused(values, draws):
    with pytest.raises(StudyError, match="bootstrap over seeds and items"):
        multi_bootstrap(values, mean, draws, seed=1)
