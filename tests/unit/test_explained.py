"""Shapley's shares of R2, checked by hand and by what they must sum to."""

import itertools

import numpy as np
import pytest

from bias_transfer.analysis.clustered import clustered
from bias_transfer.analysis.explained import chance_shares, shapley_shares


def shares_of(outcome, groups, effects=()):
    """Return the shares of the table itself, and of one in which every row stands twice."""
    weights = np.ones((2, len(outcome)))
    weights[1] = 2
    found = shapley_shares(outcome, groups, effects, weights)
    assert all(once == pytest.approx(twice, nan_ok=True) for once, twice in found.values())
    return {name: once for name, (once, _) in found.items()}


def test_two_correlated_columns_by_hand():
    # About their means x'x = 4, z'z = 5, x'z = 2, x'y = 6, z'y = 7, y'y = 14: R2 of x is 9/14, of z
    # 9.8/14, of both 13/14. x gains 9 when first and 13 - 9.8 when second.
    x, z = np.array([[-1.0], [-1], [1], [1]]), np.array([[-1.5], [0.5], [-0.5], [1.5]])
    shares = shares_of(np.array([0.0, 1, 2, 5]), {"x": x, "z": z})
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
    shares = shares_of(outcome[kept], groups, effects)
    whole = clustered(outcome[kept], columns[kept], effects, item[kept]).r_squared
    assert sum(shares.values()) == pytest.approx(whole, rel=1e-12)
    assert min(shares.values()) > -1e-12
    reordered = shares_of(outcome[kept], dict(reversed(groups.items())), effects)
    assert reordered == pytest.approx(shares)


def test_uncorrelated_groups_keep_their_own_r_squared():
    x = np.array([[-1.0], [-1], [1], [1]])
    z = np.array([[-1.0], [1], [-1], [1]])
    outcome = 2 * x[:, 0] + z[:, 0] + np.array([1, -1, -1, 1])
    assert shares_of(outcome, {"x": x, "z": z}) == pytest.approx({"x": 4 / 6, "z": 1 / 6})


def test_of_an_outcome_that_never_varies_no_share_is_explained():
    x = np.array([[-1.0], [-1], [1], [2]])
    assert np.isnan(shares_of(np.ones(4), {"x": x})["x"])


def test_groups_that_hold_the_same_share_it():
    x = np.array([[-1.0], [-1], [1], [2]])
    outcome = np.array([0.0, 1, 2, 2])
    (alone,) = shares_of(outcome, {"x": x}).values()
    assert shares_of(outcome, {"x": x, "z": 2 * x}) == pytest.approx(
        {"x": alone / 2, "z": alone / 2}
    )


@pytest.mark.parametrize("same", [0.0, 0.1, 1e7 / 3])
def test_a_column_that_never_varies_explains_nothing(same):
    x, alike = np.array([[-1.0], [-1], [1], [2]]), np.full((4, 1), same)
    assert shares_of(np.array([0.0, 1, 2, 2]), {"x": x, "alike": alike})["alike"] == 0


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_no_share_is_a_matter_of_units(unit):
    x, z = np.array([[-1.0], [-1], [1], [1]]), np.array([[-1.5], [0.5], [-0.5], [1.5]])
    shares = shares_of(unit * np.array([0.0, 1, 2, 5]), {"x": unit * x, "z": z / unit})
    assert shares == pytest.approx({"x": 6.1 / 14, "z": 6.9 / 14})


@pytest.mark.parametrize("effects", [(), (np.arange(7) % 2,)], ids=["none", "two groups"])
def test_what_chance_explains_is_the_mean_over_all_orders_of_the_outcome(effects):
    rng = np.random.default_rng(3)
    groups = {"x": rng.normal(size=(7, 1)), "z": rng.normal(size=(7, 2))}
    found = chance_shares(groups, effects)
    left = 7 - (2 if effects else 1)
    assert found == pytest.approx({"x": 1 / left, "z": 2 / left})
    if not effects:
        outcome = rng.normal(size=7)
        every = [
            shapley_shares(outcome[list(order)], groups, (), np.ones((1, 7)))
            for order in itertools.permutations(range(7))
        ]
        for name in groups:
            assert np.mean([share[name] for share in every]) == pytest.approx(found[name])


def test_by_chance_too_groups_that_hold_the_same_share_it():
    x = np.array([[-1.0], [-1], [1], [2]])
    assert chance_shares({"x": x, "z": 2 * x}, ()) == pytest.approx({"x": 1 / 6, "z": 1 / 6})
    assert chance_shares({"x": x, "z": np.ones((4, 1))}, ()) == pytest.approx({"x": 1 / 3, "z": 0})


def test_a_draw_is_the_table_that_it_stands_for():
    rng = np.random.default_rng(0)
    x, z, outcome = rng.normal(size=(9, 2)), rng.normal(size=(9, 1)), rng.normal(size=9)
    weights = np.array([0.0, 2, 1, 1, 1, 3, 0, 1, 0])
    drawn = shapley_shares(outcome, {"x": x, "z": z}, (), weights[np.newaxis])
    rows = np.repeat(np.arange(9), weights.astype(int))
    whole = shares_of(outcome[rows], {"x": x[rows], "z": z[rows]})
    assert {name: share for name, (share,) in drawn.items()} == pytest.approx(whole)
