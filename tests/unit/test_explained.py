"""Shapley's shares of R2, checked by hand and by what they must sum to."""

import numpy as np
import pytest

from bias_transfer.analysis.clustered import clustered
from bias_transfer.analysis.explained import shapley_shares
from bias_transfer.errors import StudyError


def test_two_correlated_columns_by_hand():
    # About their means x'x = 4, z'z = 5, x'z = 2, x'y = 6, z'y = 7, y'y = 14: R2 of x is 9/14, of z
    # 9.8/14, of both 13/14. x gains 9 when first and 13 - 9.8 when second.
    x, z = np.array([[-1.0], [-1], [1], [1]]), np.array([[-1.5], [0.5], [-0.5], [1.5]])
    shares = shapley_shares(np.array([0.0, 1, 2, 5]), {"x": x, "z": z}, ())
    assert shares == pytest.approx({"x": 6.1 / 14, "z": 6.9 / 14})


@pytest.mark.parametrize("seed", range(10))
def test_the_shares_sum_to_r_squared_whatever_the_groups(seed):
    rng = np.random.default_rng(seed)
    item, model = np.repeat(np.arange(8), 5), np.tile(np.arange(5), 8)
    kept = rng.random(40) < 0.9
    columns = rng.normal(size=(40, 1)) + rng.normal(size=(40, 4))
    outcome = columns @ rng.normal(size=4) + rng.normal(size=40)
    effects = [(), (model[kept],), (item[kept], model[kept])][seed % 3]
    groups = {"a": columns[kept, :1], "b": columns[kept, 1:3], "c": columns[kept, 3:]}
    shares = shapley_shares(outcome[kept], groups, effects)
    whole = clustered(outcome[kept], columns[kept], effects, item[kept]).r_squared
    assert sum(shares.values()) == pytest.approx(whole, rel=1e-12)
    assert min(shares.values()) >= 0
    reordered = shapley_shares(outcome[kept], dict(reversed(groups.items())), effects)
    assert reordered == pytest.approx(shares)


def test_uncorrelated_groups_keep_their_own_r_squared():
    x = np.array([[-1.0], [-1], [1], [1]])
    z = np.array([[-1.0], [1], [-1], [1]])
    outcome = 2 * x[:, 0] + z[:, 0] + np.array([1, -1, -1, 1])
    assert shapley_shares(outcome, {"x": x, "z": z}, ()) == pytest.approx({"x": 4 / 6, "z": 1 / 6})


def test_of_an_outcome_that_never_varies_no_share_is_explained():
    x = np.array([[-1.0], [-1], [1], [2]])
    assert np.isnan(shapley_shares(np.ones(4), {"x": x}, ())["x"])


def test_groups_that_hold_each_other_are_refused_by_name():
    x = np.array([[-1.0], [-1], [1], [2]])
    with pytest.raises(StudyError, match="explained by x, z: column 1 is collinear"):
        shapley_shares(np.arange(4.0), {"x": x, "z": 2 * x}, ())
