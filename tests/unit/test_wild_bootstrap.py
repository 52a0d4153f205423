"""The wild cluster bootstrap, checked against brute force and pyfixest."""

import itertools

import numpy as np
import pytest

from bias_transfer.analysis.clustered import clustered
from bias_transfer.analysis.wild_bootstrap import wild_bootstrap_p
from bias_transfer.errors import StudyError
from tests.unit.panels import panel

PANEL = panel()
PAIR = PANEL.item * 10 + PANEL.model
EFFECTS = {"none": (), "model": (PANEL.model,), "item, model": (PANEL.item, PANEL.model)}

# Made with pyfixest 0.60.0 and wildboottest 0.3.2, effects as dummies:
#   feols("y ~ x + z + C(model) + C(item)", d, vcov={"CRV1": cluster}).wildboottest(
#       param="x", reps=999999, seed=7, weights_type=weights)
# With 12 items it takes each of the 4,096 signs; the sample itself, whose t* equals t but for
# rounding, counts there or not: up to 2 / 4,096.
PYFIXEST = {
    ("none", "item", 0): 0.1220703125,
    ("none", "item", 1): 0.080078125,
    ("model", "item", 0): 0.072265625,
    ("model", "item", 1): 0.0009765625,
    ("item, model", "item", 0): 0.00732421875,
    ("item, model", "item", 1): 0.0009765625,
    # Webb's weights, 5 clusters
    ("none", "model", 0): 0.20227820227820228,
    ("none", "model", 1): 0.6614216614216614,
    ("model", "model", 0): 0.209006209006209,
    ("model", "model", 1): 0.02331202331202331,
    ("item, model", "model", 0): 0.02072302072302072,
    ("item, model", "model", 1): 0.02243102243102243,
    # signs of 60 clusters
    ("none", "pair", 0): 0.023629023629023627,
    ("none", "pair", 1): 0.3875983875983876,
    ("model", "pair", 0): 0.009473009473009473,
    ("model", "pair", 1): 0.013283013283013283,
    ("item, model", "pair", 1): 0.008764008764008764,
}
CLUSTERS = {"item": PANEL.item, "model": PANEL.model, "pair": PAIR}


def p_value(tested, effects=(), cluster=PANEL.item, **options):
    known = {"seed": 1} | options
    return wild_bootstrap_p(PANEL.outcome, PANEL.columns, effects, cluster, tested, **known)


@pytest.mark.parametrize(("effects", "cluster", "tested"), PYFIXEST)
def test_p_is_that_of_pyfixest(effects, cluster, tested):
    wanted = PYFIXEST[effects, cluster, tested]
    draws = 100_000
    error = 2 / 4096 if cluster == "item" else 4 * np.sqrt(wanted * (1 - wanted) / draws)
    found = p_value(tested, EFFECTS[effects], CLUSTERS[cluster], draws=draws)
    assert found == pytest.approx(wanted, abs=error + 1e-12)


def share_of_whole_fits(outcome, columns, effects, cluster, null, weights):
    """Return the share of all samples of some weights that are as far from a null as the data.

    The first column is tested; every sample is made and fitted whole.
    """
    clusters = cluster.max() + 1
    dummies = [(e[:, None] == np.unique(e)[1:]).astype(float) for e in effects]
    others = np.column_stack([columns[:, 1:], np.ones(len(cluster)), *dummies])
    x = columns[:, 0]
    shifted = outcome - null * x
    kept = others @ np.linalg.lstsq(others, shifted)[0]
    beside = x - others @ np.linalg.lstsq(others, x)[0]

    def t_statistics(samples):
        design = np.column_stack([x, others])
        slopes = np.linalg.lstsq(design, samples)[0]
        scores = beside[:, None] * (samples - design @ slopes)
        totals = np.stack([scores[cluster == g].sum(axis=0) for g in range(clusters)])
        return slopes[0] * (beside @ beside) / np.sqrt((totals**2).sum(axis=0))

    every = np.array(list(itertools.product(weights, repeat=clusters))).T
    samples = kept[:, None] + (shifted - kept)[:, None] * every[cluster]
    data = abs(t_statistics(shifted[:, None])[0])
    return np.mean(np.abs(t_statistics(samples)) >= data * (1 - 1e-9))


WITH_PRODUCT = np.column_stack([PANEL.columns, PANEL.columns.prod(axis=1)])


@pytest.mark.parametrize("null", [0.0, 0.3])
@pytest.mark.parametrize("effects", [(), (PANEL.item,)], ids=["none", "item"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_signs_are_the_whole_fits_of_all_samples(effects, null, count):
    few = (PANEL.item + PANEL.model) % 12
    columns = WITH_PRODUCT[:, :count]
    wanted = share_of_whole_fits(PANEL.outcome, columns, effects, few, null, [-1.0, 1.0])
    assert wild_bootstrap_p(PANEL.outcome, columns, effects, few, 0, null=null, seed=1) == wanted


@pytest.mark.parametrize("null", [0.0, 0.1, 0.2, 0.4])
def test_webbs_six_weights_are_the_whole_fits_of_their_samples(null):
    # Of two clusters there are 36 samples, so that one weight shows; Webb (2014), eq. 5.
    few, weights = PANEL.item % 2, [s * w**0.5 for s in (-1, 1) for w in (1 / 2, 1, 3 / 2)]
    wanted = share_of_whole_fits(PANEL.outcome, PANEL.columns, (), few, null, weights)
    found = p_value(0, cluster=few, null=null, draws=50_000)
    assert found == pytest.approx(wanted, abs=4 * (wanted * (1 - wanted) / 50_000) ** 0.5 + 1e-4)


@pytest.mark.parametrize("unit", [1e-6, 1, 1e6])
def test_of_a_null_that_is_far_away_only_the_data_are_as_extreme(unit):
    columns = PANEL.columns / unit
    found = wild_bootstrap_p(
        PANEL.outcome, columns, (), PANEL.item, 0, null=1e9 * unit, draws=4096, seed=1
    )
    assert found == 2 / 4096


def test_at_the_estimate_nothing_is_less_extreme():
    estimate = clustered(PANEL.outcome, PANEL.columns, (), PANEL.item).coefficients[0]
    assert p_value(0, null=estimate + 1e-9) == 1


def test_webb_weights_under_twelve_clusters_and_signs_above():
    # Of 4 clusters signs have 16 samples, whose least p is 2 / 16; Webb's have 1,296.
    few = PANEL.item % 4
    outcome = 5 * PANEL.columns[:, 0] + 0.1 * PANEL.outcome
    assert wild_bootstrap_p(outcome, PANEL.columns, (), few, 0, seed=1) < 0.1
    # Each of 2^12 signs, whatever the seed, where they are at most the draws; else drawn.
    assert p_value(0, seed=1) == p_value(0, seed=2)
    assert p_value(0, seed=1) * 4096 % 2 == 0
    assert p_value(0, seed=1, draws=4096) == p_value(0, seed=2, draws=4096)
    assert p_value(0, seed=1, draws=4095) != p_value(0, seed=2, draws=4095)


def test_equal_seeds_give_equal_p():
    assert p_value(0, cluster=PAIR, seed=3) == p_value(0, cluster=PAIR, seed=3)


def test_p_is_never_zero():
    outcome = 100 * PANEL.columns[:, 0] + PANEL.outcome
    assert wild_bootstrap_p(outcome, PANEL.columns, (), PAIR, 0, draws=99, seed=1) == 1 / 100


def test_of_an_exact_fit_nothing_can_be_said():
    outcome = PANEL.columns[:, 0] + PANEL.model
    arguments = (outcome, PANEL.columns, (PANEL.model,), PANEL.item, 0)
    assert np.isnan(wild_bootstrap_p(*arguments, seed=1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"draws": 0}, "0 draws"),
        ({"tested": 2}, "there is no column 2"),
        ({"cluster": np.zeros(103, dtype=int)}, "all rows are of one cluster"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, said):
    with pytest.raises(StudyError, match=said):
        p_value(**{"tested": 0} | change)
