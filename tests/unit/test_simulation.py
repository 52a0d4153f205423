"""Simulated tables: their fast estimates are those of the study's own functions."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from bias_transfer.analysis import simulation, wild_bootstrap
from bias_transfer.analysis.clustered import clustered, two_way
from bias_transfer.analysis.regression import Specification, regress
from bias_transfer.analysis.simulation import (
    CR1,
    CR3,
    ESTIMATORS,
    HC3_MEANS,
    HC3_ROWS,
    TWO_WAY,
    WILD,
    Design,
    Tables,
    draw,
    estimates,
    performance,
    wild_p_values,
)

DESIGNS = {
    (design, slope): f"{design.models} models, {slope}"
    for design in (Design(1, 14, 3), Design(4, 14, 3))
    for slope in design.slopes
}
every_design = pytest.mark.parametrize(("design", "slope"), DESIGNS, ids=DESIGNS.values())
TABLES = 3


def drawn(design, slope) -> Tables:
    return draw(design, slope, 0.3, TABLES, np.random.default_rng(0))


def frame(tables: Tables, table: int) -> pd.DataFrame:
    """Return a table with one row a model x item x template."""
    items, models, templates = tables.deviations.shape[1:]
    item, model, template = np.indices((items, models, templates)).reshape(3, -1)
    columns = tables.columns[table, item, model]
    rows = {f"c{j}": columns[:, j] for j in range(columns.shape[1])}
    rows["c0"] = rows["c0"] + tables.deviations[table, item, model, template]
    labels = {"item": item, "model": model, "template": template.astype(str)}
    return pd.DataFrame(labels | rows | {"y": tables.outcome[table, item, model]})


def arrays(tables: Tables, table: int, slope: str):
    """Return the means over templates: outcome, columns, effects, items, models."""
    items, models = tables.outcome.shape[1:]
    item, model = np.indices((items, models)).reshape(2, -1)
    columns = tables.columns[table].reshape(items * models, -1)
    effects = (item, model) if slope == "within" else (model,)
    return tables.outcome[table].ravel(), columns, effects, item, model


def dummies(*labels) -> np.ndarray:
    levels = [(each[:, None] == np.unique(each)[1:]).astype(float) for each in labels]
    return np.column_stack([np.ones(len(labels[0])), *levels])


@every_design
def test_clustered_errors_are_those_of_the_study(design, slope):
    tables = drawn(design, slope)
    found = estimates(tables, slope)
    for table in range(TABLES):
        outcome, columns, effects, item, model = arrays(tables, table, slope)
        fit = clustered(outcome, columns, effects, item)
        for name, covariance in ((CR1, fit.cr1), (CR3, fit.cr3)):
            assert found[name].slope[table] == pytest.approx(fit.coefficients[0], rel=1e-9)
            assert found[name].error[table] == pytest.approx(covariance[0, 0] ** 0.5, rel=1e-9)
            assert found[name].degrees == design.items - 1
        if design.models > 1:
            wanted = two_way(outcome, columns, effects, item, model)[0, 0] ** 0.5
            assert found[TWO_WAY].error[table] == pytest.approx(wanted, rel=1e-9)
            assert found[TWO_WAY].degrees == design.models - 1
    assert (TWO_WAY in found) == (design.models > 1)


@pytest.mark.parametrize("models", [1, 4])
def test_hc3_of_all_rows_is_that_of_the_papers_regression(models):
    tables = drawn(Design(models, 14, 3), "between")
    found = estimates(tables, "between")[HC3_ROWS]
    specification = Specification("s", "y", ("c0", "c1"), "item", ("0", "1", "2"))
    for table in range(TABLES):
        fit = regress(frame(tables, table), specification)
        first = fit.coefficients.iloc[0]
        assert found.slope[table] == pytest.approx(first["coefficient"], rel=1e-9)
        assert found.error[table] == pytest.approx(first["standard_error_lsdv"], rel=1e-9)
        assert found.degrees == fit.residual_df


@every_design
def test_hc3_is_that_of_statsmodels(design, slope):
    tables = drawn(design, slope)
    found = estimates(tables, slope)
    for table in range(TABLES):
        outcome, columns, effects, *_ = arrays(tables, table, slope)
        rows = frame(tables, table)
        of_rows = [rows[name].to_numpy() for name in ("template", "model", "item")]
        wanted = {
            HC3_MEANS: sm.OLS(outcome, np.column_stack([columns, dummies(*effects)])),
            HC3_ROWS: sm.OLS(
                rows["y"].to_numpy(),
                np.column_stack(
                    [rows.filter(regex="^c"), dummies(*of_rows[: 3 if slope == "within" else 2])]
                ),
            ),
        }
        for name, ols in wanted.items():
            fit = ols.fit(cov_type="HC3")
            assert found[name].slope[table] == pytest.approx(fit.params[0], rel=1e-9)
            assert found[name].error[table] == pytest.approx(fit.bse[0], rel=1e-9)
            assert found[name].degrees == fit.df_resid


@every_design
@pytest.mark.parametrize("null", [0.0, 0.3])
def test_the_bootstrap_is_the_studys_with_the_same_weights(design, slope, null, monkeypatch):
    tables = drawn(design, slope)
    weights = np.random.default_rng(1).choice([-1.0, 1.0], size=(TABLES, design.items, 199))
    found = wild_p_values(tables, slope, null, weights)
    for table in range(TABLES):
        monkeypatch.setattr(wild_bootstrap, "_weights", lambda *_, t=table: (False, weights[t]))
        outcome, columns, effects, item, _ = arrays(tables, table, slope)
        wanted = wild_bootstrap.wild_bootstrap_p(
            outcome, columns, effects, item, 0, null=null, seed=0
        )
        assert found[table] == pytest.approx(wanted, rel=1e-12)


@every_design
def test_the_slope_is_the_declared_one_on_average(design, slope):
    many = draw(design, slope, 0.3, 4000, np.random.default_rng(2))
    for name, found in estimates(many, slope).items():
        error = found.slope.std() / 4000**0.5
        if name != HC3_ROWS:  # templates' deviations pull the slope on single rows towards zero
            assert found.slope.mean() == pytest.approx(0.3, abs=4 * error)


def test_deviations_leave_the_mean_over_templates_alone():
    tables = drawn(Design(4, 14, 3), "within")
    np.testing.assert_allclose(tables.deviations.mean(axis=-1), 0, atol=1e-15)


def test_performance_is_told_for_each_estimator_and_repeats_itself(monkeypatch):
    told = {"slope": 0.3, "tables": 40, "bootstrapped": 30, "draws": 39, "seed": 1}
    design = Design(3, 12, 2)
    found = performance(design, "within", **told)
    assert found["estimator"].tolist() == list(ESTIMATORS)
    assert found["tables"].tolist() == [40] * 5 + [30]
    pd.testing.assert_frame_equal(found, performance(design, "within", **told))
    shares = found[["coverage", "type_one_error", "power"]].to_numpy()
    assert ((shares >= 0) & (shares <= 1)).all()
    wanted = np.sqrt(shares[:, 0] * (1 - shares[:, 0]) / found["tables"])
    np.testing.assert_allclose(found["coverage_monte_carlo_error"], wanted)
    # In parts that fit into memory there are as many tables.
    monkeypatch.setattr(simulation, "_AT_ONCE", 10 * 3 * 12 * 2)
    in_parts = performance(design, "within", **told)
    assert in_parts["tables"].tolist() == [40] * 5 + [30]


def test_the_default_covers_and_hc3_of_repeated_rows_does_not():
    found = performance(
        Design(10, 28, 5), "between", slope=0.2, tables=400, bootstrapped=100, draws=199, seed=1
    ).set_index("estimator")
    assert found.loc[CR3, "coverage"] == pytest.approx(0.95, abs=0.04)
    assert found.loc[WILD, "coverage"] == pytest.approx(0.95, abs=0.08)
    assert found.loc[HC3_ROWS, "coverage"] < 0.5
