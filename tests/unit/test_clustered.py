"""Errors clustered by item and two ways, checked against R, pyfixest and statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm

from bias_transfer.analysis.clustered import clustered, two_way, two_way_jackknife
from bias_transfer.analysis.within import fixed_effects
from bias_transfer.errors import StudyError
from tests.unit.panels import panel

PANEL = panel()
EFFECTS = {"none": (), "model": (PANEL.model,), "item, model": (PANEL.item, PANEL.model)}
every_effect = pytest.mark.parametrize("effects", EFFECTS)
PAIR = PANEL.item * 10 + PANEL.model

# The four numbers of a covariance matrix of x and z. Made with R 4.2.2, sandwich 3.0.2, of
#   d: the panel; l <- lm(y ~ x + z, d), with + model, with + item + model (factors)
#   vcovCL(l, cluster = ~ item, type = "HC1")
# The last counts the 12 nested effects of items in K, 18 for 7 of 103 rows. pyfixest 0.60.0,
# feols("y ~ x + z | item + model", d, vcov={"CRV1": "item"}), has 0.014401293516722 for x as here
# with PYTHONHASHSEED=2; with 0, 1 or 3 it takes the effects for each other, and K for 3.
R_CR1 = {
    "none": (0.0181724884866604, -0.00112277600143955, 0.00248165367948649),
    "model": (0.01721521786292, -0.00124762584216329, 0.00190879109820525),
    "item, model": tuple(
        85 / 96 * v for v in (0.0162649903247686, 0.00211342191434334, 0.00166924621663417)
    ),
}
# vcovCR(l, cluster = item, type = "CR3") of clubSandwich 0.5.8, without items' effects; with them,
# where clubSandwich ends in an error, and the same digits without them, of pyfixest 0.60.0:
#   feols("y ~ x + z | item + model", d, vcov={"CRV3": "item"}, ssc=ssc(k_adj=False, G_adj=False))
# Neither multiplies by (G - 1) / G.
R_CR3 = {
    "none": (0.0212500464779174, -0.00149164732961707, 0.00282119489869159),
    "model": (0.0196157988718511, -0.00162626338167311, 0.00239457980094668),
    "item, model": (0.0150195877392914, 0.0021656089161019, 0.00163546934616223),
}
# feols(..., vcov={"CRV1": "item+model"}, ssc=ssc(G_df="conventional")) of pyfixest 0.60.0; the
# first also of sandwich: vcovCL(l, cluster = ~ item + model, type = "HC1", multi0 = FALSE).
PYFIXEST_TWO_WAY = {
    "none": (0.0357780907300781, 0.00415835684897638, 0.0167110634690568),
    "model": (0.0353734046074146, 0.00266141186294713, -0.00335556464931541),
    "item, model": (0.015226188363588, -0.00118050973274944, -0.00313403324802711),
}
COEFFICIENTS = {
    "none": (0.230960573414624, -0.0951613060485077),
    "model": (0.26511540311723, -0.220128272881405),
    "item, model": (0.430959908589423, -0.211050785658068),
}


def matrix(three: tuple[float, ...]) -> np.ndarray:
    """Return the symmetric matrix of a variance, a covariance and a variance."""
    return np.array(three)[[[0, 1], [1, 2]]]


def fitted(effects: str, cluster=PANEL.item):
    return clustered(PANEL.outcome, PANEL.columns, EFFECTS[effects], cluster)


def with_dummies(effects) -> np.ndarray:
    """Return the design with a dummy for each level of each effect but the first levels."""
    dummies = [(e[:, None] == np.unique(e)[1:]).astype(float) for e in effects]
    return np.column_stack([PANEL.columns, np.ones(len(PANEL.outcome)), *dummies])


@every_effect
def test_slopes_and_cr1_are_those_of_r(effects):
    fit = fitted(effects)
    np.testing.assert_allclose(fit.coefficients, COEFFICIENTS[effects], rtol=1e-12)
    np.testing.assert_allclose(fit.cr1, matrix(R_CR1[effects]), rtol=1e-8)


def test_nested_effects_cost_no_degree_of_freedom_as_in_pyfixest():
    assert fitted("item, model").cr1[0, 0] == pytest.approx(0.014401293516722135, rel=1e-8)


@pytest.mark.parametrize("effects", ["none", "model"])
@pytest.mark.parametrize("cluster", [PANEL.item, PAIR], ids=["item", "pair"])
def test_cr1_is_that_of_statsmodels_where_no_effect_is_nested(effects, cluster):
    ols = sm.OLS(PANEL.outcome, with_dummies(EFFECTS[effects]))
    with_cr1 = ols.fit(cov_type="cluster", cov_kwds={"groups": cluster})
    fit = fitted(effects, cluster)
    np.testing.assert_allclose(fit.cr1, with_cr1.cov_params()[:2, :2], rtol=1e-8)
    assert fit.parameters == ols.exog.shape[1]


@every_effect
def test_cr3_is_that_of_clubsandwich_and_pyfixest(effects):
    np.testing.assert_allclose(fitted(effects).cr3 * 12 / 11, matrix(R_CR3[effects]), rtol=1e-8)


@every_effect
@pytest.mark.parametrize("cluster", [PANEL.item, PANEL.model, PAIR], ids=["item", "model", "pair"])
def test_cr3_is_the_jackknife_of_whole_fits(effects, cluster):
    design = with_dummies(EFFECTS[effects])
    whole = np.linalg.lstsq(design, PANEL.outcome)[0][:2]
    changes = []
    for each in np.unique(cluster):
        kept = cluster != each
        changes.append(np.linalg.lstsq(design[kept], PANEL.outcome[kept])[0][:2] - whole)
    jackknife = (len(changes) - 1) / len(changes) * np.transpose(changes) @ changes
    np.testing.assert_allclose(fitted(effects, cluster).cr3, jackknife, rtol=1e-9, atol=1e-15)


@every_effect
def test_two_way_is_that_of_pyfixest_with_negative_eigenvalues_set_to_zero(effects):
    values, vectors = np.linalg.eigh(matrix(PYFIXEST_TWO_WAY[effects]))
    wanted = vectors @ np.diag(np.maximum(values, 0)) @ vectors.T
    found = two_way(PANEL.outcome, PANEL.columns, EFFECTS[effects], PANEL.item, PANEL.model)
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-11)
    assert (values.min() < 0) == (effects != "none")


@every_effect
def test_the_two_way_jackknife_asks_for_no_less_than_either_kind_of_cluster(effects):
    one, other, both = (
        np.diag(fitted(effects, cluster).cr3) for cluster in (PANEL.item, PANEL.model, PAIR)
    )
    found = two_way_jackknife(
        PANEL.outcome, PANEL.columns, EFFECTS[effects], PANEL.item, PANEL.model
    )
    np.testing.assert_allclose(found**2, np.max([one, other, one + other - both], 0), rtol=1e-12)


def test_what_is_counted():
    fit = fitted("item, model")
    assert (fit.clusters, fit.observations, fit.parameters) == (12, 103, 2 + 5)
    # Items are nested in items; of a constant alone one parameter is left.
    items = clustered(PANEL.outcome, PANEL.columns, (PANEL.item,), PANEL.item)
    assert items.parameters == 2 + 1
    assert not fit.exact


def test_r_squared_is_within_the_effects():
    plain = sm.OLS(PANEL.outcome, with_dummies(())).fit().rsquared
    assert fitted("none").r_squared == pytest.approx(plain, rel=1e-12)
    dummies = with_dummies(EFFECTS["item, model"])
    left = PANEL.outcome - dummies[:, 2:] @ np.linalg.lstsq(dummies[:, 2:], PANEL.outcome)[0]
    ssr = sm.OLS(PANEL.outcome, dummies).fit().ssr
    assert fitted("item, model").r_squared == pytest.approx(1 - ssr / (left @ left), rel=1e-12)


def test_labels_may_be_any_whole_numbers_in_any_order():
    shuffled = np.random.default_rng(0).permutation(len(PANEL.outcome))
    fit = clustered(
        PANEL.outcome[shuffled],
        PANEL.columns[shuffled],
        (PANEL.item[shuffled] * 1000, -PANEL.model[shuffled]),
        PANEL.item[shuffled] * -7,
    )
    np.testing.assert_allclose(fit.cr1, fitted("item, model").cr1, rtol=1e-10)
    np.testing.assert_allclose(fit.cr3, fitted("item, model").cr3, rtol=1e-10)


def test_the_effects_rank_is_that_of_their_dummies():
    one = np.array([0, 0, 1, 1, 2, 2])
    other = np.array([0, 1, 0, 1, 2, 3])  # in two parts that no level joins
    assert fixed_effects((one, other), 6).rank == 3 + 4 - 2
    assert fixed_effects((one, one), 6).rank == 3
    assert fixed_effects((one, np.arange(6)), 6).rank == 6
    assert fixed_effects((), 6).rank == 1


@every_effect
def test_an_exact_fit_has_slopes_and_no_errors(effects):
    outcome = PANEL.columns @ [2.0, -1.0] + PANEL.model
    fit = clustered(outcome, PANEL.columns, (PANEL.item, PANEL.model), PANEL.item)
    np.testing.assert_allclose(fit.coefficients, [2, -1], rtol=1e-12)
    assert fit.exact and fit.r_squared == 1
    covariance = two_way(outcome, PANEL.columns, (PANEL.model,), PANEL.item, PANEL.model)
    assert np.isnan([fit.cr1, fit.cr3, covariance]).all()
    arguments = (outcome, PANEL.columns, (PANEL.model,), PANEL.item, PANEL.model)
    assert np.isnan(two_way_jackknife(*arguments)).all()


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_neither_what_is_exact_nor_r_squared_is_a_matter_of_the_outcomes_unit(unit):
    fit = clustered(unit * PANEL.outcome, PANEL.columns, (PANEL.model,), PANEL.item)
    assert not fit.exact
    assert fit.r_squared == pytest.approx(fitted("model").r_squared, rel=1e-12)
    on_a_line = unit * (PANEL.columns @ [2.0, -1.0])
    assert clustered(on_a_line, PANEL.columns, (PANEL.model,), PANEL.item).exact


def test_of_an_outcome_that_never_varies_nothing_is_explained():
    fit = clustered(np.full(103, 0.1), PANEL.columns, (PANEL.model,), PANEL.item)
    assert fit.exact and np.isnan(fit.r_squared) and np.isnan(fit.cr3).all()
    np.testing.assert_array_equal(fit.coefficients, 0)


def test_a_model_of_one_item_goes_with_that_item():
    only = (PANEL.item == 3) & (PANEL.model == 2)
    kept = (PANEL.model != 2) | only
    outcome, columns, item, model = (
        each[kept] for each in (PANEL.outcome, PANEL.columns, PANEL.item, PANEL.model)
    )
    fit = clustered(outcome, columns, (model,), item)
    changes = []
    for each in np.unique(item):
        rest = item != each
        without = clustered(outcome[rest], columns[rest], (model[rest],), item[rest])
        changes.append(without.coefficients - fit.coefficients)
    np.testing.assert_allclose(fit.cr3, 11 / 12 * np.transpose(changes) @ changes, rtol=1e-9)


def test_a_row_alone_in_its_effect_moves_nothing():
    alone = np.append(PANEL.model, 9)
    item = np.append(PANEL.item, 1)
    columns = np.vstack([PANEL.columns, [5.0, 5.0]])
    fit = clustered(np.append(PANEL.outcome, 100.0), columns, (alone,), item)
    np.testing.assert_allclose(fit.coefficients, COEFFICIENTS["model"], rtol=1e-10)
    np.testing.assert_allclose(fit.cr3, fitted("model").cr3, rtol=1e-9)


def test_where_one_cluster_decides_a_slope_there_is_no_jackknife():
    moved = (PANEL.item == 4) * PANEL.columns[:, 0]
    fit = clustered(PANEL.outcome, moved[:, None], (PANEL.item, PANEL.model), PANEL.item)
    assert np.isfinite(fit.cr1).all() and np.isnan(fit.cr3).all()


@pytest.mark.parametrize("unit", [1e-6, 1, 1e6])
def test_where_one_cluster_decides_one_slope_the_other_has_its_jackknife(unit):
    x, z = PANEL.columns.T
    own = unit * (PANEL.item == 4) * z
    fit = clustered(PANEL.outcome, np.column_stack([x, own]), (PANEL.model,), PANEL.item)
    np.testing.assert_array_equal(np.isnan(fit.cr3), [[False, True], [True, True]])
    dummies = (PANEL.model[:, None] == np.unique(PANEL.model)).astype(float)
    design = np.column_stack([x, own, dummies])
    slopes = [
        np.linalg.lstsq(design[kept], PANEL.outcome[kept])[0][0]
        for kept in (PANEL.item != each for each in np.unique(PANEL.item))
    ]
    changes = np.array(slopes) - fit.coefficients[0]
    assert fit.cr3[0, 0] == pytest.approx((len(changes) - 1) / len(changes) * changes @ changes)


def test_where_one_cluster_tells_two_slopes_apart_neither_has_a_jackknife():
    x, z = PANEL.columns.T
    columns = np.column_stack([x, x + (PANEL.item == 4) * z])
    assert np.isnan(clustered(PANEL.outcome, columns, (PANEL.model,), PANEL.item).cr3).all()


def test_columns_of_any_size_give_the_same_t():
    scaled = PANEL.columns * [1e6, 1e-6] + [1e6, 0]
    fit = clustered(PANEL.outcome, scaled, (PANEL.model,), PANEL.item)
    wanted = fitted("model")
    for found, known in ((fit.cr1, wanted.cr1), (fit.cr3, wanted.cr3)):
        np.testing.assert_allclose(
            fit.coefficients / np.sqrt(np.diag(found)),
            wanted.coefficients / np.sqrt(np.diag(known)),
            rtol=1e-7,
        )


X, Z = PANEL.columns.T
REFUSED = {
    "one cluster": (PANEL.columns, (), np.zeros(103, dtype=int), "all rows are of one cluster"),
    "clusters of other rows": (PANEL.columns, (), PANEL.item[1:], "102 rows have a cluster"),
    "effects of other rows": (PANEL.columns, (PANEL.item[1:],), PANEL.item, "one row for each of"),
    "no column": (PANEL.columns[:, :0], (), PANEL.item, "no column to fit on"),
    "a gap": (np.column_stack([X, np.where(X > 1, np.nan, Z)]), (), PANEL.item, "missing or inf"),
    "a column of zeros": (np.column_stack([0 * X, Z]), (), PANEL.item, "column 0 never varies"),
    "a column of models": (
        np.column_stack([X, PANEL.model]),
        (PANEL.item, PANEL.model),
        PANEL.item,
        "column 1 never varies within the fixed effects",
    ),
    "a column of others": (np.column_stack([X, Z, X - Z]), (), PANEL.item, "column 2 is collinear"),
    "a column twice": (np.column_stack([X, X]), (PANEL.item,), PANEL.item, "column 1 is collinear"),
    "an effect a row": (PANEL.columns, (np.arange(103),), PANEL.item, "103 rows are too few"),
    "as many numbers as rows": (
        PANEL.columns,
        (np.minimum(np.arange(103), 100),),
        PANEL.item,
        "103 rows are too few for 2 columns and fixed effects of rank 101",
    ),
}


@pytest.mark.parametrize(("columns", "effects", "cluster", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_fitted_is_refused(columns, effects, cluster, said):
    with pytest.raises(StudyError, match=said):
        clustered(PANEL.outcome, columns, effects, cluster)


def test_a_missing_outcome_is_refused():
    outcome = np.where(PANEL.item == 3, np.nan, PANEL.outcome)
    with pytest.raises(StudyError, match="a number is missing or infinite"):
        clustered(outcome, PANEL.columns, (), PANEL.item)


# How many clusters a slope rests on


@pytest.mark.parametrize(("moved", "clusters"), [(1, 28), (2, 28), (6, 28), (14, 28), (3, 8)])
def test_of_clusters_of_which_some_are_moved_alike_the_effective_number_is_known(moved, clusters):
    # Less the mean, k of G ones are 1 - k/G each, and the zeros -k/G.
    column = (np.arange(clusters) < moved).astype(float)[:, np.newaxis]
    outcome = np.random.default_rng(1).normal(size=clusters)
    found = clustered(outcome, column, (), np.arange(clusters))
    one, other = (1 - moved / clusters) ** 2, (moved / clusters) ** 2
    squares = moved * one**2 + (clusters - moved) * other**2
    by_hand = (moved * one + (clusters - moved) * other) ** 2 / squares
    assert found.effective == pytest.approx([by_hand])


@every_effect
def test_the_effective_number_is_of_what_all_else_leaves_of_a_column(effects):
    dummies = [np.eye(int(each.max()) + 1)[each] for each in EFFECTS[effects]]
    constant = np.ones((len(PANEL.outcome), 1))
    for place, effective in enumerate(fitted(effects).effective):
        others = np.hstack([np.delete(PANEL.columns, place, axis=1), constant, *dummies])
        own = PANEL.columns[:, place]
        left = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
        shares = np.bincount(PANEL.item, left**2) / (left @ left)
        assert effective == pytest.approx(1 / (shares @ shares))
        assert 1 <= effective <= len(shares)
