"""What is tested about each regression column, against statsmodels and scipy."""

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from bias_transfer.analysis.diagnostics import DIAGNOSTIC_COLUMNS, diagnostics
from bias_transfer.analysis.tables import fit, regression_table
from tests.unit import paper_grid
from tests.unit.paper_grid import BIOS

TABLE = regression_table(BIOS)


@pytest.fixture(scope="module")
def columns():
    return {each.name: each for each in fit(BIOS, TABLE, paper_grid.bios())}


@pytest.mark.parametrize("name", ["Pre-trained", "Noise added"])
def test_variance_inflation_is_that_of_each_term_on_the_others(columns, name):
    rows = columns[name].rows
    design = rows[["pronoun_ranking", "prevalence_she"]].assign(
        **{f"template[{t}]": (rows["template"] == t) * 1.0 for t in BIOS.templates[1:]}
    )
    table = diagnostics(columns[name])
    found = table[table["statistic"] == "variance_inflation_factor"].set_index("term")["value"]
    assert list(found.index) == list(design.columns)
    for term in design:
        others = sm.add_constant(design.drop(columns=term))
        r_squared = sm.OLS(design[term], others).fit().rsquared
        assert found[term] == pytest.approx(1 / (1 - r_squared), rel=1e-8)


def test_breusch_pagan_and_shapiro_wilk_are_one_row_each(columns):
    column = columns["Noise added"]
    table = diagnostics(column).set_index("statistic")
    equal, normal = table.loc["breusch_pagan"], table.loc["shapiro_wilk"]
    assert equal["value"] == column.result.breusch_pagan_statistic
    assert equal["p_value"] == column.result.breusch_pagan_p_value
    means = column.rows.groupby("occupation")["log_tpr_ratio"].mean()
    assert len(means) == 28
    expected = stats.shapiro(means)
    assert (normal["value"], normal["p_value"]) == pytest.approx(tuple(expected), rel=1e-6)
    assert (table["reason"] == "").all()


def test_shapiro_wilk_is_of_means_though_some_items_have_fewer_rows(columns):
    column = columns["Noise added"]
    rows = column.rows.iloc[40:]
    assert rows.groupby("occupation").size().nunique() > 1
    table = diagnostics(dataclasses.replace(column, rows=rows)).set_index("statistic")
    expected = stats.shapiro(rows.groupby("occupation")["log_tpr_ratio"].mean())
    assert table.loc["shapiro_wilk", "value"] == pytest.approx(expected.statistic, rel=1e-6)


def test_the_columns_are_fixed_and_name_the_regression(columns):
    table = diagnostics(columns["Random"])
    assert table.columns.tolist() == list(DIAGNOSTIC_COLUMNS)
    heads = table[["table", "task", "number", "column"]].drop_duplicates().to_dict("records")
    assert heads == [{"table": "regressions-bios", "task": "bios", "number": 2, "column": "Random"}]


def test_without_a_fit_every_statistic_is_missing_with_the_reason(columns):
    column = dataclasses.replace(columns["Pre-trained"], result="no such model")
    table = diagnostics(column)
    fitted = diagnostics(columns["Pre-trained"])
    assert table[["statistic", "term"]].equals(fitted[["statistic", "term"]])
    assert table[["value", "p_value"]].isna().all(axis=None)
    assert (table["reason"] == "no such model").all()


def test_an_outcome_that_never_varies_has_neither_statistic_and_says_so():
    rows = paper_grid.bios().assign(log_tpr_ratio=0.5)
    table = diagnostics(next(iter(fit(BIOS, TABLE, rows)))).set_index("statistic")
    for statistic, reason in (
        ("breusch_pagan", "the squared residuals do not vary"),
        ("shapiro_wilk", "fewer than 3 items, or the same value for all"),
    ):
        assert np.isnan(table.loc[statistic, "value"])
        assert table.loc[statistic, "reason"] == reason
